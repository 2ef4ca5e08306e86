//! Texts to send: lines of a file, or chats as JSON lines, plain or gzip, in the form of examples/chat.jsonl.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use flate2::read::MultiGzDecoder;
use rand::SeedableRng;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64Mcg;
use serde::Deserialize;

/// Ordinary chat, short and long, for want of a file of one's own.
const BUILT_IN: &str = include_str!("messages.txt");

/// Lines of a plain file that make one conversation, with two authors who take turns.
const TURNS: usize = 16;

/// What was written, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    /// The same for the same person within a conversation.
    pub(crate) author: String,
    /// Never only white space.
    pub(crate) text: String,
}

/// Messages in the order in which they were written.
pub(crate) type Conversation = Vec<Message>;

/// Where texts come from, and how many.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Files of lines, of chats, or of both. None: built-in lines.
    pub(crate) files: Vec<PathBuf>,
    /// Only the chats of this split. None: all.
    pub(crate) split: Option<String>,
    /// The most messages.
    pub(crate) most: usize,
    /// Which ones, where there are more.
    pub(crate) seed: u64,
}

impl Source {
    /// Messages drawn from all, in an order that mixes long and short ones as they occur.
    ///
    /// # Errors
    /// When a file cannot be read or there is no message.
    pub(crate) fn messages(&self) -> Result<Vec<String>> {
        let conversations = self.read()?;
        let mut texts: Vec<_> = conversations.into_iter().flatten().map(|message| message.text).collect();
        texts.shuffle(&mut Pcg64Mcg::seed_from_u64(self.seed));
        texts.truncate(self.most);
        Ok(texts)
    }

    /// Whole conversations drawn from all, until they have so many messages; the last is cut.
    ///
    /// # Errors
    /// When a file cannot be read or there is no message.
    pub(crate) fn conversations(&self) -> Result<Vec<Conversation>> {
        let mut conversations = self.read()?;
        conversations.shuffle(&mut Pcg64Mcg::seed_from_u64(self.seed));
        let mut left = self.most;
        for conversation in &mut conversations {
            conversation.truncate(left);
            left -= conversation.len();
        }
        conversations.retain(|conversation| !conversation.is_empty());
        Ok(conversations)
    }

    fn read(&self) -> Result<Vec<Conversation>> {
        let mut conversations = Vec::new();
        if self.files.is_empty() {
            conversations.extend(of_lines(BUILT_IN.lines().map(str::to_owned)));
        }
        for file in &self.files {
            let lines = lines(file)?;
            if is_chat(file) {
                conversations.extend(self.of_chats(file, lines)?);
            } else {
                conversations.extend(of_lines(lines.into_iter()));
            }
        }
        ensure!(conversations.iter().any(|conversation| !conversation.is_empty()), self.nothing());
        Ok(conversations)
    }

    fn of_chats(&self, file: &Path, lines: Vec<String>) -> Result<Vec<Conversation>> {
        let mut conversations = Vec::new();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            // The words of serde may quote what stands there, which may be anybody's chat.
            let row: Row = serde_json::from_str(line).ok().with_context(|| {
                format!("{}, line {}, is no conversation in JSON", file.display(), at + 1)
            })?;
            if self.split.is_none() || row.split == self.split {
                conversations.push(row.messages.into_iter().filter_map(MessageRow::message).collect());
            }
        }
        Ok(conversations)
    }

    fn nothing(&self) -> String {
        match &self.split {
            Some(split) => format!("there is no message of split {split} in the files of --texts"),
            None => "there is no line of text in the files of --texts".to_owned(),
        }
    }
}

/// A line of a file of chats.
#[derive(Deserialize)]
struct Row {
    split: Option<String>,
    messages: Vec<MessageRow>,
}

#[derive(Deserialize)]
struct MessageRow {
    speaker: String,
    text: String,
}

impl MessageRow {
    fn message(self) -> Option<Message> {
        (!self.text.trim().is_empty()).then_some(Message { author: self.speaker, text: self.text })
    }
}

/// Which of some values are the same: the distinct ones, and the place of each value's among them.
pub(crate) fn distinct<T: std::hash::Hash + Eq + Clone>(values: &[T]) -> (Vec<T>, Vec<usize>) {
    let (mut places, mut distinct) = (HashMap::new(), Vec::new());
    let place = |value: &T| {
        *places.entry(value.clone()).or_insert_with(|| {
            distinct.push(value.clone());
            distinct.len() - 1
        })
    };
    let order = values.iter().map(place).collect();
    (distinct, order)
}

fn is_chat(file: &Path) -> bool {
    let plain = if is_gzip(file) { file.with_extension("") } else { file.to_path_buf() };
    plain.extension().is_some_and(|extension| extension == "jsonl")
}

fn is_gzip(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "gz")
}

fn lines(path: &Path) -> Result<Vec<String>> {
    let cannot = || format!("cannot read {}", path.display());
    let file = File::open(path).with_context(cannot)?;
    let lines: std::io::Result<Vec<_>> = match is_gzip(path) {
        true => BufReader::new(MultiGzDecoder::new(file)).lines().collect(),
        false => BufReader::new(file).lines().collect(),
    };
    lines.with_context(cannot)
}

fn of_lines(lines: impl Iterator<Item = String>) -> Vec<Conversation> {
    let texts: Vec<_> = lines.filter(|line| !line.trim().is_empty()).collect();
    let author = |at: usize| if at.is_multiple_of(2) { "a" } else { "b" }.to_owned();
    let message = |(at, text): (usize, &String)| Message { author: author(at), text: text.clone() };
    texts.chunks(TURNS).map(|turns| turns.iter().enumerate().map(message).collect()).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const CHATS: &str = r#"{"split":"train","messages":[{"speaker":"A","text":"no"}]}

{"split":"val","messages":[{"speaker":"A","text":"one"},{"speaker":"B","text":" "},{"speaker":"B","text":"two"}]}
"#;

    fn source(name: &str, bytes: &[u8]) -> (tempfile::TempDir, Source) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        (folder, Source { files: vec![file], split: None, most: 100, seed: 1 })
    }

    #[test]
    fn lines_are_messages_and_every_sixteen_a_conversation() {
        let text: String = (0..20).map(|number| format!("{number}\n\n")).collect();
        let (_folder, source) = source("a.txt", text.as_bytes());
        let mut lengths: Vec<_> = source.conversations().unwrap().iter().map(Vec::len).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [4, 16]);
        assert_eq!(source.messages().unwrap().len(), 20);
    }

    #[test]
    fn chats_are_read_plain_and_gzipped_and_by_split() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(CHATS.as_bytes()).unwrap();
        for (name, bytes) in [("a.jsonl", CHATS.as_bytes()), ("a.jsonl.gz", &gzip.finish().unwrap())] {
            let (_folder, mut source) = source(name, bytes);
            assert_eq!(source.conversations().unwrap().len(), 2);
            source.split = Some("val".to_owned());
            let message = |author: &str, text: &str| Message { author: author.into(), text: text.into() };
            assert_eq!(source.conversations().unwrap(), [[message("A", "one"), message("B", "two")]]);
        }
    }

    #[test]
    fn no_more_than_asked_for_and_the_same_for_the_same_seed() {
        let text: String = (0..100).map(|number| format!("{number}\n")).collect();
        let (_folder, source) = source("a.txt", text.as_bytes());
        let few = Source { most: 30, ..source };
        assert_eq!(few.messages().unwrap(), few.messages().unwrap());
        assert_eq!(few.messages().unwrap().len(), 30);
        assert_eq!(few.conversations().unwrap().iter().map(Vec::len).sum::<usize>(), 30);
        let drawn = few.messages().unwrap();
        assert_ne!(drawn, Source { seed: 2, ..few }.messages().unwrap());
    }

    #[test]
    fn a_line_that_is_no_chat_is_named_and_not_quoted() {
        let (_folder, source) = source("a.jsonl", b"\nmine and yours");
        let message = format!("{:#}", source.messages().unwrap_err());
        assert!(message.contains("line 2") && !message.contains("mine"), "{message}");
    }

    #[test]
    fn nothing_to_send_is_an_error() {
        let (_folder, mut source) = source("a.jsonl", CHATS.as_bytes());
        source.split = Some("test".to_owned());
        assert!(source.messages().unwrap_err().to_string().contains("split test"));
    }

    #[test]
    fn equal_values_are_one() {
        assert_eq!(distinct(&["a", "b", "a"]), (vec!["a", "b"], vec![0, 1, 0]));
    }
}
