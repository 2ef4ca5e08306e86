//! `ward-eval compare`: what changed from one report to another, and whether the new one passes its gate.

mod age;
mod change;
mod changes;
mod check;
mod figures;
mod gate;
mod grooming;
mod measure;
mod pairs;
mod ranked;
mod written;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::metrics::Bootstrap;
use crate::report::{Report, Table, figure, write_junit};
use crate::say;
use crate::verdict::Verdict;
use changes::{Changes, DECIMALS};
use check::Check;
use figures::Figures;
use written::Written;

pub(crate) use gate::Gate;

/// Two reports, and what the second must fulfil.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The report to compare with; its samples.jsonl is looked for beside it
    #[arg(value_name = "A/report.json")]
    a: PathBuf,
    /// The report to judge; likewise
    #[arg(value_name = "B/report.json")]
    b: PathBuf,
    /// Bounds that B, or the change from A to B, must keep: see eval/gates
    #[arg(long, value_name = "FILE", value_parser = Gate::read)]
    gate: Option<Gate>,
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
/// When a report or its samples cannot be read, when the two or the gate do not belong together, or after Ctrl-C.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    let (a, b) = (read(&options.a)?, read(&options.b)?);
    ensure!(a["kind"] == b["kind"], "the reports are of different kinds: {} and {}", a["kind"], b["kind"]);
    let changes = changes(options, &a, &b)?;
    let (a, b) = (Figures::of(&a), Figures::of(&b));
    let gate = options.gate.as_ref();
    let checks = gate.map(|gate| gate.check(&b, changes.as_ref())).transpose()?;
    show(&a, &b, changes.as_ref())?;
    if let Some(path) = &options.json {
        let checks = checks.as_deref();
        Written { options, figures: (&a, &b), changes: changes.as_ref(), checks }.write(path)?;
    }
    let Some((gate, checks)) = gate.zip(checks) else { return Ok(Verdict::Pass) };
    conclude(gate, &checks, options.junit.as_deref())
}

/// Judges a run's report by the gate, if there is one: prints its table and verdict, writes `out`/junit.xml.
///
/// # Errors
/// When the gate names what the report does not hold, or when the file cannot be written.
pub(crate) fn judge(gate: Option<&Gate>, report: &impl Report, out: &Path) -> Result<Verdict> {
    let junit = out.join("junit.xml");
    // Whatever comes now, verdicts on an earlier report must not stand beside this one.
    match fs::remove_file(&junit) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot replace {}", junit.display()))?;
        }
        _ => {}
    }
    let Some(gate) = gate else { return Ok(Verdict::Pass) };
    let checks = gate.check(&Figures::of(&serde_json::to_value(report)?), None)?;
    conclude(gate, &checks, Some(&junit))
}

/// The verdict is the last thing that is said, when nothing can go wrong any more: it is the exit code.
fn conclude(gate: &Gate, checks: &[Check], junit: Option<&Path>) -> Result<Verdict> {
    say(&check::table(&gate.name, checks).to_text())?;
    if let Some(file) = junit {
        write_junit(file, &gate.name, &checks.iter().map(Check::case).collect::<Vec<_>>())?;
    }
    let verdict = check::verdict(checks);
    say(&format!("gate: {verdict}"))?;
    Ok(verdict)
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let report: Value =
        serde_json::from_str(&text).with_context(|| format!("{} is no report.json", path.display()))?;
    ensure!(report["kind"].is_string(), "{} is no report of ward-eval", path.display());
    Ok(report)
}

/// What was looked at, wherever it lay.
fn data(report: &Value) -> Vec<&Value> {
    let files = report["provenance"]["data"].as_array();
    files.into_iter().flatten().map(|file| &file["sha256"]).collect()
}

/// The paired differences, where both runs left their samples behind.
fn changes(options: &Options, a: &Value, b: &Value) -> Result<Option<Changes>> {
    if data(a) != data(b) {
        say("Note: the two reports are of different data, so a figure may differ for that alone.\n")?;
    }
    let [of_a, of_b] = [&options.a, &options.b].map(|report| report.with_file_name("samples.jsonl"));
    if let Some(missing) = [&of_a, &of_b].into_iter().find(|path| !path.exists()) {
        let missing = missing.display();
        say(&format!("Note: there is no {missing}, so differences have no intervals.\n"))?;
        return Ok(None);
    }
    let bootstrap = Bootstrap { seed: options.seed };
    match b["kind"].as_str() {
        Some("age") => age::changes(&of_a, &of_b, bootstrap).map(Some),
        Some("grooming") => grooming::changes(&of_a, &of_b, bootstrap).map(Some),
        other => bail!("there is no comparing of reports of the kind {}", other.unwrap_or("(none)")),
    }
}

fn show(a: &Figures, b: &Figures, changes: Option<&Changes>) -> Result<()> {
    let mut tables = Vec::new();
    if let Some(changes) = changes {
        changes.notes().iter().try_for_each(|note| say(note))?;
        say("")?;
        tables.extend([changes.overall(), changes.by_slice()]);
    }
    tables.push(others(a, b, changes));
    let mut shown = tables.iter().filter(|table| !table.rows.is_empty()).peekable();
    if shown.peek().is_none() {
        say("No figure differs.\n")?;
    }
    shown.try_for_each(|table| say(&table.to_text()))
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
    let title = match changes {
        Some(_) => "Further figures that differ, each over all samples of its run",
        None => "Figures that differ",
    };
    Table {
        title: title.to_owned(),
        header: vec!["figure", "A", "B", "B − A"],
        rows: differing.map(row).collect(),
    }
}
