//! CSV with a header. Every cell is text; an empty one is null, as if the column were not there.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use csv::{ErrorKind, Position, StringRecord};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{Located, Location, Rows, Source, text};

/// Opens a CSV.
///
/// # Errors
/// When it cannot be read, has no header or a header that names a column twice.
pub(super) fn open<T: DeserializeOwned + Send + 'static>(source: &Source<'_>) -> Result<Rows<T>> {
    let file: Arc<Path> = source.file.into();
    let mut reader = csv::Reader::from_reader(text(source.file, source.progress)?);
    let header: Vec<String> = reader.headers()?.iter().map(str::to_owned).collect();
    if let Some(twice) =
        header.iter().enumerate().find_map(|(i, name)| header[..i].contains(name).then_some(name))
    {
        bail!("the header names the column `{twice}` twice");
    }
    let columns = Some(header.clone());
    let (mut row, mut ended) = (StringRecord::new(), false);
    let rows = std::iter::from_fn(move || {
        let read = if ended { Ok(false) } else { reader.read_record(&mut row) };
        let location =
            |position: Option<&Position>| Location::line(&file, position.map_or(0, Position::line));
        match read {
            Ok(false) => None,
            Ok(true) => Some(Located { location: location(row.position()), content: parse(&header, &row) }),
            Err(error) => {
                ended = error.is_io_error();
                let position = error.position().unwrap_or_else(|| reader.position()).clone();
                Some(Located { location: location(Some(&position)), content: Err(fault(error)) })
            }
        }
    });
    Ok(Rows { columns, rows: Box::new(rows) })
}

fn parse<T: DeserializeOwned>(header: &[String], row: &StringRecord) -> Result<T> {
    let cell = |text: &str| if text.is_empty() { Value::Null } else { Value::from(text) };
    let cells: Map<String, Value> = header.iter().cloned().zip(row.iter().map(cell)).collect();
    Ok(serde_json::from_value(Value::Object(cells))?)
}

fn fault(error: csv::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::UnequalLengths { expected_len, len, .. } => {
            anyhow!("the row has {len} fields, the header {expected_len}")
        }
        ErrorKind::Utf8 { .. } => anyhow!("the row is not UTF-8"),
        _ => anyhow::Error::from(error).context("cannot read on"),
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::super::Layout;
    use super::*;

    fn read(bytes: &[u8]) -> Result<Vec<Result<Map<String, Value>>>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.csv");
        std::fs::write(&file, bytes).unwrap();
        let progress = ProgressBar::hidden();
        let source = Source { file: &file, layout: Layout::Csv, progress: &progress };
        Ok(Rows::open(&source, &|_| true)?.map(Located::into_result).collect())
    }

    #[test]
    fn a_bad_row_does_not_end_the_file() {
        let rows = read(b"file,age\na.jpg,\n\"b\nc.jpg\",2,3\n\xff,4\nd.jpg,5\n").unwrap();
        assert_eq!(rows[0].as_ref().unwrap()["age"], Value::Null);
        let said = |row: &Result<_>| format!("{:#}", row.as_ref().map(|_: &Map<_, _>| ()).unwrap_err());
        assert!(
            said(&rows[1]).ends_with("a.csv, line 3: the row has 3 fields, the header 2"),
            "{}",
            said(&rows[1])
        );
        assert!(said(&rows[2]).ends_with("a.csv, line 5: the row is not UTF-8"), "{}", said(&rows[2]));
        assert_eq!(rows[3].as_ref().unwrap()["age"], "5");
        assert_eq!(rows.len(), 4);
    }

    #[test]
    fn a_header_names_each_column_once() {
        let message = format!("{:#}", read(b"file,age,file\n").unwrap_err());
        assert!(message.ends_with("the header names the column `file` twice"), "{message}");
    }
}
