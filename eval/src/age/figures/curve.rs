//! The Challenge-T sweep: what any threshold would let through and whom it would refuse.

use std::ops::Range as Ages;

use serde::Serialize;

use super::super::sample::Answer;
use crate::metrics::{Proportion, Range};

/// A challenge age from 18 to 30, in half years.
const CHALLENGE_AGES: Ages<u32> = 36..61;
/// Limits on P(younger than 18).
const CHALLENGE_RISKS: [f64; 18] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9];

/// One threshold: minors who pass it against adults whom it refuses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Challenge {
    /// `age`: passes at or over the threshold. `p_minor`: passes at or under it.
    pub(crate) score: &'static str,
    /// Years, or a probability.
    pub(crate) threshold: f64,
    /// Of the 13- to 17-year-olds.
    pub(crate) minor_pass_rate: Option<f64>,
    /// 95 %, Wilson.
    pub(crate) minor_pass_rate_interval: Option<Range>,
    /// Of the people of 25 and more.
    pub(crate) adult_refusal_rate: Option<f64>,
    /// 95 %, Wilson.
    pub(crate) adult_refusal_rate_interval: Option<Range>,
}

/// Every threshold of both scores.
pub(crate) fn challenge_curve(minors: &[&Answer], adults: &[&Answer]) -> Vec<Challenge> {
    let point = |score, threshold, passes: &dyn Fn(&Answer) -> bool| {
        let passing = Proportion::of(minors, |answer| passes(answer));
        let refused = Proportion::of(adults, |answer| !passes(answer));
        Challenge {
            score,
            threshold,
            minor_pass_rate: passing.rate(),
            minor_pass_rate_interval: passing.wilson(),
            adult_refusal_rate: refused.rate(),
            adult_refusal_rate_interval: refused.wilson(),
        }
    };
    let by_age = CHALLENGE_AGES.map(|half_years| {
        let age = f64::from(half_years) / 2.0;
        point("age", age, &|answer| f64::from(answer.age_years) >= age)
    });
    let by_risk =
        CHALLENGE_RISKS.map(|risk| point("p_minor", risk, &|answer| answer.p_minor() <= risk as f32));
    by_age.chain(by_risk).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::six;
    use super::*;
    use crate::age::sample::Sample;

    #[test]
    fn the_curve_covers_both_scores() {
        let samples = six();
        let answers: Vec<&Answer> = samples.iter().filter_map(Sample::answer).collect();
        let curve = challenge_curve(&answers[..2], &answers[3..]);
        let at = |score, threshold| {
            let mut points = curve.iter();
            let point = points.find(|point| point.score == score && point.threshold == threshold);
            point.map(|point| (point.minor_pass_rate.unwrap(), point.adult_refusal_rate.unwrap())).unwrap()
        };
        assert_eq!(at("age", 18.0), (0.5, 0.0));
        assert_eq!(at("age", 24.5), (0.0, 0.5));
        assert_eq!(at("p_minor", 0.05), (0.0, 0.5));
        assert_eq!(at("p_minor", 0.25), (0.5, 0.0));
        // scipy.stats.binomtest(1, 2).proportion_ci(method="wilson") = (0.0945312, 0.9054688)
        let wilson = curve[0].minor_pass_rate_interval.unwrap();
        assert!((wilson.low - 0.094_531_2).abs() < 1e-6 && (wilson.high - 0.905_468_8).abs() < 1e-6);
    }
}
