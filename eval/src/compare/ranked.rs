//! Figures of any draw, from values that lie sorted already: one walk and no sorting for each of a thousand draws.

use super::measure::Bags;
use super::pairs::Pair;

/// Conversations by falling risk.
#[derive(Debug)]
pub(super) struct Ranked(Vec<Case>);

#[derive(Debug, Clone, Copy)]
struct Case {
    risk: f32,
    positive: bool,
    bag: u32,
}

/// Areas under both curves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Areas {
    /// Under the ROC curve: the chance that a positive scores above a negative, ties counting half.
    pub(super) roc: f64,
    /// Under the precision-recall curve, as average precision.
    pub(super) pr: f64,
}

impl Ranked {
    /// `pairs` by what `risk` tells of them; a pair whose truth is above 0 is a positive.
    pub(super) fn of<S>(pairs: &[&Pair<S>], bags: &Bags, risk: fn(&Pair<S>) -> f32) -> Self {
        let case = |pair: &&Pair<S>| Case {
            risk: risk(pair),
            positive: pair.truth > 0.0,
            bag: bags.number(pair) as u32,
        };
        let mut cases: Vec<Case> = pairs.iter().map(case).collect();
        cases.sort_unstable_by(|one, other| other.risk.total_cmp(&one.risk));
        Self(cases)
    }

    /// Of a draw: how often each bag is in it. Undefined without both classes.
    pub(super) fn areas(&self, drawn: &[u32]) -> Option<Areas> {
        let (mut positives, mut negatives, mut roc, mut pr) = (0.0, 0.0, 0.0, 0.0);
        for tied in self.0.chunk_by(|one, other| one.risk == other.risk) {
            let mut more = [0.0, 0.0];
            for case in tied {
                more[usize::from(case.positive)] += f64::from(drawn[case.bag as usize]);
            }
            let [more_negatives, more_positives] = more;
            roc += more_negatives * (positives + more_positives / 2.0);
            (positives, negatives) = (positives + more_positives, negatives + more_negatives);
            // A step that was not drawn adds nothing, and may be a step of nothing.
            if more_positives > 0.0 {
                pr += more_positives * positives / (positives + negatives);
            }
        }
        (positives > 0.0 && negatives > 0.0)
            .then(|| Areas { roc: roc / (positives * negatives), pr: pr / positives })
    }
}

/// The median of the drawn values: the mean of the two middle ones, where there are two. `rising`: values with their
/// bags.
pub(super) fn median(rising: &[(u32, u32)], drawn: &[u32]) -> Option<f64> {
    let times = |bag: u32| u64::from(drawn[bag as usize]);
    let total: u64 = rising.iter().map(|&(_, bag)| times(bag)).sum();
    let at = |place: u64| {
        let mut passed = 0;
        let beyond = |&&(_, bag): &&(u32, u32)| {
            passed += times(bag);
            passed > place
        };
        rising.iter().find(beyond).map(|&(value, _)| f64::from(value))
    };
    let upper = at(total / 2)?;
    Some(f64::midpoint(at((total - 1) / 2)?, upper))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Bootstrap;

    fn ranked(cases: &[(f32, bool)]) -> Ranked {
        let pairs: Vec<Pair<f32>> = (0..)
            .zip(cases)
            .map(|(bag, &(risk, positive))| Pair {
                truth: f64::from(u8::from(positive)),
                a: risk,
                b: 0.0,
                bag,
            })
            .collect();
        let pairs: Vec<_> = pairs.iter().collect();
        Ranked::of(&pairs, &Bags::of(pairs.iter().copied()), |pair| pair.a)
    }

    fn assert_areas(found: Option<Areas>, roc: f64, pr: f64) {
        let found = found.unwrap();
        assert!((found.roc - roc).abs() < 1e-9 && (found.pr - pr).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn areas_agree_with_scikit_learn() {
        // The example of scikit-learn: roc_auc_score = 0.75, average_precision_score = 0.833 333.
        let example = ranked(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]);
        assert_areas(example.areas(&[1; 4]), 0.75, 0.5 + 1.0 / 3.0);
        // sample_weight=[1, 0, 2, 1]: without the 0.4 nothing stands wrong.
        assert_areas(example.areas(&[1, 0, 2, 1]), 1.0, 1.0);
        // sample_weight=[1, 2, 1, 1]: 2 of 3 × 2 weighted pairs wrong, 1 − 2/6; AP = 1/2 + 1/2 × 2/4.
        assert_areas(example.areas(&[1, 2, 1, 1]), 2.0 / 3.0, 0.75);
    }

    #[test]
    fn equal_risks_are_never_split() {
        // One score for all: chance, and a precision of 1 in 4.
        assert_areas(
            ranked(&[(0.5, true), (0.5, false), (0.5, false), (0.5, false)]).areas(&[1; 4]),
            0.5,
            0.25,
        );
    }

    #[test]
    fn a_draw_of_one_class_has_no_area() {
        let example = ranked(&[(0.1, false), (0.8, true)]);
        assert_eq!((example.areas(&[1, 0]), example.areas(&[0, 1])), (None, None));
    }

    #[test]
    fn a_median_counts_what_is_drawn() {
        // numpy.median([2, 5, 9]), ([5, 9, 9, 9]), ([2, 5]) and ([2, 2, 9, 9]).
        let rising = [(2, 0), (5, 1), (9, 2)];
        assert_eq!(median(&rising, &[1, 1, 1]), Some(5.0));
        assert_eq!(median(&rising, &[0, 1, 3]), Some(9.0));
        assert_eq!(median(&rising, &[1, 1, 0]), Some(3.5));
        assert_eq!(median(&rising, &[2, 0, 2]), Some(5.5));
        assert_eq!((median(&rising, &[0, 0, 0]), median(&[], &[])), (None, None));
    }

    #[test]
    fn draws_of_a_difference_agree_with_delong() {
        // Two hundred cases, two runs that share what makes a case hard. By DeLong's paired test in numpy: the areas are
        // 0.8662 and 0.9493, the difference 0.0831 with a standard error of 0.019672, hence 0.0445 to 0.1217. Unpaired
        // the standard error would be 0.0278. numpy's bootstrap of 2,000 draws: 0.0471 to 0.1219.
        let share = |k: u32, factor: u32, of: u32| f64::from(k * factor % of) / f64::from(of);
        let risks = |lift: f64, factor: u32, of: u32| {
            let risk = move |k: u32| {
                let positive = k.is_multiple_of(2);
                let base = if positive { lift } else { 0.0 };
                ((base + 0.6 * share(k, 37, 101) + 0.4 * share(k, factor, of)) as f32, positive)
            };
            ranked(&(0..200).map(risk).collect::<Vec<_>>())
        };
        let (a, b) = (risks(0.35, 53, 97), risks(0.5, 71, 89));
        let difference = |drawn: &[u32]| Some(b.areas(drawn)?.roc - a.areas(drawn)?.roc);
        assert!((a.areas(&[1; 200]).unwrap().roc - 0.8662).abs() < 1e-9);
        assert!((difference(&[1; 200]).unwrap() - 0.0831).abs() < 1e-9);
        let interval = Bootstrap { seed: 1 }.of(200, difference).unwrap();
        assert!(
            (interval.low - 0.0445).abs() < 0.006 && (interval.high - 0.1217).abs() < 0.006,
            "{interval:?}"
        );
    }
}
