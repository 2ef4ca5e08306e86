//! Figures that are means over cases, and how sure their difference is.

use super::change::{Better, Change, LEAST_BAGS, SUFFICIENT};
use super::pairs::{BAGS, Pair};
use crate::metrics::{Bootstrap, ClusterSum, Paired, Range};

/// A figure that is a mean over pairs.
pub(super) struct Measure<S> {
    /// Its key within a slice.
    pub(super) key: &'static str,
    /// Which way it should go.
    pub(super) better: Better,
    /// What it is a mean of.
    pub(super) of: Of<S>,
}

/// What a pair adds on either side. None: the pair is not among those that the figure is of.
pub(super) enum Of<S> {
    /// A number.
    Numbers(fn(&Pair<S>) -> Option<(f64, f64)>),
    /// Whether it is counted.
    Share(fn(&Pair<S>) -> Option<(bool, bool)>),
}

/// The bags that some pairs lie in, numbered without gaps: a draw takes as many as there are.
pub(super) struct Bags {
    numbers: Vec<u32>,
    /// How many.
    pub(super) count: usize,
}

const NONE: u32 = u32::MAX;

impl<S: Copy + PartialEq> Measure<S> {
    /// Of these pairs, under a key that begins with `prefix`.
    pub(super) fn change(&self, prefix: &str, pairs: &[&Pair<S>], bootstrap: Bootstrap) -> Change {
        let cases: Vec<(&Pair<S>, f64, f64)> = pairs
            .iter()
            .filter_map(|&pair| {
                let (a, b) = self.of.sides(pair)?;
                Some((pair, a, b))
            })
            .collect();
        let n = cases.len();
        let sums = cases.iter().fold((0.0, 0.0), |sums, (_, a, b)| (sums.0 + a, sums.1 + b));
        let figures = (n >= SUFFICIENT).then(|| (sums.0 / n as f64, sums.1 / n as f64));
        let interval = figures.and_then(|_| self.interval(&cases, bootstrap));
        Change { key: format!("{prefix}.{}", self.key), n, figures, interval, better: self.better }
    }

    fn interval(&self, cases: &[(&Pair<S>, f64, f64)], bootstrap: Bootstrap) -> Option<Range> {
        if same(cases.iter().map(|(pair, ..)| *pair)) {
            return Some(NOTHING);
        }
        let bags = Bags::of(cases.iter().map(|(pair, ..)| *pair));
        let mut sums = vec![ClusterSum::default(); bags.count];
        for (pair, a, b) in cases {
            let sum = &mut sums[bags.number(pair)];
            *sum = ClusterSum { total: sum.total + b - a, n: sum.n + 1.0 };
        }
        let drawn = bootstrap.mean(&sums).filter(|_| bags.count >= LEAST_BAGS)?;
        match self.of {
            Of::Numbers(_) => Some(drawn),
            // A draw knows only what happened: of shares that few cases move it makes too little. Newcombe's interval has
            // a width even where none did, but takes every case for a case of its own. So the one is a floor under the other.
            Of::Share(_) => Some(drawn.spanning(counts(cases).change_interval()?)),
        }
    }
}

impl<S> Of<S> {
    /// Of one pair, as numbers.
    pub(super) fn sides(&self, pair: &Pair<S>) -> Option<(f64, f64)> {
        let number = |counted: bool| f64::from(u8::from(counted));
        match self {
            Self::Numbers(of) => of(pair),
            Self::Share(of) => of(pair).map(|(a, b)| (number(a), number(b))),
        }
    }
}

impl Bags {
    /// Of these pairs.
    pub(super) fn of<'a, S: 'a>(pairs: impl IntoIterator<Item = &'a Pair<S>>) -> Self {
        let mut bags = Self { numbers: vec![NONE; BAGS as usize], count: 0 };
        for pair in pairs {
            let number = &mut bags.numbers[pair.bag as usize];
            if *number == NONE {
                *number = bags.count as u32;
                bags.count += 1;
            }
        }
        bags
    }

    /// The bag of one of the pairs, below `count`.
    pub(super) fn number<S>(&self, pair: &Pair<S>) -> usize {
        self.numbers[pair.bag as usize] as usize
    }
}

/// The interval where both runs found the very same in every case: then it is the same model as far as anyone can tell.
pub(super) const NOTHING: Range = Range { low: 0.0, high: 0.0 };

/// Whether both runs found the very same everywhere.
pub(super) fn same<'a, S: PartialEq + 'a>(pairs: impl IntoIterator<Item = &'a Pair<S>>) -> bool {
    pairs.into_iter().all(|pair| pair.a == pair.b)
}

/// How many cases are counted on which side.
fn counts<S>(cases: &[(&Pair<S>, f64, f64)]) -> Paired {
    cases.iter().map(|(_, a, b)| (*a > 0.0, *b > 0.0)).collect()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64Mcg;

    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };
    const MEAN: Measure<f64> =
        Measure { key: "mean", better: Better::Lower, of: Of::Numbers(|pair| Some((pair.a, pair.b))) };
    const SHARE: Measure<f64> = Measure {
        key: "share",
        better: Better::Lower,
        of: Of::Share(|pair| Some((pair.a > 0.5, pair.b > 0.5))),
    };

    /// Each pair in a bag of its own.
    fn pairs(sides: impl IntoIterator<Item = (f64, f64)>) -> Vec<Pair<f64>> {
        (0..).zip(sides).map(|(bag, (a, b))| Pair { truth: 0.0, a, b, bag }).collect()
    }

    fn change(measure: &Measure<f64>, pairs: &[Pair<f64>]) -> Change {
        measure.change("overall", &pairs.iter().collect::<Vec<_>>(), BOOTSTRAP)
    }

    fn assert_near(range: Option<Range>, low: f64, high: f64, within: f64) {
        let found = range.unwrap();
        assert!((found.low - low).abs() < within && (found.high - high).abs() < within, "{found:?}");
    }

    #[test]
    fn a_paired_interval_by_the_normal_law() {
        // B − A is k / 50 for k = 0 … 99: mean 0.99; numpy.std(range(100)) / 50 / 10 = 0.057732, times 1.96 = 0.11315.
        // A alone is 0, 100, 200 … so the difference of unpaired means would be uncertain by ± 800.
        let sides = (0..100).map(|k| (100.0 * f64::from(k), 100.0 * f64::from(k) + f64::from(k) / 50.0));
        let found = change(&MEAN, &pairs(sides));
        assert_eq!((found.key.as_str(), found.n), ("overall.mean", 100));
        assert!((found.difference().unwrap() - 0.99).abs() < 1e-9);
        assert_near(found.interval, 0.99 - 0.113_15, 0.99 + 0.113_15, 0.012);
    }

    #[test]
    fn what_belongs_together_is_drawn_together() {
        // The hundred differences of above, each three times over: no surer than the hundred.
        let one = |k: u32| Pair { truth: 0.0, a: 0.0, b: f64::from(k) / 50.0, bag: k };
        let thrice: Vec<_> = (0..100).flat_map(|k| [one(k), one(k), one(k)]).collect();
        assert_near(change(&MEAN, &thrice).interval, 0.99 - 0.113_15, 0.99 + 0.113_15, 0.012);
        let of_few: Vec<_> = thrice.into_iter().map(|pair| Pair { bag: pair.bag % 9, ..pair }).collect();
        let unsure = change(&MEAN, &of_few);
        assert_eq!((unsure.n, unsure.interval), (300, None));
    }

    #[test]
    fn thirty_pairs_are_the_least() {
        let sides = |n: u32| pairs((0..n).map(|k| (0.0, f64::from(k % 3))));
        assert_eq!(change(&MEAN, &sides(29)).figures, None);
        assert_eq!(change(&MEAN, &sides(30)).figures, Some((0.0, 1.0)));
    }

    #[test]
    fn a_share_that_no_case_moved_may_still_have_moved() {
        // Newcombe's interval of 0 in 60 both times is the difference of two Wilson intervals without correlation:
        // 1.959964² / (60 + 1.959964²) = 0.060172 either way.
        let moved_under_the_bar = pairs((0..60).map(|k| (0.001, 0.002 + f64::from(k) / 1e3)));
        let found = change(&SHARE, &moved_under_the_bar);
        assert_eq!(found.difference(), Some(0.0));
        assert_near(found.interval, -0.060_172, 0.060_172, 1e-6);
    }

    #[test]
    fn the_same_answers_are_no_change_at_all() {
        let found = change(&SHARE, &pairs((0..60).map(|k| (f64::from(k), f64::from(k)))));
        assert_eq!(found.interval, Some(NOTHING));
    }

    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        // 100 runs over 40 clusters of two pairs that share half of their noise. The true difference is 0.3. With 95 %
        // coverage fewer than 86 of 100 has a probability of 0.0001: scipy.stats.binom.cdf(85, 100, 0.95).
        let mut random = Pcg64Mcg::seed_from_u64(7);
        let mut noise = || random.random::<f64>() + random.random::<f64>() - 1.0;
        let holds = (0..100).filter(|_| {
            let cluster = |bag| {
                let shared = noise();
                [noise(), noise()].map(|own| Pair { truth: 0.0, a: 0.0, b: 0.3 + shared + own, bag })
            };
            let pairs: Vec<_> = (0..40).flat_map(cluster).collect();
            change(&MEAN, &pairs).interval.is_some_and(|range| (range.low..=range.high).contains(&0.3))
        });
        let holds = holds.count();
        assert!((86..=100).contains(&holds), "{holds} of 100");
    }
}
