//! Conversations as JSON lines, plain or gzip: one conversation a line, read one after the other, never all at once.
//!
//! `{"conversation_id","original_id","source","split","label","slice",
//! "messages":[{"speaker","text","sent_at","signals","risk"}]}`; `label` says whether the conversation shows the
//! pattern, `risk` whether a message belongs to it, `sent_at` is RFC 3339 or seconds.

use std::io::{BufRead, BufReader, Lines, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use models::grooming::Signal;

use super::chat_row::ChatRow;
use super::open;

/// A conversation with the truth about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chat {
    /// As in the file.
    pub(crate) conversation_id: String,
    /// The id of the conversation that this is a piece of: pieces share it, and are not independent. The own id where
    /// nothing was cut.
    pub(crate) original: String,
    /// Where it comes from.
    pub(crate) source: String,
    /// A part of the data that is looked at by itself.
    pub(crate) slice: Option<String>,
    /// Whether it shows the pattern of grooming.
    pub(crate) positive: bool,
    /// Oldest first.
    pub(crate) messages: Vec<Message>,
    /// Authors who are known to groom. Empty where authors are not labelled, as in JSON lines.
    pub(crate) positive_authors: Vec<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Message {
    /// Who wrote it.
    pub(crate) author: String,
    /// What was written.
    pub(crate) text: String,
    /// Whether it belongs to the pattern. None: nobody said.
    pub(crate) positive: Option<bool>,
    /// What can be seen in it. None: nobody said.
    pub(crate) signals: Option<Vec<Signal>>,
    /// When it was sent, seconds since 1970 UTC or since any other moment of the conversation. None: nobody said.
    pub(crate) sent_at: Option<f64>,
}

/// The conversations of some files, one after the other.
pub(crate) struct Chats {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<Source>,
    split: Option<String>,
    unlabelled: Option<bool>,
    progress: ProgressBar,
}

/// An open file.
struct Source {
    path: PathBuf,
    lines: Lines<Box<dyn BufRead + Send>>,
    line: usize,
}

impl Chats {
    /// The conversations of `files`, in their order, with `unlabelled` as the label of those that bear none.
    pub(crate) fn new(files: Vec<PathBuf>, unlabelled: Option<bool>, progress: ProgressBar) -> Self {
        Self { files: files.into_iter(), current: None, split: None, unlabelled, progress }
    }

    /// Only those of `split`.
    pub(crate) fn of_split(self, split: Option<String>) -> Self {
        Self { split, ..self }
    }

    fn next_row(&mut self) -> Result<Option<ChatRow>> {
        loop {
            if let Some(source) = &mut self.current
                && let Some(row) = source.next_row()?
            {
                return Ok(Some(row));
            }
            let Some(path) = self.files.next() else { return Ok(None) };
            self.current = Some(Source::open(&path, &self.progress)?);
        }
    }

    fn next_chat(&mut self) -> Result<Option<Chat>> {
        while let Some(row) = self.next_row()? {
            if self.split.is_none() || row.split == self.split {
                let place = self.current.as_ref().map(|source| place(&source.path, source.line));
                return row.chat(self.unlabelled).context(place.unwrap_or_default()).map(Some);
            }
        }
        Ok(None)
    }
}

impl Iterator for Chats {
    type Item = Result<Chat>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_chat().transpose()
    }
}

impl Source {
    fn open(path: &Path, progress: &ProgressBar) -> Result<Self> {
        let file = progress.wrap_read(open(path)?);
        let gzip = path.extension().is_some_and(|extension| extension == "gz");
        let bytes: Box<dyn Read + Send> =
            if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let reader: Box<dyn BufRead + Send> = Box::new(BufReader::new(bytes));
        Ok(Self { path: path.to_path_buf(), lines: reader.lines(), line: 0 })
    }

    fn next_row(&mut self) -> Result<Option<ChatRow>> {
        for line in &mut self.lines {
            self.line += 1;
            let line = line.with_context(|| place(&self.path, self.line))?;
            if !line.trim().is_empty() {
                return serde_json::from_str(&line).with_context(|| place(&self.path, self.line)).map(Some);
            }
        }
        Ok(None)
    }
}

fn place(path: &Path, line: usize) -> String {
    format!("{}, line {line}", path.display())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const TRAIN: &str =
        r#"{"conversation_id":"a","source":"s","split":"train","messages":[{"speaker":"A","text":"hi"}]}"#;
    const VAL: &str = r#"{"conversation_id":"b","source":"s","split":"val","label":1,"slice":"x","messages":[
        {"speaker":"A","text":"one","signals":["SECRECY"]},{"speaker":"B","text":"two","signals":[]},
        {"speaker":"A","text":"three"},{"speaker":"A","text":"four","signals":["SECRECY"],"risk":false}]}"#;

    fn read(name: &str, bytes: &[u8], unlabelled: Option<bool>) -> Vec<Result<Chat>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        Chats::new(vec![file], unlabelled, ProgressBar::hidden()).collect()
    }

    fn val() -> String {
        VAL.replace('\n', "")
    }

    #[test]
    fn labels_of_messages_are_only_what_was_said() {
        let chats = read("a.jsonl", val().as_bytes(), None);
        let chat = chats[0].as_ref().unwrap();
        let labels: Vec<_> = chat.messages.iter().map(|message| message.positive).collect();
        assert_eq!(labels, vec![Some(true), Some(false), None, Some(false)]);
        assert!(chat.positive);
    }

    #[test]
    fn gzip_is_read_as_plain() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(format!("{TRAIN}\n\n{}\n", val()).as_bytes()).unwrap();
        let chats = read("a.jsonl.gz", &encoder.finish().unwrap(), Some(false));
        let ids: Vec<_> = chats.iter().map(|chat| &chat.as_ref().unwrap().conversation_id).collect();
        assert_eq!(ids, vec!["a", "b"]);
    }

    #[test]
    fn a_missing_label_is_never_guessed() {
        let message = format!("{:#}", read("a.jsonl", TRAIN.as_bytes(), None).remove(0).unwrap_err());
        assert!(message.contains("a.jsonl, line 1: the conversation has no label"), "{message}");
    }

    #[test]
    fn a_line_that_is_no_conversation_is_named() {
        let message = format!("{:#}", read("a.jsonl", b"\n{}", None).remove(0).unwrap_err());
        assert!(message.contains("a.jsonl, line 2"), "{message}");
    }

    #[test]
    fn a_split_can_be_picked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        std::fs::write(&file, format!("{TRAIN}\n{}\n", val())).unwrap();
        let chats = Chats::new(vec![file], None, ProgressBar::hidden()).of_split(Some("val".to_owned()));
        assert_eq!(chats.map(|chat| chat.unwrap().conversation_id).collect::<Vec<_>>(), vec!["b"]);
    }
}
