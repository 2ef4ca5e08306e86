//! What one author of a conversation has shown so far: bounded, fading evidence, and the score that it adds up to.
//!
//! ```text
//! strength(p)  = max(0, (p - floor) / (1 - floor))
//! E_s         += (1 - E_s) * strength(risk * p_s)              one for each signal, 0 to 1
//! P           += (1 - P)   * strength(risk) * pattern_step     the pattern as a whole, whatever the signal
//! Q           += (1 - Q)   * max_s strength(risk * p_s) * (strongest E of an earlier stage)     escalation
//! D            = sum over stages of S - max over stages of S, S = strongest E of a stage        diversity
//! logit        = intercept + prior + sum_s w_s E_s + w_P P + w_Q Q + w_D D                      all w >= 0
//! ```
//! Before each message E, P and Q fade by the messages and the time since the last. Every term only adds, so each
//! message's part in the score can be named. `models/training/grooming/risk.py` computes the same.

use super::parameters::RiskParameters;
use super::{Evidence, GroomingStage, MessageScore, Signal};

/// Pieces of evidence kept for each author, the strongest ones.
const MAX_PIECES: usize = 12;
/// Less than this many logits are not worth naming.
const SMALLEST_LIFT: f64 = 0.02;

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
    lift: f64,
}

impl AuthorEvidence {
    /// Multiplies all evidence by `factor`, 0 to 1.
    pub(crate) fn fade(&mut self, factor: f64) {
        self.signals.iter_mut().for_each(|evidence| *evidence *= factor);
        self.pieces.iter_mut().for_each(|piece| piece.lift *= factor);
        self.pattern *= factor;
        self.escalation *= factor;
    }

    /// Adds what a message shows; returns how many logits it added before stage diversity.
    pub(crate) fn add(&mut self, message_id: &str, score: &MessageScore, parameters: &RiskParameters) -> f64 {
        let risk = f64::from(score.risk);
        let strengths = score.signals.map(|signal| parameters.strength(risk * f64::from(signal)));
        let escalation = self.escalating(&strengths);
        let mut lifts = [0.0; 12];
        for (index, strength) in strengths.into_iter().enumerate() {
            lifts[index] = parameters.weights.0[index] * saturate(&mut self.signals[index], strength);
        }
        // What belongs to no single signal is named under the message's clearest one.
        lifts[clearest(&score.signals)] += parameters.pattern
            * saturate(&mut self.pattern, parameters.pattern_step * parameters.strength(risk))
            + parameters.escalation * saturate(&mut self.escalation, escalation);
        for stage in GroomingStage::ALL {
            self.stages_seen[stage as usize] |= self.stage(stage) >= parameters.stage_seen;
        }
        self.keep(message_id, lifts);
        lifts.iter().sum()
    }

    /// Logits above those of an author without any evidence.
    pub(crate) fn lift(&self, parameters: &RiskParameters) -> f64 {
        let signals: f64 =
            self.signals.iter().zip(parameters.weights.0).map(|(evidence, weight)| evidence * weight).sum();
        signals
            + parameters.pattern * self.pattern
            + parameters.escalation * self.escalation
            + parameters.diversity * self.diversity()
    }

    /// Every kept piece with its share of `lift`, the largest first.
    pub(crate) fn shares(&self, lift: f64) -> Vec<Evidence> {
        let share = |piece: &Piece| Evidence {
            message_id: piece.message_id.clone(),
            signal: piece.signal,
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

    fn keep(&mut self, message_id: &str, lifts: [f64; 12]) {
        for (signal, lift) in Signal::ALL.into_iter().zip(lifts) {
            if lift >= SMALLEST_LIFT {
                self.pieces.push(Piece { message_id: message_id.to_owned(), signal, lift });
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
