//! PASS, FAIL, REFER: a table of what is found against what is decided.

use models::age::policy::{Decision, FaceFindings, Outcome, Policy, PolicySpec, decide};
use models::age::{AgeCalibration, Estimate, Reason};
use models::{InputError, Knots, PolicyFault, Stage};

use crate::pictures::{astronaut, beside, png};
use crate::stages::{estimator, faces};

const OVER_18: PolicySpec = PolicySpec {
    minimum_age: 18.0,
    pass_if_over: 25.0,
    fail_if_under: 16.0,
    max_minor_pass_probability: 0.05,
};

/// A face that looks `age` with a risk of `p_young` to look ten.
fn face(age: usize, p_young: f32) -> FaceFindings {
    let mut probabilities = vec![0.0; 101];
    probabilities[10] = p_young;
    probabilities[age] += 1.0 - p_young;
    let calibration = AgeCalibration::plain(0.9, 0.8);
    FaceFindings {
        area: 100.0,
        quality_reasons: vec![],
        estimate: Estimate::new(&probabilities, &calibration, 60.0),
    }
}

fn decided(faces: &[FaceFindings]) -> Decision {
    decide(&Policy::new(OVER_18).unwrap(), faces)
}

fn refer(reason: Reason, retryable: bool, guidance: &'static str) -> Decision {
    Decision { outcome: Outcome::Refer, reasons: vec![reason], retryable, guidance }
}

fn final_answer(outcome: Outcome) -> Decision {
    Decision { outcome, reasons: vec![], retryable: false, guidance: "NONE" }
}

#[test]
fn the_age_decides() {
    assert_eq!(decided(&[face(40, 0.0)]), final_answer(Outcome::Pass));
    assert_eq!(decided(&[face(25, 0.0)]), final_answer(Outcome::Pass));
    let buffer = refer(Reason::InBufferZone, false, "USE_ANOTHER_METHOD");
    assert_eq!(decided(&[face(24, 0.0)]), buffer);
    assert_eq!(decided(&[face(16, 0.0)]), buffer);
    assert_eq!(decided(&[face(15, 0.0)]), final_answer(Outcome::Fail));
}

#[test]
fn a_risk_of_passing_a_minor_refers() {
    assert_eq!(decided(&[face(60, 0.04)]), final_answer(Outcome::Pass));
    assert_eq!(decided(&[face(60, 0.06)]), refer(Reason::MinorRisk, false, "USE_ANOTHER_METHOD"));
}

#[test]
fn without_a_fail_age_nobody_fails() {
    let never = Policy::new(PolicySpec { fail_if_under: 0.0, ..OVER_18 }).unwrap();
    assert_eq!(decide(&never, &[face(3, 0.0)]).outcome, Outcome::Refer);
}

#[test]
fn one_face_must_stand_out() {
    let sized = |area: f32| FaceFindings { area, ..face(40, 0.0) };
    let unclear = refer(Reason::MultipleFaces, true, "SHOW_ONE_FACE");
    assert_eq!(decided(&[sized(100.0), sized(f32::NAN)]), unclear);
    assert_eq!(decided(&[]), refer(Reason::NoFace, true, "SHOW_ONE_FACE"));
    assert_eq!(decided(&[sized(100.0), sized(31.0)]), refer(Reason::MultipleFaces, true, "SHOW_ONE_FACE"));
    assert_eq!(decided(&[sized(100.0), sized(29.0)]), final_answer(Outcome::Pass));
}

#[test]
fn a_face_that_cannot_be_judged_refers_before_its_age_counts() {
    let reasons = vec![Reason::TooDark, Reason::Blurred];
    let decision = decided(&[FaceFindings { quality_reasons: reasons.clone(), ..face(40, 0.0) }]);
    assert_eq!(
        decision,
        Decision { outcome: Outcome::Refer, reasons, retryable: true, guidance: "MORE_LIGHT" }
    );
}

#[test]
fn an_interval_too_wide_decides_nothing() {
    assert_eq!(decided(&[face(90, 0.4)]), refer(Reason::IntervalTooWide, true, "TAKE_ANOTHER_PHOTO"));
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    let refused = |spec: PolicySpec| Policy::new(spec).unwrap_err();
    let fault = |fault: PolicyFault| InputError::Policy(fault);
    assert_eq!(refused(PolicySpec { pass_if_over: 17.0, ..OVER_18 }), fault(PolicyFault::PassBelowMinimum));
    assert_eq!(refused(PolicySpec { fail_if_under: 26.0, ..OVER_18 }), fault(PolicyFault::FailAbovePass));
}

#[test]
fn a_number_out_of_range_is_named_with_what_is_allowed() {
    for (spec, said) in [
        (PolicySpec { minimum_age: 0.0, ..OVER_18 }, "minimum_age must lie between 1 and 100 years"),
        (PolicySpec { minimum_age: f32::NAN, ..OVER_18 }, "minimum_age must lie between 1 and 100 years"),
        (
            PolicySpec { pass_if_over: f32::INFINITY, ..OVER_18 },
            "pass_if_over must lie between 1 and 100 years",
        ),
        (
            PolicySpec { fail_if_under: 0.5, ..OVER_18 },
            "fail_if_under must lie between 1 and 100 years, or 0 for never",
        ),
        (
            PolicySpec { max_minor_pass_probability: 1.5, ..OVER_18 },
            "max_minor_pass_probability must lie between 0 and 1",
        ),
    ] {
        let refusal = Policy::new(spec).unwrap_err();
        assert_eq!(refusal.to_string(), format!("the policy contradicts itself: {said}"));
    }
}

#[test]
fn what_is_no_number_passes_and_fails_nobody() {
    let lax = PolicySpec { max_minor_pass_probability: 1.0, ..OVER_18 };
    let mut unknown_risk = AgeCalibration::plain(0.9, 0.8);
    unknown_risk.over.offset = Knots::constant(f32::NAN);
    let estimate = |age: f32, calibration: &AgeCalibration| {
        let mut probabilities = vec![0.0; 101];
        probabilities[40] = 1.0;
        let mut estimate = Estimate::new(&probabilities, calibration, 60.0);
        estimate.age_years = age;
        estimate
    };
    let decided =
        |estimate| decide(&Policy::new(lax).unwrap(), &[FaceFindings { estimate, ..face(40, 0.0) }]);
    let (buffer, risk) = (Reason::InBufferZone, Reason::MinorRisk);
    let known_risk = AgeCalibration::plain(0.9, 0.8);
    assert_eq!(decided(estimate(40.0, &known_risk)), final_answer(Outcome::Pass));
    assert_eq!(decided(estimate(40.0, &unknown_risk)), refer(risk, false, "USE_ANOTHER_METHOD"));
    assert_eq!(decided(estimate(f32::NAN, &known_risk)), refer(buffer, false, "USE_ANOTHER_METHOD"));
    assert_eq!(decided(estimate(12.0, &unknown_risk)), final_answer(Outcome::Fail));
}

#[test]
fn the_hash_names_the_policy() {
    let hash = |spec: PolicySpec| Policy::new(spec).unwrap().sha256().to_owned();
    assert_eq!(hash(OVER_18), hash(OVER_18));
    assert_ne!(hash(OVER_18), hash(PolicySpec { pass_if_over: 25.5, ..OVER_18 }));
    assert_eq!(hash(OVER_18).len(), 64);
    let nought =
        |nought: f32| PolicySpec { fail_if_under: nought, max_minor_pass_probability: nought, ..OVER_18 };
    assert_eq!(hash(nought(0.0)), hash(nought(-0.0)));
}

#[test]
fn two_people_in_a_photo_refer() {
    let found = faces(png(beside(&astronaut(), &astronaut())));
    let crops = found.iter().map(|face| face.crop.clone()).collect();
    let estimates = estimator().run(crops).unwrap();
    let findings: Vec<FaceFindings> =
        found.iter().zip(estimates).map(|(face, estimate)| FaceFindings::new(face, estimate)).collect();
    assert_eq!(decided(&findings), refer(Reason::MultipleFaces, true, "SHOW_ONE_FACE"));
}
