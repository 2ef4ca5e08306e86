//! Whether the probabilities mean what they say.

use super::super::figures::Threshold;
use super::AgeReport;
use super::cells::ranged;
use crate::report::{Axis, Figure, Layer, Place, Plot, Section, Table, figure, percent};

/// The plot and the table.
pub(super) fn sections(report: &AgeReport) -> Vec<Section> {
    vec![Section {
        title: "Calibration".to_owned(),
        notes: vec![
            "P(at least that age) in ten bins of equal width. ECE is above 0 by chance alone, the more so the fewer photos there \
             are."
                .to_owned(),
        ],
        plots: vec![reliability(report)],
        tables: vec![table(report)],
        place: Place::Page,
    }]
}

fn reliability(report: &AgeReport) -> Figure {
    let line = |threshold: &Threshold| Layer::Line {
        name: format!("at least {}", threshold.age),
        points: threshold.bins.iter().map(|bin| (bin.mean_predicted, bin.observed)).collect(),
    };
    let lines = report.thresholds.iter().map(line);
    Figure::Plot(Plot {
        title: "Reliability of P(at least that age)".to_owned(),
        caption: "Of the photos with about that probability, the share of people who are that old. On the diagonal, both agree."
            .to_owned(),
        x: Axis::percent("mean probability").between(0.0, 1.0),
        y: Axis::percent("share who are").between(0.0, 1.0),
        layers: [Layer::Diagonal { name: "perfect".to_owned() }].into_iter().chain(lines).collect(),
    })
}

fn table(report: &AgeReport) -> Table {
    let row = |threshold: &Threshold| {
        let Threshold { age, n, share_over, brier, brier_interval, ece, .. } = threshold;
        let brier = ranged(*brier, *brier_interval);
        vec![format!("at least {age}"), n.to_string(), percent(*share_over), brier, figure(*ece, 3)]
    };
    Table {
        title: "Calibration at each age".to_owned(),
        header: vec!["probability", "n", "who are", "Brier (95 % interval)", "ECE"],
        rows: report.thresholds.iter().map(row).collect(),
    }
}
