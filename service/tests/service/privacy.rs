//! The real program: what it prints, logs and measures holds nothing of what a caller sent.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use proto::age::v1::age_estimation_service_client::AgeEstimationServiceClient;
use proto::age::v1::check_age_request::PolicyChoice;
use proto::age::v1::{CheckAgeRequest, EstimateAgeRequest};
use proto::grooming::v1::grooming_detection_service_client::GroomingDetectionServiceClient;
use proto::grooming::v1::{
    ConversationMessage, MessageToScore, ScoreMessagesRequest, WatchConversationsRequest,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::server::{conversation, portrait, repository};

const MARKER: &str = "zanzibarquokka";

/// Metrics that scored chats and photos move.
const NAMES: [&str; 12] = [
    "ward_requests_total",
    "ward_request_seconds",
    "ward_queue_wait_seconds",
    "ward_prepare_seconds",
    "ward_infer_seconds",
    "ward_batch_jobs",
    "ward_batch_tokens",
    "ward_padding_ratio",
    "ward_in_flight",
    "ward_rejected_total",
    "ward_decisions_total",
    "ward_messages_to_alert",
];

/// `ward serve` with everything logged.
struct Ward {
    process: Child,
    grpc: String,
    admin: String,
    _folder: tempfile::TempDir,
}

impl Ward {
    fn start() -> Self {
        let free =
            || TcpListener::bind("127.0.0.1:0").and_then(|port| port.local_addr()).expect("a free port");
        let (grpc, admin) = (free().to_string(), free().to_string());
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ward.toml");
        let bundles = repository().join("models/bundles").canonicalize().expect("bundles");
        let text = format!(
            "[log]\nlevel = 'trace'\nformat = 'json'\n[age]\nbundle = '{0}/age'\ndetector = '{0}/detector'\n[grooming]\nbundle = '{0}/grooming'\n",
            bundles.display()
        );
        std::fs::write(&file, text).expect("a temporary file");
        let process = Command::new(env!("CARGO_BIN_EXE_ward"))
            .args(["serve", "--listen", &grpc, "--admin-listen", &admin, "--config"])
            .arg(&file)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        Self { process, grpc, admin, _folder: folder }
    }

    /// Ends it, politely, and answers all that it said.
    fn stop(mut self, mut said: String) -> String {
        // The shell's own: a bare system has no `kill` of its own.
        let kill = format!("kill {}", self.process.id());
        let kill = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
        assert!(kill.success());
        let output = self.process.stderr.as_mut().expect("piped");
        output.read_to_string(&mut said).expect("text");
        self.process.stdout.as_mut().expect("piped").read_to_string(&mut said).expect("text");
        assert!(self.process.wait().expect("an end").success(), "{said}");
        said
    }
}

impl Drop for Ward {
    /// Nothing is left running after a test that failed.
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn metrics(address: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("an admin port");
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nHost: ward\r\nConnection: close\r\n\r\n")
        .await
        .expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("text");
    text
}

/// Chats that are scored, cut short and refused.
async fn send_chats(grpc: String) {
    let mut client = GroomingDetectionServiceClient::connect(grpc).await.expect("a server");
    let message = |text: String| MessageToScore {
        message_id: MARKER.into(),
        author_id: MARKER.into(),
        text,
        context: Vec::new(),
    };
    let texts = [format!("hello {MARKER}"), MARKER.repeat(2000)];
    let request = ScoreMessagesRequest { messages: texts.into_iter().map(message).collect() };
    client.score_messages(request).await.expect("an answer");
    let mut named = conversation();
    named.conversation_id = MARKER.into();
    client.score_conversation(named.clone()).await.expect("an answer");
    named.messages[0].author_id.clear();
    client.score_conversation(named).await.expect_err("a refusal");
    let message = ConversationMessage { text: MARKER.repeat(1 << 20), ..Default::default() };
    let too_large = WatchConversationsRequest { message: Some(message), ..Default::default() };
    let updates = client.watch_conversations(tokio_stream::iter([too_large])).await.expect("a stream");
    updates.into_inner().message().await.expect_err("a refusal");
}

/// Photos that are estimated, decided on and refused.
async fn send_photos(grpc: String) {
    let mut client = AgeEstimationServiceClient::connect(grpc).await.expect("a server");
    let estimate = EstimateAgeRequest { request_id: MARKER.into(), image: portrait(), ..Default::default() };
    client.estimate_age(estimate).await.expect("an answer");
    let check = |image: Vec<u8>, policy: &str| CheckAgeRequest {
        request_id: MARKER.into(),
        image,
        policy_choice: Some(PolicyChoice::PolicyName(policy.into())),
        return_estimate: true,
    };
    client.check_age(check(portrait(), "over-13")).await.expect("an answer");
    let broken = [b"\xFF\xD8\xFF", MARKER.as_bytes()].concat();
    client.check_age(check(broken, "over-13")).await.expect_err("a refusal");
    client.check_age(check(portrait(), MARKER)).await.expect_err("a refusal");
}

/// What one counter has counted, over all its labels.
fn counted(metrics: &str, name: &str) -> u64 {
    let lines = metrics.lines().filter(|line| line.starts_with(&format!("{name}{{")));
    lines
        .map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok()).expect("a number"))
        .sum()
}

#[tokio::test]
async fn logs_and_metrics_hold_nothing_that_was_sent() {
    let mut ward = Ward::start();
    let mut said = String::new();
    let mut lines = BufReader::new(ward.process.stderr.take().expect("piped"));
    while !said.contains("\"ready\"") {
        assert_ne!(lines.read_line(&mut said).expect("a line"), 0, "it ended: {said}");
    }
    ward.process.stderr = Some(lines.into_inner());
    send_chats(format!("http://{}", ward.grpc)).await;
    send_photos(format!("http://{}", ward.grpc)).await;

    let metrics = metrics(&ward.admin).await;
    for name in NAMES {
        assert!(metrics.contains(name), "{name} is missing");
    }
    assert!(metrics.contains("code=\"INVALID_ARGUMENT\""));
    let refused_stream = "WatchConversations\",code=\"INVALID_ARGUMENT\"} 1";
    assert!(metrics.contains(refused_stream), "a stream is counted with the code at its end");
    assert_eq!(counted(&metrics, "ward_decisions_total"), 1, "of three checks one was decided");
    for seconds in NAMES.iter().filter(|name| name.ends_with("_seconds")) {
        let shown = |least: &str| {
            metrics.lines().any(|line| line.starts_with(seconds) && line.contains(&format!("le=\"{least}\"")))
        };
        assert!(shown("0.0001") && shown("10"), "{seconds} does not show 100 µs to 10 s");
    }
    let said = ward.stop(said);
    assert!(said.contains("stopped"), "{said}");
    for text in [&said, &metrics] {
        assert!(!text.contains(MARKER) && !text.contains("kestrel"), "a caller's words leaked");
    }
}
