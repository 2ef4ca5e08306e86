//! What can be wrong inside a single conversation: pure.

use super::problem::Kind;
use crate::dataset::{ChatRow, MessageRow, signal};

/// What is wrong, before it is said where.
pub(super) type Faults = Vec<(Kind, String)>;

/// What is wrong inside a conversation; `positive` is its label.
pub(super) fn faults(chat: &ChatRow, positive: bool) -> Faults {
    let messages = &chat.messages;
    if messages.is_empty() {
        return vec![(Kind::EmptyConversation, "it has no messages".to_owned())];
    }
    let mut faults = Faults::new();
    let mut add = |kind, detail: Option<String>| faults.extend(detail.map(|detail| (kind, detail)));
    let speaker = &messages[0].speaker;
    let alone = messages.iter().all(|message| message.speaker == *speaker);
    add(Kind::OneSpeaker, alone.then(|| format!("all {} messages are by {speaker}", messages.len())));
    let silent = messages.iter().all(|message| message.text.trim().is_empty());
    add(Kind::NoText, silent.then(|| format!("all {} messages are empty", messages.len())));
    add(Kind::UnknownSignal, first(messages, unknown_signal));
    add(Kind::BadTime, first(messages, bad_time));
    add(Kind::TimeGoesBack, time_goes_back(messages));
    if !positive {
        add(Kind::MessageContradictsLabel, first(messages, contradiction));
    }
    faults
}

/// The first fault of a message, with the message's place.
fn first(messages: &[MessageRow], fault: impl Fn(&MessageRow) -> Option<String>) -> Option<String> {
    let mut faults = (1..).zip(messages).filter_map(|(place, message)| Some((place, fault(message)?)));
    faults.next().map(|(place, fault): (usize, _)| format!("message {place}: {fault}"))
}

fn unknown_signal(message: &MessageRow) -> Option<String> {
    let names = message.signals.as_deref().unwrap_or_default();
    names.iter().find_map(|name| signal(name).err()).map(|error| error.to_string())
}

fn bad_time(message: &MessageRow) -> Option<String> {
    message.sent_at.as_ref()?.seconds().err().map(|error| error.to_string())
}

fn contradiction(message: &MessageRow) -> Option<String> {
    let said = message.risk.or_else(|| message.signals.as_ref().map(|signals| !signals.is_empty()));
    said.filter(|&belongs| belongs).map(|_| "it is said to belong to the pattern".to_owned())
}

fn time_goes_back(messages: &[MessageRow]) -> Option<String> {
    let time = |message: &MessageRow| message.sent_at.as_ref().and_then(|moment| moment.seconds().ok());
    let times: Vec<(usize, f64)> =
        (1..).zip(messages).filter_map(|(place, message)| Some((place, time(message)?))).collect();
    let back = times.windows(2).find(|pair| pair[1].1 < pair[0].1)?;
    Some(format!("message {} was sent before message {}", back[1].0, back[0].0))
}
