//! Who calls: how patient, how important, and whether they try again. Pure: the same for the same seed.

use std::time::Duration;

use clap::ValueEnum;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use serde::Serialize;

/// The metadata `ward-priority`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Priority {
    /// Somebody waits for the answer
    Interactive,
    /// Takes what is left
    Bulk,
}

impl Priority {
    /// All of them, in the order of importance.
    pub(crate) const ALL: [Self; 2] = [Self::Interactive, Self::Bulk];

    /// As in the metadata.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Bulk => "bulk",
        }
    }
}

/// What a caller does when the deadline passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Tells the server the deadline, and goes at it.
    Cancels,
    /// Tells the server a far one, and waits for an answer that is no longer of use.
    Stays,
}

/// What callers are like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mix {
    /// How long an answer is of use, from when its call was meant to start.
    pub(crate) deadline: Duration,
    /// What they do then.
    pub(crate) patience: Patience,
    /// Share of bulk calls, 0 to 1.
    pub(crate) bulk_share: f64,
    /// Share of the refused calls that are tried once more, 0 to 1.
    pub(crate) retry_share: f64,
    /// Where the draws begin.
    pub(crate) seed: u64,
}

/// One caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// How important.
    pub(crate) priority: Priority,
    /// Whether it tries once more when it is refused.
    pub(crate) retries: bool,
}

impl Mix {
    /// Who makes the call of this number.
    pub(crate) fn caller(&self, number: u64) -> Caller {
        let mut random = Pcg64Mcg::seed_from_u64(self.seed.wrapping_add(number));
        let (priority, retry) = (random.random::<f64>(), random.random::<f64>());
        Caller {
            priority: if priority < self.bulk_share { Priority::Bulk } else { Priority::Interactive },
            retries: retry < self.retry_share,
        }
    }

    /// Whether any call is of this priority.
    pub(crate) fn calls_with(&self, priority: Priority) -> bool {
        match priority {
            Priority::Interactive => self.bulk_share < 1.0,
            Priority::Bulk => self.bulk_share > 0.0,
        }
    }

    /// How long a caller waits, from when its call was meant to start.
    pub(crate) fn wait(&self) -> Duration {
        const FAR: Duration = Duration::from_secs(30);
        match self.patience {
            Patience::Cancels => self.deadline,
            Patience::Stays => FAR.max(self.deadline * 20),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mix(bulk_share: f64, retry_share: f64) -> Mix {
        let deadline = Duration::from_millis(250);
        Mix { deadline, patience: Patience::Cancels, bulk_share, retry_share, seed: 3 }
    }

    #[test]
    fn shares_are_kept() {
        let callers: Vec<_> = (0..10_000).map(|number| mix(0.9, 0.5).caller(number)).collect();
        let bulk = callers.iter().filter(|caller| caller.priority == Priority::Bulk).count();
        let retrying = callers.iter().filter(|caller| caller.retries).count();
        assert!((8_900..9_100).contains(&bulk) && (4_800..5_200).contains(&retrying), "{bulk} {retrying}");
    }

    #[test]
    fn none_and_all_are_exact() {
        let nobody = Caller { priority: Priority::Interactive, retries: false };
        let everybody = Caller { priority: Priority::Bulk, retries: true };
        assert!((0..1000).all(|number| mix(0.0, 0.0).caller(number) == nobody));
        assert!((0..1000).all(|number| mix(1.0, 1.0).caller(number) == everybody));
    }

    #[test]
    fn a_priority_is_called_with_unless_its_share_is_none() {
        let calls_with = |bulk_share| Priority::ALL.map(|priority| mix(bulk_share, 0.0).calls_with(priority));
        assert_eq!([0.0, 0.1, 1.0].map(calls_with), [[true, false], [true, true], [false, true]]);
    }

    #[test]
    fn who_stays_waits_far_longer_than_the_deadline() {
        assert_eq!(mix(0.0, 0.0).wait(), Duration::from_millis(250));
        assert!(Mix { patience: Patience::Stays, ..mix(0.0, 0.0) }.wait() >= Duration::from_secs(30));
    }
}
