//! The report on apparent age.

use serde::Serialize;

use super::figures::{self, Accuracy, Band, Challenge, Group, Overall, ReasonCount};
use super::sample::Sample;
use crate::metrics::Range;
use crate::report::{Place, Provenance, Report, Section, Table, figure, percent, percents};

/// Fewer answers than this say too little about a group to be shown to people as a figure.
const SUFFICIENT: usize = 30;

/// report.json.
#[derive(Debug, Serialize)]
pub(crate) struct AgeReport {
    kind: &'static str,
    overall: Overall,
    by_age_band: Vec<Band>,
    by_group: Vec<Group>,
    by_reason: Vec<ReasonCount>,
    provenance: Provenance,
}

impl AgeReport {
    /// Of all samples.
    pub(crate) fn new(samples: &[Sample], provenance: Provenance) -> Self {
        Self {
            kind: "age",
            overall: figures::overall(samples),
            by_age_band: figures::by_age_band(samples),
            by_group: figures::by_group(samples),
            by_reason: figures::by_reason(samples),
            provenance,
        }
    }

    fn checks(&self) -> Table {
        let Overall { n_minors, n_adults, .. } = self.overall;
        let passes = rates(&self.overall.minor_pass_rate, &self.overall.minor_pass_interval);
        let refusals = rates(&self.overall.adult_refusal_rate, &self.overall.adult_refusal_interval);
        let passes = passes.map(|(age, rate)| (format!("13–17 estimated at or over {age}"), n_minors, rate));
        let refusals = refusals.map(|(age, rate)| (format!("25+ estimated under {age}"), n_adults, rate));
        Table {
            title: "Age checks".to_owned(),
            header: vec!["who", "n", "share", "95 % interval"],
            rows: passes
                .chain(refusals)
                .map(|(who, n, [rate, range])| vec![who, n.to_string(), rate, range])
                .collect(),
        }
    }

    fn bands(&self) -> Table {
        let rows = self.by_age_band.iter().map(|band| row(band.band.to_owned(), &band.accuracy));
        let overall = row("all".to_owned(), &self.overall.accuracy);
        accuracies("Accuracy by true age", rows.chain([overall]).collect())
    }

    fn groups(&self) -> Table {
        let rows = self
            .by_group
            .iter()
            .map(|group| row(format!("{} {}", group.column, group.value), &group.accuracy));
        accuracies("Accuracy by group", rows.collect())
    }

    fn reasons(&self) -> Table {
        let row = |count: &ReasonCount| {
            vec![count.reason.to_owned(), count.n.to_string(), count.n_answered.to_string()]
        };
        Table {
            title: "Photos that an age check would not judge".to_owned(),
            header: vec!["reason", "n", "with an estimate"],
            rows: self.by_reason.iter().map(row).collect(),
        }
    }

    fn challenge(&self) -> Table {
        let row = |point: &Challenge| {
            let rule = match point.score {
                "age" => format!("age ≥ {}", point.threshold),
                _ => format!("P(under 18) ≤ {}", point.threshold),
            };
            vec![rule, percent(point.minor_pass_rate), percent(point.adult_refusal_rate)]
        };
        Table {
            title: "Any threshold: minors who pass, adults who are refused".to_owned(),
            header: vec!["passes if", "13–17 passing", "25+ refused"],
            rows: self.overall.challenge_curve.iter().map(row).collect(),
        }
    }
}

impl Report for AgeReport {
    fn title(&self) -> &'static str {
        "Apparent age"
    }

    fn notes(&self) -> Vec<String> {
        let nominal = percent(self.overall.interval_nominal);
        vec![
            "The unit is the photo; of several faces the largest counts.".to_owned(),
            "The age is apparent age, what a face looks like. It is never a verified age.".to_owned(),
            "Errors and rates are of the photos with an estimate; photos without one are counted by reason."
                .to_owned(),
            format!(
                "Intervals are to cover {nominal} of the true ages. Intervals of shares are Clopper–Pearson, 95 %."
            ),
            format!(
                "Groups of fewer than {SUFFICIENT} answered photos say too little and are shown as insufficient."
            ),
        ]
    }

    fn sections(&self) -> Vec<Section> {
        let section = |title: &str, place, tables| Section {
            title: title.to_owned(),
            notes: Vec::new(),
            plots: Vec::new(),
            tables,
            place,
        };
        let summary = vec![self.bands(), self.groups(), self.checks(), self.reasons()];
        vec![
            section("Accuracy and age checks", Place::Summary, summary),
            section("Thresholds", Place::Page, vec![self.challenge()]),
        ]
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }
}

fn accuracies(title: &str, rows: Vec<Vec<String>>) -> Table {
    let header = vec!["photos", "n", "answered", "MAE", "bias", "within 5", "in interval"];
    Table { title: format!("{title}, years"), header, rows }
}

fn row(name: String, accuracy: &Accuracy) -> Vec<String> {
    let counts = [name, accuracy.n.to_string(), accuracy.n_answered.to_string()];
    let figures = if accuracy.n_answered < SUFFICIENT {
        std::array::from_fn(|_| "insufficient".to_owned())
    } else {
        [
            figure(accuracy.mae, 2),
            figure(accuracy.bias, 2),
            percent(accuracy.cs5),
            percent(accuracy.interval_coverage),
        ]
    };
    counts.into_iter().chain(figures).collect()
}

type ByAge<T> = std::collections::BTreeMap<u32, Option<T>>;

/// Each age with its share and the interval of the share.
fn rates<'a>(
    rates: &'a ByAge<f64>,
    intervals: &'a ByAge<Range>,
) -> impl Iterator<Item = (u32, [String; 2])> + 'a {
    rates
        .iter()
        .zip(intervals.values())
        .map(|((&age, &rate), interval)| (age, [percent(rate), percents(*interval)]))
}
