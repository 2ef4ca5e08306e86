//! Alerts, right and wrong, over some conversations.

use serde::Serialize;

use super::super::record::Record;
use super::LEAST_GROUP;
use super::pieces::Pieces;
use crate::metrics::{Counts, Range};

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
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
    pub(crate) recall_interval: Option<Range>,
    /// Share of the negatives with an alert.
    pub(crate) fpr: Option<f64>,
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
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
        let positives = Pieces::of(records.clone().filter(|record| record.positive), &alerted);
        let negatives = Pieces::of(records.filter(|record| !record.positive), &alerted);
        let (recall, fpr) = (positives.share(), negatives.share());
        Self {
            n_pos: recall.n,
            n_neg: fpr.n,
            true_alerts: recall.hits,
            false_alerts: fpr.hits,
            recall: recall.rate(),
            recall_interval: positives.interval(),
            fpr: fpr.rate(),
            fpr_interval: negatives.interval(),
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

    /// F of recall and precision. Undefined where there is no positive or no negative: half a test has no F.
    pub(crate) fn f(&self, beta: f64) -> Option<f64> {
        self.counts().f(beta).filter(|_| self.n_pos > 0 && self.n_neg > 0)
    }

    /// The false-positive rate, where there are enough negatives to speak of one.
    pub(crate) fn sufficient_fpr(&self) -> Option<f64> {
        self.fpr.filter(|_| self.n_neg >= LEAST_GROUP)
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::Records;
    use super::super::super::record::testing::{Piece, add};
    use super::*;

    /// Of sixty negatives, cut evenly from so many originals, the first twenty with an alert.
    fn of(originals: usize) -> Alerts {
        let mut records = Records::default();
        for place in 0..60 {
            let original = (place * originals / 60).to_string();
            let alert = u32::from(place < 20);
            add(&mut records, Piece { original: &original, ..Piece::of((false, 0.1, alert)) });
        }
        Alerts::of(records.all().iter())
    }

    #[test]
    fn pieces_of_one_original_are_not_so_many_conversations() {
        let (few, many) = (of(3), of(60));
        assert_eq!((few.fpr, few.n_neg), (many.fpr, many.n_neg));
        let high = |alerts: &Alerts| alerts.fpr_interval.unwrap().high;
        assert!(high(&few) > high(&many) + 0.2, "{} {}", high(&few), high(&many));
    }
}
