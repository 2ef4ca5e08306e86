//! Differences between two runs over the same cases, with the interval of the difference.
//!
//! Both runs see the same photos or conversations, so what makes one hard makes it hard for both: the difference is far
//! surer than either figure, and its interval is drawn over pairs.

use serde::Serialize;

use super::DECIMALS;
use super::pairs::{BAGS, Pair, Pairs};
use crate::metrics::{Bootstrap, ClusterSum, Range};
use crate::report::{Table, figure};

/// Fewer pairs than this say too little about a difference.
const SUFFICIENT: usize = 30;

/// One figure in both runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Change {
    /// As in report.json.
    pub(crate) key: String,
    /// Pairs that it is of.
    pub(crate) n: usize,
    /// Over these pairs; None where they are too few.
    pub(crate) a: Option<f64>,
    /// Likewise.
    pub(crate) b: Option<f64>,
    /// B − A.
    pub(crate) difference: Option<f64>,
    /// 95 %, of the difference.
    pub(crate) difference_interval: Option<Range>,
    #[serde(skip)]
    better: Better,
}

/// Which way a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Lower,
    Higher,
    /// Neither: nearer to 0 or to a nominal value.
    Neither,
}

/// A figure that is a mean over pairs.
pub(super) struct Measure<S> {
    /// Its key within a slice.
    pub(super) key: &'static str,
    /// Which way it should go.
    pub(super) better: Better,
    /// What a pair adds on either side. None: the pair is not among those that the figure is of.
    pub(super) of: fn(&Pair<S>) -> Option<(f64, f64)>,
}

/// All differences, those of all pairs first.
#[derive(Debug)]
pub(crate) struct Changes {
    all: Vec<Change>,
    /// How many of them are of all pairs.
    overall: usize,
    notes: Vec<String>,
}

/// Both sides of a figure as a function of how often each bag is drawn.
pub(super) type Drawn<'a> = &'a dyn Fn(&[u32]) -> Option<(f64, f64)>;

impl Change {
    /// A mean over the pairs of a slice; of all pairs where `slice` is None.
    pub(super) fn of_mean<S>(
        (prefix, slice): (&str, Option<usize>),
        measure: &Measure<S>,
        pairs: &Pairs<S>,
        bootstrap: Bootstrap,
    ) -> Self {
        let mut bags = vec![ClusterSum::default(); BAGS];
        let (mut n, mut sums) = (0_usize, (0.0, 0.0));
        for pair in pairs.all.iter().filter(|pair| slice.is_none_or(|slice| pair.is_in(slice))) {
            if let Some((a, b)) = (measure.of)(pair) {
                bags[pair.bag].total += b - a;
                bags[pair.bag].n += 1.0;
                sums = (sums.0 + a, sums.1 + b);
                n += 1;
            }
        }
        bags.retain(|bag| bag.n > 0.0);
        let figures = (n >= SUFFICIENT).then(|| (sums.0 / n as f64, sums.1 / n as f64));
        let interval = figures.and_then(|_| bootstrap.mean(&bags));
        Self::new(format!("{prefix}.{}", measure.key), n, figures, interval).with_better(measure.better)
    }

    /// Any figure of all pairs, `n` of which it is of.
    pub(super) fn of_figure(key: &str, n: usize, drawn: Drawn<'_>, bootstrap: Bootstrap) -> Self {
        let figures = drawn(&[1; BAGS]).filter(|_| n >= SUFFICIENT);
        let difference = |weights: &[u32]| drawn(weights).map(|(a, b)| b - a);
        let interval = figures.and_then(|_| bootstrap.of(BAGS, difference));
        Self::new(key.to_owned(), n, figures, interval)
    }

    fn new(key: String, n: usize, figures: Option<(f64, f64)>, interval: Option<Range>) -> Self {
        Self {
            key,
            n,
            a: figures.map(|(a, _)| a),
            b: figures.map(|(_, b)| b),
            difference: figures.map(|(a, b)| b - a),
            difference_interval: interval,
            better: Better::Neither,
        }
    }

    /// With which way it should go.
    pub(super) fn with_better(self, better: Better) -> Self {
        Self { better, ..self }
    }

    fn row(&self) -> Vec<String> {
        let signed = |value: f64| format!("{value:+.DECIMALS$}");
        let Some(difference) = self.difference else {
            let insufficient = ["–", "–", "insufficient", "", ""].map(str::to_owned);
            return [self.key.clone(), self.n.to_string()].into_iter().chain(insufficient).collect();
        };
        let interval = self.difference_interval;
        let interval = interval
            .map_or_else(String::new, |range| format!("{} to {}", signed(range.low), signed(range.high)));
        vec![
            self.key.clone(),
            self.n.to_string(),
            figure(self.a, DECIMALS),
            figure(self.b, DECIMALS),
            signed(difference),
            interval,
            self.reading().to_owned(),
        ]
    }

    /// What the interval allows to say.
    fn reading(&self) -> &'static str {
        let Some(Range { low, high }) = self.difference_interval else { return "" };
        match self.better {
            _ if low <= 0.0 && high >= 0.0 => "no clear change",
            Better::Neither => "changed",
            Better::Lower if high < 0.0 => "better",
            Better::Higher if low > 0.0 => "better",
            Better::Lower | Better::Higher => "worse",
        }
    }
}

impl Changes {
    /// Those of all pairs and those of slices.
    pub(super) fn new(overall: Vec<Change>, slices: Vec<Change>, unpaired: usize) -> Self {
        let (n, mut all) = (overall.len(), overall);
        all.extend(slices);
        let note = format!("{unpaired} photos or conversations are in one of the runs only and left out");
        Self { all, overall: n, notes: (unpaired > 0).then_some(note).into_iter().collect() }
    }

    /// Every difference.
    pub(crate) fn all(&self) -> &[Change] {
        &self.all
    }

    /// That of one key.
    pub(crate) fn get(&self, key: &str) -> Option<&Change> {
        self.all.iter().find(|change| change.key == key)
    }

    /// For people.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let (overall, slices) = self.all.split_at(self.overall);
        let table = |title: &str, changes: &[Change]| Table {
            title: [&[title.to_owned()], &self.notes[..]].concat().join("; "),
            header: vec!["figure", "pairs", "A", "B", "B − A", "95 % interval", "reading"],
            rows: changes.iter().map(Change::row).collect(),
        };
        let tables = [table("Differences over the same cases", overall), table("… by slice", slices)];
        tables.into_iter().filter(|table| !table.rows.is_empty()).collect()
    }
}
