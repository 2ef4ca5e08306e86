//! From crops to apparent ages: one logit for each year, calibrated into a distribution.

use std::num::NonZeroUsize;

use ndarray::{Array4, ArrayView2, Axis, Ix2};

use super::align::Crop;
use super::manifest::{AgeCalibration, AgeManifest, check_age};
use crate::onnx::{Element, Input, OnnxModel, Signature, TensorSpec};
use crate::{Bundle, InferenceError, LoadError, Stage, softmax_with_temperature};

const SIGNATURE: Signature = Signature {
    inputs: &[TensorSpec { name: "input", element: Element::F32, rank: 4 }],
    outputs: &[TensorSpec { name: "logits", element: Element::F32, rank: 2 }],
};

/// An apparent age: a distribution over whole years, and what is read off it.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The distribution's mean, years.
    pub age_years: f32,
    /// Where the apparent age lies.
    pub interval: Interval,
    /// The interval is wider than the manifest lets a decision rest on.
    pub is_too_wide: bool,
    /// Probability of each age from 0 on; sums to 1.
    probabilities: Vec<f32>,
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
    pub fn new(probabilities: Vec<f32>, calibration: &AgeCalibration, max_interval_years: f32) -> Self {
        let age_years = (0_u16..).zip(&probabilities).map(|(age, share)| f32::from(age) * share).sum();
        let tail = (1.0 - calibration.interval_mass) / 2.0;
        let interval = Interval {
            low: quantile(&probabilities, tail),
            high: quantile(&probabilities, 1.0 - tail),
            coverage: calibration.coverage,
        };
        let is_too_wide = interval.high - interval.low > max_interval_years;
        Self { age_years, interval, is_too_wide, probabilities }
    }

    /// Probability that the apparent age is at least `age` whole years, 0 to 1.
    #[must_use]
    pub fn probability_over(&self, age: u32) -> f32 {
        self.probabilities.iter().skip(age as usize).sum::<f32>().clamp(0.0, 1.0)
    }

    /// Probability that the apparent age is below `age` years, 0 to 1.
    #[must_use]
    pub fn probability_under(&self, age: f32) -> f32 {
        (1.0 - self.probability_over(age.ceil().max(0.0) as u32)).max(0.0)
    }
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
        let mut estimator = Self {
            model: OnnxModel::open(&bundle.file("model.onnx")?, SIGNATURE, threads)?,
            crop_size: bundle.manifest.crop.size,
            calibration: bundle.manifest.calibration,
            max_interval_years: bundle.manifest.answer.max_interval_years,
        };
        let warmed = estimator.run(vec![Crop::black(estimator.crop_size)]);
        warmed.map_err(|source| LoadError::Blank { path: bundle.manifest_path(), source })?;
        Ok(estimator)
    }

    /// [n, 3, size, size], red first, 0 to 255.
    fn tensor(&self, crops: &[Crop]) -> Result<Array4<f32>, InferenceError> {
        let size = self.crop_size as usize;
        let mut values = Vec::with_capacity(crops.len() * 3 * size * size);
        for crop in crops {
            for channel in 0..3 {
                values.extend(crop.rgb.as_chunks::<3>().0.iter().map(|pixel| f32::from(pixel[channel])));
            }
        }
        Ok(Array4::from_shape_vec((crops.len(), 3, size, size), values)?)
    }

    fn estimates(&self, logits: ArrayView2<'_, f32>) -> Result<Vec<Estimate>, InferenceError> {
        let estimate = |row: Vec<f32>| {
            if row.iter().any(|logit| !logit.is_finite()) {
                return Err(InferenceError::NotFinite);
            }
            let probabilities = softmax_with_temperature(&row, self.calibration.temperature);
            Ok(Estimate::new(probabilities, &self.calibration, self.max_interval_years))
        };
        logits.axis_iter(Axis(0)).map(|row| estimate(row.to_vec())).collect()
    }
}

impl Stage for Estimator {
    type Input = Crop;
    type Output = Estimate;

    fn run(&mut self, batch: Vec<Crop>) -> Result<Vec<Estimate>, InferenceError> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let tensor = self.tensor(&batch)?;
        let logits = self.model.run(vec![Input::F32(tensor.view().into_dyn())])?.remove(0);
        let logits = logits.into_dimensionality::<Ix2>()?;
        if logits.nrows() != batch.len() {
            return Err(InferenceError::Rows { expected: batch.len(), found: logits.nrows() });
        }
        self.estimates(logits.view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALIBRATION: AgeCalibration =
        AgeCalibration { temperature: 1.0, coverage: 0.9, interval_mass: 0.5 };

    fn estimate(shares: &[(usize, f32)]) -> Estimate {
        let mut probabilities = vec![0.0; 101];
        shares.iter().for_each(|&(age, share)| probabilities[age] = share);
        Estimate::new(probabilities, &CALIBRATION, 10.0)
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
    fn an_interval_stays_among_the_ages() {
        let spread = estimate(&[(0, 0.5), (100, 0.5)]);
        assert!(spread.interval.low >= 0.0 && spread.interval.high <= 100.0);
        assert!(spread.is_too_wide);
    }
}
