//! What Ward's models mean: from bytes to an apparent age, from chat text to a grooming risk.
//!
//! Everything here is synchronous and knows no wire format, no async runtime and no server. Its one abstraction is
//! the [`Stage`]: a function from a batch of inputs to as many outputs in the same order. Programs decide on which
//! thread a stage runs; `service` batches the inputs of many callers into it, `eval` feeds it files.
//!
//! A result is triage for a person, never proof: an age is the *apparent* age of a face, a risk is a reason for a
//! human reviewer to look.

pub mod age;
mod bundle;
mod calibration;
mod error;
pub mod grooming;
mod onnx;
mod overlay;
mod runtime;
mod stage;

pub use bundle::{Bundle, Files, Header, Identity, Manifest};
pub use calibration::{Knots, Platt, sigmoid, softmax_with_temperature};
pub use error::{InferenceError, InputError, LoadError, PolicyFault};
pub use overlay::lay_over;
pub use stage::Stage;
