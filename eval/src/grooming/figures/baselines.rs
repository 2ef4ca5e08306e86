//! What simpler scores reach on the same conversations.

use serde::Serialize;

use super::super::record::{Record, Records};
use super::conversations::{Ranked, ranking};
use super::curve::curve;
use super::{CurvePoint, LIMITS};

/// A score that needs no conversation model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Baseline {
    /// `keywords`, `length`, `max_message_risk` or `skewness`.
    pub(crate) name: &'static str,
    #[serde(flatten)]
    pub(crate) ranked: Ranked,
    /// The figures in which it is better than the conversation's risk.
    pub(crate) wins: Vec<String>,
    /// Thinned; for the plots.
    #[serde(skip)]
    pub(crate) curve: Vec<CurvePoint>,
}

type Score = fn(&Record) -> f32;

const BASELINES: [(&str, Score); 4] = [
    ("keywords", |record| record.baselines.keywords),
    ("length", |record| record.baselines.length),
    ("max_message_risk", |record| record.baselines.max_message_risk),
    ("skewness", |record| record.baselines.skewness),
];

/// Every baseline, on the conversations that `model` is about.
pub(crate) fn baselines(records: &Records, model: &Ranked) -> Vec<Baseline> {
    let baseline = |(name, score): (&'static str, Score)| {
        let ranking = ranking(records, score);
        let ranked = Ranked::of(&ranking);
        Baseline { name, wins: wins(&ranked, model), curve: curve(&ranking), ranked }
    };
    BASELINES.map(baseline).into()
}

/// The figures in which `baseline` is better.
fn wins(baseline: &Ranked, model: &Ranked) -> Vec<String> {
    let mut figures = vec![
        ("ROC-AUC".to_owned(), baseline.roc_auc, model.roc_auc),
        ("PR-AUC".to_owned(), baseline.pr_auc, model.pr_auc),
    ];
    for (key, limit) in LIMITS {
        let name = format!("recall at FPR {limit}");
        figures.push((name, baseline.recall_at_fpr[key], model.recall_at_fpr[key]));
    }
    figures.into_iter().filter(|(_, baseline, model)| baseline > model).map(|(name, _, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::record::testing::mixed;
    use super::*;

    #[test]
    fn a_baseline_that_is_better_is_named() {
        // In these records skewness is the risk itself, the highest message risk its opposite, and all else is equal.
        let records = mixed();
        let model = Ranked::of(&ranking(&records, |record| record.risk));
        let found = baselines(&records, &model);
        let areas: Vec<_> =
            found.iter().map(|baseline| (baseline.name, baseline.ranked.roc_auc.unwrap())).collect();
        let expected =
            [("keywords", 0.5), ("length", 0.5), ("max_message_risk", 1.0 / 6.0), ("skewness", 5.0 / 6.0)];
        assert!(
            areas
                .iter()
                .zip(expected)
                .all(|(found, expected)| { found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-6 }),
            "{areas:?}"
        );
        assert!(found.iter().all(|baseline| baseline.wins.is_empty()));
        let worse = Ranked::of(&ranking(&records, |record| record.baselines.max_message_risk));
        assert_eq!(baselines(&records, &worse)[3].wins, ["ROC-AUC", "PR-AUC"]);
    }
}
