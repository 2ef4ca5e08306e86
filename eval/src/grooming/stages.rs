//! The stages of the grooming pipeline as they are served, owned by one thread.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use anyhow::Result;
use models::grooming::{
    GroomingManifest, MessageScore, MessageScorer, Observation, Prepare, RiskModel, TextLimits, Tokens, Turn,
    messages_in_context,
};
use models::{Bundle, InferenceError, InputError, Stage};

use super::sample::Sample;
use crate::dataset::{Chat, Message};
use crate::metrics::Scored;

/// A data set of one's own is trusted with longer messages than a stranger's request; the model reads as much of them.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Messages in one run of the model. Small batches of like length are the fastest on a CPU.
const BATCH: usize = 16;

/// One thread's own stages.
#[derive(Debug)]
pub(crate) struct Stages {
    prepare: Prepare,
    scorer: MessageScorer,
    risk: RiskModel,
    context_turns: usize,
}

impl Stages {
    /// Opens the model to compute on the calling thread alone: conversations are spread over threads instead.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(crate) fn open(bundle: &Bundle<GroomingManifest>) -> Result<Self> {
        Ok(Self {
            prepare: Prepare::open(bundle, TextLimits { max_text_bytes: MAX_TEXT_BYTES })?,
            scorer: MessageScorer::open(bundle, NonZeroUsize::MIN)?,
            risk: RiskModel::new(&bundle.manifest),
            context_turns: bundle.manifest.context_turns(),
        })
    }

    /// Judges some conversations, each by itself.
    ///
    /// # Errors
    /// When the model fails, which is no fault of a conversation.
    pub(crate) fn judge(&mut self, chats: &[Chat]) -> Result<Vec<Sample>> {
        let inputs =
            chats.iter().flat_map(|chat| messages_in_context(&turns(chat), self.context_turns)).collect();
        let prepared = self.prepare.run(inputs)?;
        let mut scores = self.score(prepared)?.into_iter();
        let sample = |chat: &Chat| {
            let own: Vec<_> = scores.by_ref().take(chat.messages.len()).collect();
            sample(&self.risk, chat, &own)
        };
        Ok(chats.iter().map(sample).collect())
    }

    /// The score of each message, in order; None for a refused one.
    fn score(
        &mut self,
        prepared: Vec<Result<Tokens, InputError>>,
    ) -> Result<Vec<Option<MessageScore>>, InferenceError> {
        let mut scores = vec![None; prepared.len()];
        let accepted =
            prepared.into_iter().enumerate().filter_map(|(place, tokens)| Some((place, tokens.ok()?)));
        let mut waiting: Vec<(usize, Tokens)> = accepted.collect();
        waiting.sort_by_key(|(_, tokens)| tokens.len());
        while !waiting.is_empty() {
            let (places, batch): (Vec<_>, Vec<_>) = waiting.drain(..waiting.len().min(BATCH)).unzip();
            for (place, score) in places.into_iter().zip(self.scorer.run(batch)?) {
                scores[place] = Some(score);
            }
        }
        Ok(scores)
    }
}

fn turns(chat: &Chat) -> Vec<Turn> {
    let turn = |message: &Message| Turn { author: message.author.clone(), text: message.text.clone() };
    chat.messages.iter().map(turn).collect()
}

fn sample(model: &RiskModel, chat: &Chat, scores: &[Option<MessageScore>]) -> Sample {
    let mut conversation = model.conversation(HashMap::new());
    let mut labelled = Vec::new();
    for (place, (message, score)) in (1_usize..).zip(chat.messages.iter().zip(scores)) {
        let Some(score) = *score else { continue };
        let (message_id, author_id) = (place.to_string(), message.author.clone());
        conversation.observe(&Observation { message_id, author_id, sent_at: None, score });
        labelled.extend(message.positive.map(|positive| Scored { score: f64::from(score.risk), positive }));
    }
    let assessment = conversation.assessment();
    // Messages were named by their place, from 1.
    let first_alert = assessment.first_alert_message_id.and_then(|place| place.parse().ok());
    Sample {
        conversation_id: chat.conversation_id.clone(),
        source: chat.source.clone(),
        slice: chat.slice.clone(),
        positive: chat.positive,
        risk: assessment.risk,
        state: assessment.state,
        first_alert,
        messages: chat.messages.len(),
        messages_refused: scores.iter().filter(|score| score.is_none()).count(),
        abstained: assessment.abstained,
        labelled,
    }
}
