//! Why there is no estimate, or why a check would not rest on it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::super::sample::Sample;
use crate::metrics::{Proportion, Range};

/// Photos that a check would not judge.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ReasonCount {
    /// As `CheckAge` would say it, or `FILE_UNREADABLE`.
    pub(crate) reason: &'static str,
    /// Photos.
    pub(crate) n: usize,
    /// Those with an estimate all the same.
    pub(crate) n_answered: usize,
    /// Of all photos, the share that has no estimate for this reason.
    pub(crate) failure_to_answer: Option<f64>,
    /// 95 %, Wilson.
    pub(crate) failure_to_answer_interval: Option<Range>,
}

/// How often each reason stands against a decision by age.
pub(crate) fn by_reason(samples: &[&Sample]) -> Vec<ReasonCount> {
    let mut counts: BTreeMap<&'static str, (usize, usize)> = BTreeMap::new();
    for sample in samples {
        for reason in sample.reasons() {
            let (n, n_answered) = counts.entry(reason).or_default();
            *n += 1;
            *n_answered += usize::from(sample.answer().is_some());
        }
    }
    let count = |(reason, (n, n_answered))| {
        let failures = Proportion { hits: n - n_answered, n: samples.len() };
        ReasonCount {
            reason,
            n,
            n_answered,
            failure_to_answer: failures.rate(),
            failure_to_answer_interval: failures.wilson(),
        }
    };
    counts.into_iter().map(count).collect()
}

#[cfg(test)]
mod tests {
    use models::age::Reason;
    use models::age::policy::Outcome;

    use super::super::examples::six;
    use super::*;
    use crate::age::sample::Decided;

    #[test]
    fn reasons_are_counted_answered_or_not() {
        let mut samples = six();
        // Several faces: the policies say so, and what is of the age alone is no reason against the photo.
        let reasons = [Reason::MultipleFaces, Reason::InBufferZone].into_iter().collect();
        samples[0].decided = [Decided { outcome: Outcome::Refer, reasons }].into();
        let counts = by_reason(&samples.iter().collect::<Vec<_>>());
        let told: Vec<_> = counts.iter().map(|row| (row.reason, row.n, row.n_answered)).collect();
        assert_eq!(told, [("BLURRED", 1, 1), ("MULTIPLE_FACES", 1, 1), ("NO_FACE", 1, 0)]);
        assert_eq!((counts[0].failure_to_answer, counts[2].failure_to_answer), (Some(0.0), Some(1.0 / 6.0)));
    }
}
