//! What changed from one run over photos to another.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;

use super::change::{Better, Change, Changes, Measure};
use super::pairs::{Pair, Pairs, Row};
use crate::age::{ADULTS, BANDS, MINORS};
use crate::metrics::Bootstrap;

/// Estimates this near count as close, years.
const CLOSE: f32 = 5.0;

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

/// An estimate with its interval, years. None: the photo was not answered.
type Side = Option<Answer>;

#[derive(Debug, Clone, Copy)]
struct Answer {
    years: f32,
    low: f32,
    high: f32,
}

const MEASURES: [Measure<Side>; 8] = [
    Measure {
        key: "mae",
        better: Better::Lower,
        of: |pair| on_answered(pair, |age, a| (a.years - age).abs()),
    },
    Measure { key: "bias", better: Better::Neither, of: |pair| on_answered(pair, |age, a| a.years - age) },
    Measure {
        key: "cs5",
        better: Better::Higher,
        of: |pair| on_answered(pair, |age, a| share((a.years - age).abs() <= CLOSE)),
    },
    Measure {
        key: "interval_coverage",
        better: Better::Neither,
        of: |pair| on_answered(pair, |age, a| share((a.low..=a.high).contains(&age))),
    },
    Measure { key: "minor_pass_rate.18", better: Better::Lower, of: |pair| on_minors(pair, 18.0) },
    Measure { key: "minor_pass_rate.25", better: Better::Lower, of: |pair| on_minors(pair, 25.0) },
    Measure {
        key: "adult_refusal_rate.25",
        better: Better::Lower,
        of: |pair| on_answered(pair, |_, a| share(a.years < 25.0)).filter(|_| ADULTS.contains(&pair.truth)),
    },
    Measure {
        key: "unanswered_rate",
        better: Better::Lower,
        of: |pair| Some((f64::from(share(pair.a.is_none())), f64::from(share(pair.b.is_none())))),
    },
];

/// Every measure over all photos, and over each age band and group.
///
/// # Errors
/// When the samples cannot be read or do not belong together.
pub(super) fn changes(a: &Path, b: &Path, bootstrap: Bootstrap) -> Result<Changes> {
    let pairs = Pairs::read::<Photo>(a, b)?;
    let of = |prefix: &str, slice| {
        MEASURES.iter().map(|measure| Change::of_mean((prefix, slice), measure, &pairs, bootstrap)).collect()
    };
    let overall: Vec<Change> = of("overall", None);
    let slices =
        pairs.slices.iter().enumerate().flat_map(|(place, slice)| -> Vec<Change> { of(slice, Some(place)) });
    // A band without minors has no rate of minors.
    let slices = slices.filter(|change| change.n > 0).collect();
    Ok(Changes::new(overall, slices, pairs.unpaired))
}

impl Row for Photo {
    type Side = Side;

    fn identity(&self) -> &str {
        &self.file
    }

    fn truth(&self) -> f64 {
        self.age
    }

    fn cluster(&self) -> &str {
        self.subject.as_ref().unwrap_or(&self.file)
    }

    fn slices(&self) -> Vec<String> {
        let bands = BANDS.iter().filter(|(_, ages)| ages.contains(&self.age));
        let bands = bands.map(|(band, _)| format!("by_age_band.{band}"));
        bands.chain(self.groups.iter().map(|(column, value)| format!("by_group.{column}/{value}"))).collect()
    }

    fn side(&self) -> Side {
        let (years, low, high) = (self.age_years?, self.low.unwrap_or(0.0), self.high.unwrap_or(f32::MAX));
        Some(Answer { years, low, high })
    }
}

/// Of the photos that both runs answered.
fn on_answered(pair: &Pair<Side>, of: impl Fn(f32, Answer) -> f32) -> Option<(f64, f64)> {
    let age = pair.truth as f32;
    Some((f64::from(of(age, pair.a?)), f64::from(of(age, pair.b?))))
}

fn on_minors(pair: &Pair<Side>, age: f32) -> Option<(f64, f64)> {
    on_answered(pair, |_, answer| share(answer.years >= age)).filter(|_| MINORS.contains(&pair.truth))
}

fn share(counted: bool) -> f32 {
    f32::from(u8::from(counted))
}
