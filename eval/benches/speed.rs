//! How much of the speed of the stages is left of a whole evaluation: `cargo bench -p eval`.
//!
//! The denominator is what the served stages reach alone on the same cores and the same data: bytes and texts in memory,
//! nothing read, counted or written. The numerator is the program `ward-eval` as a user runs it, from start to report.
//! Both alternate in one run; the medians and their ratio are printed. Without arguments the data are the examples,
//! repeated; `cargo bench -p eval -- age MANIFEST DIR` and `-- grooming JSONL` take one's own.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)] // A bench is a test: it stops at the first thing that is wrong.

#[path = "speed/alone.rs"]
mod alone;
#[path = "speed/data.rs"]
mod data;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Times that each side runs. Odd, so that the median is one of them.
const ROUNDS: usize = 5;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let folder = tempfile::tempdir().unwrap();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match given.as_slice() {
        [] => {
            photos(&data::photos(folder.path()), folder.path());
            chats(&data::chats(folder.path()), folder.path());
        }
        ["age", manifest, images] => {
            photos(&data::PhotoSet { manifest: manifest.into(), images: images.into() }, folder.path());
        }
        ["grooming", file] => chats(Path::new(file), folder.path()),
        _ => panic!("give nothing, `age MANIFEST DIR`, or `grooming JSONL`"),
    }
}

fn photos(set: &data::PhotoSet, out: &Path) {
    let bytes = set.bytes();
    let arguments = ["--manifest", "--images", "--out"].map(OsStr::new).into_iter();
    let values = [set.manifest.as_os_str(), set.images.as_os_str(), out.as_os_str()];
    let arguments: Vec<&OsStr> = arguments.zip(values).flat_map(|(name, value)| [name, value]).collect();
    compare("age", bytes.len(), || alone::photos(&bytes), || whole("age", &arguments));
}

fn chats(file: &Path, out: &Path) {
    let chats = data::read(file);
    let messages = chats.iter().map(Vec::len).sum();
    let arguments = ["--data".as_ref(), file.as_os_str(), "--out".as_ref(), out.as_os_str()];
    let arguments = [&arguments[..], &["--label", "0"].map(OsStr::new)].concat();
    compare("grooming", messages, || alone::chats(&chats), || whole("grooming", &arguments));
}

/// Runs both by turns and prints their medians.
fn compare(what: &str, items: usize, alone: impl Fn() -> Duration, whole: impl Fn() -> Duration) {
    let (mut stages, mut program): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| (alone(), whole())).unzip();
    let [stages, program] = [&mut stages, &mut program].map(|times| {
        times.sort_unstable();
        times[ROUNDS / 2].as_secs_f64()
    });
    let rate = |seconds: f64| items as f64 / seconds;
    println!(
        "{what}: {items} items; stages alone {:.0}/s, ward-eval {:.0}/s, ratio {:.3}",
        rate(stages),
        rate(program),
        stages / program
    );
}

/// The program from its start to its report. The robustness table is work of its own, and left out.
fn whole(command: &str, arguments: &[&OsStr]) -> Duration {
    let started = Instant::now();
    let ended = Command::new(env!("CARGO_BIN_EXE_ward-eval"))
        .arg(command)
        .args(arguments)
        .args(["--robustness", "0"])
        .current_dir(project())
        .stdout(Stdio::null())
        .status();
    assert!(ended.unwrap().success());
    started.elapsed()
}

/// Where the bundles are.
fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
