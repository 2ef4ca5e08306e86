//! Alerts, right and wrong, over some conversations.

use serde::Serialize;

use super::super::record::Record;
use super::LEAST_GROUP;
use crate::metrics::{Counts, Proportion, Range};

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
    /// Of `records`, by the alert that is served.
    pub(crate) fn of<'a>(records: impl Iterator<Item = &'a Record> + Clone) -> Self {
        Self::by(records, Record::alerted)
    }

    /// Of `records`, by an alert of another kind.
    pub(crate) fn by<'a>(
        records: impl Iterator<Item = &'a Record> + Clone,
        alerted: impl Fn(&Record) -> bool,
    ) -> Self {
        let recall = Proportion::of(records.clone().filter(|record| record.positive), &alerted);
        let fpr = Proportion::of(records.filter(|record| !record.positive), &alerted);
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

    /// As counts.
    pub(crate) fn counts(&self) -> Counts {
        Counts {
            true_positives: self.true_alerts,
            false_positives: self.false_alerts,
            false_negatives: self.n_pos - self.true_alerts,
        }
    }

    /// Alerts that are right, of all.
    pub(crate) fn precision(&self) -> Proportion {
        Proportion { hits: self.true_alerts, n: self.true_alerts + self.false_alerts }
    }

    /// F of recall and precision. Undefined where there is no positive or no negative: half a test has no F.
    pub(crate) fn f(&self, beta: f64) -> Option<f64> {
        self.counts().f(beta).filter(|_| self.n_pos > 0 && self.n_neg > 0)
    }

    /// The false-positive rate, where there are enough negatives to speak of one.
    pub(crate) fn sufficient_fpr(&self) -> Option<f64> {
        self.fpr.filter(|_| self.n_neg >= LEAST_GROUP)
    }
}
