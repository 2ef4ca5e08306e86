//! Words that are disguised or stretched: digits for letters, a space after each letter, one letter many times.

use std::collections::HashSet;

use super::glyphs::Glyph;

/// Digits and signs that stand for letters.
const LETTERS: [(char, char); 9] = [
    ('4', 'a'),
    ('@', 'a'),
    ('3', 'e'),
    ('1', 'i'),
    ('!', 'i'),
    ('0', 'o'),
    ('5', 's'),
    ('$', 's'),
    ('7', 't'),
];
/// What follows a number and makes it a quantity, not a disguise.
const UNITS: [&str; 15] =
    ["st", "nd", "rd", "th", "am", "pm", "s", "k", "m", "h", "d", "x", "v", "yo", "yrs"];
/// So many single letters in a row are one word; fewer are how people write.
const LEAST_SPACED: usize = 3;
/// Letters that stand for a word by themselves.
const WORDS_OF_ONE_LETTER: &str = "aiurknycbox";
/// So many of a letter in a row are a stretched one: English has no three.
const STRETCHED: usize = 3;
/// So many of a sign are kept.
const SIGNS_KEPT: usize = 3;

/// Reads words like `h0w` as the word of `words` that they stand for. Numbers, quantities and names such as `ps5` stay.
pub(super) fn digits_to_letters(glyphs: &mut [Glyph], words: &HashSet<String>) {
    if words.is_empty() {
        return;
    }
    for word in glyphs.split_mut(|glyph| !is_word_part(glyph.character)) {
        let end = word.iter().rposition(|glyph| glyph.character != '!').map_or(0, |last| last + 1);
        if let Some(letters) = undisguised(&word[..end], words) {
            word.iter_mut().zip(letters).for_each(|(glyph, letter)| glyph.character = letter);
        }
    }
}

/// Joins letters that stand alone, one space apart.
pub(super) fn close_up(glyphs: &mut Vec<Glyph>) {
    let mut kept = Vec::with_capacity(glyphs.len());
    let mut rest = &glyphs[..];
    while !rest.is_empty() {
        let spaced = if ends_in_a_word(&kept) { 0 } else { spaced_letters(rest) };
        kept.extend(rest[..spaced.max(1)].iter().step_by(2).cloned());
        rest = &rest[spaced.max(1)..];
    }
    *glyphs = kept;
}

/// Three and more of a letter become one, more than three of a sign three; digits stay.
pub(super) fn shorten_repeats(glyphs: &mut Vec<Glyph>) {
    let mut kept = Vec::with_capacity(glyphs.len());
    for run in glyphs.chunk_by(|left, right| left.character.eq_ignore_ascii_case(&right.character)) {
        let character = run[0].character;
        let length = match run.len() {
            length if length < STRETCHED || character.is_numeric() => length,
            _ if character.is_alphabetic() => 1,
            length => length.min(SIGNS_KEPT),
        };
        kept.extend_from_slice(&run[..length]);
    }
    *glyphs = kept;
}

/// The letters that the characters of a word stand for, when they make a known word.
fn undisguised(word: &[Glyph], words: &HashSet<String>) -> Option<Vec<char>> {
    let disguised = |glyph: &Glyph| LETTERS.iter().any(|&(sign, _)| sign == glyph.character);
    if word.len() < 2 || !word.iter().any(disguised) || is_quantity(word) {
        return None;
    }
    let letter = |glyph: &Glyph| {
        let known = LETTERS.iter().find(|&&(sign, _)| sign == glyph.character);
        known.map_or(glyph.character, |&(_, letter)| letter)
    };
    let letters: Vec<char> = word.iter().map(letter).collect();
    let read: String = letters.iter().collect::<String>().to_lowercase();
    words.contains(&read).then_some(letters)
}

/// Whether it is a number, perhaps with a unit.
fn is_quantity(word: &[Glyph]) -> bool {
    let unit = word.iter().position(|glyph| !glyph.character.is_ascii_digit() && glyph.character != '$');
    let unit: String = word[unit.unwrap_or(word.len())..].iter().map(|glyph| glyph.character).collect();
    unit.len() < word.len() && (unit.is_empty() || UNITS.contains(&unit.to_lowercase().as_str()))
}

fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || LETTERS.iter().any(|&(sign, _)| sign == character)
}

fn ends_in_a_word(kept: &[Glyph]) -> bool {
    kept.last().is_some_and(|glyph| is_word_part(glyph.character))
}

/// How many glyphs at the start are single letters with a space between them, when these are one word; otherwise 0.
fn spaced_letters(glyphs: &[Glyph]) -> usize {
    let is_letter = |at: usize| glyphs.get(at).is_some_and(|glyph| glyph.character.is_alphanumeric());
    let is_space = |at: usize| glyphs.get(at).is_none_or(|glyph| !is_word_part(glyph.character));
    let letters = (0..).take_while(|n| is_letter(2 * n) && is_space(2 * n + 1)).count();
    // A gap wider than one space, or anything but a space, ends the word.
    let joined =
        (1..letters).take_while(|n| glyphs[2 * n - 1].character == ' ').count() + usize::from(letters > 0);
    let spaced = &glyphs[..(2 * joined).saturating_sub(1)];
    let is_own_word = |glyph: &Glyph| WORDS_OF_ONE_LETTER.contains(glyph.character.to_ascii_lowercase());
    let disguised =
        spaced.iter().step_by(2).any(|glyph| glyph.character.is_alphabetic() && !is_own_word(glyph));
    if joined >= LEAST_SPACED && disguised { spaced.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::{Normaliser, normalise};

    fn read(text: &str) -> String {
        let words = ["how", "old", "parents", "it", "is", "class", "st", "ten", "to", "so"];
        Normaliser::new(words.map(str::to_owned).into()).normalise(text).text
    }

    #[test]
    fn digits_inside_known_words_are_letters() {
        assert_eq!(read("H0w 0ld is it? p4r3nt$"), "How old is it? parents");
        assert_eq!(read("so!! 1t is"), "so!! it is");
    }

    #[test]
    fn numbers_quantities_and_names_stay() {
        for text in ["10 is 10", "the 1st at 7am for $5", "ps5 and mp3", "5s 50k", "2 to 3"] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn spaced_words_are_closed_up() {
        assert_eq!(normalise("the c a s t l e  n o w, b e l o w"), "the castle now, below");
        assert_eq!(normalise("u r a star, i c u"), "u r a star, i c u");
        assert_eq!(normalise("plan a b or c d"), "plan a b or c d");
    }

    #[test]
    fn stretched_letters_are_one_and_signs_three() {
        assert_eq!(normalise("heyyyyyy!!!!! cool 1000000"), "hey!!! cool 1000000");
        assert_eq!(normalise("SOoOo good"), "SO good");
    }
}
