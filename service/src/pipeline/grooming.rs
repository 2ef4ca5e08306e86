//! Chat messages in, signals and risks out.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use models::grooming::{
    self, GroomingManifest, IndexSlot, MessageInput, MessageScore, MessageScorer, Prepare, RiskModel,
    TextLimits, Tokens,
};
use models::{Bundle, Identity, InferenceError, InputError, Stage as _};

use super::steps;
use crate::batcher::{Batcher, Expectation, Line, Prepared, Request, Rules, Steps, Terms, Timings};
use crate::config::{self, cores, workers};
use crate::index::IndexFolder;
use crate::metrics::BatcherMeter;
use crate::{Error, StartError};

const MODEL: &str = "grooming";

/// The model reads no more of a message, and of an earlier turn, than a few dozen tokens.
const MAX_BYTES: usize = 512;
const MAX_CONTEXT_BYTES: usize = 64;

/// Before anything was measured, as on one core of a common machine: sizes are bytes of text, weights tokens.
const EXPECTATION: Expectation = Expectation {
    prepare: Line { base: 10e-6, slope: 0.1e-6 },
    weight: Line { base: 3.0, slope: 0.25 },
    run: Line { base: 1.8e-3, slope: 0.24e-3 },
};

/// From chat messages to the score of each; and the risk model that turns scores into a conversation's risk.
pub struct GroomingPipeline {
    batcher: Batcher<Scoring>,
    bundle: Arc<Bundle<GroomingManifest>>,
    risk_model: RiskModel,
    index: IndexSlot,
    index_folder: Option<IndexFolder>,
}

/// Both steps of a message.
struct Scoring {
    prepare: Prepare,
    scorer: MessageScorer,
}

impl Steps for Scoring {
    type Input = MessageInput;
    type Ready = Tokens;
    type Output = Result<ScoredMessage, InputError>;

    fn prepare(&mut self, input: MessageInput) -> Result<Prepared<Tokens, Self::Output>, InferenceError> {
        let prepared = self.prepare.run(vec![input])?.pop();
        Ok(match prepared.ok_or(InferenceError::Rows { expected: 1, found: 0 })? {
            Ok(grooming::Prepared::Tokens(item)) => Prepared::Ready { weight: item.len(), item },
            Ok(grooming::Prepared::ScreenedOut(score)) => {
                Prepared::Finished(Ok(ScoredMessage { score, truncated: false, screened_out: true }))
            }
            Err(refusal) => Prepared::Finished(Err(refusal)),
        })
    }

    fn run(&mut self, batch: Vec<Tokens>) -> Result<Vec<Self::Output>, InferenceError> {
        let truncated: Vec<bool> = batch.iter().map(|tokens| tokens.truncated).collect();
        let scores = self.scorer.run(batch)?.into_iter().zip(truncated);
        let scored = |(score, truncated)| Ok(ScoredMessage { score, truncated, screened_out: false });
        Ok(scores.map(scored).collect())
    }
}

/// Each message's score or refusal, in order.
#[derive(Debug)]
pub struct ScoredMessages {
    /// A refused message costs its neighbours nothing.
    pub results: Vec<Result<ScoredMessage, InputError>>,
    /// Where the time went.
    pub timings: Timings,
}

/// One message's score.
#[derive(Debug, Clone)]
pub struct ScoredMessage {
    /// Risk and signals.
    pub score: MessageScore,
    /// Whether the text was longer than the model reads.
    pub truncated: bool,
    /// Whether the first stage of the cascade found nothing, so that the model did not read it.
    pub screened_out: bool,
}

impl GroomingPipeline {
    /// Opens the bundle and starts the workers.
    ///
    /// # Errors
    /// [`StartError`] when the bundle cannot be used or the system gives no threads.
    pub fn start(config: &config::Grooming, server: &config::Server) -> Result<Self, StartError> {
        let bundle = Arc::new(Bundle::<GroomingManifest>::open(&config.bundle)?);
        let index = IndexSlot::default();
        let folder = |path: PathBuf| IndexFolder::open(path, Arc::clone(&bundle), index.clone());
        let index_folder = config.index.clone().map(folder).transpose()?;
        let limits = TextLimits { max_text_bytes: config.max_text_bytes.get() };
        let workers = workers(config.workers, cores());
        // One thread each: together no more than the cores that the process may use, unless configured otherwise.
        let steps = steps(workers, || {
            let scorer = MessageScorer::open(&bundle, NonZeroUsize::MIN, index.clone())?;
            let prepare = Prepare::open(&bundle, limits, config.screening())?;
            Ok::<_, StartError>(Scoring { prepare, scorer })
        })?;
        tracing::info!(model = MODEL, workers, threads_each = 1, cores = cores(), "workers");
        let rules = Rules {
            workers,
            capacity: config.capacity,
            max_wait: server.max_wait(),
            full_batch: MessageScorer::RUN_TOKENS,
            expectation: EXPECTATION,
        };
        Ok(Self {
            batcher: Batcher::start(MODEL, steps, rules, BatcherMeter::new(MODEL))?,
            risk_model: RiskModel::new(&bundle.manifest),
            bundle,
            index,
            index_folder,
        })
    }

    /// Resolves once no request is in the pipeline.
    pub(crate) async fn idle(&self) {
        self.batcher.idle().await;
    }

    /// Which model answers.
    pub fn identity(&self) -> &Identity {
        self.bundle.identity()
    }

    /// Where the platform's own examples come from, if there are some.
    pub(crate) fn index_folder(&self) -> Option<IndexFolder> {
        self.index_folder.clone()
    }

    /// sha256 of the manifest of the index in use; empty without one.
    pub(crate) fn index_sha256(&self) -> String {
        self.index.get().identity().map(|identity| identity.sha256.clone()).unwrap_or_default()
    }

    /// What turns the scores of a conversation's messages into its risk.
    pub fn risk_model(&self) -> &RiskModel {
        &self.risk_model
    }

    /// What the model says of itself: how much context it reads, when a signal counts as fired.
    pub fn manifest(&self) -> &GroomingManifest {
        &self.bundle.manifest
    }

    /// Scores messages, each on its own; they share batches with those of other requests. Admitted or refused as a
    /// whole.
    ///
    /// # Errors
    /// When there is no answer for the request as a whole.
    pub async fn score(&self, messages: Vec<MessageInput>, terms: Terms) -> Result<ScoredMessages, Error> {
        let items = messages.into_iter().map(|message| (self.size(&message), message));
        let items = items.map(|(size, message)| (message, size)).collect();
        let done = self.batcher.answer(Request { items, terms }).await?;
        Ok(ScoredMessages { results: done.outputs, timings: done.timings })
    }

    /// Bytes that the model reads, roughly: a tokenizer on the way in would cost more than it tells.
    fn size(&self, message: &MessageInput) -> usize {
        let unread = message.context.len().saturating_sub(self.manifest().context_turns());
        let context = message.context[unread..].iter().map(|turn| turn.text.len().min(MAX_CONTEXT_BYTES));
        message.text.len().min(MAX_BYTES) + context.sum::<usize>()
    }
}
