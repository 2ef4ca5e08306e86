//! Figures whose unit is the conversation.

use std::collections::BTreeMap;

use models::grooming::Abstention;
use serde::Serialize;

use super::super::record::{Record, Records};
use super::curve::curve;
use super::pieces::Pieces;
use super::projection::Projection;
use super::{Alerts, CurvePoint, LIMITS};
use crate::metrics::{Proportion, Range, Ranking, Scored};

const MILLION: f64 = 1e6;

/// The unit is the conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Conversations {
    unit: &'static str,
    #[serde(flatten)]
    pub(crate) alerts: Alerts,
    /// Alerts that are right.
    pub(crate) precision: Option<f64>,
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
    pub(crate) precision_interval: Option<Range>,
    /// Of recall and precision.
    pub(crate) f1: Option<f64>,
    /// The same with precision weighing twice as much as recall.
    pub(crate) f0_5: Option<f64>,
    #[serde(flatten)]
    pub(crate) ranked: Ranked,
    /// Alerts in each million messages of the benign conversations. An alert stays: there is at most one for each.
    pub(crate) alerts_per_million: Option<f64>,
    /// 95 %, Clopper–Pearson, as if messages were independent.
    pub(crate) alerts_per_million_interval: Option<Range>,
    /// Messages of the benign conversations.
    pub(crate) n_benign_messages: usize,
    #[serde(flatten)]
    pub(crate) projection: Projection,
    /// Conversations that the model does not judge; they count as without an alert.
    pub(crate) n_abstained: usize,
    /// The same by reason.
    pub(crate) abstained_by_reason: BTreeMap<&'static str, usize>,
    /// Thinned.
    pub(crate) curve: Vec<CurvePoint>,
}

/// How well a score sets positive conversations above negative ones.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Ranked {
    /// Average precision.
    pub(crate) pr_auc: Option<f64>,
    /// 95 %, Boyd, Eng and Page.
    pub(crate) pr_auc_interval: Option<Range>,
    /// The chance that a positive stands above a negative.
    pub(crate) roc_auc: Option<f64>,
    /// 95 %, DeLong.
    pub(crate) roc_auc_interval: Option<Range>,
    /// The best recall that keeps each false-positive rate.
    pub(crate) recall_at_fpr: BTreeMap<&'static str, Option<f64>>,
    /// 95 %, Clopper–Pearson, at the threshold that was found on these very conversations.
    pub(crate) recall_at_fpr_interval: BTreeMap<&'static str, Option<Range>>,
}

impl Ranked {
    /// By this ranking.
    pub(crate) fn of(ranking: &Ranking) -> Self {
        let caught = |limit| ranking.caught_at_fpr(limit);
        Self {
            pr_auc: ranking.pr_auc(),
            pr_auc_interval: ranking.pr_auc_interval(),
            roc_auc: ranking.roc_auc(),
            roc_auc_interval: ranking.roc_auc_interval(),
            recall_at_fpr: LIMITS.map(|(key, limit)| (key, caught(limit).and_then(Proportion::rate))).into(),
            recall_at_fpr_interval: LIMITS
                .map(|(key, limit)| (key, caught(limit).and_then(Proportion::interval)))
                .into(),
        }
    }
}

/// All conversations by one of their scores.
pub(crate) fn ranking(records: &Records, score: impl Fn(&Record) -> f32) -> Ranking {
    let scored = |record: &Record| Scored { score: f64::from(score(record)), positive: record.positive };
    Ranking::of(records.all().iter().map(scored).collect())
}

impl Conversations {
    /// Of all records.
    pub(crate) fn of(records: &Records) -> Self {
        let ranking = ranking(records, |record| record.risk);
        let alerts = Alerts::of(records.all().iter());
        let messages: f64 = records.negatives().map(Record::messages).sum();
        let alarms = Proportion { hits: alerts.false_alerts, n: messages as usize };
        let alerted = records.all().iter().filter(|record| record.alerted());
        let right = Pieces::of(alerted, |record| record.positive);
        let scaled = |range: Range| Range { low: range.low * MILLION, high: range.high * MILLION };
        Self {
            unit: "conversation",
            precision: right.share().rate(),
            precision_interval: right.interval(),
            f1: alerts.f(1.0),
            f0_5: alerts.f(0.5),
            ranked: Ranked::of(&ranking),
            alerts_per_million: alarms.rate().map(|rate| rate * MILLION),
            alerts_per_million_interval: alarms.interval().map(scaled),
            n_benign_messages: alarms.n,
            projection: Projection::of(&alerts),
            n_abstained: records.all().iter().filter(|record| record.abstained.is_some()).count(),
            abstained_by_reason: reasons(records),
            curve: curve(&ranking),
            alerts,
        }
    }
}

fn reasons(records: &Records) -> BTreeMap<&'static str, usize> {
    let mut reasons = BTreeMap::new();
    for abstention in records.all().iter().filter_map(|record| record.abstained) {
        *reasons.entry(Abstention::as_str(abstention)).or_default() += 1;
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::{mixed, records};
    use super::*;

    #[test]
    fn by_hand() {
        // Of six pairs one stands wrong (0.3 under 0.6). AP: 1/3 + 1/3 + 1/3 × 3/4.
        let found = Conversations::of(&mixed());
        assert_eq!((found.alerts.n_pos, found.alerts.n_neg), (3, 2));
        assert!((found.ranked.roc_auc.unwrap() - 5.0 / 6.0).abs() < 1e-12);
        assert!((found.ranked.pr_auc.unwrap() - (2.0 / 3.0 + 0.25)).abs() < 1e-12);
        assert_eq!((found.alerts.recall, found.alerts.fpr), (Some(2.0 / 3.0), Some(0.5)));
        // Precision 2/3 and recall 2/3: every F is 2/3.
        assert_eq!((found.precision, found.f1), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert!((found.f0_5.unwrap() - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!(found.ranked.recall_at_fpr["0.01"], None);
    }

    #[test]
    fn false_alarms_against_messages_read() {
        // One false alarm in two conversations of ten messages: 50,000 in a million.
        // scipy.stats.binomtest(1, 20).proportion_ci() = 0.00126509, 0.24873276
        let found = Conversations::of(&mixed());
        assert_eq!((found.n_benign_messages, found.alerts_per_million), (20, Some(50_000.0)));
        let interval = found.alerts_per_million_interval.unwrap();
        assert!(
            (interval.low - 1265.09).abs() < 0.01 && (interval.high - 248_732.76).abs() < 0.01,
            "{interval:?}"
        );
    }

    #[test]
    fn one_class_leaves_its_figures_open() {
        let found = Conversations::of(&records(&[(false, 0.2, 0), (false, 0.1, 0)]));
        assert_eq!(
            (found.alerts.recall, found.ranked.roc_auc, found.f1, found.precision),
            (None, None, None, None)
        );
        assert_eq!((found.alerts.fpr, found.curve.len()), (Some(0.0), 0));
    }
}
