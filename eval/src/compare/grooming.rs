//! What changed from one run over conversations to another.

use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::change::{Better, Change, LEAST_BAGS, SUFFICIENT};
use super::changes::{Changes, Slice};
use super::measure::{Bags, Measure, NOTHING, Of, same};
use super::pairs::{Pair, Pairs, Row};
use super::ranked::{Ranked, median};
use crate::interrupt;
use crate::metrics::{Bootstrap, Range};

/// A line of samples.jsonl.
#[derive(Debug, Deserialize)]
struct Conversation {
    conversation_id: String,
    original: Option<String>,
    source: Option<String>,
    slice: Option<String>,
    label: u8,
    risk: f32,
    first_alert: Option<u32>,
}

/// What one run says of a conversation.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Side {
    /// After the last message, 0 to 1.
    risk: f32,
    /// Messages read at the first ALERT.
    first_alert: Option<u32>,
}

const MEASURES: [Measure<Side>; 2] = [
    Measure {
        key: "recall",
        better: Better::Higher,
        of: Of::Share(|pair| positive(pair).then(|| alerted(pair))),
    },
    Measure {
        key: "fpr",
        better: Better::Lower,
        of: Of::Share(|pair| (!positive(pair)).then(|| alerted(pair))),
    },
];

/// Every figure over all conversations, and over each source and slice.
///
/// # Errors
/// When the samples cannot be read or do not belong together, or after Ctrl-C.
pub(super) fn changes(a: &Path, b: &Path, bootstrap: Bootstrap) -> Result<Changes> {
    let pairs = Pairs::read::<Conversation>(a, b)?;
    let of = |prefixes: [&str; 2], pairs: &[&Pair<Side>]| -> Result<Vec<Change>> {
        interrupt::check()?;
        let [of_alerts, of_latency] = prefixes;
        let mut changes: Vec<_> =
            MEASURES.iter().map(|measure| measure.change(of_alerts, pairs, bootstrap)).collect();
        changes.extend(areas(of_alerts, pairs, bootstrap));
        changes.push(latency(of_latency, pairs, bootstrap));
        // A source of one class has no area, and none of the other class's rates.
        changes.retain(|change| change.n > 0);
        Ok(changes)
    };
    let slice = |(key, members): (&str, Vec<_>)| -> Result<Slice> {
        Ok(Slice { key: key.to_owned(), changes: of([key, key], &members)? })
    };
    Ok(Changes {
        overlap: pairs.overlap,
        overall: of(["conversation", "early"], &pairs.all())?,
        slices: pairs.slices().map(slice).collect::<Result<_>>()?,
    })
}

impl Row for Conversation {
    type Side = Side;

    fn identity(&self) -> &str {
        &self.conversation_id
    }

    fn truth(&self) -> f64 {
        f64::from(self.label)
    }

    /// The original ids of two sources may be alike by accident.
    fn cluster(&self) -> [&str; 2] {
        let original = self.original.as_ref().unwrap_or(&self.conversation_id);
        [self.source.as_deref().unwrap_or_default(), original]
    }

    fn slices(&self) -> Vec<String> {
        let source = self.source.as_ref().map(|source| format!("by_source.{source}"));
        let slice = self.slice.as_ref().map(|slice| format!("by_slice.{slice}"));
        source.into_iter().chain(slice).collect()
    }

    fn side(&self) -> Side {
        Side { risk: self.risk, first_alert: self.first_alert }
    }
}

fn positive(pair: &Pair<Side>) -> bool {
    pair.truth > 0.0
}

fn alerted(pair: &Pair<Side>) -> (bool, bool) {
    (pair.a.first_alert.is_some(), pair.b.first_alert.is_some())
}

/// Both areas under curves, by the last risk. They are of as many as the rarer class has.
fn areas(prefix: &str, pairs: &[&Pair<Side>], bootstrap: Bootstrap) -> [Change; 2] {
    let n_pos = pairs.iter().filter(|pair| positive(pair)).count();
    let n = n_pos.min(pairs.len() - n_pos);
    let (mut figures, mut intervals) = ([None; 2], [None; 2]);
    if n >= SUFFICIENT {
        let bags = Bags::of(pairs.iter().copied());
        let a = Ranked::of(pairs, &bags, |pair| pair.a.risk);
        let b = Ranked::of(pairs, &bags, |pair| pair.b.risk);
        let both = |drawn: &[u32]| match (a.areas(drawn), b.areas(drawn)) {
            (Some(a), Some(b)) => [Some((a.roc, b.roc)), Some((a.pr, b.pr))],
            _ => [None; 2],
        };
        figures = both(&vec![1; bags.count]);
        intervals = match (same(pairs.iter().copied()), bags.count) {
            (true, _) => [Some(NOTHING); 2],
            (_, ..LEAST_BAGS) => [None; 2],
            (_, count) => bootstrap.each(count, |drawn| both(drawn).map(difference)).map(with_spread),
        };
    }
    let better = Better::Higher;
    let change = |name: &str, figures, interval| Change {
        key: format!("{prefix}.{name}"),
        n,
        figures,
        interval,
        better,
    };
    [change("roc_auc", figures[0], intervals[0]), change("pr_auc", figures[1], intervals[1])]
}

fn difference(figures: Option<(f64, f64)>) -> Option<f64> {
    figures.map(|(a, b)| b - a)
}

/// Where no draw differs, as when no pair of conversations stands wrong, nothing shows the spread.
fn with_spread(interval: Option<Range>) -> Option<Range> {
    interval.filter(|range| range.low < range.high)
}

/// Messages read at the first alert, over the positives that both alert on.
fn latency(prefix: &str, pairs: &[&Pair<Side>], bootstrap: Bootstrap) -> Change {
    let alerted =
        |pair: &&Pair<Side>| positive(pair) && pair.a.first_alert.is_some() && pair.b.first_alert.is_some();
    let both: Vec<&Pair<Side>> = pairs.iter().copied().filter(alerted).collect();
    let bags = Bags::of(both.iter().copied());
    let rising = |of: fn(&Pair<Side>) -> Option<u32>| {
        let mut messages: Vec<(u32, u32)> =
            both.iter().filter_map(|pair| Some((of(pair)?, bags.number(pair) as u32))).collect();
        messages.sort_unstable();
        messages
    };
    let (a, b) = (rising(|pair| pair.a.first_alert), rising(|pair| pair.b.first_alert));
    let medians = |drawn: &[u32]| median(&a, drawn).zip(median(&b, drawn));
    let figures = medians(&vec![1; bags.count]).filter(|_| both.len() >= SUFFICIENT);
    let interval = figures.and_then(|_| match (same(both.iter().copied()), bags.count) {
        (true, _) => Some(NOTHING),
        (_, ..LEAST_BAGS) => None,
        (_, count) => bootstrap.of(count, |drawn| difference(medians(drawn))),
    });
    let key = format!("{prefix}.median_latency");
    Change { key, n: both.len(), figures, interval, better: Better::Lower }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };

    /// 40 conversations of each class, each an original of its own, with what A and B say of the k-th of its class.
    fn pairs(of: impl Fn(bool, u32) -> (Side, Side)) -> Vec<Pair<Side>> {
        let pair = |bag: u32| {
            let positive = bag.is_multiple_of(2);
            let (a, b) = of(positive, bag / 2);
            Pair { truth: f64::from(u8::from(positive)), a, b, bag }
        };
        (0..80).map(pair).collect()
    }

    fn side(risk: f32, first_alert: Option<u32>) -> Side {
        Side { risk, first_alert }
    }

    #[test]
    fn latency_is_of_the_positives_that_both_alert_on() {
        // A alerts at message k + 1 on all 40, B two messages earlier on the 38 from k = 2 on. Of these A's median is
        // numpy.median(range(3, 41)) = 21.5 and B's 19.5.
        let pairs = pairs(|_, k| (side(0.9, Some(k + 1)), side(0.9, k.checked_sub(1).filter(|&at| at > 0))));
        let found = latency("early", &pairs.iter().collect::<Vec<_>>(), BOOTSTRAP);
        assert_eq!((found.key.as_str(), found.n), ("early.median_latency", 38));
        assert_eq!(found.figures, Some((21.5, 19.5)));
        assert_eq!(found.interval, Some(Range { low: -2.0, high: -2.0 }));
    }

    #[test]
    fn originals_of_two_sources_are_two() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("samples.jsonl");
        let line = |source: &str| {
            let named = format!(r#""conversation_id":"{source}/1/0","original":"1","source":"{source}""#);
            format!(r#"{{{named},"slice":null,"label":0,"risk":0.5,"first_alert":null}}"#)
        };
        std::fs::write(&file, [line("games"), line("school")].join("\n")).unwrap();
        let pairs = Pairs::read::<Conversation>(&file, &file).unwrap();
        assert_eq!(pairs.all().iter().map(|pair| pair.bag).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn areas_that_no_draw_moves_are_unsure() {
        // Both rank perfectly, by different risks: that tells nothing of how often they would not.
        let risk = |positive: bool, k: u32| f32::from(u8::from(positive)) + k as f32 / 1e3;
        let pairs = pairs(|positive, k| (side(risk(positive, k), None), side(2.0 * risk(positive, k), None)));
        let [roc, pr] = areas("conversation", &pairs.iter().collect::<Vec<_>>(), BOOTSTRAP);
        assert_eq!((roc.figures, roc.interval), (Some((1.0, 1.0)), None));
        assert_eq!((pr.n, pr.figures, pr.interval), (40, Some((1.0, 1.0)), None));
    }

    #[test]
    fn a_class_of_few_has_no_area() {
        let pairs = pairs(|positive, k| (side(f32::from(u8::from(positive)), None), side(k as f32, None)));
        let few: Vec<_> = pairs.iter().filter(|pair| !positive(pair) || pair.bag < 58).collect();
        let [roc, _] = areas("conversation", &few, BOOTSTRAP);
        assert_eq!((roc.n, roc.figures, roc.interval), (29, None, None));
    }
}
