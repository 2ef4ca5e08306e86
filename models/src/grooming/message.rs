//! The second step: from tokens to the twelve signals and the risk of each message.

use std::num::NonZeroUsize;

use ndarray::Array1;

use super::manifest::Calibration;
use super::{GroomingManifest, Signal, Tokens, WordCount};
use crate::onnx::{Element, Input, OnnxModel, Signature, TensorSpec};
use crate::{Bundle, InferenceError, LoadError, Stage};

/// The tokens of some messages, laid end to end; each token knows its place in its message, and which that is. A token
/// attends to those of its own message alone. `models/training/grooming/export.py` writes such a model.
const SIGNATURE: Signature = Signature {
    inputs: &[
        TensorSpec { name: "input_ids", element: Element::I64, rank: 1 },
        TensorSpec { name: "token_type_ids", element: Element::I64, rank: 1 },
        TensorSpec { name: "position_ids", element: Element::I64, rank: 1 },
        TensorSpec { name: "message_ids", element: Element::I64, rank: 1 },
    ],
    outputs: &[TensorSpec { name: "logits", element: Element::F32, rank: 2 }],
};

/// One logit a signal, then the risk's.
const OUTPUTS: usize = Signal::ALL.len() + 1;

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
    /// A run of so many tokens is worth its fixed cost: on one core, more gain nothing, and half as many lose a
    /// twentieth.
    pub const RUN_TOKENS: NonZeroUsize = NonZeroUsize::new(128).unwrap();

    /// Opens the bundle's `model.onnx`, to compute on `threads` threads, and warms it up.
    ///
    /// # Errors
    /// [`LoadError`] when the runtime or the model cannot be opened or does not fit.
    pub fn open(bundle: &Bundle<GroomingManifest>, threads: NonZeroUsize) -> Result<Self, LoadError> {
        let model = OnnxModel::open(&bundle.file("model.onnx")?, SIGNATURE, threads)?;
        let mut scorer = Self { model, calibration: bundle.manifest.calibration };
        let warmed = scorer.score(&[Tokens::blank(bundle.manifest.text.max_tokens)]);
        warmed.map_err(|source| LoadError::Blank { path: bundle.manifest_path(), source })?;
        Ok(scorer)
    }

    /// Scores messages in one run. Nothing is padded, whatever their lengths.
    fn score(&mut self, messages: &[Tokens]) -> Result<Vec<MessageScore>, InferenceError> {
        let length = messages.iter().map(Tokens::len).sum();
        let [mut ids, mut types, mut places, mut numbers] = [const { Vec::new() }; 4];
        for list in [&mut ids, &mut types, &mut places, &mut numbers] {
            list.reserve_exact(length);
        }
        for (number, tokens) in (0..).zip(messages) {
            ids.extend_from_slice(&tokens.ids);
            types.extend_from_slice(&tokens.types);
            places.extend((0..).take(tokens.len()));
            numbers.extend(std::iter::repeat_n::<i64>(number, tokens.len()));
        }
        let inputs = [ids, types, places, numbers].map(Array1::from);
        let inputs = inputs.iter().map(|list| Input::I64(list.view().into_dyn())).collect();
        let outputs = self.model.run(inputs)?;
        let expected = messages.len() * OUTPUTS;
        let logits: Vec<f32> = outputs.into_iter().flatten().collect();
        if logits.len() != expected {
            return Err(InferenceError::Rows { expected, found: logits.len() });
        }
        if !logits.iter().all(|logit| logit.is_finite()) {
            return Err(InferenceError::NotFinite);
        }
        Ok(logits
            .chunks_exact(OUTPUTS)
            .zip(messages)
            .map(|(row, tokens)| self.calibrate(row, tokens))
            .collect())
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

    /// In order, in runs of [`MessageScorer::RUN_TOKENS`] at most; a message that is longer runs alone.
    fn run(&mut self, batch: Vec<Tokens>) -> Result<Vec<MessageScore>, InferenceError> {
        let mut scores = Vec::with_capacity(batch.len());
        let mut rest = &batch[..];
        while !rest.is_empty() {
            let (run, after) = rest.split_at(one_run(rest));
            scores.extend(self.score(run)?);
            rest = after;
        }
        Ok(scores)
    }
}

/// How many of the first messages make one run.
fn one_run(messages: &[Tokens]) -> usize {
    let total = |sum: &mut usize, tokens: &Tokens| {
        *sum += tokens.len();
        Some(*sum)
    };
    let totals = messages.iter().scan(0, total);
    totals.take_while(|&total| total <= MessageScorer::RUN_TOKENS.get()).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::super::{MessageInput, Prepare, TextLimits};
    use super::*;

    fn of_length(length: usize) -> Tokens {
        Tokens { ids: vec![1; length], types: vec![0; length], truncated: false, words: WordCount::default() }
    }

    #[test]
    fn a_run_is_as_long_as_it_may_be() {
        let cut = |lengths: &[usize]| one_run(&lengths.iter().copied().map(of_length).collect::<Vec<_>>());
        assert_eq!(cut(&[64, 60, 4, 1]), 3);
        assert_eq!(cut(&[64, 65, 1]), 1, "in order");
        assert_eq!(cut(&[200, 1]), 1, "one that is longer runs alone");
    }

    #[test]
    fn messages_of_any_length_share_a_run_and_change_no_score() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/bundles/grooming");
        let bundle = Bundle::open(folder.as_ref()).unwrap();
        let mut prepare = Prepare::open(&bundle, TextLimits { max_text_bytes: 1000 }).unwrap();
        let mut scorer = MessageScorer::open(&bundle, NonZeroUsize::MIN).unwrap();
        let long = "we talked about the castle and the bridge and the river ".repeat(8);
        let texts = ["how old are you?", "ok", &long];
        let input = |text: &str| MessageInput { author: "a".into(), text: text.into(), context: Vec::new() };
        let prepared = prepare.run(texts.map(input).into()).unwrap();
        let tokens: Vec<Tokens> = prepared.into_iter().map(Result::unwrap).collect();
        assert!(tokens[2].len() > 5 * tokens[0].len());
        let together = scorer.score(&tokens).unwrap();
        for (tokens, shared) in tokens.into_iter().zip(together) {
            let alone = scorer.score(&[tokens]).unwrap()[0];
            assert!((alone.risk - shared.risk).abs() <= 1e-4);
            for (alone, shared) in alone.signals.iter().zip(shared.signals) {
                assert!((alone - shared).abs() <= 1e-4, "{alone} alone is {shared} in company");
            }
        }
    }
}
