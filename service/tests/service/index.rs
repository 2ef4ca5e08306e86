//! A platform's own examples: built by the program, taken up by a running server.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use proto::grooming::v1::{MessageToScore, ScoreMessagesRequest};

use crate::server::{Server, repository};

const SLANG: &str = "the blue door is open for you tonight";
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `ward index build` on these examples.
fn build(folder: &Path, positives: &str, negatives: &str) {
    let file = |name: &str, text: &str| {
        let path = folder.with_extension(name);
        fs::write(&path, text).expect("written");
        path
    };
    let (positives, negatives) = (file("positives", positives), file("negatives", negatives));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(["index", "build", "--positives"]).arg(positives).arg("--negatives").arg(negatives);
    let output = command.arg("--out").arg(folder).current_dir(repository()).output().expect("the program");
    assert!(output.status.success(), "{output:?}");
}

/// The risk of the slang, and the sha256 of the index that was used.
async fn ask(server: &Server) -> (f32, String) {
    let message = MessageToScore { text: SLANG.into(), author_id: "a".into(), ..Default::default() };
    let request = ScoreMessagesRequest { messages: vec![message] };
    let answer = server.grooming().score_messages(request).await.expect("an answer").into_inner();
    (answer.results[0].risk, answer.model.expect("a model").index_sha256)
}

/// What the server answers once it uses another index than `sha256`.
async fn once_changed(server: &Server, sha256: &str) -> (f32, String) {
    let changed = async {
        loop {
            let answer = ask(server).await;
            if answer.1 != sha256 {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, changed).await.expect("the new index")
}

async fn served(index: Option<&Path>) -> Server {
    let index = index.map(Path::to_path_buf);
    Server::ready_with(|config| config.grooming.index = index).await
}

#[tokio::test]
async fn examples_raise_what_is_like_them_and_none_change_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let [full, empty] = ["full", "empty"].map(|name| folder.path().join(name));
    build(&full, "the blue door is open tonight\nknock at the blue door\n", "what a nice castle\n");
    build(&empty, "", "");
    let (without, no_index) = ask(&served(None).await).await;
    let (with_none, _) = ask(&served(Some(&empty)).await).await;
    let (with, sha256) = ask(&served(Some(&full)).await).await;
    assert_eq!(with_none.to_bits(), without.to_bits());
    assert!(with > without, "{with} with examples, {without} without");
    assert!(no_index.is_empty() && sha256.len() == 64);
}

#[tokio::test]
async fn a_running_server_takes_up_a_new_index() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = folder.path().join("index");
    build(&index, "the harbour is closed\n", "hello\n");
    let server = served(Some(&index)).await;
    let (before, first) = ask(&server).await;
    build(&index, "the blue door is open tonight\n", "hello\n");
    let (after, second) = once_changed(&server, &first).await;
    assert!(after > before, "{after} after the change, {before} before");

    // A change that no clock shows is taken up at SIGHUP.
    let manifest = index.join("manifest.toml");
    let modified = fs::metadata(&manifest).and_then(|manifest| manifest.modified()).expect("a time");
    build(&index, "the harbour is closed\n", "hello\n");
    stamp(&manifest, modified);
    let process = std::process::id().to_string();
    let sent = Command::new("kill").args(["-HUP", &process]).status().expect("the program kill");
    assert!(sent.success());
    assert_eq!(once_changed(&server, &second).await, (before, first));
}

fn stamp(path: &Path, modified: SystemTime) {
    File::options()
        .append(true)
        .open(path)
        .and_then(|file| file.set_modified(modified))
        .expect("a writable file");
}

#[tokio::test]
async fn an_index_of_another_model_is_one_sentence_with_the_mend() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = folder.path().join("index");
    build(&index, "the blue door is open tonight\n", "");
    let manifest = fs::read_to_string(index.join("manifest.toml")).expect("a manifest");
    let model = manifest.lines().find(|line| line.starts_with("model = ")).expect("a model");
    fs::write(index.join("manifest.toml"), manifest.replace(model, "model = \"00\"")).expect("written");
    let config = folder.path().join("ward.toml");
    let bundle = |name: &str| repository().join("models/bundles").join(name);
    let lines = [
        "[age]".to_owned(),
        format!("bundle = {:?}", bundle("age")),
        format!("detector = {:?}", bundle("detector")),
        "[grooming]".to_owned(),
        format!("bundle = {:?}", bundle("grooming")),
        format!("index = {index:?}"),
    ];
    fs::write(&config, lines.join("\n")).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.arg("--config").arg(config).args(["serve", "--check"]).current_dir(repository());
    let output = command.output().expect("the program");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("run `ward index build` again"), "{said}");
}
