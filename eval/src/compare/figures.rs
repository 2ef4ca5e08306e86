//! The numbers of a report, each under a dotted key such as `overall.mae` or `by_source.casino.fpr`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::metrics::Range;

/// Fields that tell one element of a list from another. They name the element and are no figures themselves.
const IDENTITIES: [&str; 15] = [
    "band",
    "column",
    "value",
    "reason",
    "score",
    "threshold",
    "source",
    "slice",
    "policy",
    "name",
    "signal",
    "age",
    "perturbation",
    "rejected",
    "group",
];

/// What follows a figure's name in the name of its interval.
const INTERVAL: &str = "_interval";

/// Parts of a report whose figures stand alone, so that a person can read them as a list.
const HEADLINES: [&str; 5] = ["overall", "conversation", "message", "calibration", "early"];

/// Figures by key. None: the report says that the figure is undefined.
#[derive(Debug, PartialEq)]
pub(crate) struct Figures(BTreeMap<String, Option<f64>>);

impl Figures {
    /// All numbers in `report`.
    pub(crate) fn of(report: &Value) -> Self {
        let mut figures = BTreeMap::new();
        collect("", report, &mut figures);
        Self(figures)
    }

    /// The figure of that key. The outer None: there is no such key.
    #[allow(clippy::option_option)] // Missing and undefined are different things here.
    pub(crate) fn get(&self, key: &str) -> Option<Option<f64>> {
        self.0.get(key).copied()
    }

    /// The interval of the figure of that key, where it has one and it is defined.
    pub(crate) fn interval(&self, key: &str) -> Option<Range> {
        interval_keys(key).find_map(|interval| {
            let end = |end: &str| self.get(&format!("{interval}.{end}")).flatten();
            Some(Range { low: end("low")?, high: end("high")? })
        })
    }

    /// Whether the report says of the interval that it is undefined.
    pub(crate) fn has_interval(&self, key: &str) -> bool {
        interval_keys(key).any(|interval| self.get(&interval).is_some())
    }

    /// Every key of either, with the figure of each.
    pub(crate) fn beside<'a>(&'a self, other: &'a Self) -> BTreeMap<&'a str, (Option<f64>, Option<f64>)> {
        let keys: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let pair = |key: &String| (self.get(key).flatten(), other.get(key).flatten());
        keys.into_iter().map(|key| (key.as_str(), pair(key))).collect()
    }
}

/// Whether a figure is one of the few that are read as a list: not part of a curve, a bin or an interval.
pub(super) fn is_headline(key: &str) -> bool {
    let mut parts = key.split('.');
    let headline = parts.next().is_some_and(|part| HEADLINES.contains(&part));
    headline && parts.clone().count() <= 2 && !key.contains(INTERVAL) && parts.all(|part| !part.contains('/'))
}

/// Where the interval of a figure may stand: `mae_interval`, or `minor_pass_rate_interval.18` for a figure in a map.
fn interval_keys(key: &str) -> impl Iterator<Item = String> + '_ {
    let beside = std::iter::once(format!("{key}{INTERVAL}"));
    beside.chain(key.rsplit_once('.').map(|(map, entry)| format!("{map}{INTERVAL}.{entry}")))
}

fn collect(key: &str, value: &Value, figures: &mut BTreeMap<String, Option<f64>>) {
    match value {
        Value::Null => drop(figures.insert(key.to_owned(), None)),
        Value::Number(number) => drop(figures.insert(key.to_owned(), number.as_f64())),
        Value::Object(fields) => {
            for (name, value) in fields {
                collect(&under(key, name), value, figures);
            }
        }
        Value::Array(elements) => {
            for mut fields in elements.iter().filter_map(Value::as_object).cloned() {
                let name = take_identity(&mut fields);
                collect(&under(key, &name), &Value::Object(fields), figures);
            }
        }
        Value::Bool(_) | Value::String(_) => {}
    }
}

fn under(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

fn take_identity(fields: &mut Map<String, Value>) -> String {
    let parts = IDENTITIES.iter().filter_map(|identity| fields.remove(*identity));
    let plain = |part: Value| part.as_str().map_or_else(|| part.to_string(), str::to_owned);
    parts.map(plain).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_number_has_a_key() {
        let figures = Figures::of(&json!({
            "kind": "age",
            "overall": { "mae": 4.5, "minor_pass_rate": { "18": null } },
            "by_group": [{ "column": "sex", "value": "1", "n": 3 }],
            "curve": [{ "score": "age", "threshold": 18.5, "rate": 0.25 }],
        }));
        assert_eq!(figures.get("overall.mae"), Some(Some(4.5)));
        assert_eq!(figures.get("overall.minor_pass_rate.18"), Some(None));
        assert_eq!(figures.get("by_group.sex/1.n"), Some(Some(3.0)));
        assert_eq!(figures.get("curve.age/18.5.rate"), Some(Some(0.25)));
        assert_eq!((figures.get("kind"), figures.get("overall.bias")), (None, None));
    }

    #[test]
    fn a_key_of_one_side_stands_beside_nothing() {
        let (a, b) = (Figures::of(&json!({ "x": 1 })), Figures::of(&json!({ "y": 2 })));
        assert_eq!(a.beside(&b), BTreeMap::from([("x", (Some(1.0), None)), ("y", (None, Some(2.0)))]));
    }
}
