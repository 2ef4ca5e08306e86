//! One message sent as two.

use rand::{Rng, RngExt};

use crate::dataset::{Chat, Message};

/// Shorter messages stay whole.
const LEAST_WORDS: usize = 4;

/// Every message of at least four words in two, cut between two words in its middle third. What was said of the
/// message is said of both halves.
pub(super) fn split(chat: &Chat, random: &mut impl Rng) -> Vec<Message> {
    chat.messages.iter().flat_map(|message| halves(message, random)).collect()
}

fn halves(message: &Message, random: &mut impl Rng) -> Vec<Message> {
    let words: Vec<&str> = message.text.split_whitespace().collect();
    if words.len() < LEAST_WORDS {
        return vec![message.clone()];
    }
    let cut = random.random_range(words.len() / 3..=words.len() * 2 / 3).max(1);
    let half = |words: &[&str]| Message { text: words.join(" "), ..message.clone() };
    vec![half(&words[..cut]), half(&words[cut..])]
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::super::super::testing::chat;
    use super::*;

    #[test]
    fn long_messages_become_two_of_the_same_author() {
        let chat = chat("a", false, &["one two three", "four five six seven eight"]);
        for seed in 0..20 {
            let found = split(&chat, &mut Pcg64::seed_from_u64(seed));
            assert_eq!(found[0], chat.messages[0]);
            assert_eq!(
                (found.len(), &found[1].author, &found[2].author),
                (3, &"B".to_owned(), &"B".to_owned())
            );
            assert_eq!(format!("{} {}", found[1].text, found[2].text), chat.messages[1].text);
            assert!(!found[1].text.is_empty() && !found[2].text.is_empty());
        }
    }
}
