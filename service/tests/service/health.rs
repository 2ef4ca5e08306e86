//! Health tells the truth, on both ports.

use proto::age::v1::age_estimation_service_server::SERVICE_NAME as AGE;
use proto::grooming::v1::grooming_detection_service_server::SERVICE_NAME as GROOMING;
use service::Listeners;
use tokio::net::TcpListener;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::server::{Server, config};

async fn status(server: &Server, service: &str) -> ServingStatus {
    let request = HealthCheckRequest { service: service.into() };
    server.health().check(request).await.expect("a status").into_inner().status()
}

#[tokio::test]
async fn nothing_serves_before_the_models_are_warm_and_all_after() {
    let server = Server::start(|_| ()).await;
    assert_eq!(status(&server, "").await, ServingStatus::NotServing);
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 503"));
    assert!(server.get("/livez").await.starts_with("HTTP/1.1 200"));
    let early = server.age().estimate_age(proto::age::v1::EstimateAgeRequest::default()).await;
    assert_eq!(early.expect_err("not yet").code(), Code::Unavailable);

    let watch = HealthCheckRequest { service: AGE.into() };
    let mut watch = server.health().watch(watch).await.expect("a stream").into_inner();
    while watch.message().await.expect("a status").expect("a status").status() != ServingStatus::Serving {}
    for service in ["", AGE, GROOMING] {
        assert_eq!(status(&server, service).await, ServingStatus::Serving, "{service:?}");
    }
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_missing_model_ends_the_server_with_the_path() {
    let mut config = config();
    config.grooming.bundle = "/nowhere/grooming".into();
    let listeners = Listeners {
        grpc: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
        admin: TcpListener::bind("127.0.0.1:0").await.expect("a free port"),
    };
    let error =
        service::serve(config, listeners, None, std::future::pending()).await.expect_err("cannot serve");
    assert!(error.to_string().contains("/nowhere/grooming/manifest.toml"), "{error}");
}
