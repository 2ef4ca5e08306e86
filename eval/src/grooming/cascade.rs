//! What the first stage of the cascade keeps from the model, and what that loses.

use models::grooming::{GroomingManifest, MessageScore, Signal};

use super::messages::FLAGGED;
use crate::dataset::Chat;
use crate::metrics::Proportion;

/// All messages so far that the model can score.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CascadeTally {
    /// Of the messages of benign conversations, those that the first stage lets pass.
    pub(crate) benign_passed: Proportion,
    /// Of the messages on which the model fires, those that the first stage keeps from it.
    pub(crate) firing_lost: Proportion,
}

impl Default for CascadeTally {
    fn default() -> Self {
        let none = Proportion { hits: 0, n: 0 };
        Self { benign_passed: none, firing_lost: none }
    }
}

impl CascadeTally {
    /// Adds the messages of one conversation.
    pub(crate) fn add(&mut self, manifest: &GroomingManifest, chat: &Chat, looked: &Looked) {
        for (score, &passed) in looked.scores.iter().zip(&looked.passed) {
            let Some(score) = score else { continue };
            if fires(manifest, score) {
                count(&mut self.firing_lost, !passed);
            }
            if !chat.positive {
                count(&mut self.benign_passed, passed);
            }
        }
    }
}

/// The messages of one conversation, looked at by both stages.
#[derive(Debug, Clone)]
pub(crate) struct Looked {
    /// By the model; None: it cannot be scored.
    pub(crate) scores: Vec<Option<MessageScore>>,
    /// Whether the first stage lets the model read it.
    pub(crate) passed: Vec<bool>,
}

impl Looked {
    /// The scores with the first stage switched on: what does not pass has risk 0 and no signals.
    pub(crate) fn screened(&self) -> Vec<Option<MessageScore>> {
        let screened = |(score, &passed): (&Option<MessageScore>, &bool)| {
            let nothing = |score: MessageScore| MessageScore { words: score.words, ..Default::default() };
            score.map(|score| if passed { score } else { nothing(score) })
        };
        self.scores.iter().zip(&self.passed).map(screened).collect()
    }
}

/// Whether the model finds something: a signal, or a risk from which on a message counts as flagged.
fn fires(manifest: &GroomingManifest, score: &MessageScore) -> bool {
    let mut signals = Signal::ALL.into_iter().zip(score.signals);
    f64::from(score.risk) >= FLAGGED
        || signals.any(|(signal, probability)| manifest.fired(signal, probability))
}

fn count(share: &mut Proportion, hit: bool) {
    share.n += 1;
    share.hits += usize::from(hit);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bundle, chat, score};
    use super::*;

    #[test]
    fn what_is_kept_from_the_model_says_nothing() {
        let looked = Looked {
            scores: vec![Some(score(0.9)), None, Some(score(0.9))],
            passed: vec![true, false, false],
        };
        let found = looked.screened();
        assert_eq!((found[0], found[1]), (looked.scores[0], None));
        assert_eq!(found[2].map(|score| (score.risk, score.signals)), Some((0.0, [0.0; 12])));
        assert_eq!(found[2].unwrap().words, looked.scores[2].unwrap().words);
    }

    #[test]
    fn firing_messages_that_are_kept_back_are_lost() {
        let scores = vec![Some(score(0.9)), Some(score(0.9)), Some(score(0.0)), None];
        let looked = Looked { scores, passed: vec![true, false, false, false] };
        let mut tally = CascadeTally::default();
        tally.add(&bundle().manifest, &chat("a", false, &["one", "two", "three", "four"]), &looked);
        assert_eq!(tally.firing_lost, Proportion { hits: 1, n: 2 });
        assert_eq!(tally.benign_passed, Proportion { hits: 1, n: 3 });
    }
}
