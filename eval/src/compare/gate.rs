//! Bounds on the figures of a report, and on what changed.
//!
//! A bound passes, fails, or is left open: a figure that is undefined, or an interval that reaches over the bound, decides
//! nothing.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::DECIMALS;
use super::change::Changes;
use super::figures::Figures;
use crate::metrics::Range;
use crate::report::{Case, CaseResult, Table, figure};
use crate::verdict::Verdict;

/// The file: under `[bounds]` each figure's key with its bounds, under `[change]` those of B − A.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    #[serde(default)]
    bounds: BTreeMap<String, FigureBounds>,
    #[serde(default)]
    change: BTreeMap<String, Bounds>,
}

/// Both ends are allowed values.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureBounds {
    min: Option<f64>,
    max: Option<f64>,
    /// The figure's whole interval must keep the bounds, not only the figure.
    #[serde(default)]
    confident: bool,
}

/// One figure held against its bounds.
#[derive(Debug, PartialEq)]
pub(crate) struct Check {
    name: String,
    found: Option<f64>,
    interval: Option<Range>,
    bounds: Bounds,
    verdict: Verdict,
}

impl Gate {
    /// Reads the TOML of a gate.
    ///
    /// # Errors
    /// When it is no gate, or holds a key without any bound.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let gate: Self = toml::from_str(text)?;
        let all = gate.bounds.iter().map(|(key, bounds)| (key, bounds.bounds()));
        let mut all = all.chain(gate.change.iter().map(|(key, &bounds)| (key, bounds))).peekable();
        ensure!(all.peek().is_some(), "there is no bound: write some under [bounds] or [change]");
        for (key, bounds) in all {
            ensure!(bounds.min.is_some() || bounds.max.is_some(), "`{key}` needs min, max or both");
        }
        Ok(gate)
    }

    /// Holds every bound against its figure.
    ///
    /// # Errors
    /// When there is no such figure, interval or change: a misspelt bound must not pass for a kept one.
    pub(crate) fn check(&self, figures: &Figures, changes: Option<&Changes>) -> Result<Vec<Check>> {
        let of_figure = self.bounds.iter().map(|(key, bounds)| bounds.check(key, figures));
        let of_change = self.change.iter().map(|(key, &bounds)| {
            let changes = changes.context(
                "[change] needs two reports with their samples.jsonl beside them: use `ward-eval compare`",
            )?;
            let change =
                changes.get(key).with_context(|| format!("there is no paired difference of `{key}`"))?;
            let (name, found) = (format!("change of {key}"), change.difference);
            Ok(Check::confident(name, found, change.difference_interval, bounds))
        });
        of_figure.chain(of_change).collect()
    }
}

impl FigureBounds {
    fn bounds(self) -> Bounds {
        Bounds { min: self.min, max: self.max }
    }

    fn check(self, key: &str, figures: &Figures) -> Result<Check> {
        let found = figures.get(key).with_context(|| format!("the report has no figure `{key}`"))?;
        if !self.confident {
            return Ok(Check::of_figure(key.to_owned(), found, self.bounds()));
        }
        let interval = figures.interval(key);
        ensure!(
            interval.is_some() || found.is_none() || figures.has_interval(key),
            "the report has no interval of `{key}`: leave `confident` out"
        );
        Ok(Check::confident(key.to_owned(), found, interval, self.bounds()))
    }
}

impl Check {
    fn of_figure(name: String, found: Option<f64>, bounds: Bounds) -> Self {
        let verdict = match found {
            None => Verdict::Inconclusive,
            Some(value) if bounds.holds(value) => Verdict::Pass,
            Some(_) => Verdict::Failed,
        };
        Self { name, found, interval: None, bounds, verdict }
    }

    fn confident(name: String, found: Option<f64>, interval: Option<Range>, bounds: Bounds) -> Self {
        let verdict = match interval {
            None => Verdict::Inconclusive,
            Some(Range { low, high }) if bounds.holds(low) && bounds.holds(high) => Verdict::Pass,
            Some(range) if bounds.excludes(range) => Verdict::Failed,
            Some(_) => Verdict::Inconclusive,
        };
        Self { name, found, interval, bounds, verdict }
    }

    /// For JUnit.
    pub(crate) fn case(&self) -> Case {
        let found = format!("found {}, {}", self.found_text(), self.bounds.text());
        let result = match self.verdict {
            Verdict::Pass => CaseResult::Passed,
            Verdict::Inconclusive => CaseResult::Skipped(format!("inconclusive: {found}")),
            Verdict::Failed | Verdict::BadData => CaseResult::Failed(found),
        };
        Case { name: format!("{} {}", self.name, self.bounds.text()), result }
    }

    fn found_text(&self) -> String {
        let found = figure(self.found, DECIMALS);
        self.interval.map_or_else(
            || found.clone(),
            |Range { low, high }| format!("{found} ({low:.DECIMALS$} to {high:.DECIMALS$})"),
        )
    }
}

impl Bounds {
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
}

/// Of the whole gate: one failure fails it, one bound that is left open leaves it open.
pub(crate) fn verdict(checks: &[Check]) -> Verdict {
    [Verdict::Failed, Verdict::Inconclusive]
        .into_iter()
        .find(|verdict| checks.iter().any(|check| check.verdict == *verdict))
        .unwrap_or(Verdict::Pass)
}

/// The checks for people.
pub(crate) fn table(checks: &[Check]) -> Table {
    let row = |check: &Check| {
        vec![check.name.clone(), check.bounds.text(), check.found_text(), check.verdict.to_string()]
    };
    Table {
        title: "Gate".to_owned(),
        header: vec!["figure", "bound", "found", "verdict"],
        rows: checks.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn figures() -> Figures {
        Figures::of(&json!({ "overall": {
            "mae": 5.0, "mae_interval": { "low": 4.5, "high": 5.5 }, "cs5": 0.6, "bias": null,
            "minor_pass_rate": { "18": 0.2 }, "minor_pass_rate_interval": { "18": { "low": 0.1, "high": 0.4 } },
            "bias_interval": null,
        } }))
    }

    fn judge(gate: &str) -> Verdict {
        verdict(&Gate::parse(gate).unwrap().check(&figures(), None).unwrap())
    }

    #[test]
    fn bounds_include_their_ends() {
        assert_eq!(judge("bounds.'overall.mae' = { max = 5.0 }"), Verdict::Pass);
        assert_eq!(judge("bounds.'overall.mae' = { max = 4.9 }"), Verdict::Failed);
        assert_eq!(judge("bounds.'overall.cs5' = { min = 0.6, max = 1 }"), Verdict::Pass);
        assert_eq!(judge("bounds.'overall.cs5' = { min = 0.7 }"), Verdict::Failed);
    }

    #[test]
    fn the_interval_decides_where_confidence_is_asked_for() {
        assert_eq!(judge("bounds.'overall.mae' = { max = 5.5, confident = true }"), Verdict::Pass);
        assert_eq!(judge("bounds.'overall.mae' = { max = 5.2, confident = true }"), Verdict::Inconclusive);
        assert_eq!(judge("bounds.'overall.mae' = { max = 4.4, confident = true }"), Verdict::Failed);
        let minors =
            |max: f64| format!("bounds.'overall.minor_pass_rate.18' = {{ max = {max}, confident = true }}");
        assert_eq!(judge(&minors(0.4)), Verdict::Pass);
        assert_eq!(judge(&minors(0.3)), Verdict::Inconclusive);
        assert_eq!(judge("bounds.'overall.bias' = { max = 1, confident = true }"), Verdict::Inconclusive);
    }

    #[test]
    fn an_undefined_figure_is_inconclusive_unless_another_fails() {
        let undefined = "bounds.'overall.bias' = { max = 1 }";
        assert_eq!(judge(undefined), Verdict::Inconclusive);
        assert_eq!(judge(&format!("{undefined}\nbounds.'overall.mae' = {{ max = 1 }}")), Verdict::Failed);
    }

    #[test]
    fn mistakes_are_not_kept_bounds() {
        assert!(Gate::parse("bounds.'overall.mae' = { most = 5 }").is_err());
        assert!(Gate::parse("bounds.'overall.mae' = {}").is_err());
        assert!(Gate::parse("bound.'overall.mae' = { max = 5 }").is_err());
        assert!(Gate::parse("").is_err());
        let refused =
            |gate: &str| Gate::parse(gate).unwrap().check(&figures(), None).unwrap_err().to_string();
        assert!(refused("bounds.'overall.mea' = { max = 5 }").contains("no figure"));
        assert!(refused("bounds.'overall.cs5' = { min = 0, confident = true }").contains("no interval"));
        assert!(refused("change.'overall.mae' = { max = 0 }").contains("ward-eval compare"));
    }
}
