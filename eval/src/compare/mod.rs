//! `ward-eval compare`: what changed from one report to another, and whether the new one passes its gate.

mod figures;
mod gate;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::report::{Table, figure};
use crate::say;
use crate::verdict::Verdict;
use figures::Figures;
use gate::Gate;

const DECIMALS: usize = 4;

/// Two reports, and what the second must fulfil.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The report to compare with
    a: PathBuf,
    /// The report to judge
    b: PathBuf,
    /// Bounds that B must keep, in TOML, such as: bounds."overall.mae" = { max = 7.5 }
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
}

/// Prints the differences and the gate's verdict.
///
/// # Errors
/// When a report or the gate cannot be read, or when they do not belong together.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    let (a, b) = (read(&options.a)?, read(&options.b)?);
    ensure!(a["kind"] == b["kind"], "the reports are of different kinds: {} and {}", a["kind"], b["kind"]);
    if a["provenance"]["data"] != b["provenance"]["data"] {
        say("Note: the two reports are of different data, so a difference need not come from the model.\n")?;
    }
    let (a, b) = (Figures::of(&a), Figures::of(&b));
    say(&differences(&a, &b).to_text())?;
    let Some(path) = &options.gate else { return Ok(Verdict::Pass) };
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let checks = Gate::parse(&text)
        .and_then(|gate| gate.check(&b))
        .with_context(|| format!("in the gate {}", path.display()))?;
    say(&gate::table(&checks).to_text())?;
    let verdict = gate::verdict(&checks);
    say(&format!("gate: {verdict}\n"))?;
    Ok(verdict)
}

fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let report: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no report.json", path.display()))?;
    ensure!(report["kind"].is_string(), "{} is no report of ward-eval", path.display());
    Ok(report)
}

fn differences(a: &Figures, b: &Figures) -> Table {
    let row = |(key, (from, to)): (&str, (Option<f64>, Option<f64>))| {
        let change = from.zip(to).map(|(from, to)| to - from);
        let change = change.map_or_else(|| figure(None, 0), |change| format!("{change:+.DECIMALS$}"));
        vec![key.to_owned(), figure(from, DECIMALS), figure(to, DECIMALS), change]
    };
    Table {
        title: "Figures that differ".to_owned(),
        header: vec!["figure", "A", "B", "B − A"],
        rows: a.beside(b).into_iter().filter(|(_, (from, to))| from != to).map(row).collect(),
    }
}
