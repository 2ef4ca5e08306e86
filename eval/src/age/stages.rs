//! The stages of the age pipeline as they are served, owned by one thread.

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::Result;
use models::age::{AgeManifest, DetectorManifest, Estimator, Face, ImageLimits, PhotoInput, Prepare, Reason};
use models::{Bundle, InferenceError, Stage};

use super::sample::{Answer, Outcome};

/// The age of majority that `p_minor` refers to.
const MAJORITY: u32 = 18;

/// A manifest of one's own is trusted with larger photos than a stranger's request.
const MAX_PIXELS: u64 = 100_000_000;

/// The reason of an image that is not there or may not be read; all others are those of the service.
const UNREADABLE: &str = "FILE_UNREADABLE";

/// Both models, their files checked.
#[derive(Debug)]
pub(crate) struct Bundles {
    /// Finds the face.
    pub(crate) detector: Bundle<DetectorManifest>,
    /// Estimates its age.
    pub(crate) age: Bundle<AgeManifest>,
}

/// One thread's own stages.
#[derive(Debug)]
pub(crate) struct Stages {
    prepare: Prepare,
    estimator: Estimator,
}

impl Stages {
    /// Opens both models to compute on the calling thread alone: the photos are spread over threads instead.
    ///
    /// # Errors
    /// When a model cannot be opened.
    pub(crate) fn open(bundles: &Bundles) -> Result<Self> {
        let (one, limits) = (NonZeroUsize::MIN, ImageLimits { max_pixels: MAX_PIXELS });
        Ok(Self {
            prepare: Prepare::open(&bundles.detector, &bundles.age, limits, one)?,
            estimator: Estimator::open(&bundles.age, one)?,
        })
    }

    /// The apparent age of the largest face. An image that is missing or broken is an outcome like any other.
    ///
    /// # Errors
    /// When a model fails, which is no fault of the photo.
    pub(crate) fn look_at(&mut self, image: &Path) -> Result<Outcome> {
        let Ok(bytes) = std::fs::read(image) else { return Ok(Outcome::Unanswered(UNREADABLE)) };
        let input = PhotoInput { bytes, max_faces: NonZeroUsize::MIN };
        Ok(match only(self.prepare.run(vec![input])?)? {
            Err(refusal) => Outcome::Unanswered(refusal.reason()),
            Ok(mut faces) => match faces.pop() {
                None => Outcome::Unanswered(Reason::NoFace.as_str()),
                Some(face) => Outcome::Answered(self.estimate(face)?),
            },
        })
    }

    fn estimate(&mut self, face: Face) -> Result<Answer> {
        let estimate = only(self.estimator.run(vec![face.crop])?)?;
        Ok(Answer {
            age_years: estimate.age_years,
            low: estimate.interval.low,
            high: estimate.interval.high,
            coverage: estimate.interval.coverage,
            p_minor: 1.0 - estimate.probability_over(MAJORITY),
            quality: face.quality.reasons.into_iter().map(Reason::as_str).collect(),
        })
    }
}

/// What a stage answers to a batch of one.
fn only<T>(mut outputs: Vec<T>) -> Result<T, InferenceError> {
    outputs.pop().ok_or(InferenceError::Rows { expected: 1, found: 0 })
}
