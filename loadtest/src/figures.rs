//! The figures of a run, as in the JSON file.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mix::Priority;

/// Of one run, or of one step of a sweep.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// Calls meant to start, a second.
    pub(crate) offered_rate: f64,
    /// Of all priorities together.
    #[serde(flatten)]
    pub(crate) all: Group,
    /// Until when an answer is of use, from when its call was meant to start; milliseconds.
    pub(crate) deadline_ms: f64,
    /// For how long calls were counted.
    pub(crate) seconds: f64,
    /// Answers whose score is not what it was alone. Must be 0.
    pub(crate) score_mismatches: u64,
    /// Answers that were compared.
    pub(crate) scores_compared: u64,
    /// How late this program started calls: what it adds to each latency by itself.
    pub(crate) client_lag_ms: Latency,
    /// Share of one core that this program took. None where the system does not tell.
    pub(crate) client_cpu_share: Option<f64>,
    /// Of each priority that was called with.
    pub(crate) by_priority: BTreeMap<Priority, Group>,
}

/// Of some calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Group {
    /// Calls answered, a second.
    pub(crate) throughput: f64,
    /// Calls answered within the deadline, a second.
    pub(crate) goodput: f64,
    /// Messages or photos answered, a second.
    pub(crate) items_per_second: f64,
    /// Of the answered calls, late ones too, from when each was meant to start.
    pub(crate) latency_ms: Latency,
    /// Calls without an answer, by gRPC code.
    pub(crate) errors: BTreeMap<&'static str, u64>,
    /// Calls in all.
    pub(crate) calls: u64,
    /// Those answered within the deadline.
    pub(crate) in_time: u64,
    /// Those answered after it.
    pub(crate) late: u64,
    /// Those tried a second time.
    pub(crate) retried: u64,
}

/// Quantiles, milliseconds. None: of nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(crate) struct Latency {
    /// Half took at most this.
    pub(crate) p50: Option<f64>,
    /// 90 % took at most this.
    pub(crate) p90: Option<f64>,
    /// 99 % took at most this.
    pub(crate) p99: Option<f64>,
    /// 99.9 % took at most this.
    pub(crate) p999: Option<f64>,
    /// None took longer.
    pub(crate) max: Option<f64>,
}

impl Figures {
    /// Share of the calls that were answered in time.
    pub(crate) fn in_time_share(&self) -> f64 {
        if self.all.calls == 0 { 0.0 } else { self.all.in_time as f64 / self.all.calls as f64 }
    }

    /// Why these figures may be those of this program and not of the server; None: they are not.
    pub(crate) fn doubt(&self) -> Option<String> {
        /// Later starts than this, in milliseconds, or than a tenth of the latency, are not small.
        const LAG: f64 = 1.0;
        /// A core that is this busy is about to fall behind.
        const BUSY: f64 = 0.9;
        let lag = self.client_lag_ms.p99.unwrap_or_default();
        let small = self.all.latency_ms.p99.unwrap_or_default() / 10.0;
        if lag > small.max(LAG) {
            return Some(format!("it started calls up to {lag:.1} ms late (p99)"));
        }
        let share = self.client_cpu_share.filter(|share| *share > BUSY)?;
        Some(format!("it took {:.0} % of a core", share * 100.0))
    }
}
