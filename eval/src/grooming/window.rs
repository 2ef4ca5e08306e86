//! The sliding window of early sexual-predator detection (eSPD): another protocol than the one that is served, so that
//! figures can be set beside those of the literature.
//!
//! After each message the last 50 are judged by themselves, as if the conversation had begun with them; a warning is
//! raised when at least 5 of the last 10 windows are positive. Source: Vogt, Leser and Akbik, "Early Detection of
//! Sexual Predators in Chats", ACL 2021 (windows of 50 messages that move by one, skepticism 5). A window is positive
//! if its state after its last message is ALERT. While fewer than 50 messages have been read, the window is all of them.

use std::collections::{HashMap, HashSet};

use models::grooming::{Observation, RiskModel};

use super::walk::{self, Step};

/// Messages in a window.
pub(crate) const MESSAGES: usize = 50;
/// The latest windows that are looked at together.
pub(crate) const WINDOWS: usize = 10;
/// So many of them must be positive: the skepticism.
pub(crate) const POSITIVE_WINDOWS: usize = 5;

/// How many messages had been read when the sliding window first warned. `served`: the decision after each message of
/// the whole conversation, as it is served.
pub(crate) fn first_alert(
    model: &RiskModel,
    observed: &[Option<Observation>],
    served: &[Step],
) -> Option<usize> {
    let bounded = is_bounded(observed);
    let mut recent = Recent::default();
    (1..=observed.len()).find(|&read| {
        let window = read.saturating_sub(MESSAGES)..read;
        let positive = if window.start == 0 {
            served[read - 1] == Step::Alert
        } else if bounded && served[window.clone()].iter().all(|&step| step == Step::Quiet) {
            false
        } else {
            is_positive(model, &observed[window])
        };
        recent.push(positive);
        recent.positives() >= POSITIVE_WINDOWS
    })
}

/// Whether these messages by themselves end in ALERT.
fn is_positive(model: &RiskModel, observed: &[Option<Observation>]) -> bool {
    let mut conversation = model.conversation(HashMap::new());
    observed.iter().flatten().for_each(|observation| conversation.observe(observation));
    walk::step(&conversation) == Step::Alert
}

/// Whether no window can show more than the whole conversation does at the same message. Evidence only adds, so what
/// came before a window can only raise a risk, and a window that stays quiet as served needs no look of its own. Two
/// cases are left out: authors who may have been forgotten, and messages of which only some tell their time.
fn is_bounded(observed: &[Option<Observation>]) -> bool {
    let authors: HashSet<&str> =
        observed.iter().flatten().map(|observation| observation.author_id.as_str()).collect();
    let timed = observed.iter().flatten().filter(|observation| observation.sent_at.is_some()).count();
    authors.len() <= MESSAGES && (timed == 0 || timed == observed.iter().flatten().count())
}

/// Which of the latest windows were positive, as bits.
#[derive(Default)]
struct Recent(u32);

impl Recent {
    fn push(&mut self, positive: bool) {
        self.0 = (self.0 << 1 | u32::from(positive)) & ((1 << WINDOWS) - 1);
    }

    fn positives(&self) -> usize {
        self.0.count_ones() as usize
    }
}

#[cfg(test)]
mod tests {
    use models::grooming::MessageScore;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    use super::super::testing::{chat, risk_model, score};
    use super::super::walk::{Walk, observations};
    use super::*;

    fn observed(scores: &[MessageScore]) -> Vec<Option<Observation>> {
        let some: Vec<_> = scores.iter().copied().map(Some).collect();
        observations(&chat("a", true, &vec!["text"; scores.len()]), &some)
    }

    /// The protocol word for word: every window judged afresh.
    fn word_for_word(model: &RiskModel, observed: &[Option<Observation>]) -> Option<usize> {
        let positive: Vec<bool> = (1..=observed.len())
            .map(|read| is_positive(model, &observed[read.saturating_sub(50)..read]))
            .collect();
        (1..=observed.len())
            .find(|&read| positive[read.saturating_sub(10)..read].iter().filter(|&&one| one).count() >= 5)
    }

    #[test]
    fn five_of_the_last_ten() {
        let mut recent = Recent::default();
        let mut after = |pushed: &[bool]| {
            pushed.iter().for_each(|&positive| recent.push(positive));
            recent.positives()
        };
        assert_eq!(after(&[true; 4]), 4);
        assert_eq!(after(&[false; 6]), 4);
        // The first positive of ten is forgotten as the fifth arrives.
        assert_eq!(after(&[true]), 4);
        assert_eq!(after(&[true; 9]), 10);
    }

    #[test]
    fn a_warning_needs_five_positive_windows() {
        let (model, observed) = (risk_model(), observed(&[score(0.99); 30]));
        let walk = Walk::of(&model, &observed);
        let warned = first_alert(&model, &observed, &walk.steps);
        assert_eq!(warned, walk.first_alert.map(|read| read + 4));
        assert!(walk.first_alert.unwrap() < 10, "{walk:?}");
    }

    #[test]
    fn leaving_quiet_windows_out_changes_nothing() {
        let (model, mut random) = (risk_model(), Pcg64::seed_from_u64(5));
        let mut warned = 0;
        for round in 0..60 {
            let (share, quiet) = (f64::from(round) / 200.0, random.random_range(0..90));
            let mut draw = |place: i32| {
                let shown = place >= quiet && random.random_bool(share);
                score(if shown { random.random_range(0.2..0.95) } else { 0.02 })
            };
            let observed = observed(&(0..140).map(&mut draw).collect::<Vec<_>>());
            let found = first_alert(&model, &observed, &Walk::of(&model, &observed).steps);
            assert_eq!(found, word_for_word(&model, &observed), "round {round}");
            warned += usize::from(found.is_some_and(|read| read > MESSAGES));
        }
        assert!(warned > 5, "{warned} of 60 warned beyond the first window");
    }
}
