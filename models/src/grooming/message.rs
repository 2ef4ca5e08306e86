//! The second step: from tokens to the twelve signals and the risk of each message.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use ndarray::{Array1, Array2, ArrayD, Axis, IxDyn};

use super::manifest::{Calibration, IndexSettings};
use super::{GroomingManifest, IndexSlot, Meanings, PerSignal, Signal, Span, Tokens, WordCount};
use crate::onnx::{Element, Input, OnnxModel, Signature, TensorSpec};
use crate::{Bundle, InferenceError, LoadError, Platt, Stage};

/// The tokens of some messages, laid end to end, then the turns before them, then the pieces of those turns. A token attends
/// to those of its own message alone. `models/training/grooming/export.py` writes such a model.
const INPUTS: [TensorSpec; 7] = [
    TensorSpec { name: Cow::Borrowed("input_ids"), element: Element::I64, rank: 1 },
    TensorSpec { name: Cow::Borrowed("position_ids"), element: Element::I64, rank: 1 },
    TensorSpec { name: Cow::Borrowed("message_ids"), element: Element::I64, rank: 1 },
    TensorSpec { name: Cow::Borrowed("turn_kinds"), element: Element::I64, rank: 1 },
    TensorSpec { name: Cow::Borrowed("turn_messages"), element: Element::I64, rank: 1 },
    TensorSpec { name: Cow::Borrowed("piece_ids"), element: Element::I64, rank: 1 },
    TensorSpec { name: Cow::Borrowed("piece_turns"), element: Element::I64, rank: 1 },
];

const SIGNATURE: Signature = Signature {
    inputs: Cow::Borrowed(&INPUTS),
    outputs: Cow::Borrowed(&[
        TensorSpec { name: Cow::Borrowed("logits"), element: Element::F32, rank: 2 },
        TensorSpec { name: Cow::Borrowed("token_logits"), element: Element::F32, rank: 2 },
        TensorSpec { name: Cow::Borrowed("meanings"), element: Element::F32, rank: 2 },
    ]),
};

/// One logit a signal, then the risk's.
const OUTPUTS: usize = Signal::ALL.len() + 1;

/// The logits of one message or of one token.
type Row = [f32; OUTPUTS];

/// What one message shows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MessageScore {
    /// Calibrated probability that the message belongs to the pattern, 0 to 1.
    pub risk: f32,
    /// Calibrated probability of each signal, in the order of [`Signal::ALL`], 0 to 1.
    pub signals: [f32; 12],
    /// The words that speak most for each signal; empty where it is below its threshold.
    pub spans: [Span; 12],
    /// Handed on from [`Tokens::words`], for the conversation's abstention.
    pub words: WordCount,
}

/// The message model. Owns its ONNX session: one for each worker thread.
#[derive(Debug)]
pub struct MessageScorer {
    model: OnnxModel,
    calibration: Calibration,
    thresholds: PerSignal<f32>,
    index: IndexSlot,
    index_settings: IndexSettings,
}

/// What the model says of the messages of one run.
struct Outputs {
    /// One row a message.
    logits: Vec<Row>,
    /// One row a token of the messages.
    token_logits: Vec<Row>,
    /// `[messages, width]`, of length 1 each.
    meanings: Array2<f32>,
}

/// What goes into one run, in the order of the signature.
#[derive(Debug, Default)]
struct Lists([Vec<i64>; INPUTS.len()]);

impl MessageScorer {
    /// A run of so many tokens is worth its fixed cost: on one core, more gain nothing (docs/performance.md).
    pub const RUN_TOKENS: NonZeroUsize = NonZeroUsize::new(128).unwrap();

    /// Opens the bundle's `model.onnx`, to compute on `threads` threads, and warms it up. The examples in `index` raise the
    /// risk of what is like them.
    ///
    /// # Errors
    /// [`LoadError`] when the runtime or the model cannot be opened or does not fit.
    pub fn open(
        bundle: &Bundle<GroomingManifest>,
        threads: NonZeroUsize,
        index: IndexSlot,
    ) -> Result<Self, LoadError> {
        let model = OnnxModel::open(&bundle.file("model.onnx")?, SIGNATURE, threads)?;
        let GroomingManifest { calibration, thresholds, index: index_settings, .. } = bundle.manifest;
        let mut scorer = Self { model, calibration, thresholds, index, index_settings };
        let warmed = scorer.score(&[Tokens::blank(bundle.manifest.text.max_tokens)]);
        warmed.map_err(|source| LoadError::Blank { path: bundle.manifest_path(), source })?;
        Ok(scorer)
    }

    /// What each message means, for an [`super::Index`].
    ///
    /// # Errors
    /// [`InferenceError`] when the model fails.
    pub fn meanings(&mut self, messages: &[Tokens]) -> Result<Meanings, InferenceError> {
        let (mut meanings, mut rest) = (Meanings::default(), messages);
        while !rest.is_empty() {
            let (run, after) = rest.split_at(one_run(rest));
            meanings.extend(Meanings::from(self.run_model(run)?.meanings));
            rest = after;
        }
        Ok(meanings)
    }

    /// Scores messages in one run. Nothing is padded, whatever their lengths.
    fn score(&mut self, messages: &[Tokens]) -> Result<Vec<MessageScore>, InferenceError> {
        let outputs = self.run_model(messages)?;
        let lifts = self.index.get().lifts(&outputs.meanings.view(), self.index_settings);
        let lifts = lifts.unwrap_or_else(|| vec![0.0; messages.len()]);
        let mut of_message = outputs.token_logits.as_slice();
        let mut scores = Vec::with_capacity(messages.len());
        for ((logits, message), lift) in outputs.logits.iter().zip(messages).zip(lifts) {
            let (own, rest) = of_message.split_at(message.ids.len());
            of_message = rest;
            scores
                .push(MessageScore { risk: self.risk(logits, lift), ..self.calibrate(logits, own, message) });
        }
        Ok(scores)
    }

    fn run_model(&mut self, messages: &[Tokens]) -> Result<Outputs, InferenceError> {
        let lists = Lists::of(messages).0.map(Array1::from);
        let inputs = lists.iter().map(|list| Input::I64(list.view().into_dyn())).collect();
        let mut outputs = self.model.run(inputs)?.into_iter();
        let mut next = || outputs.next().unwrap_or_else(|| ArrayD::zeros(IxDyn(&[0, 0])));
        let (logits, token_logits, meanings) = (rows(next()), rows(next()), next());
        check(&logits, messages.len())?;
        check(&token_logits, messages.iter().map(|message| message.ids.len()).sum())?;
        let found = meanings.len_of(Axis(0));
        let wrong = InferenceError::Rows { expected: messages.len(), found };
        let meanings =
            meanings.into_dimensionality().ok().filter(|_| found == messages.len()).ok_or(wrong)?;
        Ok(Outputs { logits, token_logits, meanings })
    }

    /// All but the risk.
    fn calibrate(&self, logits: &Row, of_tokens: &[Row], tokens: &Tokens) -> MessageScore {
        let signals =
            Signal::ALL.map(|signal| self.calibration.signals[signal].probability(logits[signal as usize]));
        // The first and the last token are no words.
        let of_words = &of_tokens[1..of_tokens.len() - 1];
        let spans = Signal::ALL.map(|signal| {
            let index = signal as usize;
            if signals[index] < self.thresholds[signal] {
                return Span::default();
            }
            let weights: Vec<f32> = of_words.iter().map(|row| row[index]).collect();
            Span::of_most_weight(&tokens.spans, &weights)
        });
        MessageScore { signals, spans, words: tokens.words, ..MessageScore::default() }
    }

    /// With what the index adds to its log-odds.
    fn risk(&self, logits: &Row, lift: f32) -> f32 {
        let Platt { slope, offset } = self.calibration.risk;
        Platt { slope, offset: offset + lift }.probability(logits[OUTPUTS - 1])
    }
}

impl Lists {
    fn of(messages: &[Tokens]) -> Self {
        let mut lists = Self::default();
        let [ids, places, owners, kinds, turn_owners, pieces, piece_turns] = &mut lists.0;
        for (number, message) in (0..).zip(messages) {
            ids.extend_from_slice(&message.ids);
            places.extend((0..).take(message.ids.len()));
            owners.extend(std::iter::repeat_n::<i64>(number, message.ids.len()));
            for turn in &message.turns {
                pieces.extend_from_slice(&turn.pieces);
                piece_turns.extend(std::iter::repeat_n(kinds.len() as i64, turn.pieces.len()));
                kinds.push(turn.kind);
                turn_owners.push(number);
            }
        }
        lists
    }
}

fn rows(output: ArrayD<f32>) -> Vec<Row> {
    let values: Vec<f32> = output.into_iter().collect();
    values.as_chunks().0.to_vec()
}

fn check(rows: &[Row], expected: usize) -> Result<(), InferenceError> {
    if rows.len() != expected {
        return Err(InferenceError::Rows { expected, found: rows.len() });
    }
    if !rows.iter().flatten().all(|logit| logit.is_finite()) {
        return Err(InferenceError::NotFinite);
    }
    Ok(())
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
    use super::super::{MessageInput, Prepare, Screening, TextLimits};
    use super::*;

    fn of_length(length: usize) -> Tokens {
        Tokens::blank(length)
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
        let mut prepare =
            Prepare::open(&bundle, TextLimits { max_text_bytes: 1000 }, Screening::Off).unwrap();
        let mut scorer = MessageScorer::open(&bundle, NonZeroUsize::MIN, IndexSlot::default()).unwrap();
        let long = "we talked about the castle and the bridge and the river ".repeat(8);
        let texts = ["how old are you?", "ok", &long];
        let input = |text: &str| MessageInput { author: "a".into(), text: text.into(), context: Vec::new() };
        let prepared = prepare.run(texts.map(input).into()).unwrap();
        let tokens: Vec<Tokens> = prepared.into_iter().filter_map(|one| one.unwrap().tokens()).collect();
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
