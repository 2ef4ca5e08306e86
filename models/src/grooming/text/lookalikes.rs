//! Letters of other scripts that look like Latin ones, by the table of UTS #39 (Unicode security mechanisms).

use unicode_security::skeleton;

use super::glyphs::Glyph;

/// Replaces letters that look like ASCII ones, in a text that is mostly Latin and in words that mix them with ASCII.
///
/// The standard's skeleton also joins Latin letters with each other (`I` with `l`, `m` with `rn`), to compare names; to read a
/// text, only letters from outside ASCII are of interest.
pub(super) fn to_latin(glyphs: &mut [Glyph]) {
    if glyphs.iter().all(|glyph| glyph.character.is_ascii()) {
        return;
    }
    if is_mostly_latin(glyphs) {
        replace(glyphs);
        return;
    }
    glyphs
        .split_mut(|glyph| !glyph.character.is_alphabetic())
        .filter(|word| is_mixed(word))
        .for_each(replace);
}

fn replace(glyphs: &mut [Glyph]) {
    for glyph in glyphs.iter_mut().filter(|glyph| is_foreign(glyph)) {
        glyph.character = latin(glyph.character).unwrap_or(glyph.character);
    }
}

fn is_foreign(glyph: &Glyph) -> bool {
    !glyph.character.is_ascii() && glyph.character.is_alphabetic()
}

/// ASCII letters beside letters that all look like some: nobody writes so but to hide something.
fn is_mixed(word: &[Glyph]) -> bool {
    let mut foreign = word.iter().filter(|glyph| is_foreign(glyph)).peekable();
    let has_both = foreign.peek().is_some() && word.iter().any(|glyph| glyph.character.is_ascii());
    has_both && foreign.all(|glyph| latin(glyph.character).is_some())
}

fn is_mostly_latin(glyphs: &[Glyph]) -> bool {
    let letters = || glyphs.iter().filter(|glyph| glyph.character.is_alphabetic());
    2 * letters().filter(|glyph| glyph.character.is_ascii()).count() > letters().count()
}

/// The single ASCII letter that this one is taken for.
fn latin(character: char) -> Option<char> {
    let mut buffer = [0; 4];
    let mut prototype = skeleton(character.encode_utf8(&mut buffer));
    let alone = prototype.next().filter(|_| prototype.next().is_none());
    alone.filter(char::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::super::normalise;

    #[test]
    fn cyrillic_and_greek_among_latin_letters_are_read_as_latin() {
        assert_eq!(normalise("are уоu at the сastle"), "are you at the castle");
        assert_eq!(normalise("the tοwer"), "the tower");
    }

    #[test]
    fn a_word_of_two_scripts_is_read_as_latin_whatever_is_around_it() {
        assert_eq!(normalise("рrоmіsе"), "promise");
        assert_eq!(normalise("привет соde"), "привет code");
    }

    #[test]
    fn accents_are_no_disguise() {
        assert_eq!(normalise("a café and a naïve façade"), "a café and a naïve façade");
    }
}
