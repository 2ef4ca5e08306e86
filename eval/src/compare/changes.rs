//! All differences between two runs, for people and by key.

use super::change::{Change, Reading};
use super::pairs::Overlap;
use crate::metrics::Range;
use crate::report::{Table, figure};

/// Figures are shown with so many decimals.
pub(super) const DECIMALS: usize = 4;

/// Slices are shown in at most so many rows.
const LEGIBLE: usize = 200;

/// Differences over the cases that are in both runs.
#[derive(Debug)]
pub(crate) struct Changes {
    /// How many cases these are.
    pub(super) overlap: Overlap,
    /// Over all of them.
    pub(super) overall: Vec<Change>,
    /// Over each slice.
    pub(super) slices: Vec<Slice>,
}

/// Differences over a part of the cases.
#[derive(Debug)]
pub(super) struct Slice {
    /// As in report.json.
    pub(super) key: String,
    /// With keys that begin with it.
    pub(super) changes: Vec<Change>,
}

impl Changes {
    /// Every difference.
    pub(super) fn all(&self) -> impl Iterator<Item = &Change> {
        self.overall.iter().chain(self.of_slices())
    }

    fn of_slices(&self) -> impl Iterator<Item = &Change> {
        self.slices.iter().flat_map(|slice| &slice.changes)
    }

    /// That of one key.
    pub(crate) fn get(&self, key: &str) -> Option<&Change> {
        self.all().find(|change| change.key == key)
    }

    /// What must be known before the tables are read, in sentences.
    pub(super) fn notes(&self) -> Vec<String> {
        let Overlap { in_both, only_in_a, only_in_b } = self.overlap;
        let mut notes = vec![format!(
            "Differences are over the {in_both} samples that are in both runs, with 95 % intervals drawn over them in pairs."
        )];
        if only_in_a + only_in_b > 0 {
            notes.push(format!("Left out: {only_in_a} that are in A only, {only_in_b} that are in B only."));
        }
        notes
    }

    /// Over all cases.
    pub(super) fn overall(&self) -> Table {
        table("Differences".to_owned(), self.overall.iter().map(row).collect())
    }

    /// By slice. Of many slices only what is clear is shown: everything is in the JSON.
    pub(super) fn by_slice(&self) -> Table {
        let mut rows: Vec<_> = self.slices.iter().flat_map(rows).collect();
        let all = rows.len();
        if all > LEGIBLE {
            let clear = self.of_slices().filter(|change| change.reading().is_clear());
            rows = clear.take(LEGIBLE).map(row).collect();
        }
        let sure = self.of_slices().filter(|change| change.interval.is_some()).count();
        let left_out = if all > LEGIBLE { ", only what is clear" } else { "" };
        let title = format!(
            "Differences by slice{left_out}; of {sure} intervals of 95 % one in twenty misses 0 by chance alone"
        );
        table(title, rows)
    }
}

fn table(title: String, rows: Vec<Vec<String>>) -> Table {
    Table { title, header: vec!["figure", "pairs", "A", "B", "B − A", "95 % interval", "reading"], rows }
}

/// As many as there are figures, or a single one for a slice of which nothing can be said.
fn rows(slice: &Slice) -> Vec<Vec<String>> {
    if slice.changes.iter().any(|change| change.figures.is_some()) {
        return slice.changes.iter().map(row).collect();
    }
    let most = slice.changes.iter().map(|change| change.n).max().unwrap_or(0);
    vec![cells([slice.key.clone(), most.to_string()], Reading::Insufficient)]
}

fn row(change: &Change) -> Vec<String> {
    let signed = |value: f64| format!("{value:+.DECIMALS$}");
    let named = [change.key.clone(), change.n.to_string()];
    let Some((a, b)) = change.figures else { return cells(named, Reading::Insufficient) };
    let interval = change.interval.map(|Range { low, high }| format!("{} to {}", signed(low), signed(high)));
    let figures = [figure(Some(a), DECIMALS), figure(Some(b), DECIMALS), signed(b - a)];
    let last = [interval.unwrap_or_else(|| figure(None, 0)), change.reading().as_str().to_owned()];
    named.into_iter().chain(figures).chain(last).collect()
}

fn cells(named: [String; 2], reading: Reading) -> Vec<String> {
    let nothing = std::iter::repeat_n(figure(None, 0), 4);
    named.into_iter().chain(nothing).chain([reading.as_str().to_owned()]).collect()
}

#[cfg(test)]
mod tests {
    use super::super::change::{Better, SUFFICIENT};
    use super::*;

    fn change(key: &str, n: usize) -> Change {
        let enough = n >= SUFFICIENT;
        Change {
            key: key.to_owned(),
            n,
            figures: enough.then_some((5.0, 4.5)),
            interval: enough.then_some(Range { low: -0.75, high: -0.25 }),
            better: Better::Lower,
        }
    }

    fn slice(key: &str, figures: &[(&str, usize)]) -> Slice {
        let changes = figures.iter().map(|&(figure, n)| change(&format!("{key}.{figure}"), n)).collect();
        Slice { key: key.to_owned(), changes }
    }

    fn changes(slices: Vec<Slice>) -> Changes {
        let overlap = Overlap { in_both: 100, only_in_a: 2, only_in_b: 0 };
        Changes { overlap, overall: vec![change("overall.mae", 100)], slices }
    }

    #[test]
    fn a_row_says_all_of_a_difference() {
        let changes = changes(Vec::new());
        let expected = ["overall.mae", "100", "5.0000", "4.5000", "-0.5000", "-0.7500 to -0.2500", "better"];
        assert_eq!(changes.overall().rows, [expected.map(str::to_owned)]);
        assert_eq!(changes.notes()[1], "Left out: 2 that are in A only, 0 that are in B only.");
        assert!(changes.get("overall.mae").is_some() && changes.get("overall.mea").is_none());
    }

    #[test]
    fn what_is_insufficient_takes_one_row_and_is_no_zero() {
        let few = slice("by_age_band.13-17", &[("mae", 12), ("minor_pass_rate.18", 10)]);
        let mixed = slice("by_group.sex/1", &[("mae", 60), ("minor_pass_rate.18", 7)]);
        let rows = changes(vec![few, mixed]).by_slice().rows;
        let short: Vec<_> =
            rows.iter().map(|row| (row[0].as_str(), row[4].as_str(), row[6].as_str())).collect();
        let expected = [
            ("by_age_band.13-17", "–", "insufficient"),
            ("by_group.sex/1.mae", "-0.5000", "better"),
            ("by_group.sex/1.minor_pass_rate.18", "–", "insufficient"),
        ];
        assert_eq!(short, expected);
    }

    #[test]
    fn many_slices_stay_legible() {
        let unclear = |number: usize| {
            let mut slice = slice(&format!("by_group.who/{number}"), &[("mae", 50)]);
            slice.changes[0].interval = Some(Range { low: -1.0, high: 1.0 });
            slice
        };
        let clear = slice("by_group.sex/1", &[("mae", 60)]);
        let table = changes((0..300).map(unclear).chain([clear]).collect()).by_slice();
        assert_eq!(table.rows.len(), 1);
        assert!(table.title.contains("only what is clear; of 301 intervals"), "{}", table.title);
    }
}
