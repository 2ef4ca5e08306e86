//! An axis with its ends and ticks: where a number lies, as the plotting crate asks.

use std::ops;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

use super::bounds::{bounds, is_drawable};
use super::ticks::{label, ticks};
use super::{Axis, Scale, Unit};
use crate::metrics::Range;

/// Ticks that a plot has at most.
const MOST_TICKS: usize = 8;

/// Between two labels along an axis, in widths of a character.
const GAP: usize = 3;

/// An axis with its ends and ticks.
#[derive(Debug, Clone)]
pub(super) struct Ruler {
    ends: Range,
    scale: Scale,
    unit: Unit,
    ticks: Vec<f64>,
}

impl Ruler {
    /// Upwards: with as many ticks as are pleasant.
    pub(super) fn upwards(axis: &Axis, values: impl Iterator<Item = f64>) -> Self {
        Self::with_ticks(axis, bounds(axis, values), MOST_TICKS)
    }

    /// Across: with as many ticks as have labels that fit beside each other in a width of so many characters.
    pub(super) fn across(axis: &Axis, values: impl Iterator<Item = f64>, characters: usize) -> Self {
        let ends = bounds(axis, values);
        let candidates = (2..=MOST_TICKS).rev().map(|most| Self::with_ticks(axis, ends, most));
        let fits = |ruler: &Self| ruler.ticks.len() * (ruler.widest_label() + GAP) <= characters;
        candidates.into_iter().find(fits).unwrap_or_else(|| Self::with_ticks(axis, ends, 1))
    }

    /// So many places, the first on top, without ticks.
    pub(super) fn places(count: usize) -> Self {
        // Turned round: 0 is the upper end.
        let ends = Range { low: count as f64, high: 0.0 };
        Self { ends, scale: Scale::Linear, unit: Unit::Number, ticks: Vec::new() }
    }

    fn with_ticks(axis: &Axis, ends: Range, most: usize) -> Self {
        let Axis { scale, unit, .. } = *axis;
        Self { ends, scale, unit, ticks: ticks(ends, scale, unit, most) }
    }

    /// Of the longest label, in characters.
    pub(super) fn widest_label(&self) -> usize {
        self.ticks.iter().map(|&tick| label(tick, self.unit).chars().count()).max().unwrap_or(0)
    }

    /// Whether a number can be drawn. On a logarithmic axis, what is not above 0 lies at the lower end.
    pub(super) fn takes(&self, value: f64) -> bool {
        is_drawable(value, Scale::Linear)
    }

    /// From 0 at the lower end to 1 at the upper one; what lies beyond an end is at the end.
    pub(super) fn share(&self, value: f64) -> f64 {
        let place = |value: f64| match self.scale {
            Scale::Linear => value,
            Scale::Log10 => value.max(f64::MIN_POSITIVE).log10(),
        };
        let (low, high) = (place(self.ends.low), place(self.ends.high));
        ((place(value) - low) / (high - low)).clamp(0.0, 1.0)
    }
}

impl Ranged for Ruler {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + (self.share(*value) * f64::from(to - from)).round() as i32
    }

    /// The ticks. There are no finer lines between them.
    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> ops::Range<f64> {
        self.ends.low..self.ends.high
    }
}

impl ValueFormatter<f64> for Ruler {
    fn format_ext(&self, value: &f64) -> String {
        label(*value, self.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lie_between_the_ends() {
        let ruler = Ruler::upwards(&Axis::number("").between(0.0, 10.0), std::iter::empty());
        let places = [-5.0, 0.0, 2.5, 10.0, 99.0].map(|value| ruler.map(&value, (100, 0)));
        assert_eq!(places, [100, 100, 75, 0, 0]);
    }

    #[test]
    fn equal_ratios_are_equally_far_apart() {
        let axis = Axis { scale: Scale::Log10, ..Axis::percent("").between(1e-4, 1.0) };
        let ruler = Ruler::upwards(&axis, std::iter::empty());
        let places = [-1.0, 0.0, 1e-4, 1e-2, 1.0].map(|value| ruler.map(&value, (0, 100)));
        assert_eq!(places, [0, 0, 0, 50, 100]);
    }

    #[test]
    fn places_count_from_the_top() {
        let ruler = Ruler::places(4);
        assert_eq!([0.0, 0.5, 4.0].map(|value| ruler.map(&value, (400, 0))), [0, 50, 400]);
    }

    #[test]
    fn labels_have_room() {
        let years = |characters| {
            Ruler::across(&Axis::number("").between(0.0, 80_000.0), std::iter::empty(), characters)
        };
        assert_eq!(years(90).ticks.len(), 9);
        assert_eq!(years(30).ticks, [0.0, 50_000.0]);
        assert!(years(0).ticks.len() <= 2);
    }
}
