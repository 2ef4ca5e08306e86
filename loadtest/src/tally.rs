//! What came back: counts, and histograms of latencies. Pure.
//!
//! Rates count the answers that came within the window, whenever their calls were started, so that neither what was
//! waiting at its beginning nor what is at its end bends them. All else is of the calls meant to start within it.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use proto::code_name;
use tokio::time::Instant;
use tonic::Code;

use crate::call::Outcome;
use crate::figures::{Figures, Group, Latency};
use crate::mix::Priority;

/// Latencies over an hour count as an hour, microseconds.
const LONGEST: u64 = 3_600_000_000;

/// When calls are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// The end of the warm-up.
    pub(crate) from: Instant,
    /// When no more calls are started.
    pub(crate) until: Instant,
    /// How long an answer is of use.
    pub(crate) deadline: Duration,
}

/// All calls of a run.
#[derive(Debug)]
pub(crate) struct Tally {
    window: Window,
    by_priority: BTreeMap<Priority, Counts>,
    /// How late calls were started, microseconds.
    lag: Histogram<u64>,
    mismatches: u64,
    compared: u64,
    lost: u64,
}

/// The calls of one priority.
#[derive(Debug, Clone)]
struct Counts {
    calls: u64,
    in_time: u64,
    late: u64,
    retried: u64,
    errors: BTreeMap<&'static str, u64>,
    /// Of the answered calls, microseconds.
    latencies: Histogram<u64>,
    answers: Answers,
}

/// What came within the window.
#[derive(Debug, Clone, Copy, Default)]
struct Answers {
    all: u64,
    in_time: u64,
    items: u64,
}

impl Window {
    fn holds(&self, at: Instant) -> bool {
        (self.from..self.until).contains(&at)
    }

    fn seconds(&self) -> f64 {
        (self.until - self.from).as_secs_f64()
    }
}

impl Tally {
    /// Of nothing yet.
    pub(crate) fn new(window: Window) -> Self {
        Self { window, by_priority: BTreeMap::new(), lag: histogram(), mismatches: 0, compared: 0, lost: 0 }
    }

    /// Adds a call.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        self.mismatches += outcome.checked.mismatches;
        self.compared += outcome.checked.items;
        let counts = self.by_priority.entry(outcome.priority).or_insert_with(Counts::new);
        let latency = outcome.ended.saturating_duration_since(outcome.intended);
        let in_time = latency <= self.window.deadline;
        if self.window.holds(outcome.ended) && outcome.result.is_ok() {
            counts.answers.all += 1;
            counts.answers.in_time += u64::from(in_time);
            counts.answers.items += outcome.checked.items;
        }
        if self.window.holds(outcome.intended) {
            let lag = outcome.started.saturating_duration_since(outcome.intended);
            self.lag.saturating_record(micros(lag));
            counts.add(outcome, latency, in_time);
        }
    }

    /// Adds a call whose task died: it has no answer.
    pub(crate) fn add_lost(&mut self) {
        self.lost += 1;
    }

    /// Answered in time, late or not at all, of the calls counted so far.
    pub(crate) fn so_far(&self) -> (u64, u64, u64) {
        let sum = |of: fn(&Counts) -> u64| self.by_priority.values().map(of).sum::<u64>();
        (sum(|counts| counts.in_time), sum(|counts| counts.late), sum(Counts::failed) + self.lost)
    }

    /// What it all comes to.
    pub(crate) fn figures(&self) -> Figures {
        let mut all = Counts::new();
        for counts in self.by_priority.values() {
            all.merge(counts);
        }
        if self.lost > 0 {
            *all.errors.entry(code_name(Code::Internal)).or_default() += self.lost;
            all.calls += self.lost;
        }
        let seconds = self.window.seconds();
        let groups = self.by_priority.iter().map(|(priority, counts)| (*priority, counts.group(seconds)));
        Figures {
            offered_rate: all.calls as f64 / seconds,
            all: all.group(seconds),
            deadline_ms: millis(self.window.deadline),
            seconds,
            score_mismatches: self.mismatches,
            scores_compared: self.compared,
            client_lag_ms: latency(&self.lag),
            client_cpu_share: None,
            by_priority: groups.collect(),
        }
    }
}

impl Counts {
    fn new() -> Self {
        Self {
            calls: 0,
            in_time: 0,
            late: 0,
            retried: 0,
            errors: BTreeMap::new(),
            latencies: histogram(),
            answers: Answers::default(),
        }
    }

    fn add(&mut self, outcome: &Outcome, latency: Duration, in_time: bool) {
        self.calls += 1;
        self.retried += u64::from(outcome.retried);
        match outcome.result {
            Ok(()) => {
                self.latencies.saturating_record(micros(latency));
                self.in_time += u64::from(in_time);
                self.late += u64::from(!in_time);
            }
            Err(code) => *self.errors.entry(code_name(code)).or_default() += 1,
        }
    }

    fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    fn merge(&mut self, other: &Self) {
        self.calls += other.calls;
        self.in_time += other.in_time;
        self.late += other.late;
        self.retried += other.retried;
        for (code, count) in &other.errors {
            *self.errors.entry(code).or_default() += count;
        }
        // Both have the same bounds, so that adding cannot fail.
        let _ = self.latencies.add(&other.latencies);
        self.answers.all += other.answers.all;
        self.answers.in_time += other.answers.in_time;
        self.answers.items += other.answers.items;
    }

    fn group(&self, seconds: f64) -> Group {
        Group {
            throughput: self.answers.all as f64 / seconds,
            goodput: self.answers.in_time as f64 / seconds,
            items_per_second: self.answers.items as f64 / seconds,
            latency_ms: latency(&self.latencies),
            errors: self.errors.clone(),
            calls: self.calls,
            in_time: self.in_time,
            late: self.late,
            retried: self.retried,
        }
    }
}

fn latency(latencies: &Histogram<u64>) -> Latency {
    let quantile = |share| {
        let micros = latencies.value_at_quantile(share);
        (!latencies.is_empty()).then(|| micros as f64 / 1e3)
    };
    Latency {
        p50: quantile(0.5),
        p90: quantile(0.9),
        p99: quantile(0.99),
        p999: quantile(0.999),
        max: quantile(1.0),
    }
}

fn histogram() -> Histogram<u64> {
    #[allow(clippy::expect_used)]
    Histogram::new_with_max(LONGEST, 3).expect("an hour at three digits is within its limits")
}

/// A histogram has no place for 0.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).max(1)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::Checked;

    const DEADLINE: Duration = Duration::from_millis(50);

    /// Two seconds after a warm-up of one.
    fn window(begin: Instant) -> Window {
        let from = begin + Duration::from_secs(1);
        Window { from, until: from + Duration::from_secs(2), deadline: DEADLINE }
    }

    fn outcome(begin: Instant, start_ms: u64, latency_ms: u64) -> Outcome {
        let intended = begin + Duration::from_millis(start_ms);
        Outcome {
            intended,
            started: intended + Duration::from_millis(2),
            ended: intended + Duration::from_millis(latency_ms),
            result: Ok(()),
            checked: Checked { items: 4, ..Checked::default() },
            priority: Priority::Interactive,
            retried: false,
            pushback: None,
        }
    }

    #[test]
    fn figures_by_hand() {
        let begin = Instant::now();
        let mut tally = Tally::new(window(begin));
        for latency in [10, 20, 30, 90] {
            tally.add(&outcome(begin, 1500, latency));
        }
        let refused = Err(Code::ResourceExhausted);
        tally.add(&Outcome { result: refused, retried: true, ..outcome(begin, 1500, 1) });
        let figures = tally.figures();
        assert_eq!((figures.all.calls, figures.offered_rate, figures.all.retried), (5, 2.5, 1));
        assert_eq!((figures.all.throughput, figures.all.goodput), (2.0, 1.5));
        assert_eq!(figures.all.items_per_second, 8.0);
        assert_eq!((figures.all.in_time, figures.all.late), (3, 1));
        assert_eq!(figures.all.errors, BTreeMap::from([("RESOURCE_EXHAUSTED", 1)]));
        assert!((figures.all.latency_ms.p50.unwrap() - 20.0).abs() < 0.05);
        assert!((figures.all.latency_ms.p99.unwrap() - 90.0).abs() < 0.1);
        assert!((figures.client_lag_ms.p99.unwrap() - 2.0).abs() < 0.01);
    }

    #[test]
    fn rates_are_of_answers_within_the_window_and_counts_of_calls_started_within_it() {
        let begin = Instant::now();
        let mut tally = Tally::new(window(begin));
        tally.add(&outcome(begin, 990, 40)); // started before, answered within
        tally.add(&outcome(begin, 2990, 40)); // started within, answered after
        tally.add(&outcome(begin, 100, 10)); // both before
        let all = tally.figures().all;
        assert_eq!((all.calls, all.in_time, all.throughput, all.goodput), (1, 1, 0.5, 0.5));
    }

    #[test]
    fn priorities_are_apart_and_their_sum_is_all() {
        let begin = Instant::now();
        let mut tally = Tally::new(window(begin));
        tally.add(&outcome(begin, 1500, 10));
        tally.add(&Outcome { priority: Priority::Bulk, ..outcome(begin, 1500, 90) });
        let figures = tally.figures();
        let goodput = |priority| figures.by_priority[&priority].goodput;
        assert_eq!((goodput(Priority::Interactive), goodput(Priority::Bulk)), (0.5, 0.0));
        assert_eq!((figures.all.calls, figures.all.throughput), (2, 1.0));
    }

    #[test]
    fn a_mismatch_counts_whenever_it_comes() {
        let begin = Instant::now();
        let mut tally = Tally::new(window(begin));
        let checked = Checked { items: 4, mismatches: 1, failure: None };
        tally.add(&Outcome { checked, ..outcome(begin, 0, 10) });
        assert_eq!((tally.figures().score_mismatches, tally.figures().scores_compared), (1, 4));
    }

    #[test]
    fn quantiles_are_within_a_thousandth() {
        let mut latencies = histogram();
        (1..=100_000).for_each(|micros| latencies.saturating_record(micros));
        let Latency { p50, p90, p99, p999, max } = latency(&latencies);
        for (measured, true_value) in [(p50, 50.0), (p90, 90.0), (p99, 99.0), (p999, 99.9), (max, 100.0)] {
            assert!((measured.unwrap() / true_value - 1.0).abs() < 1e-3, "{measured:?}");
        }
        assert_eq!(latency(&histogram()).p50, None);
    }
}
