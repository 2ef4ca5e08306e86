//! `ward-eval validate grooming`: conversations without labels, cut in two splits, or there twice.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;

use super::findings::{Findings, Subject};
use super::messages::{self, Faults};
use super::problem::{Kind, Problem};
use crate::dataset::{ChatOptions, ChatRow, Located, Location, MessageRow, Texts, Truth};
use crate::interrupt;
use crate::progress;
use crate::verdict::Verdict;

/// Which conversations.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    chats: ChatOptions,
    /// Write all that was found to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Looks at all conversations.
///
/// # Errors
/// When the options contradict each other, or the output cannot be written.
pub(super) fn run(options: &Options) -> Result<Verdict> {
    let bar = progress::bytes(&options.chats.data)?;
    let mut findings = Findings::of(Subject::Conversations, options.json.as_deref())?;
    let (rows, truth) = (options.chats.rows(bar.clone())?, options.chats.authors()?);
    let mut survey = Survey::new(options.chats.unlabelled(), truth.as_ref());
    for row in rows {
        interrupt::check()?;
        survey.add(row, &mut findings)?;
        if survey.rows.is_multiple_of(TOLD_EVERY) {
            bar.set_message(format!("{} conversations", survey.rows));
        }
    }
    bar.finish_and_clear();
    survey.finish(&options.chats, &mut findings)?;
    findings.finish(survey.rows)
}

/// Conversations between two words of progress.
const TOLD_EVERY: usize = 256;

/// The conversations so far. Of their texts only hashes are kept, of 64 bits: among a million conversations the chance
/// that any two share one by accident is 3 in 100 million.
struct Survey<'a> {
    rows: usize,
    unlabelled: Option<bool>,
    ids: HashMap<u64, Location>,
    originals: HashMap<u64, Split>,
    texts: HashMap<u64, Earlier>,
    names: Texts,
    /// Listed authors who have not written yet.
    unseen: HashSet<&'a str>,
}

/// Where something was seen first, and in which split.
struct Split {
    name: Option<Arc<str>>,
    location: Location,
}

/// A conversation that came before.
struct Earlier {
    split: Split,
    positive: Option<bool>,
}

impl<'a> Survey<'a> {
    fn new(unlabelled: Option<bool>, truth: Option<&'a Truth>) -> Self {
        let unseen = truth.into_iter().flat_map(|truth| truth.iter()).map(String::as_str).collect();
        let (ids, originals, texts, names) = Default::default();
        Self { rows: 0, unlabelled, ids, originals, texts, names, unseen }
    }

    fn add(&mut self, row: Located<ChatRow>, findings: &mut Findings) -> Result<()> {
        self.rows += 1;
        let faults = match &row.content {
            Ok(chat) => self.faults(chat, &row.location),
            Err(error) => vec![(Kind::BadRow, format!("{error:#}"))],
        };
        for (kind, detail) in faults {
            findings.add(&Problem { kind, location: row.location.clone(), detail })?;
        }
        Ok(())
    }

    fn faults(&mut self, chat: &ChatRow, location: &Location) -> Faults {
        for author in &chat.positive_authors {
            self.unseen.remove(author.as_str());
        }
        let positive = chat.positive(self.unlabelled);
        let mut faults = messages::faults(chat, *positive.as_ref().unwrap_or(&true));
        faults.extend(self.of_id(chat, location));
        faults.extend(self.of_original(chat, location));
        faults.extend(self.of_text(chat, positive.as_ref().ok().copied(), location));
        faults.extend(positive.err().map(|error| (Kind::BadLabel, format!("{error:#}"))));
        let named = |(kind, detail)| (kind, format!("conversation {}: {detail}", chat.conversation_id));
        faults.into_iter().map(named).collect()
    }

    fn of_id(&mut self, chat: &ChatRow, location: &Location) -> Option<(Kind, String)> {
        let before = self.ids.insert(hash(&chat.conversation_id), location.clone())?;
        Some((Kind::ConversationIdTwice, format!("{before} has the same id")))
    }

    fn of_original(&mut self, chat: &ChatRow, location: &Location) -> Option<(Kind, String)> {
        let split = self.split(chat, location);
        // The original ids of two sources may be alike by accident.
        let first = self.originals.entry(hash(&(&chat.source, chat.original()))).or_insert(split);
        if first.name.as_deref() == chat.split.as_deref() {
            return None;
        }
        let detail = format!("another piece of it is {}: {}", named(first.name.as_deref()), first.location);
        Some((Kind::OriginalInTwoSplits, detail))
    }

    fn of_text(&mut self, chat: &ChatRow, positive: Option<bool>, location: &Location) -> Faults {
        let Some(text) = text(&chat.messages) else { return Faults::new() };
        let split = self.split(chat, location);
        let Some(first) = self.texts.get(&text) else {
            self.texts.insert(text, Earlier { split, positive });
            return Faults::new();
        };
        let (split, place) = (first.split.name.as_deref(), &first.split.location);
        let across = split != chat.split.as_deref();
        let kind = if across { Kind::DuplicateAcrossSplits } else { Kind::Duplicate };
        let mut faults = vec![(kind, format!("the same text is {}: {place}", named(split)))];
        if first.positive.zip(positive).is_some_and(|(first, own)| first != own) {
            faults.push((Kind::DuplicateLabelsDiffer, format!("the same text has the other label: {place}")));
        }
        faults
    }

    fn split(&mut self, chat: &ChatRow, location: &Location) -> Split {
        let name = chat.split.as_deref().map(|split| self.names.shared(split));
        Split { name, location: location.clone() }
    }

    /// What can be said only at the end.
    fn finish(&self, chats: &ChatOptions, findings: &mut Findings) -> Result<()> {
        if self.rows == 0 {
            for file in &chats.data {
                let of = chats.split.as_ref().map_or_else(String::new, |split| format!(" of split {split}"));
                let (kind, detail) = (Kind::NoRows, format!("no conversation{of} is in any of the files"));
                findings.add(&Problem { kind, location: Location::whole(&file.as_path().into()), detail })?;
            }
        }
        let mut unseen: Vec<&&str> = self.unseen.iter().collect();
        unseen.sort_unstable();
        for (author, truth) in unseen.into_iter().zip(chats.truth.iter().cycle()) {
            let (kind, detail) = (Kind::AuthorNotFound, format!("author {author} is in no conversation"));
            findings.add(&Problem { kind, location: Location::whole(&truth.as_path().into()), detail })?;
        }
        Ok(())
    }
}

fn named(split: Option<&str>) -> String {
    split.map_or_else(|| "in no split".to_owned(), |split| format!("in split {split}"))
}

/// The hash of what was written, whoever wrote it, without regard to case and spaces. None: nothing was.
fn text(messages: &[MessageRow]) -> Option<u64> {
    let (mut hasher, mut lower, mut silent) = (DefaultHasher::new(), String::new(), true);
    for message in messages {
        lower.clear();
        for word in message.text.split_whitespace() {
            lower.push(' ');
            lower.extend(word.chars().flat_map(char::to_lowercase));
        }
        silent &= lower.is_empty();
        lower.hash(&mut hasher);
    }
    (!silent).then(|| hasher.finish())
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::{Value, json};

    use super::*;

    fn row(id: &str, split: &str, texts: &[&str]) -> Value {
        let message = |(place, text): (usize, &&str)| {
            let speaker = if place == 0 { "A" } else { "B" };
            json!({ "speaker": speaker, "text": text })
        };
        let messages: Vec<Value> = texts.iter().enumerate().map(message).collect();
        json!({ "conversation_id": id, "source": "made", "split": split, "label": 0, "messages": messages })
    }

    /// The kinds of faults of each row.
    fn kinds(rows: &[Value]) -> Vec<Vec<Kind>> {
        let (mut survey, file): (_, Arc<Path>) = (Survey::new(None, None), Path::new("a.jsonl").into());
        let faults = |(line, row): (u64, &Value)| {
            let chat: ChatRow = serde_json::from_value(row.clone()).unwrap();
            let faults = survey.faults(&chat, &Location::line(&file, line));
            faults.into_iter().map(|(kind, _)| kind).collect()
        };
        (1..).zip(rows).map(faults).collect()
    }

    #[test]
    fn a_sound_conversation_has_no_fault() {
        assert_eq!(
            kinds(&[row("made/1/0", "val", &["hi", "hello"]), row("a/1/1", "val", &["rain?", "sun"])]),
            [[], []]
        );
    }

    #[test]
    fn what_two_splits_share_is_found() {
        let rows = [
            row("made/1/0", "train", &["hi", "It rains  today"]),
            row("made/1/1", "val", &["hi", "the sun is out"]),
            row("made/2/0", "val", &["HI", " it rains today "]),
            row("made/2/0", "val", &["hi", "the sun is out"]),
        ];
        let expected = [
            vec![],
            vec![Kind::OriginalInTwoSplits],
            vec![Kind::DuplicateAcrossSplits],
            vec![Kind::ConversationIdTwice, Kind::Duplicate],
        ];
        assert_eq!(kinds(&rows), expected);
    }

    #[test]
    fn the_same_text_bears_one_label() {
        let mut rows = [row("a", "val", &["hi", "hello"]), row("b", "val", &["hi", "hello"])];
        rows[1]["label"] = json!(1);
        assert_eq!(kinds(&rows)[1], [Kind::Duplicate, Kind::DuplicateLabelsDiffer]);
    }

    #[test]
    fn messages_are_joined_as_they_were_cut() {
        let rows = [row("a", "val", &["a b", "c"]), row("b", "val", &["a", "b c"])];
        assert_eq!(kinds(&rows), [[], []]);
    }

    #[test]
    fn what_is_wrong_inside_a_conversation_is_found() {
        let one = |change: fn(&mut Value)| {
            let mut row = row("a", "val", &["hi", "hello", "bye"]);
            change(&mut row);
            kinds(&[row]).remove(0)
        };
        assert_eq!(one(|row| row["messages"] = json!([])), [Kind::EmptyConversation]);
        assert_eq!(one(|row| row["label"] = json!(null)), [Kind::BadLabel]);
        assert_eq!(one(|row| row["label"] = json!(3)), [Kind::BadLabel]);
        assert_eq!(
            one(|row| row["messages"] = json!([{ "speaker": "A", "text": "hi" }])),
            [Kind::OneSpeaker]
        );
        assert_eq!(
            one(|row| row["messages"][1]["signals"] = json!(["SECRET"])),
            [Kind::UnknownSignal, Kind::MessageContradictsLabel]
        );
        assert_eq!(one(|row| row["messages"][1]["risk"] = json!(true)), [Kind::MessageContradictsLabel]);
        assert_eq!(one(|row| row["messages"][1]["sent_at"] = json!("noon")), [Kind::BadTime]);
        let back = |row: &mut Value| {
            row["messages"][0]["sent_at"] = json!(60);
            row["messages"][2]["sent_at"] = json!(59.5);
        };
        assert_eq!(one(back), [Kind::TimeGoesBack]);
        let silent = |row: &mut Value| {
            row["messages"] = json!([{ "speaker": "A", "text": "" }, { "speaker": "B", "text": " " }]);
        };
        assert_eq!(one(silent), [Kind::NoText]);
    }
}
