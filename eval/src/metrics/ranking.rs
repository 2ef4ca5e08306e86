//! How well a score sets positives above negatives. Equal scores are never split: they pass a threshold together.

use super::{NORMAL_95, Proportion, Range};

/// One scored case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    /// Higher means more likely positive. Never NaN.
    pub(crate) score: f64,
    /// The truth.
    pub(crate) positive: bool,
}

/// What one threshold would let through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OperatingPoint {
    /// Cases with this score or a higher one are called positive.
    pub(crate) threshold: f64,
    /// Positives among them.
    pub(crate) true_positives: usize,
    /// Negatives among them.
    pub(crate) false_positives: usize,
}

/// What every threshold would let through, from the highest score down.
#[derive(Debug)]
pub(crate) struct Ranking {
    points: Vec<OperatingPoint>,
}

/// Before the first case: nothing is let through.
const NOTHING: OperatingPoint =
    OperatingPoint { threshold: f64::INFINITY, true_positives: 0, false_positives: 0 };

impl Ranking {
    /// Ranks `cases`.
    pub(crate) fn of(mut cases: Vec<Scored>) -> Self {
        cases.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
        let tied = cases.chunk_by(|a, b| a.score == b.score).map(|tied| {
            let positives = tied.iter().filter(|case| case.positive).count();
            (tied[0].score, positives, tied.len() - positives)
        });
        Self::of_counts(tied)
    }

    /// Ranks cases that are counted already: scores in falling order, each with its positives and its negatives.
    pub(super) fn of_counts(counts: impl IntoIterator<Item = (f64, usize, usize)>) -> Self {
        let add = |sum: &mut OperatingPoint, (threshold, positives, negatives)| {
            sum.threshold = threshold;
            sum.true_positives += positives;
            sum.false_positives += negatives;
            Some(*sum)
        };
        Self { points: counts.into_iter().scan(NOTHING, add).collect() }
    }

    /// Every threshold that matters, falling.
    pub(crate) fn points(&self) -> &[OperatingPoint] {
        &self.points
    }

    /// Positives ranked.
    pub(crate) fn n_pos(&self) -> usize {
        self.points.last().map_or(0, |all| all.true_positives)
    }

    /// Negatives ranked.
    pub(crate) fn n_neg(&self) -> usize {
        self.points.last().map_or(0, |all| all.false_positives)
    }

    /// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
    pub(crate) fn roc_auc(&self) -> Option<f64> {
        let trapezoids = self.edges().map(|(before, after)| {
            let width = (after.false_positives - before.false_positives) as f64;
            width * (before.true_positives + after.true_positives) as f64 / 2.0
        });
        let pairs = self.n_pos() as f64 * self.n_neg() as f64;
        self.both_classes().then(|| trapezoids.sum::<f64>() / pairs)
    }

    /// 95 % interval of the area under the ROC curve: DeLong's variance (Biometrics 44, 1988), symmetric in logits so
    /// that it stays between 0 and 1. Undefined where no pair stands wrong or none right: nothing shows the spread.
    pub(crate) fn roc_auc_interval(&self) -> Option<Range> {
        let (area, n_pos, n_neg) = (self.roc_auc()?, self.n_pos() as f64, self.n_neg() as f64);
        let (mut of_positives, mut of_negatives) = (0.0, 0.0);
        for (before, after) in self.edges() {
            let positives = (after.true_positives - before.true_positives) as f64;
            let negatives = (after.false_positives - before.false_positives) as f64;
            // The share of the other class that this case stands right of, ties counting half.
            let of_positive = (n_neg - after.false_positives as f64 + negatives / 2.0) / n_neg;
            let of_negative = (before.true_positives as f64 + positives / 2.0) / n_pos;
            of_positives += positives * (of_positive - area).powi(2);
            of_negatives += negatives * (of_negative - area).powi(2);
        }
        let variance = of_positives / (n_pos - 1.0) / n_pos + of_negatives / (n_neg - 1.0) / n_neg;
        logit_interval(area, variance.sqrt() / (area * (1.0 - area)))
    }

    /// Area under the precision-recall curve as average precision, Σ (Rₙ − Rₙ₋₁) Pₙ: no interpolation.
    pub(crate) fn pr_auc(&self) -> Option<f64> {
        let steps = self.edges().map(|(before, after)| {
            let precision =
                after.true_positives as f64 / (after.true_positives + after.false_positives) as f64;
            (after.true_positives - before.true_positives) as f64 * precision
        });
        self.both_classes().then(|| steps.sum::<f64>() / self.n_pos() as f64)
    }

    /// 95 % interval of the area under the precision-recall curve: the logit interval of Boyd, Eng and Page (ECML PKDD
    /// 2013).
    pub(crate) fn pr_auc_interval(&self) -> Option<Range> {
        let area = self.pr_auc()?;
        logit_interval(area, 1.0 / (self.n_pos() as f64 * area * (1.0 - area)).sqrt())
    }

    /// The most positives that any threshold lets through with a false-positive rate of at most `limit`.
    ///
    /// Undefined with fewer than 1 / `limit` negatives: so few cannot show a rate that low.
    pub(crate) fn caught_at_fpr(&self, limit: f64) -> Option<Proportion> {
        let allowed = limit * self.n_neg() as f64;
        let affordable = self.points.iter().rfind(|point| point.false_positives as f64 <= allowed);
        let hits = affordable.map_or(0, |point| point.true_positives);
        (self.both_classes() && allowed >= 1.0).then(|| Proportion { hits, n: self.n_pos() })
    }

    fn both_classes(&self) -> bool {
        self.n_pos() > 0 && self.n_neg() > 0
    }

    fn edges(&self) -> impl Iterator<Item = (OperatingPoint, OperatingPoint)> {
        std::iter::once(NOTHING).chain(self.points.iter().copied()).zip(self.points.iter().copied())
    }
}

/// `area` ± so many standard errors in logits, where there is any spread.
fn logit_interval(area: f64, standard_error: f64) -> Option<Range> {
    let logit = (area / (1.0 - area)).ln();
    let end = |distance: f64| 1.0 / (1.0 + (-(logit + distance * standard_error)).exp());
    let spread = logit.is_finite() && standard_error.is_finite() && standard_error > 0.0;
    spread.then(|| Range { low: end(-NORMAL_95), high: end(NORMAL_95) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(cases: &[(f64, bool)]) -> Ranking {
        Ranking::of(cases.iter().map(|&(score, positive)| Scored { score, positive }).collect())
    }

    fn assert_close(found: Option<f64>, expected: f64) {
        assert!((found.unwrap() - expected).abs() < 1e-12, "{found:?}, expected {expected}");
    }

    #[test]
    fn the_example_of_scikit_learn() {
        // y = 0 0 1 1, scores = 0.1 0.4 0.35 0.8. Of the four pairs three stand right: 0.75.
        // Average precision: recall 1/2 at precision 1, then 1/2 more at precision 2/3: 1/2 + 1/3.
        let ranking = ranking(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]);
        assert_close(ranking.roc_auc(), 0.75);
        assert_close(ranking.pr_auc(), 0.5 + 1.0 / 3.0);
    }

    #[test]
    fn one_score_for_all_is_chance() {
        let ranking = ranking(&[(0.5, true), (0.5, false), (0.5, false), (0.5, false)]);
        assert_close(ranking.roc_auc(), 0.5);
        assert_close(ranking.pr_auc(), 0.25);
    }

    #[test]
    fn recall_where_one_of_four_negatives_may_pass() {
        let ranking = ranking(&[
            (0.9, true),
            (0.8, false),
            (0.7, true),
            (0.6, false),
            (0.5, true),
            (0.4, false),
            (0.3, false),
        ]);
        assert_close(ranking.caught_at_fpr(0.25).and_then(Proportion::rate), 2.0 / 3.0);
        assert_close(ranking.caught_at_fpr(0.5).and_then(Proportion::rate), 1.0);
    }

    #[test]
    fn too_few_negatives_cannot_show_a_low_rate() {
        assert_eq!(
            ranking(&[(0.9, true), (0.1, false)]).caught_at_fpr(0.01).and_then(Proportion::rate),
            None
        );
    }

    #[test]
    fn a_negative_on_top_leaves_no_recall() {
        let mut cases = vec![(0.9, false), (0.9, false), (0.8, true)];
        cases.extend([(0.1, false); 98]);
        assert_close(ranking(&cases).caught_at_fpr(0.01).and_then(Proportion::rate), 0.0);
    }

    #[test]
    fn intervals_by_hand() {
        // Positives 0.8 0.6 0.35, negatives 0.7 0.4 0.1: of nine pairs six stand right, so the area is 2/3.
        // Shares of negatives under each positive: 1, 2/3, 1/3; of positives over each negative: 1/3, 2/3, 1.
        // Both variances are 1/9, so the standard error is √(1/9/3 + 1/9/3) = 0.272 166; in logits
        // 0.272 166 / (2/9) = 1.224 745, about ln 2: 1 / (1 + e^−(0.693 147 ± 2.400 456)) = 0.153 546 and 0.956 626.
        let ranking =
            ranking(&[(0.8, true), (0.7, false), (0.6, true), (0.4, false), (0.35, true), (0.1, false)]);
        assert_close(ranking.roc_auc(), 2.0 / 3.0);
        let Range { low, high } = ranking.roc_auc_interval().unwrap();
        assert!((low - 0.153_513).abs() < 1e-5 && (high - 0.956_628).abs() < 1e-5, "{low} {high}");
        // AP = (1 + 2/3 + 3/5) / 3 = 0.755 556; τ = 1 / √(3 × 0.755 556 × 0.244 444) = 1.343 435; logit 1.128 465.
        assert_close(ranking.pr_auc(), (1.0 + 2.0 / 3.0 + 0.6) / 3.0);
        let Range { low, high } = ranking.pr_auc_interval().unwrap();
        assert!((low - 0.181_738).abs() < 1e-5 && (high - 0.977_280).abs() < 1e-5, "{low} {high}");
    }

    #[test]
    fn a_perfect_ranking_shows_no_spread() {
        let ranking = ranking(&[(0.9, true), (0.8, true), (0.2, false), (0.1, false)]);
        assert_eq!((ranking.roc_auc(), ranking.roc_auc_interval()), (Some(1.0), None));
    }

    #[test]
    fn one_class_has_no_curve() {
        let ranking = ranking(&[(0.9, false), (0.1, false)]);
        assert_eq!(
            (ranking.roc_auc(), ranking.pr_auc(), ranking.caught_at_fpr(0.5).and_then(Proportion::rate)),
            (None, None, None)
        );
    }
}
