//! Figures in which each single year of age counts the same, however many photos there are of it.

use serde::Serialize;

use super::super::sample::Sample;
use super::accuracy::CLOSE;
use super::clusters::{Clusters, ratio};
use crate::metrics::{Bootstrap, Range};

/// Ages beyond count as this one, years.
const OLDEST: usize = 120;

/// The mean over single years of age (by whole years, 17.9 is 17) of the figure of that year's answered photos; years
/// without one are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct MacroOverAges {
    /// Years of age with at least one answered photo.
    pub(crate) n_ages: usize,
    /// Mean of the years' mean absolute errors, years.
    pub(crate) mae: Option<f64>,
    /// 95 %, bootstrap.
    pub(crate) mae_interval: Option<Range>,
    /// Mean of the years' mean errors, years.
    pub(crate) bias: Option<f64>,
    /// 95 %, bootstrap.
    pub(crate) bias_interval: Option<Range>,
    /// Mean of the years' shares within 3 years.
    pub(crate) cs3: Option<f64>,
    /// 95 %, bootstrap.
    pub(crate) cs3_interval: Option<Range>,
    /// Mean of the years' shares within 5 years.
    pub(crate) cs5: Option<f64>,
    /// 95 %, bootstrap.
    pub(crate) cs5_interval: Option<Range>,
    /// Mean of the years' shares within 8 years.
    pub(crate) cs8: Option<f64>,
    /// 95 %, bootstrap.
    pub(crate) cs8_interval: Option<Range>,
}

/// One answered photo: its year, and what it adds to MAE, bias and the cumulative scores.
struct Entry {
    year: usize,
    amounts: [f32; 5],
}

impl MacroOverAges {
    /// Of the answered among these photos.
    pub(crate) fn of(samples: &[&Sample], bootstrap: Bootstrap) -> Self {
        let answered: Vec<&Sample> =
            samples.iter().copied().filter(|sample| sample.answer().is_some()).collect();
        let entries: Vec<Entry> = answered.iter().filter_map(|sample| Entry::of(sample)).collect();
        let [mae, bias, cs3, cs5, cs8] = figures(&entries, &|_| 1.0);
        let clusters = Clusters::of_samples(&answered);
        let intervals = clusters.resampled(bootstrap, |times| figures(&entries, times));
        let [mae_interval, bias_interval, cs3_interval, cs5_interval, cs8_interval] = intervals;
        let n_ages = years(&entries, &|_| 1.0).iter().filter(|(n, _)| *n > 0.0).count();
        Self {
            n_ages,
            mae,
            mae_interval,
            bias,
            bias_interval,
            cs3,
            cs3_interval,
            cs5,
            cs5_interval,
            cs8,
            cs8_interval,
        }
    }
}

impl Entry {
    fn of(sample: &Sample) -> Option<Self> {
        let error = sample.answer()?.error(sample.photo.age);
        let [cs3, cs5, cs8] = CLOSE.map(|reach| f32::from(u8::from(error.abs() <= reach)));
        let year = (sample.photo.age as usize).min(OLDEST);
        Some(Self { year, amounts: [error.abs() as f32, error as f32, cs3, cs5, cs8] })
    }
}

/// Of each year, how many are drawn and what they add up to.
fn years(entries: &[Entry], times: &dyn Fn(usize) -> f64) -> [(f64, [f64; 5]); OLDEST + 1] {
    let mut years = [(0.0, [0.0; 5]); OLDEST + 1];
    for (place, entry) in entries.iter().enumerate() {
        let (n, sums) = &mut years[entry.year];
        let times = times(place);
        *n += times;
        sums.iter_mut().zip(entry.amounts).for_each(|(sum, amount)| *sum += times * f64::from(amount));
    }
    years
}

fn figures(entries: &[Entry], times: &dyn Fn(usize) -> f64) -> [Option<f64>; 5] {
    let (mut totals, mut count) = ([0.0; 5], 0.0);
    for (n, sums) in years(entries, times).into_iter().filter(|(n, _)| *n > 0.0) {
        totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum / n);
        count += 1.0;
    }
    totals.map(|total| ratio(total, count))
}

#[cfg(test)]
mod tests {
    use super::super::examples::answered;
    use super::*;

    #[test]
    fn each_year_counts_once() {
        // Three of age 20 (one of them 20.5) with errors 2, −4, 3.5: MAE 19/6, bias 0.5; one of 40 with 10: mean 79/12, 5.25.
        let samples = [
            answered(20.0, 22.0, 1.0),
            answered(20.0, 16.0, 0.0),
            answered(20.5, 24.0, 1.0),
            answered(40.0, 50.0, 1.0),
        ];
        let found = MacroOverAges::of(&samples.iter().collect::<Vec<_>>(), Bootstrap { seed: 1 });
        assert_eq!(found.n_ages, 2);
        assert!((found.mae.unwrap() - 79.0 / 12.0).abs() < 1e-6);
        assert!((found.bias.unwrap() - 5.25).abs() < 1e-6);
        assert!((found.cs3.unwrap() - 1.0 / 6.0).abs() < 1e-6 && (found.cs5.unwrap() - 0.5).abs() < 1e-6);
        let interval = found.mae_interval.unwrap();
        assert!(interval.low < found.mae.unwrap() && interval.high > found.mae.unwrap());
    }

    #[test]
    fn nobody_answered_is_no_figure() {
        let found = MacroOverAges::of(&[], Bootstrap { seed: 1 });
        assert_eq!((found.n_ages, found.mae, found.mae_interval), (0, None, None));
    }
}
