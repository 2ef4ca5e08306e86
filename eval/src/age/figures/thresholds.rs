//! Whether P(at least that age) means what it says.

use serde::Serialize;

use super::super::sample::{AGES, Answer, Sample};
use super::clusters::{Clusters, ratio};
use crate::metrics::{Bootstrap, Proportion, Range, Reliability, ReliabilityBin};

/// P(at least `age`) against whether the person is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Threshold {
    /// Years.
    pub(crate) age: u32,
    /// Answered photos.
    pub(crate) n: usize,
    /// Share of people who are at least that old.
    pub(crate) share_over: Option<f64>,
    /// Mean squared difference of probability and truth; 0 is perfect.
    pub(crate) brier: Option<f64>,
    /// 95 %, bootstrap.
    pub(crate) brier_interval: Option<Range>,
    /// Expected calibration error over ten bins, 0 to 1. Chance alone puts it above 0.
    pub(crate) ece: Option<f64>,
    /// Bins that hold any photo.
    pub(crate) bins: Vec<ReliabilityBin>,
}

/// Of each age that probabilities are given for.
pub(crate) fn thresholds(samples: &[&Sample], bootstrap: Bootstrap) -> Vec<Threshold> {
    let answered: Vec<&Sample> = samples.iter().copied().filter(|sample| sample.answer().is_some()).collect();
    let cases: Vec<(f64, &Answer)> =
        answered.iter().filter_map(|sample| Some((sample.photo.age, sample.answer()?))).collect();
    let clusters = Clusters::of_samples(&answered);
    let intervals = clusters.intervals(bootstrap, cases.iter().map(squares), |sums| {
        let [squares @ .., n] = *sums;
        let squares: [f64; AGES.len()] = squares;
        squares.map(|sum| ratio(sum, n))
    });
    let ages = AGES.into_iter().zip(intervals).enumerate();
    ages.map(|(place, (age, interval))| threshold(&cases, (place, age), interval)).collect()
}

/// (probability − truth)² at each age, and 1 to count the photo.
fn squares((years, answer): &(f64, &Answer)) -> [f64; AGES.len() + 1] {
    let mut squares = [1.0; AGES.len() + 1];
    for (square, (age, over)) in squares.iter_mut().zip(AGES.into_iter().zip(answer.over)) {
        let truth = f64::from(u8::from(*years >= f64::from(age)));
        *square = (f64::from(over) - truth).powi(2);
    }
    squares
}

fn threshold(cases: &[(f64, &Answer)], (place, age): (usize, u32), interval: Option<Range>) -> Threshold {
    let is_over = |years: f64| years >= f64::from(age);
    let mut reliability = Reliability::default();
    for (years, answer) in cases {
        reliability.add(f64::from(answer.over[place]), is_over(*years));
    }
    Threshold {
        age,
        n: cases.len(),
        share_over: Proportion::of(cases, |(years, _)| is_over(*years)).rate(),
        brier: reliability.brier(),
        brier_interval: interval,
        ece: reliability.ece(),
        bins: reliability.bins(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::six;
    use super::*;

    #[test]
    fn brier_and_ece_agree_with_scikit_learn() {
        // Ages 13, 17, 20, 25, 40 with P = 0.01, 0.8, 0.6, 0.92, 1: over 18 are the last three.
        // sklearn.metrics.brier_score_loss([0, 0, 1, 1, 1], [0.01, 0.8, 0.6, 0.92, 1.0]) = 0.1613
        // Bins: {0.01: none of 1}, {0.6: 1 of 1}, {0.8: 0 of 1}, {0.92, 1.0: 2 of 2} → (0.01 + 0.4 + 0.8 + 0.08) / 5 = 0.258.
        let samples = six();
        let found = thresholds(&samples.iter().collect::<Vec<_>>(), Bootstrap { seed: 1 });
        assert_eq!(found.iter().map(|one| one.age).collect::<Vec<_>>(), AGES);
        let over_18 = &found[2];
        assert_eq!((over_18.n, over_18.share_over, over_18.bins.len()), (5, Some(0.6), 4));
        assert!((over_18.brier.unwrap() - 0.161_3).abs() < 1e-6, "{:?}", over_18.brier);
        assert!((over_18.ece.unwrap() - 0.258).abs() < 1e-6, "{:?}", over_18.ece);
        let interval = over_18.brier_interval.unwrap();
        assert!(interval.low < 0.161 && interval.high > 0.162);
        // Everybody is at least 13.
        assert_eq!(found[0].share_over, Some(1.0));
    }
}
