//! What the models reach without any server, on one thread: `cargo bench -p models`. Every ratio of `make bench` is
//! taken against this.
//!
//! `-- chat TEXTS [MODEL.onnx]` scores the lines of a file, by Ward's message model or by another one of the same tokens
//! (`models/training/grooming/minilm.py` writes the plain one). `-- cascade TEXTS` takes them from text to score, with the first stage and without. `-- photos DIR` judges photos that it draws into a folder.
//! Without arguments both run on what the repository has. Tables go to standard error, a line of JSON for each to
//! standard output.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)] // A bench is a test: it stops at the first thing that is wrong.

#[path = "raw_limit/cascade.rs"]
mod cascade;
#[path = "raw_limit/chat.rs"]
mod chat;
#[path = "raw_limit/photos.rs"]
mod photos;
#[path = "raw_limit/session.rs"]
mod session;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Sessions compute on the thread that calls them: how many run side by side is the machine's affair.
const ONE: NonZeroUsize = NonZeroUsize::MIN;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    match given.as_slice() {
        [] => {
            chat::measure(&project().join("loadtest/src/messages.txt"), None);
            photos::measure(tempfile::tempdir().unwrap().path());
        }
        ["chat", texts] => chat::measure(texts.as_ref(), None),
        ["chat", texts, model] => chat::measure(texts.as_ref(), Some(model.as_ref())),
        ["cascade", texts] => cascade::measure(texts.as_ref()),
        ["photos", folder] => photos::measure(folder.as_ref()),
        _ => panic!("give nothing, `chat TEXTS [MODEL.onnx]`, `cascade TEXTS`, or `photos DIR`"),
    }
}

/// Seconds that `work` takes.
fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// The median of how long `work` takes, after one run to warm up.
fn usual_seconds(rounds: usize, mut work: impl FnMut()) -> f64 {
    work();
    let mut times: Vec<f64> = (0..rounds).map(|_| seconds(&mut work)).collect();
    times.sort_unstable_by(f64::total_cmp);
    times[rounds / 2]
}

fn bundle(name: &str) -> PathBuf {
    project().join("models/bundles").join(name)
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
