//! Small pure maps from what a network says to a probability that means what it says.

use serde::Deserialize;

/// The logistic function, 1 / (1 + e^-x).
#[must_use]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Probabilities that sum to 1 from `logits`, divided by `temperature` (> 0) first.
///
/// Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
#[must_use]
pub fn softmax_with_temperature(logits: &[f32], temperature: f32) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut weights: Vec<f32> = logits.iter().map(|logit| ((logit - largest) / temperature).exp()).collect();
    let total: f32 = weights.iter().sum();
    weights.iter_mut().for_each(|weight| *weight /= total);
    weights
}

/// A logit turned into a probability by a fitted line: p = sigmoid(slope × logit + offset).
///
/// Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platt {
    /// Above 0, so that the order of scores is kept.
    pub slope: f32,
    /// Shift in logits.
    pub offset: f32,
}

impl Platt {
    /// The calibrated probability of `logit`, 0 to 1.
    #[must_use]
    pub fn probability(self, logit: f32) -> f32 {
        sigmoid(self.slope.mul_add(logit, self.offset))
    }
}

/// Values at ascending places: a straight line between two of them, and the nearest one's value beyond the ends.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Knots {
    /// Where the values stand, ascending; at least one.
    pub at: Vec<f32>,
    /// As many values.
    pub value: Vec<f32>,
}

impl Knots {
    /// The same value everywhere.
    #[must_use]
    pub fn constant(value: f32) -> Self {
        Self { at: vec![0.0], value: vec![value] }
    }

    /// Whether places and values belong together and every value is as it should be.
    #[must_use]
    pub fn are_all(&self, good: impl Fn(f32) -> bool) -> bool {
        let paired = !self.at.is_empty() && self.at.len() == self.value.len();
        let ascending = self.at.windows(2).all(|pair| pair[0] < pair[1]);
        paired && ascending && self.value.iter().all(|value| good(*value))
    }

    /// The value at `place`.
    #[must_use]
    pub fn at(&self, place: f32) -> f32 {
        let next = self.at.partition_point(|knot| *knot < place);
        let value = |index: usize| self.value[index.min(self.value.len() - 1)];
        if next == 0 || next == self.at.len() {
            return value(next);
        }
        let (left, right) = (self.at[next - 1], self.at[next]);
        let share = (place - left) / (right - left);
        (1.0 - share).mul_add(value(next - 1), share * value(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperature_sharpens_and_flattens() {
        let logits = [0.0, 2.0_f32.ln()];
        assert!((softmax_with_temperature(&logits, 1.0)[1] - 2.0 / 3.0).abs() < 1e-6);
        assert!((softmax_with_temperature(&logits, 0.5)[1] - 4.0 / 5.0).abs() < 1e-6);
    }

    #[test]
    fn huge_logits_do_not_overflow() {
        assert_eq!(softmax_with_temperature(&[1e6, 0.0], 1.0), vec![1.0, 0.0]);
    }

    #[test]
    fn platt_is_a_line_in_logits() {
        let platt = Platt { slope: 2.0, offset: -1.0 };
        assert!((platt.probability(0.5) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn knots_are_joined_by_lines() {
        let knots = Knots { at: vec![10.0, 20.0], value: vec![1.0, 3.0] };
        assert_eq!([0.0, 10.0, 15.0, 20.0, 99.0].map(|place| knots.at(place)), [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(Knots::constant(0.5).at(-7.0), 0.5);
        assert!(knots.are_all(|value| value > 0.0) && !knots.are_all(|value| value > 1.0));
        assert!(!Knots { at: vec![2.0, 1.0], ..knots.clone() }.are_all(|_| true));
        assert!(!Knots { at: vec![1.0], ..knots }.are_all(|_| true));
    }
}
