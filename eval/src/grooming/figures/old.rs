//! From samples to figures, pure. The unit of each figure is said beside it; what is undefined is None.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use serde::Serialize;

use super::alerts::Alerts;
use super::sample::Sample;
use crate::metrics::{ESPD_STEEPNESS, Proportion, Ranking, Reliability, Scored, f_latency, quantile};

/// A message counts as flagged from this calibrated risk on.
const FLAGGED: f64 = 0.5;

/// False-positive rates at which recall is reported, as JSON keys and as numbers.
const LIMITS: [(&str, f64); 2] = [("0.01", 0.01), ("0.001", 0.001)];

/// What is kept of all samples: a few numbers for each conversation and each labelled message, and no text.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    conversations: Vec<Sample>,
    messages: Vec<Scored>,
    messages_refused: usize,
}

/// The unit is the conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Conversations {
    #[serde(flatten)]
    pub(crate) alerts: Alerts,
    /// By the risk after the last message.
    pub(crate) pr_auc: Option<f64>,
    /// By the risk after the last message.
    pub(crate) roc_auc: Option<f64>,
    /// By the risk after the last message: the best recall that keeps each false-positive rate.
    pub(crate) recall_at_fpr: BTreeMap<&'static str, Option<f64>>,
    /// Alerts that are right.
    pub(crate) precision: Option<f64>,
    /// Of recall and precision.
    pub(crate) f1: Option<f64>,
    /// Conversations that the model does not judge; they count as without an alert.
    pub(crate) n_abstained: usize,
}

/// The unit is the message, of those whose truth is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Messages {
    /// Messages that belong to the pattern.
    pub(crate) n_pos: usize,
    /// Those that do not.
    pub(crate) n_neg: usize,
    /// By the message's risk.
    pub(crate) pr_auc: Option<f64>,
    /// By the message's risk.
    pub(crate) roc_auc: Option<f64>,
    /// Share of the positives with a risk of at least 0.5.
    pub(crate) recall: Option<f64>,
    /// Share of the negatives with a risk of at least 0.5.
    pub(crate) fpr: Option<f64>,
    /// Messages that cannot be scored, such as empty ones; they are in none of the figures.
    pub(crate) n_refused: usize,
}

/// Whether a risk means what it says. The unit is the conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Calibration {
    /// Expected calibration error, ten bins.
    pub(crate) ece: Option<f64>,
}

/// How early the true alerts come.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Early {
    /// Messages read at the first alert, over the positives with an alert.
    pub(crate) median_latency: Option<f64>,
    /// F1 × (1 − median penalty).
    pub(crate) f_latency: Option<f64>,
    /// The penalty's steepness, that of eSPD.
    pub(crate) p: f64,
}

/// The alerts in conversations of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Source {
    pub(crate) source: String,
    #[serde(flatten)]
    pub(crate) alerts: Alerts,
}

/// The alerts in conversations of one slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Slice {
    pub(crate) slice: String,
    #[serde(flatten)]
    pub(crate) alerts: Alerts,
}

impl Tally {
    /// Adds one conversation.
    pub(crate) fn add(&mut self, mut sample: Sample) {
        self.messages.append(&mut sample.labelled);
        self.messages_refused += sample.messages_refused;
        self.conversations.push(sample);
    }

    /// How many so far.
    pub(crate) fn n(&self) -> usize {
        self.conversations.len()
    }

    /// Whether there is anything to report.
    ///
    /// # Errors
    /// When there is not: a wrong split must not look like a perfect model.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.n() > 0,
            "there are no conversations in the data, or none of the split that was asked for"
        );
        Ok(())
    }

    /// Figures whose unit is the conversation.
    pub(crate) fn conversations(&self) -> Conversations {
        let ranking = Ranking::of(self.scored());
        let alerts = Alerts::of(&self.conversations);
        Conversations {
            pr_auc: ranking.pr_auc(),
            roc_auc: ranking.roc_auc(),
            recall_at_fpr: LIMITS.map(|(key, limit)| (key, ranking.recall_at_fpr(limit))).into(),
            precision: alerts.precision(),
            f1: alerts.f1(),
            n_abstained: self.conversations.iter().filter(|sample| sample.abstained.is_some()).count(),
            alerts,
        }
    }

    /// Figures whose unit is the message.
    pub(crate) fn messages(&self) -> Messages {
        let ranking = Ranking::of(self.messages.clone());
        let flagged = |positive| {
            let of_class = self.messages.iter().filter(|message| message.positive == positive);
            Proportion::of(of_class, |message| message.score >= FLAGGED).rate()
        };
        Messages {
            n_pos: ranking.n_pos(),
            n_neg: ranking.n_neg(),
            pr_auc: ranking.pr_auc(),
            roc_auc: ranking.roc_auc(),
            recall: flagged(true),
            fpr: flagged(false),
            n_refused: self.messages_refused,
        }
    }

    /// Of the conversations.
    pub(crate) fn calibration(&self) -> Calibration {
        let mut reliability = Reliability::default();
        self.scored().iter().for_each(|case| reliability.add(case.score, case.positive));
        Calibration { ece: reliability.ece() }
    }

    /// Of the positives with an alert.
    pub(crate) fn early(&self) -> Early {
        let positives = self.conversations.iter().filter(|sample| sample.positive);
        let mut latencies: Vec<f64> =
            positives.filter_map(|sample| sample.first_alert).map(|messages| messages as f64).collect();
        let f1 = Alerts::of(&self.conversations).f1();
        Early {
            f_latency: f1.and_then(|f1| f_latency(f1, &latencies, ESPD_STEEPNESS)),
            median_latency: quantile(&mut latencies, 0.5),
            p: ESPD_STEEPNESS,
        }
    }

    /// The alerts in each source.
    pub(crate) fn by_source(&self) -> Vec<Source> {
        let by_source = self.by(|sample| Some(&sample.source));
        by_source.into_iter().map(|(source, alerts)| Source { source, alerts }).collect()
    }

    /// The alerts in each slice that the data name.
    pub(crate) fn by_slice(&self) -> Vec<Slice> {
        let by_slice = self.by(|sample| sample.slice.as_ref());
        by_slice.into_iter().map(|(slice, alerts)| Slice { slice, alerts }).collect()
    }

    fn by(&self, name: impl Fn(&Sample) -> Option<&String>) -> Vec<(String, Alerts)> {
        let mut parts: BTreeMap<&String, Vec<&Sample>> = BTreeMap::new();
        for sample in &self.conversations {
            if let Some(name) = name(sample) {
                parts.entry(name).or_default().push(sample);
            }
        }
        parts.into_iter().map(|(name, part)| (name.clone(), Alerts::of(part))).collect()
    }

    fn scored(&self) -> Vec<Scored> {
        let scored = |sample: &Sample| Scored { score: f64::from(sample.risk), positive: sample.positive };
        self.conversations.iter().map(scored).collect()
    }
}

#[cfg(test)]
mod tests {
    use models::grooming::RiskState;

    use super::*;

    fn sample(positive: bool, risk: f32, first_alert: Option<usize>) -> Sample {
        let message = |score, positive| Scored { score, positive };
        Sample {
            conversation_id: "id".to_owned(),
            source: if positive { "made" } else { "games" }.to_owned(),
            slice: positive.then(|| "all".to_owned()),
            positive,
            risk,
            state: RiskState::None,
            first_alert,
            messages: 10,
            messages_refused: 1,
            abstained: None,
            labelled: vec![message(f64::from(risk), positive), message(0.1, false)],
        }
    }

    fn tally(samples: Vec<Sample>) -> Tally {
        let mut tally = Tally::default();
        samples.into_iter().for_each(|sample| tally.add(sample));
        tally
    }

    fn mixed() -> Tally {
        tally(vec![
            sample(true, 0.9, Some(3)),
            sample(true, 0.8, Some(7)),
            sample(true, 0.3, None),
            sample(false, 0.6, Some(2)),
            sample(false, 0.2, None),
        ])
    }

    #[test]
    fn conversations_by_hand() {
        // Of six pairs one stands wrong (0.3 under 0.6). AP: 1/3 + 1/3 + 1/3 × 3/4.
        let found = mixed().conversations();
        assert_eq!((found.alerts.n_pos, found.alerts.n_neg), (3, 2));
        assert!((found.roc_auc.unwrap() - 5.0 / 6.0).abs() < 1e-12);
        assert!((found.pr_auc.unwrap() - (2.0 / 3.0 + 0.25)).abs() < 1e-12);
        assert_eq!((found.alerts.recall, found.alerts.fpr), (Some(2.0 / 3.0), Some(0.5)));
        // Precision 2/3 and recall 2/3.
        assert_eq!((found.precision, found.f1), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert_eq!(found.recall_at_fpr["0.01"], None);
    }

    #[test]
    fn messages_by_hand() {
        // Flagged: 0.9 and 0.8 of three positives; 0.6 of seven negatives.
        let found = mixed().messages();
        assert_eq!((found.n_pos, found.n_neg, found.n_refused), (3, 7, 5));
        assert_eq!((found.recall, found.fpr), (Some(2.0 / 3.0), Some(1.0 / 7.0)));
    }

    #[test]
    fn latency_is_of_true_alerts_alone() {
        let early = mixed().early();
        assert_eq!(early.median_latency, Some(5.0));
        assert!(early.f_latency.unwrap() < 2.0 / 3.0);
    }

    #[test]
    fn one_class_leaves_its_figures_open() {
        let benign = tally(vec![sample(false, 0.2, None), sample(false, 0.1, None)]);
        let found = benign.conversations();
        assert_eq!((found.alerts.recall, found.roc_auc, found.f1, found.precision), (None, None, None, None));
        assert_eq!(found.alerts.fpr, Some(0.0));
        assert_eq!((benign.early().f_latency, benign.early().median_latency), (None, None));
    }

    #[test]
    fn parts_share_out_the_conversations() {
        let sources: Vec<_> = mixed()
            .by_source()
            .into_iter()
            .map(|part| (part.source, part.alerts.n_pos + part.alerts.n_neg))
            .collect();
        assert_eq!(sources, vec![("games".to_owned(), 2), ("made".to_owned(), 3)]);
        assert_eq!(mixed().by_slice().len(), 1);
    }

    #[test]
    fn no_conversation_is_no_result() {
        assert!(Tally::default().check().is_err());
    }
}
