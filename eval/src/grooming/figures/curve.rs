//! What every threshold would mean, thinned to what a plot can show.

use serde::Serialize;

use crate::metrics::{OperatingPoint, Ranking};

/// Two neighbours of a curve differ by about this share of recall or of precision, or by this many decades of the
/// false-positive rate.
const STEP: f64 = 1.0 / 150.0;
const DECADES: f64 = 1.0 / 30.0;

/// One threshold on the risk after the last message.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct CurvePoint {
    /// Conversations with this score or a higher one are called positive.
    pub(crate) threshold: f64,
    /// Share of the positives called so.
    pub(crate) recall: f64,
    /// Share of the negatives called so.
    pub(crate) fpr: f64,
    /// Share of those called positive that are.
    pub(crate) precision: f64,
}

/// From the highest threshold to the lowest; empty where a class is missing.
pub(crate) fn curve(ranking: &Ranking) -> Vec<CurvePoint> {
    if ranking.n_pos() == 0 || ranking.n_neg() == 0 {
        return Vec::new();
    }
    let points = ranking.points();
    let mut kept: Vec<CurvePoint> = Vec::new();
    for (place, &point) in points.iter().enumerate() {
        let next = point_of(point, ranking);
        let ends = place == 0 || place + 1 == points.len();
        if ends || kept.last().is_none_or(|last| is_apart(last, &next)) {
            kept.push(next);
        }
    }
    kept
}

fn point_of(point: OperatingPoint, ranking: &Ranking) -> CurvePoint {
    let (hits, wrong) = (point.true_positives as f64, point.false_positives as f64);
    CurvePoint {
        threshold: point.threshold,
        recall: hits / ranking.n_pos() as f64,
        fpr: wrong / ranking.n_neg() as f64,
        precision: hits / (hits + wrong),
    }
}

fn is_apart(last: &CurvePoint, next: &CurvePoint) -> bool {
    let far = |before: f64, after: f64| (after - before).abs() >= STEP;
    let decades = if last.fpr > 0.0 { (next.fpr / last.fpr).log10() } else { next.fpr * f64::INFINITY };
    far(last.recall, next.recall) || far(last.precision, next.precision) || decades >= DECADES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Scored;

    #[test]
    fn a_long_curve_is_thinned_and_keeps_its_ends() {
        let case = |n: u32| Scored { score: f64::from(n), positive: n % 7 < 3 };
        let ranking = Ranking::of((0..70_000).map(case).collect());
        let curve = curve(&ranking);
        assert!((100..1500).contains(&curve.len()), "{} points", curve.len());
        let last = curve.last().unwrap();
        assert_eq!((curve[0].threshold, last.threshold), (69_999.0, 0.0));
        assert_eq!((last.recall, last.fpr), (1.0, 1.0));
        assert!((last.precision - 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn a_short_curve_is_kept_whole() {
        let case = |score, positive| Scored { score, positive };
        let ranking = Ranking::of(vec![case(0.9, true), case(0.5, false), case(0.2, true)]);
        let points: Vec<_> =
            curve(&ranking).iter().map(|point| (point.recall, point.fpr, point.precision)).collect();
        assert_eq!(points, [(0.5, 0.0, 1.0), (0.5, 1.0, 0.5), (1.0, 1.0, 2.0 / 3.0)]);
        assert!(curve(&Ranking::of(vec![case(0.9, true)])).is_empty());
    }
}
