//! How early the true alerts come, in messages read.

use std::num::NonZeroU32;

use serde::Serialize;

use super::super::record::{Record, Records};
use super::super::window;
use super::Alerts;
use super::pieces::Pieces;
use crate::metrics::{Decision, ERISK_STEEPNESS, ESPD_STEEPNESS, Range, erde, f_latency, quantile};

/// The unit is the conversation. As served: every message is scored once it is there, and the first ALERT stays.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Early {
    unit: &'static str,
    #[serde(flatten)]
    pub(crate) served: Latencies,
    /// The steepness of `f_latency`: ln 3 / 89, that of eSPD.
    pub(crate) p: f64,
    /// The steepness of `f_latency_erisk`: that of eRisk.
    pub(crate) p_erisk: f64,
    /// Of the positives in which the pattern comes to ask for a photo or a meeting, the share with an alert before that message.
    pub(crate) before_approach: Option<f64>,
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
    pub(crate) before_approach_interval: Option<Range>,
    /// Positives with such a request.
    pub(crate) n_approach: usize,
    /// The protocol of eSPD on the same message scores.
    pub(crate) sliding_window: SlidingWindow,
}

/// Windows of the last messages, each judged by itself; a warning when enough of the last windows are positive.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SlidingWindow {
    /// Messages in a window.
    pub(crate) messages: usize,
    /// The latest windows that are looked at together.
    pub(crate) windows: usize,
    /// So many of them must be positive.
    pub(crate) positive_windows: usize,
    #[serde(flatten)]
    pub(crate) alerts: Alerts,
    #[serde(flatten)]
    pub(crate) latencies: Latencies,
}

/// When the alerts come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Latencies {
    /// Messages read at the first alert: the median over the positives with an alert.
    pub(crate) median_latency: Option<f64>,
    /// The 75th percentile of the same.
    pub(crate) p75: Option<f64>,
    /// The 90th percentile of the same.
    pub(crate) p90: Option<f64>,
    /// Share of the positives that never have an alert.
    pub(crate) never: Option<f64>,
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
    pub(crate) never_interval: Option<Range>,
    /// Early risk detection error at 5 messages, lower is better.
    pub(crate) erde_5: Option<f64>,
    /// The same at 50 messages.
    pub(crate) erde_50: Option<f64>,
    /// F1 of the alerts, however late they come.
    pub(crate) f1: Option<f64>,
    /// F1 × (1 − median penalty), with eSPD's steepness.
    pub(crate) f_latency: Option<f64>,
    /// The same with eRisk's steepness.
    pub(crate) f_latency_erisk: Option<f64>,
    /// Share of the positives with an alert once so many messages have been read; thinned.
    pub(crate) alerted_by: Vec<AlertedBy>,
}

/// A step of the curve from messages read to positives with an alert.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct AlertedBy {
    /// Messages read.
    pub(crate) messages: u32,
    /// Share of all positives, 0 to 1.
    pub(crate) share: f64,
}

/// Steps of the curve that are kept.
const STEPS: usize = 200;

impl Early {
    /// Of all records.
    pub(crate) fn of(records: &Records) -> Self {
        let by_window = |record: &Record| record.window_alert;
        let approached = records.positives().filter(|record| record.before_approach.is_some());
        let before_approach = Pieces::of(approached, |record| record.before_approach == Some(true));
        Self {
            unit: "conversation",
            served: Latencies::of(records, |record| record.first_alert),
            p: ESPD_STEEPNESS,
            p_erisk: ERISK_STEEPNESS,
            before_approach: before_approach.share().rate(),
            before_approach_interval: before_approach.interval(),
            n_approach: before_approach.share().n,
            sliding_window: SlidingWindow {
                messages: window::MESSAGES,
                windows: window::WINDOWS,
                positive_windows: window::POSITIVE_WINDOWS,
                alerts: Alerts::by(records.all().iter(), |record| record.window_alert.is_some()),
                latencies: Latencies::of(records, by_window),
            },
        }
    }
}

impl Latencies {
    /// `alert`: the messages read at the first alert of a conversation.
    fn of(records: &Records, alert: impl Fn(&Record) -> Option<NonZeroU32>) -> Self {
        let alerts = Alerts::by(records.all().iter(), |record| alert(record).is_some());
        let mut latencies: Vec<f64> =
            records.positives().filter_map(&alert).map(|messages| f64::from(messages.get())).collect();
        let missed = Pieces::of(records.positives(), |record| alert(record).is_none());
        let decisions = records.all().iter().map(|record| Decision {
            positive: record.positive,
            alerted_at: alert(record).map(|messages| messages.get() as usize),
        });
        let both_classes = alerts.n_pos > 0 && alerts.n_neg > 0;
        let erde = |o| erde(decisions.clone(), o).filter(|_| both_classes);
        let f1 = alerts.f(1.0);
        let discounted = |steepness| f1.and_then(|f1| f_latency(f1, &latencies, steepness));
        Self {
            erde_5: erde(5.0),
            erde_50: erde(50.0),
            f1,
            f_latency: discounted(ESPD_STEEPNESS),
            f_latency_erisk: discounted(ERISK_STEEPNESS),
            never: missed.share().rate(),
            never_interval: missed.interval(),
            alerted_by: alerted_by(&latencies, alerts.n_pos),
            median_latency: quantile(&mut latencies, 0.5),
            p75: quantile(&mut latencies, 0.75),
            p90: quantile(&mut latencies, 0.9),
        }
    }
}

fn alerted_by(latencies: &[f64], n_pos: usize) -> Vec<AlertedBy> {
    let mut messages: Vec<u32> = latencies.iter().map(|&messages| messages as u32).collect();
    messages.sort_unstable();
    let mut read = 0;
    let mut steps: Vec<AlertedBy> = Vec::new();
    for same in messages.chunk_by(|left, right| left == right) {
        read += same.len();
        steps.push(AlertedBy { messages: same[0], share: read as f64 / n_pos as f64 });
    }
    let (stride, last) = (steps.len().div_ceil(STEPS).max(1), steps.len().saturating_sub(1));
    let thinned = steps.into_iter().enumerate().filter(|(place, _)| place % stride == 0 || *place == last);
    thinned.map(|(_, step)| step).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::{Piece, add, mixed, records};
    use super::*;

    fn assert_close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-9, "{found:?}, expected {expected}");
    }

    #[test]
    fn as_served_by_hand() {
        let early = Early::of(&mixed()).served;
        // numpy.quantile([3, 7], [0.5, 0.75, 0.9]) = 5, 6, 6.6
        assert_eq!((early.median_latency, early.p75), (Some(5.0), Some(6.0)));
        assert_close(early.p90, 6.6);
        assert_eq!(early.never, Some(1.0 / 3.0));
        // Costs at o = 5: 1 - 1/(1+exp(3-5)) = 0.1192029220, 1 - 1/(1+exp(7-5)) = 0.8807970780, a miss 1, a false alarm
        // 3/5, silence 0: 2.6 / 5.
        assert_close(early.erde_5, 0.52);
        // At o = 50 the two true alerts cost nothing: 1.6 / 5.
        assert_close(early.erde_50, 0.32);
        // F1 is 2/3, the penalties tanh(p k / 2) at k = 2 and 6 (for -1 + 2/(1+exp(-x)) = tanh(x/2)):
        // 2/3 * (1 - (tanh(ln 3/89) + tanh(3 ln 3/89)) / 2) and 2/3 * (1 - (tanh(0.0078) + tanh(0.0234)) / 2)
        assert_close(early.f_latency, 0.650_213_904_2);
        assert_close(early.f_latency_erisk, 0.656_268_142_7);
    }

    #[test]
    fn the_share_alerted_grows_with_the_messages_read() {
        let found: Vec<_> =
            Early::of(&mixed()).served.alerted_by.iter().map(|step| (step.messages, step.share)).collect();
        assert_eq!(found, [(3, 1.0 / 3.0), (7, 2.0 / 3.0)]);
        let many: Vec<f64> = (1..=1000).map(f64::from).collect();
        let steps = alerted_by(&many, 2000);
        assert!(steps.len() <= STEPS + 1);
        assert_eq!(steps.last(), Some(&AlertedBy { messages: 1000, share: 0.5 }));
    }

    #[test]
    fn the_sliding_window_has_figures_of_its_own() {
        let mut records = mixed();
        add(&mut records, Piece { window_alert: 9, ..Piece::of((true, 0.9, 4)) });
        let window = Early::of(&records).sliding_window;
        assert_eq!((window.latencies.median_latency, window.alerts.recall), (Some(9.0), Some(0.25)));
        assert_eq!((window.alerts.false_alerts, window.latencies.never), (0, Some(0.75)));
        assert_eq!((window.messages, window.windows, window.positive_windows), (50, 10, 5));
    }

    #[test]
    fn one_class_is_half_a_test() {
        let benign = Early::of(&records(&[(false, 0.1, 0), (false, 0.9, 3)])).served;
        assert_eq!(
            (benign.median_latency, benign.f_latency, benign.never, benign.erde_5),
            (None, None, None, None)
        );
    }
}
