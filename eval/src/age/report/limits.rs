//! Where the estimates stop being good: rejected photos, perturbed photos, and the time that it all takes.

use super::super::figures::{Change, Rejection};
use super::super::latency::Quantiles;
use super::AgeReport;
use super::cells::{changed, points, ranged};
use crate::report::{Axis, Figure, Layer, Place, Plot, Section, Table, figure};

/// What photos are rejected by, with its name for people.
const SCORES: [(&str, &str); 3] = [
    ("interval_width", "widest interval first"),
    ("sharpness", "least sharp first"),
    ("detection_score", "least sure detection first"),
];

/// The curve, the table of perturbations and the times.
pub(super) fn sections(report: &AgeReport) -> Vec<Section> {
    vec![reject(report), robustness(report), latency(report)]
}

fn reject(report: &AgeReport) -> Section {
    let plot = |title: &str, y: Axis, of: fn(&Rejection) -> Option<f64>| {
        let points = |score: &str| -> Vec<(f64, f64)> {
            let of_score = report.error_reject.iter().filter(|point| point.score == score);
            of_score.filter_map(|point| Some((point.rejected, of(point)?))).collect()
        };
        let line = |(score, name): (&str, &str)| Layer::Line { name: name.to_owned(), points: points(score) };
        Figure::Plot(Plot {
            title: title.to_owned(),
            caption: "Of the photos that are left once a share is rejected. A curve that does not fall says that the score does \
                      not know when it is wrong."
                .to_owned(),
            x: Axis::percent("rejected").between(0.0, 0.5),
            y,
            layers: SCORES.into_iter().map(line).collect(),
        })
    };
    Section {
        title: "Error against rejection".to_owned(),
        notes: vec![
            "There is no single score of quality: photos are rejected by the width of the interval, by the sharpness of the face, \
             or by the detector's score."
                .to_owned(),
        ],
        plots: vec![
            plot("Mean absolute error of the rest", Axis::number("mean absolute error, years"), |point| point.mae),
            plot("13- to 17-year-olds of the rest at or over 18", Axis::percent("share").between(0.0, 1.0), |point| {
                point.minor_pass_rate
            }),
        ],
        tables: Vec::new(),
        place: Place::Page,
    }
}

fn robustness(report: &AgeReport) -> Section {
    let rows = report.robustness.iter().map(|change: &Change| {
        vec![
            format!("{}: {}", change.perturbation.replace('_', " "), change.recipe),
            change.n_paired.to_string(),
            ranged(change.mae, None),
            changed(change.mae_change, change.mae_change_interval),
            change.n_minors.to_string(),
            points(change.minor_pass_rate_change, change.minor_pass_rate_change_interval),
            points(change.failure_to_answer_change, change.failure_to_answer_change_interval),
        ]
    });
    let table = Table {
        title: "Change against the same photos as they were (95 % interval)".to_owned(),
        header: vec![
            "perturbation",
            "n",
            "MAE",
            "change",
            "13–17",
            "at or over 18, points",
            "failure to answer, points",
        ],
        rows: rows.collect(),
    };
    let drawn = report.robustness.first().map(|change| {
        format!(
            "{} photos, drawn with up to a quarter of 13- to 17-year-olds; errors and passes are of those answered both times.",
            change.n
        )
    });
    Section {
        title: "Robustness".to_owned(),
        notes: drawn.into_iter().collect(),
        plots: Vec::new(),
        tables: vec![table],
        place: Place::Page,
    }
}

fn latency(report: &AgeReport) -> Section {
    let row = |stage: &str, Quantiles { n, p50, p90, p99 }: &Quantiles| {
        vec![stage.to_owned(), n.to_string(), figure(*p50, 1), figure(*p90, 1), figure(*p99, 1)]
    };
    let latency = &report.latency_ms;
    let table = Table {
        title: "Time of each stage for one photo, milliseconds".to_owned(),
        header: vec!["stage", "n", "median", "p90", "p99"],
        rows: vec![
            row("prepare: decode, detect, align, judge quality", &latency.prepare),
            row("infer: the age model", &latency.infer),
        ],
    };
    Section {
        title: "Latency".to_owned(),
        notes: vec![format!(
            "Measured while {} threads were at work at once, each on one photo at a time: a lone photo is faster. Nothing waits in a \
             queue here.",
            latency.threads
        )],
        plots: Vec::new(),
        tables: vec![table],
        place: Place::Page,
    }
}
