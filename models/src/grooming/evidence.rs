//! What one author of a conversation has shown so far: fading evidence, and the score that it adds up to.
//!
//! ```text
//! strength(p)  = (logit p - logit floor) / (logit ceiling - logit floor), kept within 0 and 1
//! P           += strength(risk)                                          the pattern: log-odds of messages add up
//! E_s         += (1 - E_s) * strength(risk) * p_s                        one for each signal, 0 to 1
//! Q           += (1 - Q)   * max_s strength(risk) * p_s * (strongest E of an earlier stage)     escalation
//! D            = sum over stages of S - max over stages of S, S = strongest E of a stage        diversity
//! logit        = intercept + prior + w_P P + w_Q Q + w_D D               all w >= 0
//! ```
//! Before each message E, P and Q fade by the messages and the time since the last. Every term only adds, so each
//! message's part in the score can be named. The ceiling bounds what a single message can say; what is below the floor,
//! however often, says nothing. `models/training/grooming/risk.py` computes the same.

use super::parameters::RiskParameters;
use super::{Evidence, GroomingStage, MessageScore, Signal, Span};

/// Pieces of evidence kept for each author, the strongest ones.
const MAX_PIECES: usize = 12;
/// Less than this many logits are not worth naming.
const SMALLEST_LIFT: f64 = 0.02;
/// Signals less probable than this are not named beside a clearer one.
const NAMED: f32 = 0.3;

/// The evidence on one author.
#[derive(Debug, Clone, Default)]
pub(crate) struct AuthorEvidence {
    signals: [f64; 12],
    pattern: f64,
    escalation: f64,
    pieces: Vec<Piece>,
    stages_seen: [bool; 4],
}

/// What one signal of one message added to the score, in logits; fades with the evidence.
#[derive(Debug, Clone)]
struct Piece {
    message_id: String,
    signal: Signal,
    span: Span,
    lift: f64,
}

impl AuthorEvidence {
    /// Multiplies all evidence by `factor`, 0 to 1.
    pub(crate) fn fade(&mut self, factor: f64) {
        self.signals.iter_mut().for_each(|evidence| *evidence *= factor);
        self.pieces.iter_mut().for_each(|piece| piece.lift *= factor);
        self.pieces.retain(|piece| piece.lift >= SMALLEST_LIFT);
        self.pattern *= factor;
        self.escalation *= factor;
    }

    /// Adds what a message shows; returns how many logits it added before stage diversity.
    pub(crate) fn add(&mut self, message_id: &str, score: &MessageScore, parameters: &RiskParameters) -> f64 {
        let strength = parameters.strength(f64::from(score.risk));
        let strengths = score.signals.map(|signal| strength * f64::from(signal));
        let escalating = self.escalating(&strengths);
        let escalated = saturate(&mut self.escalation, escalating);
        for (evidence, strength) in self.signals.iter_mut().zip(strengths) {
            saturate(evidence, strength);
        }
        self.pattern += strength;
        for stage in GroomingStage::ALL {
            self.stages_seen[stage as usize] |= self.stage(stage) >= parameters.stage_seen;
        }
        let lift = parameters.pattern * strength + parameters.escalation * escalated;
        self.keep(message_id, lift, score);
        lift
    }

    /// Bytes of memory that it takes beyond its own size, roughly.
    pub(crate) fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| size_of::<Piece>() + piece.message_id.len()).sum()
    }

    /// Logits above those of an author without any evidence.
    pub(crate) fn lift(&self, parameters: &RiskParameters) -> f64 {
        parameters.pattern * self.pattern
            + parameters.escalation * self.escalation
            + parameters.diversity * self.diversity()
    }

    /// Every kept piece with its share of `lift`, the largest first.
    pub(crate) fn shares(&self, lift: f64) -> Vec<Evidence> {
        let share = |piece: &Piece| Evidence {
            message_id: piece.message_id.clone(),
            signal: piece.signal,
            span: piece.span,
            contribution: (piece.lift / lift) as f32,
        };
        let mut pieces: Vec<&Piece> = self.pieces.iter().collect();
        pieces.sort_by(|left, right| right.lift.total_cmp(&left.lift));
        pieces.into_iter().map(share).collect()
    }

    /// The stages that have been seen, in the order of escalation.
    pub(crate) fn stages(&self) -> Vec<GroomingStage> {
        GroomingStage::ALL.into_iter().filter(|&stage| self.stages_seen[stage as usize]).collect()
    }

    /// The strongest evidence of a stage.
    fn stage(&self, stage: GroomingStage) -> f64 {
        let of_stage = Signal::ALL.into_iter().filter(|signal| signal.stage() == stage);
        of_stage.map(|signal| self.signals[signal as usize]).fold(0.0, f64::max)
    }

    fn diversity(&self) -> f64 {
        let stages = GroomingStage::ALL.map(|stage| self.stage(stage));
        stages.iter().sum::<f64>() - stages.into_iter().fold(0.0, f64::max)
    }

    /// How strongly the message goes on from an earlier stage: this is where the order of messages counts.
    fn escalating(&self, strengths: &[f64; 12]) -> f64 {
        let before = |signal: Signal| {
            let earlier = GroomingStage::ALL.into_iter().filter(|&stage| stage < signal.stage());
            earlier.map(|stage| self.stage(stage)).fold(0.0, f64::max)
        };
        Signal::ALL.into_iter().map(|signal| strengths[signal as usize] * before(signal)).fold(0.0, f64::max)
    }

    /// Names what a message added, each of its signals with a part by its probability.
    fn keep(&mut self, message_id: &str, lift: f64, score: &MessageScore) {
        let named =
            score.signals.map(|probability| if probability >= NAMED { f64::from(probability) } else { 0.0 });
        let clearest = clearest(&score.signals);
        let total: f64 = named.iter().sum();
        for (signal, named) in Signal::ALL.into_iter().zip(named) {
            let share =
                if total > 0.0 { named / total } else { f64::from(u8::from(signal as usize == clearest)) };
            let (lift, span) = (share * lift, score.spans[signal as usize]);
            if lift >= SMALLEST_LIFT {
                self.pieces.push(Piece { message_id: message_id.to_owned(), signal, span, lift });
            }
        }
        self.pieces.sort_by(|left, right| right.lift.total_cmp(&left.lift));
        self.pieces.truncate(MAX_PIECES);
    }
}

/// Moves `evidence` toward 1 by the share `strength` of what is missing; returns the step.
fn saturate(evidence: &mut f64, strength: f64) -> f64 {
    let step = (1.0 - *evidence) * strength;
    *evidence += step;
    step
}

fn clearest(signals: &[f32; 12]) -> usize {
    (0..signals.len()).max_by(|&left, &right| signals[left].total_cmp(&signals[right])).unwrap_or(0)
}
