//! Where a row stands, so that whatever is wrong with it can be found.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A place in a file. All places in a file share its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    file: Arc<Path>,
    spot: Spot,
}

/// Where in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// From 1, where a file has lines.
    Line(u64),
    /// From 1, where it has none.
    Row(u64),
    Whole,
}

/// What stands at a place, or what is wrong there.
#[derive(Debug)]
pub(crate) struct Located<T> {
    /// Where.
    pub(crate) location: Location,
    /// What.
    pub(crate) content: Result<T>,
}

impl Location {
    /// A line, from 1.
    pub(crate) fn line(file: &Arc<Path>, line: u64) -> Self {
        Self { file: Arc::clone(file), spot: Spot::Line(line) }
    }

    /// A row of a file without lines, from 1.
    pub(crate) fn row(file: &Arc<Path>, row: u64) -> Self {
        Self { file: Arc::clone(file), spot: Spot::Row(row) }
    }

    /// The file as a whole.
    pub(crate) fn whole(file: &Arc<Path>) -> Self {
        Self { file: Arc::clone(file), spot: Spot::Whole }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match self.spot {
            Spot::Line(line) => write!(formatter, "{file}, line {line}"),
            Spot::Row(row) => write!(formatter, "{file}, row {row}"),
            Spot::Whole => write!(formatter, "{file}"),
        }
    }
}

/// The entries `file` and, where there are any, `line` or `row`.
impl Serialize for Location {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("file", &*self.file.to_string_lossy())?;
        match self.spot {
            Spot::Line(line) => map.serialize_entry("line", &line)?,
            Spot::Row(row) => map.serialize_entry("row", &row)?,
            Spot::Whole => {}
        }
        map.end()
    }
}

impl<T> Located<T> {
    /// What stands there.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub(crate) fn into_result(self) -> Result<T> {
        self.content.with_context(|| self.location.to_string())
    }
}
