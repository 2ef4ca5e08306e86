//! The only queue and the only threads: workers that pull what waits when they are free.
//!
//! Each worker owns its stage, hence its ONNX session. A worker that is free takes the oldest job at once, and with it
//! those waiting jobs that batch well, so batches grow exactly when the model is the bottleneck and a lone request
//! waits for nothing. The batcher knows jobs, weights and deadlines; it knows nothing of tensors.

mod queue;

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use models::Stage;
use tokio::sync::oneshot;

use crate::Error;
use crate::metrics::StageMeter;
use queue::Queue;

/// The bounds of one batch.
#[derive(Debug, Clone, Copy)]
pub struct BatchLimits {
    /// Most jobs.
    pub max_jobs: NonZeroUsize,
    /// Most weight, counted as the heaviest job's weight times the jobs: that is what padding makes of it.
    pub max_weight: NonZeroUsize,
}

/// What a caller hands in.
#[derive(Debug)]
pub struct Work<T> {
    /// The stage's input.
    pub input: T,
    /// Its size in the unit of [`BatchLimits::max_weight`]: tokens, faces. At least 1.
    pub weight: usize,
    /// Past this, the work is not begun any more.
    pub deadline: Instant,
}

/// What a caller gets.
#[derive(Debug)]
pub struct Done<T> {
    /// The stage's output.
    pub output: T,
    /// Time spent waiting for a free worker.
    pub waited: Duration,
    /// Time that the batch ran.
    pub ran: Duration,
}

/// One job in the queue; it owns its reply channel.
struct Job<S: Stage> {
    work: Work<S::Input>,
    queued: Instant,
    reply: oneshot::Sender<Result<Done<S::Output>, Error>>,
}

/// A queue and its workers.
pub struct Batcher<S: Stage> {
    queue: Arc<Queue<S>>,
    workers: Vec<JoinHandle<()>>,
}

impl<S> Batcher<S>
where
    S: Stage + Send + 'static,
    S::Input: Send,
    S::Output: Send,
{
    /// Starts one worker thread for each of `stages`.
    ///
    /// # Errors
    /// When the system gives no more threads.
    pub fn start(
        name: &str,
        stages: Vec<S>,
        limits: BatchLimits,
        meter: StageMeter,
    ) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::new(limits, meter.clone()));
        let start = |stage: S| {
            let (queue, meter) = (Arc::clone(&queue), meter.clone());
            std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&queue, stage, &meter))
        };
        let workers = stages.into_iter().map(start).collect::<std::io::Result<_>>()?;
        Ok(Self { queue, workers })
    }

    /// Queues `work` and waits for its output. Dropping the future takes the job back if it has not begun.
    ///
    /// # Errors
    /// [`Error::DeadlineExceeded`] when no worker came free in time, [`Error::Draining`] after the batcher was
    /// closed, [`Error::Internal`] when the stage failed.
    pub async fn run(&self, work: Work<S::Input>) -> Result<Done<S::Output>, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Job { work, queued: Instant::now(), reply })?;
        // A worker always replies; a reply channel that is dropped is a fault of ours.
        answer.await.unwrap_or(Err(Error::Internal))
    }
}

impl<S: Stage> Drop for Batcher<S> {
    /// Lets the workers finish what is queued, then ends them.
    fn drop(&mut self) {
        self.queue.close();
        for worker in self.workers.drain(..) {
            // A worker never panics: each stage runs inside catch_unwind.
            let _ = worker.join();
        }
    }
}

/// The life of a worker.
fn work<S: Stage>(queue: &Queue<S>, mut stage: S, meter: &StageMeter) {
    while let Some(jobs) = queue.take() {
        run_batch(&mut stage, jobs, meter);
    }
}

fn run_batch<S: Stage>(stage: &mut S, jobs: Vec<Job<S>>, meter: &StageMeter) {
    let begun = Instant::now();
    let weights: Vec<usize> = jobs.iter().map(|job| job.work.weight).collect();
    let (inputs, replies): (Vec<_>, Vec<_>) =
        jobs.into_iter().map(|job| (job.work.input, (job.reply, begun.duration_since(job.queued)))).unzip();
    let outputs = guarded(stage, inputs, replies.len());
    let ran = begun.elapsed();
    meter.batch(&weights, ran);
    match outputs {
        Some(outputs) => {
            for ((reply, waited), output) in replies.into_iter().zip(outputs) {
                meter.waited(waited);
                // The caller may have gone; then nobody misses the answer.
                let _ = reply.send(Ok(Done { output, waited, ran }));
            }
        }
        None => replies.into_iter().for_each(|(reply, _)| drop(reply.send(Err(Error::Internal)))),
    }
}

/// Runs the stage; a failure, a panic or a wrong number of outputs is logged and is nobody's answer.
fn guarded<S: Stage>(stage: &mut S, inputs: Vec<S::Input>, expected: usize) -> Option<Vec<S::Output>> {
    match catch_unwind(AssertUnwindSafe(|| stage.run(inputs))) {
        Ok(Ok(outputs)) if outputs.len() == expected => return Some(outputs),
        Ok(Ok(outputs)) => {
            tracing::error!(expected, found = outputs.len(), "a stage answered the wrong number");
        }
        Ok(Err(error)) => tracing::error!(error = &error as &dyn std::error::Error, "a stage failed"),
        // The payload of a panic may quote its input: it is not logged.
        Err(_) => tracing::error!("a stage panicked"),
    }
    None
}

#[cfg(test)]
mod tests;
