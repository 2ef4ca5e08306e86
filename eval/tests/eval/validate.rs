//! `ward-eval validate` as a user runs it, on data made here.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::program::{project, ward_eval};

/// Validates data in `folder`; what was found comes from the file of JSON.
fn validate(folder: &Path, arguments: &[&OsStr]) -> (Output, Value) {
    let json = folder.join("found.json");
    let run = ward_eval().arg("validate").args(arguments).arg("--json").arg(&json).output().unwrap();
    (run, fs::read(json).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap()))
}

fn age(folder: &Path, csv: &str, rest: &[&str]) -> (Output, Value) {
    let manifest = folder.join("photos.csv");
    fs::write(&manifest, csv).unwrap();
    let mut arguments: Vec<&OsStr> = vec!["age".as_ref(), "--manifest".as_ref(), manifest.as_ref()];
    arguments.extend(["--images".as_ref(), folder.as_os_str()]);
    arguments.extend(rest.iter().map(OsStr::new));
    validate(folder, &arguments)
}

/// A portrait, a copy of it at half the size, a picture of something else, and a file that is no image.
fn photos(folder: &Path) {
    let portrait = project().join("examples/astronaut.jpg");
    fs::copy(&portrait, folder.join("portrait.jpg")).unwrap();
    let image = image::open(&portrait).unwrap();
    let half = image.resize(image.width() / 2, image.height() / 2, image::imageops::FilterType::Triangle);
    half.save(folder.join("half.jpg")).unwrap();
    image.rotate180().save(folder.join("turned.png")).unwrap();
    fs::write(folder.join("text.jpg"), "no image at all").unwrap();
}

fn lines_of(found: &Value, kind: &str) -> Vec<u64> {
    let problems = found["problems"].as_array().unwrap().iter();
    problems
        .filter(|problem| problem["kind"] == kind)
        .map(|problem| problem["line"].as_u64().unwrap())
        .collect()
}

#[test]
fn everything_wrong_with_photos_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    photos(folder.path());
    let csv = "file,age,split,subject\n\
               portrait.jpg,45,train,s1\n\
               half.jpg,41,val,s1\n\
               turned.png,300,val,s2\n\
               text.jpg,20,val,s3\n\
               missing.jpg,20,val,s4\n\
               ./portrait.jpg,45,train,s1\n\
               ,20,val,s5\n\
               a.jpg,20\n";
    let (run, found) = age(folder.path(), csv, &[]);
    assert_eq!(run.status.code(), Some(2));
    let expected = [
        ("subject_in_two_splits", vec![3]),
        ("near_duplicate_across_splits", vec![3]),
        ("duplicate_ages_differ", vec![2, 3]),
        ("impossible_age", vec![4]),
        ("unreadable_image", vec![5]),
        ("missing_file", vec![6]),
        ("file_twice", vec![7]),
        ("bad_row", vec![8, 9]),
    ];
    for (kind, lines) in &expected {
        assert_eq!(lines_of(&found, kind), *lines, "{kind}");
    }
    assert_eq!(found["by_kind"].as_object().unwrap().len(), expected.len());
    assert_eq!((&found["photos"], &found["errors"], &found["warnings"]), (&json!(8), &json!(8), &json!(2)));
    let output = String::from_utf8(run.stdout).unwrap();
    assert!(output.contains("photos.csv, line 4: `300` is not an age in years\n"), "{output}");
    assert!(output.contains("photos.csv, line 5: text.jpg: IMAGE_FORMAT\n"), "{output}");
    assert!(output.ends_with("verdict: bad data\n"), "{output}");
}

#[test]
fn warnings_alone_are_no_bad_data() {
    let folder = tempfile::tempdir().unwrap();
    photos(folder.path());
    let csv = "file,age,split\nportrait.jpg,45,val\nhalf.jpg,45,val\nturned.png,45,train\n";
    let (run, found) = age(folder.path(), csv, &[]);
    assert_eq!((run.status.code(), &found["by_kind"]), (Some(0), &json!({ "near_duplicate": 1 })));
    assert!(String::from_utf8_lossy(&run.stdout).ends_with("verdict: pass\n"));
    // Nothing is wrong in the other split, and nothing is in a third.
    let (run, found) = age(folder.path(), csv, &["--split", "train"]);
    assert_eq!((run.status.code(), &found["by_kind"]), (Some(0), &json!({})));
    let (run, found) = age(folder.path(), csv, &["--split", "test"]);
    assert_eq!((run.status.code(), &found["by_kind"]), (Some(2), &json!({ "no_rows": 1 })));
}

#[test]
fn a_photo_that_a_run_would_refuse_is_found() {
    let folder = tempfile::tempdir().unwrap();
    photos(folder.path());
    let config = folder.path().join("own.toml");
    // Of the portrait's 512 × 512 pixels the smaller copy has a quarter.
    fs::write(&config, "[age]\nmax_pixels = 100000\n").unwrap();
    let csv = "file,age\nportrait.jpg,45\nhalf.jpg,45\n";
    let (run, found) = age(folder.path(), csv, &["--config", config.to_str().unwrap()]);
    assert_eq!((run.status.code(), lines_of(&found, "unreadable_image")), (Some(2), vec![2]));
    let output = String::from_utf8(run.stdout).unwrap();
    assert!(output.contains("portrait.jpg: IMAGE_TOO_LARGE\n"), "{output}");
}

#[test]
fn a_manifest_without_a_column_is_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (run, found) = age(folder.path(), "file,years\na.jpg,20\n", &[]);
    let message = String::from_utf8(run.stderr).unwrap();
    assert_eq!((run.status.code(), found), (Some(2), Value::Null));
    assert!(message.ends_with("photos.csv: there is no column `age`\n"), "{message}");
}

fn chat(id: &str, split: &str, texts: [&str; 2]) -> Value {
    let messages = json!([{ "speaker": "A", "text": texts[0] }, { "speaker": "B", "text": texts[1] }]);
    json!({ "conversation_id": id, "source": "made", "split": split, "messages": messages })
}

#[test]
fn everything_wrong_with_conversations_is_found_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chats.jsonl");
    let mut rows = vec![
        chat("made/1/0", "train", ["is it raining?", "not any more"]).to_string(),
        chat("made/1/1", "val", ["then let us go", "in a minute"]).to_string(),
        chat("made/2/0", "val", ["Is it  raining?", "not any more"]).to_string(),
        "{\"conversation_id\":\"cut".to_owned(),
        String::new(),
        json!({ "conversation_id": "made/1/0", "source": "other", "split": "val", "messages": [] })
            .to_string(),
    ];
    let run = |rows: &[String], label: &str| {
        fs::write(&file, rows.join("\n")).unwrap();
        let arguments = ["grooming", "--label", label, "--data"].map(OsStr::new);
        validate(folder.path(), &[&arguments[..], &[file.as_os_str()]].concat())
    };
    let (ended, found) = run(&rows, "0");
    assert_eq!(ended.status.code(), Some(2));
    let expected = [
        ("original_in_two_splits", vec![2]),
        ("duplicate_across_splits", vec![3]),
        ("bad_row", vec![4]),
        ("empty_conversation", vec![6]),
        ("conversation_id_twice", vec![6]),
    ];
    for (kind, lines) in &expected {
        assert_eq!(lines_of(&found, kind), *lines, "{kind}");
    }
    assert_eq!((found["by_kind"].as_object().unwrap().len(), &found["conversations"]), (5, &json!(5)));
    // What is written is never shown.
    assert!(!String::from_utf8(ended.stdout).unwrap().contains("raining"));
    rows.truncate(1);
    let (ended, found) = run(&rows, "0");
    assert_eq!((ended.status.code(), &found["by_kind"]), (Some(0), &json!({})));
}

#[test]
fn a_missing_label_is_found_and_an_author_who_wrote_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("chats.jsonl"), chat("a", "val", ["hi", "hello"]).to_string()).unwrap();
    let data = path("chats.jsonl");
    let (run, found) = validate(folder.path(), &["grooming".as_ref(), "--data".as_ref(), data.as_os_str()]);
    assert_eq!((run.status.code(), &found["by_kind"]), (Some(2), &json!({ "bad_label": 1 })));

    let corpus = r#"<conversations><conversation id="c1">
        <message line="1"><author>a1</author><time>10:00</time><text>rain again</text></message>
        <message line="2"><author>a2</author><time>10:01</time><text>bring a coat</text></message>
        </conversation></conversations>"#;
    fs::write(path("corpus.xml"), corpus).unwrap();
    fs::write(path("truth.txt"), "a1\r\n\r\na8\r\na9\r\n").unwrap();
    let (data, truth) = (path("corpus.xml"), path("truth.txt"));
    let arguments = ["grooming", "--format", "pan12", "--data"].map(OsStr::new);
    let rest: [&OsStr; 3] = [data.as_ref(), "--truth".as_ref(), truth.as_ref()];
    let (run, found) = validate(folder.path(), &[&arguments[..], &rest[..]].concat());
    assert_eq!((run.status.code(), &found["by_kind"]), (Some(0), &json!({ "author_not_found": 2 })));
    assert!(String::from_utf8_lossy(&run.stdout).contains("truth.txt: author a8 is in no conversation\n"));
}
