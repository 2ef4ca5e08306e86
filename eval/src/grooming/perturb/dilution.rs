//! Harmless messages in between.

use rand::{Rng, RngExt};

use crate::dataset::{Chat, Message};

/// After every message one of another harmless conversation of the same data. The other one of the two writes it: no
/// third person enters, and the one whose messages are judged says no more and no less than before. In a chat of many
/// that is whoever spoke last before the message's own author; where there is only one, that one.
///
/// None where the data hold no other harmless conversation.
pub(super) fn dilution(chat: &Chat, benign: &[&Chat], random: &mut impl Rng) -> Option<Vec<Message>> {
    let others = benign.iter().filter(|other| !other.shares_original(chat));
    let turns: Vec<&Message> = others.flat_map(|other| &other.messages).collect();
    if turns.is_empty() {
        return None;
    }
    let diluted = chat.messages.iter().enumerate().flat_map(|(place, message)| {
        let drawn = turns[random.random_range(0..turns.len())];
        let added = Message {
            author: other_author(&chat.messages, place).to_owned(),
            text: drawn.text.clone(),
            positive: Some(false),
            signals: None,
            sent_at: message.sent_at,
        };
        [message.clone(), added]
    });
    Some(diluted.collect())
}

/// Whoever spoke last before the author of this message, or is the next to speak.
fn other_author(messages: &[Message], place: usize) -> &str {
    let own = &messages[place].author;
    let before = messages[..place].iter().rev();
    let others = before.chain(&messages[place..]).map(|message| &message.author);
    others.into_iter().find(|author| *author != own).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::super::super::testing::chat;
    use super::*;

    #[test]
    fn every_other_message_is_harmless_and_of_the_other_one() {
        let (own, other) = (chat("a", true, &["one", "two", "three"]), chat("b", false, &["harmless"; 4]));
        let found = dilution(&own, &[&own, &other], &mut Pcg64::seed_from_u64(1)).unwrap();
        let written: Vec<_> =
            found.iter().map(|message| (message.author.as_str(), message.text.as_str())).collect();
        let expected = [
            ("A", "one"),
            ("B", "harmless"),
            ("B", "two"),
            ("A", "harmless"),
            ("A", "three"),
            ("B", "harmless"),
        ];
        assert_eq!(written, expected);
    }

    #[test]
    fn a_conversation_is_not_diluted_by_itself() {
        let own = chat("a", false, &["one", "two"]);
        assert_eq!(dilution(&own, &[&own], &mut Pcg64::seed_from_u64(1)), None);
        // Another source may call another conversation the same.
        let other = Chat { source: "other".to_owned(), ..own.clone() };
        assert!(dilution(&own, &[&own, &other], &mut Pcg64::seed_from_u64(1)).is_some());
    }
}
