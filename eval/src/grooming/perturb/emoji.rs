//! Emoji between words.

use rand::{Rng, RngExt};

const SHARE: f64 = 0.2;
const HARMLESS: [&str; 8] = ["🙂", "😀", "👍", "⭐", "🎮", "🌈", "🐱", "🎉"];

/// A harmless emoji after a fifth of the words.
pub(super) fn emoji(text: &str, random: &mut impl Rng) -> String {
    let mut word = |word: &str| {
        if word.is_empty() || !random.random_bool(SHARE) {
            return word.to_owned();
        }
        format!("{word} {}", HARMLESS[random.random_range(0..HARMLESS.len())])
    };
    text.split(' ').map(&mut word).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_pcg::Pcg64;

    use super::*;

    #[test]
    fn words_stay_and_emoji_come_between() {
        let text = "is the castle by the river open again on saturday";
        let spoiled = emoji(text, &mut Pcg64::seed_from_u64(1));
        let (added, kept): (Vec<&str>, Vec<&str>) =
            spoiled.split(' ').partition(|word| HARMLESS.contains(word));
        assert_eq!(kept.join(" "), text);
        assert!(!added.is_empty());
    }
}
