//! A part of a report: a heading with what belongs under it.

use super::{Figure, Table};

/// A heading with what belongs under it: sentences, then what is drawn, then tables.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// The heading.
    pub(crate) title: String,
    /// What a reader must know before believing these figures, in sentences.
    pub(crate) notes: Vec<String>,
    /// What is drawn.
    pub(crate) plots: Vec<Figure>,
    /// Figures in rows; a table without rows is left out.
    pub(crate) tables: Vec<Table>,
    /// Where it is shown.
    pub(crate) place: Place,
}

/// Where a section is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// On the page, and its tables on the terminal too.
    Summary,
    /// On the page alone.
    Page,
}

impl Section {
    /// Tables that have something to show.
    pub(super) fn shown_tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().filter(|table| !table.rows.is_empty())
    }

    /// Whether anything stands under the heading.
    pub(super) fn is_empty(&self) -> bool {
        self.plots.is_empty() && self.notes.is_empty() && self.shown_tables().next().is_none()
    }
}
