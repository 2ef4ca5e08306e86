//! Decisions that change after the first alert: what a reviewer would see come and go.

use serde::Serialize;

use super::super::record::{Record, Records};
use super::pieces::Pieces;
use crate::metrics::Range;

/// The unit is the conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Flicker {
    unit: &'static str,
    /// Of the conversations that show the pattern.
    pub(crate) positive: Flickering,
    /// Of those that do not.
    pub(crate) negative: Flickering,
}

/// Of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Flickering {
    /// Conversations with an alert.
    pub(crate) n_alerted: usize,
    /// Those whose decision changed after the first alert.
    pub(crate) n_flickering: usize,
    /// Their share of those with an alert.
    pub(crate) share: Option<f64>,
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
    pub(crate) share_interval: Option<Range>,
    /// Changes for each conversation with an alert.
    pub(crate) flips_per_conversation: Option<f64>,
    /// The most of one conversation.
    pub(crate) most_flips: Option<u32>,
}

impl Flicker {
    /// Of all records.
    pub(crate) fn of(records: &Records) -> Self {
        Self {
            unit: "conversation",
            positive: Flickering::of(records.positives()),
            negative: Flickering::of(records.negatives()),
        }
    }
}

impl Flickering {
    fn of<'a>(records: impl Iterator<Item = &'a Record> + Clone) -> Self {
        let alerted = records.filter(|record| record.alerted());
        let pieces = Pieces::of(alerted.clone(), |record| record.flips > 0);
        let flickering = pieces.share();
        let flips: f64 = alerted.clone().map(|record| f64::from(record.flips)).sum();
        Self {
            n_alerted: flickering.n,
            n_flickering: flickering.hits,
            share: flickering.rate(),
            share_interval: pieces.interval(),
            flips_per_conversation: (flickering.n > 0).then(|| flips / flickering.n as f64),
            most_flips: alerted.map(|record| record.flips).max(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::{Piece, add, mixed};
    use super::*;

    #[test]
    fn by_hand() {
        let mut records = mixed();
        add(&mut records, Piece { flips: 3, ..Piece::of((true, 0.5, 4)) });
        let found = Flicker::of(&records);
        // Of the positives three have an alert, and one of them changes three times.
        assert_eq!((found.positive.n_alerted, found.positive.share), (3, Some(1.0 / 3.0)));
        assert_eq!((found.positive.flips_per_conversation, found.positive.most_flips), (Some(1.0), Some(3)));
        assert_eq!((found.negative.n_alerted, found.negative.share), (1, Some(0.0)));
    }
}
