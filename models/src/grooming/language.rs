//! A plain rule for "this is probably not English": how many of the words are among the commonest English ones.
//!
//! It is meant to be honest, not clever: the model was trained and measured on English only, and a score of other
//! text would pretend to know.

use std::collections::HashSet;

use serde::Deserialize;

/// How many words a text has, and how many of them are common English ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WordCount {
    /// Runs of letters, digits and apostrophes.
    pub words: u32,
    /// Those of them on the manifest's list.
    pub english: u32,
}

impl WordCount {
    /// Both counts added; they stop at their largest value.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            words: self.words.saturating_add(other.words),
            english: self.english.saturating_add(other.english),
        }
    }
}

/// The commonest English words, chat spellings among them. In a manifest: one string, parted by spaces.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub(crate) struct EnglishWords(HashSet<String>);

impl From<String> for EnglishWords {
    fn from(list: String) -> Self {
        Self(list.split_whitespace().map(str::to_owned).collect())
    }
}

impl EnglishWords {
    /// Counts among the first `most` words of a normalised text: a pasted page weighs no more than a long message.
    pub(crate) fn count(&self, text: &str, most: usize) -> WordCount {
        let is_part = |character: char| character.is_alphanumeric() || character == '\'';
        let words = text.split(|character| !is_part(character)).filter(|word| !word.is_empty());
        words.take(most).fold(WordCount::default(), |count, word| {
            let english = self.0.contains(&word.to_lowercase());
            count.plus(WordCount { words: 1, english: u32::from(english) })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_words_and_the_common_ones_among_them() {
        let list = EnglishWords::from("the you don't u".to_owned());
        assert_eq!(list.count("Don't u see the map?", 9), WordCount { words: 5, english: 3 });
        assert_eq!(list.count("¿Dónde está el mapa?", 9), WordCount { words: 4, english: 0 });
        assert_eq!(list.count("the the the the", 3), WordCount { words: 3, english: 3 });
    }
}
