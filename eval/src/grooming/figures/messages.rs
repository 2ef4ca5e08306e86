//! Figures whose unit is the message.

use models::grooming::Signal;
use serde::Serialize;

use super::super::messages::{MessageTally, SignalTally};
use crate::metrics::{Counts, Proportion, Range};

/// The unit is the message, of those whose truth is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Messages {
    unit: &'static str,
    /// Messages that belong to the pattern.
    pub(crate) n_pos: usize,
    /// Those that do not.
    pub(crate) n_neg: usize,
    /// By the message's risk.
    pub(crate) pr_auc: Option<f64>,
    /// By the message's risk.
    pub(crate) roc_auc: Option<f64>,
    /// Messages with a risk of at least 0.5 that belong to the pattern, of all with such a risk.
    pub(crate) precision: Option<f64>,
    /// Share of the positives with a risk of at least 0.5.
    pub(crate) recall: Option<f64>,
    /// 95 %, over conversations.
    pub(crate) recall_interval: Option<Range>,
    /// Share of the negatives with a risk of at least 0.5.
    pub(crate) fpr: Option<f64>,
    /// 95 %, over conversations.
    pub(crate) fpr_interval: Option<Range>,
    /// Of precision and recall.
    pub(crate) f1: Option<f64>,
    /// Messages that cannot be scored, such as empty ones; they are in none of the figures.
    pub(crate) n_refused: usize,
}

/// One signal, of messages whose signals are labelled. A signal fires as it is served.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SignalFigures {
    /// Its name.
    pub(crate) signal: &'static str,
    /// Messages that show it.
    pub(crate) n_pos: usize,
    /// Those that do not.
    pub(crate) n_neg: usize,
    /// Messages in which it rightly fired, of those in which it fired.
    pub(crate) precision: Option<f64>,
    /// 95 %, Clopper–Pearson, as if messages were independent.
    pub(crate) precision_interval: Option<Range>,
    /// Messages in which it rightly fired, of those that show it.
    pub(crate) recall: Option<f64>,
    /// 95 %, Clopper–Pearson, as if messages were independent.
    pub(crate) recall_interval: Option<Range>,
    /// Of precision and recall.
    pub(crate) f1: Option<f64>,
    /// By the signal's probability.
    pub(crate) average_precision: Option<f64>,
}

impl Messages {
    /// Of all messages.
    pub(crate) fn of(messages: &MessageTally) -> Self {
        let ranking = messages.risks.ranking();
        let (positives, negatives) = (&messages.flagged_positives, &messages.flagged_negatives);
        let counts = Counts {
            true_positives: positives.hits(),
            false_positives: negatives.hits(),
            false_negatives: positives.n() - positives.hits(),
        };
        let both_classes = positives.n() > 0 && negatives.n() > 0;
        Self {
            unit: "message",
            n_pos: ranking.n_pos(),
            n_neg: ranking.n_neg(),
            pr_auc: ranking.pr_auc(),
            roc_auc: ranking.roc_auc(),
            precision: counts.precision().filter(|_| both_classes),
            recall: positives.rate(),
            recall_interval: positives.interval(),
            fpr: negatives.rate(),
            fpr_interval: negatives.interval(),
            f1: counts.f(1.0).filter(|_| both_classes),
            n_refused: messages.refused,
        }
    }
}

/// Every signal that can be judged; none where the data label no signals.
pub(crate) fn by_signal(messages: &MessageTally) -> Vec<SignalFigures> {
    let signals = Signal::ALL.into_iter().zip(&messages.signals);
    let figures = signals.map(|(signal, tally)| SignalFigures::of(signal, tally));
    figures.filter(|figures| figures.n_pos + figures.n_neg > 0).collect()
}

impl SignalFigures {
    fn of(signal: Signal, tally: &SignalTally) -> Self {
        let (ranking, fired) = (tally.probabilities.ranking(), tally.fired);
        let hits = fired.true_positives;
        let precision = Proportion { hits, n: hits + fired.false_positives };
        let recall = Proportion { hits, n: hits + fired.false_negatives };
        Self {
            signal: signal.as_str(),
            n_pos: ranking.n_pos(),
            n_neg: ranking.n_neg(),
            precision: precision.rate(),
            precision_interval: precision.interval(),
            recall: recall.rate(),
            recall_interval: recall.interval(),
            f1: fired.f(1.0).filter(|_| recall.n > 0),
            average_precision: ranking.pr_auc(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{bundle, chat, score};
    use super::*;

    /// A conversation of positives at 0.9, 0.8 and 0.3 and one of negatives at 0.6 and 0.1.
    fn tally() -> MessageTally {
        let (manifest, mut tally) = (bundle().manifest, MessageTally::default());
        for (positive, risks) in [(true, &[0.9, 0.8, 0.3][..]), (false, &[0.6, 0.1])] {
            let mut chat = chat("a", positive, &vec!["text"; risks.len()]);
            for message in &mut chat.messages {
                message.positive = Some(positive);
                message.signals = Some(if positive { vec![Signal::Secrecy] } else { Vec::new() });
            }
            let scores: Vec<_> = risks.iter().map(|&risk| Some(score(risk))).collect();
            tally.add(&manifest, &chat.messages, &scores);
        }
        tally
    }

    #[test]
    fn messages_by_hand() {
        // Flagged: two of three positives, one of two negatives. Of six pairs one stands wrong. AP as above:
        // sklearn.metrics.average_precision_score([1, 1, 1, 0, 0], [0.9, 0.8, 0.3, 0.6, 0.1]) = 11/12
        let found = Messages::of(&tally());
        assert_eq!((found.n_pos, found.n_neg, found.recall, found.fpr), (3, 2, Some(2.0 / 3.0), Some(0.5)));
        assert_eq!((found.precision, found.f1), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert!((found.pr_auc.unwrap() - 11.0 / 12.0).abs() < 1e-12);
        assert!((found.roc_auc.unwrap() - 5.0 / 6.0).abs() < 1e-12);
    }

    #[test]
    fn signals_by_hand() {
        let signals = by_signal(&tally());
        let secrecy = signals.iter().find(|signal| signal.signal == "SECRECY").unwrap();
        // It fires from 0.36 on: two of three positives, one of two negatives.
        assert_eq!((secrecy.precision, secrecy.recall), (Some(2.0 / 3.0), Some(2.0 / 3.0)));
        assert!((secrecy.average_precision.unwrap() - 11.0 / 12.0).abs() < 1e-12);
        // Nobody shows any other: its recall is open.
        assert!(
            signals.iter().filter(|signal| signal.signal != "SECRECY").all(|signal| signal.recall.is_none())
        );
        assert!(by_signal(&MessageTally::default()).is_empty());
    }
}
