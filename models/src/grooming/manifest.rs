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
    /// The first stage of the cascade; a bundle may have none.
    pub(crate) screen: Option<ScreenSettings>,
    /// How a platform's own examples count.
    pub(crate) index: IndexSettings,
}

/// The `[text]` table: how many tokens of what.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TextSettings {
    /// Most tokens of a message, the two special ones included.
    pub(crate) max_tokens: usize,
    /// How many earlier turns the model reads.
    pub(crate) context_turns: usize,
    /// Most pieces of each of them: its last ones.
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

/// The `[index]` table: logit of the risk += slope × max(0, likeness to positives - likeness to negatives - margin), for
/// messages that are like the positives at all.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct IndexSettings {
    /// Likeness is the mean cosine of so many nearest examples.
    pub(crate) neighbours: usize,
    /// The likeness to positives from which on a message is like them at all.
    pub(crate) least: f32,
    pub(crate) slope: f32,
    pub(crate) margin: f32,
}

/// The `[screen]` table: score = bias + scale × sum of the weights in screen.bin.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScreenSettings {
    /// How many earlier turns it looks at.
    pub(crate) context_turns: usize,
    pub(crate) bias: f32,
    pub(crate) scale: f32,
    /// A message below it is not read by the model.
    pub(crate) threshold: f32,
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

    /// Whether the bundle has a first stage that can keep messages from the model.
    #[must_use]
    pub fn has_screen(&self) -> bool {
        self.screen.is_some()
    }

    /// Whether this probability of the signal counts as fired.
    #[must_use]
    pub fn fired(&self, signal: Signal, probability: f32) -> bool {
        probability >= self.thresholds[signal]
    }
}

impl TextSettings {
    /// What is left for the message's own pieces.
    pub(crate) fn target_tokens(self) -> usize {
        self.max_tokens.saturating_sub(2)
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
        must_be: "more than 2",
    })
}
