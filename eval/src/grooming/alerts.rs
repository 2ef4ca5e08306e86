//! Alerts, right and wrong, over some conversations.

use serde::Serialize;

use super::sample::Sample;
use crate::metrics::{Proportion, Range};

/// Alerts in some conversations, at the shipped threshold: at any message, not only at the last.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Alerts {
    /// Conversations that show the pattern.
    pub(crate) n_pos: usize,
    /// Those that do not.
    pub(crate) n_neg: usize,
    /// Positives with an alert.
    pub(crate) true_alerts: usize,
    /// Negatives with an alert.
    pub(crate) false_alerts: usize,
    /// Share of the positives with an alert.
    pub(crate) recall: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) recall_interval: Option<Range>,
    /// Share of the negatives with an alert.
    pub(crate) fpr: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) fpr_interval: Option<Range>,
}

impl Alerts {
    /// Of `samples`.
    pub(crate) fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let (positives, negatives): (Vec<&Sample>, Vec<&Sample>) =
            samples.into_iter().partition(|sample| sample.positive);
        let alerted = |samples| Proportion::of(samples, |sample: &Sample| sample.first_alert.is_some());
        let (recall, fpr) = (alerted(positives), alerted(negatives));
        Self {
            n_pos: recall.n,
            n_neg: fpr.n,
            true_alerts: recall.hits,
            false_alerts: fpr.hits,
            recall: recall.rate(),
            recall_interval: recall.interval(),
            fpr: fpr.rate(),
            fpr_interval: fpr.interval(),
        }
    }

    /// Share of the alerts that are right.
    pub(crate) fn precision(&self) -> Option<f64> {
        Proportion { hits: self.true_alerts, n: self.true_alerts + self.false_alerts }.rate()
    }

    /// The harmonic mean of recall and precision. Undefined where there is no positive or no negative: half a test
    /// has no F1.
    pub(crate) fn f1(&self) -> Option<f64> {
        let both_classes = self.n_pos > 0 && self.n_neg > 0;
        let missed = self.n_pos - self.true_alerts;
        let twice = 2.0 * self.true_alerts as f64;
        both_classes.then(|| twice / (twice + (self.false_alerts + missed) as f64))
    }
}
