//! The batcher with real threads: each caller gets its own answer, and what is dead never runs.

use super::*;
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const FAR: Duration = Duration::from_secs(3600);
const REFUSED: i64 = -4;

/// A worker says that it has come, and waits for leave.
struct Gate {
    come: SyncSender<()>,
    leave: Receiver<()>,
}

/// Doubles numbers, notes its batches, and waits for leave before each when it has a gate.
struct Doubler {
    gate: Option<Gate>,
    batches: Arc<Mutex<Vec<Vec<i64>>>>,
}

impl Steps for Doubler {
    type Input = (i64, usize);
    type Ready = i64;
    type Output = i64;

    fn prepare(&mut self, (number, weight): (i64, usize)) -> Result<Prepared<i64, i64>, InferenceError> {
        match number {
            -1 => panic!("as asked"),
            -2 => Err(InferenceError::NotFinite),
            REFUSED => Ok(Prepared::Refused(REFUSED)),
            item => Ok(Prepared::Ready { item, weight }),
        }
    }

    fn run(&mut self, batch: Vec<i64>) -> Result<Vec<i64>, InferenceError> {
        if let Some(gate) = &self.gate {
            let _ = gate.come.send(());
            let _ = gate.leave.recv();
        }
        self.batches.lock().expect("no panic under lock").push(batch.clone());
        match batch[0] {
            -11 => panic!("as asked"),
            -12 => Err(InferenceError::NotFinite),
            -13 => Ok(vec![]),
            _ => Ok(batch.iter().map(|number| number * 2).collect()),
        }
    }
}

struct Bench {
    batcher: Arc<Batcher<Doubler>>,
    batches: Arc<Mutex<Vec<Vec<i64>>>>,
    come: Receiver<()>,
    leave: SyncSender<()>,
}

fn count(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("not 0")
}

fn rules() -> Rules {
    let line = |base, slope| Line { base, slope };
    Rules {
        workers: count(1),
        capacity: count(64),
        max_wait: FAR,
        full_batch: count(100),
        expectation: Expectation { prepare: line(0.0, 0.0), weight: line(1.0, 0.0), run: line(1e-3, 0.0) },
    }
}

fn bench(gated: bool) -> Bench {
    let (leave, leave_at_gate) = sync_channel(64);
    let (come_at_gate, come) = sync_channel(64);
    let gate = Gate { come: come_at_gate, leave: leave_at_gate };
    let batches = Arc::new(Mutex::new(Vec::new()));
    let steps = Doubler { gate: gated.then_some(gate), batches: Arc::clone(&batches) };
    let meter = BatcherMeter::new("test");
    let batcher = Batcher::start("test", vec![steps], rules(), meter).expect("a thread");
    Bench { batcher: Arc::new(batcher), batches, come, leave }
}

fn ask(items: &[(i64, usize)]) -> Request<(i64, usize)> {
    let terms = Terms { priority: Priority::Interactive, deadline: Instant::now() + FAR };
    Request { items: items.iter().map(|&item| (item, 1)).collect(), terms }
}

/// Asks, and waits until the request is in line or in work.
async fn queued(
    bench: &Bench,
    request: Request<(i64, usize)>,
) -> tokio::task::JoinHandle<Result<Vec<i64>, Error>> {
    let batcher = Arc::clone(&bench.batcher);
    let task = tokio::spawn(async move { batcher.answer(request).await.map(|done| done.outputs) });
    tokio::task::yield_now().await;
    task
}

fn batches(bench: &Bench) -> Vec<Vec<i64>> {
    bench.batches.lock().expect("no panic under lock").clone()
}

/// Waits until the worker stands at its gate with a request in hand, so that all after it wait in line.
async fn occupied(bench: &Bench) -> tokio::task::JoinHandle<Result<Vec<i64>, Error>> {
    let first = queued(bench, ask(&[(0, 1)])).await;
    bench.come.recv().expect("the stage lives");
    first
}

#[tokio::test]
async fn a_lone_request_runs_at_once() {
    let bench = bench(false);
    assert_eq!(bench.batcher.answer(ask(&[(21, 1)])).await.expect("an answer").outputs, [42]);
}

#[tokio::test]
async fn what_waits_fills_batches_in_order_and_everybody_gets_their_own() {
    let bench = bench(true);
    let first = occupied(&bench).await;
    let mut tasks = Vec::new();
    for (input, weight) in [(1, 10), (2, 90), (3, 11), (4, 12), (5, 10), (6, 10), (7, 90)] {
        tasks.push(queued(&bench, ask(&[(input, weight)])).await);
    }
    for _ in 0..16 {
        bench.leave.send(()).expect("the stage lives");
    }
    assert_eq!(first.await.expect("no panic"), Ok(vec![0]));
    for (input, task) in (1_i64..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), Ok(vec![input * 2]), "each gets its own answer");
    }
    assert_eq!(batches(&bench), [vec![0], vec![1, 2], vec![3, 4, 5, 6], vec![7]]);
}

#[tokio::test]
async fn a_request_is_answered_in_its_own_order_refused_items_too() {
    let bench = bench(false);
    let request = ask(&[(1, 9), (REFUSED, 1), (2, 50), (3, 9)]);
    assert_eq!(bench.batcher.answer(request).await.expect("an answer").outputs, [2, REFUSED, 4, 6]);
}

#[tokio::test]
async fn dead_requests_never_run_and_their_room_is_free_at_once() {
    let bench = bench(true);
    let first = occupied(&bench).await;
    let mut late = ask(&[(1, 1)]);
    let passes = Instant::now() + Duration::from_millis(200);
    late.terms.deadline = passes;
    let late = queued(&bench, late).await;
    let all_room = ask(&vec![(2, 1); 62]);
    let gone = queued(&bench, all_room).await;
    let refused = bench.batcher.answer(ask(&[(3, 1)])).await.expect_err("no room");
    assert!(matches!(refused, Error::Overloaded { .. }), "{refused:?}");
    gone.abort();
    assert!(gone.await.expect_err("aborted").is_cancelled());
    let last = queued(&bench, ask(&[(4, 1)])).await;
    tokio::time::sleep_until(passes.into()).await;
    drop(bench.leave);
    assert_eq!(first.await.expect("no panic"), Ok(vec![0]));
    assert_eq!(late.await.expect("no panic"), Err(Error::DeadlineExceeded));
    assert_eq!(last.await.expect("no panic"), Ok(vec![8]));
    assert_eq!(*bench.batches.lock().expect("no panic under lock"), [vec![0], vec![4]]);
}

#[tokio::test]
async fn a_failing_step_is_an_error_and_the_next_one_runs() {
    let bench = bench(false);
    for fault in [-1, -2, -11, -12, -13] {
        let failed = bench.batcher.answer(ask(&[(fault, 1), (7, 90)])).await;
        assert_eq!(failed.expect_err("a fault"), Error::Internal);
    }
    assert_eq!(bench.batcher.answer(ask(&[(1, 1)])).await.expect("an answer").outputs, [2]);
}

#[tokio::test]
async fn closing_works_off_what_is_queued_and_refuses_the_rest() {
    let bench = bench(true);
    let tasks = [queued(&bench, ask(&[(1, 1)])).await, queued(&bench, ask(&[(2, 90)])).await];
    bench.batcher.queue.close();
    assert_eq!(bench.batcher.answer(ask(&[(3, 1)])).await.expect_err("closed"), Error::Draining);
    drop(bench.leave);
    for (input, task) in (1_i64..).zip(tasks) {
        assert_eq!(task.await.expect("no panic"), Ok(vec![input * 2]));
    }
}
