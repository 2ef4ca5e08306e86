//! What spoiling the text does to recall and to false alarms, at the shipped threshold.

use serde::Serialize;

use super::super::perturb::Perturbation;
use super::super::robustness::Alerted;
use crate::metrics::{Paired, Proportion, Range};

/// The unit is the conversation, of those drawn.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Robustness {
    unit: &'static str,
    /// Of the draw and of the perturbations.
    pub(crate) seed: u64,
    /// Positives drawn.
    pub(crate) n_pos: usize,
    /// Negatives drawn.
    pub(crate) n_neg: usize,
    /// Share of the positives with an alert, as they are.
    pub(crate) recall: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) recall_interval: Option<Range>,
    /// Share of the negatives with an alert, as they are.
    pub(crate) fpr: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) fpr_interval: Option<Range>,
    /// The same conversations, spoiled.
    pub(crate) by_perturbation: Vec<Perturbed>,
    /// The same conversations, changed to see what the model goes by.
    pub(crate) probes: Vec<Perturbed>,
    /// Perturbations that the data do not allow: dilution without another benign conversation.
    pub(crate) skipped: Vec<&'static str>,
}

/// One perturbation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Perturbed {
    /// Its name.
    pub(crate) perturbation: &'static str,
    /// Share of the positives with an alert, spoiled.
    pub(crate) recall: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) recall_interval: Option<Range>,
    /// Less the recall of the same as they are.
    pub(crate) recall_change: Option<f64>,
    /// 95 %, paired, Newcombe.
    pub(crate) recall_change_interval: Option<Range>,
    /// Positives that lose their alert.
    pub(crate) true_alerts_lost: usize,
    /// Positives that gain one.
    pub(crate) true_alerts_gained: usize,
    /// Share of the negatives with an alert, spoiled.
    pub(crate) fpr: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) fpr_interval: Option<Range>,
    /// Less the rate of the same as they are.
    pub(crate) fpr_change: Option<f64>,
    /// 95 %, paired, Newcombe.
    pub(crate) fpr_change_interval: Option<Range>,
    /// Negatives that lose their alert.
    pub(crate) false_alerts_lost: usize,
    /// Negatives that gain one.
    pub(crate) false_alerts_gained: usize,
}

impl Robustness {
    /// Of the conversations that were drawn.
    pub(crate) fn of(alerted: &Alerted) -> Self {
        let (positives, negatives) = alerted.unperturbed.split_at(alerted.n_pos);
        let share = |alerts: &[bool]| Proportion::of(alerts, |&alert| alert);
        let (recall, fpr) = (share(positives), share(negatives));
        let done = |some: &[Perturbation]| {
            let chosen = alerted.perturbed.iter().filter(|(perturbation, _)| some.contains(perturbation));
            let compared = chosen.filter_map(|(perturbation, alerts)| {
                let (after_positives, after_negatives) = alerts.as_ref()?.split_at(alerted.n_pos);
                let positives = Paired::of(positives, after_positives);
                let negatives = Paired::of(negatives, after_negatives);
                Some(Perturbed::of(perturbation.as_str(), positives, negatives))
            });
            compared.collect()
        };
        let skipped = alerted.perturbed.iter().filter(|(_, alerts)| alerts.is_none());
        Self {
            unit: "conversation",
            seed: alerted.seed,
            n_pos: recall.n,
            n_neg: fpr.n,
            recall: recall.rate(),
            recall_interval: recall.interval(),
            fpr: fpr.rate(),
            fpr_interval: fpr.interval(),
            by_perturbation: done(&Perturbation::SPOILED),
            probes: done(&Perturbation::PROBES),
            skipped: skipped.map(|(perturbation, _)| perturbation.as_str()).collect(),
        }
    }
}

impl Perturbed {
    fn of(perturbation: &'static str, positives: Paired, negatives: Paired) -> Self {
        Self {
            perturbation,
            recall: positives.after().rate(),
            recall_interval: positives.after().interval(),
            recall_change: positives.change(),
            recall_change_interval: positives.change_interval(),
            true_alerts_lost: positives.lost,
            true_alerts_gained: positives.gained,
            fpr: negatives.after().rate(),
            fpr_interval: negatives.after().interval(),
            fpr_change: negatives.change(),
            fpr_change_interval: negatives.change_interval(),
            false_alerts_lost: negatives.lost,
            false_alerts_gained: negatives.gained,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_kept_apart_and_what_was_not_done_is_named() {
        let found = Robustness::of(&Alerted {
            seed: 7,
            n_pos: 2,
            unperturbed: vec![true, true, false, false, false],
            perturbed: vec![
                (Perturbation::Leet, Some(vec![true, false, false, true, false])),
                (Perturbation::Dilution, None),
                (Perturbation::Shuffled, Some(vec![true; 5])),
            ],
        });
        assert_eq!((found.n_pos, found.n_neg, found.recall, found.fpr), (2, 3, Some(1.0), Some(0.0)));
        let leet = &found.by_perturbation[0];
        assert_eq!((leet.recall, leet.recall_change, leet.true_alerts_lost), (Some(0.5), Some(-0.5), 1));
        assert_eq!((leet.fpr, leet.false_alerts_gained, leet.false_alerts_lost), (Some(1.0 / 3.0), 1, 0));
        assert_eq!((found.probes.len(), found.probes[0].fpr_change), (1, Some(1.0)));
        assert_eq!((found.by_perturbation.len(), found.skipped), (1, vec!["dilution"]));
    }
}
