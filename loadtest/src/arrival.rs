//! When calls are meant to start. Pure: knows no clock, no network.

use std::num::NonZeroUsize;
use std::time::Duration;

/// Who decides when the next call starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Arrival {
    /// The clock: so many calls a second, evenly spaced, whether or not earlier ones have been answered. This is how
    /// independent users behave, and the only way to see what overload does to them.
    Open {
        /// Calls a second, above 0.
        rate: f64,
    },
    /// The server: so many callers, each of which waits for its answer before it calls again.
    Closed {
        /// Callers.
        concurrency: NonZeroUsize,
    },
}

/// The starts of an open loop, as times since its beginning: those that lie before `duration`.
pub(crate) fn starts(rate: f64, duration: Duration) -> impl Iterator<Item = Duration> {
    // Each is computed from its number, so that rounding does not add up.
    let start = move |call: u32| Duration::from_secs_f64(f64::from(call) / rate);
    (0..).map(start).take_while(move |start| *start < duration)
}

/// The rates of a sweep: each twice the one before.
pub(crate) fn doubling() -> impl Iterator<Item = f64> {
    const FIRST: f64 = 8.0;
    const LAST: f64 = 1e6;
    std::iter::successors(Some(FIRST), |rate| Some(rate * 2.0)).take_while(|rate| *rate <= LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_evenly_spaced_and_end_with_the_duration() {
        let starts: Vec<_> = starts(4.0, Duration::from_secs(1)).collect();
        assert_eq!(starts, [0, 250, 500, 750].map(Duration::from_millis));
    }

    #[test]
    fn rounding_does_not_add_up() {
        let starts: Vec<_> = starts(3.0, Duration::from_secs(1000)).collect();
        assert_eq!(starts.len(), 3000);
        assert_eq!(starts[2997], Duration::from_secs(999));
    }

    #[test]
    fn a_sweep_ends() {
        assert!(doubling().take(4).eq([8.0, 16.0, 32.0, 64.0]));
        assert!(doubling().count() < 20);
    }
}
