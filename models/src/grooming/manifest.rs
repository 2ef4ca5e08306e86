//! The grooming bundle's manifest: token limits, calibration, thresholds, the language list, the conversation's risk.

use serde::Deserialize;

use super::language::EnglishWords;
use super::parameters::RiskParameters;
use super::{PerSignal, Signal};
use crate::{Bundle, Files, Header, LoadError, Manifest, Platt};

/// `manifest.toml` of a bundle of kind `grooming`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroomingManifest {
    bundle: Header,
    files: Files,
    /// What the message model reads.
    pub(crate) text: TextSettings,
    /// From logits to probabilities.
    pub(crate) calibration: Calibration,
    /// From which probability on a signal counts as fired.
    pub(crate) thresholds: PerSignal<f32>,
    pub(crate) language: LanguageSettings,
    pub(crate) risk: RiskParameters,
}

/// The `[text]` table: how many tokens of what.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextSettings {
    /// Most tokens of one input, context and special tokens included.
    pub(crate) max_tokens: usize,
    /// How many earlier turns the model reads.
    pub(crate) context_turns: usize,
    /// Most tokens of each of them: its last ones.
    pub(crate) context_tokens: usize,
}

/// The `[calibration]` table.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Calibration {
    pub(crate) signals: PerSignal<Platt>,
    pub(crate) risk: Platt,
}

/// The `[language]` table: when a conversation is not judged at all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LanguageSettings {
    /// Fewer words than this are too little text.
    pub(crate) min_words: u32,
    /// A smaller share of common English words than this is an unknown language.
    pub(crate) min_english_share: f32,
    pub(crate) english_words: EnglishWords,
}

impl Manifest for GroomingManifest {
    const KIND: &'static str = "grooming";

    fn header(&self) -> &Header {
        &self.bundle
    }

    fn files(&self) -> &Files {
        &self.files
    }
}

impl GroomingManifest {
    /// How many earlier turns the model reads; more in [`super::MessageInput::context`] change nothing.
    #[must_use]
    pub fn context_turns(&self) -> usize {
        self.text.context_turns
    }

    /// Whether this probability of the signal counts as fired.
    #[must_use]
    pub fn fired(&self, signal: Signal, probability: f32) -> bool {
        probability >= self.thresholds[signal]
    }
}

impl TextSettings {
    /// What is left for the message itself: three special tokens and the context's share are always kept free, so
    /// that where a message is cut does not depend on its context.
    pub(crate) fn target_tokens(self) -> usize {
        self.max_tokens.saturating_sub(3 + self.context_turns * (self.context_tokens + 1))
    }
}

/// Refuses settings that leave no room for a message.
pub(crate) fn check_text(bundle: &Bundle<GroomingManifest>) -> Result<TextSettings, LoadError> {
    let text = bundle.manifest.text;
    if text.target_tokens() > 0 {
        return Ok(text);
    }
    Err(LoadError::ManifestValue {
        path: bundle.manifest_path(),
        key: "text.max_tokens",
        must_be: "more than 3 + context_turns * (context_tokens + 1)",
    })
}
