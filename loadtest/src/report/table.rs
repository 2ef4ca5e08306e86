//! Tables for a terminal.

use anstyle::AnsiColor;
use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::{Baseline, painted};
use crate::figures::Figures;
use crate::knee::ENOUGH;

/// One line, under the header.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Names of the columns of a step.
pub(super) const HEADER: [&str; 11] = [
    "offered /s",
    "answered /s",
    "in time /s",
    "in time %",
    "items /s",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "p99.9 ms",
    "calls",
    "errors",
];

/// Lines of the table of steps: green where enough was in time, yellow where most was, red below.
pub(super) fn steps(steps: &[Figures]) -> Vec<String> {
    let table = aligned(&HEADER, steps.iter().map(row).collect()).to_string();
    let mut lines: Vec<_> = table.lines().map(str::to_owned).collect();
    // Without a terminal's width nothing is wrapped: the last lines are the rows.
    let first = lines.len() - steps.len();
    for (line, step) in lines[first..].iter_mut().zip(steps) {
        *line = painted(colour(step), line);
    }
    lines
}

/// The figures beside those of the baseline.
pub(super) fn comparison(baseline: &Baseline) -> Table {
    aligned(&["against the baseline", "this run", "baseline", "ratio"], baseline.rows())
}

/// A step's cells.
pub(super) fn row(figures: &Figures) -> Vec<String> {
    let (all, latency) = (&figures.all, &figures.all.latency_ms);
    let rates = [figures.offered_rate, all.throughput, all.goodput].map(|rate| format!("{rate:.1}"));
    let shares = [format!("{:.1}", figures.in_time_share() * 100.0), format!("{:.1}", all.items_per_second)];
    let quantiles = [latency.p50, latency.p90, latency.p99, latency.p999]
        .map(|millis| millis.map_or_else(|| "–".to_owned(), |millis| format!("{millis:.2}")));
    let errors: Vec<_> = all.errors.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let errors = if errors.is_empty() { "none".to_owned() } else { errors.join(", ") };
    rates.into_iter().chain(shares).chain(quantiles).chain([all.calls.to_string(), errors]).collect()
}

fn colour(step: &Figures) -> AnsiColor {
    const MOST: f64 = 0.9;
    match step.in_time_share() {
        share if share >= ENOUGH => AnsiColor::Green,
        share if share >= MOST => AnsiColor::Yellow,
        _ => AnsiColor::Red,
    }
}

fn aligned(header: &[&str], rows: Vec<Vec<String>>) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE).set_header(header).add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::tests::step;
    use super::*;

    #[test]
    fn rows_are_coloured_by_what_was_in_time() {
        let lines = steps(&[step(100.0, 100.0), step(200.0, 190.0), step(400.0, 100.0)]);
        let colours = ["32m", "33m", "31m"];
        assert!(lines[lines.len() - 3..].iter().zip(colours).all(|(line, colour)| line.contains(colour)));
        assert!(lines[0].contains("offered /s") && !lines[0].contains("\u{1b}"), "{lines:?}");
    }
}
