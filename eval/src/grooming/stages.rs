//! The stages of the grooming pipeline as they are served, owned by one thread.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::Result;
use models::grooming::{
    GroomingManifest, IndexSlot, MessageScore, MessageScorer, Prepare, Prepared, RiskModel, Screening,
    TextLimits, Turn, messages_in_context,
};
use models::{Bundle, InputError, Stage};

use super::baselines::{Baselines, Keywords};
use super::cascade::Looked;
use super::walk::{self, Walk};
use super::window;
use crate::dataset::{Chat, Message};
use crate::interrupt;

/// A data set of one's own is trusted with longer messages than a stranger's request; the model reads as much of them.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Messages judged at a time. The stage itself cuts them into runs.
const BATCH: usize = 64;

/// One thread's own stages.
#[derive(Debug)]
pub(crate) struct Stages {
    prepare: Prepare,
    scorer: MessageScorer,
    risk: RiskModel,
    keywords: Keywords,
    context_turns: usize,
}

/// Some conversations, judged.
#[derive(Debug)]
pub(crate) struct Judged {
    /// In the order of the conversations.
    pub(crate) judgements: Vec<Judgement>,
    /// What it took.
    pub(crate) timings: Timings,
}

/// One conversation, judged.
#[derive(Debug, Clone)]
pub(crate) struct Judgement {
    /// What was decided, message by message.
    pub(crate) walk: Walk,
    /// How many messages had been read when the sliding window of eSPD first warned.
    pub(crate) window_alert: Option<usize>,
    /// What simpler scores say.
    pub(crate) baselines: Baselines,
    /// What both stages of the cascade say of each message.
    pub(crate) looked: Looked,
    /// Whether there was an alert with the first stage switched on.
    pub(crate) alert_screened: bool,
}

/// The time that each stage took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timings {
    /// Of the whole block.
    pub(crate) prepare: Timing,
    /// Of each run of the model.
    pub(crate) infer: Vec<Timing>,
    /// Of each conversation, without the sliding window and the baselines, which are not served.
    pub(crate) risk: Vec<Timing>,
}

/// The time that some messages took together.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Timing {
    pub(crate) messages: usize,
    pub(crate) took: Duration,
}

impl Timing {
    fn since(began: Instant, messages: usize) -> Self {
        Self { messages, took: began.elapsed() }
    }
}

impl Stages {
    /// Opens the model to compute on the calling thread alone: conversations are spread over threads instead.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn open(bundle: &Bundle<GroomingManifest>, index: IndexSlot) -> Result<Self> {
        Ok(Self {
            // The model reads all, so that the report can say what the first stage would have lost.
            prepare: Prepare::open(bundle, TextLimits { max_text_bytes: MAX_TEXT_BYTES }, Screening::Off)?,
            scorer: MessageScorer::open(bundle, NonZeroUsize::MIN, index)?,
            risk: RiskModel::new(&bundle.manifest),
            keywords: Keywords::shipped(),
            context_turns: bundle.manifest.context_turns(),
        })
    }

    /// Judges some conversations, each by itself.
    ///
    /// # Errors
    /// When the model fails, which is no fault of a conversation.
    pub(crate) fn judge(&mut self, chats: &[Chat]) -> Result<Judged> {
        let began = Instant::now();
        let inputs: Vec<_> =
            chats.iter().flat_map(|chat| messages_in_context(&turns(chat), self.context_turns)).collect();
        let messages = inputs.len();
        let prepared = self.prepare.run(inputs)?;
        let mut timings = Timings { prepare: Timing::since(began, messages), ..Timings::default() };
        let mut passed = prepared.iter().map(passes_screen).collect::<Vec<_>>().into_iter();
        let mut scores = self.score(prepared, &mut timings)?.into_iter();
        let mut judgement = |chat: &Chat| {
            let messages = chat.messages.len();
            let (scores, passed) = (scores.by_ref().take(messages), passed.by_ref().take(messages));
            let looked = Looked { scores: scores.collect(), passed: passed.collect() };
            self.judgement(chat, looked, &mut timings)
        };
        let judgements = chats.iter().map(&mut judgement).collect();
        Ok(Judged { judgements, timings })
    }

    fn judgement(&self, chat: &Chat, looked: Looked, timings: &mut Timings) -> Judgement {
        let began = Instant::now();
        let observed = walk::observations(chat, &looked.scores);
        let walk = Walk::of(&self.risk, &observed);
        timings.risk.push(Timing::since(began, observed.len()));
        Judgement {
            window_alert: window::first_alert(&self.risk, &observed, &walk.steps),
            baselines: Baselines::of(&self.keywords, chat, &looked.scores),
            alert_screened: self.alert_screened(chat, &looked, &walk),
            walk,
            looked,
        }
    }

    /// Whether there is an alert when the messages that did not pass have the score of nothing.
    fn alert_screened(&self, chat: &Chat, looked: &Looked, walk: &Walk) -> bool {
        if looked.passed.iter().all(|&passed| passed) {
            return walk.first_alert.is_some();
        }
        let observed = walk::observations(chat, &looked.screened());
        Walk::of(&self.risk, &observed).first_alert.is_some()
    }

    /// The score of each message, in order; None for a refused one.
    fn score(
        &mut self,
        prepared: Vec<Result<Prepared, InputError>>,
        timings: &mut Timings,
    ) -> Result<Vec<Option<MessageScore>>> {
        let mut scores = vec![None; prepared.len()];
        let accepted = prepared
            .into_iter()
            .enumerate()
            .filter_map(|(place, prepared)| Some((place, prepared.ok()?.tokens()?)));
        let mut waiting = accepted.peekable();
        while waiting.peek().is_some() {
            // A block of long chats takes seconds.
            interrupt::check()?;
            let began = Instant::now();
            let (places, batch): (Vec<_>, Vec<_>) = waiting.by_ref().take(BATCH).unzip();
            let found = self.scorer.run(batch)?;
            timings.infer.push(Timing::since(began, found.len()));
            places.into_iter().zip(found).for_each(|(place, score)| scores[place] = Some(score));
        }
        Ok(scores)
    }
}

/// What cannot be scored does not pass either.
fn passes_screen(prepared: &Result<Prepared, InputError>) -> bool {
    matches!(prepared, Ok(Prepared::Tokens(tokens)) if tokens.passes_screen)
}

fn turns(chat: &Chat) -> Vec<Turn> {
    let turn = |message: &Message| Turn { author: message.author.clone(), text: message.text.clone() };
    chat.messages.iter().map(turn).collect()
}
