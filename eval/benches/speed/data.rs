//! What is measured on: the examples, repeated with small changes, or data of the user's own.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use models::grooming::Turn;
use serde::Deserialize;

use crate::project;

const PHOTOS: usize = 1500;
const CHATS: usize = 400;

/// Photos with their manifest.
pub(crate) struct PhotoSet {
    pub(crate) manifest: PathBuf,
    pub(crate) images: PathBuf,
}

impl PhotoSet {
    /// The content of each file that the manifest names, in its order.
    pub(crate) fn bytes(&self) -> Vec<Vec<u8>> {
        #[derive(Deserialize)]
        struct Row {
            file: String,
        }
        let mut reader = csv::Reader::from_path(&self.manifest).unwrap();
        let rows = reader.deserialize().map(|row: Result<Row, _>| row.unwrap());
        rows.map(|row| fs::read(self.images.join(row.file)).unwrap()).collect()
    }
}

/// The portrait, many times.
pub(crate) fn photos(folder: &Path) -> PhotoSet {
    let (manifest, images) = (folder.join("photos.csv"), project().join("examples"));
    let mut csv = "file,age\n".to_owned();
    (0..PHOTOS).for_each(|_| csv.push_str("astronaut.jpg,45\n"));
    fs::write(&manifest, csv).unwrap();
    PhotoSet { manifest, images }
}

/// The example conversations, many times, each with its own number in every message so that no two are the same.
pub(crate) fn chats(folder: &Path) -> PathBuf {
    let (file, mut lines) = (folder.join("chats.jsonl"), String::new());
    let examples = read(&project().join("examples/chat.jsonl"));
    for (number, turns) in examples.iter().cycle().take(CHATS).enumerate() {
        let message = |turn: &Turn| {
            let text = format!("{} {number}", turn.text);
            serde_json::json!({ "speaker": turn.author, "text": text })
        };
        let messages: Vec<_> = turns.iter().map(message).collect();
        let chat = serde_json::json!({ "conversation_id": number.to_string(), "messages": messages });
        writeln!(lines, "{chat}").unwrap();
    }
    fs::write(&file, lines).unwrap();
    file
}

/// The conversations of a plain JSONL file.
pub(crate) fn read(file: &Path) -> Vec<Vec<Turn>> {
    #[derive(Deserialize)]
    struct Row {
        messages: Vec<Message>,
    }
    #[derive(Deserialize)]
    struct Message {
        speaker: String,
        text: String,
    }
    let turn = |message: Message| Turn { author: message.speaker, text: message.text };
    let text = fs::read_to_string(file).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str::<Row>(line).unwrap());
    rows.map(|row| row.messages.into_iter().map(turn).collect()).collect()
}
