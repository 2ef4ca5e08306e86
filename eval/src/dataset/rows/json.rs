//! JSON lines: an object a line; empty lines are left out.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use serde::de::DeserializeOwned;

use super::{Located, Location};

/// What some programs write before the first byte of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The rows of `reader`. One that cannot be parsed is an error in its place; a file that cannot be read on ends there.
pub(super) fn rows<T: DeserializeOwned>(
    file: Arc<Path>,
    mut reader: Box<dyn BufRead + Send>,
) -> impl Iterator<Item = Located<T>> + Send {
    let (mut line, mut number, mut ended) = (Vec::new(), 0, false);
    std::iter::from_fn(move || {
        while !ended {
            line.clear();
            number += 1;
            let read = reader.read_until(b'\n', &mut line).context("cannot read on");
            ended = read.as_ref().is_ok_and(|&bytes| bytes == 0) || read.is_err();
            let text = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&line).trim_ascii();
            if read.is_err() || !text.is_empty() {
                let content = read.and_then(|_| parse(text));
                return Some(Located { location: Location::line(&file, number), content });
            }
        }
        None
    })
}

fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T> {
    serde_json::from_slice(line).map_err(|error| {
        // To the parser every line is line 1.
        let (message, column) = (error.to_string(), error.column());
        let place = format!(" at line {} column {column}", error.line());
        anyhow!("{} (column {column})", message.strip_suffix(&place).unwrap_or(&message))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(bytes: &'static [u8]) -> Vec<Result<u32>> {
        let rows = rows(Path::new("a.jsonl").into(), Box::new(Cursor::new(bytes)));
        rows.map(Located::into_result).collect()
    }

    #[test]
    fn a_bad_line_does_not_end_the_file() {
        let rows = read(b"\xef\xbb\xbf1\r\n\n\"two\"\n\xff\n3");
        assert_eq!((rows[0].as_ref().unwrap(), rows[3].as_ref().unwrap()), (&1, &3));
        let message = format!("{:#}", rows[1].as_ref().unwrap_err());
        assert_eq!(message, "a.jsonl, line 3: invalid type: string \"two\", expected u32 (column 5)");
        assert!(format!("{:#}", rows[2].as_ref().unwrap_err()).starts_with("a.jsonl, line 4: "));
        assert_eq!(rows.len(), 4);
    }
}
