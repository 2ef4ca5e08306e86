//! A photo in, apparent ages out.

use std::num::NonZeroUsize;
use std::time::Instant;

use futures_util::future::try_join_all;
use models::age::{
    AgeManifest, DetectorManifest, Estimate, Estimator, Face, ImageLimits, PhotoInput, Prepare,
};
use models::{Bundle, Identity, InputError};

use super::{Door, Timings, stages};
use crate::batcher::{BatchLimits, Batcher, Work};
use crate::config::{self, cores, workers};
use crate::metrics::{Phase, StageMeter};
use crate::{Error, StartError};

const MODEL: &str = "age";

/// From the bytes of a photo to the apparent age of each face.
pub struct AgePipeline {
    door: Door,
    prepare: Batcher<Prepare>,
    infer: Batcher<Estimator>,
    identity: Identity,
    default_thresholds: Vec<u32>,
}

/// The faces of one photo.
#[derive(Debug)]
pub struct AssessedPhoto {
    /// Largest first.
    pub faces: Vec<AssessedFace>,
    /// Where the time went.
    pub timings: Timings,
}

/// A face with its estimate.
#[derive(Debug)]
pub struct AssessedFace {
    /// Where it is, and whether it can be judged.
    pub face: Face,
    /// How old it looks.
    pub estimate: Estimate,
}

impl AgePipeline {
    /// Opens both bundles and starts the workers.
    ///
    /// # Errors
    /// [`StartError`] when a bundle cannot be used or the system gives no threads.
    pub fn start(config: &config::Age) -> Result<Self, StartError> {
        let detector = Bundle::<DetectorManifest>::open(&config.detector)?;
        let bundle = Bundle::<AgeManifest>::open(&config.bundle)?;
        let limits = ImageLimits { max_pixels: config.max_pixels.get() };
        let one = NonZeroUsize::MIN;
        let prepare = stages(workers(config.prepare_workers, cores()), || {
            Prepare::open(&detector, &bundle, limits, one)
        })?;
        let infer = stages(workers(config.infer_workers, cores()), || Estimator::open(&bundle, one))?;
        // One thread each: together no more than the cores that the process may use, unless configured otherwise.
        tracing::info!(
            model = MODEL,
            prepare_workers = prepare.len(),
            infer_workers = infer.len(),
            "workers"
        );
        let alone = BatchLimits { max_jobs: one, max_weight: one };
        let shared = BatchLimits { max_jobs: config.max_batch_faces, max_weight: config.max_batch_faces };
        Ok(Self {
            door: Door::new(MODEL, config.capacity),
            prepare: Batcher::start("age-prepare", prepare, alone, StageMeter::new(MODEL, Phase::Prepare))?,
            infer: Batcher::start("age-infer", infer, shared, StageMeter::new(MODEL, Phase::Infer))?,
            identity: bundle.identity().clone(),
            default_thresholds: bundle.manifest.answer.thresholds.clone(),
        })
    }

    /// Resolves once no request is in the pipeline.
    pub(crate) async fn idle(&self) {
        self.door.idle().await;
    }

    /// Which model answers.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The ages that `over` is answered for when the caller names none.
    pub fn default_thresholds(&self) -> &[u32] {
        &self.default_thresholds
    }

    /// Finds the faces of a photo and estimates each.
    ///
    /// # Errors
    /// The outer error when there is no answer; the inner one when the photo itself cannot be read.
    pub async fn assess(
        &self,
        photo: PhotoInput,
        deadline: Instant,
    ) -> Result<Result<AssessedPhoto, InputError>, Error> {
        let _admission = self.door.enter(1)?;
        let prepared = self.prepare.run(Work { input: photo, weight: 1, deadline }).await?;
        let timings = Timings::prepared(&prepared);
        let faces = match prepared.output {
            Ok(faces) => faces,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let estimates = faces.into_iter().map(|face| self.estimate(face, deadline, timings));
        let (faces, of_faces): (Vec<_>, Vec<_>) = try_join_all(estimates).await?.into_iter().unzip();
        Ok(Ok(AssessedPhoto { faces, timings: of_faces.into_iter().fold(timings, Timings::or_slower) }))
    }

    async fn estimate(
        &self,
        face: Face,
        deadline: Instant,
        timings: Timings,
    ) -> Result<(AssessedFace, Timings), Error> {
        let work = Work { input: face.crop.clone(), weight: 1, deadline };
        let done = self.infer.run(work).await?;
        let timings = timings.inferred(&done);
        Ok((AssessedFace { face, estimate: done.output }, timings))
    }
}
