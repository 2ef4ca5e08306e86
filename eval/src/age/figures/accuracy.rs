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

/// Intervals of all that depends on sums over photos, from the same draws.
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
        let clusters = Clusters::of_samples(samples);
        let drawn = clusters.intervals(bootstrap, samples.iter().map(|sample| amounts(sample)), figures);
        let [failure, mae, bias, sd, cs3, cs5, cs8, coverage, minor_pass, adult_refusal] = drawn;
        let share = |proportion: Proportion, drawn| share_interval(proportion, drawn, &clusters);
        Self {
            failure: share(unanswered(samples), failure),
            mae,
            bias,
            sd,
            close: [cs3, cs5, cs8],
            coverage: share(covered(samples), coverage),
            minor_pass: share(minors_over(samples, PASS_AGE), minor_pass),
            adult_refusal: share(adults_under(samples, REFUSAL_AGE), adult_refusal),
        }
    }
}

fn share_interval(share: Proportion, drawn: Option<Range>, clusters: &Clusters) -> Option<Range> {
    let is_mixed = share.hits > 0 && share.hits < share.n;
    if clusters.are_shared() && is_mixed { drawn } else { share.wilson() }
}

/// Estimate minus truth of those with an estimate.
pub(crate) fn errors(samples: &[&Sample]) -> Errors {
    samples.iter().filter_map(|sample| Some(sample.answer()?.error(sample.photo.age))).collect()
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

/// What one photo adds to the sums of [`figures`].
fn amounts(sample: &Sample) -> [f64; 13] {
    let one = |counted: bool| f64::from(u8::from(counted));
    let Some(answer) = sample.answer() else {
        let mut nothing = [0.0; 13];
        nothing[0] = 1.0;
        return nothing;
    };
    let (age, error) = (sample.photo.age, answer.error(sample.photo.age));
    let [cs3, cs5, cs8] = CLOSE.map(|reach| one(error.abs() <= reach));
    let (minor, adult) = (one(MINORS.contains(&age)), one(ADULTS.contains(&age)));
    let (passes, refused) = (minor * one(answer.looks(PASS_AGE)), adult * one(!answer.looks(REFUSAL_AGE)));
    let covers = one(answer.covers(age));
    [1.0, 1.0, error.abs(), error, error * error, cs3, cs5, cs8, covers, minor, passes, adult, refused]
}

/// Failure to answer, MAE, bias, SD, three cumulative scores, coverage, minors passing, adults refused.
fn figures(sums: &[f64; 13]) -> [Option<f64>; 10] {
    let [n, answered, absolute, error, square, cs3, cs5, cs8, covers, minors, passes, adults, refused] =
        *sums;
    let variance = (square - error * error / answered) / (answered - 1.0);
    [
        ratio(n - answered, n),
        ratio(absolute, answered),
        ratio(error, answered),
        (answered > 1.0).then(|| variance.max(0.0).sqrt()),
        ratio(cs3, answered),
        ratio(cs5, answered),
        ratio(cs8, answered),
        ratio(covers, answered),
        ratio(passes, minors),
        ratio(refused, adults),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::examples::{of_subject, six, two_groups};
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };

    #[test]
    fn what_is_drawn_again_is_what_is_told() {
        let samples = six();
        let samples: Vec<&Sample> = samples.iter().collect();
        let mut sums = [0.0; 13];
        for sample in &samples {
            sums.iter_mut().zip(amounts(sample)).for_each(|(sum, amount)| *sum += amount);
        }
        let errors = errors(&samples);
        let told = [
            unanswered(&samples).rate(),
            errors.mae(),
            errors.bias(),
            errors.sd(),
            errors.share_within(3.0),
            errors.share_within(5.0),
            errors.share_within(8.0),
            covered(&samples).rate(),
            minors_over(&samples, 18).rate(),
            adults_under(&samples, 25).rate(),
        ];
        for (drawn, told) in figures(&sums).into_iter().zip(told) {
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
