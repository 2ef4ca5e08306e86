//! The figures of all photos together.

use serde::Serialize;

use super::super::sample::{Answer, Sample};
use super::accuracy::{Accuracy, CLOSE, Intervals, errors};
use super::clusters::Clusters;
use super::curve::{Challenge, challenge_curve};
use super::macro_average::MacroOverAges;
use super::{ADULTS, ByAge, MINORS, REFUSAL_AGE};
use crate::metrics::{Bootstrap, Proportion, Range};

/// The ages that a minor may be taken for.
const PASS_AGES: [u32; 4] = [18, 21, 23, 25];

/// All photos together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Overall {
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
    /// Standard deviation of the errors about their mean, years.
    pub(crate) sd: Option<f64>,
    /// Of it.
    pub(crate) sd_interval: Option<Range>,
    /// Median of the absolute errors, years.
    pub(crate) median_absolute_error: Option<f64>,
    /// Of it.
    pub(crate) median_absolute_error_interval: Option<Range>,
    /// Share within 3 years.
    pub(crate) cs3: Option<f64>,
    /// Of it.
    pub(crate) cs3_interval: Option<Range>,
    /// Share within 8 years.
    pub(crate) cs8: Option<f64>,
    /// Of it.
    pub(crate) cs8_interval: Option<Range>,
    /// With every year of age counting the same.
    pub(crate) macro_over_ages: MacroOverAges,
    /// What is drawn again for the intervals: `subject`, or `photo` where no photo shares its subject.
    pub(crate) bootstrap_unit: &'static str,
    /// How many of them.
    pub(crate) n_units: usize,
    /// What the intervals of estimates promise, 0 to 1.
    pub(crate) interval_nominal: f64,
    /// Answered 13- to 17-year-olds.
    pub(crate) n_minors: usize,
    /// Answered people of 25 and more.
    pub(crate) n_adults: usize,
    /// Of the minors, the share estimated at or over each age.
    pub(crate) minor_pass_rate: ByAge<f64>,
    /// 95 %, Clopper–Pearson; of people where photos share a subject.
    pub(crate) minor_pass_rate_interval: ByAge<Range>,
    /// Of the adults, the share estimated under each age.
    pub(crate) adult_refusal_rate: ByAge<f64>,
    /// 95 %, Clopper–Pearson; of people where photos share a subject.
    pub(crate) adult_refusal_rate_interval: ByAge<Range>,
    /// What any other threshold would do.
    pub(crate) challenge_curve: Vec<Challenge>,
}

/// The figures of all photos; `nominal` is the coverage that the model's intervals promise.
pub(crate) fn overall(samples: &[&Sample], nominal: f32, bootstrap: Bootstrap) -> Overall {
    let (errors, intervals) = (errors(samples), Intervals::of(samples, bootstrap));
    let clusters = Clusters::of_samples(samples);
    let (minors, adults) = (answered_of(samples, MINORS), answered_of(samples, ADULTS));
    let (minor_pass_rate, minor_pass_rate_interval) =
        shares_by_age(&minors, PASS_AGES, bootstrap, Answer::looks);
    let is_refused = |answer: &Answer, age| !answer.looks(age);
    let (adult_refusal_rate, adult_refusal_rate_interval) =
        shares_by_age(&adults, [REFUSAL_AGE], bootstrap, is_refused);
    Overall {
        accuracy: Accuracy::of(samples, &intervals),
        sd: errors.sd(),
        sd_interval: intervals.sd,
        median_absolute_error: errors.median_absolute(),
        median_absolute_error_interval: median_interval(samples, bootstrap),
        cs3: errors.share_within(CLOSE[0]),
        cs3_interval: intervals.close[0],
        cs8: errors.share_within(CLOSE[2]),
        cs8_interval: intervals.close[2],
        macro_over_ages: MacroOverAges::of(samples, bootstrap),
        bootstrap_unit: if clusters.are_shared() { "subject" } else { "photo" },
        n_units: clusters.count(),
        interval_nominal: f64::from(nominal),
        n_minors: minors.len(),
        n_adults: adults.len(),
        minor_pass_rate,
        minor_pass_rate_interval,
        adult_refusal_rate,
        adult_refusal_rate_interval,
        challenge_curve: challenge_curve(&answers(&minors), &answers(&adults)),
    }
}

/// Those of certain ages who have an estimate.
fn answered_of<'a>(samples: &[&'a Sample], ages: std::ops::Range<f64>) -> Vec<&'a Sample> {
    let of_age = samples.iter().copied().filter(|sample| ages.contains(&sample.photo.age));
    of_age.filter(|sample| sample.answer().is_some()).collect()
}

fn answers<'a>(answered: &[&'a Sample]) -> Vec<&'a Answer> {
    answered.iter().filter_map(|sample| sample.answer()).collect()
}

/// Of those answered, the share that counts at each age.
fn shares_by_age<const N: usize>(
    answered: &[&Sample],
    ages: [u32; N],
    bootstrap: Bootstrap,
    counts: impl Fn(&Answer, u32) -> bool,
) -> (ByAge<f64>, ByAge<Range>) {
    let counted: Vec<[bool; N]> =
        answers(answered).iter().map(|answer| ages.map(|age| counts(answer, age))).collect();
    let clusters = Clusters::of_samples(answered);
    let intervals = clusters.share_intervals(bootstrap, &counted, Proportion::interval);
    let rate = |(place, age)| (age, Proportion::of(&counted, |counted| counted[place]).rate());
    (ages.into_iter().enumerate().map(rate).collect(), ages.into_iter().zip(intervals).collect())
}

/// Of the median of the absolute errors: the photos lie sorted, so that each draw is one walk to the middle.
fn median_interval(samples: &[&Sample], bootstrap: Bootstrap) -> Option<Range> {
    let size = |sample: &&Sample| sample.answer().map(|answer| answer.error(sample.photo.age).abs());
    let mut sorted: Vec<(f64, &Sample)> =
        samples.iter().filter_map(|sample| Some((size(sample)?, *sample))).collect();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (sizes, samples): (Vec<f64>, Vec<&Sample>) = sorted.into_iter().unzip();
    let [interval] = Clusters::of_samples(&samples).resampled(bootstrap, |times| [middle(&sizes, times)]);
    interval
}

/// The median of rising values that are each there so many times: the mean of the two middle ones, where there are two.
fn middle(rising: &[f64], times: &dyn Fn(usize) -> f64) -> Option<f64> {
    let half = (0..rising.len()).map(times).sum::<f64>() / 2.0;
    let (mut passed, mut lower) = (0.0, None);
    for (place, value) in rising.iter().enumerate() {
        passed += times(place);
        if passed >= half && lower.is_none() && half > 0.0 {
            lower = Some(*value);
        }
        if passed > half {
            return lower.map(|lower| f64::midpoint(lower, *value));
        }
    }
    lower
}

#[cfg(test)]
mod tests {
    use super::super::examples::{answered, of_subject, six};
    use super::*;

    fn of(samples: &[Sample]) -> Overall {
        overall(&samples.iter().collect::<Vec<_>>(), 0.9, Bootstrap { seed: 1 })
    }

    #[test]
    fn figures_by_hand() {
        // Errors −1, 6, 0, −1, 10: sum 14, absolute 18, three within 5, four within 8; sizes 0, 1, 1, 6, 10.
        let overall = of(&six());
        assert_eq!((overall.accuracy.n, overall.accuracy.n_answered), (6, 5));
        assert_eq!(overall.accuracy.mae, Some(18.0 / 5.0));
        assert_eq!(overall.accuracy.bias, Some(14.0 / 5.0));
        assert_eq!((overall.cs3, overall.accuracy.cs5, overall.cs8), (Some(0.6), Some(0.6), Some(0.8)));
        assert_eq!(overall.median_absolute_error, Some(1.0));
        // numpy.std([-1, 6, 0, -1, 10], ddof=1) = 4.969909455915671
        assert!((overall.sd.unwrap() - 4.969_909_455_915_671).abs() < 1e-12);
        assert_eq!(overall.accuracy.interval_coverage, Some(0.6));
        assert!((overall.accuracy.failure_to_answer.unwrap() - 1.0 / 6.0).abs() < 1e-12);
        assert_eq!((overall.n_minors, overall.n_adults, overall.n_units), (2, 2, 6));
        let rates: Vec<_> = overall.minor_pass_rate.values().copied().collect();
        assert_eq!(rates, [0.5, 0.5, 0.5, 0.0].map(Some));
        assert_eq!(overall.adult_refusal_rate[&25], Some(0.5));
    }

    #[test]
    fn many_photos_of_few_minors_are_no_more_than_those_minors() {
        // Six minors with ten photos each: two look over 18 on all of theirs, nobody over 25. One adult, on two photos.
        let minors = (0..60).map(|n| answered(15.0, if n < 20 { 19.0 } else { 14.0 }, 0.5));
        let alone: Vec<Sample> =
            minors.chain([answered(30.0, 20.0, 1.0), answered(30.0, 28.0, 1.0)]).collect();
        let shared: Vec<Sample> = alone
            .iter()
            .enumerate()
            .map(|(n, sample)| of_subject(sample.clone(), &(n / 10).to_string()))
            .collect();
        let (alone, shared) = (of(&alone), of(&shared));
        let exact = |hits, n| Proportion { hits, n }.interval();
        assert_eq!(alone.minor_pass_rate_interval[&18], exact(20, 60));
        assert_eq!(alone.adult_refusal_rate_interval[&25], exact(1, 2));
        assert_eq!(alone.minor_pass_rate, shared.minor_pass_rate);
        let width = |overall: &Overall| {
            let Range { low, high } = overall.minor_pass_rate_interval[&18].unwrap();
            high - low
        };
        assert!(width(&shared) > 2.0 * width(&alone), "{} {}", width(&shared), width(&alone));
        // Nobody passes: the bootstrap would be certain.
        assert_eq!(shared.minor_pass_rate_interval[&25], exact(0, 6));
        assert_eq!(shared.adult_refusal_rate_interval[&25], None);
    }

    #[test]
    fn no_minor_no_rate() {
        let overall = of(&six()[3..]);
        let nothing = (overall.minor_pass_rate[&18], overall.minor_pass_rate_interval[&18]);
        assert_eq!(nothing, (None, None));
    }

    #[test]
    fn a_weighted_median_is_the_median_of_the_drawn() {
        // numpy.median([1, 1, 2, 5]) = 1.5, numpy.median([1, 2, 2, 5, 5]) = 2, numpy.median([5, 5]) = 5.
        let median = |times: [f64; 3]| middle(&[1.0, 2.0, 5.0], &|place| times[place]);
        assert_eq!(median([2.0, 1.0, 1.0]), Some(1.5));
        assert_eq!(median([1.0, 2.0, 2.0]), Some(2.0));
        assert_eq!((median([0.0, 0.0, 2.0]), median([0.0; 3])), (Some(5.0), None));
    }
}
