//! Data as they come: Parquet, JSON lines, and the XML of PAN12, through the program as a user runs it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::program::{project, ward_eval};

/// Made up: the weather, and homework.
const CORPUS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<conversations>
  <conversation id="c1">
    <message line="1"><author>a1</author><time>03:20</time><text>rain &amp; wind today</text></message>
    <message line="2"><author>a2</author><time>03:21</time><text>it was sunny here</text></message>
    <message line="3"><author>a1</author><time>03:22</time><text/></message>
  </conversation>
  <conversation id="c2">
    <message line="1"><author>a3</author><time>10:00</time><text>is question 3 hard?</text></message>
    <message line="2"><author>a4</author><time>10:01</time><text>no, it is like question 2</text></message>
  </conversation>
</conversations>
"#;

fn data(name: &str) -> PathBuf {
    project().join("eval/tests/data").join(name)
}

/// Runs ward-eval with its output in `folder`, and reads its report.
fn eval(folder: &Path, arguments: &[&OsStr]) -> (Output, Value) {
    let out = folder.join("out");
    let run = ward_eval().args(arguments).arg("--out").arg(&out).output().unwrap();
    let report =
        fs::read(out.join("report.json")).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap());
    (run, report)
}

fn age(folder: &Path, manifest: &Path) -> Value {
    fs::copy(project().join("examples/astronaut.jpg"), folder.join("b.jpg")).unwrap();
    let arguments = ["age", "--manifest"].map(OsStr::new);
    let rest: [&OsStr; 2] = ["--images".as_ref(), folder.as_ref()];
    let (run, report) = eval(folder, &[&arguments[..], &[manifest.as_ref()], &rest[..]].concat());
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    report
}

#[test]
fn a_manifest_says_the_same_in_every_layout() {
    let folder = tempfile::tempdir().unwrap();
    let lines = r#"{"file":"a.jpg","age":17,"sex":1,"subject":"s1","split":"val","group_device":"phone"}
{"file":"b.jpg","age":40,"sex":0,"subject":"s2","split":"train","group_device":"phone"}
{"file":"c.jpg","age":9,"subject":"s1","split":"val","group_device":"tablet"}
"#;
    let manifest = folder.path().join("photos.jsonl");
    fs::write(&manifest, lines).unwrap();
    let (parquet, json) = (age(folder.path(), &data("photos.snappy.parquet")), age(folder.path(), &manifest));
    assert_eq!((&parquet["overall"]["n"], &parquet["overall"]["n_answered"]), (&json!(3), &json!(1)));
    for figures in ["overall", "by_age_band", "by_group"] {
        assert_eq!(parquet[figures], json[figures]);
    }
}

#[test]
fn conversations_are_read_from_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let file = data("chats.zstd.parquet");
    let arguments: [&OsStr; 5] =
        ["grooming".as_ref(), "--data".as_ref(), file.as_ref(), "--label".as_ref(), "0".as_ref()];
    let (run, report) = eval(folder.path(), &arguments);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!((&report["conversation"]["n_pos"], &report["conversation"]["n_neg"]), (&json!(1), &json!(2)));
}

fn pan12(folder: &Path, corpus: &str, rest: &[&str]) -> (Output, Value) {
    let (file, truth) = (folder.join("corpus.xml"), folder.join("truth.txt"));
    fs::write(&file, corpus).unwrap();
    fs::write(&truth, "a2\r\n\r\na9\r\n").unwrap();
    let mut arguments: Vec<&OsStr> = ["grooming", "--format", "pan12", "--data"].map(OsStr::new).to_vec();
    arguments.extend([file.as_os_str(), "--truth".as_ref(), truth.as_os_str()]);
    arguments.extend(rest.iter().map(OsStr::new));
    eval(folder, &arguments)
}

#[test]
fn the_authors_on_the_list_make_the_labels_of_pan12() {
    let folder = tempfile::tempdir().unwrap();
    let (run, report) = pan12(folder.path(), CORPUS, &[]);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!((&report["conversation"]["n_pos"], &report["conversation"]["n_neg"]), (&json!(1), &json!(1)));
    let samples = fs::read_to_string(folder.path().join("out/samples.jsonl")).unwrap();
    let ids: Vec<Value> = samples.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(
        ids.iter().map(|row| &row["conversation_id"]).collect::<Vec<_>>(),
        [&json!("c1"), &json!("c2")]
    );
    assert_eq!(ids.iter().map(|row| &row["label"]).collect::<Vec<_>>(), [&json!(1), &json!(0)]);
}

#[test]
fn a_corpus_that_is_cut_off_ends_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let (run, report) = pan12(folder.path(), &CORPUS[..CORPUS.len() - 20], &[]);
    let message = String::from_utf8_lossy(&run.stderr).into_owned();
    assert_eq!((run.status.code(), report), (Some(2), Value::Null));
    assert!(message.contains("corpus.xml, line 11: "), "{message}");
    // A corpus without splits has no conversation of one.
    let (run, _) = pan12(folder.path(), CORPUS, &["--split", "val"]);
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("PAN12 knows no splits"));
}
