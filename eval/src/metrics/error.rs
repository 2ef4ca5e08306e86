//! Errors of a regression: how far estimates lie from the truth.

use super::quantile;

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

    /// Standard deviation of the errors about their mean, with n − 1 in the denominator.
    pub(crate) fn sd(&self) -> Option<f64> {
        let bias = self.bias().filter(|_| self.n() > 1)?;
        let squares: f64 = self.0.iter().map(|error| (error - bias).powi(2)).sum();
        Some((squares / (self.n() - 1) as f64).sqrt())
    }

    /// The median of the absolute errors.
    pub(crate) fn median_absolute(&self) -> Option<f64> {
        quantile(&mut self.0.iter().map(|error| error.abs()).collect::<Vec<_>>(), 0.5)
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
        // numpy.std([-6, 1, 2, 5], ddof=1) = 4.654746681256314; the middle of 1, 2, 5, 6 is 3.5.
        assert!((errors.sd().unwrap() - 4.654_746_681_256_314).abs() < 1e-12);
        assert_eq!(errors.median_absolute(), Some(3.5));
    }

    #[test]
    fn nothing_has_no_error() {
        let none = Errors::default();
        assert_eq!((none.mae(), none.bias(), none.share_within(5.0)), (None, None, None));
        assert_eq!((none.sd(), none.median_absolute()), (None, None));
        let one: Errors = std::iter::once(3.0).collect();
        assert_eq!((one.sd(), one.mae()), (None, Some(3.0)));
    }
}
