//! The report on apparent age.

mod accuracy;
mod calibration;
mod cells;
mod checks;
mod groups;
mod limits;

use serde::Serialize;

use super::figures::{
    self, Band, Change, Column, Group, Overall, Pair, PolicyFigures, ReasonCount, Rejection, SUFFICIENT,
    SingleAge, Step, Threshold,
};
use super::latency::Latency;
use super::policies::Policies;
use super::sample::Sample;
use crate::metrics::Bootstrap;
use crate::report::{Provenance, Report, Section, percent};

/// report.json.
#[derive(Debug, Serialize)]
pub(crate) struct AgeReport {
    kind: &'static str,
    overall: Overall,
    by_age_band: Vec<Band>,
    by_age: Vec<SingleAge>,
    by_age_step: Vec<Step>,
    by_group: Vec<Group>,
    by_column: Vec<Column>,
    by_reason: Vec<ReasonCount>,
    by_policy: Vec<PolicyFigures>,
    thresholds: Vec<Threshold>,
    error_reject: Vec<Rejection>,
    robustness: Vec<Change>,
    latency_ms: Latency,
    provenance: Provenance,
    /// True age and estimate of each answered photo, for the scatter.
    #[serde(skip)]
    scatter: Vec<(f64, f64)>,
}

/// What a run saw.
pub(crate) struct Observed<'a> {
    /// Every photo.
    pub(crate) samples: &'a [Sample],
    /// The drawn photos, as they were and perturbed.
    pub(crate) pairs: &'a [Pair],
    /// What the samples were decided by.
    pub(crate) policies: &'a Policies,
    /// What the stages took.
    pub(crate) latency: Latency,
    /// What the model's intervals promise, 0 to 1.
    pub(crate) nominal_coverage: f32,
}

impl AgeReport {
    /// Of all that was seen.
    pub(crate) fn new(observed: Observed<'_>, bootstrap: Bootstrap, provenance: Provenance) -> Self {
        let samples: Vec<&Sample> = observed.samples.iter().collect();
        let by_group = figures::by_group(&samples, bootstrap);
        let place = |sample: &&Sample| Some((sample.photo.age, f64::from(sample.answer()?.age_years)));
        Self {
            kind: "age",
            overall: figures::overall(&samples, observed.nominal_coverage, bootstrap),
            by_age_band: figures::by_age_band(&samples, bootstrap),
            by_age: figures::by_age(&samples),
            by_age_step: figures::by_age_step(&samples, bootstrap),
            by_column: figures::by_column(&by_group),
            by_group,
            by_reason: figures::by_reason(&samples),
            by_policy: figures::by_policy(&samples, observed.policies, bootstrap),
            thresholds: figures::thresholds(&samples, bootstrap),
            error_reject: figures::error_reject(&samples),
            robustness: figures::changes(observed.pairs, bootstrap),
            latency_ms: observed.latency,
            provenance,
            scatter: samples.iter().filter_map(place).collect(),
        }
    }

    fn interval_note(&self) -> String {
        let unit = match self.overall.bootstrap_unit {
            "subject" => "by subject, so that several photos of one person count as one",
            _ => {
                "by photo: no two photos are known to show the same person, and if some do, the intervals are too narrow"
            }
        };
        format!(
            "Intervals are 95 %. Those of errors come from 1,000 bootstrap samples drawn {unit}. Those of shares are \
             Clopper–Pearson for the age checks by the estimate alone and Wilson elsewhere. Where photos share a subject \
             the bootstrap's stand instead where they are wider, and each subject counts as one photo where none or all \
             count; but for single ages, any threshold and reasons: there, Wilson takes photos as independent."
        )
    }
}

impl Report for AgeReport {
    fn title(&self) -> &'static str {
        "Apparent age"
    }

    fn notes(&self) -> Vec<String> {
        vec![
            "The age is apparent age, what a face looks like. It is never a verified age.".to_owned(),
            "The unit is the photo; of several faces the largest counts. Decisions of policies look at all faces that can \
             change them, as CheckAge does."
                .to_owned(),
            "True ages are those of the manifest. How they were found out, and how wrong they are, this program cannot \
             know: no error is more certain than the labels are."
                .to_owned(),
            "Errors and rates are of the photos with an estimate; photos without one are counted by reason."
                .to_owned(),
            self.interval_note(),
            format!(
                "The model's own intervals are to cover {} of the true ages.",
                percent(Some(self.overall.interval_nominal))
            ),
            format!(
                "Groups and bands of fewer than {SUFFICIENT} photos say too little: their figures are insufficient, never 0."
            ),
        ]
    }

    fn sections(&self) -> Vec<Section> {
        let mut sections = accuracy::sections(self);
        sections.extend(checks::sections(self));
        sections.extend(groups::sections(self));
        sections.extend(calibration::sections(self));
        sections.extend(limits::sections(self));
        sections
    }

    fn provenance(&self) -> &Provenance {
        &self.provenance
    }
}
