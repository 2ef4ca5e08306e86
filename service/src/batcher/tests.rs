use super::*;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use models::InferenceError;

use crate::metrics::Phase;

const FAR: Duration = Duration::from_secs(3600);

/// Doubles numbers, notes its batches, and waits for leave before each when it has a gate.
struct Doubler {
    gate: Option<Receiver<()>>,
    batches: Arc<Mutex<Vec<Vec<i64>>>>,
}

impl Stage for Doubler {
    type Input = i64;
    type Output = i64;

    fn run(&mut self, batch: Vec<i64>) -> Result<Vec<i64>, InferenceError> {
        if let Some(gate) = &self.gate {
            let _ = gate.recv();
        }
        self.batches.lock().expect("no panic under lock").push(batch.clone());
        match batch[0] {
            -1 => panic!("as asked"),
            -2 => Err(InferenceError::NotFinite),
            -3 => Ok(vec![]),
            _ => Ok(batch.iter().map(|number| number * 2).collect()),
        }
    }
}

struct Bench {
    batcher: Arc<Batcher<Doubler>>,
    batches: Arc<Mutex<Vec<Vec<i64>>>>,
    leave: SyncSender<()>,
}

fn bench(gated: bool) -> Bench {
    let (leave, gate) = sync_channel(64);
    let batches = Arc::new(Mutex::new(Vec::new()));
    let stage = Doubler { gate: gated.then_some(gate), batches: Arc::clone(&batches) };
    let limits = BatchLimits {
        max_jobs: NonZeroUsize::new(4).expect("4"),
        max_weight: NonZeroUsize::new(100).expect("100"),
    };
    let batcher =
        Batcher::start("test", vec![stage], limits, StageMeter::new("test", Phase::Infer)).expect("a thread");
    Bench { batcher: Arc::new(batcher), batches, leave }
}

fn job(input: i64, weight: usize) -> Work<i64> {
    Work { input, weight, deadline: Instant::now() + FAR }
}

/// Starts a job and waits until it is in the queue or in work.
async fn queued(bench: &Bench, work: Work<i64>) -> tokio::task::JoinHandle<Result<i64, Error>> {
    let batcher = Arc::clone(&bench.batcher);
    let task = tokio::spawn(async move { batcher.run(work).await.map(|done| done.output) });
    tokio::task::yield_now().await;
    task
}

#[tokio::test]
async fn a_lone_job_runs_at_once() {
    let bench = bench(false);
    assert_eq!(bench.batcher.run(job(21, 1)).await.expect("an answer").output, 42);
}

#[tokio::test]
async fn what_waits_is_batched_by_likeness_within_limits_in_order() {
    let bench = bench(true);
    let mut tasks = vec![queued(&bench, job(0, 1)).await];
    for (input, weight) in [(1, 10), (2, 90), (3, 11), (4, 12), (5, 10), (6, 10), (7, 90)] {
        tasks.push(queued(&bench, job(input, weight)).await);
    }
    for _ in 0..16 {
        bench.leave.send(()).expect("the stage lives");
    }
    for (input, task) in (0_i64..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), Ok(input * 2), "each job gets its own answer");
    }
    let batches = bench.batches.lock().expect("no panic under lock").clone();
    assert_eq!(batches, [vec![0], vec![1, 3, 4, 5], vec![2], vec![6], vec![7]]);
}

#[tokio::test]
async fn dead_jobs_never_run() {
    let bench = bench(true);
    let first = queued(&bench, job(0, 1)).await;
    let late = Work { input: 1, weight: 1, deadline: Instant::now() };
    let late = queued(&bench, late).await;
    let gone = queued(&bench, job(2, 1)).await;
    gone.abort();
    assert!(gone.await.expect_err("aborted").is_cancelled());
    bench.leave.send(()).expect("the stage lives");
    assert_eq!(first.await.expect("no panic"), Ok(0));
    assert_eq!(late.await.expect("no panic"), Err(Error::DeadlineExceeded));
    drop(bench.leave);
    assert_eq!(*bench.batches.lock().expect("no panic under lock"), [vec![0]]);
}

#[tokio::test]
async fn a_failing_batch_is_an_error_and_the_next_one_runs() {
    let bench = bench(false);
    for fault in [-1, -2, -3] {
        assert_eq!(bench.batcher.run(job(fault, 1)).await.expect_err("a fault"), Error::Internal);
    }
    assert_eq!(bench.batcher.run(job(1, 1)).await.expect("an answer").output, 2);
}

#[tokio::test]
async fn closing_works_off_what_is_queued_and_refuses_the_rest() {
    let bench = bench(true);
    let tasks = [queued(&bench, job(1, 1)).await, queued(&bench, job(2, 90)).await];
    bench.batcher.queue.close();
    assert_eq!(bench.batcher.run(job(3, 1)).await.expect_err("closed"), Error::Draining);
    drop(bench.leave);
    for (input, task) in (1_i64..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), Ok(input * 2));
    }
}
