//! From samples to figures, pure. Every share is of those named beside it, and undefined of none.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range as Ages;

use serde::Serialize;

use super::sample::{Answer, Sample};
use crate::metrics::{Errors, Proportion, Range};

/// Those whom an age check of 18 must stop.
pub(crate) const MINORS: Ages<f64> = 13.0..18.0;
/// Those whom it should let through. Between the two, either answer is fair.
pub(crate) const ADULTS: Ages<f64> = 25.0..f64::INFINITY;
/// The ages that a minor may be taken for.
const PASS_AGES: [u32; 4] = [18, 21, 23, 25];
/// The age that an adult may be refused at.
const REFUSAL_AGE: u32 = 25;
/// Estimates this near count as close, years.
const CLOSE: f64 = 5.0;

pub(crate) const BANDS: [(&str, Ages<f64>); 6] = [
    ("0-12", 0.0..13.0),
    ("13-17", MINORS),
    ("18-24", 18.0..25.0),
    ("25-40", 25.0..41.0),
    ("41-60", 41.0..61.0),
    ("61+", 61.0..f64::INFINITY),
];

/// A challenge age from 18 to 30, in half years.
const CHALLENGE_AGES: Ages<u32> = 36..61;
/// Limits on P(younger than 18).
const CHALLENGE_RISKS: [f64; 18] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9];

/// How good the estimates of some photos are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Accuracy {
    /// Photos.
    pub(crate) n: usize,
    /// Those with an estimate; the figures below are of these.
    pub(crate) n_answered: usize,
    /// Mean absolute error, years.
    pub(crate) mae: Option<f64>,
    /// Mean error, years; above 0 where faces are taken for older.
    pub(crate) bias: Option<f64>,
    /// Share within 5 years.
    pub(crate) cs5: Option<f64>,
    /// Share whose age lies in the interval.
    pub(crate) interval_coverage: Option<f64>,
}

/// All photos together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Overall {
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
    /// What the intervals promise.
    pub(crate) interval_nominal: Option<f64>,
    /// Answered 13- to 17-year-olds.
    pub(crate) n_minors: usize,
    /// Answered people of 25 and more.
    pub(crate) n_adults: usize,
    /// Of the minors, the share estimated at or over each age.
    pub(crate) minor_pass_rate: BTreeMap<u32, Option<f64>>,
    /// 95 %, Clopper–Pearson.
    pub(crate) minor_pass_interval: BTreeMap<u32, Option<Range>>,
    /// Of the adults, the share estimated under each age.
    pub(crate) adult_refusal_rate: BTreeMap<u32, Option<f64>>,
    /// 95 %, Clopper–Pearson.
    pub(crate) adult_refusal_interval: BTreeMap<u32, Option<Range>>,
    /// What any other threshold would do.
    pub(crate) challenge_curve: Vec<Challenge>,
}

/// One threshold: minors who pass it against adults whom it refuses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Challenge {
    /// `age`: passes at or over the threshold. `p_minor`: passes at or under it.
    pub(crate) score: &'static str,
    /// Years, or a probability.
    pub(crate) threshold: f64,
    /// Of the minors.
    pub(crate) minor_pass_rate: Option<f64>,
    /// Of the adults.
    pub(crate) adult_refusal_rate: Option<f64>,
}

/// Photos of one band of ages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Band {
    /// First and last age, years.
    pub(crate) band: &'static str,
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
}

/// Photos with one value in one column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Group {
    /// The column.
    pub(crate) column: String,
    /// The value.
    pub(crate) value: String,
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
}

/// Photos that a check would not judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ReasonCount {
    /// As `CheckAge` would say it, or `FILE_UNREADABLE`.
    pub(crate) reason: &'static str,
    /// Photos.
    pub(crate) n: usize,
    /// Those with an estimate all the same.
    pub(crate) n_answered: usize,
}

/// The figures of all photos.
pub(crate) fn overall(samples: &[Sample]) -> Overall {
    let minors = answers_of(samples, &MINORS);
    let adults = answers_of(samples, &ADULTS);
    let pass = |age: u32| (age, Proportion::of(&minors, |answer| answer.age_years >= age as f32));
    let refusal = |age: u32| (age, Proportion::of(&adults, |answer| answer.age_years < age as f32));
    let (passes, refusals) = (PASS_AGES.map(pass), [refusal(REFUSAL_AGE)]);
    Overall {
        accuracy: accuracy(samples),
        interval_nominal: samples.iter().find_map(Sample::answer).map(|answer| f64::from(answer.coverage)),
        n_minors: minors.len(),
        n_adults: adults.len(),
        minor_pass_rate: by_age(&passes, Proportion::rate),
        minor_pass_interval: by_age(&passes, Proportion::interval),
        adult_refusal_rate: by_age(&refusals, Proportion::rate),
        adult_refusal_interval: by_age(&refusals, Proportion::interval),
        challenge_curve: challenge_curve(&minors, &adults),
    }
}

/// The figures of each band of ages.
pub(crate) fn by_age_band(samples: &[Sample]) -> Vec<Band> {
    let band = |(band, ages): (&'static str, Ages<f64>)| {
        let accuracy = accuracy(samples.iter().filter(|sample| ages.contains(&sample.photo.age)));
        Band { band, accuracy }
    };
    BANDS.into_iter().map(band).collect()
}

/// The figures of each value of each grouping column.
pub(crate) fn by_group(samples: &[Sample]) -> Vec<Group> {
    let memberships: BTreeSet<_> = samples.iter().flat_map(|sample| &sample.photo.groups).cloned().collect();
    let group = |membership| {
        let accuracy = accuracy(samples.iter().filter(|sample| sample.photo.groups.contains(&membership)));
        Group { column: membership.column.to_string(), value: membership.value.to_string(), accuracy }
    };
    memberships.into_iter().map(group).collect()
}

/// How often each reason stands against a decision.
pub(crate) fn by_reason(samples: &[Sample]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for sample in samples {
        for reason in sample.reasons() {
            let (n, n_answered) = counts.entry(reason).or_default();
            *n += 1;
            *n_answered += usize::from(sample.answer().is_some());
        }
    }
    let count = |(reason, (n, n_answered))| ReasonCount { reason, n, n_answered };
    counts.into_iter().map(count).collect()
}

fn accuracy<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Accuracy {
    let samples: Vec<&Sample> = samples.into_iter().collect();
    let answered: Vec<(f64, &Answer)> =
        samples.iter().filter_map(|sample| Some((sample.photo.age, sample.answer()?))).collect();
    let errors: Errors = answered.iter().map(|(age, answer)| f64::from(answer.age_years) - age).collect();
    let covered =
        |(age, answer): &(f64, &Answer)| (f64::from(answer.low)..=f64::from(answer.high)).contains(age);
    Accuracy {
        n: samples.len(),
        n_answered: errors.n(),
        mae: errors.mae(),
        bias: errors.bias(),
        cs5: errors.share_within(CLOSE),
        interval_coverage: Proportion::of(&answered, covered).rate(),
    }
}

fn answers_of<'a>(samples: &'a [Sample], ages: &Ages<f64>) -> Vec<&'a Answer> {
    samples.iter().filter(|sample| ages.contains(&sample.photo.age)).filter_map(Sample::answer).collect()
}

fn by_age<T>(proportions: &[(u32, Proportion)], of: impl Fn(Proportion) -> T) -> BTreeMap<u32, T> {
    proportions.iter().map(|&(age, proportion)| (age, of(proportion))).collect()
}

fn challenge_curve(minors: &[&Answer], adults: &[&Answer]) -> Vec<Challenge> {
    let point = |score, threshold, passes: &dyn Fn(&Answer) -> bool| Challenge {
        score,
        threshold,
        minor_pass_rate: Proportion::of(minors, |answer| passes(answer)).rate(),
        adult_refusal_rate: Proportion::of(adults, |answer| !passes(answer)).rate(),
    };
    let by_age = CHALLENGE_AGES.map(|half_years| {
        let age = f64::from(half_years) / 2.0;
        point("age", age, &|answer| f64::from(answer.age_years) >= age)
    });
    let by_risk = CHALLENGE_RISKS.map(|risk| point("p_minor", risk, &|answer| answer.p_minor <= risk as f32));
    by_age.chain(by_risk).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::Outcome;
    use super::*;
    use crate::dataset::{Membership, Photo};

    fn sample(age: f64, outcome: Outcome) -> Sample {
        let sex = if age < 18.0 { "0" } else { "1" };
        let groups = vec![Membership { column: "sex".into(), value: sex.into() }];
        Sample { photo: Photo { file: "photo.jpg".into(), age, subject: None, split: None, groups }, outcome }
    }

    /// An estimate with an interval of ± 5 years.
    fn answered(age: f64, age_years: f32, p_minor: f32) -> Sample {
        let (low, high) = (age_years - 5.0, age_years + 5.0);
        let quality = if age_years > 40.0 { vec!["BLURRED"] } else { vec![] };
        sample(age, Outcome::Answered(Answer { age_years, low, high, coverage: 0.9, p_minor, quality }))
    }

    fn samples() -> Vec<Sample> {
        vec![
            answered(13.0, 12.0, 0.99),
            answered(17.0, 23.0, 0.2),
            answered(20.0, 20.0, 0.4),
            answered(25.0, 24.0, 0.1),
            answered(40.0, 50.0, 0.0),
            sample(16.0, Outcome::Unanswered("NO_FACE")),
        ]
    }

    #[test]
    fn overall_by_hand() {
        // Errors −1, 6, 0, −1, 10: sum 14, absolute 18, three within 5.
        let overall = overall(&samples());
        assert_eq!((overall.accuracy.n, overall.accuracy.n_answered), (6, 5));
        assert_eq!(overall.accuracy.mae, Some(18.0 / 5.0));
        assert_eq!(overall.accuracy.bias, Some(14.0 / 5.0));
        assert_eq!(overall.accuracy.cs5, Some(0.6));
        assert_eq!(overall.accuracy.interval_coverage, Some(0.6));
        assert_eq!((overall.n_minors, overall.n_adults), (2, 2));
        assert_eq!(
            overall.minor_pass_rate.values().copied().collect::<Vec<_>>(),
            [0.5, 0.5, 0.5, 0.0].map(Some)
        );
        assert_eq!(overall.adult_refusal_rate[&25], Some(0.5));
    }

    #[test]
    fn the_challenge_curve_covers_both_scores() {
        let overall = overall(&samples());
        let at = |score, threshold| {
            let point = overall
                .challenge_curve
                .iter()
                .find(|point| point.score == score && point.threshold == threshold);
            point.map(|point| (point.minor_pass_rate.unwrap(), point.adult_refusal_rate.unwrap())).unwrap()
        };
        assert_eq!(at("age", 18.0), (0.5, 0.0));
        assert_eq!(at("age", 24.5), (0.0, 0.5));
        assert_eq!(at("p_minor", 0.05), (0.0, 0.5));
        assert_eq!(at("p_minor", 0.2), (0.5, 0.0));
    }

    #[test]
    fn bands_and_groups_share_out_all_photos() {
        let samples = samples();
        let bands: Vec<_> = by_age_band(&samples).iter().map(|band| band.accuracy.n).collect();
        assert_eq!(bands, vec![0, 3, 1, 2, 0, 0]);
        assert_eq!(by_age_band(&samples)[0].accuracy.mae, None);
        let groups: Vec<_> =
            by_group(&samples).into_iter().map(|group| (group.value, group.accuracy.n_answered)).collect();
        assert_eq!(groups, vec![("0".to_owned(), 2), ("1".to_owned(), 3)]);
    }

    #[test]
    fn reasons_are_counted_answered_or_not() {
        let reasons: Vec<_> =
            by_reason(&samples()).iter().map(|row| (row.reason, row.n, row.n_answered)).collect();
        assert_eq!(reasons, vec![("BLURRED", 1, 1), ("NO_FACE", 1, 0)]);
    }

    #[test]
    fn no_minor_no_rate() {
        let overall = overall(&samples()[3..]);
        assert_eq!((overall.minor_pass_rate[&18], overall.minor_pass_interval[&18]), (None, None));
    }
}
