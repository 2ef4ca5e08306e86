//! Files of rows: CSV, JSON lines and Parquet, one row after the other, never all at once.
//!
//! What is wrong with a row is said with its place and does not end the file; only what cannot be read does.

mod json;
mod location;
mod parquet;
mod table;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;
use indicatif::ProgressBar;
use serde::de::DeserializeOwned;

pub(crate) use location::{Located, Location};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// `.csv`, with a header.
    Csv,
    /// `.jsonl`, `.ndjson`: one JSON object a line.
    Json,
    /// `.parquet`: compressed by Snappy or Zstandard, or not at all.
    Parquet,
}

/// A file of rows.
pub(super) struct Source<'a> {
    /// Gzip is known by the extension `.gz`, after that of the layout.
    pub(super) file: &'a Path,
    /// Of the rows.
    pub(super) layout: Layout,
    /// Told of the bytes that are read.
    pub(super) progress: &'a ProgressBar,
}

/// The rows of a file, in its order.
pub(super) struct Rows<T> {
    /// All columns of the file, where it says so before its rows.
    pub(super) columns: Option<Vec<String>>,
    rows: Box<dyn Iterator<Item = Located<T>> + Send>,
}

impl Layout {
    /// As the extension says, if it does.
    pub(super) fn of(file: &Path) -> Option<Self> {
        let name = file.file_name()?.to_string_lossy().to_lowercase();
        match name.strip_suffix(".gz").unwrap_or(&name).rsplit_once('.')?.1 {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Json),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Rows<T> {
    /// Opens the file. Columns that are not `wanted` need not be read.
    ///
    /// # Errors
    /// When it cannot be opened, or its header is none.
    pub(super) fn open(source: &Source<'_>, wanted: &dyn Fn(&str) -> bool) -> Result<Self> {
        match source.layout {
            Layout::Csv => table::open(source),
            Layout::Json => {
                let rows = json::rows(source.file.into(), text(source.file, source.progress)?);
                Ok(Self { columns: None, rows: Box::new(rows) })
            }
            Layout::Parquet => parquet::open(source, wanted),
        }
        .context("it cannot be read")
    }
}

impl<T> Iterator for Rows<T> {
    type Item = Located<T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}

/// A file of text, unpacked where its extension is `.gz`.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn text(file: &Path, progress: &ProgressBar) -> Result<Box<dyn BufRead + Send>> {
    let bytes = progress.wrap_read(File::open(file)?);
    let gzip = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    let bytes: Box<dyn Read + Send> =
        if gzip { Box::new(MultiGzDecoder::new(bytes)) } else { Box::new(bytes) };
    Ok(Box::new(BufReader::with_capacity(BUFFER, bytes)))
}

/// Bytes that are read at a time.
const BUFFER: usize = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_names_the_layout() {
        let layout = |name: &str| Layout::of(Path::new(name));
        assert_eq!(layout("a/photos.csv"), Some(Layout::Csv));
        assert_eq!(layout("photos.CSV.gz"), Some(Layout::Csv));
        assert_eq!(layout("photos.v2.jsonl.gz"), Some(Layout::Json));
        assert_eq!(layout("photos.parquet"), Some(Layout::Parquet));
        assert_eq!((layout("photos"), layout("photos.gz"), layout("photos.txt")), (None, None, None));
    }
}
