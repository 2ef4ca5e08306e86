//! The stages of the age pipeline as they are served, owned by one thread.

use std::num::NonZeroUsize;
use std::path::Path;

use anyhow::Result;
use models::age::policy::{FACES_TO_CHECK, FaceFindings};
use models::age::{
    AgeManifest, Bounds, DetectorManifest, Estimate, Estimator, Face, ImageLimits, PhotoInput, Prepare,
    Reason,
};
use models::{Bundle, InferenceError, Stage};

use super::latency::{Timings, timed};
use super::policies::Policies;
use super::sample::{AGES, Answer, Decided, Outcome, TOO_LONG, UNREADABLE};

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

/// What the stages say of one photo.
#[derive(Debug)]
pub(crate) struct Looked {
    /// The estimate of the largest face, or why there is none.
    pub(crate) outcome: Outcome,
    /// What each policy decides on it; of none when the bytes were refused.
    pub(crate) decided: Box<[Decided]>,
    /// Where the largest face is, pixels of the upright photo.
    pub(crate) bounds: Option<Bounds>,
    /// What the stages took.
    pub(crate) timings: Timings,
}

impl Stages {
    /// Opens both models to compute on the calling thread alone: the photos are spread over threads instead. Photos
    /// over the limits are refused, as the service refuses them.
    ///
    /// # Errors
    /// When a model cannot be opened.
    pub(crate) fn open(bundles: &Bundles, limits: ImageLimits) -> Result<Self> {
        let one = NonZeroUsize::MIN;
        Ok(Self {
            prepare: Prepare::open(&bundles.detector, &bundles.age, limits, one)?,
            estimator: Estimator::open(&bundles.age, one)?,
        })
    }

    /// Reads a file and looks at it. One that is missing, broken or too long is an outcome like any other.
    ///
    /// # Errors
    /// When a model fails, which is no fault of the photo.
    pub(crate) fn look_at_file(&mut self, image: &Path, policies: &Policies) -> Result<Looked> {
        match std::fs::read(image) {
            Ok(bytes) if policies.fits_a_message(&bytes) => self.look_at(bytes, policies),
            Ok(_) => Ok(Looked::refused(TOO_LONG, Timings::default())),
            Err(_) => Ok(Looked::refused(UNREADABLE, Timings::default())),
        }
    }

    /// The apparent age of the largest face, and what `CheckAge` would decide: on the same faces as it does.
    ///
    /// # Errors
    /// When a model fails, which is no fault of the photo.
    pub(crate) fn look_at(&mut self, bytes: Vec<u8>, policies: &Policies) -> Result<Looked> {
        let input = PhotoInput { bytes, max_faces: FACES_TO_CHECK };
        let (prepared, took) = timed(|| self.prepare.run(vec![input]));
        let mut timings = Timings { prepare: Some(took), infer: None };
        let faces = match only(prepared?)? {
            Ok(faces) => faces,
            Err(refusal) => return Ok(Looked::refused(refusal.reason(), timings)),
        };
        let estimates = self.estimate(&faces, &mut timings)?;
        let answer = faces.first().zip(estimates.first()).map(|(face, estimate)| answer(face, estimate));
        let findings = faces.iter().zip(estimates).map(|(face, estimate)| FaceFindings::new(face, estimate));
        Ok(Looked {
            outcome: answer.map_or(Outcome::Unanswered(Reason::NoFace.as_str()), Outcome::Answered),
            decided: policies.decide(&findings.collect::<Vec<_>>()),
            bounds: faces.first().map(|face| face.bounds),
            timings,
        })
    }

    fn estimate(&mut self, faces: &[Face], timings: &mut Timings) -> Result<Vec<Estimate>> {
        if faces.is_empty() {
            return Ok(Vec::new());
        }
        let crops = faces.iter().map(|face| face.crop.clone()).collect();
        let (estimates, took) = timed(|| self.estimator.run(crops));
        timings.infer = Some(took);
        Ok(estimates?)
    }
}

impl Looked {
    fn refused(reason: &'static str, timings: Timings) -> Self {
        Self { outcome: Outcome::Unanswered(reason), decided: Box::default(), bounds: None, timings }
    }
}

fn answer(face: &Face, estimate: &Estimate) -> Answer {
    Answer {
        age_years: estimate.age_years,
        low: estimate.interval.low,
        high: estimate.interval.high,
        over: AGES.map(|age| estimate.probability_over(age)),
        sharpness: face.quality.sharpness,
        detection_score: face.detection_score,
        quality: face.quality.reasons.iter().copied().collect(),
    }
}

/// What a stage answers to a batch of one.
fn only<T>(mut outputs: Vec<T>) -> Result<T, InferenceError> {
    outputs.pop().ok_or(InferenceError::Rows { expected: 1, found: 0 })
}
