//! The shipped stages, opened as the service opens them.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use models::age::{Estimate, Estimator, Face, ImageLimits, PhotoInput, Prepare};
use models::{Bundle, InputError, Stage};

pub(crate) const LIMITS: ImageLimits = ImageLimits { max_pixels: 25_000_000 };

fn bundle(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles").join(name)
}

pub(crate) fn prepare() -> Prepare {
    let (detector, age) = (Bundle::open(&bundle("detector")).unwrap(), Bundle::open(&bundle("age")).unwrap());
    Prepare::open(&detector, &age, LIMITS, NonZeroUsize::MIN).unwrap()
}

pub(crate) fn estimator() -> Estimator {
    Estimator::open(&Bundle::open(&bundle("age")).unwrap(), NonZeroUsize::MIN).unwrap()
}

pub(crate) fn photo(bytes: Vec<u8>) -> PhotoInput {
    PhotoInput { bytes, max_faces: NonZeroUsize::new(8).unwrap() }
}

/// What one photo alone is answered.
pub(crate) fn answer(bytes: Vec<u8>) -> Result<Vec<Face>, InputError> {
    prepare().run(vec![photo(bytes)]).unwrap().remove(0)
}

/// The faces of one photo alone.
pub(crate) fn faces(bytes: Vec<u8>) -> Vec<Face> {
    answer(bytes).unwrap()
}

/// The estimate of one face alone.
pub(crate) fn estimate(face: &Face) -> Estimate {
    estimator().run(vec![face.crop.clone()]).unwrap().remove(0)
}
