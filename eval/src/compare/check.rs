//! One bound held against what was found.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::change::Change;
use crate::metrics::Range;
use crate::report::{Case, CaseResult, Table};
use crate::verdict::Verdict;

/// Both ends are allowed values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bounds {
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
}

/// What became of a bound.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Check {
    /// The figure's key, or that of its change.
    figure: String,
    #[serde(flatten)]
    bounds: Bounds,
    found: Option<f64>,
    /// Where the bound is judged by it.
    found_interval: Option<Range>,
    verdict: Verdict,
    /// Why there is no verdict; empty where there is one.
    reason: String,
}

impl Bounds {
    /// Whether anything can be judged by them.
    ///
    /// # Errors
    /// When there is none, or when nothing could keep or nothing could break them.
    pub(super) fn check(self) -> Result<()> {
        let Self { min, max } = self;
        ensure!(min.is_some() || max.is_some(), "min, max or both are needed");
        ensure!(min.into_iter().chain(max).all(f64::is_finite), "one of them is no number");
        ensure!(min.zip(max).is_none_or(|(min, max)| min <= max), "min is above max");
        Ok(())
    }

    fn holds(self, value: f64) -> bool {
        self.min.is_none_or(|min| value >= min) && self.max.is_none_or(|max| value <= max)
    }

    /// Whether the whole range lies on the wrong side.
    fn excludes(self, Range { low, high }: Range) -> bool {
        self.min.is_some_and(|min| high < min) || self.max.is_some_and(|max| low > max)
    }

    fn text(self) -> String {
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("must be {min} to {max}"),
            (Some(min), None) => format!("must be at least {min}"),
            (None, Some(max)) => format!("must be at most {max}"),
            (None, None) => String::new(),
        }
    }

    /// In four digits, or in as many as it takes to see whether it keeps the bounds.
    fn number(self, value: f64) -> String {
        let before_the_point = value.abs().log10().floor().clamp(-9.0, 3.0) as i32;
        let decimals = (3 - before_the_point) as usize;
        let text = format!("{value:.decimals$}");
        let text = if decimals > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        let misleads = text.parse().is_ok_and(|rounded| self.holds(rounded) != self.holds(value));
        if misleads { value.to_string() } else { text.to_owned() }
    }
}

impl Check {
    /// By the figure itself.
    pub(super) fn of_figure(key: &str, found: Option<f64>, bounds: Bounds) -> Self {
        let (verdict, reason) = match found {
            None => (Verdict::Inconclusive, "the figure is undefined"),
            Some(value) if bounds.holds(value) => (Verdict::Pass, ""),
            Some(_) => (Verdict::Failed, ""),
        };
        let (figure, reason) = (key.to_owned(), reason.to_owned());
        Self { figure, bounds, found, found_interval: None, verdict, reason }
    }

    /// By the whole interval of a figure.
    pub(super) fn of_interval(
        key: &str,
        (found, interval): (Option<f64>, Option<Range>),
        bounds: Bounds,
    ) -> Self {
        let (verdict, reason) = match interval {
            None if found.is_none() => (Verdict::Inconclusive, "the figure is undefined"),
            None => (Verdict::Inconclusive, "its interval is undefined"),
            Some(range) if bounds.holds(range.low) && bounds.holds(range.high) => (Verdict::Pass, ""),
            Some(range) if bounds.excludes(range) => (Verdict::Failed, ""),
            Some(_) => (Verdict::Inconclusive, "the interval reaches over the bound"),
        };
        let (figure, reason) = (key.to_owned(), reason.to_owned());
        Self { figure, bounds, found, found_interval: interval, verdict, reason }
    }

    /// By the interval of a paired difference.
    pub(super) fn of_change(change: &Change, bounds: Bounds) -> Self {
        let found = (change.difference(), change.interval);
        let check = Self::of_interval(&format!("change of {}", change.key), found, bounds);
        if change.interval.is_none() { Self { reason: change.what_lacks(), ..check } } else { check }
    }

    /// For JUnit.
    pub(super) fn case(&self) -> Case {
        let bound = self.bounds.text();
        let result = match self.verdict {
            Verdict::Pass => CaseResult::Passed,
            Verdict::Inconclusive => {
                CaseResult::Skipped(format!("{}: found {}, {bound}", self.reason, self.found()))
            }
            Verdict::Failed | Verdict::BadData => {
                CaseResult::Failed(format!("found {}, {bound}", self.found()))
            }
        };
        Case { name: format!("{} {bound}", self.figure), result }
    }

    fn found(&self) -> String {
        let number = |value| self.bounds.number(value);
        let found = self.found.map_or_else(|| "nothing".to_owned(), number);
        self.found_interval.map_or_else(
            || found.clone(),
            |Range { low, high }| format!("{found} ({} to {})", number(low), number(high)),
        )
    }

    fn row(&self) -> Vec<String> {
        let verdict = match self.reason.as_str() {
            "" => self.verdict.to_string(),
            reason => format!("{}: {reason}", self.verdict),
        };
        vec![self.figure.clone(), self.bounds.text(), self.found(), verdict]
    }
}

/// Of the whole gate: one failure fails it, one bound that is left open leaves it open.
pub(super) fn verdict(checks: &[Check]) -> Verdict {
    [Verdict::Failed, Verdict::Inconclusive]
        .into_iter()
        .find(|verdict| checks.iter().any(|check| check.verdict == *verdict))
        .unwrap_or(Verdict::Pass)
}

/// The checks for people.
pub(super) fn table(gate: &str, checks: &[Check]) -> Table {
    Table {
        title: format!("Gate {gate}"),
        header: vec!["figure", "bound", "found", "verdict"],
        rows: checks.iter().map(Check::row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::change::Better;
    use super::*;

    const AT_MOST: Bounds = Bounds { min: None, max: Some(5.4) };

    #[test]
    fn a_failure_says_what_was_found_and_what_must_be() {
        let case = Check::of_figure("overall.mae", Some(5.73), AT_MOST).case();
        assert_eq!(case.name, "overall.mae must be at most 5.4");
        assert_eq!(case.result, CaseResult::Failed("found 5.73, must be at most 5.4".to_owned()));
    }

    #[test]
    fn what_is_left_open_says_why() {
        let why = |check: Check| match check.case().result {
            CaseResult::Skipped(why) => why,
            other => panic!("{other:?}"),
        };
        let undefined = why(Check::of_figure("x", None, AT_MOST));
        assert_eq!(undefined, "the figure is undefined: found nothing, must be at most 5.4");
        let wide = Check::of_interval("x", (Some(5.25), Some(Range { low: 5.0, high: 5.5 })), AT_MOST);
        let expected = "the interval reaches over the bound: found 5.25 (5 to 5.5), must be at most 5.4";
        assert_eq!(why(wide), expected);
    }

    #[test]
    fn a_change_is_judged_by_its_interval() {
        let judge = |low, high, bounds| {
            let (figures, interval) = (Some((5.0, 5.0)), Some(Range { low, high }));
            let change = Change { key: "x".to_owned(), n: 40, figures, interval, better: Better::Lower };
            Check::of_change(&change, bounds).verdict
        };
        let at_most = Bounds { min: None, max: Some(0.1) };
        assert_eq!(judge(-0.2, 0.1, at_most), Verdict::Pass);
        assert_eq!(judge(0.11, 0.2, at_most), Verdict::Failed);
        assert_eq!(judge(0.05, 0.2, at_most), Verdict::Inconclusive);
        let both = Bounds { min: Some(-0.1), ..at_most };
        assert_eq!(judge(-0.1, 0.1, both), Verdict::Pass);
        assert_eq!(judge(-0.3, -0.2, both), Verdict::Failed);
        assert_eq!(judge(-0.3, 0.3, both), Verdict::Inconclusive);
        let few = Change { key: "x".to_owned(), n: 7, figures: None, interval: None, better: Better::Lower };
        let few = Check::of_change(&few, at_most);
        assert_eq!(few.verdict, Verdict::Inconclusive);
        assert!(few.reason.contains("of 7 pairs"), "{}", few.reason);
    }

    #[test]
    fn digits_never_hide_a_broken_bound() {
        let number = |max, value| Bounds { min: None, max: Some(max) }.number(value);
        assert_eq!(number(5.4, 5.728_571), "5.729");
        assert_eq!(number(0.0001, 0.000_123_456), "0.0001235");
        assert_eq!(number(5.4, 5.400_01), "5.40001");
        assert_eq!(
            (number(1.0, 0.0), number(1.0, -0.5), number(1.0, 12_345.6)),
            ("0".into(), "-0.5".into(), "12346".into())
        );
    }

    #[test]
    fn one_failure_fails_and_one_open_bound_opens() {
        let of = |found: &[Option<f64>]| {
            verdict(&found.iter().map(|found| Check::of_figure("x", *found, AT_MOST)).collect::<Vec<_>>())
        };
        assert_eq!(of(&[Some(5.0), Some(5.4)]), Verdict::Pass);
        assert_eq!(of(&[Some(5.0), None]), Verdict::Inconclusive);
        assert_eq!(of(&[Some(6.0), None, Some(5.0)]), Verdict::Failed);
    }
}
