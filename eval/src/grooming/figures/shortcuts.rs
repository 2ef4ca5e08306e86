//! How far one gets without looking at what is said: where labels follow from how the data were made, every figure is too good.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::record::{Name, Record, Records};
use super::LEAST_GROUP;
use crate::metrics::{Ranking, Scored};

/// ROC-AUCs of 0.5 say that there is no such way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Shortcuts {
    /// Of the source alone: each conversation scores its source's share of positives. Sources of few conversations have one
    /// share together: each would tell its own conversations, whatever they are.
    pub(crate) source_only: Option<f64>,
    /// Of the number of messages alone, whichever way it points.
    pub(crate) length_only: Option<f64>,
    /// Of the conversation's risk, between the negatives of one source and those of all others: does the model tell where
    /// harmless text comes from? Sources with enough negatives.
    pub(crate) negatives_by_source: BTreeMap<String, Option<f64>>,
}

impl Shortcuts {
    /// Of all records.
    pub(crate) fn of(records: &Records) -> Self {
        let all = || records.all().iter();
        let shares = shares(records);
        let length = area(all().map(|record| (record.baselines.length, record.positive)));
        Self {
            source_only: area(all().map(|record| (shares[&record.source], record.positive))),
            length_only: length.map(|area| area.max(1.0 - area)),
            negatives_by_source: negatives_by_source(records),
        }
    }
}

fn shares(records: &Records) -> BTreeMap<Name, f32> {
    let mut counts: BTreeMap<Name, (f32, f32)> = BTreeMap::new();
    for record in records.all() {
        let (positives, n) = counts.entry(record.source).or_default();
        *positives += f32::from(u8::from(record.positive));
        *n += 1.0;
    }
    let enough = |n: f32| n >= LEAST_GROUP as f32;
    let (positives, n) = counts
        .values()
        .filter(|(_, n)| !enough(*n))
        .fold((0.0, 0.0), |sum: (f32, f32), few| (sum.0 + few.0, sum.1 + few.1));
    let of_few = positives / n;
    let share = |(positives, n): (f32, f32)| if enough(n) { positives / n } else { of_few };
    counts.into_iter().map(|(source, counted)| (source, share(counted))).collect()
}

fn negatives_by_source(records: &Records) -> BTreeMap<String, Option<f64>> {
    let mut sources: BTreeMap<Name, usize> = BTreeMap::new();
    records.negatives().for_each(|record| *sources.entry(record.source).or_default() += 1);
    let of = |source: Name| {
        area(records.negatives().map(|record: &Record| (record.risk, record.source == source)))
    };
    let enough = sources.into_iter().filter(|&(_, n)| n >= LEAST_GROUP);
    enough.map(|(source, _)| (records.name(source).to_owned(), of(source))).collect()
}

fn area(scored: impl Iterator<Item = (f32, bool)>) -> Option<f64> {
    let scored = scored.map(|(score, positive)| Scored { score: f64::from(score), positive });
    Ranking::of(scored.collect()).roc_auc()
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::{Piece, add, mixed};
    use super::*;

    #[test]
    fn a_source_that_is_its_label_gives_it_away() {
        let mut records = Records::default();
        for place in 0..60 {
            add(&mut records, Piece::of((place % 2 == 0, 0.5, 0)));
        }
        let found = Shortcuts::of(&records);
        assert_eq!((found.source_only, found.length_only), (Some(1.0), Some(0.5)));
        assert!(Shortcuts::of(&mixed()).negatives_by_source.is_empty(), "two negatives are not enough");
    }

    #[test]
    fn small_sources_that_are_mixed_by_chance_give_nothing_away() {
        let mut records = Records::default();
        for source in 0..200 {
            let labels = match source {
                0..100 => [true, false],
                100..150 => [true, true],
                _ => [false, false],
            };
            let name = source.to_string();
            for positive in labels {
                add(&mut records, Piece { source: Some(&name), ..Piece::of((positive, 0.5, 0)) });
            }
        }
        assert_eq!(Shortcuts::of(&records).source_only, Some(0.5));
    }

    #[test]
    fn short_conversations_give_away_as_much_as_long_ones() {
        let mut records = Records::default();
        for (positive, messages) in [(true, 3), (true, 4), (false, 9)] {
            add(&mut records, Piece { messages, ..Piece::of((positive, 0.5, 0)) });
        }
        assert_eq!(Shortcuts::of(&records).length_only, Some(1.0));
    }
}
