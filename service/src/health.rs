//! Whether this process wants requests: models warm, and no shutdown begun. Never red because a queue is full.
//!
//! Told twice, from one place: to gRPC clients per service (`grpc.health.v1`), and to an orchestrator (`/readyz`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proto::age::v1::age_estimation_service_server::SERVICE_NAME as AGE;
use proto::grooming::v1::grooming_detection_service_server::SERVICE_NAME as GROOMING;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

/// Both services, and the empty name that stands for the whole server.
const NAMES: [&str; 3] = ["", AGE, GROOMING];

/// The two tellings.
#[derive(Clone)]
pub(crate) struct Health {
    pub(crate) reporter: HealthReporter,
    pub(crate) readiness: Readiness,
}

/// What `/readyz` reads.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readiness(Arc<AtomicBool>);

impl Readiness {
    pub(crate) fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

impl Health {
    /// Not ready. (tonic-health itself would begin with SERVING.)
    pub(crate) async fn not_ready() -> Self {
        let health = Self { reporter: HealthReporter::new(), readiness: Readiness::default() };
        health.set(false).await;
        health
    }

    pub(crate) async fn set(&self, ready: bool) {
        self.readiness.0.store(ready, Ordering::Release);
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in NAMES {
            self.reporter.set_service_status(name, status).await;
        }
    }

    /// Ends the streams of those who watch, which would otherwise hold their connections open for ever.
    pub(crate) async fn end_watches(&self) {
        let mut reporter = self.reporter.clone();
        for name in NAMES {
            reporter.clear_service_status(name).await;
        }
    }
}
