//! From samples to figures, pure. Every share is of those named beside it, and undefined of none.

mod accuracy;
mod ages;
mod clusters;
mod curve;
mod groups;
mod macro_average;
mod overall;
mod policies;
mod reasons;
mod reject;
mod robustness;
mod thresholds;

use std::collections::BTreeMap;
use std::ops::Range as Ages;

use crate::metrics::{Proportion, Range};

pub(crate) use accuracy::Accuracy;
pub(crate) use ages::{BANDS, Band, SingleAge, Step, by_age, by_age_band, by_age_step};
pub(crate) use curve::Challenge;
pub(crate) use groups::{Column, Group, by_column, by_group};
pub(crate) use overall::{Overall, overall};
pub(crate) use policies::{PolicyFigures, ReferReason, Who, by_policy};
pub(crate) use reasons::{ReasonCount, by_reason};
pub(crate) use reject::{Rejection, error_reject};
pub(crate) use robustness::{Change, Pair, changes};
pub(crate) use thresholds::{Threshold, thresholds};

/// Those whom an age check of 18 must stop.
pub(crate) const MINORS: Ages<f64> = 13.0..18.0;
/// Those whom it should let through. Between the two, either answer is fair.
pub(crate) const ADULTS: Ages<f64> = 25.0..f64::INFINITY;
/// The age that a minor of any group may be taken for.
pub(crate) const PASS_AGE: u32 = 18;
/// The age that an adult may be refused at.
pub(crate) const REFUSAL_AGE: u32 = 25;
/// Fewer than this say too little for a figure of a part of the data.
pub(crate) const SUFFICIENT: usize = 30;

/// A figure for each age, years.
pub(crate) type ByAge<T> = BTreeMap<u32, Option<T>>;

/// The figure, unless it rests on too few.
fn of_enough<T>(n: usize, figure: Option<T>) -> Option<T> {
    figure.filter(|_| n >= SUFFICIENT)
}

/// For each age a share and its interval.
fn shares(
    shares: &[(u32, Proportion)],
    interval: impl Fn(Proportion) -> Option<Range>,
) -> (ByAge<f64>, ByAge<Range>) {
    let rates = shares.iter().map(|&(age, share)| (age, share.rate())).collect();
    (rates, shares.iter().map(|&(age, share)| (age, interval(share))).collect())
}

/// Samples that the tests of the figures share.
#[cfg(test)]
mod examples {
    use std::sync::Arc;

    use super::super::sample::{Answer, Outcome, ReasonSet, Sample};
    use crate::dataset::{Membership, Photo};

    /// A photo of somebody of this age; the column sex tells minors from adults.
    pub(crate) fn sample(age: f64, outcome: Outcome) -> Sample {
        let sex = if age < 18.0 { "0" } else { "1" };
        let groups = vec![Membership { column: "sex".into(), value: sex.into() }];
        let photo = Photo { file: "photo.jpg".into(), age, subject: None, split: None, groups };
        Sample { photo, outcome, decided: Box::default() }
    }

    /// An estimate with an interval of ± 5 years and the same P at or over every age.
    pub(crate) fn answered(age: f64, age_years: f32, over: f32) -> Sample {
        let blurred = (age_years > 40.0).then_some(models::age::Reason::Blurred);
        sample(
            age,
            Outcome::Answered(Answer {
                age_years,
                low: age_years - 5.0,
                high: age_years + 5.0,
                over: [over; 5],
                sharpness: 0.1,
                detection_score: 0.9,
                quality: blurred.into_iter().collect::<ReasonSet>(),
            }),
        )
    }

    /// The same person's photo.
    pub(crate) fn of_subject(sample: Sample, subject: &str) -> Sample {
        let photo = Photo { subject: Some(Arc::from(subject)), ..sample.photo };
        Sample { photo, ..sample }
    }

    /// Errors −1, 6, 0, −1, 10, and one without an answer.
    pub(crate) fn six() -> Vec<Sample> {
        vec![
            answered(13.0, 12.0, 0.01),
            answered(17.0, 23.0, 0.8),
            answered(20.0, 20.0, 0.6),
            answered(25.0, 24.0, 0.92),
            answered(40.0, 50.0, 1.0),
            sample(16.0, Outcome::Unanswered("NO_FACE")),
        ]
    }

    /// Forty of each of two groups, `a` with errors of ± 2 years and `b` of ± 4, and five of a third.
    pub(crate) fn two_groups() -> Vec<Sample> {
        let photo = |group: &str, place: usize, off: f32| {
            let off = if place.is_multiple_of(2) { off } else { -off };
            let mut sample = answered(30.0, 30.0 + off, 1.0);
            sample.photo.groups = vec![Membership { column: "device".into(), value: group.into() }];
            sample
        };
        let of = |group: &'static str, count: usize, off: f32| (0..count).map(move |n| photo(group, n, off));
        of("a", 40, 2.0).chain(of("b", 40, 4.0)).chain(of("c", 5, 9.0)).collect()
    }
}
