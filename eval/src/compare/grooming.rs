//! What changed from one run over conversations to another.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::change::{Better, Change, Changes, Measure};
use super::pairs::{Pair, Pairs, Row};
use crate::metrics::Bootstrap;

/// A line of samples.jsonl.
#[derive(Debug, Deserialize)]
struct Conversation {
    conversation_id: String,
    original: Option<String>,
    #[serde(default)]
    source: String,
    slice: Option<String>,
    label: u8,
    risk: f32,
    first_alert: Option<u32>,
}

/// What one run says of a conversation.
#[derive(Debug, Clone, Copy)]
struct Side {
    risk: f32,
    first_alert: Option<u32>,
}

const MEASURES: [Measure<Side>; 2] = [
    Measure { key: "recall", better: Better::Higher, of: |pair| alerts(pair).filter(|_| positive(pair)) },
    Measure { key: "fpr", better: Better::Lower, of: |pair| alerts(pair).filter(|_| !positive(pair)) },
];

/// Every figure over all conversations, and alerts in each source and slice.
///
/// # Errors
/// When the samples cannot be read or do not belong together.
pub(super) fn changes(a: &Path, b: &Path, bootstrap: Bootstrap) -> Result<Changes> {
    let pairs = Pairs::read::<Conversation>(a, b)?;
    let of = |prefix: &str, slice| {
        MEASURES.iter().map(|measure| Change::of_mean((prefix, slice), measure, &pairs, bootstrap)).collect()
    };
    let mut overall: Vec<Change> = of("conversation", None);
    overall.extend(areas(&pairs, bootstrap));
    overall.push(latency(&pairs, bootstrap));
    let slices =
        pairs.slices.iter().enumerate().flat_map(|(place, slice)| -> Vec<Change> { of(slice, Some(place)) });
    let slices = slices.filter(|change| change.n > 0).collect();
    Ok(Changes::new(overall, slices, pairs.unpaired))
}

impl Row for Conversation {
    type Side = Side;

    fn identity(&self) -> &str {
        &self.conversation_id
    }

    fn truth(&self) -> f64 {
        f64::from(self.label)
    }

    fn cluster(&self) -> &str {
        self.original.as_ref().unwrap_or(&self.conversation_id)
    }

    fn slices(&self) -> Vec<String> {
        let source = format!("by_source.{}", self.source);
        let slice = self.slice.as_ref().map(|slice| format!("by_slice.{slice}"));
        std::iter::once(source).chain(slice).collect()
    }

    fn side(&self) -> Side {
        Side { risk: self.risk, first_alert: self.first_alert }
    }
}

fn positive(pair: &Pair<Side>) -> bool {
    pair.truth > 0.0
}

/// 1 where a side alerted.
fn alerts(pair: &Pair<Side>) -> Option<(f64, f64)> {
    let alerted = |side: Side| f64::from(u8::from(side.first_alert.is_some()));
    Some((alerted(pair.a), alerted(pair.b)))
}

/// Both areas under curves, by the last risk.
fn areas(pairs: &Pairs<Side>, bootstrap: Bootstrap) -> [Change; 2] {
    let n_pos = pairs.all.iter().filter(|pair| positive(pair)).count();
    let n = n_pos.min(pairs.all.len() - n_pos);
    let [a, b] = [|pair: &Pair<Side>| pair.a.risk, |pair: &Pair<Side>| pair.b.risk]
        .map(|risk| Ranked::of(pairs, risk));
    let change = |key, area: fn(&Ranked, &[u32]) -> Option<f64>| {
        let drawn = |weights: &[u32]| area(&a, weights).zip(area(&b, weights));
        Change::of_figure(key, n, &drawn, bootstrap).with_better(Better::Higher)
    };
    [change("conversation.roc_auc", Ranked::roc_auc), change("conversation.pr_auc", Ranked::pr_auc)]
}

/// Messages read at the first alert, over the positives that both alert on.
fn latency(pairs: &Pairs<Side>, bootstrap: Bootstrap) -> Change {
    let both = pairs.all.iter().filter(|pair| positive(pair));
    let both: Vec<(usize, u32, u32)> =
        both.filter_map(|pair| Some((pair.bag, pair.a.first_alert?, pair.b.first_alert?))).collect();
    let sorted = |of: fn(&(usize, u32, u32)) -> u32| {
        let mut messages: Vec<(u32, usize)> = both.iter().map(|pair| (of(pair), pair.0)).collect();
        messages.sort_unstable();
        messages
    };
    let (a, b) = (sorted(|pair| pair.1), sorted(|pair| pair.2));
    let drawn = |weights: &[u32]| median(&a, weights).zip(median(&b, weights));
    Change::of_figure("early.median_latency", both.len(), &drawn, bootstrap).with_better(Better::Lower)
}

/// The value that half of the drawn ones do not exceed. `sorted`: values with their bags.
fn median(sorted: &[(u32, usize)], weights: &[u32]) -> Option<f64> {
    let total: u64 = sorted.iter().map(|&(_, bag)| u64::from(weights[bag])).sum();
    let mut before = 0;
    let middle = |&&(_, bag): &&(u32, usize)| {
        before += u64::from(weights[bag]);
        2 * before >= total.max(1)
    };
    sorted.iter().find(middle).map(|&(value, _)| f64::from(value))
}

/// Conversations by falling risk, so that an area over any draw takes one walk and no sorting.
#[derive(Debug)]
struct Ranked(Vec<(f32, bool, usize)>);

impl Ranked {
    fn of(pairs: &Pairs<Side>, risk: fn(&Pair<Side>) -> f32) -> Self {
        let mut ranked: Vec<_> =
            pairs.all.iter().map(|pair| (risk(pair), positive(pair), pair.bag)).collect();
        ranked.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
        Self(ranked)
    }

    /// Positives and negatives of each risk, falling.
    fn steps<'a>(&'a self, weights: &'a [u32]) -> impl Iterator<Item = (f64, f64)> + 'a {
        self.0.chunk_by(|one, other| one.0 == other.0).map(|tied| {
            tied.iter().fold((0.0, 0.0), |(positives, negatives), &(_, positive, bag)| {
                let weight = f64::from(weights[bag]);
                if positive { (positives + weight, negatives) } else { (positives, negatives + weight) }
            })
        })
    }

    fn roc_auc(&self, weights: &[u32]) -> Option<f64> {
        let (mut positives, mut negatives, mut area) = (0.0, 0.0, 0.0);
        for (more_positives, more_negatives) in self.steps(weights) {
            area += more_negatives * (positives + more_positives / 2.0);
            (positives, negatives) = (positives + more_positives, negatives + more_negatives);
        }
        (positives > 0.0 && negatives > 0.0).then(|| area / (positives * negatives))
    }

    /// As average precision.
    fn pr_auc(&self, weights: &[u32]) -> Option<f64> {
        let (mut positives, mut all, mut area) = (0.0, 0.0, 0.0);
        for (more_positives, more_negatives) in self.steps(weights) {
            positives += more_positives;
            all += more_positives + more_negatives;
            // A step that was not drawn adds nothing.
            area += if more_positives > 0.0 { more_positives * positives / all } else { 0.0 };
        }
        (positives > 0.0 && all > positives).then(|| area / positives)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranked(cases: &[(f32, bool)]) -> Ranked {
        let mut cases: Vec<_> =
            cases.iter().enumerate().map(|(bag, &(risk, positive))| (risk, positive, bag)).collect();
        cases.sort_unstable_by(|one, other| other.0.total_cmp(&one.0));
        Ranked(cases)
    }

    #[test]
    fn areas_agree_with_scikit_learn() {
        // The example of scikit-learn: roc_auc_score = 0.75, average_precision_score = 0.833 333.
        let example = ranked(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]);
        assert!((example.roc_auc(&[1; 4]).unwrap() - 0.75).abs() < 1e-12);
        assert!((example.pr_auc(&[1; 4]).unwrap() - (0.5 + 1.0 / 3.0)).abs() < 1e-12);
        // sample_weight=[1, 0, 2, 1]: without the 0.4 nothing stands wrong.
        assert_eq!(example.roc_auc(&[1, 0, 2, 1]), Some(1.0));
        // sample_weight=[1, 2, 1, 1]: 2 of 3 × 2 weighted pairs wrong, 1 − 2/6; AP = 1/2 + 1/2 × 2/4.
        assert!((example.roc_auc(&[1, 2, 1, 1]).unwrap() - 2.0 / 3.0).abs() < 1e-12);
        assert!((example.pr_auc(&[1, 2, 1, 1]).unwrap() - 0.75).abs() < 1e-12);
    }

    #[test]
    fn a_draw_of_one_class_has_no_area() {
        let example = ranked(&[(0.1, false), (0.8, true)]);
        assert_eq!((example.roc_auc(&[1, 0]), example.pr_auc(&[0, 1])), (None, None));
    }

    #[test]
    fn a_median_counts_what_is_drawn() {
        let sorted = [(2, 0), (5, 1), (9, 2)];
        assert_eq!(median(&sorted, &[1, 1, 1]), Some(5.0));
        assert_eq!(median(&sorted, &[0, 1, 3]), Some(9.0));
        assert_eq!(median(&sorted, &[0, 0, 0]), None);
        assert_eq!(median(&[], &[]), None);
    }
}
