//! The change of a share between two looks at the same cases.

use super::{Proportion, Range};

/// What became of each case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Paired {
    /// Counted both times.
    pub(crate) both: usize,
    /// Counted the first time only.
    pub(crate) lost: usize,
    /// Counted the second time only.
    pub(crate) gained: usize,
    /// Never counted.
    pub(crate) neither: usize,
}

impl Paired {
    /// Of cases before and after.
    pub(crate) fn of(before: &[bool], after: &[bool]) -> Self {
        before.iter().copied().zip(after.iter().copied()).collect()
    }

    /// The share before.
    pub(crate) fn before(self) -> Proportion {
        Proportion { hits: self.both + self.lost, n: self.n() }
    }

    /// The share after.
    pub(crate) fn after(self) -> Proportion {
        Proportion { hits: self.both + self.gained, n: self.n() }
    }

    /// After less before, −1 to 1.
    pub(crate) fn change(self) -> Option<f64> {
        (self.n() > 0).then(|| (self.gained as f64 - self.lost as f64) / self.n() as f64)
    }

    /// 95 %: Newcombe's method 10 (Statistics in Medicine 17, 1998), from the Wilson intervals of both shares and their
    /// correlation. It has a width even where no case changed.
    pub(crate) fn change_interval(self) -> Option<Range> {
        let (before, after) = (self.before(), self.after());
        let (first, second, change) = (before.rate()?, after.rate()?, self.change()?);
        let (before, after, correlation) = (before.wilson()?, after.wilson()?, self.correlation());
        let reach = |one: f64, other: f64| {
            (one * one - 2.0 * correlation * one * other + other * other).max(0.0).sqrt()
        };
        Some(Range {
            low: change - reach(second - after.low, before.high - first),
            high: change + reach(after.high - second, first - before.low),
        })
    }

    fn n(self) -> usize {
        self.both + self.lost + self.gained + self.neither
    }

    /// φ with Newcombe's correction for continuity; 0 where it is not defined.
    fn correlation(self) -> f64 {
        let [both, lost, gained, neither] =
            [self.both, self.lost, self.gained, self.neither].map(|count| count as f64);
        let determinant = both * neither - lost * gained;
        let corrected =
            if determinant > 0.0 { (determinant - self.n() as f64 / 2.0).max(0.0) } else { determinant };
        let margins = (both + lost) * (gained + neither) * (both + gained) * (lost + neither);
        if margins > 0.0 { corrected / margins.sqrt() } else { 0.0 }
    }
}

/// Of cases, each before and after.
impl FromIterator<(bool, bool)> for Paired {
    fn from_iter<I: IntoIterator<Item = (bool, bool)>>(cases: I) -> Self {
        let mut paired = Self::default();
        for case in cases {
            match case {
                (true, true) => paired.both += 1,
                (true, false) => paired.lost += 1,
                (false, true) => paired.gained += 1,
                (false, false) => paired.neither += 1,
            }
        }
        paired
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_newcombe() {
        // His example of 44 pairs, 12, 9, 2 and 21 (table II): first less second 0.1591, 0.0112 to 0.2954 by the formula
        // in numpy. Ours is second less first.
        let paired = Paired { both: 12, lost: 9, gained: 2, neither: 21 };
        let interval = paired.change_interval().unwrap();
        assert!((paired.change().unwrap() + 7.0 / 44.0).abs() < 1e-12);
        assert!((interval.low + 0.295_371_780_7).abs() < 1e-9, "{interval:?}");
        assert!((interval.high + 0.011_242_503_6).abs() < 1e-9, "{interval:?}");
    }

    #[test]
    fn no_change_of_two_hundred_is_not_no_change_at_all() {
        // Wilson's upper end of 0 in 200: 1.959964² / (200 + 1.959964²) = 0.0188453.
        let interval = Paired::of(&[false; 200], &[false; 200]).change_interval().unwrap();
        assert!((interval.high - 0.018_845_326).abs() < 1e-8 && (interval.low + 0.018_845_326).abs() < 1e-8);
        assert_eq!(Paired::default().change_interval(), None);
    }

    #[test]
    fn pairs_are_counted_once() {
        let found = Paired::of(&[true, true, false, false, true], &[true, false, true, false, true]);
        assert_eq!(found, Paired { both: 2, lost: 1, gained: 1, neither: 1 });
        assert_eq!(
            (found.before(), found.after(), found.change()),
            (Proportion { hits: 3, n: 5 }, Proportion { hits: 3, n: 5 }, Some(0.0),)
        );
    }
}
