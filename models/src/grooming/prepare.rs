//! The first step: from text to tokens, or to what is wrong with the text.

use std::path::Path;

use super::encoding::{ContextPieces, Encoder, TurnTokens, dictionary};
use super::language::EnglishWords;
use super::manifest::check_text;
use super::screen::{Screen, ScreenedTurn};
use super::text::Part;
use super::{GroomingManifest, MessageScore, Normalised, Normaliser, Span, WordCount};
use crate::{Bundle, InferenceError, InputError, LoadError, Stage};

/// What is looked at of a message and of an earlier turn, in characters: many times what the model reads of ordinary words, and
/// little enough that no text, however odd its spelling, holds up the others for long.
const MESSAGE: Part = Part::First(2048);
const TURN: Part = Part::Last(1024);

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

/// Whether messages that the first stage of the cascade finds nothing in are kept from the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Screening {
    /// They are, where the bundle has a first stage.
    On,
    /// The model reads all; [`Tokens::passes_screen`] says what the first stage would have done.
    Off,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Prepared {
    /// The model reads it.
    Tokens(Tokens),
    /// The first stage found nothing in it.
    ScreenedOut {
        /// Risk and signals are 0.
        score: MessageScore,
        /// Whether the message was longer than the first stage reads.
        truncated: bool,
    },
}

/// One message as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tokens {
    pub(crate) ids: Vec<i64>,
    pub(crate) turns: Vec<TurnTokens>,
    /// What each token but the first and the last stands for in the caller's text.
    pub(crate) spans: Vec<Span>,
    /// Whether the message was longer than the model reads; the rest was not looked at.
    pub truncated: bool,
    /// The words of the message (not of its context).
    pub words: WordCount,
    /// Whether the first stage of the cascade would let the model read it.
    pub passes_screen: bool,
}

impl Prepared {
    /// What the model is to read, if it is to.
    #[must_use]
    pub fn tokens(self) -> Option<Tokens> {
        match self {
            Self::Tokens(tokens) => Some(tokens),
            Self::ScreenedOut { .. } => None,
        }
    }
}

impl Tokens {
    /// So many tokens of nothing, to warm a model up.
    pub(crate) fn blank(length: usize) -> Self {
        let spans = vec![Span::default(); length.saturating_sub(2)];
        let (ids, words) = (vec![0; length], WordCount::default());
        Self { ids, turns: Vec::new(), spans, truncated: false, words, passes_screen: true }
    }

    /// Number of tokens, one for each earlier turn among them: the message's weight in a batch. Never 0.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.ids.len() + self.turns.len()
    }

    /// The kind and the ids of each earlier turn, as the model takes them.
    pub fn turns(&self) -> impl Iterator<Item = (i64, &[i64])> {
        self.turns.iter().map(|turn| (turn.kind, turn.pieces.as_slice()))
    }

    /// The ids of the message's own tokens, as the model takes them.
    #[must_use]
    pub fn ids(&self) -> &[i64] {
        &self.ids
    }
}

/// Normalises and tokenises. Its inputs are independent of each other; a refused one costs the others nothing.
#[derive(Debug)]
pub struct Prepare {
    encoder: Encoder,
    normaliser: Normaliser,
    english: EnglishWords,
    screen: Option<Screen>,
    screening: Screening,
    context_turns: usize,
    limits: TextLimits,
}

/// The texts of a message and of the turns before it, normalised.
struct Texts<'a> {
    message: Normalised,
    /// (by the message's author?, text), oldest first.
    turns: Vec<(bool, String)>,
    original: &'a str,
}

impl Prepare {
    /// Opens the bundle's tokenizer and first stage.
    ///
    /// # Errors
    /// [`LoadError`] when it cannot be opened or the manifest leaves no room for a message.
    pub fn open(
        bundle: &Bundle<GroomingManifest>,
        limits: TextLimits,
        screening: Screening,
    ) -> Result<Self, LoadError> {
        let settings = check_text(bundle)?;
        let tokenizer = bundle.file("tokenizer.json")?;
        Ok(Self {
            encoder: Encoder::open(&tokenizer, settings)?,
            normaliser: normaliser(&tokenizer)?,
            english: bundle.manifest.language.english_words.clone(),
            screen: Screen::open(bundle)?,
            screening,
            context_turns: settings.context_turns,
            limits,
        })
    }

    fn prepare(&self, input: &MessageInput) -> Result<Result<Prepared, InputError>, InferenceError> {
        let recent = &input.context[input.context.len().saturating_sub(self.context_turns)..];
        let texts = std::iter::once(&input.text).chain(recent.iter().map(|turn| &turn.text));
        if let Some(refusal) = texts.into_iter().find_map(|text| self.too_long(text)) {
            return Ok(Err(refusal));
        }
        let texts = self.texts(input, recent);
        if texts.message.text.is_empty() {
            return Ok(Err(InputError::TextEmpty));
        }
        let passes_screen = self.passes_screen(&texts);
        if !passes_screen && self.screening == Screening::On {
            let words = self.count_words(&texts.message.text);
            let score = MessageScore { words, ..MessageScore::default() };
            return Ok(Ok(Prepared::ScreenedOut { score, truncated: texts.message.is_part }));
        }
        Ok(Ok(Prepared::Tokens(self.tokens(texts, passes_screen)?)))
    }

    fn texts<'a>(&self, input: &'a MessageInput, recent: &[Turn]) -> Texts<'a> {
        let read = |text: &str, part| self.normaliser.normalise_part(text, part);
        let turn = |turn: &Turn| (turn.author == input.author, read(&turn.text, TURN).text);
        Texts {
            message: read(&input.text, MESSAGE),
            turns: recent.iter().map(turn).collect(),
            original: &input.text,
        }
    }

    fn passes_screen(&self, texts: &Texts<'_>) -> bool {
        self.screen.as_ref().is_none_or(|screen| {
            let recent = &texts.turns[texts.turns.len().saturating_sub(screen.context_turns())..];
            let turns =
                recent.iter().map(|(same_author, text)| ScreenedTurn { same_author: *same_author, text });
            screen.passes(&texts.message.text, &turns.collect::<Vec<_>>())
        })
    }

    fn tokens(&self, texts: Texts<'_>, passes_screen: bool) -> Result<Tokens, InferenceError> {
        let Texts { message, turns, original } = texts;
        let pieces = self.encoder.pieces(&message.text)?;
        let context = turns
            .into_iter()
            .map(|(same_author, text)| Ok(ContextPieces { same_author, ids: self.encoder.ids(&text)? }))
            .collect::<Result<_, InferenceError>>()?;
        Ok(Tokens {
            ids: self.encoder.message(&pieces.ids),
            turns: self.encoder.turns(context),
            spans: spans(&message, &pieces.bytes, original, self.encoder.room()),
            truncated: message.is_part || pieces.ids.len() > self.encoder.room(),
            words: self.count_words(&message.text),
            passes_screen,
        })
    }

    /// Of what the model can read at most: a word is a piece or more.
    fn count_words(&self, text: &str) -> WordCount {
        self.english.count(text, self.encoder.room())
    }

    fn too_long(&self, text: &str) -> Option<InputError> {
        let limit = self.limits.max_text_bytes;
        (text.len() > limit).then_some(InputError::TextTooLong { bytes: text.len(), limit })
    }
}

/// The normaliser that belongs to a `tokenizer.json`, whose words are those that odd spellings may stand for.
///
/// # Errors
/// [`LoadError`] when it cannot be opened.
pub fn normaliser(tokenizer: &Path) -> Result<Normaliser, LoadError> {
    Ok(Normaliser::new(dictionary(tokenizer)?))
}

/// Where the first `most` pieces stand in the caller's text.
fn spans(text: &Normalised, bytes: &[(usize, usize)], original: &str, most: usize) -> Vec<Span> {
    let source =
        |&(start, end): &(usize, usize)| Span::of(original, text.source(start..end).unwrap_or_default());
    bytes.iter().take(most).map(source).collect()
}

impl Stage for Prepare {
    type Input = MessageInput;
    type Output = Result<Prepared, InputError>;

    fn run(&mut self, batch: Vec<MessageInput>) -> Result<Vec<Self::Output>, InferenceError> {
        batch.iter().map(|input| self.prepare(input)).collect()
    }
}
