//! From a text to its visible characters in compatibility form, each with the bytes that it came from.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::UnicodeEmoji;

/// One character after NFKC. All that came of one character with its marks share their source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glyph {
    pub(super) character: char,
    /// Bytes of the original.
    pub(super) source: Range<u32>,
}

/// So many of a character in a row are read as more would be; digits excepted.
const LONGEST_RUN: usize = 3;

/// Which glyphs of a text are read, at most: undoing odd spellings costs a thousand times what looking at a glyph costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The first ones.
    First(usize),
    /// The last ones.
    Last(usize),
}

/// NFKC, without invisible characters; white space and control characters are spaces.
pub(super) fn glyphs(text: &str) -> Vec<Glyph> {
    let mut glyphs = Vec::with_capacity(text.len());
    for (start, cluster) in clusters(text) {
        // Texts are bounded far below 4 GiB; one that is not would only lose the places of its end.
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let source = place(start)..place(start + cluster.len());
        let mut push = |character| glyphs.push(Glyph { character, source: source.clone() });
        if cluster.len() == 1 {
            cluster.chars().map(visible).for_each(&mut push);
        } else {
            cluster.nfkc().filter(|&character| !is_invisible(character)).map(visible).for_each(&mut push);
        }
    }
    glyphs
}

/// Characters with the marks that follow them, and where each begins.
fn clusters(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = text.len() - rest.len();
        let mut after_first = rest.char_indices().skip(1);
        let end = after_first
            .find(|&(_, character)| !is_combining_mark(character))
            .map_or(rest.len(), |(at, _)| at);
        let (cluster, after) = rest.split_at(end);
        rest = after;
        (!cluster.is_empty()).then_some((start, cluster))
    })
}

fn visible(character: char) -> char {
    if character.is_whitespace() || character.is_control() { ' ' } else { character }
}

/// Emoji, which the vocabulary does not have, become spaces; unless there is nothing else.
pub(super) fn overlook_emoji(glyphs: &mut [Glyph]) {
    let is_emoji = |glyph: &Glyph| is_emoji(glyph.character);
    if glyphs.iter().all(|glyph| glyph.character == ' ' || is_emoji(glyph)) {
        return;
    }
    glyphs.iter_mut().filter(|glyph| is_emoji(glyph)).for_each(|glyph| glyph.character = ' ');
}

/// Leaves no more of the glyphs than `part` says; whether any was lost that would have been read. A text that fits stays as it
/// is; in one that does not, long runs are shortened first, or white space could push all else out.
pub(super) fn cut(glyphs: &mut Vec<Glyph>, part: Part) -> bool {
    let (Part::First(most) | Part::Last(most)) = part;
    if glyphs.len() <= most {
        return false;
    }
    let (mut last, mut run) = (None, 0);
    glyphs.retain(|glyph| {
        run = if last == Some(glyph.character) { run + 1 } else { 1 };
        last = Some(glyph.character);
        run <= LONGEST_RUN || glyph.character.is_numeric()
    });
    let lost = glyphs.len().saturating_sub(most);
    match part {
        Part::First(_) => glyphs.truncate(most),
        Part::Last(_) => drop(glyphs.drain(..lost)),
    }
    lost > 0
}

/// But not the signs and digits that only may become one.
fn is_emoji(character: char) -> bool {
    !character.is_ascii()
        && !matches!(character, '©' | '®' | '™')
        && character.is_emoji_char_or_emoji_component()
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

    fn part(text: &str, part: Part) -> (String, bool) {
        let mut glyphs = glyphs(text);
        let lost = cut(&mut glyphs, part);
        (glyphs.into_iter().map(|glyph| glyph.character).collect(), lost)
    }

    #[test]
    fn of_a_long_text_the_beginning_or_the_end_is_left() {
        assert_eq!(part("abcdef", Part::First(6)), ("abcdef".to_owned(), false));
        assert_eq!(part("abcdef", Part::First(4)), ("abcd".to_owned(), true));
        assert_eq!(part("abcdef", Part::Last(4)), ("cdef".to_owned(), true));
    }

    #[test]
    fn nothing_is_pushed_out_by_what_is_not_read() {
        let hidden = "\u{200B}".repeat(50);
        assert_eq!(part(&format!("{hidden}abc{hidden}"), Part::First(4)), ("abc".to_owned(), false));
        assert_eq!(part(&format!("{}abc", " \n\t".repeat(50)), Part::First(6)), ("   abc".to_owned(), false));
        assert_eq!(part(&format!("abc{}", "!".repeat(50)), Part::Last(6)), ("abc!!!".to_owned(), false));
        assert_eq!(part("heyyyyy 1000", Part::First(12)), ("heyyyyy 1000".to_owned(), false), "it fits");
        assert_eq!(part("10000", Part::First(4)), ("1000".to_owned(), true), "digits are no drawn-out sign");
    }

    #[test]
    fn every_character_knows_its_bytes() {
        let found = glyphs("e\u{301}ﬁ\u{200B}\u{0}x");
        let found: Vec<_> = found.into_iter().map(|glyph| (glyph.character, glyph.source)).collect();
        assert_eq!(found, [('é', 0..3), ('f', 3..6), ('i', 3..6), (' ', 9..10), ('x', 10..11)]);
    }
}
