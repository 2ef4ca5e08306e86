//! What came back: counts, and a histogram of latencies. Pure.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use proto::code_name;
use serde::Serialize;
use tonic::Code;

/// Latencies over an hour count as an hour, microseconds.
const LONGEST: u64 = 3_600_000_000;

/// One call that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// From when it was meant to start.
    pub(crate) latency: Duration,
    /// Answered, or why not.
    pub(crate) result: Result<(), Code>,
}

/// All calls of a run.
#[derive(Debug)]
pub(crate) struct Tally {
    /// For how long calls were started.
    pub(crate) offering: Duration,
    /// From the beginning until the last call had ended.
    pub(crate) elapsed: Duration,
    deadline: Duration,
    /// Of the answered calls, microseconds.
    latencies: Histogram<u64>,
    in_time: u64,
    errors: BTreeMap<&'static str, u64>,
}

/// The figures of a run, as in the JSON file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// Calls started, a second.
    pub(crate) offered_rate: f64,
    /// Calls answered, a second.
    pub(crate) throughput: f64,
    /// Calls answered within the deadline, a second.
    pub(crate) goodput: f64,
    /// Of the answered calls, from when each was meant to start.
    pub(crate) latency_ms: Latency,
    /// Calls without an answer, by gRPC code.
    pub(crate) errors: BTreeMap<&'static str, u64>,
    /// Calls in all.
    pub(crate) calls: u64,
    /// Those answered within the deadline.
    pub(crate) in_time: u64,
    /// Until the last call had ended.
    pub(crate) seconds: f64,
    /// Milliseconds.
    pub(crate) deadline_ms: f64,
}

/// Quantiles, milliseconds. None: no call was answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50: Option<f64>,
    pub(crate) p90: Option<f64>,
    pub(crate) p99: Option<f64>,
    pub(crate) p999: Option<f64>,
}

impl Tally {
    /// Of nothing yet.
    pub(crate) fn new(deadline: Duration) -> Self {
        #[allow(clippy::expect_used)]
        let latencies =
            Histogram::new_with_max(LONGEST, 3).expect("an hour at three digits is within its limits");
        Self {
            offering: Duration::ZERO,
            elapsed: Duration::ZERO,
            deadline,
            latencies,
            in_time: 0,
            errors: BTreeMap::new(),
        }
    }

    /// Adds a call.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome.result {
            Ok(()) => {
                let micros = u64::try_from(outcome.latency.as_micros()).unwrap_or(u64::MAX);
                self.latencies.saturating_record(micros.max(1));
                self.in_time += u64::from(outcome.latency <= self.deadline);
            }
            Err(code) => *self.errors.entry(code_name(code)).or_default() += 1,
        }
    }

    /// Calls that were answered.
    pub(crate) fn answered(&self) -> u64 {
        self.latencies.len()
    }

    /// Calls that were not.
    pub(crate) fn failed(&self) -> u64 {
        self.errors.values().sum()
    }

    /// What it all comes to.
    pub(crate) fn figures(&self) -> Figures {
        let seconds = self.elapsed.as_secs_f64();
        let rate = |calls: u64| calls as f64 / seconds;
        let calls = self.answered() + self.failed();
        Figures {
            offered_rate: calls as f64 / self.offering.as_secs_f64(),
            throughput: rate(self.answered()),
            goodput: rate(self.in_time),
            latency_ms: self.latency(),
            errors: self.errors.clone(),
            calls,
            in_time: self.in_time,
            seconds,
            deadline_ms: self.deadline.as_secs_f64() * 1e3,
        }
    }

    fn latency(&self) -> Latency {
        let quantile = |share| {
            let micros = self.latencies.value_at_quantile(share);
            (self.answered() > 0).then(|| micros as f64 / 1e3)
        };
        Latency { p50: quantile(0.5), p90: quantile(0.9), p99: quantile(0.99), p999: quantile(0.999) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        let mut tally = Tally::new(Duration::from_millis(50));
        (tally.offering, tally.elapsed) = (Duration::from_secs(1), Duration::from_secs(2));
        for millis in [10, 20, 30, 90] {
            tally.add(Outcome { latency: Duration::from_millis(millis), result: Ok(()) });
        }
        tally.add(Outcome { latency: Duration::ZERO, result: Err(Code::ResourceExhausted) });
        let figures = tally.figures();
        assert_eq!((figures.calls, figures.offered_rate), (5, 5.0));
        assert_eq!((figures.throughput, figures.goodput), (2.0, 1.5));
        assert_eq!(figures.errors, BTreeMap::from([("RESOURCE_EXHAUSTED", 1)]));
        assert!((figures.latency_ms.p50.unwrap() - 20.0).abs() < 0.05);
        assert!((figures.latency_ms.p99.unwrap() - 90.0).abs() < 0.1);
    }
}
