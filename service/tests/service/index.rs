//! A platform's own examples: built by the program, taken up by a running server.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use proto::grooming::v1::{
    ConversationMessage, MessageToScore, ScoreConversationRequest, ScoreMessagesRequest,
};

use crate::server::{Server, repository};

const SLANG: &str = "the blue door is open for you tonight";
const PATIENCE: Duration = Duration::from_secs(30);

/// `ward index build` on these examples, but for the folder.
fn build_command(folder: &Path, positives: &str, negatives: &str) -> Command {
    let file = |name: &str, text: &str| {
        let path = folder.with_extension(name);
        fs::write(&path, text).expect("written");
        path
    };
    let (positives, negatives) = (file("positives", positives), file("negatives", negatives));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(["index", "build", "--positives"]).arg(positives).arg("--negatives").arg(negatives);
    command
}

/// Runs it.
fn build(folder: &Path, positives: &str, negatives: &str) {
    let mut command = build_command(folder, positives, negatives);
    let output = command.arg("--out").arg(folder).current_dir(repository()).output().expect("the program");
    assert!(output.status.success(), "{output:?}");
}

/// Runs `ward` from the repository, with a configuration elsewhere that only names the index beside it.
fn ward_with(index: &Path, arguments: &[&str]) -> Output {
    let config = index.with_file_name("ward.toml");
    let name = index.file_name().expect("a name");
    fs::write(&config, format!("[grooming]\nindex = {name:?}\n")).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.arg("--config").arg(config).args(arguments).current_dir(repository());
    command.output().expect("the program")
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
    let output = ward_with(&index, &["serve", "--check"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("run `ward index build` again"), "{said}");
}

#[test]
fn a_configuration_elsewhere_names_the_index_beside_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let index = folder.path().join("index");
    build(&index, "the blue door is open tonight\n", "");
    let output = ward_with(&index, &["serve", "--check"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("index ready"), "{said}");
}

#[test]
fn a_build_says_where_the_index_lies_and_what_the_first_stage_keeps_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().canonicalize().expect("a folder");
    let positives = "how old are you, and do your parents know?\ni installed the kernel update and the sound driver stopped working\n";
    let mut command = build_command(&here.join("mine"), positives, "");
    command
        .args(["--out", "mine", "--config"])
        .arg(repository().canonicalize().expect("it").join("ward.toml"));
    let output = command.current_dir(&here).output().expect("the program");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains(&format!("`index = {:?}`", here.join("mine"))), "{said}");
    assert!(said.contains("keeps 1 of the 2 positive examples"), "{said}");
}

#[tokio::test]
async fn files_are_answered_with_the_index_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let [index, empty] = ["index", "empty"].map(|name| folder.path().join(name));
    build(&index, &format!("{SLANG}\n"), "what a nice castle\n");
    build(&empty, "", "");
    let texts = ["what a long day it was at school, and the bus was late again", SLANG];
    let of_file = |index| risk_of_file(index, &texts);
    let (with, without) = (of_file(&index), of_file(&empty));
    let served = served(Some(&index)).await;
    let message = |text: &str| ConversationMessage {
        author_id: "a".to_owned(),
        text: text.to_owned(),
        ..Default::default()
    };
    let request = ScoreConversationRequest { messages: texts.map(message).into(), ..Default::default() };
    let answer = served.grooming().score_conversation(request).await.expect("an answer").into_inner();
    assert!((with - answer.risk).abs() < 1e-4, "{with} of the file, {} of the server", answer.risk);
    assert!(with > without + 0.01, "{with} with examples, {without} without");
}

/// What `ward grooming` says of a conversation of one author.
fn risk_of_file(index: &Path, texts: &[&str]) -> f32 {
    let message = |text: &&str| serde_json::json!({ "speaker": "a", "text": text });
    let messages: Vec<_> = texts.iter().map(message).collect();
    let file = index.with_extension("jsonl");
    let conversation = serde_json::json!({ "conversation_id": "one", "messages": messages });
    fs::write(&file, conversation.to_string()).expect("written");
    let output = ward_with(index, &["grooming", "--json", &file.to_string_lossy()]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    report["risk"].as_f64().expect("a risk") as f32
}

/// A process that does not outlive a test that failed.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_without_an_index_outlives_a_hangup() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward"));
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    command.current_dir(repository()).stderr(Stdio::piped());
    let mut ward = Process(command.spawn().expect("the program"));
    let lines = BufReader::new(ward.0.stderr.take().expect("piped")).lines();
    let (said, heard) = mpsc::sync_channel(0);
    std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
    // The first while the models are loaded, the second when it is ready.
    for (moment, sent) in [("INFO workers", ["HUP"].as_slice()), ("INFO ready", &["HUP", "TERM"])] {
        while !heard.recv_timeout(PATIENCE).expect("a line before it ended").contains(moment) {}
        for signal in sent {
            let kill = format!("kill -{signal} {}", ward.0.id());
            assert!(Command::new("sh").args(["-c", &kill]).status().expect("a shell").success());
        }
    }
    heard.iter().for_each(drop);
    assert!(ward.0.wait().expect("an end").success());
}
