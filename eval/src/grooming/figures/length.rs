//! False alarms against the length of conversations: whoever writes more has more chances to be misread.

use serde::Serialize;

use super::super::record::{Record, Records};
use super::LEAST_GROUP;
use super::pieces::Pieces;
use crate::metrics::{Proportion, Range};

/// The longest conversation of each bin, in messages; the last bin has no end.
const BINS: [(&str, f64); 6] = [
    ("up to 10", 10.0),
    ("11 to 25", 25.0),
    ("26 to 50", 50.0),
    ("51 to 100", 100.0),
    ("101 to 200", 200.0),
    ("over 200", f64::INFINITY),
];

const THOUSAND: f64 = 1e3;

/// Conversations without the pattern, of like length.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LengthBin {
    /// Messages of a conversation.
    pub(crate) band: &'static str,
    /// Conversations.
    pub(crate) n: usize,
    /// Their messages.
    pub(crate) messages: usize,
    /// Those with an alert.
    pub(crate) false_alerts: usize,
    /// Their share.
    pub(crate) fpr: Option<f64>,
    /// 95 %, Clopper–Pearson; of originals where pieces share one.
    pub(crate) fpr_interval: Option<Range>,
    /// Alerts for each thousand messages.
    pub(crate) per_thousand_messages: Option<f64>,
    /// 95 %, Clopper–Pearson, as if messages were independent.
    pub(crate) per_thousand_messages_interval: Option<Range>,
    /// Whether these are enough conversations for a figure of their own.
    pub(crate) sufficient: bool,
}

/// The bins that hold conversations, shortest first.
pub(crate) fn by_length(records: &Records) -> Vec<LengthBin> {
    let mut longer_than = f64::NEG_INFINITY;
    let mut bins = Vec::new();
    for (length, longest) in BINS {
        let within = |record: &&Record| record.messages() > longer_than && record.messages() <= longest;
        bins.push(LengthBin::of(length, records.negatives().filter(within)));
        longer_than = longest;
    }
    bins.retain(|bin| bin.n > 0);
    bins
}

impl LengthBin {
    fn of<'a>(band: &'static str, records: impl Iterator<Item = &'a Record> + Clone) -> Self {
        let pieces = Pieces::of(records.clone(), Record::alerted);
        let alerts = pieces.share();
        let messages = records.map(Record::messages).sum::<f64>() as usize;
        let per_message = Proportion { hits: alerts.hits, n: messages };
        let scaled = |range: Range| Range { low: range.low * THOUSAND, high: range.high * THOUSAND };
        Self {
            band,
            n: alerts.n,
            messages,
            false_alerts: alerts.hits,
            fpr: alerts.rate(),
            fpr_interval: pieces.interval(),
            per_thousand_messages: per_message.rate().map(|rate| rate * THOUSAND),
            per_thousand_messages_interval: per_message.interval().map(scaled),
            sufficient: alerts.n >= LEAST_GROUP,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::{Piece, add};
    use super::*;

    #[test]
    fn ends_belong_to_the_shorter_bin() {
        let mut records = Records::default();
        for (messages, alert) in [(1, 0), (10, 3), (11, 0), (200, 9), (201, 0), (999, 0)] {
            add(&mut records, Piece { messages, ..Piece::of((false, 0.1, alert)) });
        }
        add(&mut records, Piece::of((true, 0.9, 1)));
        let found: Vec<_> =
            by_length(&records).iter().map(|bin| (bin.band, bin.n, bin.messages, bin.false_alerts)).collect();
        let expected = [
            ("up to 10", 2, 11, 1),
            ("11 to 25", 1, 11, 0),
            ("101 to 200", 1, 200, 1),
            ("over 200", 2, 1200, 0),
        ];
        assert_eq!(found, expected);
        assert_eq!(by_length(&records)[2].per_thousand_messages, Some(5.0));
    }
}
