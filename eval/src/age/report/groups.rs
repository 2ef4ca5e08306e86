//! Who is served worse: the figures by group.

use super::super::figures::{Column, Group, PASS_AGE, REFUSAL_AGE};
use super::AgeReport;
use super::accuracy::{HEADER, row};
use super::cells::{share, sufficient};
use crate::metrics::Range;
use crate::report::{Axis, Figure, Forest, ForestRow, Place, Section, Table, figure, percent};

/// The groups, and how far apart they lie.
pub(super) fn sections(report: &AgeReport) -> Vec<Section> {
    if report.by_group.is_empty() {
        return Vec::new();
    }
    let title = "Accuracy by group, years (95 % interval)".to_owned();
    let rows = report.by_group.iter().map(|group| row(name(group), &group.accuracy)).collect();
    vec![
        Section {
            title: "Groups".to_owned(),
            notes: Vec::new(),
            plots: forests(report),
            tables: vec![Table { title, header: HEADER.to_vec(), rows }],
            place: Place::Summary,
        },
        Section {
            title: "Groups compared".to_owned(),
            notes: vec![
                "Difference is the greatest less the least, ratio the least by the greatest, of the groups with enough photos. \
                 Groups also differ in age, and the greatest of many noisy figures is too great: a difference is a reason to look, \
                 no proof."
                    .to_owned(),
            ],
            plots: Vec::new(),
            tables: vec![checks(report), columns(report)],
            place: Place::Page,
        },
    ]
}

fn name(group: &Group) -> String {
    format!("{} {}", group.column, group.value)
}

fn forests(report: &AgeReport) -> Vec<Figure> {
    let overall = &report.overall;
    let errors = Forest {
        title: "Mean absolute error by group".to_owned(),
        caption: "With 95 % intervals; the dashed line is that of all photos.".to_owned(),
        x: Axis::number("mean absolute error, years"),
        rows: rows(report, |group| (group.accuracy.mae, group.accuracy.mae_interval)),
        reference: overall.accuracy.mae,
    };
    let passes = Forest {
        title: "13- to 17-year-olds estimated at or over 18, by group".to_owned(),
        caption: "With 95 % intervals; the dashed line is that of all photos.".to_owned(),
        x: Axis::percent("share").between(0.0, 1.0),
        rows: rows(report, |group| {
            (group.minor_pass_rate[&PASS_AGE], group.minor_pass_rate_interval[&PASS_AGE])
        }),
        reference: overall.minor_pass_rate[&PASS_AGE],
    };
    vec![Figure::Forest(errors), Figure::Forest(passes)]
}

fn rows(report: &AgeReport, of: impl Fn(&Group) -> (Option<f64>, Option<Range>)) -> Vec<ForestRow> {
    let row = |group: &Group| {
        let (value, interval) = of(group);
        ForestRow { name: name(group), value, interval }
    };
    report.by_group.iter().map(row).collect()
}

fn checks(report: &AgeReport) -> Table {
    let row = |group: &Group| {
        let (pass, refusal) = (group.minor_pass_rate[&PASS_AGE], group.adult_refusal_rate[&REFUSAL_AGE]);
        let failure = group.accuracy.failure_to_answer;
        vec![
            name(group),
            group.n_minors.to_string(),
            sufficient(pass, share(pass, group.minor_pass_rate_interval[&PASS_AGE])),
            group.n_adults.to_string(),
            sufficient(refusal, share(refusal, group.adult_refusal_rate_interval[&REFUSAL_AGE])),
            sufficient(failure, share(failure, group.accuracy.failure_to_answer_interval)),
        ]
    };
    Table {
        title: "Age checks and failures by group (95 % interval)".to_owned(),
        header: vec!["photos", "13–17", "at or over 18", "25+", "under 25", "failure to answer"],
        rows: report.by_group.iter().map(row).collect(),
    }
}

fn columns(report: &AgeReport) -> Table {
    let row = |column: &Column| {
        let (difference, ratio) = (&column.difference, &column.ratio);
        vec![
            column.column.clone(),
            format!("{} of {}", column.n_sufficient, column.n_groups),
            format!("{} / {}", figure(difference.mae, 2), figure(ratio.mae, 2)),
            figure(difference.bias, 2),
            format!("{} / {}", percent(difference.minor_pass_rate), figure(ratio.minor_pass_rate, 2)),
            format!("{} / {}", percent(difference.adult_refusal_rate), figure(ratio.adult_refusal_rate, 2)),
            format!("{} / {}", percent(difference.failure_to_answer), figure(ratio.failure_to_answer, 2)),
            format!("{} / {}", percent(difference.interval_coverage), figure(ratio.interval_coverage, 2)),
        ]
    };
    Table {
        title: "Difference / ratio between the groups of a column".to_owned(),
        header: vec![
            "column",
            "sufficient groups",
            "MAE",
            "bias",
            "13–17 at or over 18",
            "25+ under 25",
            "failure to answer",
            "in interval",
        ],
        rows: report.by_column.iter().map(row).collect(),
    }
}
