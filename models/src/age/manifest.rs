//! What the two bundles say about themselves: all that belongs to a model and nothing that belongs to a machine.

use serde::Deserialize;

use super::input::InputSpec;
use super::output::OutputSpec;
use crate::{Bundle, Files, Header, Knots, LoadError, Manifest, sigmoid};

/// The manifest of a face detector with `YuNet`'s outputs (ours, or the official file in a bundle of one's own).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectorManifest {
    bundle: Header,
    files: Files,
    /// How a photo is fed.
    pub input: Letterbox,
    /// What counts as a face.
    pub detection: DetectionLimits,
}

/// How a photo is fed to the detector: shrunk, never enlarged, and put on black with room all round.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Letterbox {
    /// The photo's long side at most, pixels.
    pub max_side: u32,
    /// Black border on each side, pixels: faces that touch the frame are found only with room around them.
    pub border: u32,
}

/// What counts as a face.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DetectionLimits {
    /// Least score of a face, 0 to 1.
    pub threshold: f32,
    /// Of two boxes that overlap by more than this (intersection over union) the better one stays.
    pub max_overlap: f32,
}

/// The manifest of an age estimator: face crops in, something that tells an age out.
///
/// `[input]` and `[output]` may be left out for a network like ours: RGB, one logit for each age from 0 to 100.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeManifest {
    bundle: Header,
    files: Files,
    /// How crops are fed.
    #[serde(default)]
    pub input: InputSpec,
    /// What is read off the answer.
    #[serde(default)]
    pub output: OutputSpec,
    /// How a face is cut out.
    pub crop: CropSpec,
    /// From logits to ages.
    pub calibration: AgeCalibration,
    /// What is answered unless asked otherwise.
    pub answer: AnswerDefaults,
    /// Which faces can be judged.
    pub quality: QualityLimits,
}

/// How a face is cut out of a photo.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropSpec {
    /// Side of the crop, pixels.
    pub size: u32,
    /// Side of the square cut out, in units of the longer side of the detector's box.
    pub scale: f32,
    /// Whether the square is turned so that the eyes lie level. Unless said: it is.
    #[serde(default = "yes")]
    pub level: bool,
    /// What fills the square around the box. Unless said: the photo.
    #[serde(default)]
    pub around: Around,
}

/// What fills the square cut out where it is wider than the detector's box.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Around {
    /// What the photo shows there.
    #[default]
    Photo,
    /// Nothing.
    Black,
}

/// From what the network says to ages, fitted on validation faces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeCalibration {
    /// The logits are divided by this.
    pub temperature: f32,
    /// Coverage that intervals are reported to have, 0 to 1.
    pub coverage: f32,
    /// Share of the distribution between the ends of an interval for which that coverage was measured, by apparent age.
    pub interval_mass: Knots,
    /// From shares of the distribution to probabilities of having reached an age.
    #[serde(default)]
    pub over: OverCalibration,
}

/// A logistic map for each age asked about: P = sigmoid(slope × logit(share) + offset), slope and offset by that age.
///
/// Source: Platt, "Probabilistic Outputs for Support Vector Machines", 1999.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OverCalibration {
    /// Above 0.
    pub slope: Knots,
    /// Shift in logits.
    pub offset: Knots,
}

impl AgeCalibration {
    /// Takes the distribution as it is, and the same interval mass at every age.
    #[must_use]
    pub fn plain(coverage: f32, interval_mass: f32) -> Self {
        let interval_mass = Knots::constant(interval_mass);
        Self { temperature: 1.0, coverage, interval_mass, over: OverCalibration::default() }
    }
}

impl Default for OverCalibration {
    fn default() -> Self {
        Self { slope: Knots::constant(1.0), offset: Knots::constant(0.0) }
    }
}

impl OverCalibration {
    /// The probability of having reached `age` years where that `share` of the distribution has, 0 to 1.
    #[must_use]
    pub fn probability(&self, age: f32, share: f32) -> f32 {
        /// A share of 0 or 1 is never meant that strictly.
        const LEAST: f32 = 1e-6;
        let share = share.clamp(LEAST, 1.0 - LEAST);
        let logit = (share / (1.0 - share)).ln();
        sigmoid(self.slope.at(age).mul_add(logit, self.offset.at(age)))
    }
}

fn yes() -> bool {
    true
}

/// What is answered unless asked otherwise.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerDefaults {
    /// Ages for which P(at least that age) is answered, years.
    pub thresholds: Vec<u32>,
    /// An interval wider than this decides nothing, years.
    pub max_interval_years: f32,
}

/// Which faces can be judged. See [`super::Quality`] for what is measured.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QualityLimits {
    /// Least shorter side of the box, pixels of the photo.
    pub min_size_pixels: f32,
    /// Least share of the box inside the photo.
    pub min_visible_share: f32,
    /// Least sharpness.
    pub min_sharpness: f32,
    /// Least mean luminance.
    pub min_brightness: f32,
    /// Most mean luminance.
    pub max_brightness: f32,
    /// Most turn of the head.
    pub max_turn: f32,
}

impl Manifest for DetectorManifest {
    const KIND: &'static str = "detector";

    fn header(&self) -> &Header {
        &self.bundle
    }

    fn files(&self) -> &Files {
        &self.files
    }
}

impl Manifest for AgeManifest {
    const KIND: &'static str = "age";

    fn header(&self) -> &Header {
        &self.bundle
    }

    fn files(&self) -> &Files {
        &self.files
    }
}

/// Refuses a detector manifest whose numbers make no sense.
pub(super) fn check_detector(bundle: &Bundle<DetectorManifest>) -> Result<(), LoadError> {
    let DetectorManifest { input, detection, .. } = &bundle.manifest;
    let rules = [
        (between(input.max_side, 32, 4096), "input.max_side", "between 32 and 4096"),
        (between(input.border, 0, 512), "input.border", "at most 512"),
        (share(detection.threshold), "detection.threshold", "above 0 and below 1"),
        (share(detection.max_overlap), "detection.max_overlap", "above 0 and below 1"),
    ];
    check(bundle, &rules)
}

/// Refuses an age manifest whose numbers make no sense.
pub(super) fn check_age(bundle: &Bundle<AgeManifest>) -> Result<(), LoadError> {
    let AgeManifest { input, output, crop, calibration, answer, quality, .. } = &bundle.manifest;
    let AgeCalibration { interval_mass, over, .. } = calibration;
    let ages = !answer.thresholds.is_empty() && answer.thresholds.iter().all(|age| between(*age, 1, 100));
    let rules = [
        (between(crop.size, 16, 1024), "crop.size", "between 16 and 1024"),
        (between(crop.scale, 0.1, 10.0), "crop.scale", "between 0.1 and 10"),
        (between(calibration.temperature, 0.01, 100.0), "calibration.temperature", "between 0.01 and 100"),
        (share(calibration.coverage), "calibration.coverage", "above 0 and below 1"),
        (
            knots(interval_mass, share),
            "calibration.interval_mass",
            "finite knots in order, above 0 and below 1",
        ),
        (knots(&over.slope, |slope| slope > 0.0), "calibration.over.slope", "finite knots in order, above 0"),
        (knots(&over.offset, |_| true), "calibration.over.offset", "finite knots in order"),
        (ages, "answer.thresholds", "ages between 1 and 100, at least one"),
        (answer.max_interval_years > 0.0, "answer.max_interval_years", "above 0"),
    ];
    let all = rules.into_iter().chain(input.rules()).chain(output.rules()).chain(quality.rules());
    check(bundle, &all.collect::<Vec<_>>())
}

impl QualityLimits {
    /// What the manifest's numbers must satisfy. A limit that is no number would be missed by no face.
    fn rules(&self) -> [Rule; 6] {
        let within = |share: f32| between(share, 0.0, 1.0);
        let least = |value: f32| value.is_finite() && value >= 0.0;
        let lighter = within(self.max_brightness) && self.min_brightness < self.max_brightness;
        [
            (least(self.min_size_pixels), "quality.min_size_pixels", "a number of 0 or more"),
            (within(self.min_visible_share), "quality.min_visible_share", "between 0 and 1"),
            (least(self.min_sharpness), "quality.min_sharpness", "a number of 0 or more"),
            (within(self.min_brightness), "quality.min_brightness", "between 0 and 1"),
            (lighter, "quality.max_brightness", "above quality.min_brightness and at most 1"),
            (within(self.max_turn), "quality.max_turn", "between 0 and 1"),
        ]
    }
}

/// Whether a value is what it must be, its key, and what it must be.
pub(super) type Rule = (bool, &'static str, &'static str);

fn check<M: Manifest>(bundle: &Bundle<M>, rules: &[Rule]) -> Result<(), LoadError> {
    match rules.iter().find(|(kept, ..)| !kept) {
        None => Ok(()),
        Some(&(_, key, must_be)) => {
            Err(LoadError::ManifestValue { path: bundle.manifest_path(), key, must_be })
        }
    }
}

fn between<T: PartialOrd>(value: T, least: T, most: T) -> bool {
    (least..=most).contains(&value)
}

/// Between knots that are not finite lies no number, and no number decides nothing.
fn knots(knots: &Knots, good: impl Fn(f32) -> bool) -> bool {
    knots.at.iter().all(|place| place.is_finite()) && knots.are_all(|value| value.is_finite() && good(value))
}

fn share(value: f32) -> bool {
    value > 0.0 && value < 1.0
}
