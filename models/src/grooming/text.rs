//! Normalises text, so that odd ways of writing the same characters reach the tokenizer alike.
//!
//! `models/training/grooming/text.py` does the same; a golden test keeps the two together.

use unicode_normalization::UnicodeNormalization;

const LONGEST_REPEAT: usize = 3;

/// NFKC; invisible characters out; control characters and runs of white space to one space; repeats of a character
/// cut to three.
#[must_use]
pub fn normalise(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut repeat = Repeat::default();
    for character in text.nfkc().filter(|&character| !is_invisible(character)) {
        let character = if is_space(character) { ' ' } else { character };
        let space_too_many = character == ' ' && (kept.is_empty() || kept.ends_with(' '));
        if !space_too_many && repeat.allows(character) {
            kept.push(character);
        }
    }
    kept.truncate(kept.trim_end().len());
    kept
}

/// Counts how often the last character stood in a row.
#[derive(Default)]
struct Repeat {
    last: Option<char>,
    count: usize,
}

impl Repeat {
    fn allows(&mut self, character: char) -> bool {
        self.count = if self.last == Some(character) { self.count + 1 } else { 1 };
        self.last = Some(character);
        self.count <= LONGEST_REPEAT
    }
}

fn is_space(character: char) -> bool {
    character.is_whitespace() || character.is_control()
}

/// Format characters that show nothing: soft hyphen, fillers, zero-width and directional marks, variation selectors.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_and_wide_characters_become_plain() {
        assert_eq!(normalise("h\u{200B}i\u{FEFF} \u{FF48}\u{FF49}"), "hi hi");
    }

    #[test]
    fn white_space_and_control_characters_become_one_space() {
        assert_eq!(normalise(" a\t\r\n\u{0} b\u{A0}"), "a b");
    }

    #[test]
    fn long_repeats_are_cut_to_three() {
        assert_eq!(normalise("heyyyyyy!!!!!"), "heyyy!!!");
    }

    #[test]
    fn nothing_visible_is_nothing() {
        assert_eq!(normalise("\u{200B}\u{2060} \n"), "");
    }
}
