//! Every message in a fixed space: counters and histograms, never a list.

use models::grooming::{GroomingManifest, MessageScore, Signal};

use super::clustered::ClusteredShare;
use crate::dataset::Message;
use crate::metrics::{Counts, Reliability, ScoreHistogram, Scored};

/// A message counts as flagged from this calibrated risk on.
pub(crate) const FLAGGED: f64 = 0.5;

/// All messages so far.
#[derive(Debug, Default)]
pub(crate) struct MessageTally {
    /// All of them, scored or refused.
    pub(crate) seen: usize,
    /// By risk, of those whose truth is known.
    pub(crate) risks: ScoreHistogram,
    /// Whether a risk means what it says.
    pub(crate) reliability: Reliability,
    /// Of the positive messages, those flagged.
    pub(crate) flagged_positives: ClusteredShare,
    /// Of the negative messages, those flagged.
    pub(crate) flagged_negatives: ClusteredShare,
    /// Those that cannot be scored.
    pub(crate) refused: usize,
    /// In the order of [`Signal::ALL`], of messages whose signals are labelled.
    pub(crate) signals: [SignalTally; Signal::ALL.len()],
}

/// One signal.
#[derive(Debug, Default)]
pub(crate) struct SignalTally {
    /// By the signal's probability.
    pub(crate) probabilities: ScoreHistogram,
    /// Fired or not, as served.
    pub(crate) fired: Counts,
}

/// How many of so many messages of one conversation were flagged.
#[derive(Debug, Clone, Copy, Default)]
struct Flagged {
    hits: usize,
    n: usize,
}

impl MessageTally {
    /// Adds the messages of one conversation with their scores.
    pub(crate) fn add(
        &mut self,
        manifest: &GroomingManifest,
        messages: &[Message],
        scores: &[Option<MessageScore>],
    ) {
        self.seen += messages.len();
        let (mut positives, mut negatives) = (Flagged::default(), Flagged::default());
        for (message, score) in messages.iter().zip(scores) {
            let Some(score) = score else {
                self.refused += 1;
                continue;
            };
            if let Some(positive) = message.positive {
                let flagged = self.add_risk(score.risk, positive);
                let of_class = if positive { &mut positives } else { &mut negatives };
                of_class.n += 1;
                of_class.hits += usize::from(flagged);
            }
            if let Some(shown) = &message.signals {
                self.add_signals(manifest, shown, score);
            }
        }
        self.flagged_positives.add(positives.hits, positives.n);
        self.flagged_negatives.add(negatives.hits, negatives.n);
    }

    fn add_risk(&mut self, risk: f32, positive: bool) -> bool {
        let score = f64::from(risk);
        self.risks.add(Scored { score, positive });
        self.reliability.add(score, positive);
        score >= FLAGGED
    }

    fn add_signals(&mut self, manifest: &GroomingManifest, shown: &[Signal], score: &MessageScore) {
        for ((signal, probability), tally) in
            Signal::ALL.into_iter().zip(score.signals).zip(&mut self.signals)
        {
            let (positive, fired) = (shown.contains(&signal), manifest.fired(signal, probability));
            tally.probabilities.add(Scored { score: f64::from(probability), positive });
            match (positive, fired) {
                (true, true) => tally.fired.true_positives += 1,
                (true, false) => tally.fired.false_negatives += 1,
                (false, true) => tally.fired.false_positives += 1,
                (false, false) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bundle, chat, score};
    use super::*;

    #[test]
    fn only_what_somebody_said_is_counted() {
        let manifest = bundle().manifest;
        let mut chat = chat("a", true, &["one", "two", "three", ""]);
        chat.messages[0].positive = Some(true);
        chat.messages[0].signals = Some(vec![Signal::Secrecy]);
        chat.messages[1].positive = Some(false);
        let scores = [Some(score(0.9)), Some(score(0.6)), Some(score(0.8)), None];
        let mut tally = MessageTally::default();
        tally.add(&manifest, &chat.messages, &scores);
        let ranking = tally.risks.ranking();
        assert_eq!((ranking.n_pos(), ranking.n_neg(), tally.refused), (1, 1, 1));
        assert_eq!((tally.flagged_positives.rate(), tally.flagged_negatives.rate()), (Some(1.0), Some(1.0)));
        // The first message alone says what it shows: all twelve signals fire at 0.9, one of them rightly.
        let fired = tally.signals.each_ref().map(|signal| signal.fired);
        let hit = Counts { true_positives: 1, false_positives: 0, false_negatives: 0 };
        let wrong = Counts { true_positives: 0, false_positives: 1, false_negatives: 0 };
        let expected = Signal::ALL.map(|signal| if signal == Signal::Secrecy { hit } else { wrong });
        assert_eq!(fired, expected);
    }
}
