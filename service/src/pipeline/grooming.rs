//! Chat messages in, signals and risks out.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use models::grooming::{
    self, GroomingManifest, Index, IndexSlot, MessageInput, MessageScore, MessageScorer, Prepare, RiskModel,
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
    limits: TextLimits,
    index: IndexSlot,
    index_folder: Option<IndexFolder>,
}

/// Something of a request, with the index that was in use when the request came. Another one may come before its messages
/// are scored, but an answer names only one.
struct Indexed<T> {
    index: Arc<Index>,
    item: T,
}

fn limits(config: &config::Grooming) -> TextLimits {
    TextLimits { max_text_bytes: config.max_text_bytes.get() }
}

/// Both steps of a message.
struct Scoring {
    prepare: Prepare,
    scorer: MessageScorer,
    /// The scorer's own: holds what the messages in work came with.
    index: IndexSlot,
}

impl Scoring {
    fn open(bundle: &Bundle<GroomingManifest>, config: &config::Grooming) -> Result<Self, StartError> {
        let index = IndexSlot::default();
        // One thread each: together no more than the cores that the process may use, unless configured otherwise.
        let scorer = MessageScorer::open(bundle, NonZeroUsize::MIN, index.clone())?;
        Ok(Self { prepare: Prepare::open(bundle, limits(config), config.screening())?, scorer, index })
    }

    fn score(&mut self, batch: Vec<Tokens>) -> Result<Vec<<Self as Steps>::Output>, InferenceError> {
        let truncated: Vec<bool> = batch.iter().map(|tokens| tokens.truncated).collect();
        let scores = self.scorer.run(batch)?.into_iter().zip(truncated);
        let scored = |(score, truncated)| Ok(ScoredMessage { score, truncated, screened_out: false });
        Ok(scores.map(scored).collect())
    }
}

impl Steps for Scoring {
    type Input = Indexed<MessageInput>;
    type Ready = Indexed<Tokens>;
    type Output = Result<ScoredMessage, InputError>;

    fn prepare(
        &mut self,
        Indexed { index, item }: Self::Input,
    ) -> Result<Prepared<Self::Ready, Self::Output>, InferenceError> {
        let prepared = self.prepare.run(vec![item])?.pop();
        Ok(match prepared.ok_or(InferenceError::Rows { expected: 1, found: 0 })? {
            Ok(grooming::Prepared::Tokens(item)) => {
                Prepared::Ready { weight: item.len(), item: Indexed { index, item } }
            }
            Ok(grooming::Prepared::ScreenedOut { score, truncated }) => {
                Prepared::Finished(Ok(ScoredMessage { score, truncated, screened_out: true }))
            }
            Err(refusal) => Prepared::Refused(Err(refusal)),
        })
    }

    /// All at once, but for the moment in which a new index comes.
    fn run(&mut self, batch: Vec<Self::Ready>) -> Result<Vec<Self::Output>, InferenceError> {
        let mut outputs = Vec::with_capacity(batch.len());
        let mut batch = batch.into_iter().peekable();
        while let Some(index) = batch.peek().map(|first| Arc::clone(&first.index)) {
            let with_it = || batch.next_if(|next| Arc::ptr_eq(&next.index, &index));
            let tokens = std::iter::from_fn(with_it).map(|next| next.item).collect();
            self.index.replace(index);
            outputs.extend(self.score(tokens)?);
        }
        Ok(outputs)
    }
}

/// Each message's score or refusal, in order.
#[derive(Debug)]
pub struct ScoredMessages {
    /// A refused message costs its neighbours nothing.
    pub results: Vec<Result<ScoredMessage, InputError>>,
    /// Of the manifest of the index that they were scored with; empty without one.
    pub index_sha256: String,
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
        let workers = workers(config.workers, cores());
        let steps = steps(workers, || Scoring::open(&bundle, config))?;
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
            limits: limits(config),
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

    /// What turns the scores of a conversation's messages into its risk.
    pub fn risk_model(&self) -> &RiskModel {
        &self.risk_model
    }

    /// What the model says of itself: how much context it reads, when a signal counts as fired.
    pub fn manifest(&self) -> &GroomingManifest {
        &self.bundle.manifest
    }

    /// Scores messages, each on its own, all with the index of this moment; they share batches with those of other
    /// requests. Admitted or refused as a whole, but for texts that are too long: they never wait in line.
    ///
    /// # Errors
    /// When there is no answer for the request as a whole.
    pub async fn score(&self, messages: Vec<MessageInput>, terms: Terms) -> Result<ScoredMessages, Error> {
        let index = self.index.get();
        let index_sha256 = index.identity().map(|identity| identity.sha256.clone()).unwrap_or_default();
        let (mut items, mut refusals) = (Vec::new(), Vec::with_capacity(messages.len()));
        for message in messages.into_iter().map(|message| self.as_read(message)) {
            let refusal = self.refusal(&message);
            if refusal.is_none() {
                let size = size(&message);
                items.push((Indexed { index: Arc::clone(&index), item: message }, size));
            }
            refusals.push(refusal);
        }
        let done = self.batcher.answer(Request { items, terms }).await?;
        let mut outputs = done.outputs.into_iter();
        let result = |refusal: Option<InputError>| refusal.map(Err).or_else(|| outputs.next());
        let results = refusals.into_iter().filter_map(result).collect();
        Ok(ScoredMessages { results, index_sha256, timings: done.timings })
    }

    /// Why a text cannot be scored whatever it says, if so.
    pub(crate) fn too_long(&self, text: &str) -> Option<InputError> {
        let limit = self.limits.max_text_bytes;
        (text.len() > limit).then_some(InputError::TextTooLong { bytes: text.len(), limit })
    }

    fn refusal(&self, message: &MessageInput) -> Option<InputError> {
        let turns = message.context.iter().map(|turn| &turn.text);
        std::iter::once(&message.text).chain(turns).find_map(|text| self.too_long(text))
    }

    /// Without the turns that the model does not read: a caller may send any number, and all would be held in line.
    fn as_read(&self, mut message: MessageInput) -> MessageInput {
        let unread = message.context.len().saturating_sub(self.manifest().context_turns());
        message.context = message.context.split_off(unread);
        message
    }
}

/// Bytes that the model reads, roughly: a tokenizer on the way in would cost more than it tells.
fn size(message: &MessageInput) -> usize {
    let context = message.context.iter().map(|turn| turn.text.len().min(MAX_CONTEXT_BYTES));
    message.text.len().min(MAX_BYTES) + context.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::{Duration, Instant};

    use models::grooming::{Meanings, Turn};

    use super::*;
    use crate::Config;
    use crate::batcher::Priority;

    fn config() -> Config {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../ward.toml");
        let mut config = Config::load(Some(Path::new(file))).expect("the shipped file is valid");
        config.grooming.workers = 1;
        config.server.max_wait_ms = 120_000.try_into().expect("not 0");
        config
    }

    fn message() -> MessageInput {
        let text = "the blue door is open for you tonight".to_owned();
        MessageInput { author: "a".to_owned(), text, context: Vec::new() }
    }

    fn tokens(scoring: &mut Scoring) -> Tokens {
        let prepared = scoring.prepare.run(vec![message()]).expect("prepared").remove(0);
        prepared.expect("no refusal").tokens().expect("not screened out")
    }

    /// One whose only example is the message.
    fn index(scoring: &mut Scoring) -> Index {
        let tokens = tokens(scoring);
        Index::new(scoring.scorer.meanings(&[tokens]).expect("meanings"), Meanings::default())
    }

    fn scoring(bundle: &Bundle<GroomingManifest>) -> Scoring {
        Scoring::open(bundle, &config().grooming).expect("both steps")
    }

    fn risk(result: &Result<ScoredMessage, InputError>) -> f32 {
        result.as_ref().expect("a score").score.risk
    }

    #[test]
    fn each_message_of_a_batch_is_scored_with_the_index_that_it_came_with() {
        let bundle = Bundle::open(&config().grooming.bundle).expect("the shipped bundle");
        let mut scoring = scoring(&bundle);
        let (full, empty) = (Arc::new(index(&mut scoring)), Arc::new(Index::empty()));
        let came_with = [&full, &empty, &empty, &full];
        let batch = came_with.map(|index| Indexed { index: Arc::clone(index), item: tokens(&mut scoring) });
        let risks: Vec<f32> = scoring.run(batch.into()).expect("scores").iter().map(risk).collect();
        assert!(risks[0] > risks[1] + 0.01, "{risks:?}");
        assert!((risks[0] - risks[3]).abs() < 1e-4 && (risks[1] - risks[2]).abs() < 1e-4, "{risks:?}");
    }

    #[tokio::test]
    async fn an_answer_names_the_index_that_it_was_scored_with() {
        let (config, folder) = (config(), tempfile::tempdir().expect("a folder"));
        let bundle = Bundle::open(&config.grooming.bundle).expect("the shipped bundle");
        index(&mut scoring(&bundle)).write(folder.path(), &bundle).expect("written");
        let grooming = config::Grooming { index: Some(folder.path().to_path_buf()), ..config.grooming };
        let pipeline = GroomingPipeline::start(&grooming, &config.server).expect("a pipeline");
        let terms =
            || Terms { priority: Priority::Interactive, deadline: Instant::now() + Duration::from_secs(120) };
        // The index goes as soon as the request has come.
        let gone = async { pipeline.index.replace(Index::empty()) };
        let (with, ()) = tokio::join!(biased; pipeline.score(vec![message()], terms()), gone);
        let without = pipeline.score(vec![message()], terms()).await.expect("an answer");
        let with = with.expect("an answer");
        assert_eq!((with.index_sha256.len(), without.index_sha256.len()), (64, 0));
        assert!(risk(&with.results[0]) > risk(&without.results[0]) + 0.01);
    }

    fn turns(texts: &[&str]) -> Vec<Turn> {
        texts.iter().map(|&text| Turn { author: "a".to_owned(), text: text.to_owned() }).collect()
    }

    #[tokio::test]
    async fn what_the_model_never_reads_does_not_wait_in_line() {
        let mut config = config();
        config.grooming.capacity = NonZeroUsize::MIN;
        config.grooming.max_text_bytes = 64.try_into().expect("not 0");
        let pipeline = GroomingPipeline::start(&config.grooming, &config.server).expect("a pipeline");
        let (long, most) = ("x".repeat(65), pipeline.manifest().context_turns());
        let with = |context| MessageInput { context, ..message() };
        let many = turns(&[long.as_str(), "one", "two", "three", "four", "five", "six", "seven"]);
        assert_eq!(pipeline.as_read(with(many.clone())).context, many[many.len() - most..]);

        let too_long = MessageInput { text: long.clone(), ..message() };
        let messages = vec![too_long, with(turns(&["one", &long])), with(many)];
        let terms =
            Terms { priority: Priority::Interactive, deadline: Instant::now() + Duration::from_secs(120) };
        let scored = pipeline.score(messages, terms).await.expect("there is room for one");
        let refusal = Some(InputError::TextTooLong { bytes: 65, limit: 64 });
        let refusals: Vec<_> = scored.results.into_iter().map(Result::err).collect();
        assert_eq!(refusals, [refusal.clone(), refusal, None]);
    }
}
