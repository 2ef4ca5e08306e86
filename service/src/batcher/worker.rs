//! The life of a worker: takes a task, does it, hands it in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use models::InferenceError;

use super::policy::{Preparation, Step};
use super::queue::Queue;
use super::{Prepared, Steps};
use crate::metrics::BatcherMeter;

/// What a worker is given.
pub(super) enum Task<S: Steps> {
    Prepare { step: Step, inputs: Vec<S::Input> },
    Run { step: Step, batch: Vec<S::Ready> },
}

/// What it hands in.
pub(super) struct Report<S: Steps> {
    pub(super) step: Step,
    pub(super) took: Duration,
    pub(super) begun: Instant,
    pub(super) outcome: Outcome<S>,
}

pub(super) enum Outcome<S: Steps> {
    Prepared(Vec<Attempt<S>>),
    /// `None` when the step failed.
    Ran(Option<Vec<S::Output>>),
}

/// One item, prepared.
pub(super) struct Attempt<S: Steps> {
    /// `None` when the step failed.
    pub(super) prepared: Option<Prepared<S::Ready, S::Output>>,
    pub(super) took: Duration,
}

impl<S: Steps> Attempt<S> {
    /// What the policy learns of it.
    pub(super) fn preparation(&self) -> Preparation {
        match &self.prepared {
            Some(Prepared::Ready { weight, .. }) => Preparation::Ready(*weight),
            Some(Prepared::Finished(_)) => Preparation::Finished,
            Some(Prepared::Refused(_)) | None => Preparation::Refused(self.took),
        }
    }
}

/// Works until the queue is closed and empty.
pub(super) fn work<S: Steps>(queue: &Queue<S>, mut steps: S, meter: &BatcherMeter) {
    while let Some(task) = queue.take() {
        queue.settle(perform(&mut steps, task, meter));
    }
}

fn perform<S: Steps>(steps: &mut S, task: Task<S>, meter: &BatcherMeter) -> Report<S> {
    let begun = Instant::now();
    match task {
        Task::Prepare { step, inputs } => {
            let items = inputs.into_iter().map(|input| prepare(steps, input, meter)).collect();
            Report { step, begun, took: begun.elapsed(), outcome: Outcome::Prepared(items) }
        }
        Task::Run { step, batch } => {
            let expected = batch.len();
            let outputs =
                guarded(|| steps.run(batch)).filter(|outputs| right_number(outputs.len(), expected));
            let took = begun.elapsed();
            meter.ran(step.weights(), took);
            Report { step, begun, took, outcome: Outcome::Ran(outputs) }
        }
    }
}

fn prepare<S: Steps>(steps: &mut S, input: S::Input, meter: &BatcherMeter) -> Attempt<S> {
    let begun = Instant::now();
    let prepared = guarded(|| steps.prepare(input));
    let took = begun.elapsed();
    meter.prepared(took);
    Attempt { prepared, took }
}

fn right_number(found: usize, expected: usize) -> bool {
    if found != expected {
        tracing::error!(expected, found, "a stage answered the wrong number");
    }
    found == expected
}

/// Runs a step; a failure or a panic is logged and is nobody's answer.
fn guarded<T>(step: impl FnOnce() -> Result<T, InferenceError>) -> Option<T> {
    match catch_unwind(AssertUnwindSafe(step)) {
        Ok(Ok(output)) => return Some(output),
        Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "a stage failed"),
        // The payload of a panic may quote its input: it is not logged.
        Err(_) => tracing::error!("a stage panicked"),
    }
    None
}
