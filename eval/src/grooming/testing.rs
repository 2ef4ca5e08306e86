//! What the tests of this module are made of.

use models::Bundle;
use models::grooming::{GroomingManifest, MessageScore, RiskModel, Signal, WordCount};

use crate::dataset::{Chat, Message};

/// The bundle that ships.
pub(crate) fn bundle() -> Bundle<GroomingManifest> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/bundles/grooming");
    Bundle::open(folder.as_ref()).unwrap()
}

/// Its risk model.
pub(crate) fn risk_model() -> RiskModel {
    RiskModel::new(&bundle().manifest)
}

/// A conversation of two who take turns.
pub(crate) fn chat(id: &str, positive: bool, texts: &[&str]) -> Chat {
    let message = |(place, text): (usize, &&str)| Message {
        author: ["A", "B"][place % 2].to_owned(),
        text: (*text).to_owned(),
        positive: None,
        signals: None,
        sent_at: None,
    };
    Chat {
        conversation_id: id.to_owned(),
        original: id.to_owned(),
        source: "made".to_owned(),
        slice: None,
        positive,
        messages: texts.iter().enumerate().map(message).collect(),
        positive_authors: Vec::new(),
    }
}

/// A message of ten words, five of them common English ones, that shows every signal as clearly as its risk.
pub(crate) fn score(risk: f32) -> MessageScore {
    MessageScore {
        risk,
        signals: [risk; Signal::ALL.len()],
        spans: Default::default(),
        words: WordCount { words: 10, english: 5 },
    }
}
