//! The first half of the pipeline: from the bytes of a photo to crops that can be estimated.

use std::num::NonZeroUsize;

use super::align::Crop;
use super::detect::{Detection, Detector};
use super::geometry::{Bounds, Point};
use super::image::{ImageLimits, Photo, pixels};
use super::manifest::{AgeManifest, CropSpec, DetectorManifest, QualityLimits, check_age};
use super::quality::Quality;
use crate::{Bundle, InferenceError, InputError, LoadError, Stage};

/// One photo, as a caller sent it.
#[derive(Debug, Clone)]
pub struct PhotoInput {
    /// A JPEG, PNG or WebP file.
    pub bytes: Vec<u8>,
    /// Answer at most so many faces, largest first.
    pub max_faces: NonZeroUsize,
}

impl PhotoInput {
    /// The photo's pixels, read off its header; `None` when there is none to be read.
    ///
    /// # Errors
    /// [`InputError::ImageTooLarge`] when they are more than the limits hold: nothing of it needs to be decoded to refuse it.
    pub fn pixels(&self, limits: ImageLimits) -> Result<Option<u64>, InputError> {
        pixels(&self.bytes, limits)
    }
}

/// One face of a photo, ready to be estimated. Coordinates are pixels of the upright photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Face {
    /// Where the face is; may reach past the photo's edges.
    pub bounds: Bounds,
    /// Eye, eye, nose tip, mouth corner, mouth corner; of each pair the one on the left of the photo first.
    pub landmarks: [Point; 5],
    /// How sure the detector is, 0 to 1.
    pub detection_score: f32,
    /// Whether the face can be judged.
    pub quality: Quality,
    /// What the estimator sees.
    pub crop: Crop,
}

/// Decode → detect → align → quality, owned by one thread.
///
/// It answers the faces of each photo, largest first and none when there is none, or why the bytes are refused.
#[derive(Debug)]
pub struct Prepare {
    detector: Detector,
    crop: CropSpec,
    quality: QualityLimits,
    limits: ImageLimits,
}

impl Prepare {
    /// Opens the detector, to compute on `threads` threads; the age bundle says how faces are cut and judged.
    ///
    /// # Errors
    /// [`LoadError`] when a manifest or the model does not fit.
    pub fn open(
        detector: &Bundle<DetectorManifest>,
        age: &Bundle<AgeManifest>,
        limits: ImageLimits,
        threads: NonZeroUsize,
    ) -> Result<Self, LoadError> {
        check_age(age)?;
        Ok(Self {
            detector: Detector::open(detector, threads)?,
            crop: age.manifest.crop,
            quality: age.manifest.quality,
            limits,
        })
    }

    fn faces(&mut self, photo: &Photo, max_faces: NonZeroUsize) -> Result<Vec<Face>, InferenceError> {
        let mut found = self.detector.detect(photo)?;
        found.sort_by(|a, b| b.bounds.area().total_cmp(&a.bounds.area()));
        found.truncate(max_faces.get());
        Ok(found.into_iter().map(|detection| self.face(photo, detection)).collect())
    }

    fn face(&self, photo: &Photo, detection: Detection) -> Face {
        let crop = Crop::cut(photo, &detection, self.crop);
        let quality = Quality::measure(photo, &detection, &crop, &self.quality);
        let Detection { bounds, landmarks, score } = detection;
        Face { bounds, landmarks, detection_score: score, quality, crop }
    }
}

impl Stage for Prepare {
    type Input = PhotoInput;
    type Output = Result<Vec<Face>, InputError>;

    fn run(&mut self, batch: Vec<PhotoInput>) -> Result<Vec<Self::Output>, InferenceError> {
        let mut answers = Vec::with_capacity(batch.len());
        for input in batch {
            answers.push(match Photo::decode(&input.bytes, self.limits) {
                Ok(photo) => Ok(self.faces(&photo, input.max_faces)?),
                Err(refusal) => Err(refusal),
            });
        }
        Ok(answers)
    }
}
