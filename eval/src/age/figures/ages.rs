//! The figures by true age: in bands, in steps of five years, and year by year where minors become adults.

use std::ops::{Range as Ages, RangeInclusive};

use serde::Serialize;

use super::super::sample::{AGES, Answer, Sample};
use super::accuracy::{Accuracy, Intervals};
use super::{ByAge, MINORS, SUFFICIENT, shares};
use crate::metrics::{Bootstrap, Proportion, Range};

/// Each with its first and last age, years.
pub(crate) const BANDS: [(&str, Ages<f64>); 6] = [
    ("0-12", 0.0..13.0),
    ("13-17", MINORS),
    ("18-24", 18.0..25.0),
    ("25-40", 25.0..41.0),
    ("41-60", 41.0..61.0),
    ("61+", 61.0..f64::INFINITY),
];

/// Years in a step.
const STEP: u32 = 5;
/// The last step begins before this age, years.
const STEPS_END: u32 = 100;

/// The single years that are told, years.
const SINGLE_AGES: RangeInclusive<u32> = 8..=24;

/// Photos of one band of ages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Band {
    /// First and last age, years.
    pub(crate) band: &'static str,
    /// Whether there are enough answered photos for figures.
    pub(crate) sufficient: bool,
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
}

/// Photos of five years of age.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    /// First and last age, whole years.
    pub(crate) band: String,
    /// First age, years.
    pub(crate) from_age: u32,
    /// The age at which the next step begins, years.
    pub(crate) below_age: u32,
    /// Whether there are enough answered photos for figures.
    pub(crate) sufficient: bool,
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
}

/// Photos of one single year of age: what they are taken for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct SingleAge {
    /// In whole years: 17.9 is 17.
    pub(crate) age: u32,
    /// Answered photos.
    pub(crate) n: usize,
    /// The share estimated at or over each age.
    pub(crate) at_or_over: ByAge<f64>,
    /// 95 %, Wilson.
    pub(crate) at_or_over_interval: ByAge<Range>,
}

/// The figures of each band of ages.
pub(crate) fn by_age_band(samples: &[&Sample], bootstrap: Bootstrap) -> Vec<Band> {
    let band = |(band, ages): (&'static str, Ages<f64>)| {
        let accuracy = of_ages(samples, &ages, bootstrap);
        Band { band, sufficient: accuracy.n_answered >= SUFFICIENT, accuracy }
    };
    BANDS.into_iter().map(band).collect()
}

/// The figures of each five years that hold any photo.
pub(crate) fn by_age_step(samples: &[&Sample], bootstrap: Bootstrap) -> Vec<Step> {
    let step = |from_age: u32| {
        let below_age = from_age + STEP;
        let accuracy = of_ages(samples, &(f64::from(from_age)..f64::from(below_age)), bootstrap);
        let band = format!("{from_age}-{}", below_age - 1);
        Step { band, from_age, below_age, sufficient: accuracy.n_answered >= SUFFICIENT, accuracy }
    };
    let steps = (0..STEPS_END).step_by(STEP as usize).map(step);
    steps.filter(|step| step.accuracy.n > 0).collect()
}

/// What each single year from 8 to 24 is taken for.
pub(crate) fn by_age(samples: &[&Sample]) -> Vec<SingleAge> {
    let single = |age: u32| {
        let of_age = samples.iter().filter(|sample| sample.photo.age.floor() == f64::from(age));
        let answers: Vec<&Answer> = of_age.filter_map(|sample| sample.answer()).collect();
        let over = AGES.map(|limit| (limit, Proportion::of(&answers, |answer| answer.looks(limit))));
        let (at_or_over, at_or_over_interval) = shares(&over, Proportion::wilson);
        SingleAge { age, n: answers.len(), at_or_over, at_or_over_interval }
    };
    SINGLE_AGES.map(single).collect()
}

fn of_ages(samples: &[&Sample], ages: &Ages<f64>, bootstrap: Bootstrap) -> Accuracy {
    let of_ages: Vec<&Sample> =
        samples.iter().copied().filter(|sample| ages.contains(&sample.photo.age)).collect();
    Accuracy::of(&of_ages, &Intervals::of(&of_ages, bootstrap)).where_sufficient()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{answered, six};
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };

    #[test]
    fn bands_share_out_all_photos() {
        let samples = six();
        let bands = by_age_band(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP);
        assert_eq!(bands.iter().map(|band| band.accuracy.n).collect::<Vec<_>>(), [0, 3, 1, 2, 0, 0]);
        assert!(bands.iter().all(|band| !band.sufficient && band.accuracy.mae.is_none()));
    }

    #[test]
    fn steps_hold_their_first_age_and_not_the_next_ones() {
        let samples: Vec<Sample> =
            (0..40).map(|n| answered(if n < 30 { 20.0 } else { 25.0 }, 23.0, 1.0)).collect();
        let steps = by_age_step(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP);
        let told: Vec<_> =
            steps.iter().map(|step| (step.from_age, step.accuracy.n, step.accuracy.mae)).collect();
        assert_eq!(told, [(20, 30, Some(3.0)), (25, 10, None)]);
    }

    #[test]
    fn a_single_year_is_told_with_wilsons_interval() {
        let mut samples: Vec<Sample> =
            (0..20).map(|n| answered(17.5, if n < 3 { 19.0 } else { 15.0 }, 1.0)).collect();
        samples.push(answered(18.0, 30.0, 1.0));
        let ages = by_age(&samples.iter().collect::<Vec<_>>());
        assert_eq!((ages.len(), ages[0].age, ages[0].at_or_over[&18]), (17, 8, None));
        assert_eq!((ages[9].age, ages[9].n), (17, 20));
        assert_eq!(
            (ages[9].at_or_over[&13], ages[9].at_or_over[&18], ages[9].at_or_over[&21]),
            (Some(1.0), Some(0.15), Some(0.0))
        );
        // scipy.stats.binomtest(3, 20).proportion_ci(method="wilson")
        let wilson = ages[9].at_or_over_interval[&18].unwrap();
        assert!((wilson.low - 0.052_368_746).abs() < 1e-6 && (wilson.high - 0.360_418_865).abs() < 1e-6);
    }
}
