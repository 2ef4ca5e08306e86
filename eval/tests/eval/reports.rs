//! The program as a user runs it, with the bundles that ship, on data made here.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::json;

use crate::program::{assert_ran, project, report, run, samples};

/// Runs on the photos of `folder`, with a portrait among them.
fn age(folder: &Path, csv: &str, split: &str) -> Output {
    fs::copy(project().join("examples/astronaut.jpg"), folder.join("portrait.jpg")).unwrap();
    let (manifest, out) = (folder.join("photos.csv"), folder.join("out"));
    fs::write(&manifest, csv).unwrap();
    let paths =
        [("--manifest", manifest.as_os_str()), ("--images", folder.as_ref()), ("--out", out.as_ref())];
    let named = paths.into_iter().chain([("--split", split.as_ref())]);
    let arguments = named.flat_map(|(name, value)| [name.as_ref(), value]);
    run(&std::iter::once("age".as_ref()).chain(arguments).collect::<Vec<_>>())
}

#[test]
fn a_broken_photo_is_a_counted_row() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text.jpg"), "no image at all").unwrap();
    let csv = "file,age,sex,split\n\
               portrait.jpg,45,1,val\ntext.jpg,16,0,val\nmissing.jpg,20,0,val\nportrait.jpg,1,0,train\n";
    assert_ran(&age(folder.path(), csv, "val"));
    let (report, samples) = (report(folder.path()), samples(folder.path()));
    assert_eq!((&report["overall"]["n"], &report["overall"]["n_answered"]), (&json!(3), &json!(1)));
    let estimate = samples[0]["age_years"].as_f64().unwrap();
    assert!((report["overall"]["mae"].as_f64().unwrap() - (estimate - 45.0).abs()).abs() < 1e-4);
    assert_eq!(samples[1]["reasons"], json!(["IMAGE_FORMAT"]));
    assert_eq!(samples[2]["reasons"], json!(["FILE_UNREADABLE"]));
    // The one minor has no estimate: no rate is no rate, and not 0.
    assert_eq!(
        report["overall"]["minor_pass_rate"],
        json!({ "18": null, "21": null, "23": null, "25": null })
    );
    assert_eq!(report["overall"]["adult_refusal_rate"]["25"], json!(if estimate < 25.0 { 1.0 } else { 0.0 }));
}

#[test]
fn the_page_needs_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    assert_ran(&age(folder.path(), "file,age,split\nportrait.jpg,45,val\n", "val"));
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("<h1>Apparent age</h1>"));
    assert!(!page.contains("http") && !page.contains("<script"));
    let written = fs::read_dir(folder.path().join("out")).unwrap();
    let mut names: Vec<_> = written.map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["report.html", "report.json", "samples.jsonl"]);
}

#[test]
fn bad_data_is_one_sentence_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let run = age(folder.path(), "file,age,split\na.jpg,unknown,val\n", "val");
    assert_eq!(run.status.code(), Some(2));
    let message = String::from_utf8(run.stderr).unwrap();
    assert!(message.ends_with("photos.csv, line 2: `unknown` is not an age in years\n"), "{message}");
    assert_eq!(age(folder.path(), "file,age,split\na.jpg,20,val\n", "test").status.code(), Some(2));
}
