//! ONNX Runtime by itself, on one thread: nothing of Ward's between the file and the run.

use std::path::Path;

use models::grooming::Tokens;
use ndarray::{Array1, Array2, ArrayD};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

use crate::project;

#[cfg(target_os = "macos")]
const LIBRARY: &str = ".onnxruntime/libonnxruntime.dylib";
#[cfg(not(target_os = "macos"))]
const LIBRARY: &str = ".onnxruntime/libonnxruntime.so";

/// A text model that scores several messages in a run.
pub(crate) struct TextModel {
    session: Session,
    /// How it takes them.
    pub(crate) layout: Layout,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Tokens of all messages end to end, as Ward's own model.
    EndToEnd,
    /// A row each, padded to the longest, as text models are commonly exported.
    Padded,
}

/// The tensors of one run, ready.
pub(crate) type Tensors = Vec<(&'static str, ArrayD<i64>)>;

impl TextModel {
    pub(crate) fn open(path: &Path) -> Self {
        let environment =
            ort::init_from(project().join(LIBRARY)).unwrap().with_telemetry(false).build().unwrap();
        let builder = Session::builder(&environment).unwrap();
        let builder = builder.with_optimization_level(GraphOptimizationLevel::All).unwrap();
        let builder = builder.with_intra_threads(1).unwrap().with_inter_threads(1).unwrap();
        let session = builder.with_intra_op_spinning(false).unwrap().commit_from_file(path).unwrap();
        let end_to_end = session.inputs().iter().any(|input| input.name() == "message_ids");
        let layout = if end_to_end { Layout::EndToEnd } else { Layout::Padded };
        Self { session, layout }
    }

    pub(crate) fn tensors(&self, messages: &[&Tokens]) -> Tensors {
        match self.layout {
            Layout::EndToEnd => end_to_end(messages),
            Layout::Padded => padded(messages),
        }
    }

    pub(crate) fn run(&mut self, tensors: &Tensors) {
        let inputs: Vec<_> = tensors
            .iter()
            .map(|(name, tensor)| (*name, TensorRef::from_array_view(tensor.view()).unwrap()))
            .collect();
        self.session.run(inputs).unwrap();
    }
}

fn end_to_end(messages: &[&Tokens]) -> Tensors {
    let ids: Vec<i64> = messages.iter().flat_map(|tokens| tokens.ids()).copied().collect();
    let places = messages.iter().flat_map(|tokens| (0..).take(tokens.len())).collect();
    let numbers = (0..).zip(messages).flat_map(|(number, tokens)| std::iter::repeat_n(number, tokens.len()));
    let named = [("input_ids", ids), ("position_ids", places), ("message_ids", numbers.collect())];
    // The messages of the bench have no earlier turns.
    let of_turns = ["turn_kinds", "turn_messages", "piece_ids", "piece_turns"].map(|name| (name, Vec::new()));
    let lists = named.into_iter().chain(of_turns);
    lists.map(|(name, list)| (name, Array1::from(list).into_dyn())).collect()
}

fn padded(messages: &[&Tokens]) -> Tensors {
    let longest = messages.iter().map(|tokens| tokens.len()).max().unwrap();
    let shape = (messages.len(), longest);
    let ids = Array2::from_shape_fn(shape, |(row, place)| *messages[row].ids().get(place).unwrap_or(&0));
    let mask = Array2::from_shape_fn(shape, |(row, place)| i64::from(place < messages[row].len()));
    let named = [("input_ids", ids), ("attention_mask", mask), ("token_type_ids", Array2::zeros(shape))];
    named.map(|(name, tensor)| (name, tensor.into_dyn())).into()
}
