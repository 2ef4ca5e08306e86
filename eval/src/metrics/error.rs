//! Errors of a regression: how far estimates lie from the truth.

/// Estimates of one group, as differences from the truth: estimate − truth, in the unit of both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Errors(Vec<f64>);

impl Errors {
    /// How many.
    pub(crate) fn n(&self) -> usize {
        self.0.len()
    }

    /// Mean absolute error.
    pub(crate) fn mae(&self) -> Option<f64> {
        self.mean(f64::abs)
    }

    /// Mean error: above 0 where estimates are too high.
    pub(crate) fn bias(&self) -> Option<f64> {
        self.mean(|error| error)
    }

    /// Share of estimates at most `reach` from the truth, 0 to 1 (the cumulative score CS of the age literature).
    pub(crate) fn share_within(&self, reach: f64) -> Option<f64> {
        self.mean(|error| f64::from(u8::from(error.abs() <= reach)))
    }

    fn mean(&self, of: impl Fn(f64) -> f64) -> Option<f64> {
        let sum: f64 = self.0.iter().map(|&error| of(error)).sum();
        (!self.0.is_empty()).then(|| sum / self.0.len() as f64)
    }
}

impl FromIterator<f64> for Errors {
    fn from_iter<I: IntoIterator<Item = f64>>(errors: I) -> Self {
        Self(errors.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_by_hand() {
        // |−6| + |1| + |2| + |5| = 14 over 4; −6 + 1 + 2 + 5 = 2 over 4; three of four within 5.
        let errors: Errors = [-6.0, 1.0, 2.0, 5.0].into_iter().collect();
        assert_eq!(errors.n(), 4);
        assert_eq!(errors.mae(), Some(3.5));
        assert_eq!(errors.bias(), Some(0.5));
        assert_eq!(errors.share_within(5.0), Some(0.75));
    }

    #[test]
    fn nothing_has_no_error() {
        let none = Errors::default();
        assert_eq!((none.mae(), none.bias(), none.share_within(5.0)), (None, None, None));
    }
}
