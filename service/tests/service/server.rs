//! The server under test, its clients, and the pictures and chats that it is asked about.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use proto::age::v1::age_estimation_service_client::AgeEstimationServiceClient;
use proto::grooming::v1::grooming_detection_service_client::GroomingDetectionServiceClient;
use proto::grooming::v1::{ConversationMessage, ScoreConversationRequest};
use service::{Config, Listeners};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// A server in this process.
pub(crate) struct Server {
    pub(crate) channel: Channel,
    pub(crate) origin: http::Uri,
    pub(crate) admin: SocketAddr,
    stop: oneshot::Sender<()>,
    done: JoinHandle<anyhow::Result<()>>,
}

impl Server {
    /// Starts with the shipped configuration and waits until it is ready.
    pub(crate) async fn ready() -> Self {
        Self::ready_with(|_| ()).await
    }

    /// Starts with the shipped configuration, changed, and waits until it is ready.
    pub(crate) async fn ready_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut server = Self::start(change).await;
        let request = HealthCheckRequest::default();
        let mut watch = server.health().watch(request).await.expect("a stream").into_inner();
        let serving = async {
            while watch.message().await.expect("a status").expect("open").status() != ServingStatus::Serving {
            }
        };
        tokio::select! {
            () = serving => {}
            ended = &mut server.done => panic!("the server ended: {ended:?}"),
        }
        server
    }

    /// Starts and does not wait.
    pub(crate) async fn start(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config();
        change(&mut config);
        let listeners = Listeners {
            grpc: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
            admin: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
        };
        let grpc = listeners.grpc.local_addr().expect("bound");
        let admin = listeners.admin.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let ended = async { drop(stopped.await) };
        let done = tokio::spawn(service::serve(config, listeners, None, ended));
        let origin: http::Uri = format!("http://{grpc}").parse().expect("a URI");
        let channel = Channel::builder(origin.clone()).connect().await.expect("a listening server");
        Self { channel, origin, admin, stop, done }
    }

    pub(crate) fn age(&self) -> AgeEstimationServiceClient<Channel> {
        AgeEstimationServiceClient::new(self.channel.clone())
    }

    pub(crate) fn grooming(&self) -> GroomingDetectionServiceClient<Channel> {
        GroomingDetectionServiceClient::new(self.channel.clone())
    }

    pub(crate) fn health(&self) -> HealthClient<Channel> {
        HealthClient::new(self.channel.clone())
    }

    /// What an HTTP GET on the admin port answers, head and body.
    pub(crate) async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.admin).await.expect("a listening admin port");
        let request = format!("GET {path} HTTP/1.1\r\nHost: ward\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }

    /// Asks the server to end; does not wait.
    pub(crate) fn stop(self) -> JoinHandle<anyhow::Result<()>> {
        self.stop.send(()).expect("a running server");
        self.done
    }
}

/// The shipped configuration with the least memory, and patient: a loaded machine is no failure.
pub(crate) fn config() -> Config {
    let mut config = Config::load(Some(&repository().join("ward.toml"))).expect("the shipped file is valid");
    (config.age.workers, config.grooming.workers) = (1, 1);
    config.server.deadline_ms = 120_000.try_into().expect("not 0");
    config.server.max_wait_ms = 120_000.try_into().expect("not 0");
    config
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn portrait() -> Vec<u8> {
    std::fs::read(repository().join("examples/astronaut.jpg")).expect("the example portrait")
}

pub(crate) fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("not 0")
}

/// The example conversation that shows the pattern, by non-explicit signals only.
pub(crate) fn conversation() -> ScoreConversationRequest {
    let file = std::fs::read_to_string(repository().join("examples/chat.jsonl")).expect("the example chats");
    let line = file.lines().next().expect("a conversation");
    let json: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().expect("a string").to_owned();
    let message = |(number, message): (usize, &serde_json::Value)| ConversationMessage {
        message_id: number.to_string(),
        author_id: text(&message["speaker"]),
        sent_at: None,
        text: text(&message["text"]),
    };
    ScoreConversationRequest {
        conversation_id: text(&json["conversation_id"]),
        messages: (1..).zip(json["messages"].as_array().expect("messages")).map(message).collect(),
        authors: Vec::new(),
    }
}
