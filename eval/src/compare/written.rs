//! A comparison for programs.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Options;
use super::change::Change;
use super::changes::Changes;
use super::check::{Check, verdict};
use super::figures::Figures;
use super::pairs::Overlap;
use crate::verdict::Verdict;

/// All that was found.
pub(super) struct Written<'a> {
    /// What was compared.
    pub(super) options: &'a Options,
    /// Of A and of B.
    pub(super) figures: (&'a Figures, &'a Figures),
    /// None: there were no samples.
    pub(super) changes: Option<&'a Changes>,
    /// None: there was no gate.
    pub(super) checks: Option<&'a [Check]>,
}

/// The file.
#[derive(Serialize)]
struct Document<'a> {
    a: &'a Path,
    b: &'a Path,
    seed: u64,
    /// null without samples.
    samples: Option<Overlap>,
    /// Differences over the same samples, with intervals.
    changes: Vec<&'a Change>,
    /// Every figure of either report, each over all samples of its run.
    figures: Vec<Beside<'a>>,
    gate: Option<Judged<'a>>,
}

#[derive(Serialize)]
struct Beside<'a> {
    key: &'a str,
    a: Option<f64>,
    b: Option<f64>,
}

#[derive(Serialize)]
struct Judged<'a> {
    verdict: Verdict,
    checks: &'a [Check],
}

impl Written<'_> {
    /// Writes it as JSON.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let (a, b) = self.figures;
        let beside = a.beside(b).into_iter().map(|(key, (a, b))| Beside { key, a, b });
        let document = Document {
            a: &self.options.a,
            b: &self.options.b,
            seed: self.options.seed,
            samples: self.changes.map(|changes| changes.overlap),
            changes: self.changes.map(|changes| changes.all().collect()).unwrap_or_default(),
            figures: beside.collect(),
            gate: self.checks.map(|checks| Judged { verdict: verdict(checks), checks }),
        };
        let text = serde_json::to_string_pretty(&document)? + "\n";
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
