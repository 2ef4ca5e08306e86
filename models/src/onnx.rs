//! The seam to ONNX Runtime, and the only file that names `ort`'s sessions: open a model, check its signature, run it.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ndarray::{ArrayD, ArrayViewD};
use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef};

use crate::{LoadError, runtime};

/// An input or output that a kind of model must have.
#[derive(Debug, Clone)]
pub(crate) struct TensorSpec {
    pub(crate) name: Cow<'static, str>,
    pub(crate) element: Element,
    /// Number of axes; their sizes are free, the model's kind says what they mean.
    pub(crate) rank: usize,
}

/// The element types in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    I64,
}

/// What a kind of model takes and gives. Outputs are answered in this order.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) inputs: Cow<'static, [TensorSpec]>,
    pub(crate) outputs: Cow<'static, [TensorSpec]>,
}

/// An input tensor, borrowed: no copy is made on the way to the runtime. Must be in standard (row-major) layout.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    F32(ArrayViewD<'a, f32>),
    I64(ArrayViewD<'a, i64>),
}

/// One open model. Not shared between threads: each worker owns its own.
#[derive(Debug)]
pub(crate) struct OnnxModel {
    session: Session,
    signature: Signature,
}

impl OnnxModel {
    /// Opens the model at `path`, to compute on `threads` threads, the caller's own among them.
    ///
    /// # Errors
    /// [`LoadError`] when the runtime or the model cannot be opened, or when its signature differs.
    pub(crate) fn open(path: &Path, signature: Signature, threads: NonZeroUsize) -> Result<Self, LoadError> {
        let environment = environment()?;
        let session = session(&environment, path, threads)
            .map_err(|source| LoadError::Model { path: path.to_path_buf(), source })?;
        check(path, "input", &signature.inputs, session.inputs())?;
        check(path, "output", &signature.outputs, session.outputs())?;
        Ok(Self { session, signature })
    }

    /// Runs the model on `inputs`, given in the signature's order; answers the outputs in the signature's order.
    pub(crate) fn run(&mut self, inputs: Vec<Input<'_>>) -> Result<Vec<ArrayD<f32>>, ort::Error> {
        let named = self.signature.inputs.iter().zip(inputs);
        let values = named
            .map(|(spec, input)| Ok((spec.name.as_ref(), value(input)?)))
            .collect::<Result<Vec<_>, ort::Error>>()?;
        let outputs = self.session.run(values)?;
        let array =
            |spec: &TensorSpec| Ok(outputs[spec.name.as_ref()].try_extract_array::<f32>()?.to_owned());
        self.signature.outputs.iter().map(array).collect()
    }

    /// The sizes of the axes of the signature's input number `index`; `None` where an axis takes any size.
    pub(crate) fn input_shape(&self, index: usize) -> Vec<Option<usize>> {
        let named =
            self.session.inputs().iter().find(|outlet| outlet.name() == self.signature.inputs[index].name);
        let shape = named.and_then(|outlet| outlet.dtype().tensor_shape());
        shape.map_or_else(Vec::new, |shape| shape.iter().map(|size| usize::try_from(*size).ok()).collect())
    }
}

fn value(input: Input<'_>) -> Result<SessionInputValue<'_>, ort::Error> {
    Ok(match input {
        Input::F32(view) => TensorRef::from_array_view(view)?.into(),
        Input::I64(view) => TensorRef::from_array_view(view)?.into(),
    })
}

/// The process's one ONNX Runtime environment, made at the first call.
fn environment() -> Result<Environment, LoadError> {
    static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);
    let mut slot = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = &*slot {
        return Ok(environment.clone());
    }
    let made = load(runtime_library()?)?;
    *slot = Some(made.clone());
    Ok(made)
}

fn runtime_library() -> Result<PathBuf, LoadError> {
    // ONNX Runtime's own variable: it decides how this file works, not how Ward does.
    #[allow(clippy::disallowed_methods)]
    let overriding = std::env::var("ORT_DYLIB_PATH").ok().map(PathBuf::from);
    let searched = runtime::candidates(overriding);
    searched.iter().find(|path| path.exists()).cloned().ok_or(LoadError::RuntimeMissing { searched })
}

fn load(path: PathBuf) -> Result<Environment, LoadError> {
    let unusable = |path: PathBuf, source: Box<dyn std::error::Error + Send + Sync>| {
        LoadError::RuntimeUnusable { path, source }
    };
    let builder = ort::init_from(&path).map_err(|error| unusable(path.clone(), error.to_string().into()))?;
    // Ward makes no outbound call. The pinned library has no telemetry client; a user's own may.
    let builder = builder.with_name("ward").with_telemetry(false);
    builder.build().map_err(|error| unusable(path, error.into()))
}

fn session(environment: &Environment, path: &Path, threads: NonZeroUsize) -> Result<Session, ort::Error> {
    Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads.get())?
        .with_inter_threads(1)?
        // A spinning thread steals the core that the next request needs.
        .with_intra_op_spinning(false)?
        .commit_from_file(path)
}

fn check(path: &Path, side: &'static str, specs: &[TensorSpec], outlets: &[Outlet]) -> Result<(), LoadError> {
    for spec in specs {
        let outlet = outlets.iter().find(|outlet| outlet.name() == spec.name);
        if !outlet.is_some_and(|outlet| fits(spec, outlet)) {
            return Err(LoadError::Signature {
                path: path.to_path_buf(),
                side,
                name: spec.name.clone().into_owned(),
                expected: format!("{:?} of rank {}", spec.element, spec.rank),
                found: outlet
                    .map_or_else(|| "none of that name".to_owned(), |outlet| outlet.dtype().to_string()),
            });
        }
    }
    Ok(())
}

fn fits(spec: &TensorSpec, outlet: &Outlet) -> bool {
    let element = match spec.element {
        Element::F32 => TensorElementType::Float32,
        Element::I64 => TensorElementType::Int64,
    };
    let rank = outlet.dtype().tensor_shape().map(|shape| shape.len());
    outlet.dtype().tensor_type() == Some(element) && rank == Some(spec.rank)
}
