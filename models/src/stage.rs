//! The one abstraction of this crate.

use crate::InferenceError;

/// A synchronous step from a batch of inputs to as many outputs in the same order.
///
/// A stage is owned by one thread (hence `&mut self`: an ONNX session is never shared). A step that may refuse a
/// single input says so in its `Output`, as `Result<_, InputError>`; its other inputs are answered all the same.
/// An output never depends on which other inputs share the batch.
pub trait Stage {
    /// What one caller gives.
    type Input;
    /// What that caller gets.
    type Output;

    /// Runs the whole batch.
    ///
    /// # Errors
    /// [`InferenceError`] when the step failed for the batch as a whole. That is never the fault of a caller.
    fn run(&mut self, batch: Vec<Self::Input>) -> Result<Vec<Self::Output>, InferenceError>;
}
