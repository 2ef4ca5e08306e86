//! Bounds on the figures of a report.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::DECIMALS;
use super::figures::Figures;
use crate::report::{Table, figure};
use crate::verdict::Verdict;

/// The file: under `[bounds]`, each figure's key with its bounds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    bounds: BTreeMap<String, Bounds>,
}

/// Both ends are allowed values.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bounds {
    min: Option<f64>,
    max: Option<f64>,
}

/// One figure held against its bounds.
#[derive(Debug, PartialEq)]
pub(crate) struct Check {
    key: String,
    found: Option<f64>,
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
        for (key, bounds) in &gate.bounds {
            ensure!(bounds.min.is_some() || bounds.max.is_some(), "`{key}` needs min, max or both");
        }
        Ok(gate)
    }

    /// Holds every bound against its figure.
    ///
    /// # Errors
    /// When there is no such figure: a misspelt bound must not pass for a kept one.
    pub(crate) fn check(&self, figures: &Figures) -> Result<Vec<Check>> {
        let check = |(key, &bounds): (&String, &Bounds)| {
            let found = figures.get(key).with_context(|| format!("the report has no figure `{key}`"))?;
            Ok(Check { key: key.clone(), found, bounds, verdict: bounds.judge(found) })
        };
        self.bounds.iter().map(check).collect()
    }
}

impl Bounds {
    fn judge(self, found: Option<f64>) -> Verdict {
        match found {
            None => Verdict::Inconclusive,
            Some(value) if self.min.is_some_and(|min| value < min) => Verdict::Failed,
            Some(value) if self.max.is_some_and(|max| value > max) => Verdict::Failed,
            Some(_) => Verdict::Pass,
        }
    }
}

/// Of the whole gate: one failure fails it, one figure that is undefined leaves it open.
pub(crate) fn verdict(checks: &[Check]) -> Verdict {
    [Verdict::Failed, Verdict::Inconclusive]
        .into_iter()
        .find(|verdict| checks.iter().any(|check| check.verdict == *verdict))
        .unwrap_or(Verdict::Pass)
}

/// The checks for people.
pub(crate) fn table(checks: &[Check]) -> Table {
    let row = |check: &Check| {
        let Bounds { min, max } = check.bounds;
        let figures = [min, check.found, max].map(|value| figure(value, DECIMALS));
        [check.key.clone()].into_iter().chain(figures).chain([check.verdict.to_string()]).collect()
    };
    Table {
        title: "Gate".to_owned(),
        header: vec!["figure", "min", "found", "max", "verdict"],
        rows: checks.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(gate: &str) -> Verdict {
        let report = json!({ "overall": { "mae": 5.0, "cs5": 0.6, "bias": null } });
        verdict(&Gate::parse(gate).unwrap().check(&Figures::of(&report)).unwrap())
    }

    #[test]
    fn bounds_include_their_ends() {
        assert_eq!(judge("bounds.'overall.mae' = { max = 5.0 }"), Verdict::Pass);
        assert_eq!(judge("bounds.'overall.mae' = { max = 4.9 }"), Verdict::Failed);
        assert_eq!(judge("bounds.'overall.cs5' = { min = 0.6, max = 1 }"), Verdict::Pass);
        assert_eq!(judge("bounds.'overall.cs5' = { min = 0.7 }"), Verdict::Failed);
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
        let misspelt = Gate::parse("bounds.'overall.mea' = { max = 5 }").unwrap();
        assert!(misspelt.check(&Figures::of(&json!({}))).is_err());
    }
}
