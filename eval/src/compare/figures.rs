//! The numbers of a report, each under a dotted key such as `overall.mae` or `by_source.casino.fpr`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::metrics::Range;

/// Fields that tell one element of a list from another. They name the element and are no figures themselves.
const IDENTITIES: [&str; 16] = [
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
    "stage",
];

/// Likewise, of elements that have none of the above: a bin by where it begins, a step by the messages read.
const PLACES: [&str; 2] = ["low", "messages"];

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

    /// Whether the figure of that key has an interval, if only an undefined one.
    pub(crate) fn has_interval(&self, key: &str) -> bool {
        let undefined = interval_keys(key).any(|interval| self.get(&interval).is_some());
        undefined || self.interval(key).is_some()
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
    let Some((head, rest)) = key.split_once('.') else { return false };
    let is_number = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    // The point of a number, as in `recall_at_fpr.0.01`, begins no part of its own.
    let parts = rest
        .split('.')
        .zip(rest.split('.').skip(1))
        .filter(|&(left, right)| !(is_number(left) && is_number(right)));
    HEADLINES.contains(&head) && parts.count() <= 1 && !key.contains(INTERVAL) && !rest.contains('/')
}

/// Where the interval of a figure may stand: `mae_interval`, or `minor_pass_rate_interval.18` for a figure in a map, whose name
/// may have a point in it: `recall_at_fpr_interval.0.01`.
fn interval_keys(key: &str) -> impl Iterator<Item = String> + '_ {
    let beside = std::iter::once(format!("{key}{INTERVAL}"));
    beside.chain(key.rmatch_indices('.').map(|(at, _)| format!("{}{INTERVAL}{}", &key[..at], &key[at..])))
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
            for (name, fields) in named(elements) {
                collect(&under(key, &name), &Value::Object(fields), figures);
            }
        }
        Value::Bool(_) | Value::String(_) => {}
    }
}

fn under(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

/// The elements of a list by what tells them apart; by their place, where nothing does.
fn named(elements: &[Value]) -> Vec<(String, Map<String, Value>)> {
    let elements = elements.iter().filter_map(Value::as_object).cloned();
    let mut named: Vec<_> = elements.map(|mut fields| (take_identity(&mut fields), fields)).collect();
    let distinct: BTreeSet<_> = named.iter().map(|(name, _)| name).collect();
    if distinct.len() < named.len() || distinct.iter().any(|name| name.is_empty()) {
        (0..).zip(&mut named).for_each(|(place, (name, _)): (usize, _)| *name = place.to_string());
    }
    named
}

fn take_identity(fields: &mut Map<String, Value>) -> String {
    let has_one = IDENTITIES.iter().any(|identity| fields.contains_key(*identity));
    let known = if has_one { &IDENTITIES[..] } else { &PLACES };
    let parts = known.iter().filter_map(|identity| fields.remove(*identity));
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

    #[test]
    fn elements_of_a_list_never_hide_each_other() {
        let figures = Figures::of(&json!({
            "bins": [{ "low": 0.0, "high": 0.1, "n": 5 }, { "low": 0.1, "high": 0.2, "n": 6 }],
            "steps": [{ "messages": 3, "share": 0.5 }],
            "alike": [{ "band": "x", "n": 1 }, { "band": "x", "n": 2 }],
            "nameless": [{ "n": 3 }, { "n": 4 }],
        }));
        assert_eq!(
            (figures.get("bins.0.1.n"), figures.get("steps.3.share")),
            (Some(Some(6.0)), Some(Some(0.5)))
        );
        assert_eq!((figures.get("alike.0.n"), figures.get("alike.1.n")), (Some(Some(1.0)), Some(Some(2.0))));
        assert_eq!(figures.get("nameless.1.n"), Some(Some(4.0)));
    }

    #[test]
    fn an_interval_is_found_beside_its_figure_or_its_map() {
        let figures = Figures::of(&json!({ "overall": {
            "mae": 5.0, "mae_interval": { "low": 4.5, "high": 5.5 }, "bias": null, "bias_interval": null, "n": 3,
            "minor_pass_rate": { "18": 0.2 }, "minor_pass_rate_interval": { "18": { "low": 0.1, "high": 0.4 } },
            "recall_at_fpr": { "0.01": 0.8 }, "recall_at_fpr_interval": { "0.01": { "low": 0.7, "high": 0.9 } },
        } }));
        assert_eq!(figures.interval("overall.mae"), Some(Range { low: 4.5, high: 5.5 }));
        assert_eq!(figures.interval("overall.minor_pass_rate.18"), Some(Range { low: 0.1, high: 0.4 }));
        assert_eq!(figures.interval("overall.recall_at_fpr.0.01"), Some(Range { low: 0.7, high: 0.9 }));
        assert_eq!((figures.interval("overall.bias"), figures.has_interval("overall.bias")), (None, true));
        assert!(figures.has_interval("overall.mae") && !figures.has_interval("overall.n"));
    }

    #[test]
    fn headlines_are_few() {
        for key in [
            "overall.mae",
            "overall.minor_pass_rate.18",
            "conversation.fpr",
            "conversation.recall_at_fpr.0.001",
            "early.sliding_window.f1",
        ] {
            assert!(is_headline(key), "{key}");
        }
        for key in [
            "by_group.sex/1.mae",
            "overall.mae_interval.low",
            "overall.challenge_curve.age/18.0.rate",
            "overall.a.b.c",
        ] {
            assert!(!is_headline(key), "{key}");
        }
    }
}
