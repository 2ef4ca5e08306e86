//! What a perturbation changes, photo by photo: against the same photos as they were.

use std::sync::Arc;

use serde::Serialize;

use super::super::perturb::Perturbation;
use super::clusters::{Clusters, ratio};
use super::{MINORS, PASS_AGE, of_enough};
use crate::metrics::{Bootstrap, Paired, Range};

/// One photo as it was and with every perturbation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pair {
    /// True age, years.
    pub(crate) age: f64,
    /// Who is on it, where that is known.
    pub(crate) subject: Option<Arc<str>>,
    /// Estimate of the photo as it was, years.
    pub(crate) before: Option<f32>,
    /// Estimates in the order of [`Perturbation::ALL`], years.
    pub(crate) after: [Option<f32>; Perturbation::ALL.len()],
}

/// What one perturbation changes. A change above 0 is an increase; errors and passes are of photos answered both times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Change {
    /// Its name.
    pub(crate) perturbation: &'static str,
    /// What was done.
    pub(crate) recipe: &'static str,
    /// Photos.
    pub(crate) n: usize,
    /// Those answered both times.
    pub(crate) n_paired: usize,
    /// Of the paired, 13- to 17-year-olds.
    pub(crate) n_minors: usize,
    /// Mean absolute error of the paired as they were, years.
    pub(crate) mae_before: Option<f64>,
    /// Mean absolute error of the paired when perturbed, years.
    pub(crate) mae: Option<f64>,
    /// Of the one to the other, years.
    pub(crate) mae_change: Option<f64>,
    /// 95 %, paired bootstrap.
    pub(crate) mae_change_interval: Option<Range>,
    /// Of the paired minors, the share estimated at or over 18 as they were.
    pub(crate) minor_pass_rate_before: Option<f64>,
    /// The same when perturbed.
    pub(crate) minor_pass_rate: Option<f64>,
    /// Of the one to the other.
    pub(crate) minor_pass_rate_change: Option<f64>,
    /// 95 %, paired bootstrap, and never narrower than Newcombe's.
    pub(crate) minor_pass_rate_change_interval: Option<Range>,
    /// Of all photos, the share without an estimate as they were.
    pub(crate) failure_to_answer_before: Option<f64>,
    /// The same when perturbed.
    pub(crate) failure_to_answer: Option<f64>,
    /// Of the one to the other.
    pub(crate) failure_to_answer_change: Option<f64>,
    /// 95 %, paired bootstrap, and never narrower than Newcombe's.
    pub(crate) failure_to_answer_change_interval: Option<Range>,
}

/// What each perturbation changes.
pub(crate) fn changes(pairs: &[Pair], bootstrap: Bootstrap) -> Vec<Change> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let clusters = Clusters::new(pairs.iter().map(|pair| pair.subject.as_ref()));
    let change = |(place, perturbation): (usize, Perturbation)| {
        let amounts = || pairs.iter().map(move |pair| amounts(pair, place));
        let drawn = clusters.intervals(bootstrap, amounts(), |sums| Figures::of(sums).changes());
        let [mae, minor_pass, failure] = drawn;
        let intervals =
            [mae, at_least(minor_pass, passes(pairs, place)), at_least(failure, failures(pairs, place))];
        let mut sums = [0.0; AMOUNTS];
        amounts().for_each(|amounts| sums.iter_mut().zip(amounts).for_each(|(sum, one)| *sum += one));
        Change::of(perturbation, &sums, intervals)
    };
    Perturbation::ALL.into_iter().enumerate().map(change).collect()
}

/// What was drawn of a share's change: where no photo changed it is nothing, which so many photos cannot show.
fn at_least(drawn: Option<Range>, paired: Paired) -> Option<Range> {
    Some(drawn?.spanning(paired.change_interval()?))
}

/// Of the minors answered both times, those estimated at or over 18.
fn passes(pairs: &[Pair], place: usize) -> Paired {
    let minors = pairs.iter().filter(|pair| MINORS.contains(&pair.age));
    let answered = minors.filter_map(|pair| pair.before.zip(pair.after[place]));
    answered.map(|(before, after)| (looks_of_age(before), looks_of_age(after))).collect()
}

/// Those without an estimate.
fn failures(pairs: &[Pair], place: usize) -> Paired {
    pairs.iter().map(|pair| (pair.before.is_none(), pair.after[place].is_none())).collect()
}

fn looks_of_age(estimate: f32) -> bool {
    estimate >= PASS_AGE as f32
}

const AMOUNTS: usize = 9;

/// One for the photo, its two failures, the pair with its two errors, the minor with its two passes.
fn amounts(pair: &Pair, place: usize) -> [f64; AMOUNTS] {
    let one = |counted: bool| f64::from(u8::from(counted));
    let failures = [one(pair.before.is_none()), one(pair.after[place].is_none())];
    let Some((before, after)) = pair.before.zip(pair.after[place]) else {
        return [1.0, failures[0], failures[1], 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    };
    let error = |estimate: f32| (f64::from(estimate) - pair.age).abs();
    let minor = one(MINORS.contains(&pair.age));
    let passes = |estimate: f32| minor * one(looks_of_age(estimate));
    [1.0, failures[0], failures[1], 1.0, error(before), error(after), minor, passes(before), passes(after)]
}

/// Of sums, each figure before and after.
struct Figures {
    mae: [Option<f64>; 2],
    minor_pass: [Option<f64>; 2],
    failure: [Option<f64>; 2],
}

impl Figures {
    fn of(sums: &[f64; AMOUNTS]) -> Self {
        let [n, failed, fails, paired, error, errs, minors, passed, passes] = *sums;
        Self {
            mae: [ratio(error, paired), ratio(errs, paired)],
            minor_pass: [ratio(passed, minors), ratio(passes, minors)],
            failure: [ratio(failed, n), ratio(fails, n)],
        }
    }

    fn changes(&self) -> [Option<f64>; 3] {
        [self.mae, self.minor_pass, self.failure].map(|[before, after]| Some(after? - before?))
    }
}

impl Change {
    fn of(perturbation: Perturbation, sums: &[f64; AMOUNTS], intervals: [Option<Range>; 3]) -> Self {
        let [n, n_paired, n_minors] = [sums[0], sums[3], sums[6]].map(|sum| sum as usize);
        let figures = Figures::of(sums);
        let [mae_change, pass_change, failure_change] = figures.changes();
        let [mae_interval, pass_interval, failure_interval] = intervals;
        Self {
            perturbation: perturbation.name(),
            recipe: perturbation.recipe(),
            n,
            n_paired,
            n_minors,
            mae_before: of_enough(n_paired, figures.mae[0]),
            mae: of_enough(n_paired, figures.mae[1]),
            mae_change: of_enough(n_paired, mae_change),
            mae_change_interval: of_enough(n_paired, mae_interval),
            minor_pass_rate_before: of_enough(n_minors, figures.minor_pass[0]),
            minor_pass_rate: of_enough(n_minors, figures.minor_pass[1]),
            minor_pass_rate_change: of_enough(n_minors, pass_change),
            minor_pass_rate_change_interval: of_enough(n_minors, pass_interval),
            failure_to_answer_before: of_enough(n, figures.failure[0]),
            failure_to_answer: of_enough(n, figures.failure[1]),
            failure_to_answer_change: of_enough(n, failure_change),
            failure_to_answer_change_interval: of_enough(n, failure_interval),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything else than the first perturbation leaves the photo as it was.
    fn pair(age: f64, before: Option<f32>, after: Option<f32>) -> Pair {
        let mut pair = Pair { age, subject: None, before, after: [before; Perturbation::ALL.len()] };
        pair.after[0] = after;
        pair
    }

    #[test]
    fn changes_by_hand() {
        // Thirty minors of 16: 15 estimated at 17 and then at 19, 15 at 19 both times; ten adults of 30 lose their estimate.
        let mut pairs: Vec<Pair> = (0..15).map(|_| pair(16.0, Some(17.0), Some(19.0))).collect();
        pairs.extend((0..15).map(|_| pair(16.0, Some(19.0), Some(19.0))));
        pairs.extend((0..10).map(|_| pair(30.0, Some(30.0), None)));
        let found = changes(&pairs, Bootstrap { seed: 1 });
        let (blur, dark) = (&found[0], &found[1]);
        assert_eq!((blur.perturbation, blur.n, blur.n_paired, blur.n_minors), ("blur", 40, 30, 30));
        // Errors 1 and 3 before, 3 and 3 after: 2 → 3 years. Passes 15 → 30 of 30. Failures 0 → 10 of 40.
        assert_eq!((blur.mae_before, blur.mae, blur.mae_change), (Some(2.0), Some(3.0), Some(1.0)));
        assert_eq!((blur.minor_pass_rate_before, blur.minor_pass_rate_change), (Some(0.5), Some(0.5)));
        assert_eq!((blur.failure_to_answer, blur.failure_to_answer_change), (Some(0.25), Some(0.25)));
        // A share of 1/2 of 30 photos changes by 2 years: standard error of the mean 1 / √30 = 0.183.
        let interval = blur.mae_change_interval.unwrap();
        assert!((interval.low - 0.64).abs() < 0.12 && (interval.high - 1.36).abs() < 0.12, "{interval:?}");
        // Paired: where nothing changes, the interval of a mean's change has no width, but that of a share's does.
        assert_eq!((dark.mae_change, dark.n_paired), (Some(0.0), 40));
        assert_eq!(dark.mae_change_interval, Some(Range { low: 0.0, high: 0.0 }));
        let unchanged = |both, neither| Paired { both, neither, ..Paired::default() }.change_interval();
        assert_eq!(dark.minor_pass_rate_change_interval, unchanged(15, 15));
        assert_eq!(dark.failure_to_answer_change_interval, unchanged(0, 40));
    }

    #[test]
    fn few_are_insufficient() {
        let found = changes(&[pair(16.0, Some(17.0), None), pair(40.0, None, None)], Bootstrap { seed: 1 });
        assert_eq!((found[0].n, found[0].n_paired, found[0].mae_change), (2, 0, None));
        assert_eq!((found[0].failure_to_answer_change, found[0].failure_to_answer), (None, None));
        assert!(changes(&[], Bootstrap { seed: 1 }).is_empty());
    }
}
