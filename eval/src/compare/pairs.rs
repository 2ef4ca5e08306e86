//! The same photos or conversations in two runs, side by side.
//!
//! Read one after the other; of each only a few numbers stay, so that a million pairs fit.

use std::collections::HashMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;

/// What is drawn again for an interval: this many bags, each with all that belongs to some subjects or originals. More
/// of them would cost time and change no digit that is printed.
pub(super) const BAGS: usize = 4096;

/// A line of samples.jsonl.
pub(super) trait Row: DeserializeOwned {
    /// What one run found, in a few bytes.
    type Side: Copy;

    /// Names the photo or conversation.
    fn identity(&self) -> &str;
    /// What both runs must agree on.
    fn truth(&self) -> f64;
    /// Who or what is not independent of it: all rows of one cluster are drawn together.
    fn cluster(&self) -> &str;
    /// The parts of the data that it belongs to, as keys of report.json.
    fn slices(&self) -> Vec<String>;
    /// What this run found.
    fn side(&self) -> Self::Side;
}

/// One photo or conversation in both runs.
#[derive(Debug, Clone)]
pub(super) struct Pair<S> {
    /// The true age, or the label.
    pub(super) truth: f64,
    /// What A found.
    pub(super) a: S,
    /// What B found.
    pub(super) b: S,
    /// Below [`BAGS`].
    pub(super) bag: usize,
    /// Places in [`Pairs::slices`].
    slices: Box<[u32]>,
}

/// All that are in both runs.
#[derive(Debug)]
pub(super) struct Pairs<S> {
    /// In the order of B.
    pub(super) all: Vec<Pair<S>>,
    /// Keys of the slices, in the order in which they appear.
    pub(super) slices: Vec<String>,
    /// Rows that only one of the runs has.
    pub(super) unpaired: usize,
}

impl<S: Copy> Pairs<S> {
    /// Joins the samples of two runs.
    ///
    /// # Errors
    /// When a file cannot be read, holds a name twice, or when the two disagree about the truth.
    pub(super) fn read<R: Row<Side = S>>(a: &Path, b: &Path) -> Result<Self> {
        let mut sides = HashMap::new();
        each(a, |row: R| {
            let known = sides.insert(hash(row.identity()), (row.truth(), row.side()));
            ensure!(
                known.is_none(),
                "{} is there twice: what belongs together cannot be told",
                row.identity()
            );
            Ok(())
        })?;
        let mut pairs = Self { all: Vec::new(), slices: Vec::new(), unpaired: 0 };
        let mut places = HashMap::new();
        each(b, |row: R| {
            let Some((truth, side)) = sides.remove(&hash(row.identity())) else {
                pairs.unpaired += 1;
                return Ok(());
            };
            ensure!(
                truth == row.truth(),
                "{} is labelled {truth} in A and {} in B: run both on the same data",
                row.identity(),
                row.truth()
            );
            pairs.add(&row, side, &mut places);
            Ok(())
        })?;
        pairs.unpaired += sides.len();
        ensure!(!pairs.all.is_empty(), "the two runs have no photo or conversation in common");
        Ok(pairs)
    }

    fn add<R: Row<Side = S>>(&mut self, row: &R, a: S, places: &mut HashMap<String, u32>) {
        let mut place = |slice: String| {
            *places.entry(slice).or_insert_with_key(|slice| {
                self.slices.push(slice.clone());
                // A manifest with so many values of a column is no grouping.
                u32::try_from(self.slices.len() - 1).unwrap_or(u32::MAX)
            })
        };
        let slices = row.slices().into_iter().map(&mut place).collect();
        let bag = (hash(row.cluster()) % BAGS as u64) as usize;
        self.all.push(Pair { truth: row.truth(), a, b: row.side(), bag, slices });
    }
}

impl<S> Pair<S> {
    /// Whether it belongs to the slice in that place.
    pub(super) fn is_in(&self, slice: usize) -> bool {
        self.slices.iter().any(|&place| place as usize == slice)
    }
}

fn each<R: Row>(path: &Path, mut then: impl FnMut(R) -> Result<()>) -> Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    for (place, line) in (1..).zip(BufReader::new(file).lines()) {
        let at = || format!("{}, line {place}", path.display());
        let row = serde_json::from_str(&line.with_context(at)?).with_context(at)?;
        then(row).with_context(at)?;
    }
    Ok(())
}

/// The same on every machine and in every run: `DefaultHasher::new` has fixed keys.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
