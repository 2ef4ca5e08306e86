//! One conversation and what became of it: a line of samples.jsonl. It holds no text unless that is asked for.

use models::grooming::Abstention;
use serde::Serialize;

use super::baselines::Baselines;
use super::stages::Judgement;
use crate::dataset::{Chat, Message};

/// Whether what was written is repeated in samples.jsonl.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Texts {
    /// Nothing of what was written leaves the data.
    LeftOut,
    /// The user asked for it.
    Included,
}

/// A labelled conversation with its assessment.
#[derive(Debug, Serialize)]
pub(crate) struct Sample<'a> {
    /// As in the data.
    conversation_id: &'a str,
    /// The conversation that this one is a piece of, or its own id.
    original: &'a str,
    /// Where it comes from.
    source: &'a str,
    /// The part of the data that it belongs to.
    slice: Option<&'a str>,
    /// Whether it shows the pattern of grooming: 0 or 1.
    label: u8,
    /// After the last message, 0 to 1.
    risk: f32,
    /// After the last message.
    state: &'static str,
    /// How many messages had been read when the state first became ALERT.
    first_alert: Option<usize>,
    /// How many messages had been read when the sliding window of eSPD first warned.
    window_alert: Option<usize>,
    /// How often the decision changed after the first alert.
    flips: usize,
    /// Messages in all.
    messages: usize,
    /// Those without a score, such as empty ones.
    messages_refused: usize,
    /// Why there is no judgement.
    abstained: Option<&'static str>,
    /// What simpler scores say of it.
    baselines: Baselines,
    #[serde(skip_serializing_if = "Option::is_none")]
    texts: Option<Vec<Text<'a>>>,
}

#[derive(Debug, Serialize)]
struct Text<'a> {
    author: &'a str,
    text: &'a str,
    risk: Option<f32>,
}

impl<'a> Sample<'a> {
    /// `chat` with what was found about it.
    pub(crate) fn of(chat: &'a Chat, judgement: &Judgement, texts: Texts) -> Self {
        let Judgement { walk, window_alert, baselines, looked, .. } = judgement;
        Self {
            conversation_id: &chat.conversation_id,
            original: &chat.original,
            source: &chat.source,
            slice: chat.slice.as_deref(),
            label: u8::from(chat.positive),
            risk: walk.risk,
            state: walk.state.as_str(),
            first_alert: walk.first_alert,
            window_alert: *window_alert,
            flips: walk.flips,
            messages: chat.messages.len(),
            messages_refused: looked.scores.iter().filter(|score| score.is_none()).count(),
            abstained: walk.abstained.map(Abstention::as_str),
            baselines: *baselines,
            texts: (texts == Texts::Included).then(|| written(chat, judgement)),
        }
    }
}

fn written<'a>(chat: &'a Chat, judgement: &Judgement) -> Vec<Text<'a>> {
    let text = |(message, score): (&'a Message, &Option<_>)| {
        let risk = score.map(|score: models::grooming::MessageScore| score.risk);
        Text { author: &message.author, text: &message.text, risk }
    };
    chat.messages.iter().zip(&judgement.looked.scores).map(text).collect()
}
