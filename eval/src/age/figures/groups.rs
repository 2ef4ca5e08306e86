//! The figures of each value of each grouping column, and how far the values of one column lie apart: what fairlearn's
//! MetricFrame tells as difference and ratio.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::sample::Sample;
use super::accuracy::{Accuracy, Intervals, adults_under, minors_over};
use super::{ByAge, PASS_AGE, REFUSAL_AGE, SUFFICIENT, of_enough};
use crate::dataset::Membership;
use crate::metrics::{Bootstrap, Proportion, Range};

/// Photos with one value in one column. A figure that rests on fewer than 30 is undefined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Group {
    /// The column.
    pub(crate) column: String,
    /// The value.
    pub(crate) value: String,
    /// Whether there are enough answered photos for figures.
    pub(crate) sufficient: bool,
    #[serde(flatten)]
    pub(crate) accuracy: Accuracy,
    /// Answered 13- to 17-year-olds.
    pub(crate) n_minors: usize,
    /// Of them, the share estimated at or over 18.
    pub(crate) minor_pass_rate: ByAge<f64>,
    /// Of it.
    pub(crate) minor_pass_rate_interval: ByAge<Range>,
    /// Answered people of 25 and more.
    pub(crate) n_adults: usize,
    /// Of them, the share estimated under 25.
    pub(crate) adult_refusal_rate: ByAge<f64>,
    /// Of it.
    pub(crate) adult_refusal_rate_interval: ByAge<Range>,
}

/// How far apart the groups of one column lie, of those that a figure is defined for.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Column {
    /// The column.
    pub(crate) column: String,
    /// Its values.
    pub(crate) n_groups: usize,
    /// Those with enough answered photos.
    pub(crate) n_sufficient: usize,
    /// Greatest less least.
    pub(crate) difference: Spread,
    /// Least by greatest: 1 where all are the same. Of the bias there is none, since it has a sign.
    pub(crate) ratio: Spread,
}

/// One number for each figure; none where fewer than two groups have that figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Spread {
    /// Of the mean absolute errors.
    pub(crate) mae: Option<f64>,
    /// Of the mean errors.
    pub(crate) bias: Option<f64>,
    /// Of the shares of minors estimated at or over 18.
    pub(crate) minor_pass_rate: Option<f64>,
    /// Of the shares of adults estimated under 25.
    pub(crate) adult_refusal_rate: Option<f64>,
    /// Of the shares without an estimate.
    pub(crate) failure_to_answer: Option<f64>,
    /// Of the shares whose age lies in the interval.
    pub(crate) interval_coverage: Option<f64>,
}

/// The figures of each group, by column and value.
pub(crate) fn by_group(samples: &[&Sample], bootstrap: Bootstrap) -> Vec<Group> {
    let mut members: BTreeMap<&Membership, Vec<&Sample>> = BTreeMap::new();
    for sample in samples {
        for membership in &sample.photo.groups {
            members.entry(membership).or_default().push(sample);
        }
    }
    let of = |(membership, samples): (&Membership, Vec<&Sample>)| Group::of(membership, &samples, bootstrap);
    members.into_iter().map(of).collect()
}

/// How far apart the groups of each column lie.
pub(crate) fn by_column(groups: &[Group]) -> Vec<Column> {
    groups.chunk_by(|a, b| a.column == b.column).map(Column::of).collect()
}

impl Group {
    fn of(membership: &Membership, samples: &[&Sample], bootstrap: Bootstrap) -> Self {
        let intervals = Intervals::of(samples, bootstrap);
        let accuracy = Accuracy::of(samples, &intervals).where_sufficient();
        let (passes, refusals) = (minors_over(samples, PASS_AGE), adults_under(samples, REFUSAL_AGE));
        let enough = |share: Proportion| of_enough(share.n, share.rate());
        Self {
            column: membership.column.to_string(),
            value: membership.value.to_string(),
            sufficient: accuracy.n_answered >= SUFFICIENT,
            accuracy,
            n_minors: passes.n,
            minor_pass_rate: ByAge::from([(PASS_AGE, enough(passes))]),
            minor_pass_rate_interval: ByAge::from([(PASS_AGE, of_enough(passes.n, intervals.minor_pass))]),
            n_adults: refusals.n,
            adult_refusal_rate: ByAge::from([(REFUSAL_AGE, enough(refusals))]),
            adult_refusal_rate_interval: ByAge::from([(
                REFUSAL_AGE,
                of_enough(refusals.n, intervals.adult_refusal),
            )]),
        }
    }
}

impl Column {
    fn of(groups: &[Group]) -> Self {
        let ratio = Spread::of(groups, |low, high| (high > 0.0).then(|| low / high));
        Self {
            column: groups[0].column.clone(),
            n_groups: groups.len(),
            n_sufficient: groups.iter().filter(|group| group.sufficient).count(),
            difference: Spread::of(groups, |low, high| Some(high - low)),
            ratio: Spread { bias: None, ..ratio },
        }
    }
}

impl Spread {
    fn of(groups: &[Group], between: impl Fn(f64, f64) -> Option<f64>) -> Self {
        let of = |figure: &dyn Fn(&Group) -> Option<f64>| {
            let values: Vec<f64> = groups.iter().filter_map(figure).collect();
            let least = values.iter().copied().min_by(f64::total_cmp)?;
            let greatest = values.iter().copied().max_by(f64::total_cmp).filter(|_| values.len() > 1)?;
            between(least, greatest)
        };
        Self {
            mae: of(&|group| group.accuracy.mae),
            bias: of(&|group| group.accuracy.bias),
            minor_pass_rate: of(&|group| group.minor_pass_rate[&PASS_AGE]),
            adult_refusal_rate: of(&|group| group.adult_refusal_rate[&REFUSAL_AGE]),
            failure_to_answer: of(&|group| group.accuracy.failure_to_answer),
            interval_coverage: of(&|group| group.accuracy.interval_coverage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::examples::{six, two_groups};
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };

    #[test]
    fn groups_share_out_all_photos() {
        let samples = six();
        let groups = by_group(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP);
        let told: Vec<_> =
            groups.iter().map(|group| (group.value.as_str(), group.accuracy.n_answered)).collect();
        assert_eq!(told, [("0", 2), ("1", 3)]);
    }

    #[test]
    fn a_small_group_is_insufficient_and_never_zero() {
        let samples = two_groups();
        let groups = by_group(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP);
        let told: Vec<_> = groups.iter().map(|group| (group.sufficient, group.accuracy.mae)).collect();
        assert_eq!(told, [(true, Some(2.0)), (true, Some(4.0)), (false, None)]);
        assert_eq!((groups[2].accuracy.n, groups[2].accuracy.mae_interval), (5, None));
        // Forty adults of 30, none under 25; no minor at all.
        assert_eq!((groups[0].n_adults, groups[0].adult_refusal_rate[&25]), (40, Some(0.0)));
        assert_eq!((groups[0].n_minors, groups[0].minor_pass_rate[&18]), (0, None));
    }

    /// fairlearn 0.12: MetricFrame(metrics=mean_absolute_error, …).difference() = 4 − 2 and .ratio() = 2 / 4 on a and b.
    #[test]
    fn difference_and_ratio_are_of_sufficient_groups() {
        let samples = two_groups();
        let columns = by_column(&by_group(&samples.iter().collect::<Vec<_>>(), BOOTSTRAP));
        assert_eq!((columns.len(), columns[0].n_groups, columns[0].n_sufficient), (1, 3, 2));
        assert_eq!((columns[0].difference.mae, columns[0].ratio.mae), (Some(2.0), Some(0.5)));
        assert_eq!((columns[0].difference.bias, columns[0].ratio.bias), (Some(0.0), None));
        assert_eq!(columns[0].difference.minor_pass_rate, None);
        // Nobody is refused in either group: no difference, and no ratio of 0 to 0.
        assert_eq!(
            (columns[0].difference.adult_refusal_rate, columns[0].ratio.adult_refusal_rate),
            (Some(0.0), None)
        );
    }
}
