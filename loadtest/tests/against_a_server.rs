//! The program as a user runs it, against a small server of the same protocol on a port of its own.

#![allow(clippy::unwrap_used)] // Clippy knows tests by #[test]; helpers of an integration test have none.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use proto::age::v1::age_estimation_service_server::{AgeEstimationService, AgeEstimationServiceServer};
use proto::age::v1::{
    CheckAgeRequest, CheckAgeResponse, EstimateAgeRequest, EstimateAgeResponse, EstimateAgeStreamResponse,
};
use proto::answer::v1::Failure;
use proto::grooming::v1::grooming_detection_service_server::{
    GroomingDetectionService, GroomingDetectionServiceServer,
};
use proto::grooming::v1::{
    MessageResult, RiskUpdate, ScoreConversationRequest, ScoreConversationResponse, ScoreMessagesRequest,
    ScoreMessagesResponse, WatchConversationsRequest,
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_stream::Empty;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status, Streaming};

/// Answers every photo; refuses messages that say "refuse" and rejects those that say "reject".
struct Peer;

#[tonic::async_trait]
impl AgeEstimationService for Peer {
    type EstimateAgeStreamStream = Empty<Result<EstimateAgeStreamResponse, Status>>;

    async fn estimate_age(
        &self,
        request: Request<EstimateAgeRequest>,
    ) -> Result<Response<EstimateAgeResponse>, Status> {
        assert_eq!(request.get_ref().image, b"photo");
        assert!(request.metadata().contains_key("grpc-timeout"));
        Ok(Response::new(EstimateAgeResponse::default()))
    }

    async fn check_age(&self, _: Request<CheckAgeRequest>) -> Result<Response<CheckAgeResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn estimate_age_stream(
        &self,
        _: Request<Streaming<EstimateAgeRequest>>,
    ) -> Result<Response<Self::EstimateAgeStreamStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

#[tonic::async_trait]
impl GroomingDetectionService for Peer {
    type WatchConversationsStream = Empty<Result<RiskUpdate, Status>>;

    async fn score_messages(
        &self,
        request: Request<ScoreMessagesRequest>,
    ) -> Result<Response<ScoreMessagesResponse>, Status> {
        let text = &request.get_ref().messages[0].text;
        if text == "reject" {
            return Err(Status::resource_exhausted(""));
        }
        let failure = Failure { code: Code::InvalidArgument as i32, ..Default::default() };
        let result = MessageResult { error: (text == "refuse").then_some(failure), ..Default::default() };
        Ok(Response::new(ScoreMessagesResponse { results: vec![result], ..Default::default() }))
    }

    async fn score_conversation(
        &self,
        _: Request<ScoreConversationRequest>,
    ) -> Result<Response<ScoreConversationResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn watch_conversations(
        &self,
        _: Request<Streaming<WatchConversationsRequest>>,
    ) -> Result<Response<Self::WatchConversationsStream>, Status> {
        Err(Status::unimplemented(""))
    }
}

async fn serve() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let router = tonic::transport::Server::builder()
        .add_service(AgeEstimationServiceServer::new(Peer))
        .add_service(GroomingDetectionServiceServer::new(Peer));
    tokio::spawn(router.serve_with_incoming(TcpListenerStream::new(listener)));
    addr
}

async fn loadtest(target: &str, addr: SocketAddr, rest: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ward-loadtest"));
    command.arg(target).arg("--addr").arg(format!("http://{addr}")).args(rest).output().await.unwrap()
}

fn json(file: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_on_photos() {
    let (folder, addr) = (tempfile::tempdir().unwrap(), serve().await);
    let (image, out) = (folder.path().join("photo"), folder.path().join("out.json"));
    std::fs::write(&image, "photo").unwrap();
    let rest = ["--image", image.to_str().unwrap(), "--rate", "50", "--duration", "400ms"];
    let run = loadtest("age", addr, &[&rest[..], &["--json", out.to_str().unwrap()]].concat()).await;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let figures = json(&out);
    assert_eq!(figures["calls"], 20);
    assert_eq!(figures["offered_rate"], 50.0);
    assert_eq!(figures["errors"], serde_json::json!({}));
    assert!(figures["goodput"].as_f64().unwrap() > 0.0);
    assert!(figures["latency_ms"]["p999"].as_f64().unwrap() > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_loop_counts_refusals_by_code() {
    let (folder, addr) = (tempfile::tempdir().unwrap(), serve().await);
    let (texts, out) = (folder.path().join("texts"), folder.path().join("out.json"));
    std::fs::write(&texts, "hello\n\nrefuse\nreject\n").unwrap();
    let rest = ["--texts", texts.to_str().unwrap(), "--concurrency", "3", "--duration", "200ms"];
    let run = loadtest("grooming", addr, &[&rest[..], &["--json", out.to_str().unwrap()]].concat()).await;
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let figures = json(&out);
    let count = |code: &str| figures["errors"][code].as_u64().unwrap();
    assert!(count("INVALID_ARGUMENT") > 0 && count("RESOURCE_EXHAUSTED") > 0, "{figures}");
    let share = figures["in_time"].as_f64().unwrap() / figures["calls"].as_f64().unwrap();
    assert!((share - 1.0 / 3.0).abs() < 0.1, "{figures}");
    assert!(String::from_utf8_lossy(&run.stdout).contains("INVALID_ARGUMENT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_one_sentence() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let run = loadtest("grooming", unused, &["--rate", "1", "--duration", "1s"]).await;
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("is `ward serve` running there?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_kind_of_load() {
    let run = loadtest("grooming", serve().await, &["--rate", "1", "--sweep", "--duration", "1s"]).await;
    assert_eq!(run.status.code(), Some(2));
}
