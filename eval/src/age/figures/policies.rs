//! PASS, FAIL or REFER of every named policy, by the true age of those it is asked about.

use std::collections::BTreeMap;
use std::ops::Range as Ages;

use models::age::Reason;
use models::age::policy::{Outcome, Policy};
use serde::Serialize;

use super::super::policies::Policies;
use super::super::sample::{Decided, Sample};
use super::clusters::Clusters;
use crate::metrics::{Bootstrap, Proportion, Range};

/// Years below the minimum age that are told apart from the younger ones.
const NEAR: f64 = 5.0;

/// What one policy decides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PolicyFigures {
    /// Its name.
    pub(crate) policy: String,
    /// The legal age, years.
    pub(crate) minimum_age: f32,
    /// PASS needs an apparent age of at least this, years.
    pub(crate) pass_if_over: f32,
    /// FAIL below this apparent age, years.
    pub(crate) fail_if_under: f32,
    /// PASS needs P(younger than the legal age) of at most this.
    pub(crate) max_minor_pass_probability: f32,
    /// Photos that were decided.
    pub(crate) n: usize,
    /// Photos whose bytes `CheckAge` would refuse; they are in no figure.
    pub(crate) n_refused: usize,
    /// By true age.
    pub(crate) by_age: Vec<Decisions>,
    /// Why photos were referred; one may have several reasons.
    pub(crate) refer_reasons: Vec<ReferReason>,
}

/// Decisions on people of certain ages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Decisions {
    /// Who they are to the policy.
    pub(crate) group: Who,
    /// First and last age, whole years.
    pub(crate) band: String,
    /// Photos of them.
    pub(crate) n: usize,
    /// Those that passed.
    pub(crate) n_pass: usize,
    /// Those that failed.
    pub(crate) n_fail: usize,
    /// Those that were referred.
    pub(crate) n_refer: usize,
    /// The share that passed.
    pub(crate) pass_rate: Option<f64>,
    /// 95 %, Wilson; of people where photos share a subject.
    pub(crate) pass_rate_interval: Option<Range>,
    /// The share that failed.
    pub(crate) fail_rate: Option<f64>,
    /// 95 %, as of those that passed.
    pub(crate) fail_rate_interval: Option<Range>,
    /// The share that was referred.
    pub(crate) refer_rate: Option<f64>,
    /// 95 %, as of those that passed.
    pub(crate) refer_rate_interval: Option<Range>,
}

/// Who somebody is to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Who {
    /// More than five years below the minimum age.
    Children,
    /// Up to five years below the minimum age: the minors to protect.
    Minors,
    /// Old enough, but younger than an estimate must be to pass.
    Buffer,
    /// At least as old as an estimate must be to pass.
    Adults,
}

/// One reason of REFER.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct ReferReason {
    /// As `CheckAge` says it.
    pub(crate) reason: &'static str,
    /// Photos.
    pub(crate) n: usize,
    /// Of all that were decided.
    pub(crate) share: Option<f64>,
}

/// The decisions of every policy.
pub(crate) fn by_policy(
    samples: &[&Sample],
    policies: &Policies,
    bootstrap: Bootstrap,
) -> Vec<PolicyFigures> {
    let one = |(place, named)| figures(samples, (place, named), bootstrap);
    policies.iter().enumerate().map(one).collect()
}

fn figures(
    samples: &[&Sample],
    (place, (name, policy)): (usize, (&str, &Policy)),
    bootstrap: Bootstrap,
) -> PolicyFigures {
    let decided: Vec<(&Sample, &Decided)> =
        samples.iter().filter_map(|sample| Some((*sample, sample.decided.get(place)?))).collect();
    let spec = policy.spec();
    let groups = groups(f64::from(spec.minimum_age), f64::from(spec.pass_if_over));
    PolicyFigures {
        policy: name.to_owned(),
        minimum_age: spec.minimum_age,
        pass_if_over: spec.pass_if_over,
        fail_if_under: spec.fail_if_under,
        max_minor_pass_probability: spec.max_minor_pass_probability,
        n: decided.len(),
        n_refused: samples.len() - decided.len(),
        by_age: groups.into_iter().map(|group| Decisions::of(&decided, group, bootstrap)).collect(),
        refer_reasons: refer_reasons(&decided),
    }
}

/// Who is who to a policy, by true age; ages that cannot occur are left out.
fn groups(minimum: f64, pass: f64) -> Vec<(Who, Ages<f64>)> {
    let near = (minimum - NEAR).max(0.0);
    let all = [
        (Who::Children, 0.0..near),
        (Who::Minors, near..minimum),
        (Who::Buffer, minimum..pass),
        (Who::Adults, pass..f64::INFINITY),
    ];
    all.into_iter().filter(|(_, ages)| !ages.is_empty()).collect()
}

impl Decisions {
    fn of(decided: &[(&Sample, &Decided)], (who, ages): (Who, Ages<f64>), bootstrap: Bootstrap) -> Self {
        const OUTCOMES: [Outcome; 3] = [Outcome::Pass, Outcome::Fail, Outcome::Refer];
        let of_age = decided.iter().filter(|(sample, _)| ages.contains(&sample.photo.age));
        let (samples, found): (Vec<&Sample>, Vec<[bool; 3]>) = of_age
            .map(|(sample, decided)| (*sample, OUTCOMES.map(|outcome| outcome == decided.outcome)))
            .unzip();
        let [pass_rate_interval, fail_rate_interval, refer_rate_interval] =
            Clusters::of_samples(&samples).share_intervals(bootstrap, &found, Proportion::wilson);
        let [pass, fail, refer] = [0, 1, 2].map(|place| Proportion::of(&found, |found| found[place]));
        Self {
            group: who,
            band: written(&ages),
            n: found.len(),
            n_pass: pass.hits,
            n_fail: fail.hits,
            n_refer: refer.hits,
            pass_rate: pass.rate(),
            pass_rate_interval,
            fail_rate: fail.rate(),
            fail_rate_interval,
            refer_rate: refer.rate(),
            refer_rate_interval,
        }
    }
}

/// `13-17` for 13 up to, but without, 18; with decimals where a limit has them.
fn written(ages: &Ages<f64>) -> String {
    match (ages.start, ages.end) {
        (start, end) if end.is_infinite() => format!("{start}+"),
        (start, end) if start.fract() == 0.0 && end.fract() == 0.0 && end - start == 1.0 => {
            format!("{start}")
        }
        (start, end) if start.fract() == 0.0 && end.fract() == 0.0 => format!("{start}-{}", end - 1.0),
        (start, end) => format!("{start} to under {end}"),
    }
}

fn refer_reasons(decided: &[(&Sample, &Decided)]) -> Vec<ReferReason> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for reason in decided.iter().flat_map(|(_, decided)| decided.reasons.iter()) {
        *counts.entry(Reason::as_str(reason)).or_default() += 1;
    }
    let share = |n| Proportion { hits: n, n: decided.len() }.rate();
    counts.into_iter().map(|(reason, n)| ReferReason { reason, n, share: share(n) }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::examples::{answered, of_subject};
    use super::*;
    use crate::age::sample::ReasonSet;

    const BOOTSTRAP: Bootstrap = Bootstrap { seed: 1 };

    fn sample(age: f64, outcome: Outcome) -> Sample {
        let buffer = (outcome == Outcome::Refer).then_some(Reason::InBufferZone);
        let reasons: ReasonSet = buffer.into_iter().collect();
        Sample { decided: vec![Decided { outcome, reasons }; 4].into(), ..answered(age, age as f32, 0.5) }
    }

    #[test]
    fn decisions_are_told_by_the_ages_of_the_denominator() {
        let mut samples = vec![
            sample(8.0, Outcome::Fail),
            sample(13.0, Outcome::Refer),
            sample(17.9, Outcome::Pass),
            sample(18.0, Outcome::Refer),
            sample(22.0, Outcome::Refer),
            sample(23.0, Outcome::Pass),
        ];
        samples.push(Sample { decided: Box::default(), ..samples[0].clone() });
        let policies = Policies::load(None).unwrap();
        let figures = by_policy(&samples.iter().collect::<Vec<_>>(), &policies, BOOTSTRAP);
        let over_18 = &figures[2];
        assert_eq!((over_18.policy.as_str(), over_18.n, over_18.n_refused), ("over-18", 6, 1));
        let told: Vec<_> = over_18
            .by_age
            .iter()
            .map(|row| (row.band.as_str(), row.group, [row.n, row.n_pass, row.n_fail, row.n_refer]))
            .collect();
        let expected = [
            ("0-12", Who::Children, [1, 0, 1, 0]),
            ("13-17", Who::Minors, [2, 1, 0, 1]),
            ("18-22", Who::Buffer, [2, 0, 0, 2]),
            ("23+", Who::Adults, [1, 1, 0, 0]),
        ];
        assert_eq!(told, expected);
        assert_eq!((over_18.by_age[1].pass_rate, over_18.by_age[1].fail_rate), (Some(0.5), Some(0.0)));
        assert_eq!((over_18.refer_reasons[0].reason, over_18.refer_reasons[0].n), ("IN_BUFFER_ZONE", 3));
        assert_eq!(over_18.refer_reasons[0].share, Some(0.5));
    }

    #[test]
    fn intervals_are_of_people_where_photos_share_one() {
        // Six minors on ten photos each: one passes on all of them, the others are referred on all.
        let alone: Vec<Sample> =
            (0..60).map(|n| sample(15.0, if n < 10 { Outcome::Pass } else { Outcome::Refer })).collect();
        let shared: Vec<Sample> = alone
            .iter()
            .enumerate()
            .map(|(n, sample)| of_subject(sample.clone(), &(n / 10).to_string()))
            .collect();
        let policies = Policies::load(None).unwrap();
        let minors = |samples: &[Sample]| {
            by_policy(&samples.iter().collect::<Vec<_>>(), &policies, BOOTSTRAP)[2].by_age[1].clone()
        };
        let (alone, shared) = (minors(&alone), minors(&shared));
        let wilson = |hits, n| Proportion { hits, n }.wilson();
        assert_eq!((alone.pass_rate_interval, alone.fail_rate_interval), (wilson(10, 60), wilson(0, 60)));
        assert_eq!((alone.pass_rate, alone.n_pass), (shared.pass_rate, shared.n_pass));
        let width = |range: Option<Range>| range.unwrap().high - range.unwrap().low;
        assert!(width(shared.pass_rate_interval) > 2.0 * width(alone.pass_rate_interval));
        assert_eq!(shared.fail_rate_interval, wilson(0, 6));
    }

    #[test]
    fn odd_limits_leave_no_age_out() {
        let written = |minimum, pass| -> Vec<String> {
            groups(minimum, pass).iter().map(|(_, ages)| super::written(ages)).collect()
        };
        assert_eq!(written(3.0, 3.0), ["0-2", "3+"]);
        assert_eq!(written(18.0, 22.5), ["0-12", "13-17", "18 to under 22.5", "22.5+"]);
        assert_eq!(written(18.0, 19.0), ["0-12", "13-17", "18", "19+"]);
    }
}
