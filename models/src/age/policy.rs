//! PASS, FAIL or REFER: the decision of an age check, from what was found in one photo. Pure; no model, no clock.
//!
//! A decision is triage, never proof. REFER is a normal answer and means "use another method", or another photo.

use std::num::NonZeroUsize;

use serde::Deserialize;

use super::estimate::Estimate;
use super::prepare::Face;
use super::reason::Reason;
use crate::bundle::sha256;
use crate::{InputError, PolicyFault};

/// Enough faces of a photo, largest first, to tell whether there are several of comparable size.
pub const FACES_TO_CHECK: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1);

/// A second face of at least this share of the largest one's area makes it unclear who is checked.
const COMPARABLE_AREA: f32 = 0.3;

/// A policy as it is written down; [`Policy::new`] checks it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// The legal age, years: whoever looks younger is the minor to protect.
    pub minimum_age: f32,
    /// PASS needs an apparent age of at least this, years.
    pub pass_if_over: f32,
    /// FAIL below this apparent age, years. 0: never FAIL, only REFER.
    pub fail_if_under: f32,
    /// PASS needs P(younger than `minimum_age`) of at most this, 0 to 1.
    pub max_minor_pass_probability: f32,
}

/// A policy that does not contradict itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    spec: PolicySpec,
    sha256: String,
}

/// One face of the photo, as far as a decision needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct FaceFindings {
    /// Area of the face's box, square pixels.
    pub area: f32,
    /// Why the face cannot be judged; empty when it can.
    pub quality_reasons: Vec<Reason>,
    /// Its apparent age.
    pub estimate: Estimate,
}

/// The three answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Looks old enough.
    Pass,
    /// Looks too young.
    Fail,
    /// Cannot be decided from this photo.
    Refer,
}

/// A decision, with reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What to do.
    pub outcome: Outcome,
    /// Why, most important first. Empty for PASS, and for FAIL, which says it all.
    pub reasons: Vec<Reason>,
    /// Whether a better photo may change the outcome.
    pub retryable: bool,
    /// A stable key for what to tell the person in front of the camera; `NONE` when there is nothing to tell.
    pub guidance: &'static str,
}

impl Outcome {
    /// The stable name, in upper case.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Refer => "REFER",
        }
    }
}

impl FaceFindings {
    /// Of a face and its estimate.
    #[must_use]
    pub fn new(face: &Face, estimate: Estimate) -> Self {
        Self { area: face.bounds.area(), quality_reasons: face.quality.reasons.clone(), estimate }
    }
}

impl Policy {
    /// Checks a policy.
    ///
    /// # Errors
    /// [`InputError::Policy`] when a number is out of range or two of them contradict each other.
    pub fn new(spec: PolicySpec) -> Result<Self, InputError> {
        let spec = spec.with_one_nought();
        let fault = if let Some(fault) = spec.out_of_range() {
            fault
        } else if spec.pass_if_over < spec.minimum_age {
            PolicyFault::PassBelowMinimum
        } else if spec.fail_if_under > spec.pass_if_over {
            PolicyFault::FailAbovePass
        } else {
            return Ok(Self { spec, sha256: sha256(canonical(&spec).as_bytes()) });
        };
        Err(InputError::Policy(fault))
    }

    /// The policy as it was written down.
    #[must_use]
    pub fn spec(&self) -> &PolicySpec {
        &self.spec
    }

    /// sha256 of the policy's canonical text, hex: for the audit trail.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

impl PolicySpec {
    /// The first number that is missing, not finite or out of range.
    fn out_of_range(&self) -> Option<PolicyFault> {
        const AGES: &str = "between 1 and 100 years";
        let age = |years: f32| (1.0..=100.0).contains(&years);
        let fail = self.fail_if_under == 0.0 || age(self.fail_if_under);
        let risk = (0.0..=1.0).contains(&self.max_minor_pass_probability);
        let rules = [
            (age(self.minimum_age), "minimum_age", AGES),
            (age(self.pass_if_over), "pass_if_over", AGES),
            (fail, "fail_if_under", "between 1 and 100 years, or 0 for never"),
            (risk, "max_minor_pass_probability", "between 0 and 1"),
        ];
        let missed = rules.into_iter().find(|(kept, ..)| !kept);
        missed.map(|(_, field, must_lie)| PolicyFault::OutOfRange { field, must_lie })
    }

    /// The same policy without -0: it is 0, but it is written otherwise, and a policy has one hash.
    fn with_one_nought(self) -> Self {
        Self {
            fail_if_under: self.fail_if_under + 0.0,
            max_minor_pass_probability: self.max_minor_pass_probability + 0.0,
            ..self
        }
    }
}

/// Decides on all the faces of one photo, largest first.
#[must_use]
pub fn decide(policy: &Policy, faces: &[FaceFindings]) -> Decision {
    let [face, others @ ..] = faces else {
        return refer(vec![Reason::NoFace]);
    };
    let stands_out = others.iter().all(|other| other.area < COMPARABLE_AREA * face.area);
    if !stands_out {
        return refer(vec![Reason::MultipleFaces]);
    }
    if !face.quality_reasons.is_empty() {
        return refer(face.quality_reasons.clone());
    }
    if face.estimate.is_too_wide {
        return refer(vec![Reason::IntervalTooWide]);
    }
    decide_by_age(&policy.spec, &face.estimate)
}

/// PASS and FAIL are for what is known: every comparison with something that is no number is false, and refers.
fn decide_by_age(spec: &PolicySpec, estimate: &Estimate) -> Decision {
    let looks_old_enough = estimate.age_years >= spec.pass_if_over;
    let risk_is_low = estimate.probability_under(spec.minimum_age) <= spec.max_minor_pass_probability;
    if looks_old_enough && risk_is_low {
        final_answer(Outcome::Pass)
    } else if estimate.age_years < spec.fail_if_under {
        final_answer(Outcome::Fail)
    } else if looks_old_enough {
        refer(vec![Reason::MinorRisk])
    } else {
        refer(vec![Reason::InBufferZone])
    }
}

fn final_answer(outcome: Outcome) -> Decision {
    Decision { outcome, reasons: Vec::new(), retryable: false, guidance: "NONE" }
}

fn refer(reasons: Vec<Reason>) -> Decision {
    let retryable = reasons.iter().all(|reason| reason.is_retryable());
    let guidance = reasons.first().map_or("NONE", |reason| reason.guidance());
    Decision { outcome: Outcome::Refer, reasons, retryable, guidance }
}

/// One line for each number, as Rust prints it: the same policy has the same text on every machine.
fn canonical(spec: &PolicySpec) -> String {
    format!(
        "minimum_age={}\npass_if_over={}\nfail_if_under={}\nmax_minor_pass_probability={}\n",
        spec.minimum_age, spec.pass_if_over, spec.fail_if_under, spec.max_minor_pass_probability
    )
}
