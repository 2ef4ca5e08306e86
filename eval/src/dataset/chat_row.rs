//! One conversation as it stands in a file, before anything is checked.
//!
//! `{"conversation_id","original_id","source","split","label","slice",
//! "messages":[{"speaker","text","sent_at","signals","risk"}]}`; `label` says whether the conversation shows the
//! pattern, `risk` whether a message belongs to it, `sent_at` is RFC 3339 or seconds. In Parquet `messages` is a list
//! of structs.

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, FixedOffset};
use models::grooming::Signal;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as NameError;

use super::chats::{Chat, Message};

/// Nanoseconds in a second.
const NANOSECONDS: f64 = 1e9;

/// A conversation of the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ChatRow {
    /// Its own.
    pub(crate) conversation_id: String,
    /// That of the conversation that it was cut from.
    pub(crate) original_id: Option<String>,
    /// Where it comes from.
    pub(crate) source: Option<String>,
    /// The part of the data that it belongs to, such as `val`.
    pub(crate) split: Option<String>,
    /// A part of the data that is looked at by itself.
    pub(crate) slice: Option<String>,
    /// 1 shows the pattern, 0 does not.
    pub(crate) label: Option<f64>,
    /// Oldest first.
    pub(crate) messages: Vec<MessageRow>,
    /// Only of formats that label authors.
    #[serde(skip)]
    pub(crate) positive_authors: Vec<String>,
}

/// A message of the file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct MessageRow {
    /// Who wrote it.
    pub(crate) speaker: String,
    /// What was written.
    pub(crate) text: String,
    /// When it was sent.
    pub(crate) sent_at: Option<Moment>,
    /// The names of what can be seen in it.
    pub(crate) signals: Option<Vec<String>>,
    /// Whether it belongs to the pattern.
    pub(crate) risk: Option<bool>,
}

/// When something was sent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Moment {
    /// Since 1970 UTC, or since any other moment that all messages of the conversation share.
    Seconds(f64),
    /// RFC 3339, a space for the T allowed.
    Written(String),
}

impl ChatRow {
    /// The columns that are read.
    pub(super) const COLUMNS: [&str; 7] =
        ["conversation_id", "original_id", "source", "split", "slice", "label", "messages"];

    /// Those that every conversation needs.
    pub(super) const NEEDED: [&str; 2] = ["conversation_id", "messages"];

    /// The conversation with its truth; `unlabelled` is the label of one that bears none.
    ///
    /// # Errors
    /// When there is no label, or a label, a signal or a moment is none.
    pub(crate) fn chat(self, unlabelled: Option<bool>) -> Result<Chat> {
        let positive = self.positive(unlabelled)?;
        let message = |(place, message): (usize, MessageRow)| {
            message.labelled(positive).with_context(|| format!("message {place}"))
        };
        Ok(Chat {
            original: self.original().to_owned(),
            conversation_id: self.conversation_id,
            source: self.source.unwrap_or_else(|| "unnamed".to_owned()),
            slice: self.slice,
            positive,
            messages: (1..).zip(self.messages).map(message).collect::<Result<_>>()?,
            positive_authors: self.positive_authors,
        })
    }

    /// Whether the conversation shows the pattern.
    ///
    /// # Errors
    /// When nobody said, or the label is none.
    pub(crate) fn positive(&self, unlabelled: Option<bool>) -> Result<bool> {
        match self.label {
            Some(0.0) => Ok(false),
            Some(1.0) => Ok(true),
            Some(other) => bail!("label {other} is neither 0 nor 1"),
            None => unlabelled
                .context("the conversation has no label: add one, or give --label 0 for benign files"),
        }
    }

    /// The id of the whole conversation that this is a piece of: what the file says, or else the id without the piece
    /// where it has the form source/original/piece and begins with the source that is named, or else the id.
    pub(crate) fn original(&self) -> &str {
        let of_id = || without_piece(&self.conversation_id, self.source.as_deref().unwrap_or_default());
        self.original_id.as_deref().unwrap_or_else(of_id)
    }
}

impl MessageRow {
    /// A message of a negative conversation is negative; one of a positive conversation only if somebody said so.
    fn labelled(self, conversation_positive: bool) -> Result<Message> {
        let said = self.risk.or_else(|| self.signals.as_ref().map(|signals| !signals.is_empty()));
        let named = self.signals.map(|names| names.iter().map(|name| signal(name)).collect::<Result<_>>());
        Ok(Message {
            author: self.speaker,
            text: self.text,
            positive: if conversation_positive { said } else { Some(false) },
            signals: named.transpose()?,
            sent_at: self.sent_at.as_ref().map(Moment::seconds).transpose()?,
        })
    }
}

impl Moment {
    /// As seconds.
    ///
    /// # Errors
    /// When what is written is no moment.
    pub(crate) fn seconds(&self) -> Result<f64> {
        match self {
            Self::Seconds(seconds) => Ok(*seconds),
            Self::Written(text) => {
                let moment = text.parse::<DateTime<FixedOffset>>().with_context(|| {
                    format!(
                        "sent_at `{text}` is neither a number of seconds nor a time like 2026-05-01T15:30:00Z"
                    )
                })?;
                Ok(moment.timestamp() as f64 + f64::from(moment.timestamp_subsec_nanos()) / NANOSECONDS)
            }
        }
    }
}

/// The signal of that name.
///
/// # Errors
/// When none of the twelve has it.
pub(crate) fn signal(name: &str) -> Result<Signal> {
    let known: Result<Signal, NameError> = Signal::deserialize(name.into_deserializer());
    ensure!(
        known.is_ok(),
        "`{name}` is not a signal: the twelve are {}",
        Signal::ALL.map(Signal::as_str).join(", ")
    );
    Ok(known?)
}

fn without_piece<'a>(id: &'a str, source: &str) -> &'a str {
    let is_original =
        |original: &str| original.strip_prefix(source).is_some_and(|rest| rest.starts_with('/'));
    match id.rsplit_once('/') {
        Some((original, piece)) if is_original(original) && piece.parse::<u64>().is_ok() => original,
        _ => id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> ChatRow {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn pieces_share_their_original() {
        assert_eq!(without_piece("casino/157/0", "casino"), "casino/157");
        assert_eq!(without_piece("irc/2012/05/7/12", "irc"), "irc/2012/05/7");
        assert_eq!(without_piece("casino/157", "casino"), "casino/157");
        assert_eq!(without_piece("a/b/last", "a"), "a/b/last");
        // A number at the end is no piece where the id is not built from the source: made/test/0 and made/test/1 are two.
        assert_eq!(without_piece("made/test/0", "synthetic"), "made/test/0");
        let named = row(r#"{"conversation_id":"a/b/0","original_id":"c","messages":[]}"#);
        assert_eq!(named.original(), "c");
    }

    #[test]
    fn moments_are_seconds_or_written() {
        // 2001-09-09T01:46:40Z is the second 1,000,000,000 (POSIX).
        let seconds = |text: &str| Moment::Written(text.to_owned()).seconds();
        assert_eq!(seconds("2001-09-09T01:46:40Z").unwrap(), 1e9);
        assert_eq!(seconds("2001-09-09T03:46:40.5+02:00").unwrap(), 1e9 + 0.5);
        // As the Parquet reader writes a timestamp.
        assert_eq!(seconds("2001-09-09 01:46:40.000 +00:00").unwrap(), 1e9);
        assert!(seconds("03:20").is_err());
        assert_eq!(Moment::Seconds(12.5).seconds().unwrap(), 12.5);
    }

    #[test]
    fn a_message_names_its_signals() {
        let text = r#"{"conversation_id":"a","label":1,"messages":[
            {"speaker":"A","text":"keep it between us","signals":["SECRECY"],"sent_at":5},
            {"speaker":"B","text":"ok"}]}"#;
        let chat = row(text).chat(None).unwrap();
        assert_eq!(chat.messages[0].signals, Some(vec![Signal::Secrecy]));
        assert_eq!((chat.messages[0].sent_at, chat.messages[0].positive), (Some(5.0), Some(true)));
        assert_eq!((chat.messages[1].signals.as_ref(), chat.messages[1].positive), (None, None));
        let error = row(&text.replace("SECRECY", "SECRETS")).chat(None).unwrap_err();
        assert!(
            format!("{error:#}")
                .starts_with("message 1: `SECRETS` is not a signal: the twelve are AGE_PROBE, ")
        );
    }

    #[test]
    fn a_label_is_0_or_1_or_given() {
        let bare = row(r#"{"conversation_id":"a","messages":[]}"#);
        assert!(bare.clone().chat(None).is_err());
        assert!(!bare.chat(Some(false)).unwrap().positive);
        assert!(row(r#"{"conversation_id":"a","label":2,"messages":[]}"#).chat(Some(false)).is_err());
    }
}
