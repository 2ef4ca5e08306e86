//! `ward-eval age` as a user runs it, with the bundles that ship, on photos made here of the one portrait.

use std::fs;
use std::path::Path;

use image::{RgbImage, imageops};
use serde_json::{Value, json};

use crate::program::{assert_ran, project, report, samples, ward_eval};

/// Runs on `csv`, which names photos of `folder`, and answers the report.
fn age(folder: &Path, csv: &str, rest: &[&str]) -> Value {
    let (manifest, out) = (folder.join("photos.csv"), folder.join("out"));
    fs::write(&manifest, csv).unwrap();
    let run = ward_eval()
        .arg("age")
        .args(["--manifest".as_ref(), manifest.as_os_str()])
        .args(["--images".as_ref(), folder.as_os_str()])
        .args(["--out".as_ref(), out.as_os_str()])
        .args(rest)
        .output()
        .unwrap();
    assert_ran(&run);
    report(folder)
}

/// A folder with the portrait, the portrait twice beside itself, and a file that is no photo.
fn photos() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let portrait = project().join("examples/astronaut.jpg");
    fs::copy(&portrait, folder.path().join("one.jpg")).unwrap();
    let one = image::open(portrait).unwrap().into_rgb8();
    let mut two = RgbImage::new(2 * one.width(), one.height());
    imageops::replace(&mut two, &one, 0, 0);
    imageops::replace(&mut two, &one, i64::from(one.width()), 0);
    two.save(folder.path().join("two.png")).unwrap();
    fs::write(folder.path().join("text.jpg"), "no image at all").unwrap();
    folder
}

const CSV: &str = "file,age,subject,device\none.jpg,45,a,phone\ntwo.png,45,a,tablet\ntext.jpg,16,b,phone\n";

#[test]
fn policies_decide_on_all_faces_as_a_check_does() {
    let folder = photos();
    let config = folder.path().join("own.toml");
    let lax = "minimum_age = 3\npass_if_over = 3\nfail_if_under = 0\nmax_minor_pass_probability = 1";
    fs::write(&config, format!("[age.policies.lax]\n{lax}\n")).unwrap();
    let report = age(
        folder.path(),
        CSV,
        &["--config", config.to_str().unwrap(), "--robustness", "0", "--group-by", "device"],
    );
    let samples = samples(folder.path());
    // Whoever looks older than three passes; with a second face of the same size nobody knows who is checked.
    assert_eq!(samples[0]["policies"]["lax"], "PASS");
    assert_eq!(samples[1]["policies"]["lax"], "REFER");
    assert_eq!((samples[2].get("policies"), &samples[2]["reasons"]), (None, &json!(["IMAGE_FORMAT"])));
    let policies = report["by_policy"].as_array().unwrap();
    assert_eq!(policies.len(), 5);
    assert_eq!(
        (&policies[0]["policy"], &policies[0]["n"], &policies[0]["n_refused"]),
        (&json!("lax"), &json!(2), &json!(1))
    );
    let adults = &policies[0]["by_age"][1];
    assert_eq!(
        (&adults["band"], &adults["n_pass"], &adults["n_refer"]),
        (&json!("3+"), &json!(1), &json!(1))
    );
    assert_eq!(policies[0]["refer_reasons"][0]["reason"], "MULTIPLE_FACES");
    assert_eq!(report["by_reason"][1]["reason"], "MULTIPLE_FACES");
    let named = report["provenance"]["policies"].as_array().unwrap();
    assert!(named[0]["name"] == "lax" && named[0]["sha256"].as_str().unwrap().len() == 64);
}

#[test]
fn a_photo_that_the_service_refuses_is_decided_on_by_no_policy() {
    let folder = photos();
    let config = folder.path().join("own.toml");
    // The portrait has 512 × 512 pixels, the other photo twice as many.
    fs::write(&config, "[age]\nmax_pixels = 300000\n").unwrap();
    let report = age(folder.path(), CSV, &["--config", config.to_str().unwrap(), "--robustness", "0"]);
    assert_eq!(samples(folder.path())[1]["reasons"], json!(["IMAGE_TOO_LARGE"]));
    let over_13 = &report["by_policy"][0];
    assert_eq!((&over_13["n"], &over_13["n_refused"]), (&json!(1), &json!(2)));
}

#[test]
fn a_photo_longer_than_a_message_is_refused_as_the_service_does() {
    let folder = photos();
    let config = folder.path().join("own.toml");
    // The portrait has 66,489 bytes, the file that is no photo 15.
    fs::write(&config, "[server]\nmax_message_bytes = 1000\n").unwrap();
    let report = age(folder.path(), CSV, &["--config", config.to_str().unwrap()]);
    let samples = samples(folder.path());
    let refused = (samples[0].get("policies"), &samples[0]["reasons"]);
    assert_eq!(refused, (None, &json!(["MESSAGE_TOO_LARGE"])));
    assert_eq!(samples[2]["reasons"], json!(["IMAGE_FORMAT"]));
    let over_13 = &report["by_policy"][0];
    assert_eq!((&over_13["n"], &over_13["n_refused"]), (&json!(0), &json!(3)));
    assert_eq!(report["robustness"], json!([]));
}

#[test]
fn a_wrong_folder_of_images_is_one_sentence_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("photos.csv");
    fs::write(&manifest, CSV).unwrap();
    let missing = folder.path().join("missing");
    let cases = [
        (missing.as_path(), "missing: there is no such folder of images\n"),
        (folder.path(), ": is --images the folder that they are relative to?\n"),
    ];
    for (images, said) in cases {
        let out = folder.path().join("out");
        let run = ward_eval()
            .args(["age".as_ref(), "--manifest".as_ref(), manifest.as_os_str(), "--images".as_ref()])
            .args([images.as_os_str(), "--out".as_ref(), out.as_os_str()])
            .output()
            .unwrap();
        let message = String::from_utf8(run.stderr).unwrap();
        assert_eq!(run.status.code(), Some(2), "{message}");
        assert!(message.starts_with("error: ") && message.ends_with(said), "{message}");
        assert!(!out.join("report.json").exists() && !out.join("samples.jsonl").exists());
    }
}

#[test]
fn a_sample_can_be_paired_and_sliced_and_holds_no_image() {
    let folder = photos();
    let report = age(folder.path(), CSV, &["--robustness", "0", "--group-by", "device"]);
    let samples = samples(folder.path());
    assert_eq!((&samples[0]["subject"], &samples[0]["groups"]), (&json!("a"), &json!({ "device": "phone" })));
    let over: Vec<f64> =
        ["13", "16", "18", "21", "25"].map(|age| samples[0]["over"][age].as_f64().unwrap()).into();
    assert!(over.is_sorted_by(|younger, older| younger >= older), "{over:?}");
    assert!((over[2] + samples[0]["p_minor"].as_f64().unwrap() - 1.0).abs() < 1e-6);
    // Two of the three photos show one person: what is drawn again is people.
    assert_eq!(
        (&report["overall"]["bootstrap_unit"], &report["overall"]["n_units"]),
        (&json!("subject"), &json!(2))
    );
    // Too few for any group: no figure, and not 0.
    let group = &report["by_group"][0];
    assert_eq!((&group["sufficient"], &group["mae"], &group["n"]), (&json!(false), &Value::Null, &json!(2)));
    assert_eq!(report["latency_ms"]["prepare"]["n"], 3);
    assert!(report["latency_ms"]["infer"]["p50"].as_f64().unwrap() > 0.0);
}

#[test]
fn perturbed_photos_go_through_the_same_stages() {
    let folder = photos();
    // The face alone: a small picture is soon perturbed.
    let whole = image::open(folder.path().join("one.jpg")).unwrap().into_rgb8();
    let face = imageops::crop_imm(&whole, 110, 10, 240, 240);
    face.to_image().save(folder.path().join("face.png")).unwrap();
    let rows: Vec<String> = (0..30).map(|place| format!("face.png,{}\n", 15 + 20 * (place % 2))).collect();
    // No photo may be larger than this one, but a tilted one is.
    let config = folder.path().join("own.toml");
    fs::write(&config, "[age]\nmax_pixels = 57600\n").unwrap();
    let rest = ["--robustness", "30", "--seed", "7", "--config", config.to_str().unwrap()];
    let report = age(folder.path(), &format!("file,age\n{}", rows.concat()), &rest);
    let changes = report["robustness"].as_array().unwrap();
    let names: Vec<&str> = changes.iter().map(|change| change["perturbation"].as_str().unwrap()).collect();
    let expected = [
        "blur",
        "dark",
        "jpeg_30",
        "rotation_plus_15",
        "rotation_minus_15",
        "half_size",
        "gray",
        "noise",
        "occlusion",
    ];
    assert_eq!(names, expected);
    // A clear portrait keeps its face in each. Fifteen minors are too few for a rate of theirs.
    assert!(
        changes.iter().all(|change| change["n_paired"] == 30 && change["failure_to_answer_change"] == 0.0)
    );
    assert!(
        changes.iter().all(|change| change["n_minors"] == 15 && change["minor_pass_rate_change"].is_null())
    );
    // The crop is of 96 pixels: half of a face of some 110 leaves it nearly as it was; without mouth and chin it is another.
    let change = |place: usize| changes[place]["mae_change"].as_f64().unwrap().abs();
    assert!(change(5) < 5.0 && change(8) > 0.0, "{} {}", change(5), change(8));
    assert_eq!(report["provenance"]["seed"], 7);
}
