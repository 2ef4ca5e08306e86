//! `ward-eval compare`: what changed from one report to another, and whether the new one passes its gate.

mod age;
mod change;
mod figures;
mod gate;
mod grooming;
mod pairs;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::metrics::Bootstrap;
use crate::report::{Report, Table, figure, write_junit};
use crate::say;
use crate::verdict::Verdict;
use change::{Change, Changes};
use figures::Figures;
use gate::Gate;

const DECIMALS: usize = 4;

/// Two reports, and what the second must fulfil.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The report to compare with; its samples.jsonl is looked for beside it
    a: PathBuf,
    /// The report to judge; likewise
    b: PathBuf,
    /// Bounds that B, or the change from A to B, must keep: see eval/gates
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Write every difference to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the gate's verdicts to this file, as JUnit XML
    #[arg(long, value_name = "FILE", requires = "gate")]
    junit: Option<PathBuf>,
    /// Seed of the draws behind the intervals
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
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
    let changes = changes(options, &a)?;
    let (a, b) = (Figures::of(&a), Figures::of(&b));
    if let Some(changes) = &changes {
        for table in changes.tables() {
            say(&table.to_text())?;
        }
    }
    say(&others(&a, &b, changes.as_ref()).to_text())?;
    if let Some(path) = &options.json {
        write_json(path, &a, &b, changes.as_ref())?;
    }
    let Some(path) = &options.gate else { return Ok(Verdict::Pass) };
    conclude(path, &b, changes.as_ref(), options.junit.as_deref())
}

/// Judges a run's report by the gate, if there is one: prints its table and verdict, writes `out`/junit.xml.
///
/// # Errors
/// When the gate cannot be read, or names what the report does not hold.
pub(crate) fn judge(gate: Option<&Path>, report: &impl Report, out: &Path) -> Result<Verdict> {
    let Some(path) = gate else { return Ok(Verdict::Pass) };
    let figures = Figures::of(&serde_json::to_value(report)?);
    conclude(path, &figures, None, Some(&out.join("junit.xml")))
}

fn conclude(
    path: &Path,
    figures: &Figures,
    changes: Option<&Changes>,
    junit: Option<&Path>,
) -> Result<Verdict> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let checks = Gate::parse(&text)
        .and_then(|gate| gate.check(figures, changes))
        .with_context(|| format!("in the gate {}", path.display()))?;
    say(&gate::table(&checks).to_text())?;
    if let Some(file) = junit {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        write_junit(file, &name, &checks.iter().map(gate::Check::case).collect::<Vec<_>>())?;
    }
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

/// The paired differences, where both runs left their samples behind.
fn changes(options: &Options, report: &Value) -> Result<Option<Changes>> {
    let samples = [&options.a, &options.b].map(|report| report.with_file_name("samples.jsonl"));
    if let Some(missing) = samples.iter().find(|path| !path.exists()) {
        let missing = missing.display();
        say(&format!("Note: there is no {missing}, so differences have no intervals.\n"))?;
        return Ok(None);
    }
    let [a, b] = &samples;
    let bootstrap = Bootstrap { seed: options.seed };
    let changes = match report["kind"].as_str() {
        Some("age") => age::changes(a, b, bootstrap)?,
        _ => grooming::changes(a, b, bootstrap)?,
    };
    Ok(Some(changes))
}

/// The further figures that a person may want to see side by side; everything else is in the JSON.
fn others(a: &Figures, b: &Figures, changes: Option<&Changes>) -> Table {
    let row = |(key, (from, to)): (&str, (Option<f64>, Option<f64>))| {
        let change = from.zip(to).map(|(from, to)| to - from);
        let change = change.map_or_else(|| figure(None, 0), |change| format!("{change:+.DECIMALS$}"));
        vec![key.to_owned(), figure(from, DECIMALS), figure(to, DECIMALS), change]
    };
    let shown =
        |key: &str| figures::is_headline(key) && changes.and_then(|changes| changes.get(key)).is_none();
    let differing = a.beside(b).into_iter().filter(|(key, (from, to))| from != to && shown(key));
    Table {
        title: "Further figures that differ".to_owned(),
        header: vec!["figure", "A", "B", "B − A"],
        rows: differing.map(row).collect(),
    }
}

fn write_json(path: &Path, a: &Figures, b: &Figures, changes: Option<&Changes>) -> Result<()> {
    let figures = a.beside(b).into_iter().map(|(key, (from, to))| json!({ "key": key, "a": from, "b": to }));
    let changes: &[Change] = changes.map_or(&[], Changes::all);
    let value = json!({ "changes": changes, "figures": figures.collect::<Vec<_>>() });
    let text = serde_json::to_string_pretty(&value)? + "\n";
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
