//! What a conversation shows: the answer, without the way to it.

use super::{Abstention, GroomingStage, RiskState, Signal, Span};

/// What a conversation shows after the messages observed so far. Triage for a human reviewer, never proof.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// That of the author who shows the pattern most, 0 to 1.
    pub risk: f32,
    /// The most urgent of the authors' states.
    pub state: RiskState,
    /// Every author, highest risk first.
    pub by_author: Vec<AuthorAssessment>,
    /// The message at which the state first became [`RiskState::Alert`].
    pub first_alert_message_id: Option<String>,
    /// What the highest risk rests on, largest contribution first.
    pub evidence: Vec<Evidence>,
    /// The stages seen so far of the author with the highest risk.
    pub stages: Vec<GroomingStage>,
    /// Set when the text allows no judgement; then risk is 0, state is NONE and the lists are empty.
    pub abstained: Option<Abstention>,
}

/// One author's part in the pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorAssessment {
    /// Who.
    pub author_id: String,
    /// The authors whom it is shown toward, the most addressed first.
    pub toward: Vec<String>,
    /// 0 to 1.
    pub risk: f32,
    /// This author's own.
    pub state: RiskState,
}

/// One reason for the risk.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The message.
    pub message_id: String,
    /// What it shows.
    pub signal: Signal,
    /// The words that show it; empty where no single words do.
    pub span: Span,
    /// Its share of the score above the score without any evidence, 0 to 1.
    pub contribution: f32,
}

impl Assessment {
    pub(crate) fn none(abstained: Option<Abstention>, first_alert_message_id: Option<String>) -> Self {
        Self {
            risk: 0.0,
            state: RiskState::None,
            by_author: Vec::new(),
            first_alert_message_id,
            evidence: Vec::new(),
            stages: Vec::new(),
            abstained,
        }
    }
}
