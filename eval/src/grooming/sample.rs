//! One conversation and what became of it: a line of samples.jsonl. It holds no text.

use models::grooming::{Abstention, RiskState};
use serde::{Serialize, Serializer};

use crate::metrics::Scored;

/// A labelled conversation with its assessment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Sample {
    /// As in the data.
    pub(crate) conversation_id: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// The part of the data that it belongs to.
    pub(crate) slice: Option<String>,
    /// Whether it shows the pattern of grooming: 0 or 1.
    #[serde(rename = "label", serialize_with = "as_number")]
    pub(crate) positive: bool,
    /// After the last message, 0 to 1.
    pub(crate) risk: f32,
    /// After the last message.
    #[serde(serialize_with = "state_name")]
    pub(crate) state: RiskState,
    /// How many messages had been read when the state first became ALERT.
    pub(crate) first_alert: Option<usize>,
    /// Messages in all.
    pub(crate) messages: usize,
    /// Those without a score, such as empty ones.
    pub(crate) messages_refused: usize,
    /// Why there is no judgement.
    #[serde(serialize_with = "abstention_name")]
    pub(crate) abstained: Option<Abstention>,
    /// The messages whose truth is known.
    #[serde(skip)]
    pub(crate) labelled: Vec<Scored>,
}

fn as_number<S: Serializer>(positive: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(u8::from(*positive))
}

fn state_name<S: Serializer>(state: &RiskState, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(state.as_str())
}

fn abstention_name<S: Serializer>(abstained: &Option<Abstention>, serializer: S) -> Result<S::Ok, S::Error> {
    abstained.map(Abstention::as_str).serialize(serializer)
}
