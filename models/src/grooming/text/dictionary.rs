//! The words that odd spellings are read as.

use std::collections::HashMap;

/// So many of the commonest words are what odd spellings are taken for.
const COMMON: u32 = 8_000;
/// What cutting a run of letters into words costs: each word by how rare it is; one that is none by its length.
const ONE_WORD: f64 = 1.0;
const UNKNOWN_WORD: f64 = 12.0;
const UNKNOWN_LETTER: f64 = 2.0;
/// Longer words are not looked for: what a text costs stays in proportion to its length.
pub(super) const LONGEST: usize = 16;
/// Shorter words are not taken for misspelt.
const LEAST_CORRECTED: usize = 4;
/// A word with one of these at its end is a word, too: forms, and what is written without its apostrophe.
const ENDINGS: [&str; 10] = ["s", "es", "ed", "d", "er", "ing", "ly", "nt", "ll", "ve"];

/// Words in lower case, each with its place in the order of frequency.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    places: HashMap<String, u32>,
    /// The commonest words by what is left of them without one of their letters; of several, the commonest one.
    by_remainder: HashMap<String, (u32, String)>,
}

/// Of words in lower case, the commonest first.
impl FromIterator<String> for Dictionary {
    fn from_iter<Words: IntoIterator<Item = String>>(words: Words) -> Self {
        let words: Vec<String> = words.into_iter().collect();
        let mut by_remainder = HashMap::new();
        for (word, place) in words.iter().zip(0..COMMON) {
            for remainder in remainders(word) {
                by_remainder.entry(remainder).or_insert_with(|| (place, word.clone()));
            }
        }
        Self { places: words.into_iter().zip(0..).collect(), by_remainder }
    }
}

impl Dictionary {
    pub(super) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether it is a word at all, a form of one, or one of which a form is known.
    pub(super) fn knows(&self, word: &str) -> bool {
        let is_word = |word: &str| self.places.contains_key(word);
        let is_form = || ENDINGS.iter().filter_map(|ending| word.strip_suffix(ending)).any(is_word);
        is_word(word) || is_form() || ["s", "d"].iter().any(|ending| is_word(&format!("{word}{ending}")))
    }

    /// Whether it is one of the commonest.
    pub(super) fn is_common(&self, word: &str) -> bool {
        self.place(word).is_some()
    }

    /// Where words begin in a run of letters without spaces, the first at 0: the cheapest cut into common words. A run that is a
    /// word stays whole.
    pub(super) fn cuts(&self, letters: &[char]) -> Vec<usize> {
        if self.is_empty() || self.knows(&letters.iter().collect::<String>()) {
            return vec![0];
        }
        let mut best: Vec<(f64, usize)> = vec![(0.0, 0)];
        for end in 1..=letters.len() {
            let starts = end.saturating_sub(LONGEST)..end;
            let ways = starts.map(|start| (best[start].0 + self.cost(&letters[start..end]), start));
            best.extend(ways.min_by(|left, right| left.0.total_cmp(&right.0)));
        }
        let mut cuts = Vec::new();
        let mut end = letters.len();
        while end > 0 {
            end = best[end].1;
            cuts.push(end);
        }
        cuts.reverse();
        cuts
    }

    /// The commonest word that this one is with two letters swapped, one left out or one doubled; None: it is a word, too short, or
    /// near none.
    pub(super) fn corrected(&self, word: &[char]) -> Option<Vec<char>> {
        let may_be_one = (LEAST_CORRECTED..=LONGEST).contains(&word.len());
        let plain = may_be_one && word.iter().all(char::is_ascii_lowercase);
        let written: String = word.iter().collect();
        if !plain || self.is_empty() || self.knows(&written) {
            return None;
        }
        let near = swapped(word).chain(undoubled(word));
        let known = near.filter_map(|letters| self.place(&letters).map(|place| (place, letters)));
        known.chain(self.by_remainder.get(&written).cloned()).min().map(|(_, word)| word.chars().collect())
    }

    /// Where it stands among the commonest words, from 0.
    pub(super) fn place(&self, word: &str) -> Option<u32> {
        self.places.get(word).copied().filter(|&place| place < COMMON)
    }

    fn cost(&self, letters: &[char]) -> f64 {
        match self.places.get(&letters.iter().collect::<String>()) {
            Some(&place) if letters.len() > 1 || matches!(letters[0], 'a' | 'i' | 'u') => {
                ONE_WORD + f64::from(place + 1).ln()
            }
            _ => UNKNOWN_WORD + UNKNOWN_LETTER * letters.len() as f64,
        }
    }
}

fn swapped(word: &[char]) -> impl Iterator<Item = String> {
    (1..word.len()).map(|at| {
        let mut letters = word.to_vec();
        letters.swap(at - 1, at);
        letters.into_iter().collect()
    })
}

fn undoubled(word: &[char]) -> impl Iterator<Item = String> {
    (1..word.len()).filter(|&at| word[at - 1] == word[at]).map(|at| without(word, at))
}

/// What is left of a word without each of its letters.
fn remainders(word: &str) -> impl Iterator<Item = String> {
    let letters: Vec<char> = word.chars().collect();
    (0..letters.len()).map(move |at| without(&letters, at))
}

fn without(letters: &[char], at: usize) -> String {
    letters[..at].iter().chain(&letters[at + 1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dictionary() -> Dictionary {
        let words =
            ["the", "a", "is", "where", "castle", "are", "you", "cast", "together", "get", "to", "her"];
        let fillers = (words.len()..COMMON as usize).map(|number| format!("word{number}"));
        words.into_iter().map(str::to_owned).chain(fillers).chain(["castel".to_owned()]).collect()
    }

    fn cut(run: &str) -> Vec<String> {
        let letters: Vec<char> = run.chars().collect();
        let mut starts = dictionary().cuts(&letters);
        starts.push(letters.len());
        starts.windows(2).map(|ends| letters[ends[0]..ends[1]].iter().collect()).collect()
    }

    fn corrected(word: &str) -> Option<String> {
        dictionary().corrected(&word.chars().collect::<Vec<_>>()).map(|letters| letters.into_iter().collect())
    }

    #[test]
    fn runs_are_cut_into_the_commonest_words_and_words_stay_whole() {
        assert_eq!(cut("whereisthecastle"), ["where", "is", "the", "castle"]);
        assert_eq!(cut("together"), ["together"]);
        assert_eq!(cut("thexqz"), ["the", "xqz"], "what is no word stays in one piece");
    }

    #[test]
    fn slips_of_the_finger_are_corrected_and_words_are_none() {
        for slip in ["csatle", "casstle", "catle", "castl"] {
            assert_eq!(corrected(slip).as_deref(), Some("castle"), "{slip}");
        }
        assert_eq!(corrected("castel"), None, "a rare word is a word");
        assert_eq!((corrected("arent"), corrected("yous")), (None, None), "forms of words are words");
        assert_eq!(corrected("xqzzy"), None);
        assert_eq!(corrected("yuo"), None, "too short to tell");
        assert_eq!(corrected(&"castl".repeat(1_000)), None, "too long to try");
    }
}
