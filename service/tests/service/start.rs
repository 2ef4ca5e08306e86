//! The real program: what cannot start says so in one sentence with the mend, and exits with 1.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::server::repository;

fn ward(arguments: &[&str], runtime: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(arguments).current_dir(repository());
    if let Some(runtime) = runtime {
        command.env("ORT_DYLIB_PATH", runtime);
    }
    command.output().expect("the program")
}

/// The first line of what a program that failed said on standard error.
fn complaint(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    said.lines().next().expect("a sentence").to_owned()
}

#[test]
fn a_check_opens_everything_and_says_so() {
    let output = ward(&["serve", "--check"], None);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("models load"), "{said}");
    let logged = String::from_utf8_lossy(&output.stderr);
    let ready: Vec<&str> = logged.lines().filter(|line| line.contains("model ready")).collect();
    for name in ["ward-face", "ward-age", "ward-grooming"] {
        assert!(said.contains(name), "{name}: {said}");
        assert!(ready.iter().any(|line| line.contains(name)), "{name}: {logged}");
    }
}

#[test]
fn a_missing_runtime_is_one_sentence_with_the_mend() {
    let said = complaint(&ward(&["serve", "--check"], Some(Path::new("/nowhere/libonnxruntime.so"))));
    assert_eq!(
        said,
        "ward: ONNX Runtime was not found (looked for /nowhere/libonnxruntime.so): run `make setup`, or set \
         ORT_DYLIB_PATH to its shared library"
    );
}

#[test]
fn a_wrong_runtime_is_one_sentence_with_the_mend() {
    let wrong = repository().join("ward.toml");
    let said = complaint(&ward(&["serve", "--check"], Some(&wrong)));
    assert!(said.contains("is not a usable ONNX Runtime: run `make setup`"), "{said}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let said = complaint(&ward(&["serve", "--listen", &address], None));
    assert!(said.contains(&format!("cannot listen on {address}")), "{said}");
}

#[test]
fn a_mistake_in_the_configuration_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mine.toml");
    std::fs::write(&file, "[age]\nmax_face = 3\n").expect("written");
    let said = complaint(&ward(&["serve", "--check", "--config", &file.to_string_lossy()], None));
    assert!(said.contains("mine.toml") && said.contains("max_face"), "{said}");
}

#[test]
fn a_reader_who_leaves_early_is_no_failure() {
    let mut process = Command::new(env!("CARGO_BIN_EXE_ward"))
        .args(["models", "--json"])
        .current_dir(repository())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    drop(process.stdout.take());
    let output = process.wait_with_output().expect("an end");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn files_are_answered_in_process() {
    let models = String::from_utf8_lossy(&ward(&["models", "--json"], None).stdout).into_owned();
    assert_eq!(models.lines().count(), 3);
    let photos = ward(&["age", "--json", "examples/astronaut.jpg", "ward.toml"], None);
    assert_eq!(photos.status.code(), Some(1), "one of the two is no photo");
    let lines = String::from_utf8_lossy(&photos.stdout).into_owned();
    let rows: Vec<serde_json::Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows[0]["faces"].as_array().expect("faces").len(), 1);
    assert!(rows[1]["error"].as_str().expect("a refusal").contains("not a JPEG"));
    let chats = String::from_utf8_lossy(&ward(&["grooming", "--json", "examples/chat.jsonl"], None).stdout)
        .into_owned();
    let states: Vec<_> = chats
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON")["state"].clone())
        .collect();
    assert_eq!(states, ["ALERT", "NONE"]);
}
