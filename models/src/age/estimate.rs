//! From crops to apparent ages: what the network says, as a calibrated distribution over whole years.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::Path;

use ndarray::{Array2, ArrayView2, Axis, Ix2, concatenate};

use super::align::Crop;
use super::input::InputSpec;
use super::manifest::{AgeCalibration, AgeManifest, check_age};
use super::output::OutputSpec;
use crate::onnx::{Element, Input, OnnxModel, Signature, TensorSpec};
use crate::{Bundle, InferenceError, LoadError, Stage};

/// An apparent age: a distribution over whole years, and what is read off it.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The distribution's mean, years.
    pub age_years: f32,
    /// Where the apparent age lies.
    pub interval: Interval,
    /// The interval is wider than the manifest lets a decision rest on.
    pub is_too_wide: bool,
    /// Calibrated probability of having reached each age from 0 on; never rises.
    over: Vec<f32>,
}

/// An interval of ages, both ends included.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end, years.
    pub low: f32,
    /// Upper end, years.
    pub high: f32,
    /// Nominal share of faces whose apparent age lies inside, 0 to 1.
    pub coverage: f32,
}

impl Estimate {
    /// Reads an estimate off `probabilities` of ages 0, 1, 2, … which sum to 1.
    #[must_use]
    pub fn new(probabilities: &[f32], calibration: &AgeCalibration, max_interval_years: f32) -> Self {
        let age_years = (0_u16..).zip(probabilities).map(|(age, share)| f32::from(age) * share).sum();
        let tail = (1.0 - calibration.interval_mass.at(age_years)) / 2.0;
        let interval = Interval {
            low: quantile(probabilities, tail),
            high: quantile(probabilities, 1.0 - tail),
            coverage: calibration.coverage,
        };
        let is_narrow = interval.high - interval.low <= max_interval_years;
        Self { age_years, interval, is_too_wide: !is_narrow, over: reached(probabilities, calibration) }
    }

    /// Probability that the apparent age is at least `age` whole years, 0 to 1.
    #[must_use]
    pub fn probability_over(&self, age: u32) -> f32 {
        self.over.get(age as usize).copied().unwrap_or(0.0)
    }

    /// Probability that the apparent age is below `age` years, 0 to 1. No number where nothing is known: never 0.
    #[must_use]
    pub fn probability_under(&self, age: f32) -> f32 {
        (1.0 - self.probability_over(age.ceil().max(0.0) as u32)).clamp(0.0, 1.0)
    }
}

/// The calibrated probability of having reached each age. Ages are calibrated one by one, so the order is seen to after.
fn reached(probabilities: &[f32], calibration: &AgeCalibration) -> Vec<f32> {
    let mut below = 0.0_f32;
    let mut least = 1.0_f32;
    let mut over = Vec::with_capacity(probabilities.len());
    for (age, share) in (0_u16..).zip(probabilities) {
        let raw = (1.0 - below).clamp(0.0, 1.0);
        if age > 0 {
            least = lesser(least, calibration.over.probability(f32::from(age), raw));
        }
        over.push(least);
        below += share;
    }
    over
}

/// The smaller one. Where one is no number it is none either: `f32::min` would take the other, and nothing would be known
/// as certain.
fn lesser(a: f32, b: f32) -> f32 {
    if a.is_nan() || b.is_nan() { f32::NAN } else { a.min(b) }
}

/// The age below which `share` of the distribution lies; each year's probability spreads over [year - ½, year + ½].
fn quantile(probabilities: &[f32], share: f32) -> f32 {
    let oldest = probabilities.len().saturating_sub(1) as f32;
    let mut below = 0.0;
    for (age, &probability) in (0_u16..).zip(probabilities) {
        if below + probability >= share {
            let within = (share - below) / probability.max(f32::MIN_POSITIVE);
            return (f32::from(age) - 0.5 + within).clamp(0.0, oldest);
        }
        below += probability;
    }
    oldest
}

/// The age network, owned by one thread: crops of any photos in, an estimate for each out.
#[derive(Debug)]
pub struct Estimator {
    model: OnnxModel,
    /// A model that takes one view at a time is asked as often as there are views.
    one_by_one: bool,
    input: InputSpec,
    output: OutputSpec,
    crop_size: u32,
    calibration: AgeCalibration,
    max_interval_years: f32,
}

impl Estimator {
    /// Opens the bundle's `model.onnx`, to compute on `threads` threads, and warms it up.
    ///
    /// # Errors
    /// [`LoadError`] when the manifest or the model does not fit.
    pub fn open(bundle: &Bundle<AgeManifest>, threads: NonZeroUsize) -> Result<Self, LoadError> {
        check_age(bundle)?;
        let AgeManifest { input, output, crop, calibration, answer, .. } = bundle.manifest.clone();
        let path = bundle.file("model.onnx")?;
        let model = OnnxModel::open(&path, signature(&input, &output), threads)?;
        let mut estimator = Self {
            one_by_one: takes_one(&path, &model, &input, crop.size as usize)?,
            model,
            input,
            output,
            crop_size: crop.size,
            calibration,
            max_interval_years: answer.max_interval_years,
        };
        let warmed = estimator.run(vec![Crop::black(estimator.crop_size)]);
        warmed.map_err(|source| LoadError::Blank { path: bundle.manifest_path(), source })?;
        Ok(estimator)
    }

    /// The rows of the output, one for each view.
    fn rows(&mut self, crops: &[Crop]) -> Result<Array2<f32>, InferenceError> {
        let tensor = self.input.tensor(crops, self.crop_size as usize)?;
        let views = tensor.len_of(Axis(0));
        let at_once = if self.one_by_one { 1 } else { views };
        let mut rows = Vec::new();
        for part in tensor.axis_chunks_iter(Axis(0), at_once) {
            rows.push(self.model.run(vec![Input::F32(part)])?.remove(0).into_dimensionality::<Ix2>()?);
        }
        let rows = concatenate(Axis(0), &rows.iter().map(|part| part.view()).collect::<Vec<_>>())?;
        match rows.nrows() {
            found if found == views => Ok(rows),
            found => Err(InferenceError::Rows { expected: views, found }),
        }
    }

    /// The estimate of one face from the rows of its views, whose distributions are averaged.
    fn estimate(&self, rows: ArrayView2<'_, f32>) -> Result<Estimate, InferenceError> {
        let mut mean: Vec<f32> = Vec::new();
        for row in rows.axis_iter(Axis(0)) {
            let shares = self.output.distribution(&row.to_vec(), self.calibration.temperature)?;
            mean.resize(shares.len(), 0.0);
            mean.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share / self.input.views() as f32);
        }
        Ok(Estimate::new(&mean, &self.calibration, self.max_interval_years))
    }
}

/// The two tensors that the manifest names.
fn signature(input: &InputSpec, output: &OutputSpec) -> Signature {
    let tensor =
        |name: &str, rank| TensorSpec { name: Cow::Owned(name.to_owned()), element: Element::F32, rank };
    Signature {
        inputs: Cow::Owned(vec![tensor(&input.name, 4)]),
        outputs: Cow::Owned(vec![tensor(&output.name, 2)]),
    }
}

/// Whether the model takes one view at a time; refuses one whose other axes are not those of the manifest.
fn takes_one(path: &Path, model: &OnnxModel, input: &InputSpec, size: usize) -> Result<bool, LoadError> {
    let found = model.input_shape(0);
    let described = input.shape(1, size);
    let fits =
        found.iter().zip(described).all(|(found, described)| found.is_none_or(|size| size == described));
    if fits {
        return Ok(found.first().is_some_and(Option::is_some));
    }
    let written = |axes: &[Option<usize>]| {
        let axes: Vec<String> =
            axes.iter().map(|axis| axis.map_or("?".to_owned(), |size| size.to_string())).collect();
        format!("[{}]", axes.join(", "))
    };
    Err(LoadError::InputShape {
        path: path.to_path_buf(),
        name: input.name.clone(),
        model: written(&found),
        manifest: written(&[None, Some(described[1]), Some(described[2]), Some(described[3])]),
    })
}

impl Stage for Estimator {
    type Input = Crop;
    type Output = Estimate;

    fn run(&mut self, batch: Vec<Crop>) -> Result<Vec<Estimate>, InferenceError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.rows(&batch)?;
        rows.axis_chunks_iter(Axis(0), self.input.views()).map(|rows| self.estimate(rows)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Knots;

    fn calibration() -> AgeCalibration {
        AgeCalibration::plain(0.9, 0.5)
    }

    fn estimate(shares: &[(usize, f32)]) -> Estimate {
        let mut probabilities = vec![0.0; 101];
        shares.iter().for_each(|&(age, share)| probabilities[age] = share);
        Estimate::new(&probabilities, &calibration(), 10.0)
    }

    #[test]
    fn a_certain_age_has_a_narrow_interval() {
        let certain = estimate(&[(30, 1.0)]);
        assert!((certain.age_years - 30.0).abs() < 1e-4);
        assert!((certain.interval.low - 29.75).abs() < 1e-4 && (certain.interval.high - 30.25).abs() < 1e-4);
        assert!(!certain.is_too_wide);
    }

    #[test]
    fn probabilities_count_the_year_itself_as_reached() {
        let either = estimate(&[(17, 0.25), (18, 0.75)]);
        assert!((either.probability_over(18) - 0.75).abs() < 1e-6);
        assert!((either.probability_under(18.0) - 0.25).abs() < 1e-6);
        assert!((either.probability_under(17.5) - 0.25).abs() < 1e-6);
        assert_eq!((either.probability_over(0), either.probability_over(200)), (1.0, 0.0));
    }

    #[test]
    fn probabilities_are_calibrated_by_the_age_asked_about_and_never_rise() {
        let mut calibration = calibration();
        calibration.over.offset = Knots { at: vec![20.0, 30.0], value: vec![-2.0, 2.0] };
        let mut probabilities = vec![0.0; 101];
        probabilities[10] = 0.5;
        probabilities[50] = 0.5;
        let found = Estimate::new(&probabilities, &calibration, 10.0);
        // sigmoid(logit(½) - 2); at 30 it would be more than at 20, which no probability of being older may be.
        assert!((found.probability_over(20) - 0.1192).abs() < 1e-4);
        assert_eq!(found.probability_over(30), found.probability_over(20));
        assert!((found.age_years - 30.0).abs() < 1e-4, "the age itself is left alone");
    }

    #[test]
    fn what_is_no_number_is_never_taken_for_certain() {
        let mut calibration = calibration();
        calibration.over.slope = Knots { at: vec![10.0, 20.0], value: vec![f32::INFINITY, f32::INFINITY] };
        calibration.over.offset = Knots::constant(f32::NEG_INFINITY);
        let mut probabilities = vec![0.0; 101];
        probabilities[30] = 1.0;
        let found = Estimate::new(&probabilities, &calibration, 10.0);
        assert!(found.probability_over(18).is_nan() && found.probability_under(18.0).is_nan());
        probabilities[40] = f32::NAN;
        let found = Estimate::new(&probabilities, &self::calibration(), f32::NAN);
        assert!(found.age_years.is_nan() && found.is_too_wide && found.probability_over(60).is_nan());
    }

    #[test]
    fn an_interval_is_as_wide_as_the_apparent_age_asks_for() {
        let mut calibration = calibration();
        calibration.interval_mass = Knots { at: vec![20.0, 40.0], value: vec![0.5, 0.9] };
        let width = |age: usize| {
            let mut probabilities = vec![0.0; 101];
            probabilities[age] = 1.0;
            let Interval { low, high, .. } = Estimate::new(&probabilities, &calibration, 10.0).interval;
            high - low
        };
        assert!(
            (width(20) - 0.5).abs() < 1e-4
                && (width(30) - 0.7).abs() < 1e-4
                && (width(60) - 0.9).abs() < 1e-4
        );
    }

    #[test]
    fn an_interval_stays_among_the_ages() {
        let spread = estimate(&[(0, 0.5), (100, 0.5)]);
        assert!(spread.interval.low >= 0.0 && spread.interval.high <= 100.0);
        assert!(spread.is_too_wide);
    }
}
