//! The search for the knee: the highest rate at which nearly every call is answered in time. Pure.
//!
//! Rates double until one fails, or halve until one passes; then the gap between the two is bisected by ratio. A rate
//! fails only when it fails twice: a machine has other things to do now and then.

/// The share of the calls that must be answered in time.
pub(crate) const ENOUGH: f64 = 0.99;

/// The search ends when the lowest rate that failed is within this ratio of the highest that passed.
const CLOSE: f64 = 1.05;

/// No rate beyond these is tried, calls a second.
const LIMITS: std::ops::RangeInclusive<f64> = 0.01..=1e6;

/// The search so far.
#[derive(Debug, Clone)]
pub(crate) struct Search {
    next: f64,
    has_failed_once: bool,
    passed: Option<f64>,
    failed: Option<f64>,
}

impl Search {
    /// Begins at a rate above 0.
    pub(crate) fn from(rate: f64) -> Self {
        Self {
            next: rate.clamp(*LIMITS.start(), *LIMITS.end()),
            has_failed_once: false,
            passed: None,
            failed: None,
        }
    }

    /// The rate to try next; None: the knee is found, or there is none.
    pub(crate) fn next(&self) -> Option<f64> {
        let close = match (self.passed, self.failed) {
            (Some(passed), Some(failed)) => failed / passed <= CLOSE,
            _ => false,
        };
        (!close && LIMITS.contains(&self.next)).then_some(self.next)
    }

    /// Takes the share of calls that were answered in time at the rate of [`Self::next`].
    pub(crate) fn tried(&mut self, in_time_share: f64) {
        if in_time_share >= ENOUGH {
            self.passed = Some(self.next);
        } else if self.has_failed_once {
            self.failed = Some(self.next);
        } else {
            self.has_failed_once = true;
            return;
        }
        self.has_failed_once = false;
        self.next = match (self.passed, self.failed) {
            (Some(passed), Some(failed)) => (passed * failed).sqrt(),
            (Some(passed), None) => passed * 2.0,
            (None, Some(failed)) => failed / 2.0,
            (None, None) => self.next,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates tried, and the highest that passed, on a server that answers all in time up to `capacity`.
    fn search(begin: f64, share: impl Fn(f64, usize) -> f64) -> (Vec<f64>, Option<f64>) {
        let (mut search, mut tried) = (Search::from(begin), Vec::new());
        while let Some(rate) = search.next() {
            search.tried(share(rate, tried.len()));
            tried.push(rate);
        }
        (tried, search.passed)
    }

    fn server(capacity: f64) -> impl Fn(f64, usize) -> f64 {
        // Beyond its capacity it answers as much as it can.
        move |rate, _| (capacity / rate).min(1.0)
    }

    #[test]
    fn the_knee_is_found_within_the_ratio_from_below_and_from_above() {
        for capacity in [3.0, 100.0, 1234.5, 9999.0] {
            for begin in [capacity / 9.0, capacity, capacity * 7.0] {
                let (tried, knee) = search(begin, server(capacity));
                let ratio = knee.unwrap() / (capacity / ENOUGH);
                assert!(ratio <= 1.0 && ratio * CLOSE >= 1.0, "{knee:?} of {capacity} from {begin}");
                assert!(tried.len() <= 16, "{tried:?}");
            }
        }
    }

    #[test]
    fn one_bad_moment_does_not_move_the_knee() {
        let (tried, knee) =
            search(50.0, |rate, step| if step == 1 { 0.5 } else { server(220.0)(rate, step) });
        assert_eq!(tried[1], tried[2], "the rate is tried again");
        assert!(knee.unwrap() > 220.0 / CLOSE, "{knee:?}");
    }

    #[test]
    fn a_server_that_answers_nothing_has_no_knee_and_one_without_limit_ends_the_search() {
        let (tried, knee) = search(64.0, |_, _| 0.0);
        assert!(knee.is_none() && tried.len() < 30, "{tried:?}");
        let (tried, knee) = search(64.0, |_, _| 1.0);
        assert!(knee.unwrap() > 5e5 && tried.len() < 20, "{tried:?}");
    }
}
