//! One photo and what became of it: a line of samples.jsonl, and what the figures need of it, in some 250 bytes.

use std::collections::BTreeMap;

use models::age::{Reason, policy};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::policies::Policies;
use crate::dataset::Photo;

/// The ages that everything about minors is told for, years.
pub(crate) const AGES: [u32; 5] = [13, 16, 18, 21, 25];

/// The reason of an image that is not there or may not be read; all others are those of the service.
pub(crate) const UNREADABLE: &str = "FILE_UNREADABLE";

/// What the service says of a message that it does not take, before any stage sees the photo in it.
pub(crate) const TOO_LONG: &str = "MESSAGE_TOO_LARGE";

/// Where the age of majority stands in [`AGES`].
const MAJORITY: usize = 2;

/// A photo of known age with its outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// The photo and the truth.
    pub(crate) photo: Photo,
    /// What the pipeline says.
    pub(crate) outcome: Outcome,
    /// What each policy decides, in the order of the policies; of none when the bytes were refused.
    pub(crate) decided: Box<[Decided]>,
}

/// What the pipeline says of a photo.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// A face was found and its age estimated, as `EstimateAge` answers.
    Answered(Answer),
    /// There is no estimate, for this reason.
    Unanswered(&'static str),
}

/// An estimate, in years.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Answer {
    /// Expected apparent age.
    pub(crate) age_years: f32,
    /// Lower end of the interval.
    pub(crate) low: f32,
    /// Upper end of the interval.
    pub(crate) high: f32,
    /// P(at least that age) for each of [`AGES`], 0 to 1.
    pub(crate) over: [f32; 5],
    /// Fine detail of the face, as `models::age::Quality` measures it; higher is sharper.
    pub(crate) sharpness: f32,
    /// How sure the detector is of the face, 0 to 1.
    pub(crate) detection_score: f32,
    /// The limits of quality that the face misses.
    pub(crate) quality: ReasonSet,
}

/// What one policy decides on one photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Decided {
    /// PASS, FAIL or REFER.
    pub(crate) outcome: policy::Outcome,
    /// Why it was referred.
    pub(crate) reasons: ReasonSet,
}

/// Some of the service's reasons, in the order in which it lists them all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ReasonSet(u16);

/// A sample with the policies that its decisions are of, to be written down.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    /// The photo.
    pub(crate) sample: &'a Sample,
    /// In the order of the decisions.
    pub(crate) policies: &'a Policies,
}

impl Answer {
    /// P(younger than 18), 0 to 1.
    pub(crate) fn p_minor(&self) -> f32 {
        1.0 - self.over[MAJORITY]
    }

    /// Width of the interval, years.
    pub(crate) fn width(&self) -> f32 {
        self.high - self.low
    }

    /// Estimate minus truth, years.
    pub(crate) fn error(&self, age: f64) -> f64 {
        f64::from(self.age_years) - age
    }

    /// Whether the interval holds this age.
    pub(crate) fn covers(&self, age: f64) -> bool {
        (f64::from(self.low)..=f64::from(self.high)).contains(&age)
    }

    /// Whether the estimate is at least this age.
    pub(crate) fn looks(&self, age: u32) -> bool {
        self.age_years >= age as f32
    }
}

impl Sample {
    /// The estimate, if there is one.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answered(answer) => Some(answer),
            Outcome::Unanswered(_) => None,
        }
    }

    /// Whether there was a file, of whatever kind.
    pub(crate) fn was_read(&self) -> bool {
        !matches!(self.outcome, Outcome::Unanswered(UNREADABLE))
    }

    /// Why a check of this photo would not be decided by age: no answer, a face of too little quality, several faces, an
    /// interval too wide. These are the same for every policy: those that another photo might mend.
    pub(crate) fn reasons(&self) -> Vec<&'static str> {
        match &self.outcome {
            Outcome::Unanswered(reason) => vec![reason],
            Outcome::Answered(answer) => {
                let referred =
                    self.decided.iter().fold(ReasonSet::default(), |set, one| set.with(one.reasons));
                let of_photo = referred.iter().filter(|reason| reason.is_retryable()).collect();
                answer.quality.with(of_photo).iter().map(Reason::as_str).collect()
            }
        }
    }
}

impl ReasonSet {
    /// Those of either.
    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the service's order.
    pub(crate) fn iter(self) -> impl Iterator<Item = Reason> {
        Reason::ALL
            .into_iter()
            .enumerate()
            .filter_map(move |(place, reason)| (self.0 & (1 << place) != 0).then_some(reason))
    }
}

impl FromIterator<Reason> for ReasonSet {
    fn from_iter<I: IntoIterator<Item = Reason>>(reasons: I) -> Self {
        let place = |reason| Reason::ALL.iter().position(|known| *known == reason);
        Self(reasons.into_iter().filter_map(place).fold(0, |set, place| set | 1 << place))
    }
}

impl From<policy::Decision> for Decided {
    fn from(decision: policy::Decision) -> Self {
        Self { outcome: decision.outcome, reasons: decision.reasons.into_iter().collect() }
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (photo, mut line) = (&self.sample.photo, serializer.serialize_map(None)?);
        line.serialize_entry("file", &photo.file)?;
        line.serialize_entry("age", &photo.age)?;
        if let Some(subject) = &photo.subject {
            line.serialize_entry("subject", &**subject)?;
        }
        let groups: BTreeMap<&str, &str> =
            photo.groups.iter().map(|group| (&*group.column, &*group.value)).collect();
        line.serialize_entry("groups", &groups)?;
        match &self.sample.outcome {
            Outcome::Unanswered(reason) => line.serialize_entry("reasons", &[reason])?,
            Outcome::Answered(answer) => write_answer(&mut line, answer)?,
        }
        if !self.sample.decided.is_empty() {
            line.serialize_entry("policies", &self.outcomes())?;
        }
        line.end()
    }
}

impl Line<'_> {
    fn outcomes(&self) -> BTreeMap<&str, &'static str> {
        let decided = self.sample.decided.iter().map(|one| one.outcome.as_str());
        self.policies.iter().map(|(name, _)| name).zip(decided).collect()
    }
}

fn write_answer<M: SerializeMap>(line: &mut M, answer: &Answer) -> Result<(), M::Error> {
    let over: BTreeMap<u32, f32> = AGES.into_iter().zip(answer.over).collect();
    let quality: Vec<_> = answer.quality.iter().map(Reason::as_str).collect();
    line.serialize_entry("age_years", &answer.age_years)?;
    line.serialize_entry("low", &answer.low)?;
    line.serialize_entry("high", &answer.high)?;
    line.serialize_entry("p_minor", &answer.p_minor())?;
    line.serialize_entry("over", &over)?;
    line.serialize_entry("sharpness", &answer.sharpness)?;
    line.serialize_entry("detection_score", &answer.detection_score)?;
    line.serialize_entry("quality", &quality)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_lists_its_reasons_once_in_the_order_of_the_service() {
        let set: ReasonSet = [Reason::TooDark, Reason::Blurred, Reason::TooDark].into_iter().collect();
        assert!(set.iter().eq([Reason::Blurred, Reason::TooDark]));
        let all: ReasonSet = Reason::ALL.into_iter().collect();
        assert!(all.iter().eq(Reason::ALL));
        assert!(ReasonSet::default().iter().next().is_none());
    }

    #[test]
    fn a_sample_is_small() {
        // 100,000 photos with two groups each: 100,000 × (this + 2 × 32 + a few decisions) bytes.
        assert!(size_of::<Sample>() <= 200, "{}", size_of::<Sample>());
    }
}
