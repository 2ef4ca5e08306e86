//! Alerts by where conversations come from.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::record::{Name, Record, Records};
use super::{Alerts, LEAST_GROUP};
use crate::metrics::{Proportion, Range};

/// The alerts in conversations of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Source {
    /// As the data name it.
    pub(crate) source: String,
    #[serde(flatten)]
    pub(crate) part: Part,
}

/// The alerts in conversations of one slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Slice {
    /// As the data name it.
    pub(crate) slice: String,
    #[serde(flatten)]
    pub(crate) part: Part,
}

/// Some of the conversations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Part {
    #[serde(flatten)]
    pub(crate) alerts: Alerts,
    /// Whether each class that is there has the conversations that a figure of its own takes.
    pub(crate) sufficient: bool,
    /// The negatives once more, where some are pieces of one original conversation.
    pub(crate) by_original: Option<Originals>,
}

/// The unit is the original conversation: its pieces are not independent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Originals {
    /// Negative originals.
    pub(crate) n: usize,
    /// Those with an alert in any piece.
    pub(crate) false_alerts: usize,
    /// Their share.
    pub(crate) fpr: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) fpr_interval: Option<Range>,
}

/// The alerts in each source, by name.
pub(crate) fn by_source(records: &Records) -> Vec<Source> {
    let named = by(records, |record| Some(record.source));
    named.into_iter().map(|(source, part)| Source { source, part }).collect()
}

/// The alerts in each slice that the data name, by name.
pub(crate) fn by_slice(records: &Records) -> Vec<Slice> {
    let named = by(records, |record| record.slice);
    named.into_iter().map(|(slice, part)| Slice { slice, part }).collect()
}

fn by(records: &Records, name: impl Fn(&Record) -> Option<Name>) -> Vec<(String, Part)> {
    let mut parts: BTreeMap<Name, Vec<&Record>> = BTreeMap::new();
    for record in records.all() {
        if let Some(name) = name(record) {
            parts.entry(name).or_default().push(record);
        }
    }
    let mut parts: Vec<_> =
        parts.into_iter().map(|(name, part)| (records.name(name).to_owned(), Part::of(&part))).collect();
    parts.sort_by(|left, right| left.0.cmp(&right.0));
    parts
}

impl Part {
    fn of(records: &[&Record]) -> Self {
        let alerts = Alerts::of(records.iter().copied());
        let enough = |n: usize| n == 0 || n >= LEAST_GROUP;
        Self {
            sufficient: enough(alerts.n_pos) && enough(alerts.n_neg),
            by_original: originals(records),
            alerts,
        }
    }
}

/// None where every negative is a conversation of its own.
fn originals(records: &[&Record]) -> Option<Originals> {
    let mut pieces: Vec<(u64, bool)> = records
        .iter()
        .filter(|record| !record.positive)
        .map(|record| (record.original, record.alerted()))
        .collect();
    pieces.sort_unstable();
    let originals: Vec<_> = pieces.chunk_by(|left, right| left.0 == right.0).collect();
    let false_alerts = Proportion::of(&originals, |pieces| pieces.iter().any(|(_, alerted)| *alerted));
    (false_alerts.n < pieces.len()).then(|| Originals {
        n: false_alerts.n,
        false_alerts: false_alerts.hits,
        fpr: false_alerts.rate(),
        fpr_interval: false_alerts.interval(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::{Piece, add, mixed};
    use super::*;

    #[test]
    fn parts_share_out_the_conversations() {
        let sources: Vec<_> = by_source(&mixed())
            .into_iter()
            .map(|source| (source.source, source.part.alerts.n_pos + source.part.alerts.n_neg))
            .collect();
        assert_eq!(sources, [("benign".to_owned(), 2), ("pattern".to_owned(), 3)]);
        assert_eq!(by_slice(&mixed()).len(), 1);
    }

    #[test]
    fn pieces_of_one_conversation_are_one_original() {
        let mut records = Records::default();
        for (original, alert) in [("a", 0), ("a", 4), ("a", 7), ("b", 0), ("c", 0)] {
            add(&mut records, Piece { original, ..Piece::of((false, 0.1, alert)) });
        }
        let part = by_source(&records).remove(0).part;
        assert_eq!((part.alerts.fpr, part.sufficient), (Some(0.4), false));
        let originals = part.by_original.unwrap();
        assert_eq!((originals.n, originals.false_alerts, originals.fpr), (3, 1, Some(1.0 / 3.0)));
        assert_eq!(by_source(&mixed())[0].part.by_original, None);
    }
}
