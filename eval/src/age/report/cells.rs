//! How figures of this report stand in tables.

use crate::metrics::Range;
use crate::report::{figure, percent};

/// What stands for a figure that rests on too few.
const INSUFFICIENT: &str = "insufficient";

/// A number with its interval.
pub(super) fn ranged(value: Option<f64>, interval: Option<Range>) -> String {
    let ends = |Range { low, high }| format!(" ({low:.2} to {high:.2})");
    figure(value, 2) + &interval.map(ends).unwrap_or_default()
}

/// A change with its sign and interval.
pub(super) fn changed(value: Option<f64>, interval: Option<Range>) -> String {
    let ends = |Range { low, high }| format!(" ({low:+.2} to {high:+.2})");
    match value {
        None => INSUFFICIENT.to_owned(),
        Some(value) => format!("{value:+.2}") + &interval.map(ends).unwrap_or_default(),
    }
}

/// A change of a share, in percentage points.
pub(super) fn points(value: Option<f64>, interval: Option<Range>) -> String {
    let ends = |Range { low, high }| format!(" ({:+.1} to {:+.1})", 100.0 * low, 100.0 * high);
    match value {
        None => INSUFFICIENT.to_owned(),
        Some(value) => format!("{:+.1}", 100.0 * value) + &interval.map(ends).unwrap_or_default(),
    }
}

/// A share with its interval.
pub(super) fn share(value: Option<f64>, interval: Option<Range>) -> String {
    let ends = |Range { low, high }| format!(" ({:.1} to {:.1})", 100.0 * low, 100.0 * high);
    match value {
        None => percent(None),
        Some(value) => format!("{:.1} %", 100.0 * value) + &interval.map(ends).unwrap_or_default(),
    }
}

/// The cell, unless there is too little to tell.
pub(super) fn sufficient(value: Option<f64>, cell: String) -> String {
    if value.is_some() { cell } else { INSUFFICIENT.to_owned() }
}

/// `13-17` as people write it.
pub(super) fn ages(span: &str) -> String {
    span.replace('-', "–")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_with_their_intervals() {
        let range = Some(Range { low: 0.041, high: 0.5 });
        assert_eq!(ranged(Some(0.25), range), "0.25 (0.04 to 0.50)");
        assert_eq!(share(Some(0.25), range), "25.0 % (4.1 to 50.0)");
        assert_eq!(points(Some(0.25), range), "+25.0 (+4.1 to +50.0)");
        assert_eq!(changed(Some(-0.25), None), "-0.25");
        assert_eq!((share(None, None), changed(None, None)), ("–".to_owned(), "insufficient".to_owned()));
        assert_eq!(sufficient(None, "0".to_owned()), "insufficient");
    }
}
