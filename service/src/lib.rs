//! The server: gRPC in, batches through the models, answers out.
//!
//! [`serve`] is the life of a server from its listeners to the end of its drain. The binary `ward` is a thin caller
//! of it; so are the tests, on port 0.

mod admin;
mod api;
mod app;
pub mod batcher;
pub mod config;
mod error;
mod health;
mod incoming;
mod index;
pub mod metrics;
pub mod pipeline;
mod reflection;
pub mod shutdown;
pub mod telemetry;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::metrics_exporter_prometheus::PrometheusHandle;
use proto::age::v1::age_estimation_service_server::AgeEstimationServiceServer;
use proto::grooming::v1::grooming_detection_service_server::GroomingDetectionServiceServer;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::task::AbortOnDropHandle;
use tonic::service::Routes;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::HealthService;

use api::Served;
use api::age::AgeService;
use api::grooming::GroomingService;
use api::limits::{Bounded, Bounds};
use health::Health;
use shutdown::Drain;

pub use app::{App, StartError};
pub use config::Config;
pub use error::{Error, RequestFault};

/// How often a quiet connection is pinged: a peer that has gone without a word does not hold it for ever.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Calls of one connection that callers may give up before they were looked at; beyond, the connection is closed as an
/// attack. Under overload many clients cancel at once at their deadline, which is none.
const MAX_GIVEN_UP: usize = 1000;

/// Where a server listens.
pub struct Listeners {
    /// gRPC.
    pub grpc: TcpListener,
    /// HTTP for metrics and probes.
    pub admin: TcpListener,
}

impl Listeners {
    /// Binds both addresses.
    ///
    /// # Errors
    /// [`StartError::Listen`] with the address that is taken.
    pub async fn bind(config: &config::Server) -> Result<Self, StartError> {
        let bind = async |address| {
            TcpListener::bind(address).await.map_err(|source| StartError::Listen { address, source })
        };
        Ok(Self { grpc: bind(config.listen).await?, admin: bind(config.admin_listen).await? })
    }
}

/// Serves until `shutdown` resolves, then drains: probes go red first, no new connection is taken, what was accepted
/// is answered (for at most the configured time), and the workers end.
///
/// The health service and the probes answer from the start; they turn green once the models are loaded and warm.
///
/// # Errors
/// [`StartError`] when the models cannot be loaded; anything else when the transport fails.
pub async fn serve(
    config: Config,
    listeners: Listeners,
    metrics: Option<PrometheusHandle>,
    shutdown: impl Future<Output = ()> + Send,
) -> anyhow::Result<()> {
    // Caught from the start, also where there is no index to read again: it must not end the process.
    let hangup = signal(SignalKind::hangup())?;
    let (trigger, drain) = shutdown::channel();
    let served = Served::new(drain.clone(), config.server.deadline());
    let health = Health::not_ready().await;
    let upkeep = metrics.clone().map(|handle| tokio::spawn(metrics::keep_up(handle)));
    let _upkeep = upkeep.map(AbortOnDropHandle::new);
    let admin = axum::serve(listeners.admin, admin::routes(health.readiness.clone(), metrics));
    let _admin = AbortOnDropHandle::new(tokio::spawn(admin.into_future()));
    let routes = routes(&config, &served, &health)?;
    let max_message_bytes = config.server.max_message_bytes.get();
    let bounds = Bounds { served: Arc::clone(&served), max_message_bytes };
    let grpc = grpc(listeners.grpc, routes, bounds, drain);
    let mut grpc = AbortOnDropHandle::new(tokio::spawn(grpc));

    let app = load(config.clone()).await?;
    let app = served.app.get_or_init(|| app);
    let followed = app.grooming.index_folder().map(|index| tokio::spawn(index.follow(hangup)));
    let _followed = followed.map(AbortOnDropHandle::new);
    health.set(true).await;
    tracing::info!("ready");
    tokio::select! {
        () = shutdown => {}
        ended = &mut grpc => return Ok(ended??),
    }

    health.set(false).await;
    trigger.pull();
    tracing::info!("draining");
    let drained = async {
        app.idle().await;
        health.end_watches().await;
        grpc.await
    };
    match tokio::time::timeout(config.server.drain(), drained).await {
        Ok(ended) => ended??,
        Err(_) => tracing::warn!("requests were still in flight at the end of the drain"),
    }
    tracing::info!("stopped");
    Ok(())
}

/// Loads the models off the async threads; requests meanwhile are told that the service is starting.
async fn load(config: Config) -> anyhow::Result<App> {
    Ok(tokio::task::spawn_blocking(move || App::start(&config)).await??)
}

/// Every service on the gRPC port.
fn routes(config: &Config, served: &Arc<Served>, health: &Health) -> anyhow::Result<Routes> {
    let max_message_bytes = config.server.max_message_bytes.get();
    let age = AgeService { served: Arc::clone(served), max_faces: config.age.max_faces, max_message_bytes };
    let grooming =
        GroomingService { served: Arc::clone(served), config: config.grooming.clone(), max_message_bytes };
    let health = HealthService::from_health_reporter(health.reporter.clone());
    Ok(reflection::add_to(Routes::new(HealthServer::new(health)), &served.drain)?
        .add_service(AgeEstimationServiceServer::new(age).max_decoding_message_size(max_message_bytes))
        .add_service(
            GroomingDetectionServiceServer::new(grooming).max_decoding_message_size(max_message_bytes),
        ))
}

/// The gRPC transport, until draining begins and every connection has ended.
async fn grpc(
    listener: TcpListener,
    routes: Routes,
    bounds: Bounds,
    drain: Drain,
) -> Result<(), tonic::transport::Error> {
    // The builder's own setting is not for a listener that was made elsewhere. Without it, the answer to whatever does not
    // fit into one segment waits 40 ms for an acknowledgement of the window update before it.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE))
        .http2_max_pending_accept_reset_streams(Some(MAX_GIVEN_UP))
        .layer(tower::layer::layer_fn(move |service| Bounded::new(service, bounds.clone())))
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming::patient(incoming), drain.begun())
        .await
}
