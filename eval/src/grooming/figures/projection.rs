//! What share of the alerts would be right where the pattern is as rare as it is outside of test data.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Alerts;
use crate::metrics::Range;

/// Shares of conversations that show the pattern, as JSON keys and as numbers.
pub(crate) const PREVALENCES: [(&str, f64); 4] =
    [("0.01", 1e-2), ("0.001", 1e-3), ("0.0001", 1e-4), ("0.00001", 1e-5)];

/// Precision by prevalence, from recall as measured and the false-positive rate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Projection {
    /// None without a false alarm: no false alarm among so few is not none at all, and only the interval says how many
    /// there may be.
    pub(crate) projected_precision: BTreeMap<&'static str, Option<f64>>,
    /// From the two ends of the false-positive rate's interval.
    pub(crate) projected_precision_interval: BTreeMap<&'static str, Option<Range>>,
}

impl Projection {
    /// From these alerts.
    pub(crate) fn of(alerts: &Alerts) -> Self {
        let measured = |prevalence| {
            let fpr = alerts.fpr.filter(|&fpr| fpr > 0.0)?;
            precision(prevalence, alerts.recall?, fpr)
        };
        let interval = |prevalence| {
            let (recall, fpr) = (alerts.recall?, alerts.fpr_interval?);
            Some(Range {
                low: precision(prevalence, recall, fpr.high)?,
                high: precision(prevalence, recall, fpr.low)?,
            })
        };
        Self {
            projected_precision: PREVALENCES.map(|(key, prevalence)| (key, measured(prevalence))).into(),
            projected_precision_interval: PREVALENCES
                .map(|(key, prevalence)| (key, interval(prevalence)))
                .into(),
        }
    }
}

/// Bayes: the share of alerts that are right. None where there would be no alert.
fn precision(prevalence: f64, recall: f64, fpr: f64) -> Option<f64> {
    let (right, wrong) = (prevalence * recall, (1.0 - prevalence) * fpr);
    (right + wrong > 0.0).then(|| right / (right + wrong))
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::records;
    use super::*;

    #[test]
    fn by_hand() {
        // Recall 1/2, FPR 1/4. At 1 in 100: 0.005 / (0.005 + 0.99 × 0.25) = 0.0198019802.
        let found = Projection::of(&Alerts::of(
            records(&[
                (true, 0.9, 1),
                (true, 0.1, 0),
                (false, 0.9, 1),
                (false, 0.1, 0),
                (false, 0.1, 0),
                (false, 0.1, 0),
            ])
            .all()
            .iter(),
        ));
        assert!((found.projected_precision["0.01"].unwrap() - 0.019_801_980_2).abs() < 1e-9);
        // Clopper–Pearson of 1 in 4 (scipy.stats.binomtest(1, 4).proportion_ci()): 0.00630946 to 0.80588.
        let interval = found.projected_precision_interval["0.01"].unwrap();
        assert!((interval.low - 0.005 / (0.005 + 0.99 * 0.805_879_6)).abs() < 1e-6, "{interval:?}");
        assert!((interval.high - 0.005 / (0.005 + 0.99 * 0.006_309_463)).abs() < 1e-6, "{interval:?}");
    }

    #[test]
    fn no_false_alarm_is_not_certainty() {
        let found = Projection::of(&Alerts::of(records(&[(true, 0.9, 1), (false, 0.1, 0)]).all().iter()));
        assert_eq!(found.projected_precision["0.001"], None);
        // The upper bound of 0 in 1 is 0.975.
        let interval = found.projected_precision_interval["0.001"].unwrap();
        assert!((interval.low - 0.001 / (0.001 + 0.999 * 0.975)).abs() < 1e-9);
        assert_eq!(interval.high, 1.0);
    }
}
