//! A table of figures, for the terminal and for HTML.

use comfy_table::{CellAlignment, LineStyle, TableStyle};

use crate::metrics::Range;

/// One line, under the header.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// What stands for a figure that is not defined.
const UNDEFINED: &str = "–";

/// Rows under a header. The first column names the row, the others hold figures.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// What the table shows, and of what.
    pub(crate) title: String,
    /// As many as each row has.
    pub(crate) header: Vec<&'static str>,
    /// Cells as text.
    pub(crate) rows: Vec<Vec<String>>,
}

impl Table {
    /// For a terminal.
    pub(crate) fn to_text(&self) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE).set_header(&self.header).add_rows(&self.rows);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}\n{table}\n", self.title)
    }
}

/// A number with so many decimals.
pub(crate) fn figure(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), |value| format!("{value:.decimals$}"))
}

/// A share as a percentage.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| UNDEFINED.to_owned(), |share| format!("{:.2} %", share * 100.0))
}

/// An interval of shares as percentages.
pub(crate) fn percents(shares: Option<Range>) -> String {
    let range = |Range { low, high }| format!("{} to {}", percent(Some(low)), percent(Some(high)));
    shares.map_or_else(|| UNDEFINED.to_owned(), range)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_undefined_is_never_a_zero() {
        assert_eq!((figure(None, 2), percent(None)), ("–".to_owned(), "–".to_owned()));
        assert_eq!((figure(Some(1.0), 2), percent(Some(0.0123))), ("1.00".to_owned(), "1.23 %".to_owned()));
    }
}
