//! From a conversation to the messages that the model scores one by one.

use super::{MessageInput, Turn};

/// Each turn as a message of its own, with the `context_turns` turns before it. In the order of `turns`.
#[must_use]
pub fn messages_in_context(turns: &[Turn], context_turns: usize) -> Vec<MessageInput> {
    let message = |(at, turn): (usize, &Turn)| MessageInput {
        author: turn.author.clone(),
        text: turn.text.clone(),
        context: turns[at.saturating_sub(context_turns)..at].to_vec(),
    };
    turns.iter().enumerate().map(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_is_what_was_said_before_and_never_after() {
        let turns = ["one", "two", "three"].map(|text| Turn { author: "a".into(), text: text.into() });
        let messages = messages_in_context(&turns, 1);
        assert!(messages[0].context.is_empty());
        assert_eq!(messages[2].context, turns[1..2]);
        assert_eq!(messages[2].text, "three");
    }
}
