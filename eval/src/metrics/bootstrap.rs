//! How far a figure would move on other samples: intervals by drawing again from the ones there are.
//!
//! What is drawn are clusters (a person with all their photos, an original conversation with all its pieces), because
//! the members of one are not independent. Source: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::{Range, quantile};

/// Samples drawn. Percentiles of 1,000 are good to about a tenth of the interval's width.
const REPLICATES: usize = 1000;

/// Both tails that the interval leaves out together.
const ALPHA: f64 = 0.05;

/// Draws the same samples for the same seed, on every machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bootstrap {
    /// Where the draws begin.
    pub(crate) seed: u64,
}

/// What one cluster adds to a mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ClusterSum {
    /// Sum of the values.
    pub(crate) total: f64,
    /// How many.
    pub(crate) n: f64,
}

impl Bootstrap {
    /// 95 % percentile interval of `statistic`, which is given how often each of the clusters is drawn.
    ///
    /// Undefined with fewer than two clusters, or where the statistic is undefined on most samples.
    pub(crate) fn of(self, clusters: usize, statistic: impl Fn(&[u32]) -> Option<f64>) -> Option<Range> {
        let [interval] = self.each(clusters, |weights| [statistic(weights)]);
        interval
    }

    /// The intervals of several statistics, on the same samples.
    pub(crate) fn each<const N: usize>(
        self,
        clusters: usize,
        statistics: impl Fn(&[u32]) -> [Option<f64>; N],
    ) -> [Option<Range>; N] {
        let mut found: [Vec<f64>; N] = std::array::from_fn(|_| Vec::new());
        if clusters > 1 {
            let mut random = Pcg64Mcg::seed_from_u64(self.seed);
            let mut weights = vec![0_u32; clusters];
            for _ in 0..REPLICATES {
                weights.fill(0);
                for _ in 0..clusters {
                    weights[random.random_range(0..clusters)] += 1;
                }
                found.iter_mut().zip(statistics(&weights)).for_each(|(found, value)| found.extend(value));
            }
        }
        found.map(percentiles)
    }

    /// 95 % interval of the mean over all members of all clusters.
    pub(crate) fn mean(self, clusters: &[ClusterSum]) -> Option<Range> {
        self.of(clusters.len(), |weights| {
            let drawn =
                clusters.iter().zip(weights).fold(ClusterSum::default(), |sum, (cluster, &weight)| {
                    let times = f64::from(weight);
                    ClusterSum { total: sum.total + times * cluster.total, n: sum.n + times * cluster.n }
                });
            (drawn.n > 0.0).then(|| drawn.total / drawn.n)
        })
    }
}

/// What lies between the tails of a statistic's values, if it was defined on enough samples.
fn percentiles(mut found: Vec<f64>) -> Option<Range> {
    if found.len() * 2 < REPLICATES {
        return None;
    }
    let low = quantile(&mut found, ALPHA / 2.0)?;
    Some(Range { low, high: quantile(&mut found, 1.0 - ALPHA / 2.0)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn singles(values: impl IntoIterator<Item = f64>) -> Vec<ClusterSum> {
        values.into_iter().map(|total| ClusterSum { total, n: 1.0 }).collect()
    }

    #[test]
    fn a_mean_has_about_the_interval_of_the_normal_law() {
        // 0, 1, …, 99: mean 49.5, standard error of the mean 28.87 / √100 = 2.887, hence ± 1.96 × 2.887 = 5.66.
        let found = Bootstrap { seed: 1 }.mean(&singles((0..100).map(f64::from))).unwrap();
        assert!(
            (found.low - (49.5 - 5.66)).abs() < 0.6 && (found.high - (49.5 + 5.66)).abs() < 0.6,
            "{found:?}"
        );
    }

    #[test]
    fn members_of_one_cluster_count_as_one() {
        // The same hundred values, ten times each: as clusters of ten, no narrower than the hundred alone.
        let values = || (0..100).map(f64::from);
        let clustered: Vec<_> = values().map(|value| ClusterSum { total: 10.0 * value, n: 10.0 }).collect();
        let bootstrap = Bootstrap { seed: 1 };
        assert_eq!(bootstrap.mean(&clustered), bootstrap.mean(&singles(values())));
    }

    #[test]
    fn several_statistics_share_their_samples() {
        let bootstrap = Bootstrap { seed: 1 };
        let first = |weights: &[u32]| Some(f64::from(weights[0]));
        let [alone, doubled, none] =
            bootstrap.each(9, |weights| [first(weights), first(weights).map(|n| 2.0 * n), None]);
        assert_eq!((alone, none), (bootstrap.of(9, first), None));
        assert_eq!(doubled.map(|range| range.high), alone.map(|range| 2.0 * range.high));
    }

    #[test]
    fn the_seed_decides() {
        let values = singles((0..50).map(|n| f64::from(n * n)));
        let interval = |seed| Bootstrap { seed }.mean(&values);
        assert_eq!(interval(1), interval(1));
        assert_ne!(interval(1), interval(2));
    }

    #[test]
    fn one_cluster_shows_no_spread() {
        assert_eq!(Bootstrap { seed: 1 }.mean(&singles([3.0])), None);
        assert_eq!(Bootstrap { seed: 1 }.of(5, |_| None), None);
    }
}
