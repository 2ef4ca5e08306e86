//! How well a score sets positives above negatives. Equal scores are never split: they pass a threshold together.

/// One scored case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored {
    /// Higher means more likely positive. Never NaN.
    pub(crate) score: f64,
    /// The truth.
    pub(crate) positive: bool,
}

/// Cases at or over a threshold.
#[derive(Debug, Clone, Copy)]
struct Over {
    positives: usize,
    negatives: usize,
}

/// What every threshold would let through, from the highest score down.
#[derive(Debug)]
pub(crate) struct Ranking {
    steps: Vec<Over>,
    total: Over,
}

impl Ranking {
    /// Ranks `cases`.
    pub(crate) fn of(mut cases: Vec<Scored>) -> Self {
        cases.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut total = Over { positives: 0, negatives: 0 };
        let mut steps = Vec::new();
        for tied in cases.chunk_by(|a, b| a.score == b.score) {
            let positives = tied.iter().filter(|case| case.positive).count();
            total.positives += positives;
            total.negatives += tied.len() - positives;
            steps.push(total);
        }
        Self { steps, total }
    }

    /// Positives ranked.
    pub(crate) fn n_pos(&self) -> usize {
        self.total.positives
    }

    /// Negatives ranked.
    pub(crate) fn n_neg(&self) -> usize {
        self.total.negatives
    }

    /// Area under the ROC curve: the chance that a positive scores above a negative, ties counting half.
    pub(crate) fn roc_auc(&self) -> Option<f64> {
        let trapezoids = self.edges().map(|(before, after)| {
            let width = (after.negatives - before.negatives) as f64;
            width * (before.positives + after.positives) as f64 / 2.0
        });
        let pairs = self.n_pos() as f64 * self.n_neg() as f64;
        self.both_classes().then(|| trapezoids.sum::<f64>() / pairs)
    }

    /// Area under the precision-recall curve as average precision, Σ (Rₙ − Rₙ₋₁) Pₙ: no interpolation.
    pub(crate) fn pr_auc(&self) -> Option<f64> {
        let steps = self.edges().map(|(before, after)| {
            let precision = after.positives as f64 / (after.positives + after.negatives) as f64;
            (after.positives - before.positives) as f64 * precision
        });
        self.both_classes().then(|| steps.sum::<f64>() / self.n_pos() as f64)
    }

    /// The best recall that any threshold reaches with a false-positive rate of at most `limit`.
    ///
    /// Undefined with fewer than 1 / `limit` negatives: so few cannot show a rate that low.
    pub(crate) fn recall_at_fpr(&self, limit: f64) -> Option<f64> {
        let allowed = limit * self.n_neg() as f64;
        let affordable = self.steps.iter().rfind(|step| step.negatives as f64 <= allowed);
        let positives = affordable.map_or(0, |step| step.positives);
        (self.both_classes() && allowed >= 1.0).then(|| positives as f64 / self.n_pos() as f64)
    }

    fn both_classes(&self) -> bool {
        self.n_pos() > 0 && self.n_neg() > 0
    }

    fn edges(&self) -> impl Iterator<Item = (Over, Over)> {
        let start = Over { positives: 0, negatives: 0 };
        std::iter::once(start).chain(self.steps.iter().copied()).zip(self.steps.iter().copied())
    }
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
        assert_close(ranking.recall_at_fpr(0.25), 2.0 / 3.0);
        assert_close(ranking.recall_at_fpr(0.5), 1.0);
    }

    #[test]
    fn too_few_negatives_cannot_show_a_low_rate() {
        assert_eq!(ranking(&[(0.9, true), (0.1, false)]).recall_at_fpr(0.01), None);
    }

    #[test]
    fn a_negative_on_top_leaves_no_recall() {
        let mut cases = vec![(0.9, false), (0.9, false), (0.8, true)];
        cases.extend([(0.1, false); 98]);
        assert_close(ranking(&cases).recall_at_fpr(0.01), 0.0);
    }

    #[test]
    fn one_class_has_no_curve() {
        let ranking = ranking(&[(0.9, false), (0.1, false)]);
        assert_eq!((ranking.roc_auc(), ranking.pr_auc(), ranking.recall_at_fpr(0.5)), (None, None, None));
    }
}
