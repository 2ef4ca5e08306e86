//! What is kept of a conversation once it is judged: a few numbers, so that a million conversations fit.

use std::collections::HashMap;
use std::num::NonZeroU32;

use models::grooming::{Abstention, Signal};

use super::baselines::Baselines;
use super::hash::hash;
use super::stages::Judgement;
use crate::dataset::{Chat, Message};

/// A conversation in figures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// Which conversation of its source it is a piece of.
    pub(crate) original: u64,
    /// After the last message, 0 to 1.
    pub(crate) risk: f32,
    /// Messages read at the first alert.
    pub(crate) first_alert: Option<NonZeroU32>,
    /// Messages read at the sliding window's first warning.
    pub(crate) window_alert: Option<NonZeroU32>,
    /// Changes of the decision after the first alert.
    pub(crate) flips: u32,
    /// What simpler scores say; the number of messages among it.
    pub(crate) baselines: Baselines,
    /// Where it comes from.
    pub(crate) source: Name,
    /// The part of the data that it belongs to.
    pub(crate) slice: Option<Name>,
    /// Whether it shows the pattern.
    pub(crate) positive: bool,
    /// Whether there was an alert with the first stage of the cascade switched on.
    pub(crate) alert_screened: bool,
    /// Whether the first alert came before the first request for a photo or a meeting; None: there was no such request by one
    /// who shows the pattern.
    pub(crate) before_approach: Option<bool>,
    /// Why there is no judgement.
    pub(crate) abstained: Option<Abstention>,
}

/// A name that many conversations share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(NonZeroU32);

/// All conversations so far, and the names that they share.
#[derive(Debug, Default)]
pub(crate) struct Records {
    records: Vec<Record>,
    names: Names,
}

#[derive(Debug, Default)]
struct Names {
    known: HashMap<String, Name>,
    in_order: Vec<String>,
}

impl Names {
    fn of(&mut self, name: &str) -> Name {
        if let Some(&known) = self.known.get(name) {
            return known;
        }
        self.in_order.push(name.to_owned());
        let place = u32::try_from(self.in_order.len()).unwrap_or(u32::MAX);
        let new = Name(NonZeroU32::new(place).unwrap_or(NonZeroU32::MAX));
        self.known.insert(name.to_owned(), new);
        new
    }
}

impl Record {
    /// Messages in all.
    pub(crate) fn messages(&self) -> f64 {
        f64::from(self.baselines.length)
    }

    /// Whether there was an alert at any message, as served.
    pub(crate) fn alerted(&self) -> bool {
        self.first_alert.is_some()
    }
}

impl Records {
    /// Adds a conversation.
    pub(crate) fn add(&mut self, chat: &Chat, judgement: &Judgement) {
        let Judgement { walk, window_alert, baselines, .. } = judgement;
        self.records.push(Record {
            original: original(&chat.source, &chat.original),
            risk: walk.risk,
            first_alert: walk.first_alert.and_then(count),
            window_alert: window_alert.and_then(count),
            flips: u32::try_from(walk.flips).unwrap_or(u32::MAX),
            baselines: *baselines,
            source: self.names.of(&chat.source),
            slice: chat.slice.as_deref().map(|slice| self.names.of(slice)),
            positive: chat.positive,
            alert_screened: judgement.alert_screened,
            before_approach: before_approach(chat, walk.first_alert),
            abstained: walk.abstained,
        });
    }

    /// In the order of the data.
    pub(crate) fn all(&self) -> &[Record] {
        &self.records
    }

    /// Those that show the pattern.
    pub(crate) fn positives(&self) -> impl Iterator<Item = &Record> + Clone {
        self.records.iter().filter(|record| record.positive)
    }

    /// Those that do not.
    pub(crate) fn negatives(&self) -> impl Iterator<Item = &Record> + Clone {
        self.records.iter().filter(|record| !record.positive)
    }

    /// What `name` stands for.
    pub(crate) fn name(&self, name: Name) -> &str {
        self.names.in_order.get(name.0.get() as usize - 1).map_or("", String::as_str)
    }
}

/// Whether an alert after so many messages came before the first photo or meeting that belongs to the pattern. An alert at
/// that very message is too late: it has been asked by then.
fn before_approach(chat: &Chat, first_alert: Option<usize>) -> Option<bool> {
    let asks = |message: &Message| {
        let shows = |signal| message.signals.as_ref().is_some_and(|signals| signals.contains(&signal));
        message.positive == Some(true) && (shows(Signal::PhotoRequest) || shows(Signal::MeetRequest))
    };
    let request = chat.messages.iter().position(asks)?;
    Some(first_alert.is_some_and(|messages| messages <= request))
}

/// The original ids of two sources may be alike by accident.
fn original(source: &str, original: &str) -> u64 {
    hash(&format!("{source}\0{original}"))
}

fn count(messages: usize) -> Option<NonZeroU32> {
    u32::try_from(messages).ok().and_then(NonZeroU32::new)
}

/// Records for the tests of the figures.
#[cfg(test)]
pub(crate) mod testing {
    use super::*;

    /// A conversation of which only what is said here matters.
    #[derive(Debug, Clone, Copy)]
    pub(crate) struct Piece<'a> {
        /// None: the name of its class.
        pub(crate) source: Option<&'a str>,
        pub(crate) original: &'a str,
        pub(crate) positive: bool,
        pub(crate) risk: f32,
        /// 0: no alert.
        pub(crate) first_alert: u32,
        pub(crate) window_alert: u32,
        pub(crate) flips: u32,
        pub(crate) messages: u16,
    }

    impl Piece<'_> {
        /// Truth, risk and first alert; ten messages, no flicker, no warning of the sliding window.
        pub(crate) fn of((positive, risk, first_alert): (bool, f32, u32)) -> Self {
            let (source, original) = (None, "one");
            Self { source, original, positive, risk, first_alert, window_alert: 0, flips: 0, messages: 10 }
        }
    }

    /// Adds `piece` to the slice of its class.
    pub(crate) fn add(records: &mut Records, piece: Piece<'_>) {
        let source = piece.source.unwrap_or(if piece.positive { "pattern" } else { "benign" });
        let record = Record {
            original: original(source, piece.original),
            risk: piece.risk,
            first_alert: NonZeroU32::new(piece.first_alert),
            window_alert: NonZeroU32::new(piece.window_alert),
            flips: piece.flips,
            baselines: Baselines {
                keywords: 0.0,
                length: f32::from(piece.messages),
                max_message_risk: 1.0 - piece.risk,
                skewness: piece.risk,
            },
            source: records.names.of(source),
            slice: piece.positive.then(|| records.names.of("all")),
            positive: piece.positive,
            alert_screened: piece.first_alert > 0,
            before_approach: None,
            abstained: None,
        };
        records.records.push(record);
    }

    /// Each of an original of its own.
    pub(crate) fn records(pieces: &[(bool, f32, u32)]) -> Records {
        const ORIGINALS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
        let mut records = Records::default();
        for (&piece, original) in pieces.iter().zip(ORIGINALS) {
            add(&mut records, Piece { original, ..Piece::of(piece) });
        }
        records
    }

    /// Two of three positives have an alert, at the third and at the seventh message; one of two negatives.
    pub(crate) fn mixed() -> Records {
        records(&[(true, 0.9, 3), (true, 0.8, 7), (true, 0.3, 0), (false, 0.6, 2), (false, 0.2, 0)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::chat;
    use super::*;

    #[test]
    fn a_million_conversations_take_64_megabytes() {
        assert!(size_of::<Record>() <= 64, "{} bytes", size_of::<Record>());
    }

    #[test]
    fn an_alert_is_early_before_the_first_request_of_the_pattern() {
        let mut chat = chat("a", true, &["one", "two", "three", "four"]);
        assert_eq!(before_approach(&chat, Some(1)), None);
        chat.messages[0].signals = Some(vec![Signal::PhotoRequest]);
        chat.messages[2].signals = Some(vec![Signal::MeetRequest]);
        chat.messages[2].positive = Some(true);
        let found = [Some(2), Some(3), None].map(|alert| before_approach(&chat, alert));
        assert_eq!(found, [Some(true), Some(false), Some(false)]);
    }

    #[test]
    fn an_original_is_one_of_its_source() {
        assert_eq!(original("games", "1"), original("games", "1"));
        assert_ne!(original("games", "1"), original("school", "1"));
    }

    #[test]
    fn names_are_kept_once() {
        let mut names = Names::default();
        let (first, second) = (names.of("games"), names.of("school"));
        assert_ne!(first, second);
        assert_eq!(names.of("games"), first);
        assert_eq!(names.in_order, ["games", "school"]);
    }
}
