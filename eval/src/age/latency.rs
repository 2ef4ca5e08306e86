//! How long each stage takes, photo by photo, while all threads are at work.

use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;
use serde::Serialize;

/// An hour in microseconds; nothing takes longer.
const LONGEST: u64 = 3_600_000_000;

/// Digits that a quantile is good to.
const DIGITS: u8 = 3;

/// What the stages took for one photo.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timings {
    /// Decode, detect, align, judge quality.
    pub(crate) prepare: Option<Duration>,
    /// The age model, on all faces that a check looks at. None: there was no face.
    pub(crate) infer: Option<Duration>,
}

/// The times of all photos.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    threads: usize,
    prepare: Histogram<u64>,
    infer: Histogram<u64>,
}

/// Of the stages, as in report.json.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// Threads at work at once, each with stages of its own that compute on it alone.
    pub(crate) threads: usize,
    /// Decode, detect, align, judge quality.
    pub(crate) prepare: Quantiles,
    /// The age model.
    pub(crate) infer: Quantiles,
}

/// Milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Quantiles {
    /// Photos.
    pub(crate) n: u64,
    /// The median.
    pub(crate) p50: Option<f64>,
    /// Nine of ten took no longer.
    pub(crate) p90: Option<f64>,
    /// 99 of a hundred took no longer.
    pub(crate) p99: Option<f64>,
}

impl Stopwatch {
    /// For so many threads.
    ///
    /// # Errors
    /// Never with the bounds chosen here.
    pub(crate) fn new(threads: usize) -> Result<Self> {
        let empty = || Histogram::new_with_bounds(1, LONGEST, DIGITS);
        Ok(Self { threads, prepare: empty()?, infer: empty()? })
    }

    /// Adds one photo.
    pub(crate) fn add(&mut self, timings: Timings) {
        let record = |histogram: &mut Histogram<u64>, time: Option<Duration>| {
            let micros = time.map(|time| u64::try_from(time.as_micros()).unwrap_or(LONGEST));
            micros.into_iter().for_each(|micros| histogram.saturating_record(micros));
        };
        record(&mut self.prepare, timings.prepare);
        record(&mut self.infer, timings.infer);
    }

    /// The quantiles so far.
    pub(crate) fn latency(&self) -> Latency {
        Latency { threads: self.threads, prepare: quantiles(&self.prepare), infer: quantiles(&self.infer) }
    }
}

/// Runs `work` and says how long it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    let done = work();
    (done, started.elapsed())
}

fn quantiles(times: &Histogram<u64>) -> Quantiles {
    let at = |share| (!times.is_empty()).then(|| times.value_at_quantile(share) as f64 / 1000.0);
    Quantiles { n: times.len(), p50: at(0.5), p90: at(0.9), p99: at(0.99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_by_hand() {
        // 1, 2, …, 100 ms: the median is 50 ms, and so on, to three digits.
        let mut watch = Stopwatch::new(2).unwrap();
        for millis in 1..=100 {
            watch.add(Timings { prepare: Some(Duration::from_millis(millis)), infer: None });
        }
        let latency = watch.latency();
        assert_eq!((latency.threads, latency.prepare.n, latency.infer.n), (2, 100, 0));
        for (found, expected) in
            [(latency.prepare.p50, 50.0), (latency.prepare.p90, 90.0), (latency.prepare.p99, 99.0)]
        {
            assert!((found.unwrap() - expected).abs() <= expected * 1e-3, "{found:?}");
        }
        assert_eq!(latency.infer.p50, None);
    }
}
