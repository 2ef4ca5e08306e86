//! The result for people and for programs.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};
use serde::Serialize;

use crate::tally::Figures;

/// One line, under the header.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

const HEADER: [&str; 9] =
    ["offered /s", "answered /s", "in time /s", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "calls", "errors"];

/// A sweep goes on while at least this share of the offered calls is answered in time.
const KEPT_UP: f64 = 0.9;

/// The JSON file: the figures of the run, or of the best step of a sweep, and every step.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    target: &'static str,
    #[serde(flatten)]
    best: Figures,
    steps: Vec<Figures>,
}

impl Report {
    /// Of the steps of a run, in their order; None of no step.
    pub(crate) fn new(target: &'static str, steps: Vec<Figures>) -> Option<Self> {
        let best = steps.iter().max_by(|a, b| a.goodput.total_cmp(&b.goodput))?.clone();
        Some(Self { target, best, steps })
    }

    /// Calls that were answered, in all steps.
    pub(crate) fn answered_any(&self) -> bool {
        self.best.throughput > 0.0
    }

    /// For a terminal.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(STYLE).set_header(HEADER).add_rows(self.steps.iter().map(row));
        for column in table.column_iter_mut() {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

/// Whether the server kept up, so that a sweep may ask for more.
pub(crate) fn kept_up(figures: &Figures) -> bool {
    figures.in_time as f64 >= KEPT_UP * figures.calls as f64
}

fn row(figures: &Figures) -> Vec<String> {
    let latency = &figures.latency_ms;
    let rates = [figures.offered_rate, figures.throughput, figures.goodput].map(|rate| format!("{rate:.1}"));
    let quantiles = [latency.p50, latency.p90, latency.p99, latency.p999]
        .map(|millis| millis.map_or_else(|| "–".to_owned(), |millis| format!("{millis:.1}")));
    let errors: Vec<_> = figures.errors.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let errors = if errors.is_empty() { "none".to_owned() } else { errors.join(", ") };
    rates.into_iter().chain(quantiles).chain([figures.calls.to_string(), errors]).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::tally::Latency;

    fn step(offered_rate: f64, goodput: f64) -> Figures {
        Figures {
            offered_rate,
            throughput: goodput,
            goodput,
            latency_ms: Latency { p50: Some(1.25), p90: None, p99: None, p999: None },
            errors: BTreeMap::from([("UNAVAILABLE", 2)]),
            calls: offered_rate as u64,
            in_time: goodput as u64,
            seconds: 1.0,
            deadline_ms: 250.0,
        }
    }

    #[test]
    fn the_json_shows_the_best_step_on_top() {
        let report =
            Report::new("grooming", vec![step(8.0, 8.0), step(16.0, 15.0), step(32.0, 3.0)]).unwrap();
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!((json["offered_rate"].as_f64(), json["goodput"].as_f64()), (Some(16.0), Some(15.0)));
        assert_eq!(
            (json["latency_ms"]["p50"].as_f64(), json["latency_ms"]["p90"].is_null()),
            (Some(1.25), true)
        );
        assert_eq!(json["errors"]["UNAVAILABLE"], 2);
        assert_eq!(json["steps"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn a_sweep_stops_where_answers_no_longer_come_in_time() {
        assert!(kept_up(&step(16.0, 15.0)));
        assert!(!kept_up(&step(32.0, 3.0)));
    }

    #[test]
    fn no_step_no_report() {
        assert!(Report::new("age", Vec::new()).is_none());
    }
}
