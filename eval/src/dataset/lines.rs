//! A reader that knows the line it has come to, for parsers that do not.

use std::io::{self, BufRead, Read};

/// Counts the lines that were read.
pub(super) struct Lines {
    reader: Box<dyn BufRead + Send>,
    line: u64,
}

impl Lines {
    /// Those of `reader`, none of which has been read.
    pub(super) fn of(reader: Box<dyn BufRead + Send>) -> Self {
        Self { reader, line: 1 }
    }

    /// That of the next byte, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.line += breaks(&buffer[..read]);
        Ok(read)
    }
}

impl BufRead for Lines {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        // What is consumed has been filled before, so that this reads nothing.
        if let Ok(filled) = self.reader.fill_buf() {
            self.line += breaks(&filled[..bytes.min(filled.len())]);
        }
        self.reader.consume(bytes);
    }
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.iter().map(|&byte| u64::from(byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_is_consumed_counts() {
        let mut lines = Lines::of(Box::new(Cursor::new("a\nb\n\nc")));
        let mut text = String::new();
        lines.read_line(&mut text).unwrap();
        assert_eq!((text.as_str(), lines.line()), ("a\n", 2));
        lines.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), lines.line()), ("a\nb\n\nc", 4));
    }
}
