//! A photo in, apparent ages out.

use std::num::NonZeroUsize;

use models::age::{
    AgeManifest, DetectorManifest, Estimate, Estimator, Face, ImageLimits, PhotoInput, Prepare,
};
use models::{Bundle, Identity, InferenceError, InputError, Stage as _};

use super::steps;
use crate::batcher::{Batcher, Done, Expectation, Line, Prepared, Request, Rules, Steps, Terms, Timings};
use crate::config::{self, cores, workers};
use crate::metrics::BatcherMeter;
use crate::{Error, StartError};

const MODEL: &str = "age";

/// Before anything was measured, as on one core of a common machine: sizes are thousands of pixels, weights faces.
const EXPECTATION: Expectation = Expectation {
    prepare: Line { base: 6e-3, slope: 10e-6 },
    weight: Line { base: 1.0, slope: 0.0 },
    run: Line { base: 0.5e-3, slope: 2.5e-3 },
};

/// So many faces make a full batch. They gain little by each other's company, but on turning from one model to the other
/// the processor finds neither in its caches: one by one, photos take an eighth longer.
const FULL_BATCH: NonZeroUsize = NonZeroUsize::new(8).unwrap();

/// From the bytes of a photo to the apparent age of each face.
pub struct AgePipeline {
    batcher: Batcher<Assessing>,
    identity: Identity,
    detector: Identity,
    default_thresholds: Vec<u32>,
    limits: ImageLimits,
}

/// Both steps of a photo.
struct Assessing {
    prepare: Prepare,
    estimator: Estimator,
}

impl Steps for Assessing {
    type Input = PhotoInput;
    type Ready = Vec<Face>;
    type Output = Result<Vec<AssessedFace>, InputError>;

    fn prepare(&mut self, photo: PhotoInput) -> Result<Prepared<Vec<Face>, Self::Output>, InferenceError> {
        let prepared = self.prepare.run(vec![photo])?.pop();
        Ok(match prepared.ok_or(InferenceError::Rows { expected: 1, found: 0 })? {
            Ok(faces) if faces.is_empty() => Prepared::Finished(Ok(Vec::new())),
            Ok(faces) => Prepared::Ready { weight: faces.len(), item: faces },
            Err(refusal) => Prepared::Refused(Err(refusal)),
        })
    }

    fn run(&mut self, mut batch: Vec<Vec<Face>>) -> Result<Vec<Self::Output>, InferenceError> {
        // Nobody needs a crop any more once its age is known.
        let crops = batch.iter_mut().flatten().map(|face| std::mem::take(&mut face.crop)).collect();
        let mut estimates = self.estimator.run(crops)?.into_iter();
        let assessed = |(face, estimate)| AssessedFace { face, estimate };
        let photo = |faces: Vec<Face>| faces.into_iter().zip(estimates.by_ref()).map(assessed).collect();
        Ok(batch.into_iter().map(photo).map(Ok).collect())
    }
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
    pub fn start(config: &config::Age, server: &config::Server) -> Result<Self, StartError> {
        let detector = Bundle::<DetectorManifest>::open(&config.detector)?;
        let bundle = Bundle::<AgeManifest>::open(&config.bundle)?;
        let limits = ImageLimits { max_pixels: config.max_pixels.get() };
        let workers = workers(config.workers, cores());
        let one = NonZeroUsize::MIN;
        // One thread each: together no more than the cores that the process may use, unless configured otherwise.
        let steps = steps(workers, || {
            let estimator = Estimator::open(&bundle, one)?;
            Ok::<_, StartError>(Assessing {
                prepare: Prepare::open(&detector, &bundle, limits, one)?,
                estimator,
            })
        })?;
        tracing::info!(model = MODEL, workers, threads_each = 1, cores = cores(), "workers");
        let rules = Rules {
            workers,
            capacity: config.capacity,
            max_wait: server.max_wait(),
            full_batch: FULL_BATCH,
            expectation: EXPECTATION,
        };
        Ok(Self {
            batcher: Batcher::start(MODEL, steps, rules, BatcherMeter::new(MODEL))?,
            identity: bundle.identity().clone(),
            detector: detector.identity().clone(),
            default_thresholds: bundle.manifest.answer.thresholds.clone(),
            limits,
        })
    }

    /// Resolves once no request is in the pipeline.
    pub(crate) async fn idle(&self) {
        self.batcher.idle().await;
    }

    /// Refuses a photo that would come too late, before it is read.
    ///
    /// # Errors
    /// [`Error::Overloaded`].
    pub(crate) fn glance(&self, terms: Terms) -> Result<(), Error> {
        self.batcher.glance(terms)
    }

    /// Which model answers.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Which model finds the faces that it answers for.
    pub fn detector(&self) -> &Identity {
        &self.detector
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
        terms: Terms,
    ) -> Result<Result<AssessedPhoto, InputError>, Error> {
        // One that is too large takes no place in line: it needs no work to be refused, and none may be foreseen for it.
        let pixels = match photo.pixels(self.limits) {
            Ok(pixels) => pixels.unwrap_or(0),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let items = vec![(photo, usize::try_from(pixels / 1000).unwrap_or(usize::MAX))];
        let Done { outputs, timings } = self.batcher.answer(Request { items, terms }).await?;
        let faces = outputs.into_iter().next().ok_or(Error::Internal)?;
        Ok(faces.map(|faces| AssessedPhoto { faces, timings }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Instant;

    use super::*;
    use crate::Config;
    use crate::batcher::Priority;

    /// The header of a PNG, and nothing behind it.
    fn header(width: u32, height: u32) -> PhotoInput {
        let parts: [&[u8]; 4] =
            [b"\x89PNG\r\n\x1A\n\0\0\0\x0D", b"IHDR", &width.to_be_bytes(), &height.to_be_bytes()];
        PhotoInput { bytes: parts.concat(), max_faces: NonZeroUsize::MIN }
    }

    #[tokio::test]
    async fn a_photo_that_is_too_large_is_refused_before_the_door() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../ward.toml");
        let mut config = Config::load(Some(Path::new(file))).expect("the shipped file is valid");
        config.age.workers = 1;
        let pipeline = AgePipeline::start(&config.age, &config.server).expect("a pipeline");
        // Nothing that goes through the door is answered so late.
        let terms = || Terms { priority: Priority::Interactive, deadline: Instant::now() };
        let refused = pipeline.assess(header(10_000, 10_000), terms()).await.expect("an answer").map(drop);
        let limit = config.age.max_pixels.get();
        assert_eq!(refused, Err(InputError::ImageTooLarge { width: 10_000, height: 10_000, limit }));
        let late = pipeline.assess(header(100, 100), terms()).await.map(drop);
        assert_eq!(late, Err(Error::DeadlineExceeded));
    }
}
