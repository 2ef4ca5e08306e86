//! What this client can offer: `ward-loadtest` against a server that answers at once, and tonic's own client beside it.
//!
//! Both sides share the machine, so the rate says less than the client's share of a core: rate ÷ share is what one core
//! of client can offer. `cargo bench --bench offer` prints it.

#![allow(clippy::unwrap_used)] // Nobody depends on a bench: where it cannot go on it may say so and stop.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use proto::grooming::v1::grooming_detection_service_client::GroomingDetectionServiceClient;
use proto::grooming::v1::{MessageToScore, ScoreMessagesRequest};
use serde_json::Value;
use tokio::task::JoinSet;
use tonic::transport::Channel;

#[path = "../tests/peer/mod.rs"]
#[allow(dead_code)] // The tests use the rest.
mod peer;

const CALLERS: usize = 64;

const DURATION: Duration = Duration::from_secs(5);

fn main() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (_, addr) = server.block_on(peer::serve());
    let url = format!("http://{addr}");
    let kinds: [(&str, &[&str]); 4] = [
        ("unary, closed loop", &["--concurrency", "64"]),
        ("unary, 4,000 a second", &["--rate", "4000"]),
        ("batches of 64, closed loop", &["--concurrency", "8", "--batch", "64"]),
        ("streams, closed loop", &["--concurrency", "64", "--stream"]),
    ];
    say("client                              calls/s   items/s   core   calls/s a core   late p99 ms");
    for (name, words) in kinds {
        say(&row(name, &loadtest(&url, words)));
    }
    let (calls, share) = tonic_client(&url);
    say(&format!(
        "{:34} {calls:8.0}         –   {share:4.2} {:16.0}             –",
        "tonic's client, unary",
        calls / share
    ));
}

fn row(name: &str, figures: &Value) -> String {
    let of = |pointer: &str| figures.pointer(pointer).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let (calls, share) = (of("/throughput"), of("/client_cpu_share"));
    let (items, late) = (of("/items_per_second"), of("/client_lag_ms/p99"));
    format!("{name:34} {calls:8.0} {items:9.0}   {share:4.2} {:16.0} {late:13.2}", calls / share)
}

fn loadtest(url: &str, words: &[&str]) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward-loadtest"));
    command.args(["grooming", "--addr", url, "--duration", "5s", "--json"]).arg(&out).args(words);
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap()
}

/// The generated client in a closed loop on a thread of its own: calls a second, and its share of a core.
fn tonic_client(url: &str) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = thread_seconds();
    let (calls, begun) = (runtime.block_on(call_with_tonic(url.to_owned())), DURATION.as_secs_f64());
    (calls as f64 / begun, (thread_seconds() - before) / begun)
}

async fn call_with_tonic(url: String) -> u64 {
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let end = Instant::now() + DURATION;
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let mut client = GroomingDetectionServiceClient::new(channel.clone());
        callers.spawn(async move {
            let mut calls = 0;
            while Instant::now() < end {
                let text = "ok sounds good, see you there".to_owned();
                let message = MessageToScore { text, author_id: "a".into(), ..Default::default() };
                let mut request = tonic::Request::new(ScoreMessagesRequest { messages: vec![message] });
                request.metadata_mut().insert("ward-priority", "interactive".parse().unwrap());
                request.set_timeout(Duration::from_secs(1));
                client.score_messages(request).await.unwrap();
                calls += 1;
            }
            calls
        });
    }
    callers.join_all().await.into_iter().sum()
}

/// Processor time of this thread so far.
fn thread_seconds() -> f64 {
    let stat = std::fs::read_to_string(Path::new("/proc/thread-self/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
}
