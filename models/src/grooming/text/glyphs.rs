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

    #[test]
    fn every_character_knows_its_bytes() {
        let found = glyphs("e\u{301}ﬁ\u{200B}\u{0}x");
        let found: Vec<_> = found.into_iter().map(|glyph| (glyph.character, glyph.source)).collect();
        assert_eq!(found, [('é', 0..3), ('f', 3..6), ('i', 3..6), (' ', 9..10), ('x', 10..11)]);
    }
}
