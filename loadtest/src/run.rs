//! Calls under load: starts them as the arrival says and tallies what comes back. Knows no service.
//!
//! Latency runs from the moment a call was *meant* to start. A client that falls behind, or a server that makes it
//! wait, therefore lengthens every latency that it delays: nothing is omitted in coordination with the server.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use crate::arrival::{Arrival, Starts};
use crate::call::{self, Call, Outcome, Start};
use crate::mix::Mix;
use crate::pace::{Metronome, Pace};
use crate::tally::{Tally, Window};

/// What is asked of the server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// When calls start.
    pub(crate) arrival: Arrival,
    /// For how long calls are started before any is counted.
    pub(crate) warm_up: Duration,
    /// For how long they are started and counted. Those under way at the end are waited for.
    pub(crate) duration: Duration,
    /// Who calls.
    pub(crate) mix: Mix,
}

/// Runs the plan; `watch` sees the tally after every call.
pub(crate) async fn run(plan: &Plan, call: &impl Call, watch: impl FnMut(&Tally)) -> Tally {
    let load = Load::new(*plan, call);
    match plan.arrival {
        Arrival::Open { rate, process } => {
            let starts = Starts::new(process, rate, plan.warm_up + plan.duration, plan.mix.seed);
            let metronome = Metronome::start(starts.clone(), load.begin);
            load.open_loop(starts, metronome, watch).await
        }
        Arrival::Closed { concurrency } => load.closed_loop(concurrency, watch).await,
    }
}

struct Load<'a, C> {
    call: &'a C,
    mix: Mix,
    begin: Instant,
    window: Window,
}

impl<'a, C: Call> Load<'a, C> {
    fn new(plan: Plan, call: &'a C) -> Self {
        let begin = Instant::now();
        let from = begin + plan.warm_up;
        let window = Window { from, until: from + plan.duration, deadline: plan.mix.deadline };
        Self { call, mix: plan.mix, begin, window }
    }

    /// The calls under way are at most rate × patience, since none outlives its caller's.
    async fn open_loop(
        &self,
        starts: impl Iterator<Item = Duration>,
        mut pace: impl Pace,
        mut watch: impl FnMut(&Tally),
    ) -> Tally {
        let (mut tally, mut under_way) = (Tally::new(self.window), JoinSet::new());
        for (number, start) in (0..).zip(starts) {
            let intended = self.begin + start;
            pace.until(intended).await;
            under_way.spawn(call::make(self.call.clone(), Start { number, intended }, self.mix));
            // A client that is behind never waits above, and must let its calls go on all the same.
            tokio::task::yield_now().await;
            while let Some(ended) = under_way.try_join_next() {
                take(&mut tally, ended);
                watch(&tally);
            }
        }
        while let Some(ended) = under_way.join_next().await {
            take(&mut tally, ended);
            watch(&tally);
        }
        tally
    }

    async fn closed_loop(&self, concurrency: NonZeroUsize, mut watch: impl FnMut(&Tally)) -> Tally {
        let (mut tally, mut under_way) = (Tally::new(self.window), JoinSet::new());
        let begin = |number, pause| begin_after(pause, number, self.call.clone(), self.mix);
        let mut numbers = 0..;
        for number in numbers.by_ref().take(concurrency.get()) {
            under_way.spawn(begin(number, Duration::ZERO));
        }
        while let Some(ended) = under_way.join_next().await {
            // Who is refused, or finds nobody there, stays away for as long as the server asks: a caller that comes back at
            // once asks for nothing but another refusal.
            let pause = ended.as_ref().ok().and_then(|outcome| outcome.pushback).unwrap_or_default();
            take(&mut tally, ended);
            watch(&tally);
            if Instant::now() + pause < self.window.until
                && let Some(number) = numbers.next()
            {
                under_way.spawn(begin(number, pause));
            }
        }
        tally
    }
}

async fn begin_after(pause: Duration, number: u64, call: impl Call, mix: Mix) -> Outcome {
    // A timer resolves a millisecond, even one of none.
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
    call::make(call, Start { number, intended: Instant::now() }, mix).await
}

fn take(tally: &mut Tally, ended: Result<Outcome, JoinError>) {
    match ended {
        Ok(outcome) => tally.add(&outcome),
        Err(_) => tally.add_lost(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Mutex;
    use tokio::time::{sleep, sleep_until};
    use tonic::Code;

    use super::*;
    use crate::arrival::Process;
    use crate::call::{Ask, Reply};
    use crate::figures::Figures;
    use crate::mix::Patience;
    use crate::score::Checked;
    use crate::wire::Refusal;

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
        async fn call(&self, _: Ask) -> Reply {
            let _turn = self.free.lock().await;
            sleep(self.takes).await;
            Reply { ended: Instant::now(), result: Ok(Checked { items: 1, ..Checked::default() }) }
        }
    }

    /// Virtual time.
    struct Timer;

    impl Pace for Timer {
        async fn until(&mut self, at: Instant) {
            sleep_until(at).await;
        }
    }

    fn mix(deadline: u64) -> Mix {
        let deadline = Duration::from_millis(deadline);
        Mix { deadline, patience: Patience::Cancels, bulk_share: 0.0, retry_share: 0.0, seed: 0 }
    }

    fn plan(warm_up: u64, deadline: u64) -> Plan {
        let arrival = Arrival::Closed { concurrency: NonZeroUsize::new(4).unwrap() };
        let (warm_up, duration) = (Duration::from_secs(warm_up), Duration::from_secs(1));
        Plan { arrival, warm_up, duration, mix: mix(deadline) }
    }

    /// An open loop for a second, evenly spaced.
    async fn open(rate: f64, plan: Plan, server: &OneAtATime) -> Figures {
        let starts = Starts::new(Process::Constant, rate, plan.warm_up + plan.duration, 0);
        Load::new(plan, server).open_loop(starts, Timer, |_| ()).await.figures()
    }

    #[tokio::test(start_paused = true)]
    async fn under_its_capacity_a_server_answers_at_the_offered_rate() {
        let figures = open(50.0, plan(0, 1000), &OneAtATime::taking(10)).await;
        assert_eq!((figures.all.calls, figures.all.throughput.round()), (50, 50.0));
        assert!((figures.all.latency_ms.p999.unwrap() - 10.0).abs() < 1.5, "{figures:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_in_an_open_loop_is_not_omitted() {
        // 100 calls a second at 20 ms each: call n is meant for 10 n ms and answered at 20 (n + 1) ms, so the
        // latencies are 20, 30, 40 … 1010 ms: half of them over 500 ms.
        let figures = open(100.0, plan(0, 9000), &OneAtATime::taking(20)).await;
        assert!((figures.all.latency_ms.p50.unwrap() - 510.0).abs() < 10.0, "{figures:?}");
        assert!((figures.all.throughput - 50.0).abs() < 1.5, "{figures:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_started_to_warm_up_is_load_and_no_figure() {
        let figures = open(50.0, plan(2, 1000), &OneAtATime::taking(10)).await;
        assert_eq!((figures.all.calls, figures.offered_rate, figures.all.throughput), (50, 50.0, 50.0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_closed_loop_slows_down_with_its_server() {
        let figures = run(&plan(0, 9000), &OneAtATime::taking(20), |_| ()).await.figures();
        assert!((figures.all.latency_ms.p50.unwrap() - 80.0).abs() < 2.0, "{figures:?}");
        assert!((50..=54).contains(&figures.all.calls), "{figures:?}");
    }

    /// A server that has no time for anybody, or that is not there.
    #[derive(Clone)]
    struct Refuses(Refusal);

    impl Call for Refuses {
        async fn call(&self, _: Ask) -> Reply {
            sleep(Duration::from_millis(1)).await;
            Reply::refused(self.0)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_in_a_closed_loop_stays_away_as_told() {
        let told = Refusal { code: Code::ResourceExhausted, pushback: Some(Duration::from_millis(199)) };
        let figures = run(&plan(0, 9000), &Refuses(told), |_| ()).await.figures();
        assert_eq!(figures.all.calls, 20, "four callers, five times a second");
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_nobody_there_in_a_closed_loop_does_not_ask_again_at_once() {
        let gone = Refuses(Refusal::new(Code::Unavailable));
        let figures = run(&plan(0, 9000), &gone, |_| ()).await.figures();
        assert_eq!(figures.all.errors.get("UNAVAILABLE"), Some(&40), "four callers, ten times a second");
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_past_its_deadline_is_an_error_and_no_latency() {
        let figures = open(10.0, plan(0, 50), &OneAtATime::taking(500)).await;
        assert_eq!(figures.all.errors.get("DEADLINE_EXCEEDED"), Some(&10));
        assert_eq!((figures.all.goodput, figures.all.latency_ms.p50), (0.0, None));
    }

    #[tokio::test(start_paused = true)]
    async fn who_stays_is_answered_late_and_not_in_time() {
        let mut plan = plan(0, 50);
        plan.mix.patience = Patience::Stays;
        let figures = open(10.0, plan, &OneAtATime::taking(90)).await;
        assert_eq!((figures.all.in_time, figures.all.late), (0, 10));
        assert!(figures.all.throughput > 9.0 && figures.all.goodput == 0.0, "{figures:?}");
    }
}
