//! One photo and what became of it: a line of samples.jsonl.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::dataset::Photo;

/// A photo of known age with its outcome.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// The photo and the truth.
    pub(crate) photo: Photo,
    /// What the pipeline says.
    pub(crate) outcome: Outcome,
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// Expected apparent age.
    pub(crate) age_years: f32,
    /// Lower end of the interval.
    pub(crate) low: f32,
    /// Upper end of the interval.
    pub(crate) high: f32,
    /// The interval's nominal coverage, 0 to 1.
    pub(crate) coverage: f32,
    /// P(younger than 18), 0 to 1.
    pub(crate) p_minor: f32,
    /// The limits of quality that the face misses: `CheckAge` would not judge it.
    pub(crate) quality: Vec<&'static str>,
}

impl Sample {
    /// The estimate, if there is one.
    pub(crate) fn answer(&self) -> Option<&Answer> {
        match &self.outcome {
            Outcome::Answered(answer) => Some(answer),
            Outcome::Unanswered(_) => None,
        }
    }

    /// Why a check of this photo would not be decided by age: no answer, or a face of too little quality.
    pub(crate) fn reasons(&self) -> &[&'static str] {
        match &self.outcome {
            Outcome::Answered(answer) => &answer.quality,
            Outcome::Unanswered(reason) => std::slice::from_ref(reason),
        }
    }
}

impl Serialize for Sample {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("file", &self.photo.file)?;
        line.serialize_entry("age", &self.photo.age)?;
        match &self.outcome {
            Outcome::Unanswered(_) => line.serialize_entry("reasons", self.reasons())?,
            Outcome::Answered(answer) => {
                line.serialize_entry("age_years", &answer.age_years)?;
                line.serialize_entry("low", &answer.low)?;
                line.serialize_entry("high", &answer.high)?;
                line.serialize_entry("p_minor", &answer.p_minor)?;
                line.serialize_entry("quality", &answer.quality)?;
            }
        }
        line.end()
    }
}
