//! The user's own data: photos with ages, chats with labels. Runs no model.

mod chat_row;
mod chats;
mod lines;
mod pan12;
mod photo_row;
mod photos;
mod rows;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub(crate) use chat_row::{ChatRow, MessageRow, signal};
pub(crate) use chats::{Chat, ChatOptions, Format, Message};
pub(crate) use pan12::Truth;
pub(crate) use photo_row::PhotoRow;
pub(crate) use photos::{Membership, Photo, Photos, Texts, read as read_photos, rows as photo_rows};
pub(crate) use rows::{Located, Location};

/// A file of data, identified by its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Fingerprint {
    /// As given on the command line.
    pub(crate) file: PathBuf,
    /// Of its bytes, hex.
    pub(crate) sha256: String,
}

impl Fingerprint {
    /// Reads the whole of `file`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn of(file: &Path) -> Result<Self> {
        let (mut reader, mut digest) = (BufReader::new(open(file)?), Sha256::new());
        loop {
            let chunk = reader.fill_buf().with_context(|| cannot_read(file))?;
            if chunk.is_empty() {
                break;
            }
            digest.update(chunk);
            let read = chunk.len();
            reader.consume(read);
        }
        Ok(Self { file: file.to_path_buf(), sha256: hex(&digest.finalize()) })
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).with_context(|| cannot_read(path))
}

fn cannot_read(path: &Path) -> String {
    format!("cannot read {}", path.display())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_sha256_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("abc");
        std::fs::write(&file, "abc").unwrap();
        // The example of FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of(&file).unwrap().sha256, expected);
    }
}
