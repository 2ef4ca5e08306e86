//! The first step: from text to tokens, or to what is wrong with the text.

use super::encoding::{ContextPieces, Encoder};
use super::language::EnglishWords;
use super::manifest::check_text;
use super::{GroomingManifest, WordCount, normalise};
use crate::{Bundle, InferenceError, InputError, LoadError, Stage};

/// What the machine accepts.
#[derive(Debug, Clone, Copy)]
pub struct TextLimits {
    /// Most bytes of UTF-8 of a message, and of each earlier turn that the model reads.
    pub max_text_bytes: usize,
}

/// An earlier turn of the conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Any id that is the same for the same person.
    pub author: String,
    /// What was written.
    pub text: String,
}

/// A message with what was said before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageInput {
    /// Who wrote it.
    pub author: String,
    /// What was written.
    pub text: String,
    /// Earlier turns, oldest first. The model reads the last [`GroomingManifest::context_turns`].
    pub context: Vec<Turn>,
}

/// One message as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub(crate) ids: Vec<i64>,
    pub(crate) types: Vec<i64>,
    /// Whether the message was longer than the model reads; the rest was not looked at.
    pub truncated: bool,
    /// The words of the message (not of its context).
    pub words: WordCount,
}

impl Tokens {
    /// So many tokens of nothing, to warm a model up.
    pub(crate) fn blank(length: usize) -> Self {
        Self { ids: vec![0; length], types: vec![0; length], truncated: false, words: WordCount::default() }
    }

    /// Number of tokens, the message's weight in a batch. Never 0.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// The tokens' ids, as the model takes them.
    #[must_use]
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }
}

/// Normalises and tokenises. Its inputs are independent of each other; a refused one costs the others nothing.
#[derive(Debug)]
pub struct Prepare {
    encoder: Encoder,
    english: EnglishWords,
    context_turns: usize,
    limits: TextLimits,
}

impl Prepare {
    /// Opens the bundle's tokenizer.
    ///
    /// # Errors
    /// [`LoadError`] when it cannot be opened or the manifest leaves no room for a message.
    pub fn open(bundle: &Bundle<GroomingManifest>, limits: TextLimits) -> Result<Self, LoadError> {
        let settings = check_text(bundle)?;
        Ok(Self {
            encoder: Encoder::open(&bundle.file("tokenizer.json")?, settings)?,
            english: bundle.manifest.language.english_words.clone(),
            context_turns: settings.context_turns,
            limits,
        })
    }

    fn prepare(&self, input: &MessageInput) -> Result<Result<Tokens, InputError>, InferenceError> {
        let recent = &input.context[input.context.len().saturating_sub(self.context_turns)..];
        let texts = std::iter::once(&input.text).chain(recent.iter().map(|turn| &turn.text));
        if let Some(refusal) = texts.into_iter().find_map(|text| self.too_long(text)) {
            return Ok(Err(refusal));
        }
        let text = normalise(&input.text);
        if text.is_empty() {
            return Ok(Err(InputError::TextEmpty));
        }
        let mut context = Vec::with_capacity(recent.len());
        for turn in recent {
            let pieces = self.encoder.pieces(&normalise(&turn.text))?;
            context.push(ContextPieces { same_author: turn.author == input.author, pieces });
        }
        let layout = self.encoder.layout(&self.encoder.pieces(&text)?, &context);
        let words = self.english.count(&text);
        Ok(Ok(Tokens { ids: layout.ids, types: layout.types, truncated: layout.truncated, words }))
    }

    fn too_long(&self, text: &str) -> Option<InputError> {
        let limit = self.limits.max_text_bytes;
        (text.len() > limit).then_some(InputError::TextTooLong { bytes: text.len(), limit })
    }
}

impl Stage for Prepare {
    type Input = MessageInput;
    type Output = Result<Tokens, InputError>;

    fn run(&mut self, batch: Vec<MessageInput>) -> Result<Vec<Self::Output>, InferenceError> {
        batch.iter().map(|input| self.prepare(input)).collect()
    }
}
