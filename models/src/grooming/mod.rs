//! Does this chat show the pattern of grooming?
//!
//! The way of a message: [`Prepare`] normalises and tokenises it with the turns before it, [`MessageScorer`] gives its
//! twelve signals and its risk; [`RiskModel`] adds up what the messages of one conversation show, author by author, in
//! their order. None of the signals is explicit, and no single one means anything: the pattern does.

mod abstention;
mod assessment;
mod conversation;
mod encoding;
mod evidence;
mod index;
mod language;
mod manifest;
mod message;
mod parameters;
mod prepare;
mod risk;
mod screen;
mod signal;
mod span;
mod text;

pub use abstention::Abstention;
pub use assessment::{Assessment, AuthorAssessment, Evidence};
pub use conversation::messages_in_context;
pub use index::{Index, IndexSlot, Meanings};
pub use language::WordCount;
pub use manifest::GroomingManifest;
pub use message::{MessageScore, MessageScorer};
pub use parameters::{AgeGroup, RiskState};
pub use prepare::{MessageInput, Prepare, Prepared, Screening, TextLimits, Tokens, Turn, normaliser};
pub use risk::{ConversationRisk, Observation, RiskModel};
pub use signal::{GroomingStage, PerSignal, Signal};
pub use span::Span;
pub use text::{Dictionary, Normalised, Normaliser, normalise};
