//! The second step: from tokens to the twelve signals and the risk of each message.

use std::num::NonZeroUsize;

use ndarray::Array2;

use super::manifest::Calibration;
use super::{GroomingManifest, Signal, Tokens, WordCount};
use crate::onnx::{Element, Input, OnnxModel, Signature, TensorSpec};
use crate::{Bundle, InferenceError, LoadError, Stage};

const SIGNATURE: Signature = Signature {
    inputs: &[
        TensorSpec { name: "input_ids", element: Element::I64, rank: 2 },
        TensorSpec { name: "attention_mask", element: Element::I64, rank: 2 },
        TensorSpec { name: "token_type_ids", element: Element::I64, rank: 2 },
    ],
    outputs: &[TensorSpec { name: "logits", element: Element::F32, rank: 2 }],
};

/// One logit a signal, then the risk's.
const OUTPUTS: usize = Signal::ALL.len() + 1;

/// Messages are run together as long as padding makes up at most this share of the tokens: beyond it, computing on
/// padding costs more than a second run.
const MAX_PADDING: f32 = 0.15;

/// What one message shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MessageScore {
    /// Calibrated probability that the message belongs to the pattern, 0 to 1.
    pub risk: f32,
    /// Calibrated probability of each signal, in the order of [`Signal::ALL`], 0 to 1.
    pub signals: [f32; 12],
    /// Handed on from [`Tokens::words`], for the conversation's abstention.
    pub words: WordCount,
}

/// The message model. Owns its ONNX session: one for each worker thread.
#[derive(Debug)]
pub struct MessageScorer {
    model: OnnxModel,
    calibration: Calibration,
}

impl MessageScorer {
    /// Opens the bundle's `model.onnx`, to compute on `threads` threads, and warms it up.
    ///
    /// # Errors
    /// [`LoadError`] when the runtime or the model cannot be opened or does not fit.
    pub fn open(bundle: &Bundle<GroomingManifest>, threads: NonZeroUsize) -> Result<Self, LoadError> {
        let model = OnnxModel::open(&bundle.file("model.onnx")?, SIGNATURE, threads)?;
        let mut scorer = Self { model, calibration: bundle.manifest.calibration };
        let warmed = scorer.score(&[&Tokens::blank(bundle.manifest.text.max_tokens)]);
        warmed.map_err(|source| LoadError::Blank { path: bundle.manifest_path(), source })?;
        Ok(scorer)
    }

    /// Scores messages of like lengths, padded to the longest.
    fn score(&mut self, batch: &[&Tokens]) -> Result<Vec<MessageScore>, InferenceError> {
        let longest = batch.iter().map(|tokens| tokens.len()).max().unwrap_or(0);
        let shape = (batch.len(), longest);
        let (mut ids, mut mask, mut types) =
            (Array2::zeros(shape), Array2::zeros(shape), Array2::zeros(shape));
        for (row, tokens) in batch.iter().enumerate() {
            for (column, (&id, &kind)) in tokens.ids.iter().zip(&tokens.types).enumerate() {
                ids[[row, column]] = id;
                types[[row, column]] = kind;
                mask[[row, column]] = 1;
            }
        }
        let inputs = [&ids, &mask, &types].map(|array| Input::I64(array.view().into_dyn()));
        let outputs = self.model.run(inputs.into())?;
        let expected = batch.len() * OUTPUTS;
        let logits: Vec<f32> = outputs.into_iter().flatten().collect();
        if logits.len() != expected {
            return Err(InferenceError::Rows { expected, found: logits.len() });
        }
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(InferenceError::NotFinite);
        }
        Ok(logits.chunks_exact(OUTPUTS).zip(batch).map(|(row, tokens)| self.calibrate(row, tokens)).collect())
    }

    fn calibrate(&self, logits: &[f32], tokens: &Tokens) -> MessageScore {
        let signals =
            Signal::ALL.map(|signal| self.calibration.signals[signal].probability(logits[signal as usize]));
        let risk = self.calibration.risk.probability(logits[OUTPUTS - 1]);
        MessageScore { risk, signals, words: tokens.words }
    }
}

impl Stage for MessageScorer {
    type Input = Tokens;
    type Output = MessageScore;

    fn run(&mut self, batch: Vec<Tokens>) -> Result<Vec<MessageScore>, InferenceError> {
        let mut order: Vec<usize> = (0..batch.len()).collect();
        order.sort_by_key(|&index| batch[index].len());
        let mut scores = vec![None; batch.len()];
        for group in like_lengths(&order, &batch) {
            let tokens: Vec<&Tokens> = group.iter().map(|&index| &batch[index]).collect();
            for (&index, score) in group.iter().zip(self.score(&tokens)?) {
                scores[index] = Some(score);
            }
        }
        // Every index is in exactly one group.
        Ok(scores.into_iter().flatten().collect())
    }
}

/// Cuts messages sorted by length into groups with little padding each.
fn like_lengths<'a>(order: &'a [usize], batch: &'a [Tokens]) -> Vec<&'a [usize]> {
    let mut groups = Vec::new();
    let (mut start, mut filled) = (0, 0);
    for (end, &index) in order.iter().enumerate() {
        let length = batch[index].len();
        let padded = (end - start + 1) * length;
        if (padded - filled - length) as f32 > MAX_PADDING * padded as f32 {
            groups.push(&order[start..end]);
            (start, filled) = (end, 0);
        }
        filled += length;
    }
    if start < order.len() {
        groups.push(&order[start..]);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::{MessageInput, Prepare, TextLimits};
    use super::*;

    fn of_length(length: usize) -> Tokens {
        Tokens { ids: vec![1; length], types: vec![0; length], truncated: false, words: WordCount::default() }
    }

    #[test]
    fn short_messages_are_not_padded_to_a_long_one() {
        let batch: Vec<Tokens> = [10, 10, 11, 90, 96].map(of_length).into();
        let order: Vec<usize> = (0..batch.len()).collect();
        assert_eq!(like_lengths(&order, &batch), vec![&[0, 1, 2][..], &[3, 4][..]]);
    }

    /// Runs the model itself on lengths that the stage would keep apart: here padding is most of the batch.
    #[test]
    fn padding_changes_no_score() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/bundles/grooming");
        let bundle = Bundle::open(folder.as_ref()).unwrap();
        let mut prepare = Prepare::open(&bundle, TextLimits { max_text_bytes: 1000 }).unwrap();
        let mut scorer = MessageScorer::open(&bundle, NonZeroUsize::MIN).unwrap();
        let long = "we talked about the castle and the bridge and the river ".repeat(8);
        let texts = ["how old are you?", "ok", &long];
        let input = |text: &str| MessageInput { author: "a".into(), text: text.into(), context: Vec::new() };
        let prepared = prepare.run(texts.map(input).into()).unwrap();
        let tokens: Vec<Tokens> = prepared.into_iter().map(Result::unwrap).collect();
        assert!(tokens[2].len() > 5 * tokens[0].len(), "there must be padding");
        let together = scorer.score(&tokens.iter().collect::<Vec<_>>()).unwrap();
        for (tokens, padded) in tokens.iter().zip(together) {
            let alone = scorer.score(&[tokens]).unwrap()[0];
            assert!((alone.risk - padded.risk).abs() <= 1e-4);
            for (alone, padded) in alone.signals.iter().zip(padded.signals) {
                assert!((alone - padded).abs() <= 1e-4, "{alone} alone is {padded} with padding");
            }
        }
    }

    #[test]
    fn no_message_makes_no_group() {
        assert!(like_lengths(&[], &[]).is_empty());
    }
}
