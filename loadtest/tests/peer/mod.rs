//! A server of Ward's protocol without models. What it does with a text, the text says.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proto::age::v1::age_estimation_service_server::{AgeEstimationService, AgeEstimationServiceServer};
use proto::age::v1::estimate_age_stream_response::Result as OneResult;
use proto::age::v1::{
    AgeEstimate, CheckAgeRequest, CheckAgeResponse, EstimateAgeRequest, EstimateAgeResponse,
    EstimateAgeStreamResponse, Face,
};
use proto::answer::v1::{Failure, Model};
use proto::grooming::v1::grooming_detection_service_server::{
    GroomingDetectionService, GroomingDetectionServiceServer,
};
use proto::grooming::v1::{
    MessageResult, MessageToScore, RiskUpdate, ScoreConversationRequest, ScoreConversationResponse,
    ScoreMessagesRequest, ScoreMessagesResponse, WatchConversationsRequest,
};
use tokio::net::TcpListener;
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::server::TcpIncoming;
use tonic::{Code, Request, Response, Status, Streaming};

/// What it has seen.
#[derive(Default)]
pub(crate) struct Peer {
    texts: Mutex<HashMap<String, usize>>,
    bulk: AtomicUsize,
    streams: AtomicUsize,
    connections: AtomicUsize,
    one_at_a_time: tokio::sync::Mutex<()>,
}

/// The services share one.
#[derive(Clone)]
struct Shared(Arc<Peer>);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// Serves until the test ends.
pub(crate) async fn serve() -> (Arc<Peer>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let peer = Arc::new(Peer::default());
    let (shared, counting) = (Shared(Arc::clone(&peer)), Arc::clone(&peer));
    let router = tonic::transport::Server::builder()
        .add_service(AgeEstimationServiceServer::new(shared.clone()))
        .add_service(GroomingDetectionServiceServer::new(shared));
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true)).map(move |socket| {
        counting.connections.fetch_add(1, Ordering::Relaxed);
        socket
    });
    tokio::spawn(router.serve_with_incoming(incoming));
    (peer, addr)
}

impl Peer {
    /// How often a text was asked about.
    pub(crate) fn saw(&self, text: &str) -> usize {
        self.texts.lock().unwrap().get(text).copied().unwrap_or_default()
    }

    /// Calls and streams with the priority bulk.
    pub(crate) fn bulk_calls(&self) -> usize {
        self.bulk.load(Ordering::Relaxed)
    }

    /// Streams opened.
    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    /// Connections accepted.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    fn see(&self, text: &str) -> usize {
        let mut texts = self.texts.lock().unwrap();
        let count = texts.entry(text.to_owned()).or_default();
        *count += 1;
        *count
    }

    fn note_priority<T>(&self, request: &Request<T>) {
        let priority = request.metadata().get("ward-priority").unwrap().to_str().unwrap();
        assert!(["interactive", "bulk"].contains(&priority), "{priority}");
        self.bulk.fetch_add(usize::from(priority == "bulk"), Ordering::Relaxed);
    }
}

/// Anything that is the same for the same text.
fn risk(text: &str) -> f32 {
    text.bytes().map(f32::from).sum::<f32>() % 97.0 / 97.0
}

fn model() -> Option<Model> {
    Some(Model { name: "peer".into(), ..Default::default() })
}

/// What is no photo is refused.
fn estimate(image: &[u8]) -> Result<EstimateAgeResponse, Status> {
    let text = std::str::from_utf8(image).unwrap();
    let age = text.strip_prefix("photo of ").ok_or_else(|| Status::invalid_argument(text))?;
    let age_years = age.parse().unwrap();
    let estimate = Some(AgeEstimate { age_years, ..Default::default() });
    let faces = vec![Face { estimate, ..Default::default() }];
    Ok(EstimateAgeResponse { faces, model: model(), ..Default::default() })
}

fn busy() -> Status {
    let mut status = Status::resource_exhausted("");
    status.metadata_mut().insert("grpc-retry-pushback-ms", "5".parse().unwrap());
    status
}

impl Peer {
    async fn score(&self, message: &MessageToScore) -> Result<MessageResult, Status> {
        let seen = self.see(&message.text);
        let mut result = MessageResult { risk: risk(&message.text), ..Default::default() };
        match message.text.as_str() {
            "reject" if seen > 1 => return Err(busy()),
            "second time" if seen > 1 && seen.is_multiple_of(2) => return Err(busy()),
            "refuse" => {
                let code = Code::InvalidArgument as i32;
                result.error = Some(Failure { code, ..Default::default() });
            }
            "wavering" if seen > 1 => result.risk += 0.001,
            "wavering once" if seen == 2 => result.risk += 0.001,
            "slow" if seen > 1 => tokio::time::sleep(Duration::from_millis(100)).await,
            "one at a time" => {
                let _turn = self.one_at_a_time.lock().await;
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            _ => {}
        }
        Ok(result)
    }
}

#[tonic::async_trait]
impl AgeEstimationService for Shared {
    type EstimateAgeStreamStream = Answers<EstimateAgeStreamResponse>;

    async fn estimate_age(
        &self,
        request: Request<EstimateAgeRequest>,
    ) -> Result<Response<EstimateAgeResponse>, Status> {
        self.0.note_priority(&request);
        assert!(request.metadata().contains_key("grpc-timeout"));
        Ok(Response::new(estimate(&request.get_ref().image)?))
    }

    async fn check_age(&self, _: Request<CheckAgeRequest>) -> Result<Response<CheckAgeResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    /// Answers every two photos in the wrong order. What is "too large" ends the stream, as what is too large for Ward does.
    async fn estimate_age_stream(
        &self,
        request: Request<Streaming<EstimateAgeRequest>>,
    ) -> Result<Response<Self::EstimateAgeStreamStream>, Status> {
        self.0.note_priority(&request);
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        let pairs = request.into_inner().chunks_timeout(2, Duration::from_millis(5));
        let answers = pairs.map(|pair| {
            let answer = |request: Result<EstimateAgeRequest, Status>| {
                let EstimateAgeRequest { request_id, image, .. } = request?;
                let result = match estimate(&image) {
                    Ok(response) => OneResult::Response(response),
                    Err(status) if status.message() == "too large" => return Err(status),
                    Err(status) => {
                        OneResult::Failure(Failure { code: status.code() as i32, ..Default::default() })
                    }
                };
                Ok(EstimateAgeStreamResponse { request_id, result: Some(result) })
            };
            tokio_stream::iter(pair.into_iter().rev().map(answer).collect::<Vec<_>>())
        });
        Ok(Response::new(Box::pin(flattened(answers))))
    }
}

/// One stream of all answers, in their order.
fn flattened<T: Send + 'static>(
    groups: impl Stream<Item = impl Stream<Item = T> + Send + Unpin> + Send + 'static,
) -> impl Stream<Item = T> + Send {
    let (send, receive) = tokio::sync::mpsc::channel(16);
    tokio::spawn(async move {
        let mut groups = Box::pin(groups);
        while let Some(mut group) = groups.next().await {
            while let Some(item) = group.next().await {
                if send.send(item).await.is_err() {
                    return;
                }
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receive)
}

#[tonic::async_trait]
impl GroomingDetectionService for Shared {
    type WatchConversationsStream = Answers<RiskUpdate>;

    async fn score_messages(
        &self,
        request: Request<ScoreMessagesRequest>,
    ) -> Result<Response<ScoreMessagesResponse>, Status> {
        self.0.note_priority(&request);
        let mut results = Vec::new();
        for message in &request.get_ref().messages {
            results.push(self.0.score(message).await?);
        }
        Ok(Response::new(ScoreMessagesResponse { results, model: model(), ..Default::default() }))
    }

    async fn score_conversation(
        &self,
        _: Request<ScoreConversationRequest>,
    ) -> Result<Response<ScoreConversationResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    /// A conversation's risk is the sum over its messages so far, which shows whether they came in order.
    async fn watch_conversations(
        &self,
        request: Request<Streaming<WatchConversationsRequest>>,
    ) -> Result<Response<Self::WatchConversationsStream>, Status> {
        self.0.note_priority(&request);
        self.0.streams.fetch_add(1, Ordering::Relaxed);
        let (peer, mut so_far) = (Arc::clone(&self.0), HashMap::<String, f32>::new());
        let updates = request.into_inner().map(move |request| {
            let request = request?;
            let message = request.message.unwrap_or_default();
            if peer.see(&message.text) == 2 && message.text == "end once" {
                return Err(Status::unavailable(""));
            }
            let sum = so_far.entry(request.conversation_id.clone()).or_default();
            *sum = *sum * 2.0 + risk(&message.text);
            Ok(RiskUpdate {
                conversation_id: request.conversation_id,
                message_id: message.message_id,
                message_risk: risk(&message.text),
                risk: *sum,
                ..Default::default()
            })
        });
        Ok(Response::new(Box::pin(updates)))
    }
}
