//! A server that is told to end answers what it accepted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use proto::age::v1::EstimateAgeRequest;
use tokio_stream::wrappers::ReceiverStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;

use crate::server::{Server, portrait};

/// Longer than any busy machine needs, and far shorter than the drain may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_under_load_loses_no_accepted_request() {
    // So long a drain that whoever holds the server back is noticed, not waited out.
    let server = Server::ready_with(|config| config.server.drain_ms = 3_600_000).await;
    let mut watch =
        server.health().watch(HealthCheckRequest::default()).await.expect("a stream").into_inner();
    assert_eq!(watch.message().await.expect("a status").expect("a status").status(), ServingStatus::Serving);

    let answered = Arc::new(AtomicUsize::new(0));
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let (mut client, answered) = (server.age(), Arc::clone(&answered));
            tokio::spawn(async move {
                let request = EstimateAgeRequest { image: portrait(), ..Default::default() };
                let answer = client.estimate_age(request).await;
                answered.fetch_add(1, Ordering::Relaxed);
                answer
            })
        })
        .collect();
    while answered.load(Ordering::Relaxed) == 0 {
        tokio::task::yield_now().await;
    }
    // All twelve are in the server by now: they share a connection, and an answer has come back on it.
    let done = server.stop();
    let status = watch.message().await.expect("a status").expect("told before the end");
    assert_eq!(status.status(), ServingStatus::NotServing);
    for call in calls {
        let answer = call.await.expect("no panic").expect("accepted, so answered");
        assert_eq!(answer.into_inner().faces.len(), 1);
    }
    // The watch is still open on this side: whoever only watches does not hold the server back.
    let ended = tokio::time::timeout(PATIENCE, done).await.expect("the drain ends by itself");
    ended.expect("no panic").expect("a clean end");
    drop(watch);
}

#[tokio::test]
async fn whoever_asks_which_services_there_are_does_not_hold_the_server_back() {
    let server = Server::ready_with(|config| config.server.drain_ms = 3_600_000).await;
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    let question = MessageRequest::ListServices(String::new());
    let question = ServerReflectionRequest { message_request: Some(question), ..Default::default() };
    sender.send(question).await.expect("an open stream");
    let mut client = ServerReflectionClient::new(server.channel.clone());
    let answers = client.server_reflection_info(ReceiverStream::new(receiver)).await.expect("a stream");
    let mut answers = answers.into_inner();
    answers.message().await.expect("an answer").expect("an answer");

    let done = server.stop();
    let ended = tokio::time::timeout(PATIENCE, done).await.expect("the drain ends by itself");
    ended.expect("no panic").expect("a clean end");
    assert!(answers.message().await.expect("a clean end").is_none());
    drop(sender);
}
