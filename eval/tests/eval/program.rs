//! Runs `ward-eval` and reads what it leaves behind.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The folder in which the bundles and the examples are found.
pub(crate) fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The program, to be run where the bundles are.
pub(crate) fn ward_eval() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward-eval"));
    command.current_dir(project());
    command
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&OsStr]) -> Output {
    ward_eval().args(arguments).output().unwrap()
}

pub(crate) fn assert_ran(run: &Output) {
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

/// The report in `out` of `folder`.
pub(crate) fn report(folder: &Path) -> Value {
    serde_json::from_slice(&fs::read(folder.join("out/report.json")).unwrap()).unwrap()
}

/// The samples beside it.
pub(crate) fn samples(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("out/samples.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
