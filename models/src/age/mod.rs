//! How old does this face look?
//!
//! Two stages: [`Prepare`] turns the bytes of a photo into upright, aligned face crops (and may refuse the bytes);
//! [`Estimator`] turns crops of any photos, batched, into apparent ages. [`policy`] then decides, without any state.
//! An age here is always the *apparent* age. Nothing in this module knows a wire format, a clock or a file but the
//! bundles'.

mod align;
mod detect;
mod estimate;
mod geometry;
mod header;
mod image;
mod input;
mod manifest;
mod output;
pub mod policy;
mod prepare;
mod quality;
mod reason;

pub use align::Crop;
pub use detect::{Detection, Detector};
pub use estimate::{Estimate, Estimator, Interval};
pub use geometry::{Bounds, Point};
pub use image::{ImageLimits, Photo};
pub use input::{Colours, InputSpec, Layout};
pub use manifest::{
    AgeCalibration, AgeManifest, AnswerDefaults, Around, CropSpec, DetectionLimits, DetectorManifest,
    Letterbox, OverCalibration, QualityLimits,
};
pub use output::{OutputSpec, Reads};
pub use prepare::{Face, PhotoInput, Prepare};
pub use quality::Quality;
pub use reason::Reason;
