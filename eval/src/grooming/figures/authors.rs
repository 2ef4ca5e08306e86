//! Figures whose unit is the author.

use serde::Serialize;

use super::super::authors::{Author, Authors};
use crate::metrics::{Counts, Proportion, Range};

/// The unit is the author: of all who wrote in any conversation, those who were in ALERT themselves.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct AuthorFigures {
    unit: &'static str,
    /// Authors in all.
    pub(crate) n: usize,
    /// Those whom the data name.
    pub(crate) n_pos: usize,
    /// Those who were flagged in any conversation.
    pub(crate) n_flagged: usize,
    /// Flagged authors whom the data name, of all flagged ones.
    pub(crate) precision: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) precision_interval: Option<Range>,
    /// Named authors who were flagged, of all named ones.
    pub(crate) recall: Option<f64>,
    /// 95 %, Clopper–Pearson.
    pub(crate) recall_interval: Option<Range>,
    /// Of precision and recall.
    pub(crate) f1: Option<f64>,
    /// The same with precision weighing twice as much: the figure of PAN12.
    pub(crate) f0_5: Option<f64>,
}

impl AuthorFigures {
    /// Of all authors.
    pub(crate) fn of(authors: &Authors) -> Self {
        let count = |counted: fn(Author) -> bool| authors.all().filter(|&author| counted(author)).count();
        let (n_pos, n_flagged) = (count(|author| author.positive), count(|author| author.flagged));
        let hits = count(|author| author.positive && author.flagged);
        let (precision, recall) = (Proportion { hits, n: n_flagged }, Proportion { hits, n: n_pos });
        let counts =
            Counts { true_positives: hits, false_positives: n_flagged - hits, false_negatives: n_pos - hits };
        Self {
            unit: "author",
            n: authors.all().count(),
            n_pos,
            n_flagged,
            precision: precision.rate(),
            precision_interval: precision.interval(),
            recall: recall.rate(),
            recall_interval: recall.interval(),
            f1: counts.f(1.0).filter(|_| n_pos > 0),
            f0_5: counts.f(0.5).filter(|_| n_pos > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let author = |positive, flagged| Author { positive, flagged };
        let authors = Authors::testing(&[
            author(true, true),
            author(true, false),
            author(false, true),
            author(false, true),
            author(false, false),
        ]);
        let found = AuthorFigures::of(&authors);
        assert_eq!((found.n, found.n_pos, found.n_flagged), (5, 2, 3));
        // P = 1/3, R = 1/2; F1 = 2PR / (P + R) = 2/5; F0.5 = 1.25 PR / (0.25 P + R) = 5/14.
        assert_eq!((found.precision, found.recall, found.f1), (Some(1.0 / 3.0), Some(0.5), Some(0.4)));
        assert!((found.f0_5.unwrap() - 5.0 / 14.0).abs() < 1e-12);
    }
}
