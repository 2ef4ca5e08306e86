//! When a conversation is not judged at all.

use super::WordCount;
use super::manifest::LanguageSettings;

/// Why there is no judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abstention {
    /// Fewer words than a judgement needs.
    TooLittleText,
    /// Hardly any common English word: the model was trained and measured on English only.
    UnknownLanguage,
}

impl Abstention {
    /// The name in answers and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLittleText => "TOO_LITTLE_TEXT",
            Self::UnknownLanguage => "UNKNOWN_LANGUAGE",
        }
    }

    /// The rule, on the words of all messages so far.
    pub(crate) fn of(words: WordCount, settings: &LanguageSettings) -> Option<Self> {
        if words.words < settings.min_words {
            return Some(Self::TooLittleText);
        }
        // Laplace's rule of succession: a few words more or less never decide alone.
        let share = (words.english + 1) as f32 / (words.words + 2) as f32;
        (share < settings.min_english_share).then_some(Self::UnknownLanguage)
    }
}
