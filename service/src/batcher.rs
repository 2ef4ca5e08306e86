//! The only queue and the only threads: workers that pull what waits when they are free.
//!
//! Each worker owns both steps of a pipeline, hence its ONNX sessions: there is no lock around a session, and a request
//! passes from thread to thread twice, in and out. A worker that is free begins at once with what is due first, and
//! takes with it what waits behind it, until the batch is full. So batches grow exactly when the model is the bottleneck, and a lone
//! request waits for nothing, no timer either. The batcher knows sizes, weights, deadlines and priorities; it knows
//! nothing of tensors.
//!
//! `policy` decides, in virtual time; `queue` holds the work and does what was decided.

mod cost;
mod held;
mod policy;
mod queue;
mod request;
mod rules;
mod worker;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use models::InferenceError;
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::metrics::BatcherMeter;
use queue::Queue;
use request::Rank;

pub use cost::{Expectation, Line};
pub use request::{Priority, Terms};
pub use rules::Rules;

/// Both steps of a pipeline, owned by one worker.
pub trait Steps: Send + 'static {
    /// An item of a request as it comes.
    type Input: Send;
    /// An item that can be run.
    type Ready: Send;
    /// What the caller gets for an item.
    type Output: Send;

    /// Prepares one item by itself.
    ///
    /// # Errors
    /// [`InferenceError`] when the step failed, which is never the fault of a caller.
    fn prepare(&mut self, input: Self::Input) -> Result<Prepared<Self::Ready, Self::Output>, InferenceError>;

    /// Runs items of any requests as one batch: as many outputs, in the same order.
    ///
    /// # Errors
    /// [`InferenceError`] when the step failed for the batch as a whole.
    fn run(&mut self, batch: Vec<Self::Ready>) -> Result<Vec<Self::Output>, InferenceError>;
}

/// What became of an item when it was prepared.
#[derive(Debug, PartialEq, Eq)]
pub enum Prepared<R, O> {
    /// It can be run.
    Ready {
        /// The item.
        item: R,
        /// Its part of a batch: tokens, faces.
        weight: usize,
    },
    /// It needs no run: there is nothing in it to be judged, say.
    Finished(O),
    /// It cannot be read. What that took says nothing of what others take.
    Refused(O),
}

/// What a caller hands in: answered as a whole.
#[derive(Debug)]
pub struct Request<T> {
    /// Each item with its size, from which its cost is foreseen: bytes of text, pixels.
    pub items: Vec<(T, usize)>,
    /// When, and before whom.
    pub terms: Terms,
}

/// What a caller gets.
#[derive(Debug)]
pub struct Done<T> {
    /// The output of each item, in order.
    pub outputs: Vec<T>,
    /// Where the time went.
    pub timings: Timings,
}

/// Where the time of one request went. Of items side by side, the slowest counts.
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
    fn or_slower(self, other: Self) -> Self {
        Self {
            queue: self.queue.max(other.queue),
            prepare: self.prepare.max(other.prepare),
            infer: self.infer.max(other.infer),
        }
    }
}

/// A queue and its workers.
pub struct Batcher<S: Steps> {
    queue: Arc<Queue<S>>,
    workers: Vec<JoinHandle<()>>,
    meter: BatcherMeter,
    inside: TaskTracker,
}

impl<S: Steps> Batcher<S> {
    /// Starts one worker thread for each of `steps`, all of them named `name`. The rules count as many workers.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(name: &str, steps: Vec<S>, rules: Rules, meter: BatcherMeter) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(rules, meter.clone()));
        let start = |steps: S| {
            let (queue, meter) = (Arc::clone(&queue), meter.clone());
            std::thread::Builder::new()
                .name(name.to_owned())
                .spawn(move || worker::work(&queue, steps, &meter))
        };
        let workers = steps.into_iter().map(start).collect::<std::io::Result<_>>()?;
        Ok(Self { queue, workers, meter, inside: TaskTracker::new() })
    }

    /// Asks at the door, then waits for all outputs. Dropping the future takes back what has not begun.
    ///
    /// # Errors
    /// [`Error::Overloaded`] at once when the request would come too late, [`Error::DeadlineExceeded`] when it did all
    /// the same, [`Error::Draining`] after the batcher was closed, [`Error::Internal`] when a step failed.
    pub async fn answer(&self, request: Request<S::Input>) -> Result<Done<S::Output>, Error> {
        let (reply, answer) = oneshot::channel();
        let (items, deadline) = (request.items.len(), request.terms.deadline);
        if items == 0 {
            return Ok(Done { outputs: Vec::new(), timings: Timings::default() });
        }
        let rank = self.queue.admit(request, reply)?;
        let _in_flight = self.meter.admitted(items);
        let _inside = self.inside.token();
        let mut leave = Leave { queue: &self.queue, deadline, rank: Some(rank) };
        let answer = answer.await;
        leave.rank = None;
        // A worker always replies; a reply channel that is dropped is a fault of ours.
        answer.unwrap_or(Err(Error::Internal))
    }

    /// Refuses what [`Batcher::answer`] would refuse, by what is known before the request itself is read.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub fn glance(&self, terms: Terms) -> Result<(), Error> {
        self.queue.glance(terms)
    }

    /// Resolves once nobody waits for an answer. Does not keep anybody out.
    pub(crate) async fn idle(&self) {
        self.inside.close();
        self.inside.wait().await;
    }
}

/// Takes a request out of the line when its caller goes.
struct Leave<'a, S: Steps> {
    queue: &'a Queue<S>,
    deadline: Instant,
    rank: Option<Rank>,
}

impl<S: Steps> Drop for Leave<'_, S> {
    fn drop(&mut self) {
        if let Some(rank) = self.rank {
            self.queue.withdraw(rank, self.deadline);
        }
    }
}

impl<S: Steps> Drop for Batcher<S> {
    /// Lets the workers finish what is queued, then ends them.
    fn drop(&mut self) {
        self.queue.close();
        for worker in self.workers.drain(..) {
            // A worker never panics: each step runs inside catch_unwind.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
