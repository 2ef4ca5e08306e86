//! The first stage of the cascade: a look that costs microseconds and says which messages the model need not read.
//!
//! A linear score over hashed words, pairs of neighbouring words and pieces of words (which survive a slip of the finger), of the
//! message; and over words of the last turns before it. It was fitted to what the model itself finds (`models/training/grooming/screen.py`), with a threshold that loses next to nothing.

use std::path::Path;

use super::GroomingManifest;
use super::manifest::ScreenSettings;
use crate::{Bundle, LoadError};

const FILE: &str = "screen.bin";
/// Characters in a piece of a word.
const PIECE: usize = 4;

/// What a word stands for; part of its hash.
#[derive(Debug, Clone, Copy)]
enum Role {
    Word,
    Pair,
    Piece,
    /// In an earlier turn by the message's author, or by somebody else.
    OwnContext,
    OthersContext,
}

/// The fitted weights.
#[derive(Debug, Clone)]
pub(crate) struct Screen {
    weights: Vec<i8>,
    settings: ScreenSettings,
}

/// An earlier turn, normalised.
#[derive(Debug, Clone)]
pub(crate) struct ScreenedTurn<'a> {
    pub(crate) same_author: bool,
    pub(crate) text: &'a str,
}

impl Screen {
    /// Opens the bundle's screen; None: it has none.
    ///
    /// # Errors
    /// [`LoadError`] when its file cannot be read or is no power of two long.
    pub(crate) fn open(bundle: &Bundle<GroomingManifest>) -> Result<Option<Self>, LoadError> {
        let Some(settings) = bundle.manifest.screen else { return Ok(None) };
        let path = bundle.file(FILE)?;
        let weights = read(&path)?;
        if !weights.len().is_power_of_two() {
            let must_be = "accompanied by a screen.bin of a power of two bytes";
            return Err(LoadError::ManifestValue { path: bundle.manifest_path(), key: "screen", must_be });
        }
        Ok(Some(Self { weights, settings }))
    }

    /// How many earlier turns are looked at.
    pub(crate) fn context_turns(&self) -> usize {
        self.settings.context_turns
    }

    /// Whether the model should read the message.
    pub(crate) fn passes(&self, text: &str, context: &[ScreenedTurn<'_>]) -> bool {
        self.score(text, context) >= self.settings.threshold
    }

    /// The higher, the more likely the model finds something. `context`: the last turns, normalised as `text` is.
    fn score(&self, text: &str, context: &[ScreenedTurn<'_>]) -> f32 {
        let mut sum = self.of_message(text);
        for turn in context {
            let role = if turn.same_author { Role::OwnContext } else { Role::OthersContext };
            sum += words(turn.text).map(|word| self.weight(hash(role, &[word.as_bytes()]))).sum::<i32>();
        }
        self.settings.bias + self.settings.scale * sum as f32
    }

    fn of_message(&self, text: &str) -> i32 {
        let (mut sum, mut last) = (0, String::new());
        for word in words(text) {
            sum += self.weight(hash(Role::Word, &[word.as_bytes()]));
            sum += self.weight(hash(Role::Pair, &[last.as_bytes(), b" ", word.as_bytes()]));
            sum += self.of_pieces(&word);
            last = word;
        }
        sum + self.weight(hash(Role::Pair, &[last.as_bytes(), b" "]))
    }

    /// Of every run of [`PIECE`] characters of a word between two marks of its ends.
    fn of_pieces(&self, word: &str) -> i32 {
        let marked: Vec<char> = ['<'].into_iter().chain(word.chars()).chain(['>']).collect();
        let piece = |piece: &[char]| {
            let text: String = piece.iter().collect();
            self.weight(hash(Role::Piece, &[text.as_bytes()]))
        };
        marked.windows(PIECE).map(piece).sum()
    }

    fn weight(&self, hash: u32) -> i32 {
        i32::from(self.weights[hash as usize & (self.weights.len() - 1)])
    }
}

/// Runs of letters, digits and apostrophes in lower case; every other visible character by itself.
fn words(text: &str) -> impl Iterator<Item = String> {
    let is_part = |character: char| character.is_alphanumeric() || character == '\'';
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let first = rest.chars().next()?;
        let end =
            if is_part(first) { rest.find(|c| !is_part(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word.to_lowercase())
    })
}

/// FNV-1a, 32 bits, of the role and the parts.
fn hash(role: Role, parts: &[&[u8]]) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    parts
        .iter()
        .flat_map(|part| part.iter())
        .fold(mix(0x811C_9DC5, role as u8), |hash, &byte| mix(hash, byte))
}

fn read(path: &Path) -> Result<Vec<i8>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_path_buf(), source };
    Ok(std::fs::read(path).map_err(unreadable)?.into_iter().map(u8::cast_signed).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(weighted: &[(u32, i8)]) -> Screen {
        let mut weights = vec![0; 1 << 16];
        weighted.iter().for_each(|&(hash, weight)| weights[hash as usize & 0xFFFF] = weight);
        Screen {
            weights,
            settings: ScreenSettings { context_turns: 2, bias: -1.0, scale: 0.5, threshold: 0.0 },
        }
    }

    #[test]
    fn words_are_lower_case_and_signs_stand_alone() {
        assert_eq!(words(" Don't GO, ok?!").collect::<Vec<_>>(), ["don't", "go", ",", "ok", "?", "!"]);
    }

    #[test]
    fn words_pairs_and_context_count_each_in_its_role() {
        let gate = hash(Role::Word, &[b"gate"]);
        let the_gate = hash(Role::Pair, &[b"the", b" ", b"gate"]);
        let context = (hash(Role::OthersContext, &[b"gate"]), 6);
        let screen = screen(&[(gate, 2), (the_gate, 4), context, (hash(Role::Piece, &[b"ate>"]), 1)]);
        let alone = |text| screen.score(text, &[]);
        assert_eq!((alone("gate"), alone("The gate"), alone("nothing")), (0.5, 2.5, -1.0));
        assert_eq!(alone("agate"), -0.5, "the end of the word is known");
        let turn = |same_author| [ScreenedTurn { same_author, text: "a gate" }];
        assert_eq!((screen.score("", &turn(false)), screen.score("", &turn(true))), (2.0, -1.0));
        assert!(screen.passes("gate", &[]) && !screen.passes("bridge", &[]));
    }
}
