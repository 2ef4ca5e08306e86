//! Error against rejection: how good the rest is once the least trustworthy photos are left out.

use serde::Serialize;

use super::super::sample::{Answer, Sample};
use super::accuracy::{errors, minors_over};
use super::{PASS_AGE, of_enough};

/// Percent of the answered photos that are rejected.
const REJECTED: [usize; 11] = [0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50];

/// How untrustworthy an answer is: the greatest go first.
type Distrust = fn(&Answer) -> f32;

/// What photos may be rejected by.
const SCORES: [(&str, Distrust); 3] = [
    ("interval_width", Answer::width),
    ("sharpness", |answer| -answer.sharpness),
    ("detection_score", |answer| -answer.detection_score),
];

/// One point of a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Rejection {
    /// `interval_width`: widest first. `sharpness` of the face, `detection_score`: lowest first.
    pub(crate) score: &'static str,
    /// Share of the answered photos that is left out, 0 to 1.
    pub(crate) rejected: f64,
    /// Photos that are left.
    pub(crate) n: usize,
    /// Their mean absolute error, years.
    pub(crate) mae: Option<f64>,
    /// 13- to 17-year-olds that are left.
    pub(crate) n_minors: usize,
    /// Of them, the share estimated at or over 18.
    pub(crate) minor_pass_rate: Option<f64>,
}

/// The curve of each score.
pub(crate) fn error_reject(samples: &[&Sample]) -> Vec<Rejection> {
    SCORES.into_iter().flat_map(|(score, distrust)| curve(samples, score, distrust)).collect()
}

fn curve(samples: &[&Sample], score: &'static str, distrust: Distrust) -> Vec<Rejection> {
    let answered = samples.iter().filter_map(|sample| Some((distrust(sample.answer()?), *sample)));
    let mut worst_first: Vec<(f32, &Sample)> = answered.collect();
    worst_first.sort_by(|a, b| b.0.total_cmp(&a.0));
    let worst_first: Vec<&Sample> = worst_first.into_iter().map(|(_, sample)| sample).collect();
    let point = |percent: usize| {
        let rest = &worst_first[worst_first.len() * percent / 100..];
        let passes = minors_over(rest, PASS_AGE);
        Rejection {
            score,
            rejected: percent as f64 / 100.0,
            n: rest.len(),
            mae: of_enough(rest.len(), errors(rest).mae()),
            n_minors: passes.n,
            minor_pass_rate: of_enough(passes.n, passes.rate()),
        }
    };
    REJECTED.into_iter().map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::answered;
    use super::*;
    use crate::age::sample::Outcome;

    #[test]
    fn the_widest_go_first() {
        // Photo k of a hundred is off by k / 10 years, with an interval that grows with it: without the worst half the
        // MAE is the mean of 0, 0.1, …, 4.9 = 2.45 instead of 4.95.
        let mut samples: Vec<Sample> =
            (0..100).map(|k| answered(30.0, 30.0 + k as f32 / 10.0, 1.0)).collect();
        for (place, sample) in samples.iter_mut().enumerate() {
            if let Outcome::Answered(answer) = &mut sample.outcome {
                answer.high += place as f32;
            }
        }
        let points = error_reject(&samples.iter().collect::<Vec<_>>());
        assert_eq!(points.len(), 33);
        let (none, half) = (&points[0], &points[10]);
        assert_eq!(
            (none.score, none.n, half.n, half.n_minors, half.minor_pass_rate),
            ("interval_width", 100, 50, 0, None)
        );
        assert!((none.mae.unwrap() - 4.95).abs() < 1e-5 && (half.mae.unwrap() - 2.45).abs() < 1e-5);
        // Equally sharp: the order of the photos decides, and the first fifty are left out.
        assert!((points[21].mae.unwrap() - 7.45).abs() < 1e-5);
    }
}
