//! Ways of writing the same things otherwise, as somebody would who wants to get past a filter, or who types badly.
//!
//! Each is fixed by the seed and the conversation's id: a run can be repeated, and no conversation's spoiling depends
//! on another's.

mod characters;
mod dilution;
mod emoji;
mod probes;
mod split;
mod words;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::hash::hash;
use crate::dataset::{Chat, Message};

/// A way of spoiling a conversation's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Perturbation {
    /// Digits for half of the letters that look like them.
    Leet,
    /// Cyrillic letters for a third of those that look the same.
    Homoglyph,
    /// An invisible character after a third of the letters.
    ZeroWidth,
    /// A third of the words with a space after each letter.
    Spacing,
    /// A third of the words with one letter drawn out.
    Repeats,
    /// A third of the longer words with two letters swapped, one left out or one doubled.
    Typos,
    /// A harmless emoji after a fifth of the words.
    Emoji,
    /// Every message of at least four words sent as two.
    Split,
    /// After every message a harmless one of another conversation, written by the other one of the two.
    Dilution,
    /// The messages in another order.
    Shuffled,
    /// Only the messages of the one who writes most, or of the one who shows the pattern.
    Monologue,
    /// Interleaved at random with another, harmless conversation.
    Inserted,
}

/// What perturbing needs besides the conversation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Material<'a> {
    /// Of the run.
    pub(crate) seed: u64,
    /// Harmless conversations of the same data, which dilution draws its messages from.
    pub(crate) benign: &'a [&'a Chat],
}

impl Perturbation {
    /// Other words for the same, in the order of the report: a model should not mind.
    pub(crate) const SPOILED: [Self; 9] = [
        Self::Leet,
        Self::Homoglyph,
        Self::ZeroWidth,
        Self::Spacing,
        Self::Repeats,
        Self::Typos,
        Self::Emoji,
        Self::Split,
        Self::Dilution,
    ];

    /// Probes of what a model goes by: the order of messages, what the other one says, the surroundings.
    pub(crate) const PROBES: [Self; 3] = [Self::Shuffled, Self::Monologue, Self::Inserted];

    /// All of them.
    pub(crate) fn all() -> impl Iterator<Item = Self> + Clone {
        Self::SPOILED.into_iter().chain(Self::PROBES)
    }

    /// The name in reports.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Leet => "leet",
            Self::Homoglyph => "homoglyph",
            Self::ZeroWidth => "zero_width",
            Self::Spacing => "spacing",
            Self::Repeats => "repeats",
            Self::Typos => "typos",
            Self::Emoji => "emoji",
            Self::Split => "split",
            Self::Dilution => "dilution",
            Self::Shuffled => "shuffled",
            Self::Monologue => "monologue",
            Self::Inserted => "inserted",
        }
    }

    /// `chat`, spoiled. Its labels stay; None where the material does not allow it.
    pub(crate) fn of(self, chat: &Chat, material: Material<'_>) -> Option<Chat> {
        let mut random = self.random(chat, material.seed);
        let messages = match self {
            Self::Leet => each(chat, |text| characters::leet(text, &mut random)),
            Self::Homoglyph => each(chat, |text| characters::homoglyph(text, &mut random)),
            Self::ZeroWidth => each(chat, |text| characters::zero_width(text, &mut random)),
            Self::Spacing => each(chat, |text| words::spacing(text, &mut random)),
            Self::Repeats => each(chat, |text| words::repeats(text, &mut random)),
            Self::Typos => each(chat, |text| words::typos(text, &mut random)),
            Self::Emoji => each(chat, |text| emoji::emoji(text, &mut random)),
            Self::Split => split::split(chat, &mut random),
            Self::Dilution => dilution::dilution(chat, material.benign, &mut random)?,
            Self::Shuffled => probes::shuffled(chat, &mut random),
            Self::Monologue => probes::monologue(chat),
            Self::Inserted => probes::inserted(chat, material.benign, &mut random)?,
        };
        Some(Chat { messages, ..chat.clone() })
    }

    fn random(self, chat: &Chat, seed: u64) -> Pcg64 {
        Pcg64::seed_from_u64(hash(&format!("{seed}/{}/{}", self.as_str(), chat.conversation_id)))
    }
}

fn each(chat: &Chat, mut rewrite: impl FnMut(&str) -> String) -> Vec<Message> {
    let message = |message: &Message| Message { text: rewrite(&message.text), ..message.clone() };
    chat.messages.iter().map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::chat;
    use super::*;

    const TEXTS: [&str; 3] = [
        "did you finish the worksheet for tomorrow",
        "nearly, two questions are left",
        "then let us look at them",
    ];

    fn texts(chat: &Chat) -> Vec<&str> {
        chat.messages.iter().map(|message| message.text.as_str()).collect()
    }

    #[test]
    fn the_seed_and_the_id_decide() {
        let (first, other) = (chat("a", false, &TEXTS), chat("b", false, &TEXTS));
        let benign = [&first, &other];
        for perturbation in Perturbation::SPOILED {
            let spoiled = |chat, seed| perturbation.of(chat, Material { seed, benign: &benign }).unwrap();
            assert_eq!(spoiled(&first, 1), spoiled(&first, 1));
            assert_ne!(texts(&spoiled(&first, 1)), texts(&first), "{perturbation:?} changes something");
            if perturbation != Perturbation::Dilution {
                assert_ne!(
                    texts(&spoiled(&first, 1)),
                    texts(&spoiled(&first, 2)),
                    "{perturbation:?} by seed"
                );
                assert_ne!(texts(&spoiled(&first, 1)), texts(&spoiled(&other, 1)), "{perturbation:?} by id");
            }
        }
    }

    #[test]
    fn names_are_told_apart() {
        let names: std::collections::BTreeSet<_> = Perturbation::all().map(Perturbation::as_str).collect();
        assert_eq!(names.len(), Perturbation::all().count());
    }
}
