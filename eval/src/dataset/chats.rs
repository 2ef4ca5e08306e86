//! Conversations, read one after the other, never all at once.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use indicatif::ProgressBar;
use models::grooming::Signal;

use super::chat_row::ChatRow;
use super::pan12::{self, Truth};
use super::rows::{Layout, Located, Location, Rows, Source};

/// How the files of conversations are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum Format {
    /// JSON lines, or Parquet of the same shape
    #[default]
    Jsonl,
    /// XML of the PAN 2012 Sexual Predator Identification corpus; needs --truth
    Pan12,
}

/// Which conversations: the options of every command that reads some.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ChatOptions {
    /// Conversations: .jsonl, .jsonl.gz or .parquet, or .xml with --format pan12
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    pub(crate) data: Vec<PathBuf>,
    /// How they are written
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
    /// Authors who are known to groom, one id a line; only with --format pan12
    #[arg(long, value_name = "FILE", required_if_eq("format", "pan12"))]
    pub(crate) truth: Option<PathBuf>,
    /// Only conversations of this split
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Option<String>,
    /// Label of conversations that bear none: 0 for files of benign chats
    #[arg(long, value_name = "0|1", value_parser = clap::value_parser!(u8).range(0..=1))]
    pub(crate) label: Option<u8>,
}

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

impl Chat {
    /// Whether both are pieces of one conversation. The original ids of two sources may be alike by accident.
    pub(crate) fn shares_original(&self, other: &Self) -> bool {
        (&self.source, &self.original) == (&other.source, &other.original)
    }
}

/// The conversations of some files, one after the other; the first that is wrong is the last.
pub(crate) struct Chats {
    rows: ChatRows,
    unlabelled: Option<bool>,
    ended: bool,
}

/// The same before anything is checked; what cannot be read is an error in its place and does not end the rest.
pub(crate) struct ChatRows {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<Box<dyn Iterator<Item = Located<ChatRow>> + Send>>,
    split: Option<String>,
    /// Only of PAN12.
    truth: Option<Truth>,
    progress: ProgressBar,
}

impl ChatOptions {
    /// The conversations, in the order of the files; `progress` is told of the bytes that are read.
    ///
    /// # Errors
    /// When the options contradict each other, or the truth cannot be read.
    pub(crate) fn chats(&self, progress: ProgressBar) -> Result<Chats> {
        Ok(Chats { rows: self.rows(progress)?, unlabelled: self.unlabelled(), ended: false })
    }

    /// The same, unchecked.
    ///
    /// # Errors
    /// When the options contradict each other, or the truth cannot be read.
    pub(crate) fn rows(&self, progress: ProgressBar) -> Result<ChatRows> {
        let (files, split) = (self.data.clone().into_iter(), self.split.clone());
        Ok(ChatRows { files, current: None, split, truth: self.authors()?, progress })
    }

    /// The authors who are known to groom, where authors are labelled.
    ///
    /// # Errors
    /// When the options contradict each other, or the file cannot be read.
    pub(crate) fn authors(&self) -> Result<Option<Truth>> {
        match (self.format, &self.truth) {
            (Format::Jsonl, None) => Ok(None),
            (Format::Jsonl, Some(_)) => {
                bail!("--truth belongs to --format pan12: JSON lines bear their labels")
            }
            (Format::Pan12, None) => {
                bail!("--format pan12 needs --truth, the file with the ids of its authors")
            }
            (Format::Pan12, Some(truth)) => {
                ensure!(
                    self.split.is_none(),
                    "PAN12 knows no splits: leave --split out, and name the files you mean"
                );
                pan12::truth(truth).map(Some)
            }
        }
    }

    /// The label of conversations that bear none.
    pub(crate) fn unlabelled(&self) -> Option<bool> {
        self.label.map(|label| label == 1)
    }

    /// Every file that the conversations and their truth come from.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Path> {
        self.data.iter().chain(&self.truth).map(PathBuf::as_path)
    }
}

impl ChatRows {
    fn open(&self, file: &Path) -> Result<Box<dyn Iterator<Item = Located<ChatRow>> + Send>> {
        if let Some(truth) = &self.truth {
            return Ok(Box::new(pan12::rows(file, truth.clone(), &self.progress)?));
        }
        let layout = Layout::of(file).unwrap_or(Layout::Json);
        ensure!(layout != Layout::Csv, "conversations do not fit into CSV: write .jsonl or .parquet");
        let source = Source { file, layout, progress: &self.progress };
        let rows = Rows::open(&source, &|column| ChatRow::COLUMNS.contains(&column))?;
        if let Some(columns) = &rows.columns {
            for name in ChatRow::NEEDED {
                ensure!(columns.iter().any(|column| column == name), "there is no column `{name}`");
            }
        }
        Ok(Box::new(rows))
    }

    fn selects(&self, row: &Located<ChatRow>) -> bool {
        self.split.is_none() || row.content.as_ref().map_or(true, |row| row.split == self.split)
    }
}

impl Iterator for ChatRows {
    type Item = Located<ChatRow>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            while let Some(row) = self.current.as_mut().and_then(Iterator::next) {
                if self.selects(&row) {
                    return Some(row);
                }
            }
            let file = self.files.next()?;
            match self.open(&file) {
                Ok(rows) => self.current = Some(rows),
                Err(error) => {
                    self.current = None;
                    return Some(Located { location: Location::whole(&file.into()), content: Err(error) });
                }
            }
        }
    }
}

impl Iterator for Chats {
    type Item = Result<Chat>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = if self.ended { None } else { self.rows.next() }?;
        let content = row.content.and_then(|content| content.chat(self.unlabelled));
        self.ended = content.is_err();
        Some(Located { location: row.location, content }.into_result())
    }
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

    fn options(data: Vec<PathBuf>) -> ChatOptions {
        ChatOptions { data, format: Format::Jsonl, truth: None, split: None, label: None }
    }

    fn read(name: &str, bytes: &[u8], label: Option<u8>) -> Vec<Result<Chat>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let options = ChatOptions { label, ..options(vec![file]) };
        options.chats(ProgressBar::hidden()).unwrap().collect()
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
        let packed = encoder.finish().unwrap();
        let chats = read("a.jsonl.gz", &packed, Some(0));
        let ids: Vec<_> = chats.iter().map(|chat| &chat.as_ref().unwrap().conversation_id).collect();
        assert_eq!(ids, vec!["a", "b"]);
        // A file that was cut off is no file that is over.
        let chats = read("a.jsonl.gz", &packed[..packed.len() - 12], Some(0));
        assert!(format!("{:#}", chats.last().unwrap().as_ref().unwrap_err()).contains("cannot read on"));
    }

    #[test]
    fn parquet_is_read_as_json_lines_are() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/chats.zstd.parquet");
        let options = ChatOptions { label: Some(0), ..options(vec![file]) };
        let chats: Vec<Chat> = options.chats(ProgressBar::hidden()).unwrap().map(Result::unwrap).collect();
        assert_eq!(chats.iter().map(|chat| chat.positive).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!((chats[0].original.as_str(), chats[1].original.as_str()), ("made/1", "made/1"));
        // 2026-05-01T15:30:00Z by `date -u +%s`.
        assert_eq!(chats[0].messages[1].sent_at, Some(1_777_649_400.0 + 20.0));
        assert_eq!(chats[2].messages[0].signals, Some(vec![Signal::Secrecy]));
        assert_eq!(chats[2].messages[1].positive, Some(false));
    }

    #[test]
    fn a_missing_label_is_never_guessed() {
        let message = format!("{:#}", read("a.jsonl", TRAIN.as_bytes(), None).remove(0).unwrap_err());
        assert!(message.contains("a.jsonl, line 1: the conversation has no label"), "{message}");
    }

    #[test]
    fn the_first_wrong_row_is_the_last() {
        let text = format!("\n{{}}\n{}\n", val());
        let mut chats = read("a.jsonl", text.as_bytes(), None);
        assert_eq!(chats.len(), 1);
        let message = format!("{:#}", chats.remove(0).unwrap_err());
        assert!(
            message.ends_with("a.jsonl, line 2: missing field `conversation_id` (column 2)"),
            "{message}"
        );
        let message = format!("{:#}", read("a.csv", b"", None).remove(0).unwrap_err());
        assert!(
            message.ends_with("a.csv: conversations do not fit into CSV: write .jsonl or .parquet"),
            "{message}"
        );
    }

    #[test]
    fn unchecked_rows_go_on_after_a_wrong_one() {
        let folder = tempfile::tempdir().unwrap();
        let (first, missing) = (folder.path().join("a.jsonl"), folder.path().join("b.jsonl"));
        std::fs::write(&first, format!("{{}}\n{}\n", val())).unwrap();
        let rows = options(vec![missing, first]).rows(ProgressBar::hidden()).unwrap();
        assert_eq!(rows.map(|row| row.content.is_ok()).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn a_split_can_be_picked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.jsonl");
        std::fs::write(&file, format!("{TRAIN}\n{}\n", val())).unwrap();
        let options = ChatOptions { split: Some("val".to_owned()), ..options(vec![file]) };
        let chats = options.chats(ProgressBar::hidden()).unwrap();
        assert_eq!(chats.map(|chat| chat.unwrap().conversation_id).collect::<Vec<_>>(), vec!["b"]);
    }

    #[test]
    fn options_must_not_contradict_each_other() {
        let truth = Some(PathBuf::from("ids.txt"));
        assert!(
            ChatOptions { truth: truth.clone(), ..options(vec![]) }.chats(ProgressBar::hidden()).is_err()
        );
        let split = Some("val".to_owned());
        let pan12 = ChatOptions { format: Format::Pan12, truth, split, ..options(vec![]) };
        assert!(pan12.chats(ProgressBar::hidden()).is_err());
    }
}
