//! Both pipelines walk the same way: through the door, *prepare* (per request, may refuse), *infer* (batched).

mod age;
mod grooming;

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use crate::Error;
use crate::batcher::Done;
use crate::metrics::{DoorMeter, InFlight};

pub use age::{AgePipeline, AssessedFace, AssessedPhoto};
pub use grooming::{GroomingPipeline, ScoredMessage, ScoredMessages};

/// Where the time of one request went. Of jobs side by side, the slowest counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for free workers.
    pub queue: Duration,
    /// Preparing.
    pub prepare: Duration,
    /// In the model.
    pub infer: Duration,
}

impl Timings {
    fn prepared<T>(done: &Done<T>) -> Self {
        Self { queue: done.waited, prepare: done.ran, infer: Duration::ZERO }
    }

    fn inferred<T>(self, done: &Done<T>) -> Self {
        Self { queue: self.queue + done.waited, infer: done.ran, ..self }
    }

    fn or_slower(self, other: Self) -> Self {
        Self {
            queue: self.queue.max(other.queue),
            prepare: self.prepare.max(other.prepare),
            infer: self.infer.max(other.infer),
        }
    }
}

/// The one place where load is refused: a fixed number of permits, and no waiting for one.
struct Door {
    permits: Semaphore,
    meter: DoorMeter,
    inside: TaskTracker,
}

/// Leave to have so many jobs in the pipeline, for as long as this lives.
struct Admission<'a> {
    _permit: SemaphorePermit<'a>,
    _in_flight: InFlight,
    _inside: TaskTrackerToken,
}

impl Door {
    fn new(model: &'static str, capacity: NonZeroUsize) -> Self {
        Self {
            permits: Semaphore::new(capacity.get()),
            meter: DoorMeter::new(model),
            inside: TaskTracker::new(),
        }
    }

    fn enter(&self, jobs: usize) -> Result<Admission<'_>, Error> {
        // More jobs than a u32 holds are more than any capacity.
        let jobs = u32::try_from(jobs).unwrap_or(u32::MAX);
        match self.permits.try_acquire_many(jobs) {
            Ok(permit) => Ok(Admission {
                _permit: permit,
                _in_flight: self.meter.admitted(jobs),
                _inside: self.inside.token(),
            }),
            Err(_) => {
                self.meter.refused(jobs);
                Err(Error::Overloaded)
            }
        }
    }

    /// Resolves once nobody is inside. Does not keep anybody out.
    async fn idle(&self) {
        self.inside.close();
        self.inside.wait().await;
    }
}

/// As many stages as workers, made one after another so that the first failure is the one reported.
fn stages<S, E>(workers: NonZeroUsize, open: impl Fn() -> Result<S, E>) -> Result<Vec<S>, E> {
    (0..workers.get()).map(|_| open()).collect()
}
