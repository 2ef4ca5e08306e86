//! Scores that need no conversation model, and two that need no model at all: what a report must be better than.

use std::collections::{BTreeSet, HashMap};

use models::grooming::{MessageScore, normalise};
use serde::Serialize;

use crate::dataset::Chat;
use crate::metrics::skewness_of_scores;

/// The phrases that ship, compiled in.
const PHRASES: &str = include_str!("keywords.txt");

/// What the baselines say of a conversation. Higher means more suspect.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Baselines {
    /// Different phrases of the keyword list in it.
    pub(crate) keywords: f32,
    /// Messages.
    pub(crate) length: f32,
    /// The highest risk of one of its messages, 0 to 1.
    pub(crate) max_message_risk: f32,
    /// (mean − median) / standard deviation of its message risks, all authors together; 0 under ten messages.
    pub(crate) skewness: f32,
}

impl Baselines {
    /// Of `chat`, whose messages have these scores.
    pub(crate) fn of(keywords: &Keywords, chat: &Chat, scores: &[Option<MessageScore>]) -> Self {
        let risks = || scores.iter().flatten().map(|score| score.risk);
        let mut as_doubles: Vec<f64> = risks().map(f64::from).collect();
        Self {
            keywords: keywords.in_texts(chat.messages.iter().map(|message| message.text.as_str())) as f32,
            length: chat.messages.len() as f32,
            max_message_risk: risks().fold(0.0, f32::max),
            skewness: skewness_of_scores(&mut as_doubles) as f32,
        }
    }
}

/// The keyword list, by the first word of each phrase.
#[derive(Debug, Clone)]
pub(crate) struct Keywords {
    by_first_word: HashMap<&'static str, Vec<Phrase>>,
}

#[derive(Debug, Clone)]
struct Phrase {
    number: usize,
    rest: Vec<&'static str>,
}

impl Keywords {
    /// The list that is compiled in.
    pub(crate) fn shipped() -> Self {
        let lines = PHRASES.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut by_first_word: HashMap<_, Vec<Phrase>> = HashMap::new();
        for (number, line) in lines.enumerate() {
            let mut words = line.split(' ');
            let Some(first) = words.next() else { continue };
            by_first_word.entry(first).or_default().push(Phrase { number, rest: words.collect() });
        }
        Self { by_first_word }
    }

    /// How many different phrases the texts contain, as whole words and within one text.
    fn in_texts<'a>(&self, texts: impl Iterator<Item = &'a str>) -> usize {
        let mut found = BTreeSet::new();
        texts.for_each(|text| self.find(text, &mut found));
        found.len()
    }

    fn find(&self, text: &str, found: &mut BTreeSet<usize>) {
        let text = normalise(text).to_lowercase();
        let is_part = |character: char| character.is_alphanumeric() || character == '\'';
        let words: Vec<&str> =
            text.split(|character| !is_part(character)).filter(|word| !word.is_empty()).collect();
        for (place, word) in words.iter().enumerate() {
            let here = self.by_first_word.get(word).into_iter().flatten();
            found.extend(
                here.filter(|phrase| words[place + 1..].starts_with(&phrase.rest))
                    .map(|phrase| phrase.number),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{chat, score};
    use super::*;

    #[test]
    fn phrases_are_counted_once_and_as_whole_words() {
        let found = |texts: &[&str]| Keywords::shipped().in_texts(texts.iter().copied());
        // "how old are you" contains "how old": two phrases, however often they are said.
        assert_eq!(found(&["HOW OLD are you?", "how old are you"]), 2);
        assert_eq!(found(&["the photographs are epic", "how", "old"]), 0);
        assert_eq!(found(&["don't tell", "a pic"]), 2);
    }

    #[test]
    fn the_list_has_no_phrase_twice() {
        let lines: Vec<_> =
            PHRASES.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
        assert_eq!(lines.iter().collect::<BTreeSet<_>>().len(), lines.len());
        assert!(lines.iter().all(|line| line.to_lowercase() == **line));
    }

    #[test]
    fn of_a_conversation_by_hand() {
        // Nine messages at 0 and one at 1: mean 0.1, median 0, standard deviation 0.3. One more cannot be scored.
        let chat = chat("a", false, &["one"; 11]);
        let mut scores = vec![Some(score(0.0)); 10];
        scores[3] = Some(score(1.0));
        scores.push(None);
        let found = Baselines::of(&Keywords::shipped(), &chat, &scores);
        assert_eq!((found.keywords, found.length, found.max_message_risk), (0.0, 11.0, 1.0));
        assert!((found.skewness - 1.0 / 3.0).abs() < 1e-6);
    }
}
