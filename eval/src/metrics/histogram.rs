//! Scores of any number of cases in a fixed space: one million conversations hold more messages than fit.

use super::{Ranking, Scored};

/// Buckets, of equal width in logits: as fine near 0 and near 1, where thresholds lie, as in the middle.
const BUCKETS: usize = 1 << 16;

/// Scores nearer to 0 or 1 than this logit share the last bucket.
const MAX_LOGIT: f64 = 20.0;

/// How many positives and negatives have which score. Two scores within 0.0006 logits count as equal.
#[derive(Debug, Clone)]
pub(crate) struct ScoreHistogram {
    buckets: Vec<Bucket>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    positives: usize,
    negatives: usize,
}

impl Default for ScoreHistogram {
    fn default() -> Self {
        Self { buckets: vec![Bucket::default(); BUCKETS] }
    }
}

impl ScoreHistogram {
    /// Counts one case; its score is a probability, 0 to 1.
    pub(crate) fn add(&mut self, case: Scored) {
        let bucket = &mut self.buckets[place(case.score)];
        if case.positive { bucket.positives += 1 } else { bucket.negatives += 1 }
    }

    /// The cases in the order of their scores.
    pub(crate) fn ranking(&self) -> Ranking {
        let counted = self.buckets.iter().enumerate().rev();
        let counted = counted.filter(|(_, bucket)| bucket.positives + bucket.negatives > 0);
        Ranking::of_counts(counted.map(|(place, bucket)| (score(place), bucket.positives, bucket.negatives)))
    }
}

fn place(score: f64) -> usize {
    let logit = (score / (1.0 - score)).ln().clamp(-MAX_LOGIT, MAX_LOGIT);
    let share = (logit + MAX_LOGIT) / (2.0 * MAX_LOGIT);
    ((share * BUCKETS as f64) as usize).min(BUCKETS - 1)
}

/// The least score of a bucket.
fn score(place: usize) -> f64 {
    let logit = place as f64 / BUCKETS as f64 * 2.0 * MAX_LOGIT - MAX_LOGIT;
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::super::Proportion;
    use super::*;

    /// Scores that spread over all magnitudes, half of them of positives, which lean upward.
    fn cases() -> Vec<Scored> {
        let case = |n: u32| {
            let positive = n.is_multiple_of(2);
            let logit = f64::from(n * 7919 % 1000) / 50.0 - 10.0 + if positive { 1.5 } else { 0.0 };
            Scored { score: 1.0 / (1.0 + (-logit).exp()), positive }
        };
        (0..5000).map(case).collect()
    }

    #[test]
    fn figures_are_those_of_the_exact_ranking() {
        let mut histogram = ScoreHistogram::default();
        cases().into_iter().for_each(|case| histogram.add(case));
        let (exact, found) = (Ranking::of(cases()), histogram.ranking());
        assert_eq!((found.n_pos(), found.n_neg()), (exact.n_pos(), exact.n_neg()));
        assert!((found.roc_auc().unwrap() - exact.roc_auc().unwrap()).abs() < 1e-4);
        assert!((found.pr_auc().unwrap() - exact.pr_auc().unwrap()).abs() < 1e-4);
        assert!(
            (found.caught_at_fpr(0.01).and_then(Proportion::rate).unwrap()
                - exact.caught_at_fpr(0.01).and_then(Proportion::rate).unwrap())
            .abs()
                < 2e-3
        );
    }

    #[test]
    fn the_ends_have_a_place() {
        assert_eq!((place(0.0), place(1.0)), (0, BUCKETS - 1));
        for probability in [1e-6, 0.01, 0.5, 0.99] {
            assert!((score(place(probability)) - probability).abs() < 1e-3 * probability);
        }
    }
}
