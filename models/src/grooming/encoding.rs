//! Lays out a message and the turns before it as the model reads them.
//!
//! ```text
//! [CLS] message [SEP] turn turn …
//! ```
//! Of an earlier turn the model reads one token only: the mean of its pieces, with who spoke it and how long ago. That is
//! what makes five turns of context cheap. `models/training/grooming/encode.py` does the same.

use std::path::Path;

use tokenizers::Tokenizer;

use super::Dictionary;
use super::manifest::TextSettings;
use crate::LoadError;

/// A text's word pieces, and the bytes of the normalised text that each came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    pub(crate) ids: Vec<u32>,
    pub(crate) bytes: Vec<(usize, usize)>,
}

/// One earlier turn as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TurnTokens {
    /// 2 × (turns between it and the message) + (0 by the message's author, 1 by somebody else).
    pub(crate) kind: i64,
    /// Its last pieces; never empty.
    pub(crate) pieces: Vec<i64>,
}

/// An earlier turn before it is laid out.
pub(crate) struct ContextPieces {
    pub(crate) same_author: bool,
    pub(crate) ids: Vec<u32>,
}

/// The tokenizer, its special tokens and the limits.
#[derive(Debug)]
pub(crate) struct Encoder {
    tokenizer: Tokenizer,
    special: SpecialTokens,
    settings: TextSettings,
}

#[derive(Debug, Clone, Copy)]
struct SpecialTokens {
    class: u32,
    separator: u32,
}

/// The whole words of a `tokenizer.json`, in lower case: the vocabulary is sorted by how often they occur.
///
/// # Errors
/// [`LoadError::Tokenizer`] when it cannot be read.
pub(crate) fn dictionary(path: &Path) -> Result<Dictionary, LoadError> {
    let is_word = |word: &str| word.chars().all(|letter| letter.is_ascii_lowercase());
    let mut words: Vec<(String, u32)> =
        open(path)?.get_vocab(false).into_iter().filter(|(word, _)| is_word(word)).collect();
    words.sort_unstable_by_key(|&(_, id)| id);
    Ok(words.into_iter().map(|(word, _)| word).collect())
}

fn open(path: &Path) -> Result<Tokenizer, LoadError> {
    Tokenizer::from_file(path).map_err(|source| LoadError::Tokenizer { path: path.to_path_buf(), source })
}

impl Encoder {
    /// Opens a `tokenizer.json`. What a text spells like a special token is text.
    ///
    /// # Errors
    /// [`LoadError::Tokenizer`] when it cannot be read or lacks one of the special tokens.
    pub(crate) fn open(path: &Path, settings: TextSettings) -> Result<Self, LoadError> {
        let broken = |source| LoadError::Tokenizer { path: path.to_path_buf(), source };
        let mut tokenizer = open(path)?;
        tokenizer.set_encode_special_tokens(true);
        let id = |token: &str| {
            tokenizer.token_to_id(token).ok_or_else(|| broken(format!("it has no token {token}").into()))
        };
        let special = SpecialTokens { class: id("[CLS]")?, separator: id("[SEP]")? };
        Ok(Self { tokenizer, special, settings })
    }

    /// The word pieces of a normalised text, without special tokens.
    pub(crate) fn pieces(&self, text: &str) -> Result<Pieces, tokenizers::Error> {
        let encoding = self.tokenizer.encode(text, false)?;
        Ok(Pieces { ids: encoding.get_ids().to_vec(), bytes: encoding.get_offsets().to_vec() })
    }

    /// The same without the bytes, which costs less.
    pub(crate) fn ids(&self, text: &str) -> Result<Vec<u32>, tokenizers::Error> {
        Ok(self.tokenizer.encode_fast(text, false)?.get_ids().to_vec())
    }

    /// How many pieces of a message are read.
    pub(crate) fn room(&self) -> usize {
        self.settings.target_tokens()
    }

    /// The message's tokens: its first pieces between two special ones.
    pub(crate) fn message(&self, ids: &[u32]) -> Vec<i64> {
        let kept = &ids[..ids.len().min(self.room())];
        [&[self.special.class], kept, &[self.special.separator]].concat().into_iter().map(i64::from).collect()
    }

    /// The turns before it, oldest first. A turn without any text is not read.
    pub(crate) fn turns(&self, context: Vec<ContextPieces>) -> Vec<TurnTokens> {
        let ages = (0..context.len() as i64).rev();
        let turn = |(ago, turn): (i64, ContextPieces)| {
            // The end of a turn is what the next one answers to.
            let cut = turn.ids.len().saturating_sub(self.settings.context_tokens);
            let pieces = turn.ids[cut..].iter().copied().map(i64::from).collect();
            TurnTokens { kind: 2 * ago + i64::from(!turn.same_author), pieces }
        };
        ages.zip(context).map(turn).filter(|turn| !turn.pieces.is_empty()).collect()
    }
}
