//! What a model goes by: the order of messages, the other one's words, the surroundings.

use rand::{Rng, RngExt};

use crate::dataset::{Chat, Message};

/// Most harmless messages that a conversation is interleaved with.
const MOST_AROUND: usize = 40;

/// The messages in an order drawn by chance. Their authors move with them; the times stay where they were.
pub(super) fn shuffled(chat: &Chat, random: &mut impl Rng) -> Vec<Message> {
    let mut said: Vec<&Message> = chat.messages.iter().collect();
    for place in (1..said.len()).rev() {
        said.swap(place, random.random_range(0..=place));
    }
    let places = chat.messages.iter().zip(said);
    places.map(|(place, said)| Message { sent_at: place.sent_at, ..said.clone() }).collect()
}

/// The messages of one author: of the one with most messages of the pattern, else the one with most messages.
pub(super) fn monologue(chat: &Chat) -> Vec<Message> {
    let weight = |author: &str| {
        let own = || chat.messages.iter().filter(move |message| message.author == author);
        (own().filter(|message| message.positive == Some(true)).count(), own().count())
    };
    let speaking = chat.messages.iter().max_by_key(|message| weight(&message.author));
    let is_spoken = |message: &&Message| Some(&message.author) == speaking.map(|speaking| &speaking.author);
    chat.messages.iter().filter(is_spoken).cloned().collect()
}

/// The messages, in order, interleaved at random with those of another harmless conversation: its authors keep their names,
/// these get new ones.
///
/// None where the data hold no other harmless conversation.
pub(super) fn inserted(chat: &Chat, benign: &[&Chat], random: &mut impl Rng) -> Option<Vec<Message>> {
    let others: Vec<&&Chat> = benign.iter().filter(|other| !other.shares_original(chat)).collect();
    let host = others.get(random.random_range(0..others.len().max(1)))?;
    let mut around = host.messages.iter().take(MOST_AROUND).peekable();
    let mut own = chat.messages.iter().peekable();
    let mut messages = Vec::new();
    while own.peek().is_some() || around.peek().is_some() {
        let left = (own.len(), around.len());
        if random.random_range(0..left.0 + left.1) < left.0 {
            let renamed =
                |message: &Message| Message { author: format!("{}*", message.author), ..message.clone() };
            messages.extend(own.next().map(renamed));
        } else {
            // A moment of another conversation means nothing in this one.
            let harmless = |message: &Message| Message {
                positive: Some(false),
                signals: None,
                sent_at: messages.last().and_then(|last: &Message| last.sent_at),
                ..message.clone()
            };
            let next = around.next().map(harmless);
            messages.extend(next);
        }
    }
    Some(messages)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::super::super::testing::chat;
    use super::*;

    const TEXTS: [&str; 5] = ["one", "two", "three", "four", "five"];

    fn texts(messages: &[Message]) -> Vec<&str> {
        messages.iter().map(|message| message.text.as_str()).collect()
    }

    #[test]
    fn shuffling_keeps_the_messages_and_not_their_order() {
        let found = shuffled(&chat("a", true, &TEXTS), &mut Pcg64::seed_from_u64(1));
        assert_ne!(texts(&found), TEXTS);
        let mut sorted = texts(&found);
        sorted.sort_unstable();
        assert_eq!(sorted, ["five", "four", "one", "three", "two"]);
    }

    #[test]
    fn the_one_who_shows_the_pattern_speaks_alone() {
        let mut made = chat("a", true, &TEXTS);
        assert_eq!(texts(&monologue(&made)), ["one", "three", "five"]);
        made.messages[1].positive = Some(true);
        assert_eq!(texts(&monologue(&made)), ["two", "four"]);
    }

    #[test]
    fn a_conversation_keeps_its_order_among_others() {
        let (made, host) = (chat("a", true, &TEXTS), chat("b", false, &["x", "y", "z"]));
        let found = inserted(&made, &[&made, &host], &mut Pcg64::seed_from_u64(1)).unwrap();
        let of = |own: bool| {
            found.iter().filter(|message| message.author.ends_with('*') == own).cloned().collect::<Vec<_>>()
        };
        assert_eq!(texts(&of(true)), TEXTS);
        assert_eq!(texts(&of(false)), ["x", "y", "z"]);
        assert_eq!(inserted(&made, &[&made], &mut Pcg64::seed_from_u64(1)), None);
    }
}
