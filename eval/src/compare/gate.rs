//! Bounds on the figures of a report, and on what changed.
//!
//! A bound passes, fails, or is left open: a figure that is undefined, or an interval that reaches over the bound, decides
//! nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::changes::Changes;
use super::check::{Bounds, Check};
use super::figures::Figures;

/// The file: under `[bounds]` each figure's key with its bounds, under `[change]` those of B − A.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gate {
    /// Of its file.
    #[serde(skip)]
    pub(super) name: String,
    #[serde(default)]
    bounds: BTreeMap<String, FigureBounds>,
    #[serde(default)]
    change: BTreeMap<String, Bounds>,
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

impl Gate {
    /// Reads a gate from its file. For the command line: a mistake in it shows before an hour is spent.
    ///
    /// # Errors
    /// When there is no such file, or it is no gate; in one sentence.
    pub(crate) fn read(path: &str) -> Result<Self, String> {
        let file = Path::new(path);
        let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
        let gate = Self::parse(&text).map_err(|error| format!("{error:#}"))?;
        Ok(Self { name, ..gate })
    }

    /// Reads a gate that is for one report, with nothing to compare.
    ///
    /// # Errors
    /// Likewise, or when it has bounds on a change.
    pub(crate) fn read_for_one(path: &str) -> Result<Self, String> {
        let gate = Self::read(path)?;
        if gate.change.is_empty() {
            Ok(gate)
        } else {
            Err(format!("{NEEDS_TWO}: give it to `ward-eval compare`"))
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let gate: Self = toml::from_str(text)?;
        let all = gate.bounds.iter().map(|(key, bounds)| (key, bounds.bounds()));
        let mut all = all.chain(gate.change.iter().map(|(key, &bounds)| (key, bounds))).peekable();
        ensure!(all.peek().is_some(), "there is no bound: write some under [bounds] or [change]");
        all.try_for_each(|(key, bounds)| bounds.check().with_context(|| format!("the bounds of `{key}`")))?;
        Ok(gate)
    }

    /// Holds every bound against its figure.
    ///
    /// # Errors
    /// When there is no such figure, interval or change: a misspelt bound must not pass for a kept one.
    pub(super) fn check(&self, figures: &Figures, changes: Option<&Changes>) -> Result<Vec<Check>> {
        let of_figure = self.bounds.iter().map(|(key, bounds)| bounds.check(key, figures));
        let of_change = self.change.iter().map(|(key, &bounds)| {
            let changes = changes.with_context(|| format!("{NEEDS_TWO} with their samples.jsonl beside them"))?;
            let change = changes.get(key).with_context(|| {
                format!("there is no paired difference of `{key}`; those that there are stand in the tables and in --json")
            })?;
            Ok(Check::of_change(change, bounds))
        });
        of_figure
            .chain(of_change)
            .collect::<Result<_>>()
            .with_context(|| format!("in the gate {}", self.name))
    }
}

const NEEDS_TWO: &str = "[change] is about two reports";

impl FigureBounds {
    fn bounds(self) -> Bounds {
        Bounds { min: self.min, max: self.max }
    }

    fn check(self, key: &str, figures: &Figures) -> Result<Check> {
        let found = figures.get(key).with_context(|| format!("the report has no figure `{key}`"))?;
        if !self.confident {
            return Ok(Check::of_figure(key, found, self.bounds()));
        }
        let has_interval = figures.has_interval(key);
        ensure!(has_interval, "the report has no interval of `{key}`: leave `confident` out");
        Ok(Check::of_interval(key, (found, figures.interval(key)), self.bounds()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::check::verdict;
    use super::*;
    use crate::verdict::Verdict;

    fn figures() -> Figures {
        Figures::of(&json!({ "overall": {
            "mae": 5.0, "mae_interval": { "low": 4.5, "high": 5.5 }, "cs5": 0.6, "bias": null,
            "minor_pass_rate": { "18": 0.2 }, "minor_pass_rate_interval": { "18": { "low": 0.1, "high": 0.4 } },
            "bias_interval": null, "sd": null,
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
        let unread = |text: &str| format!("{:#}", Gate::parse(text).unwrap_err());
        assert!(unread("bounds.'overall.mae' = { most = 5 }").contains("most"));
        assert!(unread("change.'overall.mae' = { max = 5, confident = true }").contains("confident"));
        assert!(unread("bound.'overall.mae' = { max = 5 }").contains("bound"));
        assert!(unread("").contains("no bound"));
        assert!(unread("bounds.'overall.mae' = {}").contains("`overall.mae`: min, max or both"));
        assert!(unread("bounds.'overall.mae' = { max = nan }").contains("no number"));
        assert!(unread("bounds.'overall.mae' = { max = inf }").contains("no number"));
        assert!(unread("change.'overall.mae' = { min = 2, max = 1 }").contains("min is above max"));
    }

    #[test]
    fn what_a_report_does_not_hold_cannot_be_judged() {
        let refused = |gate: &str| {
            let gate = Gate { name: "my.toml".to_owned(), ..Gate::parse(gate).unwrap() };
            format!("{:#}", gate.check(&figures(), None).unwrap_err())
        };
        let misspelt = refused("bounds.'overall.mea' = { max = 5 }");
        assert_eq!(misspelt, "in the gate my.toml: the report has no figure `overall.mea`");
        assert!(refused("bounds.'overall.cs5' = { min = 0, confident = true }").contains("no interval"));
        assert!(refused("bounds.'overall.sd' = { min = 0, confident = true }").contains("no interval"));
        assert!(refused("change.'overall.mae' = { max = 0 }").contains("two reports"));
    }

    #[test]
    fn a_gate_is_read_before_the_work_begins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("my.toml");
        std::fs::write(&file, "change.'overall.mae' = { max = 0.1 }").unwrap();
        let path = file.to_str().unwrap();
        assert_eq!(Gate::read(path).unwrap().name, "my.toml");
        assert!(Gate::read_for_one(path).unwrap_err().contains("`ward-eval compare`"));
        assert!(Gate::read("no such file").unwrap_err().contains("No such file"));
    }
}
