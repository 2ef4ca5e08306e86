//! The ends of an axis, made sane in one place: finite, apart, and above 0 where the scale is logarithmic.

use super::{Axis, Scale, Unit};
use crate::metrics::Range;

/// Numbers beyond this are no data of ours, and ticks between them could not be told apart.
const LARGEST: f64 = 1e15;

/// On a logarithmic axis, less than this counts as nothing.
const SMALLEST: f64 = 1e-12;

/// Room beyond the outermost values, as a share of the span.
const PADDING: f64 = 0.04;

/// The ends that are asked for, where they make sense; otherwise ends that hold all of `values` that can be drawn.
pub(super) fn bounds(axis: &Axis, values: impl Iterator<Item = f64>) -> Range {
    let data = span(values.filter(|&value| is_drawable(value, axis.scale)));
    let asked = axis.bounds.filter(|asked| is_sane(asked, axis.scale));
    asked.unwrap_or_else(|| match axis.scale {
        Scale::Linear => padded(data, axis.unit),
        Scale::Log10 => decades(data),
    })
}

/// Whether a number has a place of its own on such an axis.
pub(super) fn is_drawable(value: f64, scale: Scale) -> bool {
    match scale {
        Scale::Linear => value.abs() <= LARGEST,
        Scale::Log10 => (SMALLEST..=LARGEST).contains(&value),
    }
}

fn span(values: impl Iterator<Item = f64>) -> Option<Range> {
    values.fold(None, |span: Option<Range>, value| {
        let Range { low, high } = span.unwrap_or(Range { low: value, high: value });
        Some(Range { low: low.min(value), high: high.max(value) })
    })
}

fn is_sane(asked: &Range, scale: Scale) -> bool {
    let ends = [asked.low, asked.high];
    ends.iter().all(|&end| is_drawable(end, scale)) && !is_narrow(asked)
}

/// Whether both ends would fall on one place. An interval that is upside down is narrow, too.
fn is_narrow(range: &Range) -> bool {
    range.high - range.low <= 1e-9 * range.low.abs().max(range.high.abs())
}

fn padded(data: Option<Range>, unit: Unit) -> Range {
    let least: f64 = if unit == Unit::Percent { 0.05 } else { 0.5 };
    let Some(data) = data else { return Range { low: 0.0, high: 1.0 } };
    let room =
        if is_narrow(&data) { least.max(0.1 * data.low.abs()) } else { PADDING * (data.high - data.low) };
    let low = if data.low >= 0.0 { (data.low - room).max(0.0) } else { data.low - room };
    let high = data.high + room;
    // No room is needed beyond all of a whole.
    let is_full = unit == Unit::Percent && data.high <= 1.0;
    Range { low, high: if is_full { high.min(1.0) } else { high } }
}

/// Whole powers of ten around the data.
fn decades(data: Option<Range>) -> Range {
    let data = data.unwrap_or(Range { low: 0.1, high: 1.0 });
    let low = 10_f64.powf(data.low.log10().floor());
    let high = 10_f64.powf(data.high.log10().ceil());
    Range { low, high: if high > low { high } else { 10.0 * low } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logarithmic(axis: Axis) -> Axis {
        Axis { scale: Scale::Log10, ..axis }
    }

    fn of(axis: &Axis, values: &[f64]) -> (f64, f64) {
        let Range { low, high } = bounds(axis, values.iter().copied());
        assert!(low.is_finite() && high.is_finite() && low < high, "{low} {high}");
        (low, high)
    }

    #[test]
    fn what_is_asked_for_wins() {
        assert_eq!(of(&Axis::number("").between(-1.0, 3.0), &[100.0]), (-1.0, 3.0));
        assert_eq!(of(&logarithmic(Axis::percent("").between(1e-4, 1.0)), &[0.5]), (1e-4, 1.0));
    }

    #[test]
    fn nonsense_that_is_asked_for_gives_way_to_the_data() {
        for (low, high) in [(2.0, 2.0), (3.0, 2.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(of(&Axis::number("").between(low, high), &[0.0, 100.0]), (0.0, 104.0));
        }
        assert_eq!(of(&logarithmic(Axis::number("").between(0.0, 1.0)), &[0.02, 0.3]), (0.01, 1.0));
    }

    #[test]
    fn no_data_still_has_an_axis() {
        assert_eq!(of(&Axis::number(""), &[]), (0.0, 1.0));
        assert_eq!(of(&logarithmic(Axis::number("")), &[f64::NAN, 0.0, -1.0]), (0.1, 1.0));
    }

    #[test]
    fn equal_values_are_spread() {
        assert_eq!(of(&Axis::number(""), &[7.0, 7.0]), (6.3, 7.7));
        assert_eq!(of(&Axis::number(""), &[0.0]), (0.0, 0.5));
        assert_eq!(of(&logarithmic(Axis::number("")), &[10.0]), (10.0, 100.0));
        // They differ by less than a double can show on an axis.
        let (low, high) = of(&Axis::number(""), &[1e9, 1e9 + 1e-7]);
        assert!(high - low > 1e8);
    }

    #[test]
    fn shares_stay_shares_and_counts_stay_counts() {
        assert_eq!(of(&Axis::percent(""), &[0.0, 1.0]), (0.0, 1.0));
        assert_eq!(of(&Axis::percent(""), &[1.0]), (0.9, 1.0));
        assert_eq!(of(&Axis::number(""), &[0.0, 100.0]), (0.0, 104.0));
        assert_eq!(of(&Axis::number(""), &[-50.0, 50.0]), (-54.0, 54.0));
    }

    #[test]
    fn what_cannot_be_drawn_does_not_count() {
        assert_eq!(of(&Axis::number(""), &[0.0, f64::NAN, 100.0, f64::INFINITY, 1e300]), (0.0, 104.0));
    }
}
