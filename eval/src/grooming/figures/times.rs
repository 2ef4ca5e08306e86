//! What each stage takes for a message.

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::super::stages::{Timing, Timings};

/// Longer than this no message takes: an hour, in nanoseconds.
const LONGEST: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;
const NANOSECONDS_PER_MICROSECOND: f64 = 1e3;

/// The stages in the order of the pipeline. Every message counts with the mean of those it was timed with: its block
/// (prepare), its run of the model (infer) or its conversation (risk).
#[derive(Debug)]
pub(crate) struct StageTimes {
    prepare: Histogram<u64>,
    infer: Histogram<u64>,
    risk: Histogram<u64>,
}

/// The stages in the order of the pipeline.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StageLatencies {
    unit: &'static str,
    /// From text to tokens.
    pub(crate) prepare: Latency,
    /// From tokens to scores.
    pub(crate) infer: Latency,
    /// From scores to the conversation's risk.
    pub(crate) risk: Latency,
}

/// Microseconds for a message, on one thread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// Half of the messages take no longer.
    pub(crate) p50: Option<f64>,
    /// Nine of ten.
    pub(crate) p90: Option<f64>,
    /// Ninety-nine of a hundred.
    pub(crate) p99: Option<f64>,
}

impl StageTimes {
    /// Of nothing yet.
    ///
    /// # Errors
    /// When the bounds of the histograms contradict themselves.
    pub(crate) fn new() -> Result<Self> {
        let empty = || Histogram::new_with_max(LONGEST, DIGITS);
        Ok(Self { prepare: empty()?, infer: empty()?, risk: empty()? })
    }

    /// Adds what one block took.
    pub(crate) fn add(&mut self, timings: &Timings) {
        record(&mut self.prepare, timings.prepare);
        timings.infer.iter().for_each(|&timing| record(&mut self.infer, timing));
        timings.risk.iter().for_each(|&timing| record(&mut self.risk, timing));
    }

    /// Of each stage.
    pub(crate) fn latencies(&self) -> StageLatencies {
        let [prepare, infer, risk] = [&self.prepare, &self.infer, &self.risk].map(Latency::of);
        StageLatencies { unit: "message", prepare, infer, risk }
    }
}

fn record(histogram: &mut Histogram<u64>, timing: Timing) {
    if let Some(mean) = timing.took.as_nanos().checked_div(timing.messages as u128) {
        let mean = u64::try_from(mean).unwrap_or(LONGEST).clamp(1, LONGEST);
        histogram.saturating_record_n(mean, timing.messages as u64);
    }
}

impl Latency {
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |q| {
            let nanoseconds = histogram.value_at_quantile(q) as f64;
            (!histogram.is_empty()).then(|| nanoseconds / NANOSECONDS_PER_MICROSECOND)
        };
        Self { p50: at(0.5), p90: at(0.9), p99: at(0.99) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn messages_count_and_not_runs() {
        let timing = |messages, micros| Timing { messages, took: Duration::from_micros(micros) };
        let mut times = StageTimes::new().unwrap();
        // Sixteen messages of 10 µs each, and one of 500 µs.
        times.add(&Timings { infer: vec![timing(16, 160), timing(1, 500)], ..Timings::default() });
        let infer = times.latencies().infer;
        assert!(
            (infer.p50.unwrap() - 10.0).abs() < 0.1 && (infer.p99.unwrap() - 500.0).abs() < 1.0,
            "{infer:?}"
        );
        assert_eq!(times.latencies().prepare.p50, None);
    }
}
