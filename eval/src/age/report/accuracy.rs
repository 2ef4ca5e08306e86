//! How near the estimates are, by true age.

use super::super::figures::{Accuracy, Overall, Step};
use super::AgeReport;
use super::cells::{ages, ranged, share, sufficient};
use crate::metrics::Range;
use crate::report::{Axis, Figure, Layer, Place, Plot, Section, Table};

/// A figure and its interval.
type Ranged = (Option<f64>, Option<Range>);

/// Ages in the plots, years.
const OLDEST: f64 = 100.0;

/// What people look at first, and what stands behind it.
pub(super) fn sections(report: &AgeReport) -> Vec<Section> {
    vec![
        Section {
            title: "Accuracy".to_owned(),
            notes: Vec::new(),
            plots: vec![scatter(report), errors(report)],
            tables: vec![bands(report)],
            place: Place::Summary,
        },
        Section {
            title: "All figures of accuracy".to_owned(),
            notes: vec![
                "Pooled, every photo counts the same. Macro, every single year of age counts the same, however many photos \
                 there are of it: the figure is computed for each year with any estimate, and the years are averaged."
                    .to_owned(),
            ],
            plots: vec![coverage(report)],
            tables: vec![overall(report)],
            place: Place::Page,
        },
    ]
}

/// The header that goes with [`row`].
pub(super) const HEADER: [&str; 7] = ["photos", "n", "answered", "MAE", "bias", "within 5", "in interval"];

/// One line of accuracy.
pub(super) fn row(name: String, accuracy: &Accuracy) -> Vec<String> {
    let Accuracy { mae, bias, cs5, interval_coverage, .. } = *accuracy;
    let cells = [
        (mae, ranged(mae, accuracy.mae_interval)),
        (bias, ranged(bias, accuracy.bias_interval)),
        (cs5, share(cs5, None)),
        (interval_coverage, share(interval_coverage, None)),
    ];
    let counts = [name, accuracy.n.to_string(), accuracy.n_answered.to_string()];
    counts.into_iter().chain(cells.map(|(value, cell)| sufficient(value, cell))).collect()
}

fn bands(report: &AgeReport) -> Table {
    let rows = report.by_age_band.iter().map(|band| row(ages(band.band), &band.accuracy));
    let overall = row("all".to_owned(), &report.overall.accuracy);
    let title = "Accuracy by true age, years (95 % interval)".to_owned();
    Table { title, header: HEADER.to_vec(), rows: rows.chain([overall]).collect() }
}

fn overall(report: &AgeReport) -> Table {
    let (overall, accuracy) = (&report.overall, &report.overall.accuracy);
    let n_ages = overall.macro_over_ages.n_ages;
    let median = ranged(overall.median_absolute_error, overall.median_absolute_error_interval);
    let coverage = share(accuracy.interval_coverage, accuracy.interval_coverage_interval);
    let failure = share(accuracy.failure_to_answer, accuracy.failure_to_answer_interval);
    let pooled_alone = [
        ("standard deviation, years", ranged(overall.sd, overall.sd_interval)),
        ("median absolute error, years", median),
        ("true age in the interval", coverage),
        ("failure to answer", failure),
    ];
    let pooled_alone = pooled_alone.map(|(name, cell)| vec![name.to_owned(), cell, "–".to_owned()]);
    Table {
        title: format!("Pooled over {} photos, and macro over {n_ages} ages", accuracy.n),
        header: vec!["figure", "pooled", "macro over ages"],
        rows: pooled_and_macro(overall).into_iter().chain(pooled_alone).collect(),
    }
}

fn pooled_and_macro(overall: &Overall) -> [Vec<String>; 5] {
    let (all, by_year) = (&overall.accuracy, &overall.macro_over_ages);
    let years = |name: &str, pooled: Ranged, by_year: Ranged| {
        vec![name.to_owned(), ranged(pooled.0, pooled.1), ranged(by_year.0, by_year.1)]
    };
    let shares = |name: &str, pooled: Ranged, by_year: Ranged| {
        vec![name.to_owned(), share(pooled.0, pooled.1), share(by_year.0, by_year.1)]
    };
    [
        years("mean absolute error, years", (all.mae, all.mae_interval), (by_year.mae, by_year.mae_interval)),
        years("bias, years", (all.bias, all.bias_interval), (by_year.bias, by_year.bias_interval)),
        shares("within 3 years", (overall.cs3, overall.cs3_interval), (by_year.cs3, by_year.cs3_interval)),
        shares("within 5 years", (all.cs5, all.cs5_interval), (by_year.cs5, by_year.cs5_interval)),
        shares("within 8 years", (overall.cs8, overall.cs8_interval), (by_year.cs8, by_year.cs8_interval)),
    ]
}

fn scatter(report: &AgeReport) -> Figure {
    let mean =
        report.by_age_step.iter().filter_map(|step| Some((middle(step), middle(step) + step.accuracy.bias?)));
    Figure::Plot(Plot {
        title: "Estimate against true age".to_owned(),
        caption: format!(
            "{} photos with an estimate. The line joins the mean estimates of five years of age each, where there are enough \
             photos: above the diagonal, faces are taken for older than they are.",
            report.scatter.len()
        ),
        x: Axis::number("true age, years").between(0.0, OLDEST),
        y: Axis::number("apparent age, years").between(0.0, OLDEST),
        layers: vec![
            Layer::Points { name: "photo".to_owned(), points: report.scatter.clone() },
            Layer::Diagonal { name: "no error".to_owned() },
            Layer::Line { name: "mean estimate".to_owned(), points: mean.collect() },
        ],
    })
}

fn errors(report: &AgeReport) -> Figure {
    let point = |step: &Step| Some((middle(step), step.accuracy.mae?, step.accuracy.mae_interval?));
    let mut layers = vec![Layer::Errors {
        name: "MAE".to_owned(),
        points: report.by_age_step.iter().filter_map(point).collect(),
    }];
    layers.extend(report.overall.accuracy.mae.map(|y| Layer::Horizontal { name: "all ages".to_owned(), y }));
    Figure::Plot(Plot {
        title: "Mean absolute error by true age".to_owned(),
        caption: "Five years of age each, with 95 % intervals; steps with too few photos are left out."
            .to_owned(),
        x: Axis::number("true age, years").between(0.0, OLDEST),
        y: Axis::number("mean absolute error, years"),
        layers,
    })
}

fn coverage(report: &AgeReport) -> Figure {
    let point = |step: &Step| {
        let accuracy = &step.accuracy;
        Some((middle(step), accuracy.interval_coverage?, accuracy.interval_coverage_interval?))
    };
    let points: Vec<(f64, f64, Range)> = report.by_age_step.iter().filter_map(point).collect();
    let nominal = report.overall.interval_nominal;
    Figure::Plot(Plot {
        title: "How often the model's interval holds the true age".to_owned(),
        caption: "Five years of age each, with 95 % intervals; steps with too few photos are left out."
            .to_owned(),
        x: Axis::number("true age, years").between(0.0, OLDEST),
        y: Axis::percent("true age in the interval").between(0.0, 1.0),
        layers: vec![
            Layer::Errors { name: "covered".to_owned(), points },
            Layer::Horizontal { name: "promised".to_owned(), y: nominal },
        ],
    })
}

fn middle(step: &Step) -> f64 {
    f64::midpoint(f64::from(step.from_age), f64::from(step.below_age))
}
