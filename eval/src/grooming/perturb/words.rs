//! Words spaced out, drawn out or mistyped.

use rand::{Rng, RngExt};

/// Of the words that a perturbation can change.
const SHARE: f64 = 1.0 / 3.0;

/// How many more of a letter that is drawn out.
const MORE_LETTERS: std::ops::Range<usize> = 2..6;

/// Shorter words are not mistyped: little would be left of them.
const LEAST_LETTERS: usize = 4;

/// A third of the words with a space after each letter.
pub(super) fn spacing(text: &str, random: &mut impl Rng) -> String {
    rewritten(text, 2, random, |letters, _| {
        let spaced = letters.iter().flat_map(|&letter| [letter, ' ']);
        let mut spaced: Vec<char> = spaced.collect();
        spaced.pop();
        spaced
    })
}

/// A third of the words with one letter drawn out.
pub(super) fn repeats(text: &str, random: &mut impl Rng) -> String {
    rewritten(text, 2, random, |letters, random| {
        let (place, more) = (random.random_range(0..letters.len()), random.random_range(MORE_LETTERS));
        let mut drawn_out = letters.to_vec();
        drawn_out.splice(place..place, std::iter::repeat_n(letters[place], more));
        drawn_out
    })
}

/// A third of the words of at least four letters with two neighbours swapped, a letter left out or one doubled.
pub(super) fn typos(text: &str, random: &mut impl Rng) -> String {
    rewritten(text, LEAST_LETTERS, random, |letters, random| {
        let (place, mut mistyped) = (random.random_range(0..letters.len() - 1), letters.to_vec());
        match random.random_range(0..3) {
            0 => mistyped.swap(place, place + 1),
            1 => drop(mistyped.remove(place)),
            _ => mistyped.insert(place, letters[place]),
        }
        mistyped
    })
}

/// Words, parted by spaces, of at least `least` letters: a third of them goes through `rewrite`.
fn rewritten<R: Rng>(
    text: &str,
    least: usize,
    random: &mut R,
    rewrite: impl Fn(&[char], &mut R) -> Vec<char>,
) -> String {
    let mut word = |word: &str| {
        let letters: Vec<char> = word.chars().collect();
        if letters.len() >= least && random.random_bool(SHARE) {
            rewrite(&letters, random).into_iter().collect()
        } else {
            word.to_owned()
        }
    };
    text.split(' ').map(&mut word).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::*;

    const TEXT: &str = "is the castle by the river open again on saturday or is it closed until monday";

    fn random() -> Pcg64 {
        Pcg64::seed_from_u64(1)
    }

    fn words(text: &str) -> Vec<&str> {
        text.split(' ').collect()
    }

    #[test]
    fn spacing_adds_spaces_and_nothing_else() {
        let spoiled = spacing(TEXT, &mut random());
        assert!(words(&spoiled).len() > words(TEXT).len());
        assert_eq!(spoiled.replace(' ', ""), TEXT.replace(' ', ""));
    }

    #[test]
    fn repeats_draw_one_letter_out() {
        let spoiled = repeats(TEXT, &mut random());
        let changed: Vec<_> =
            words(&spoiled).into_iter().zip(words(TEXT)).filter(|(now, was)| now != was).collect();
        assert!(!changed.is_empty());
        for (now, was) in changed {
            let most = now.chars().map(|letter| now.matches(letter).count()).max().unwrap();
            assert!(
                now.len() >= was.len() + MORE_LETTERS.start && most > MORE_LETTERS.start,
                "{was} became {now}"
            );
        }
    }

    #[test]
    fn typos_leave_short_words_and_most_letters() {
        let spoiled = typos(TEXT, &mut random());
        assert_ne!(spoiled, TEXT);
        for (now, was) in words(&spoiled).into_iter().zip(words(TEXT)) {
            assert!(was.len() >= LEAST_LETTERS || now == was, "{was} became {now}");
            assert!(now.len().abs_diff(was.len()) <= 1, "{was} became {now}");
        }
    }
}
