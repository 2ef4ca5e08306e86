//! When calls are meant to start. Pure: knows no clock, no network.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::ValueEnum;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// Who decides when the next call starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Arrival {
    /// The clock: whether or not earlier calls have been answered. This is how independent users behave, and the only
    /// way to see what overload does to them.
    Open {
        /// Calls a second, above 0.
        rate: f64,
        /// How they are spread.
        process: Process,
    },
    /// The server: so many callers, each of which waits for its answer before it calls again.
    Closed {
        /// Callers.
        concurrency: NonZeroUsize,
    },
}

/// How the calls of an open loop are spread over time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Process {
    /// Independent of each other, as those of many users are: some come close together
    Poisson,
    /// Evenly spaced
    Constant,
}

/// The starts of an open loop, as times since its beginning: those that lie before its end. The same for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Starts {
    rate: f64,
    end: Duration,
    gaps: Gaps,
}

#[derive(Debug, Clone)]
enum Gaps {
    /// Each start is computed from its number, so that rounding does not add up.
    Even { number: u32 },
    /// Seconds until the start before.
    Drawn { random: Pcg64Mcg, at: f64 },
}

impl Starts {
    /// Of `rate` calls a second for `duration`.
    pub(crate) fn new(process: Process, rate: f64, duration: Duration, seed: u64) -> Self {
        let gaps = match process {
            Process::Constant => Gaps::Even { number: 0 },
            Process::Poisson => Gaps::Drawn { random: Pcg64Mcg::seed_from_u64(seed), at: 0.0 },
        };
        Self { rate, end: duration, gaps }
    }
}

impl Iterator for Starts {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let seconds = match &mut self.gaps {
            Gaps::Even { number } => {
                let seconds = f64::from(*number) / self.rate;
                *number = number.checked_add(1)?;
                seconds
            }
            Gaps::Drawn { random, at } => {
                // The gaps of a Poisson process are exponential; 1 − u is never 0.
                *at -= (1.0 - random.random::<f64>()).ln() / self.rate;
                *at
            }
        };
        let start = Duration::try_from_secs_f64(seconds).ok()?;
        (start < self.end).then_some(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(process: Process, rate: f64, seconds: u64, seed: u64) -> Vec<Duration> {
        Starts::new(process, rate, Duration::from_secs(seconds), seed).collect()
    }

    #[test]
    fn constant_starts_are_evenly_spaced_and_end_with_the_duration() {
        let even = starts(Process::Constant, 4.0, 1, 0);
        assert_eq!(even, [0, 250, 500, 750].map(Duration::from_millis));
    }

    #[test]
    fn rounding_does_not_add_up() {
        let even = starts(Process::Constant, 3.0, 1000, 0);
        assert_eq!(even.len(), 3000);
        assert_eq!(even[2997], Duration::from_secs(999));
    }

    #[test]
    fn poisson_has_the_rate_as_its_mean_and_exponential_gaps() {
        let starts = starts(Process::Poisson, 200.0, 500, 7);
        // 100,000 expected, with a standard deviation of their square root.
        assert!((starts.len() as f64 - 1e5).abs() < 4.0 * 1e5_f64.sqrt(), "{}", starts.len());
        let gaps: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]).as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean * 200.0 - 1.0).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02, "an exponential's spread is its mean");
        let over_twice_the_mean = gaps.iter().filter(|gap| **gap > 2.0 * mean).count();
        assert!((over_twice_the_mean as f64 / gaps.len() as f64 - (-2.0_f64).exp()).abs() < 0.005);
    }

    #[test]
    fn counts_of_poisson_spread_as_much_as_their_mean() {
        let mut counts = vec![0.0_f64; 2000];
        for start in starts(Process::Poisson, 50.0, 2000, 11) {
            counts[start.as_secs() as usize] += 1.0;
        }
        let mean = counts.iter().sum::<f64>() / 2000.0;
        let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / 1999.0;
        assert!((variance / mean - 1.0).abs() < 0.15, "{}", variance / mean);
    }

    #[test]
    fn the_seed_decides() {
        let of = |seed| starts(Process::Poisson, 10.0, 10, seed);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
