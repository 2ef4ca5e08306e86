//! Lays out a message and the turns before it as the model's tokens.
//!
//! ```text
//! [CLS] message [SEP] {[unused1]|[unused2]} turn … [SEP]
//! ```
//! Token type 0 up to the first `[SEP]`, then 1. Each earlier turn, oldest first, opens with who spoke it: `[unused1]`
//! the message's own author, `[unused2]` somebody else. `models/training/grooming/encode.py` does the same.

use std::path::Path;

use tokenizers::Tokenizer;

use super::manifest::TextSettings;
use crate::LoadError;

/// One earlier turn, tokenised by [`Encoder::pieces`].
pub(crate) struct ContextPieces {
    pub(crate) same_author: bool,
    pub(crate) pieces: Vec<u32>,
}

/// Ids and token types of one message, of equal length.
pub(crate) struct Layout {
    pub(crate) ids: Vec<i64>,
    pub(crate) types: Vec<i64>,
    pub(crate) truncated: bool,
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
    same_author: u32,
    other_author: u32,
}

impl Encoder {
    /// Opens a `tokenizer.json`.
    ///
    /// # Errors
    /// [`LoadError::Tokenizer`] when it cannot be read or lacks one of the special tokens.
    pub(crate) fn open(path: &Path, settings: TextSettings) -> Result<Self, LoadError> {
        let broken = |source| LoadError::Tokenizer { path: path.to_path_buf(), source };
        let tokenizer = Tokenizer::from_file(path).map_err(broken)?;
        let id = |token: &str| {
            tokenizer.token_to_id(token).ok_or_else(|| broken(format!("it has no token {token}").into()))
        };
        let special = SpecialTokens {
            class: id("[CLS]")?,
            separator: id("[SEP]")?,
            same_author: id("[unused1]")?,
            other_author: id("[unused2]")?,
        };
        Ok(Self { tokenizer, special, settings })
    }

    /// The word pieces of a normalised text, without special tokens.
    pub(crate) fn pieces(&self, text: &str) -> Result<Vec<u32>, tokenizers::Error> {
        Ok(self.tokenizer.encode_fast(text, false)?.get_ids().to_vec())
    }

    /// The layout of a message after its context, oldest turn first.
    pub(crate) fn layout(&self, message: &[u32], context: &[ContextPieces]) -> Layout {
        let room = self.settings.target_tokens();
        let kept = &message[..message.len().min(room)];
        let head = [&[self.special.class], kept, &[self.special.separator]].concat();
        let tail = self.tail(context);
        let types = [vec![0; head.len()], vec![1; tail.len()]].concat();
        let ids = head.into_iter().chain(tail).map(i64::from).collect();
        Layout { ids, types, truncated: message.len() > room }
    }

    fn tail(&self, context: &[ContextPieces]) -> Vec<u32> {
        let mut tail = Vec::new();
        for turn in context {
            tail.push(if turn.same_author { self.special.same_author } else { self.special.other_author });
            // The end of a turn is what the next one answers to.
            let cut = turn.pieces.len().saturating_sub(self.settings.context_tokens);
            tail.extend_from_slice(&turn.pieces[cut..]);
        }
        if !tail.is_empty() {
            tail.push(self.special.separator);
        }
        tail
    }
}
