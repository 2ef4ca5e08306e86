//! Calls under load: starts them as the arrival says and tallies what comes back. Knows no service.
//!
//! Latency runs from the moment a call was *meant* to start. A client that falls behind, or a server that makes it
//! wait, therefore lengthens every latency that it delays: nothing is omitted in coordination with the server.
//! The timer resolves a millisecond, so that a latency in the open loop may read up to a millisecond too long.

use std::future::Future;
use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Code;

use crate::arrival::{self, Arrival};
use crate::tally::{Outcome, Tally};

/// What is asked of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// When calls start.
    pub(crate) arrival: Arrival,
    /// For how long calls are started. Those under way at the end are waited for.
    pub(crate) duration: Duration,
    /// How long each may take, from when it was meant to start.
    pub(crate) deadline: Duration,
}

/// Something that can be called: the number of the call and the time that it may take go in.
pub(crate) trait Call: Clone + Send + 'static {
    /// Calls once.
    fn call(&self, number: usize, timeout: Duration) -> impl Future<Output = Result<(), Code>> + Send;
}

/// Runs the plan; `watch` sees the tally after every call.
pub(crate) async fn run(plan: &Plan, call: &impl Call, watch: impl FnMut(&Tally)) -> Tally {
    let load =
        Load { call, deadline: plan.deadline, begin: Instant::now(), end: Instant::now() + plan.duration };
    let mut tally = match plan.arrival {
        Arrival::Open { rate } => load.open_loop(rate, plan.duration, watch).await,
        Arrival::Closed { concurrency } => load.closed_loop(concurrency, watch).await,
    };
    (tally.offering, tally.elapsed) = (plan.duration, load.begin.elapsed().max(plan.duration));
    tally
}

struct Load<'a, C> {
    call: &'a C,
    deadline: Duration,
    begin: Instant,
    end: Instant,
}

impl<C: Call> Load<'_, C> {
    /// The calls under way are at most rate × deadline, since none outlives its deadline.
    async fn open_loop(&self, rate: f64, duration: Duration, mut watch: impl FnMut(&Tally)) -> Tally {
        let (mut tally, mut under_way) = (Tally::new(self.deadline), JoinSet::new());
        for (number, start) in arrival::starts(rate, duration).enumerate() {
            let intended = self.begin + start;
            sleep_until(intended).await;
            under_way.spawn(timed(self.call.clone(), number, intended, self.deadline));
            while let Some(ended) = under_way.try_join_next() {
                tally.add(ended.unwrap_or_else(lost));
                watch(&tally);
            }
        }
        while let Some(ended) = under_way.join_next().await {
            tally.add(ended.unwrap_or_else(lost));
            watch(&tally);
        }
        tally
    }

    async fn closed_loop(&self, concurrency: NonZeroUsize, mut watch: impl FnMut(&Tally)) -> Tally {
        let (mut tally, mut under_way) = (Tally::new(self.deadline), JoinSet::new());
        let start = |number| timed(self.call.clone(), number, Instant::now(), self.deadline);
        let mut numbers = 0..;
        for number in numbers.by_ref().take(concurrency.get()) {
            under_way.spawn(start(number));
        }
        while let Some(ended) = under_way.join_next().await {
            tally.add(ended.unwrap_or_else(lost));
            watch(&tally);
            if Instant::now() < self.end
                && let Some(number) = numbers.next()
            {
                under_way.spawn(start(number));
            }
        }
        tally
    }
}

async fn timed(call: impl Call, number: usize, intended: Instant, deadline: Duration) -> Outcome {
    let end = intended + deadline;
    let left = end.saturating_duration_since(Instant::now());
    let result = timeout_at(end, call.call(number, left)).await.unwrap_or(Err(Code::DeadlineExceeded));
    Outcome { latency: intended.elapsed(), result }
}

/// A call whose task died is a call without an answer.
fn lost(_: tokio::task::JoinError) -> Outcome {
    Outcome { latency: Duration::ZERO, result: Err(Code::Internal) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Mutex;
    use tokio::time::sleep;

    use super::*;

    /// A server that works on one call at a time, each for as long.
    #[derive(Clone)]
    struct OneAtATime {
        free: Arc<Mutex<()>>,
        takes: Duration,
    }

    impl OneAtATime {
        fn taking(millis: u64) -> Self {
            Self { free: Arc::default(), takes: Duration::from_millis(millis) }
        }
    }

    impl Call for OneAtATime {
        async fn call(&self, _: usize, _: Duration) -> Result<(), Code> {
            let _turn = self.free.lock().await;
            sleep(self.takes).await;
            Ok(())
        }
    }

    async fn run_for_a_second(arrival: Arrival, server: &OneAtATime, deadline: Duration) -> Tally {
        run(&Plan { arrival, duration: Duration::from_secs(1), deadline }, server, |_| ()).await
    }

    #[tokio::test(start_paused = true)]
    async fn under_its_capacity_a_server_answers_at_the_offered_rate() {
        let tally =
            run_for_a_second(Arrival::Open { rate: 50.0 }, &OneAtATime::taking(10), Duration::from_secs(1))
                .await;
        let figures = tally.figures();
        assert_eq!((figures.calls, figures.throughput.round()), (50, 50.0));
        assert!((figures.latency_ms.p999.unwrap() - 10.0).abs() < 1.5, "{figures:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_an_open_loop_is_not_omitted() {
        // 100 calls a second at 20 ms each: call n is meant for 10 n ms and answered at 20 (n + 1) ms, so the
        // latencies are 20, 30, 40 … 1010 ms: half of them over 500 ms.
        let tally =
            run_for_a_second(Arrival::Open { rate: 100.0 }, &OneAtATime::taking(20), Duration::from_secs(9))
                .await;
        let figures = tally.figures();
        assert!((figures.latency_ms.p50.unwrap() - 510.0).abs() < 10.0, "{figures:?}");
        assert!((figures.throughput - 50.0).abs() < 1.0, "{figures:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_slows_down_with_its_server() {
        let arrival = Arrival::Closed { concurrency: NonZeroUsize::new(4).unwrap() };
        let figures =
            run_for_a_second(arrival, &OneAtATime::taking(20), Duration::from_secs(9)).await.figures();
        assert!((figures.latency_ms.p50.unwrap() - 80.0).abs() < 2.0, "{figures:?}");
        assert!((50..=54).contains(&figures.calls), "{figures:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_past_its_deadline_is_an_error_and_no_latency() {
        let tally = run_for_a_second(
            Arrival::Open { rate: 10.0 },
            &OneAtATime::taking(500),
            Duration::from_millis(50),
        )
        .await;
        let figures = tally.figures();
        assert_eq!(figures.errors.get("DEADLINE_EXCEEDED"), Some(&10));
        assert_eq!((figures.goodput, figures.latency_ms.p50), (0.0, None));
    }
}
