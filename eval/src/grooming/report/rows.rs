//! Cells of tables.

use super::super::figures::{Alerts, LEAST_GROUP};
use crate::metrics::Range;
use crate::report::{figure, percent, percents};

/// What is written where a group is too small.
fn insufficient(n: usize) -> String {
    format!("insufficient (n = {n})")
}

/// A share of `n`, unless there are too few.
pub(super) fn share(share: Option<f64>, n: usize) -> String {
    if (1..LEAST_GROUP).contains(&n) { insufficient(n) } else { percent(share) }
}

/// An interval of figures.
pub(super) fn figures(range: Option<Range>, decimals: usize) -> String {
    let ends =
        |Range { low, high }| format!("{} to {}", figure(Some(low), decimals), figure(Some(high), decimals));
    range.map_or_else(|| figure(None, decimals), ends)
}

/// A share that may be smaller than a percentage shows well: two digits of it, however many zeros come first.
pub(super) fn small_percent(share: Option<f64>) -> String {
    let Some(percentage) = share.map(|share| share * 100.0).filter(|&one| 0.0 < one && one < 0.1) else {
        return percent(share);
    };
    let decimals = (1.0 - percentage.log10().floor()) as usize;
    format!("{percentage:.decimals$} %")
}

/// A share's change in percentage points, with its sign.
pub(super) fn points(change: Option<f64>) -> String {
    change.map_or_else(|| percent(None), |change| format!("{:+.1}", change * 100.0))
}

/// An interval of changes in percentage points.
pub(super) fn points_interval(range: Option<Range>) -> String {
    let ends = |Range { low, high }: Range| format!("{} to {}", points(Some(low)), points(Some(high)));
    range.map_or_else(|| percent(None), ends)
}

/// A row of some conversations' alerts, under [`PARTS`].
pub(super) fn part(name: &str, alerts: &Alerts) -> Vec<String> {
    vec![
        name.to_owned(),
        alerts.n_pos.to_string(),
        share(alerts.recall, alerts.n_pos),
        percents(alerts.recall_interval),
        alerts.n_neg.to_string(),
        alerts.false_alerts.to_string(),
        share(alerts.fpr, alerts.n_neg),
        percents(alerts.fpr_interval),
    ]
}

/// The header of [`part`].
pub(super) const PARTS: [&str; 8] = [
    "conversations",
    "positive",
    "recall",
    "95 % interval",
    "negative",
    "false alerts",
    "FPR",
    "95 % interval",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_and_small_shares() {
        assert_eq!(
            (share(Some(0.0), 12), share(None, 0)),
            ("insufficient (n = 12)".to_owned(), "–".to_owned())
        );
        assert_eq!(share(Some(0.0), 30), "0.00 %");
        assert_eq!(small_percent(Some(0.000_012)), "0.0012 %");
        assert_eq!(
            (small_percent(Some(0.0)), small_percent(Some(0.5))),
            ("0.00 %".to_owned(), "50.00 %".to_owned())
        );
        assert_eq!((points(Some(-0.05)), points(Some(0.0))), ("-5.0".to_owned(), "+0.0".to_owned()));
    }
}
