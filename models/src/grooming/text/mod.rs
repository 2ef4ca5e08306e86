//! Undoes odd ways of writing the same words, so that they reach the tokenizer alike, and remembers where each character
//! came from, so that evidence points at what was written.
//!
//! In this order: NFKC, invisible characters and emoji ([`mod@glyphs`]); the cut, where only a part of the text is read; letters
//! of other scripts that look like Latin ones ([`lookalikes`]), then digits for letters, s p a c e d, drawn-out and mistyped words
//! ([`spelling`]), then white space. A text in plain English passes unchanged but for its white space and for a word that the list
//! lacks and that is one slip away from a common one: "we split the loot" becomes "we split the lot". Training reads the same code,
//! by the example `normalise`, and every text whole.

mod dictionary;
mod glyphs;
mod lookalikes;
mod spelling;

use std::ops::Range;

pub use dictionary::Dictionary;
pub(crate) use glyphs::Part;
use glyphs::{Glyph, cut, glyphs, overlook_emoji};

/// Normalises texts. Knows the words that odd spellings may stand for; without any ([`Self::default`]) digits and slips stay.
#[derive(Debug, Clone, Default)]
pub struct Normaliser {
    words: Dictionary,
}

/// A normalised text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Normalised {
    /// What the tokenizer reads.
    pub text: String,
    /// Whether more was written than was to be read.
    pub(crate) is_part: bool,
    /// For each byte of `text`, the bytes of the original that its character came from.
    sources: Vec<Range<u32>>,
}

impl Normaliser {
    /// One that reads `h0w` and `hwo` as `how` where the words contain it.
    #[must_use]
    pub fn new(words: Dictionary) -> Self {
        Self { words }
    }

    /// The text with its odd spellings undone.
    #[must_use]
    pub fn normalise(&self, text: &str) -> Normalised {
        self.normalise_part(text, Part::First(usize::MAX))
    }

    /// The same of a part of the text, at a cost that the part bounds.
    pub(crate) fn normalise_part(&self, text: &str, part: Part) -> Normalised {
        let mut glyphs = glyphs(text);
        overlook_emoji(&mut glyphs);
        let is_part = cut(&mut glyphs, part);
        lookalikes::to_latin(&mut glyphs);
        spelling::digits_to_letters(&mut glyphs, &self.words);
        spelling::close_up(&mut glyphs, &self.words);
        spelling::shorten_repeats(&mut glyphs, &self.words);
        spelling::correct(&mut glyphs, &self.words);
        Normalised::of(&glyphs, is_part)
    }
}

/// The text with its odd spellings undone, without a list of words: digits stay digits.
#[must_use]
pub fn normalise(text: &str) -> String {
    Normaliser::default().normalise(text).text
}

impl Normalised {
    /// Joins the characters; runs of white space become one space, and none is left at either end.
    fn of(glyphs: &[Glyph], is_part: bool) -> Self {
        let (mut text, mut sources) = (String::with_capacity(glyphs.len()), Vec::with_capacity(glyphs.len()));
        for glyph in glyphs {
            if glyph.character != ' ' || !(text.is_empty() || text.ends_with(' ')) {
                text.push(glyph.character);
                sources.resize(text.len(), glyph.source.clone());
            }
        }
        text.truncate(text.trim_end().len());
        sources.truncate(text.len());
        Self { text, is_part, sources }
    }

    /// The bytes of the original that a range of bytes of `text` came from. An empty range has none.
    #[must_use]
    pub fn source(&self, range: Range<usize>) -> Option<Range<usize>> {
        let sources = self.sources.get(range)?;
        let (first, last) = (sources.first()?, sources.last()?);
        Some(first.start as usize..last.end as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_words(words: &[&str], text: &str) -> String {
        Normaliser::new(words.iter().map(|&word| word.to_owned()).collect()).normalise(text).text
    }

    #[test]
    fn plain_english_stays_as_it_is() {
        for text in [
            "Don't be late, bring $5 & the 2nd map!",
            "i am at 7pm on level 12",
            "u r a star",
            "the ps5 is cool",
        ] {
            assert_eq!(with_words(&["the", "cool", "late"], text), text);
        }
    }

    #[test]
    fn other_languages_stay_as_they_are() {
        for text in ["привет, как дела", "καλημέρα σας", "où est l'école ?", "今日は学校"]
        {
            assert_eq!(normalise(text), text);
        }
    }

    #[test]
    fn hidden_wide_and_ornate_characters_become_plain() {
        assert_eq!(normalise("h\u{200B}i\u{FEFF} \u{FF48}\u{FF49} 𝓽𝓱𝓮𝓻𝓮"), "hi hi there");
        assert_eq!(normalise("\u{200B}\u{2060} \n"), "");
    }

    #[test]
    fn emoji_are_not_read() {
        assert_eq!(normalise("where 🙂 are you👍🏽? ⭐👩\u{200D}🚀"), "where are you ?");
        assert_eq!(normalise("🎉 🎉"), "🎉 🎉", "a message of nothing else is still a message");
        assert_eq!(normalise("a * b # 1 © ™"), "a * b # 1 © TM");
    }

    #[test]
    fn white_space_and_control_characters_become_one_space() {
        assert_eq!(normalise(" a\t\r\n\u{0} b\u{A0}"), "a b");
    }

    #[test]
    fn all_tricks_together() {
        assert_eq!(with_words(&["open"], "is the gate 0pеn, n o w tooo?"), "is the gate open, now to?");
    }

    #[test]
    fn a_part_reads_as_the_whole_does() {
        let normaliser =
            Normaliser::new(["how", "old", "are", "you"].map(str::to_owned).into_iter().collect());
        let (bare, padding) = ("h0w 0ld arre you", "\u{200B} \u{1F642}".repeat(40));
        let whole = normaliser.normalise(bare);
        for (padded, part) in [
            (format!("{padding}{bare}"), Part::First(30)),
            (format!("{bare}{padding}"), Part::First(30)),
            (format!("{bare}{padding}"), Part::Last(30)),
        ] {
            let read = normaliser.normalise_part(&padded, part);
            assert_eq!((read.text.as_str(), read.is_part), (whole.text.as_str(), false));
        }
        let words = normaliser.normalise_part(&"csatle ".repeat(1_000), Part::First(70));
        assert_eq!((words.text.len(), words.is_part), (69, true));
    }

    #[test]
    fn what_was_written_is_found_again() {
        let original = "é\u{200B}  the  b r i d g e ﬁnally";
        let found = Normaliser::default().normalise(original);
        assert_eq!(found.text, "é the bridge finally");
        let source = |part: &str| {
            let start = found.text.find(part).unwrap();
            &original[found.source(start..start + part.len()).unwrap()]
        };
        assert_eq!(source("the"), "the");
        assert_eq!(source("bridge"), "b r i d g e");
        assert_eq!(source("finally"), "ﬁnally");
        assert_eq!(source("é"), "é");
        assert_eq!(found.source(0..0), None);
        assert_eq!(found.source(0..100), None);
    }
}
