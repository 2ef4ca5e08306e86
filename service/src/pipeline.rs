//! Both pipelines walk the same way: past the door, *prepare* (per item, may refuse), *infer* (batched).

mod age;
mod grooming;

use std::num::NonZeroUsize;

pub use age::{AgePipeline, AssessedFace, AssessedPhoto};
pub use grooming::{GroomingPipeline, ScoredMessage, ScoredMessages};

/// As many workers' steps, made one after another so that the first failure is the one reported.
fn steps<S, E>(workers: NonZeroUsize, open: impl Fn() -> Result<S, E>) -> Result<Vec<S>, E> {
    (0..workers.get()).map(|_| open()).collect()
}
