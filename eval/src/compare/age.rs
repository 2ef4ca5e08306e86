//! What changed from one run over photos to another.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::change::{Better, Change};
use super::changes::{Changes, Slice};
use super::measure::{Measure, Of};
use super::pairs::{Pair, Pairs, Row};
use crate::age::{ADULTS, BANDS, MINORS};
use crate::interrupt;
use crate::metrics::Bootstrap;

/// Estimates this near count as close, years.
const CLOSE: f64 = 5.0;

/// A line of samples.jsonl.
#[derive(Debug, Deserialize)]
struct Photo {
    file: String,
    age: f64,
    subject: Option<String>,
    #[serde(default)]
    groups: BTreeMap<String, String>,
    age_years: Option<f32>,
    low: Option<f32>,
    high: Option<f32>,
}

/// None: the photo was not answered.
type Side = Option<Answer>;

/// An estimate, years.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Answer {
    years: f32,
    interval: Option<(f32, f32)>,
}

const MEASURES: [Measure<Side>; 8] = [
    Measure {
        key: "mae",
        better: Better::Lower,
        of: Of::Numbers(|pair| of_answered(pair, |age, answer| Some(answer.error(age).abs()))),
    },
    Measure {
        key: "bias",
        better: Better::Neither,
        of: Of::Numbers(|pair| of_answered(pair, |age, answer| Some(answer.error(age)))),
    },
    Measure {
        key: "cs5",
        better: Better::Higher,
        of: Of::Share(|pair| of_answered(pair, |age, answer| Some(answer.error(age).abs() <= CLOSE))),
    },
    Measure {
        key: "interval_coverage",
        better: Better::Neither,
        of: Of::Share(|pair| of_answered(pair, |age, answer| answer.covers(age))),
    },
    Measure {
        key: "minor_pass_rate.18",
        better: Better::Lower,
        of: Of::Share(|pair| of_minors(pair, |answer| answer.years >= 18.0)),
    },
    Measure {
        key: "minor_pass_rate.25",
        better: Better::Lower,
        of: Of::Share(|pair| of_minors(pair, |answer| answer.years >= 25.0)),
    },
    Measure {
        key: "adult_refusal_rate.25",
        better: Better::Lower,
        of: Of::Share(|pair| {
            of_answered(pair, |age, answer| ADULTS.contains(&age).then_some(answer.years < 25.0))
        }),
    },
    Measure {
        key: "failure_to_answer",
        better: Better::Lower,
        of: Of::Share(|pair| Some((pair.a.is_none(), pair.b.is_none()))),
    },
];

/// Every measure over all photos, and over each age band and group.
///
/// # Errors
/// When the samples cannot be read or do not belong together, or after Ctrl-C.
pub(super) fn changes(a: &Path, b: &Path, bootstrap: Bootstrap) -> Result<Changes> {
    let pairs = Pairs::read::<Photo>(a, b)?;
    let of = |prefix: &str, pairs: &[&Pair<Side>]| -> Result<Vec<Change>> {
        interrupt::check()?;
        let changes = MEASURES.iter().map(|measure| measure.change(prefix, pairs, bootstrap));
        // A band without minors has no rate of minors.
        Ok(changes.filter(|change| change.n > 0).collect())
    };
    let slice = |(key, members): (&str, Vec<_>)| -> Result<Slice> {
        Ok(Slice { key: key.to_owned(), changes: of(key, &members)? })
    };
    Ok(Changes {
        overlap: pairs.overlap,
        overall: of("overall", &pairs.all())?,
        slices: pairs.slices().map(slice).collect::<Result<_>>()?,
    })
}

impl Row for Photo {
    type Side = Side;

    fn identity(&self) -> &str {
        &self.file
    }

    fn truth(&self) -> f64 {
        self.age
    }

    fn cluster(&self) -> [&str; 2] {
        ["", self.subject.as_ref().unwrap_or(&self.file)]
    }

    fn slices(&self) -> Vec<String> {
        let bands = BANDS.iter().filter(|(_, ages)| ages.contains(&self.age));
        let bands = bands.map(|(band, _)| format!("by_age_band.{band}"));
        bands.chain(self.groups.iter().map(|(column, value)| format!("by_group.{column}/{value}"))).collect()
    }

    fn side(&self) -> Side {
        Some(Answer { years: self.age_years?, interval: self.low.zip(self.high) })
    }
}

impl Answer {
    fn error(self, age: f64) -> f64 {
        f64::from(self.years) - age
    }

    fn covers(self, age: f64) -> Option<bool> {
        self.interval.map(|(low, high)| (f64::from(low)..=f64::from(high)).contains(&age))
    }
}

/// Of the photos that both runs answered.
fn of_answered<T>(pair: &Pair<Side>, of: impl Fn(f64, Answer) -> Option<T>) -> Option<(T, T)> {
    Some((of(pair.truth, pair.a?)?, of(pair.truth, pair.b?)?))
}

fn of_minors(pair: &Pair<Side>, of: impl Fn(Answer) -> bool) -> Option<(bool, bool)> {
    of_answered(pair, |age, answer| MINORS.contains(&age).then(|| of(answer)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(years: f32) -> Side {
        Some(Answer { years, interval: Some((years - 3.0, years + 3.0)) })
    }

    fn sides(key: &str, age: f64, a: Side, b: Side) -> Option<(f64, f64)> {
        let measure = MEASURES.iter().find(|measure| measure.key == key).unwrap();
        measure.of.sides(&Pair { truth: age, a, b, bag: 0 })
    }

    #[test]
    fn measures_of_one_photo_by_hand() {
        // 16 years old, estimated 14 by A and 25 by B.
        let of = |key| sides(key, 16.0, answer(14.0), answer(25.0));
        assert_eq!(of("mae"), Some((2.0, 9.0)));
        assert_eq!(of("bias"), Some((-2.0, 9.0)));
        assert_eq!(of("cs5"), Some((1.0, 0.0)));
        assert_eq!(of("interval_coverage"), Some((1.0, 0.0)));
        assert_eq!(of("minor_pass_rate.18"), Some((0.0, 1.0)));
        assert_eq!(of("minor_pass_rate.25"), Some((0.0, 1.0)));
        assert_eq!((of("adult_refusal_rate.25"), of("failure_to_answer")), (None, Some((0.0, 0.0))));
        assert_eq!(sides("adult_refusal_rate.25", 25.0, answer(24.0), answer(25.0)), Some((1.0, 0.0)));
        assert_eq!(sides("minor_pass_rate.18", 18.0, answer(19.0), answer(19.0)), None);
    }

    #[test]
    fn errors_are_of_what_both_answered() {
        let of = |key| sides(key, 16.0, answer(14.0), None);
        assert_eq!((of("mae"), of("minor_pass_rate.18")), (None, None));
        assert_eq!(of("failure_to_answer"), Some((0.0, 1.0)));
        let without_interval = Some(Answer { years: 16.0, interval: None });
        assert_eq!(sides("interval_coverage", 16.0, without_interval, without_interval), None);
    }

    #[test]
    fn a_photo_is_in_its_band_and_its_groups() {
        let photo: Photo = serde_json::from_value(json!({
            "file": "a.jpg", "age": 17.5, "groups": { "sex": "1", "device": "old" }, "reasons": ["NO_FACE"],
        }))
        .unwrap();
        assert_eq!(photo.slices(), ["by_age_band.13-17", "by_group.device/old", "by_group.sex/1"]);
        assert_eq!((photo.cluster(), photo.side()), (["", "a.jpg"], None));
    }
}
