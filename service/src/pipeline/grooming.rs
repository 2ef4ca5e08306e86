//! Chat messages in, signals and risks out.

use std::num::NonZeroUsize;
use std::time::Instant;

use futures_util::future::try_join_all;
use models::grooming::{
    GroomingManifest, MessageInput, MessageScore, MessageScorer, Prepare, RiskModel, TextLimits,
};
use models::{Bundle, Identity, InputError};

use super::{Door, Timings, stages};
use crate::batcher::{BatchLimits, Batcher, Work};
use crate::config::{self, cores, workers};
use crate::metrics::{Phase, StageMeter};
use crate::{Error, StartError};

const MODEL: &str = "grooming";

/// From chat messages to the score of each; and the risk model that turns scores into a conversation's risk.
pub struct GroomingPipeline {
    door: Door,
    prepare: Batcher<Prepare>,
    infer: Batcher<MessageScorer>,
    identity: Identity,
    manifest: GroomingManifest,
    risk_model: RiskModel,
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
}

impl GroomingPipeline {
    /// Opens the bundle and starts the workers.
    ///
    /// # Errors
    /// [`StartError`] when the bundle cannot be used or the system gives no threads.
    pub fn start(config: &config::Grooming) -> Result<Self, StartError> {
        let bundle = Bundle::<GroomingManifest>::open(&config.bundle)?;
        let limits = TextLimits { max_text_bytes: config.max_text_bytes.get() };
        let one = NonZeroUsize::MIN;
        let prepare = stages(workers(config.prepare_workers, one), || Prepare::open(&bundle, limits))?;
        let infer = stages(workers(config.infer_workers, cores()), || MessageScorer::open(&bundle, one))?;
        // One thread each: together no more than the cores that the process may use, unless configured otherwise.
        tracing::info!(
            model = MODEL,
            prepare_workers = prepare.len(),
            infer_workers = infer.len(),
            "workers"
        );
        let few = BatchLimits { max_jobs: config.max_batch_messages, max_weight: NonZeroUsize::MAX };
        let shared = BatchLimits { max_jobs: config.max_batch_messages, max_weight: config.max_batch_tokens };
        Ok(Self {
            door: Door::new(MODEL, config.capacity),
            prepare: Batcher::start("grooming-prep", prepare, few, StageMeter::new(MODEL, Phase::Prepare))?,
            infer: Batcher::start("grooming-infer", infer, shared, StageMeter::new(MODEL, Phase::Infer))?,
            identity: bundle.identity().clone(),
            risk_model: RiskModel::new(&bundle.manifest),
            manifest: bundle.manifest,
        })
    }

    /// Resolves once no request is in the pipeline.
    pub(crate) async fn idle(&self) {
        self.door.idle().await;
    }

    /// Which model answers.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What turns the scores of a conversation's messages into its risk.
    pub fn risk_model(&self) -> &RiskModel {
        &self.risk_model
    }

    /// What the model says of itself: how much context it reads, when a signal counts as fired.
    pub fn manifest(&self) -> &GroomingManifest {
        &self.manifest
    }

    /// Scores messages, each on its own; they share batches with those of other requests.
    ///
    /// # Errors
    /// When there is no answer for the request as a whole.
    pub async fn score(
        &self,
        messages: Vec<MessageInput>,
        deadline: Instant,
    ) -> Result<ScoredMessages, Error> {
        let _admission = self.door.enter(messages.len())?;
        let scores = messages.into_iter().map(|message| self.score_one(message, deadline));
        let (results, timings): (Vec<_>, Vec<_>) = try_join_all(scores).await?.into_iter().unzip();
        Ok(ScoredMessages {
            results,
            timings: timings.into_iter().fold(Timings::default(), Timings::or_slower),
        })
    }

    async fn score_one(
        &self,
        message: MessageInput,
        deadline: Instant,
    ) -> Result<(Result<ScoredMessage, InputError>, Timings), Error> {
        let prepared = self.prepare.run(Work { input: message, weight: 1, deadline }).await?;
        let timings = Timings::prepared(&prepared);
        let tokens = match prepared.output {
            Ok(tokens) => tokens,
            Err(refusal) => return Ok((Err(refusal), timings)),
        };
        let (weight, truncated) = (tokens.len(), tokens.truncated);
        let done = self.infer.run(Work { input: tokens, weight, deadline }).await?;
        let timings = timings.inferred(&done);
        Ok((Ok(ScoredMessage { score: done.output, truncated }), timings))
    }
}
