//! Ctrl-C in the midst of the work: it ends soon, says so by its exit code, and leaves nothing half-written.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::program::ward_eval;

/// The work as a whole takes many times as long.
const SOON: Duration = Duration::from_secs(30);

/// Conversations that take minutes to judge.
fn write_long_data(file: &Path) {
    let message = |n: usize| {
        let text =
            format!("did you finish question {n} of the worksheet for tomorrow, the one about rivers?");
        json!({ "speaker": if n.is_multiple_of(2) { "A" } else { "B" }, "text": text })
    };
    let messages: Vec<_> = (0..4).map(message).collect();
    let chat = |n: usize| json!({ "conversation_id": n.to_string(), "source": "school", "label": n % 2, "messages": messages });
    let lines: Vec<_> = (0..20_000).map(|n| chat(n).to_string()).collect();
    fs::write(file, lines.join("\n")).unwrap();
}

fn start(data: &Path, out: &Path) -> Child {
    ward_eval()
        .args(["grooming".as_ref(), "--data".as_ref(), data.as_os_str(), "--out".as_ref(), out.as_os_str()])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The folder is made when the data and the model are known to be usable, just before the work begins.
fn wait_until_there(out: &Path, child: &mut Child) {
    while !out.exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it began");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

#[test]
fn an_interrupted_run_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (folder.path().join("chats.jsonl"), folder.path().join("out"));
    write_long_data(&data);
    let mut child = start(&data, &out);
    wait_until_there(&out, &mut child);
    let asked = Instant::now();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{said}");
    assert!(asked.elapsed() < SOON, "{:?}", asked.elapsed());
    assert!(said.ends_with("error: interrupted: nothing was written\n"), "{said}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}
