//! One character for another, or one more.

use rand::{Rng, RngExt};

/// Letters and the digits that stand for them.
const LEET: [(char, char); 6] = [('a', '4'), ('e', '3'), ('i', '1'), ('o', '0'), ('s', '5'), ('t', '7')];
const LEET_SHARE: f64 = 0.5;

/// Latin letters and the Cyrillic ones that look the same.
const HOMOGLYPHS: [(char, char); 8] =
    [('a', 'а'), ('c', 'с'), ('e', 'е'), ('i', 'і'), ('o', 'о'), ('p', 'р'), ('x', 'х'), ('y', 'у')];
const HOMOGLYPH_SHARE: f64 = 1.0 / 3.0;

/// Zero-width space.
const INVISIBLE: char = '\u{200B}';
const INVISIBLE_SHARE: f64 = 1.0 / 3.0;

/// Digits for letters, in half of the places where there is one.
pub(super) fn leet(text: &str, random: &mut impl Rng) -> String {
    replaced(text, &LEET, |random| random.random_bool(LEET_SHARE), random)
}

/// Letters of another script that look the same, in a third of the places where there is one.
pub(super) fn homoglyph(text: &str, random: &mut impl Rng) -> String {
    replaced(text, &HOMOGLYPHS, |random| random.random_bool(HOMOGLYPH_SHARE), random)
}

/// An invisible character after a third of the letters.
pub(super) fn zero_width(text: &str, random: &mut impl Rng) -> String {
    let mut spoiled = String::with_capacity(2 * text.len());
    for character in text.chars() {
        spoiled.push(character);
        if character.is_alphanumeric() && random.random_bool(INVISIBLE_SHARE) {
            spoiled.push(INVISIBLE);
        }
    }
    spoiled
}

fn replaced<R: Rng>(
    text: &str,
    table: &[(char, char)],
    mut drawn: impl FnMut(&mut R) -> bool,
    random: &mut R,
) -> String {
    let replace = |character: char| {
        let found = table.iter().find(|(from, _)| *from == character.to_ascii_lowercase());
        found.filter(|_| drawn(random)).map_or(character, |(_, to)| *to)
    };
    text.chars().map(replace).collect()
}

#[cfg(test)]
mod tests {
    use models::grooming::normalise;
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::*;

    const TEXT: &str = "is the castle by the river open on Saturday";

    fn random() -> Pcg64 {
        Pcg64::seed_from_u64(1)
    }

    #[test]
    fn leet_turns_some_letters_to_digits_and_back() {
        let spoiled = leet(TEXT, &mut random());
        assert!(
            spoiled.chars().any(|character| character.is_ascii_digit())
                && spoiled.contains(['e', 't', 'a', 's'])
        );
        let back = LEET.iter().fold(spoiled, |text, (from, to)| text.replace(*to, &from.to_string()));
        assert_eq!(back, TEXT.to_lowercase());
    }

    #[test]
    fn homoglyphs_have_as_many_characters_and_are_not_latin() {
        let spoiled = homoglyph(TEXT, &mut random());
        assert_eq!(spoiled.chars().count(), TEXT.chars().count());
        assert!(spoiled.chars().any(|character| ('\u{400}'..'\u{500}').contains(&character)));
        assert!(HOMOGLYPHS.iter().all(|(from, to)| from.is_ascii() && !to.is_ascii()));
    }

    #[test]
    fn zero_width_characters_are_normalised_away() {
        let spoiled = zero_width(TEXT, &mut random());
        assert!(spoiled.contains(INVISIBLE));
        assert_eq!(normalise(&spoiled), TEXT);
    }
}
