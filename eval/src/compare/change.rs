//! Differences between two runs over the same cases, with the interval of the difference.
//!
//! Both runs see the same photos or conversations, so what makes one hard makes it hard for both: the difference is far
//! surer than either figure, and its interval is drawn over pairs.

use serde::{Serialize, Serializer};

use crate::metrics::Range;

/// Fewer pairs than this say too little about a difference.
pub(super) const SUFFICIENT: usize = 30;

/// Fewer subjects or originals than this show too little of how they differ for an interval.
pub(super) const LEAST_BAGS: usize = 10;

/// One figure in both runs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// As in report.json.
    pub(crate) key: String,
    /// Pairs that it is of.
    pub(crate) n: usize,
    /// A's figure and B's over these pairs; None where they are too few.
    pub(crate) figures: Option<(f64, f64)>,
    /// 95 %, of the difference; None where the pairs do not show how sure it is.
    pub(crate) interval: Option<Range>,
    /// Which way it should go.
    pub(super) better: Better,
}

/// Which way a figure should go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Better {
    Lower,
    Higher,
    /// Neither: nearer to 0 or to a nominal value.
    Neither,
}

/// What the interval allows to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reading {
    Better,
    Worse,
    /// Clearly, but neither way is the better one.
    Changed,
    /// The interval holds 0.
    NoClearChange,
    /// Too few pairs for figures.
    Insufficient,
    /// Figures, but no interval.
    Unsure,
}

impl Change {
    /// B − A.
    pub(crate) fn difference(&self) -> Option<f64> {
        self.figures.map(|(a, b)| b - a)
    }

    /// Why there is no difference, or no interval of it.
    pub(super) fn what_lacks(&self) -> String {
        match self.figures {
            None => format!("insufficient: of {} pairs, and {SUFFICIENT} are needed", self.n),
            Some(_) => "the pairs do not show how sure the difference is".to_owned(),
        }
    }

    /// In one word or three.
    pub(super) fn reading(&self) -> Reading {
        match (self.figures, self.interval) {
            (None, _) => Reading::Insufficient,
            (_, None) => Reading::Unsure,
            (_, Some(Range { low, high })) if low <= 0.0 && high >= 0.0 => Reading::NoClearChange,
            (_, Some(Range { low, .. })) => match self.better {
                Better::Neither => Reading::Changed,
                Better::Higher if low > 0.0 => Reading::Better,
                Better::Lower if low < 0.0 => Reading::Better,
                Better::Higher | Better::Lower => Reading::Worse,
            },
        }
    }
}

impl Reading {
    /// For people.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Worse => "worse",
            Self::Changed => "changed",
            Self::NoClearChange => "no clear change",
            Self::Insufficient => "insufficient",
            Self::Unsure => "unsure",
        }
    }

    /// Whether something clearly changed.
    pub(super) fn is_clear(self) -> bool {
        matches!(self, Self::Better | Self::Worse | Self::Changed)
    }
}

impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// As in the JSON of `compare`.
        #[derive(Serialize)]
        struct Row<'a> {
            key: &'a str,
            n: usize,
            a: Option<f64>,
            b: Option<f64>,
            difference: Option<f64>,
            difference_interval: Option<Range>,
            reading: Reading,
        }
        let row = Row {
            key: &self.key,
            n: self.n,
            a: self.figures.map(|(a, _)| a),
            b: self.figures.map(|(_, b)| b),
            difference: self.difference(),
            difference_interval: self.interval,
            reading: self.reading(),
        };
        row.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn change(better: Better, interval: Option<(f64, f64)>) -> Change {
        let interval = interval.map(|(low, high)| Range { low, high });
        Change { key: "overall.mae".to_owned(), n: 40, figures: Some((5.0, 4.5)), interval, better }
    }

    #[test]
    fn the_interval_decides_what_may_be_said() {
        let reading = |better, low, high| change(better, Some((low, high))).reading();
        assert_eq!(reading(Better::Lower, -1.0, -0.1), Reading::Better);
        assert_eq!(reading(Better::Lower, 0.1, 1.0), Reading::Worse);
        assert_eq!(reading(Better::Higher, -1.0, -0.1), Reading::Worse);
        assert_eq!(reading(Better::Higher, 0.1, 1.0), Reading::Better);
        assert_eq!(reading(Better::Neither, 0.1, 1.0), Reading::Changed);
        assert_eq!(reading(Better::Lower, -1.0, 0.0), Reading::NoClearChange);
        assert_eq!(change(Better::Lower, None).reading(), Reading::Unsure);
        let too_few = Change { figures: None, n: 7, ..change(Better::Lower, None) };
        assert_eq!(too_few.reading(), Reading::Insufficient);
        assert_eq!(too_few.what_lacks(), "insufficient: of 7 pairs, and 30 are needed");
    }

    #[test]
    fn programs_read_what_people_read() {
        let expected = json!({
            "key": "overall.mae", "n": 40, "a": 5.0, "b": 4.5, "difference": -0.5,
            "difference_interval": { "low": -1.0, "high": 0.25 }, "reading": "no_clear_change",
        });
        assert_eq!(serde_json::to_value(change(Better::Lower, Some((-1.0, 0.25)))).unwrap(), expected);
    }
}
