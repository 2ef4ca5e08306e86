//! How good the estimates of some photos are: each figure with its interval.

use serde::Serialize;

use super::super::sample::Sample;
use super::clusters::{Clusters, ratio};
use super::{ADULTS, MINORS, PASS_AGE, REFUSAL_AGE, of_enough};
use crate::metrics::{Bootstrap, Errors, Proportion, Range};

/// Estimates this near count as close, years.
pub(crate) const CLOSE: [f64; 3] = [3.0, 5.0, 8.0];

/// How good the estimates of some photos are. Every interval is 95 %.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Accuracy {
    /// Photos.
    pub(crate) n: usize,
    /// Those with an estimate; the figures below are of these.
    pub(crate) n_answered: usize,
    /// Share of photos without an estimate, 0 to 1.
    pub(crate) failure_to_answer: Option<f64>,
    /// Of it.
    pub(crate) failure_to_answer_interval: Option<Range>,
    /// Mean absolute error, years.
    pub(crate) mae: Option<f64>,
    /// Of it.
    pub(crate) mae_interval: Option<Range>,
    /// Mean error, years; above 0 where faces are taken for older.
    pub(crate) bias: Option<f64>,
    /// Of it.
    pub(crate) bias_interval: Option<Range>,
    /// Share within 5 years.
    pub(crate) cs5: Option<f64>,
    /// Of it.
    pub(crate) cs5_interval: Option<Range>,
    /// Share whose age lies in the interval.
    pub(crate) interval_coverage: Option<f64>,
    /// Of it.
    pub(crate) interval_coverage_interval: Option<Range>,
}

/// Intervals, each by the people on those photos that the figure is of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Intervals {
    /// Of the share without an estimate.
    pub(crate) failure: Option<Range>,
    /// Of the mean absolute error, years.
    pub(crate) mae: Option<Range>,
    /// Of the mean error, years.
    pub(crate) bias: Option<Range>,
    /// Of the errors' standard deviation, years.
    pub(crate) sd: Option<Range>,
    /// Of the shares within 3, 5 and 8 years.
    pub(crate) close: [Option<Range>; 3],
    /// Of the share whose age lies in the interval.
    pub(crate) coverage: Option<Range>,
    /// Of the share of minors estimated at or over 18.
    pub(crate) minor_pass: Option<Range>,
    /// Of the share of adults estimated under 25.
    pub(crate) adult_refusal: Option<Range>,
}

impl Accuracy {
    /// Of these photos, with intervals that were drawn already.
    pub(crate) fn of(samples: &[&Sample], intervals: &Intervals) -> Self {
        let (n, errors) = (samples.len(), errors(samples));
        Self {
            n,
            n_answered: errors.n(),
            failure_to_answer: unanswered(samples).rate(),
            failure_to_answer_interval: intervals.failure,
            mae: errors.mae(),
            mae_interval: intervals.mae,
            bias: errors.bias(),
            bias_interval: intervals.bias,
            cs5: errors.share_within(CLOSE[1]),
            cs5_interval: intervals.close[1],
            interval_coverage: covered(samples).rate(),
            interval_coverage_interval: intervals.coverage,
        }
    }

    /// Without the figures that rest on too few.
    pub(crate) fn where_sufficient(self) -> Self {
        let Self { n, n_answered, .. } = self;
        Self {
            n,
            n_answered,
            failure_to_answer: of_enough(n, self.failure_to_answer),
            failure_to_answer_interval: of_enough(n, self.failure_to_answer_interval),
            mae: of_enough(n_answered, self.mae),
            mae_interval: of_enough(n_answered, self.mae_interval),
            bias: of_enough(n_answered, self.bias),
            bias_interval: of_enough(n_answered, self.bias_interval),
            cs5: of_enough(n_answered, self.cs5),
            cs5_interval: of_enough(n_answered, self.cs5_interval),
            interval_coverage: of_enough(n_answered, self.interval_coverage),
            interval_coverage_interval: of_enough(n_answered, self.interval_coverage_interval),
        }
    }
}

impl Intervals {
    /// Of these photos: by person where photos share one; else shares get the interval of Wilson, which does not
    /// collapse where nobody or everybody is counted.
    pub(crate) fn of(samples: &[&Sample], bootstrap: Bootstrap) -> Self {
        let [mae, bias, sd] = error_intervals(samples, bootstrap);
        let [failure] = share_intervals(samples, bootstrap, |sample| Some([sample.answer().is_none()]));
        let [cs3, cs5, cs8, coverage] = share_intervals(samples, bootstrap, |sample| {
            let (answer, age) = (sample.answer()?, sample.photo.age);
            let [cs3, cs5, cs8] = CLOSE.map(|reach| answer.error(age).abs() <= reach);
            Some([cs3, cs5, cs8, answer.covers(age)])
        });
        let [minor_pass] = share_intervals(samples, bootstrap, |sample| {
            let answer = sample.answer()?;
            MINORS.contains(&sample.photo.age).then(|| [answer.looks(PASS_AGE)])
        });
        let [adult_refusal] = share_intervals(samples, bootstrap, |sample| {
            let answer = sample.answer()?;
            ADULTS.contains(&sample.photo.age).then(|| [!answer.looks(REFUSAL_AGE)])
        });
        Self { failure, mae, bias, sd, close: [cs3, cs5, cs8], coverage, minor_pass, adult_refusal }
    }
}

/// Of shares of these photos; `counts` is which of the shares count a photo, None where they are not of it.
fn share_intervals<const N: usize>(
    samples: &[&Sample],
    bootstrap: Bootstrap,
    counts: impl Fn(&Sample) -> Option<[bool; N]>,
) -> [Option<Range>; N] {
    let (samples, counted): (Vec<&Sample>, Vec<[bool; N]>) =
        samples.iter().filter_map(|sample| Some((*sample, counts(sample)?))).unzip();
    Clusters::of_samples(&samples).share_intervals(bootstrap, &counted, Proportion::wilson)
}

/// Of the figures of the errors: MAE, bias, SD.
fn error_intervals(samples: &[&Sample], bootstrap: Bootstrap) -> [Option<Range>; 3] {
    let (answered, amounts): (Vec<&Sample>, Vec<[f64; 4]>) =
        samples.iter().filter_map(|sample| Some((*sample, amounts(error(sample)?)))).unzip();
    Clusters::of_samples(&answered).intervals(bootstrap, amounts.into_iter(), figures)
}

/// Estimate minus truth, years, where there is an estimate.
fn error(sample: &Sample) -> Option<f64> {
    Some(sample.answer()?.error(sample.photo.age))
}

/// Estimate minus truth of those with an estimate.
pub(crate) fn errors(samples: &[&Sample]) -> Errors {
    samples.iter().filter_map(|sample| error(sample)).collect()
}

/// Those without an estimate.
pub(crate) fn unanswered(samples: &[&Sample]) -> Proportion {
    Proportion::of(samples, |sample| sample.answer().is_none())
}

/// Of those with an estimate, those whose age lies in the interval.
pub(crate) fn covered(samples: &[&Sample]) -> Proportion {
    let answered = samples.iter().filter_map(|sample| Some((sample.answer()?, sample.photo.age)));
    Proportion::of(answered, |(answer, age)| answer.covers(age))
}

/// Of the answered 13- to 17-year-olds, those estimated at or over `age`.
pub(crate) fn minors_over(samples: &[&Sample], age: u32) -> Proportion {
    let minors = samples.iter().filter(|sample| MINORS.contains(&sample.photo.age));
    Proportion::of(minors.filter_map(|sample| sample.answer()), |answer| answer.looks(age))
}

/// Of the answered people of 25 and more, those estimated under `age`.
pub(crate) fn adults_under(samples: &[&Sample], age: u32) -> Proportion {
    let adults = samples.iter().filter(|sample| ADULTS.contains(&sample.photo.age));
    Proportion::of(adults.filter_map(|sample| sample.answer()), |answer| !answer.looks(age))
}

/// What one error adds to the sums of [`figures`].
fn amounts(error: f64) -> [f64; 4] {
    [1.0, error.abs(), error, error * error]
}

/// MAE, bias, SD.
fn figures([n, absolute, error, square]: &[f64; 4]) -> [Option<f64>; 3] {
    let variance = (square - error * error / n) / (n - 1.0);
    [ratio(*absolute, *n), ratio(*error, *n), (*n > 1.0).then(|| variance.max(0.0).sqrt())]
}

#[cfg(test)]
mod tests {
    use super::super::examples::{answered, of_subject, six, two_groups};
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };

    #[test]
    fn what_is_drawn_again_is_what_is_told() {
        let samples = six();
        let samples: Vec<&Sample> = samples.iter().collect();
        let mut sums = [0.0; 4];
        for error in samples.iter().filter_map(|sample| error(sample)) {
            sums.iter_mut().zip(amounts(error)).for_each(|(sum, amount)| *sum += amount);
        }
        let errors = errors(&samples);
        for (drawn, told) in figures(&sums).into_iter().zip([errors.mae(), errors.bias(), errors.sd()]) {
            assert!((drawn.unwrap() - told.unwrap()).abs() < 1e-12, "{drawn:?} {told:?}");
        }
    }

    #[test]
    fn an_interval_holds_its_figure() {
        let samples = two_groups();
        let samples: Vec<&Sample> = samples.iter().collect();
        let (intervals, errors) = (Intervals::of(&samples, BOOTSTRAP), errors(&samples));
        // MAE (40 × 2 + 40 × 4 + 5 × 9) / 85 = 3.353; the errors' spread of 1.69 gives 3.353 ± 1.96 × 1.69 / √85 = ± 0.36.
        let mae = intervals.mae.unwrap();
        assert!((mae.low - 2.99).abs() < 0.1 && (mae.high - 3.71).abs() < 0.1, "{mae:?}");
        assert!((errors.mae().unwrap() - 285.0 / 85.0).abs() < 1e-12);
        // Nobody is without an answer: no collapse to [0, 0], but Wilson's upper end z² / (n + z²).
        let failure = intervals.failure.unwrap();
        assert!((failure.high - 3.8415 / 88.8415).abs() < 1e-4, "{failure:?}");
    }

    #[test]
    fn photos_of_few_people_tell_less() {
        let alone: Vec<Sample> = two_groups();
        let shared: Vec<Sample> = alone
            .iter()
            .enumerate()
            .map(|(place, sample)| of_subject(sample.clone(), &(place / 20).to_string()))
            .collect();
        let width = |samples: &[Sample]| {
            let range = Intervals::of(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP).mae.unwrap();
            range.high - range.low
        };
        assert!(width(&shared) > 1.5 * width(&alone));
    }

    /// Twenty photos of each of two minors, and another of each of forty adults whom nobody takes for younger than 25.
    fn two_minors(passes: impl Fn(usize) -> bool) -> Intervals {
        let minor = |n: usize| answered(15.0, if passes(n) { 19.0 } else { 14.0 }, 0.5);
        let minors = (0..40).map(|n| of_subject(minor(n), if n < 20 { "a" } else { "b" }));
        let samples: Vec<Sample> = minors.chain((0..40).map(|_| answered(30.0, 30.0, 1.0))).collect();
        Intervals::of(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP)
    }

    #[test]
    fn where_none_count_people_are_counted_and_not_photos() {
        let found = two_minors(|_| false);
        assert_eq!(found.minor_pass, Proportion { hits: 0, n: 2 }.wilson());
        // No adult shares a photo with anybody.
        assert_eq!(found.adult_refusal, Proportion { hits: 0, n: 40 }.wilson());
        assert_eq!(found.failure, Proportion { hits: 0, n: 42 }.wilson());
    }

    #[test]
    fn minors_who_pass_equally_often_leave_the_share_unsure() {
        // Both pass on half of their photos: every draw says one half, and is not to be believed.
        let range = two_minors(|n| n % 2 == 0).minor_pass.unwrap();
        assert!(range.high - range.low > 0.2, "{range:?}");
    }

    #[test]
    fn all_close_is_not_certainty() {
        let samples: Vec<Sample> = (0..30).map(|_| answered(30.0, 30.0, 1.0)).collect();
        let intervals = Intervals::of(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP);
        assert_eq!(intervals.close[1], Proportion { hits: 30, n: 30 }.wilson());
    }

    #[test]
    fn few_photos_give_no_figure() {
        let samples = six();
        let samples: Vec<&Sample> = samples.iter().collect();
        let whole = Accuracy::of(&samples, &Intervals::of(&samples, BOOTSTRAP));
        assert!(whole.mae.is_some());
        let held = whole.where_sufficient();
        assert_eq!((held.n, held.n_answered, held.mae, held.failure_to_answer), (6, 5, None, None));
    }
}
