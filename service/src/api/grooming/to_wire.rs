//! Domain → wire.

use models::grooming::{
    Abstention, Assessment, AuthorAssessment, Evidence, GroomingManifest, GroomingStage, RiskState, Signal,
    Span,
};
use proto::answer::v1::Model;
use proto::grooming::v1 as wire;

use crate::Error;
use crate::api::answer;
use crate::pipeline::{GroomingPipeline, ScoredMessage};

pub(super) fn message(
    message_id: String,
    scored: &ScoredMessage,
    manifest: &GroomingManifest,
) -> wire::MessageResult {
    let signal_score = |signal: Signal| {
        let probability = scored.score.signals[signal as usize];
        wire::SignalScore {
            signal: wire_signal(signal).into(),
            probability,
            fired: manifest.fired(signal, probability),
            span: wire_span(scored.score.spans[signal as usize]),
        }
    };
    wire::MessageResult {
        message_id,
        risk: scored.score.risk,
        signals: Signal::ALL.map(signal_score).into(),
        truncated: scored.truncated,
        screened_out: scored.screened_out,
        error: None,
    }
}

/// Which model, and which examples of the platform's own: those that the scores came from.
pub(super) fn model(pipeline: &GroomingPipeline, index_sha256: String) -> Model {
    Model { index_sha256, ..answer::model(pipeline.identity()) }
}

pub(super) fn refusal(message_id: String, error: &Error) -> wire::MessageResult {
    wire::MessageResult { message_id, error: Some(answer::failure(error)), ..Default::default() }
}

/// The fields of the answer that the conversation's assessment fills.
pub(super) fn conversation(assessment: Assessment) -> wire::ScoreConversationResponse {
    wire::ScoreConversationResponse {
        risk: assessment.risk,
        state: wire_state(assessment.state).into(),
        by_author: assessment.by_author.into_iter().map(wire_author).collect(),
        first_alert_message_id: assessment.first_alert_message_id.unwrap_or_default(),
        evidence: assessment.evidence.into_iter().map(wire_evidence).collect(),
        stages: assessment.stages.into_iter().map(|stage| wire_stage(stage).into()).collect(),
        abstained: assessment.abstained.is_some(),
        abstention_reason: wire_abstention(assessment.abstained).into(),
        ..Default::default()
    }
}

/// The same fields for a watched conversation.
pub(super) fn update(assessment: Assessment) -> wire::RiskUpdate {
    let answer = conversation(assessment);
    wire::RiskUpdate {
        risk: answer.risk,
        state: answer.state,
        by_author: answer.by_author,
        first_alert_message_id: answer.first_alert_message_id,
        evidence: answer.evidence,
        stages: answer.stages,
        abstained: answer.abstained,
        abstention_reason: answer.abstention_reason,
        ..Default::default()
    }
}

fn wire_author(author: AuthorAssessment) -> wire::AuthorAssessment {
    wire::AuthorAssessment {
        author_id: author.author_id,
        toward_author_ids: author.toward,
        risk: author.risk,
        state: wire_state(author.state).into(),
    }
}

fn wire_evidence(evidence: Evidence) -> wire::Evidence {
    wire::Evidence {
        message_id: evidence.message_id,
        signal: wire_signal(evidence.signal).into(),
        contribution: evidence.contribution,
        span: wire_span(evidence.span),
    }
}

fn wire_span(span: Span) -> Option<wire::Span> {
    (span != Span::default()).then_some(wire::Span { start: span.start, end: span.end })
}

fn wire_state(state: RiskState) -> wire::State {
    match state {
        RiskState::None => wire::State::None,
        RiskState::Watch => wire::State::Watch,
        RiskState::Alert => wire::State::Alert,
    }
}

fn wire_stage(stage: GroomingStage) -> wire::Stage {
    match stage {
        GroomingStage::Contact => wire::Stage::Contact,
        GroomingStage::Trust => wire::Stage::Trust,
        GroomingStage::Isolation => wire::Stage::Isolation,
        GroomingStage::Approach => wire::Stage::Approach,
    }
}

fn wire_abstention(abstention: Option<Abstention>) -> wire::AbstentionReason {
    match abstention {
        None => wire::AbstentionReason::Unspecified,
        Some(Abstention::TooLittleText) => wire::AbstentionReason::TooLittleText,
        Some(Abstention::UnknownLanguage) => wire::AbstentionReason::UnknownLanguage,
    }
}

fn wire_signal(signal: Signal) -> wire::Signal {
    match signal {
        Signal::AgeProbe => wire::Signal::AgeProbe,
        Signal::GuardianCheck => wire::Signal::GuardianCheck,
        Signal::Secrecy => wire::Signal::Secrecy,
        Signal::Isolation => wire::Signal::Isolation,
        Signal::PlatformMove => wire::Signal::PlatformMove,
        Signal::GiftOffer => wire::Signal::GiftOffer,
        Signal::FlatteryIntimacy => wire::Signal::FlatteryIntimacy,
        Signal::PhotoRequest => wire::Signal::PhotoRequest,
        Signal::MeetRequest => wire::Signal::MeetRequest,
        Signal::LocationProbe => wire::Signal::LocationProbe,
        Signal::PressureThreat => wire::Signal::PressureThreat,
        Signal::TrustBuilding => wire::Signal::TrustBuilding,
    }
}
