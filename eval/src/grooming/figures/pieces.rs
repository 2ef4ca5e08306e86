//! Shares of conversations of which some may be pieces of one original: these are alike, and tell less than as many others.

use super::super::clustered::ClusteredShare;
use super::super::record::Record;
use crate::metrics::{Proportion, Range};

/// So many of so many conversations; each piece is one, and each original a cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pieces(ClusteredShare);

impl Pieces {
    /// How many of `records` are `counted`.
    pub(crate) fn of<'a>(
        records: impl Iterator<Item = &'a Record>,
        counted: impl Fn(&Record) -> bool,
    ) -> Self {
        let mut pieces: Vec<(u64, bool)> = records.map(|record| (record.original, counted(record))).collect();
        pieces.sort_unstable();
        let mut share = ClusteredShare::default();
        for original in pieces.chunk_by(|left, right| left.0 == right.0) {
            share.add(original.iter().filter(|(_, counted)| *counted).count(), original.len());
        }
        Self(share)
    }

    /// As if all were independent.
    pub(crate) fn share(&self) -> Proportion {
        Proportion { hits: self.0.hits(), n: self.0.n() }
    }

    /// 95 %: Clopper–Pearson. Where originals repeat, that of [`ClusteredShare::interval`], but never narrower: of originals
    /// with the same share each it makes too little. Where none or all are counted, each original counts as one conversation.
    pub(crate) fn interval(&self) -> Option<Range> {
        let (share, originals) = (self.share(), self.0.clusters());
        match share {
            Proportion { n, .. } if n == originals => share.interval(),
            Proportion { hits: 0, .. } => Proportion { hits: 0, n: originals }.interval(),
            Proportion { hits, n } if hits == n => Proportion { hits: originals, n: originals }.interval(),
            _ => Some(self.0.interval()?.spanning(share.interval()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::record::Records;
    use super::super::super::record::testing::{Piece, add};
    use super::*;

    /// Sixty negatives, as many in each original, of which the first `alerts` have an alert.
    fn sixty(originals: usize, alerts: usize) -> Pieces {
        let mut records = Records::default();
        for place in 0..60 {
            let original = (place * originals / 60).to_string();
            let alert = u32::from(place < alerts);
            add(&mut records, Piece { original: &original, ..Piece::of((false, 0.1, alert)) });
        }
        Pieces::of(records.negatives(), Record::alerted)
    }

    #[test]
    fn pieces_of_few_originals_tell_less() {
        // Twenty alerts, all in one of three originals. x, n = [20, 0, 0], [20, 20, 20]; r = 1/3;
        // v = 3/2 * sum((x - r n)^2) / 60^2 = 1/9; 1 / (1 + exp(-(log(1/2) +- 1.959964 * sqrt(v) / (2/9)))) = 0.0258, 0.9045
        let (few, many) = (sixty(3, 20), sixty(60, 20));
        assert_eq!(
            (few.share(), many.share()),
            (Proportion { hits: 20, n: 60 }, Proportion { hits: 20, n: 60 })
        );
        let interval = few.interval().unwrap();
        assert!(
            (interval.low - 0.0258).abs() < 1e-3 && (interval.high - 0.9045).abs() < 1e-3,
            "{interval:?}"
        );
        assert_eq!(many.interval(), Proportion { hits: 20, n: 60 }.interval());
    }

    #[test]
    fn none_and_all_count_by_originals() {
        let exact = |hits, n| Proportion { hits, n }.interval();
        assert_eq!(sixty(3, 0).interval(), exact(0, 3));
        assert_eq!(sixty(3, 60).interval(), exact(3, 3));
        // One original shows nothing of how originals differ.
        assert_eq!(sixty(1, 20).interval(), None);
        assert_eq!(Pieces::of(Records::default().negatives(), Record::alerted).interval(), None);
    }
}
