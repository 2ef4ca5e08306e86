//! Decisions against the truth, counted.

use super::Proportion;

/// Right and wrong alarms, and those that did not come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Alarms that are right.
    pub(crate) true_positives: usize,
    /// Alarms that are wrong.
    pub(crate) false_positives: usize,
    /// Positives without an alarm.
    pub(crate) false_negatives: usize,
}

impl Counts {
    /// Share of the alarms that are right.
    pub(crate) fn precision(self) -> Option<f64> {
        Proportion { hits: self.true_positives, n: self.true_positives + self.false_positives }.rate()
    }

    /// F-measure: precision and recall in one, recall counting `beta` times as much (van Rijsbergen, 1979). Undefined
    /// where there is no positive.
    pub(crate) fn f(self, beta: f64) -> Option<f64> {
        let square = beta * beta;
        let hits = (1.0 + square) * self.true_positives as f64;
        let wrong = square * self.false_negatives as f64 + self.false_positives as f64;
        (self.true_positives + self.false_negatives > 0).then(|| hits / (hits + wrong))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_scikit_learn() {
        // y = 1 1 1 1 0 0 0, said 1 1 1 0 1 0 0: precision_recall_fscore_support(y, said, average="binary") = 0.75,
        // 0.75, 0.75. With one more false alarm: fbeta_score(beta=0.5) = 0.625, fbeta_score(beta=1) = 0.666 667.
        let even = Counts { true_positives: 3, false_positives: 1, false_negatives: 1 };
        assert_eq!((even.precision(), even.f(1.0)), (Some(0.75), Some(0.75)));
        let worse = Counts { false_positives: 2, ..even };
        assert!(
            (worse.f(0.5).unwrap() - 0.625).abs() < 1e-12
                && (worse.f(1.0).unwrap() - 2.0 / 3.0).abs() < 1e-12
        );
    }

    #[test]
    fn half_a_test_has_no_f() {
        let none = Counts::default();
        assert_eq!((none.precision(), none.f(1.0)), (None, None));
        assert_eq!(Counts { false_positives: 2, ..none }.f(1.0), None);
        assert_eq!(Counts { false_negatives: 2, ..none }.f(1.0), Some(0.0));
    }
}
