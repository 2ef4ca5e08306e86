//! What is too much is refused at the door; what is too late never runs; what was accepted is answered.

use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use proto::age::v1::EstimateAgeRequest;
use proto::age::v1::age_estimation_service_client::AgeEstimationServiceClient;
use proto::grooming::v1::grooming_detection_service_client::GroomingDetectionServiceClient;
use tonic::body::Body;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::server::{Server, count, portrait};

/// Longer than any busy machine needs.
const PATIENCE: Duration = Duration::from_secs(60);

fn request() -> EstimateAgeRequest {
    EstimateAgeRequest { image: portrait(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn over_capacity_is_refused_at_once_and_the_rest_is_answered() {
    let server = Server::ready_with(|config| config.age.capacity = count(2)).await;
    let calls = (0..24).map(|_| {
        let mut client = server.age();
        tokio::spawn(async move { client.estimate_age(request()).await })
    });
    let mut answered = 0;
    for call in calls.collect::<Vec<_>>() {
        match call.await.expect("no panic") {
            Ok(answer) => {
                answered += 1;
                assert_eq!(answer.into_inner().faces.len(), 1);
            }
            Err(status) => {
                assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                let pushback = status.metadata().get("grpc-retry-pushback-ms").expect("a pushback");
                let pushback: u128 = pushback.to_str().expect("text").parse().expect("milliseconds");
                let retry = status.get_error_details().retry_info().expect("a RetryInfo").retry_delay;
                assert_eq!(retry.expect("a delay").as_millis(), pushback);
            }
        }
    }
    assert!((2..24).contains(&answered), "{answered} of 24 were answered");
    server.age().estimate_age(request()).await.expect("permits come back");
}

/// tonic's own channel would give up by the same header; this client waits for what the server says.
fn patient() -> Client<HttpConnector, Body> {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

#[tokio::test]
async fn the_clients_deadline_is_kept_and_named() {
    let server = Server::ready().await;
    let mut client = AgeEstimationServiceClient::with_origin(patient(), server.origin.clone());
    let mut late = Request::new(request());
    late.metadata_mut().insert("grpc-timeout", "1m".parse().expect("a value"));
    let status = client.estimate_age(late).await.expect_err("a millisecond is not enough");
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(status.get_error_details().error_info().expect("an ErrorInfo").reason, "DEADLINE_EXCEEDED");
    client.estimate_age(request()).await.expect("the permit came back");
}

#[tokio::test]
async fn a_stream_ends_at_its_clients_deadline() {
    let server = Server::ready().await;
    let mut client = GroomingDetectionServiceClient::with_origin(patient(), server.origin.clone());
    let mut silent = Request::new(tokio_stream::pending());
    silent.metadata_mut().insert("grpc-timeout", "100m".parse().expect("a value"));
    let mut updates = client.watch_conversations(silent).await.expect("a stream").into_inner();
    let last = tokio::time::timeout(PATIENCE, updates.message()).await.expect("an end");
    assert_eq!(last.expect_err("the stream ends with a status").code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn the_configured_deadline_bounds_those_who_name_none() {
    let server = Server::ready_with(|config| config.server.deadline_ms = 1.try_into().expect("not 0")).await;
    let status = server.age().estimate_age(request()).await.expect_err("a millisecond is not enough");
    assert_eq!(status.code(), Code::DeadlineExceeded);
}

#[tokio::test]
async fn a_priority_is_interactive_or_bulk_and_nothing_else() {
    let server = Server::ready().await;
    let with = |priority: &'static str| {
        let mut request = Request::new(request());
        request.metadata_mut().insert("ward-priority", priority.parse().expect("a value"));
        request
    };
    for priority in ["interactive", "bulk"] {
        server.age().estimate_age(with(priority)).await.expect("an answer");
    }
    let status = server.age().estimate_age(with("urgent")).await.expect_err("no priority");
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    assert_eq!(details.error_info().expect("an ErrorInfo").reason, "PRIORITY_UNKNOWN");
    assert_eq!(details.bad_request().expect("a field").field_violations[0].field, "ward-priority");
}
