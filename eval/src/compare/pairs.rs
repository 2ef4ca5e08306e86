//! The same photos or conversations in two runs, side by side.
//!
//! Read one after the other; of each only a few numbers stay, so that a million pairs fit.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::interrupt;

/// What is drawn again for an interval. Up to so many subjects or originals each have a bag of their own; more of them
/// share bags evenly, which costs no digit that is printed and keeps a draw short.
pub(super) const BAGS: u32 = 4096;

/// A line of samples.jsonl.
pub(super) trait Row: DeserializeOwned {
    /// What one run found, in a few bytes.
    type Side: Copy;

    /// Names the photo or conversation.
    fn identity(&self) -> &str;
    /// What both runs must agree on.
    fn truth(&self) -> f64;
    /// Who or what is not independent of it, by the source that names them and the name: all rows of one cluster are drawn
    /// together.
    fn cluster(&self) -> [&str; 2];
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
    pub(super) bag: u32,
}

/// Photos or conversations by where they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Overlap {
    /// In both runs: these are compared.
    pub(super) in_both: usize,
    /// In A alone.
    pub(super) only_in_a: usize,
    /// In B alone.
    pub(super) only_in_b: usize,
}

/// All that are in both runs.
#[derive(Debug)]
pub(super) struct Pairs<S> {
    /// In the order of B.
    all: Vec<Pair<S>>,
    /// By key, in alphabetical order; the members as places in `all`.
    slices: Vec<(String, Vec<u32>)>,
    /// How many there are.
    pub(super) overlap: Overlap,
}

/// What A knows of a row, until B's is read.
enum Known<S> {
    Waiting { truth: f64, side: S },
    Taken,
}

/// Numbers for names, in the order in which they are first seen.
#[derive(Default)]
struct Numbers(HashMap<u64, u32>);

impl<S: Copy> Pairs<S> {
    /// Joins the samples of two runs.
    ///
    /// # Errors
    /// When a file cannot be read, holds a name twice, or when the two disagree about the truth; after Ctrl-C.
    pub(super) fn read<R: Row<Side = S>>(a: &Path, b: &Path) -> Result<Self> {
        let mut known = HashMap::new();
        each(a, |row: R| {
            let waiting = Known::Waiting { truth: row.truth(), side: row.side() };
            if known.insert(hash(row.identity()), waiting).is_some() { twice(row.identity()) } else { Ok(()) }
        })?;
        let mut overlap = Overlap { only_in_a: known.len(), ..Overlap::default() };
        let mut pairs = Self { all: Vec::new(), slices: Vec::new(), overlap };
        let (mut bags, mut places) = (Numbers::default(), Numbers::default());
        each(b, |row: R| {
            let met = meet(known.entry(hash(row.identity())), &row)?;
            let Some((truth, a)) = met else {
                overlap.only_in_b += 1;
                return Ok(());
            };
            overlap = Overlap { in_both: overlap.in_both + 1, only_in_a: overlap.only_in_a - 1, ..overlap };
            pairs.add_to_slices(&row, &mut places)?;
            pairs.all.push(Pair { truth, a, b: row.side(), bag: bags.of(row.cluster())? % BAGS });
            Ok(())
        })?;
        ensure!(overlap.in_both > 0, "the two runs have no photo or conversation in common");
        pairs.slices.sort();
        Ok(Self { overlap, ..pairs })
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<&Pair<S>> {
        self.all.iter().collect()
    }

    /// Those of each slice, with its key in report.json.
    pub(super) fn slices(&self) -> impl Iterator<Item = (&str, Vec<&Pair<S>>)> {
        self.slices.iter().map(|(key, members)| {
            (key.as_str(), members.iter().map(|&member| &self.all[member as usize]).collect())
        })
    }

    /// Says of a row that is about to be added to `all` which slices it is in.
    fn add_to_slices<R: Row<Side = S>>(&mut self, row: &R, places: &mut Numbers) -> Result<()> {
        let member = u32::try_from(self.all.len()).context("there are too many samples to compare")?;
        for slice in row.slices() {
            let place = places.of(&slice)? as usize;
            if place == self.slices.len() {
                self.slices.push((slice, Vec::new()));
            }
            self.slices[place].1.push(member);
        }
        Ok(())
    }
}

impl Numbers {
    fn of(&mut self, name: impl Hash) -> Result<u32> {
        let next = u32::try_from(self.0.len()).context("there are too many samples to compare")?;
        Ok(*self.0.entry(hash(name)).or_insert(next))
    }
}

/// What A found about `row`. None: A does not have it.
fn meet<R: Row>(entry: Entry<'_, u64, Known<R::Side>>, row: &R) -> Result<Option<(f64, R::Side)>> {
    match entry {
        Entry::Vacant(entry) => {
            entry.insert(Known::Taken);
            Ok(None)
        }
        Entry::Occupied(mut entry) => match entry.insert(Known::Taken) {
            Known::Taken => twice(row.identity()),
            Known::Waiting { truth, side } => {
                ensure!(
                    truth == row.truth(),
                    "{} is labelled {truth} in A and {} in B: run both on the same labels",
                    row.identity(),
                    row.truth()
                );
                Ok(Some((truth, side)))
            }
        },
    }
}

fn twice<T>(identity: &str) -> Result<T> {
    bail!("{identity} is there twice, so it cannot be told what belongs together: take it out of the data")
}

fn each<R: Row>(path: &Path, mut then: impl FnMut(R) -> Result<()>) -> Result<()> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    for (place, line) in (1..).zip(BufReader::new(file).lines()) {
        interrupt::check()?;
        let at = || format!("{}, line {place}", path.display());
        let row = serde_json::from_str(&line.with_context(at)?).with_context(at)?;
        then(row).with_context(at)?;
    }
    Ok(())
}

/// The same on every machine and in every run: `DefaultHasher::new` has fixed keys.
fn hash(name: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Named {
        name: String,
        truth: f64,
        found: u8,
        who: String,
    }

    impl Row for Named {
        type Side = u8;

        fn identity(&self) -> &str {
            &self.name
        }

        fn truth(&self) -> f64 {
            self.truth
        }

        fn cluster(&self) -> [&str; 2] {
            ["", &self.who]
        }

        fn slices(&self) -> Vec<String> {
            vec![format!("by_who.{}", self.who)]
        }

        fn side(&self) -> u8 {
            self.found
        }
    }

    /// A file of rows: name, truth, found, who.
    fn joined(a: &[(&str, f64, u8, &str)], b: &[(&str, f64, u8, &str)]) -> Result<Pairs<u8>> {
        let folder = tempfile::tempdir().unwrap();
        let [a, b] = [("a", a), ("b", b)].map(|(file, rows)| {
            let line = |(name, truth, found, who): &(&str, f64, u8, &str)| {
                format!(r#"{{"name":"{name}","truth":{truth},"found":{found},"who":"{who}","more":[1]}}"#)
            };
            let file = folder.path().join(file);
            fs::write(&file, rows.iter().map(line).collect::<Vec<_>>().join("\n")).unwrap();
            file
        });
        Pairs::read::<Named>(&a, &b)
    }

    #[test]
    fn rows_meet_by_name_whatever_their_order() {
        let a = [("x", 1.0, 10, "p"), ("y", 2.0, 20, "p"), ("z", 3.0, 30, "q")];
        let b = [("z", 3.0, 31, "q"), ("new", 9.0, 0, "q"), ("x", 1.0, 11, "p")];
        let pairs = joined(&a, &b).unwrap();
        assert_eq!(pairs.overlap, Overlap { in_both: 2, only_in_a: 1, only_in_b: 1 });
        let found: Vec<_> = pairs.all().iter().map(|pair| (pair.truth, pair.a, pair.b, pair.bag)).collect();
        assert_eq!(found, [(3.0, 30, 31, 0), (1.0, 10, 11, 1)]);
        let slices: Vec<_> =
            pairs.slices().map(|(key, members)| (key.to_owned(), members[0].a, members.len())).collect();
        assert_eq!(slices, [("by_who.p".to_owned(), 10, 1), ("by_who.q".to_owned(), 30, 1)]);
    }

    #[test]
    fn what_cannot_be_joined_is_an_error() {
        let refused = |a: &[(&str, f64, u8, &str)], b: &[(&str, f64, u8, &str)]| {
            format!("{:#}", joined(a, b).unwrap_err())
        };
        let (x, y) = (("x", 1.0, 0, "p"), ("y", 1.0, 0, "p"));
        assert!(refused(&[x], &[("x", 2.0, 0, "p")]).contains("b, line 1: x is labelled 1 in A and 2 in B"));
        assert!(refused(&[x, x], &[x]).contains("a, line 2: x is there twice"));
        assert!(refused(&[x], &[x, x]).contains("b, line 2: x is there twice"));
        assert!(refused(&[x], &[y, x, y]).contains("b, line 3: y is there twice"));
        assert!(refused(&[x], &[y]).contains("no photo or conversation in common"));
    }
}
