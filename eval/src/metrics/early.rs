//! How early a pattern is seen, in messages.
//!
//! Source: Sadeque, Xu and Bethard, "Measuring the Latency of Depression Detection in Social Media", WSDM 2018, as
//! used for early sexual-predator detection (eSPD) by Vogt, Leser and Akbik, ACL 2021.

use super::quantile;

/// The steepness p = ln 3 / 89 of eSPD: an alert at the 90th message is worth half of one at the first.
pub(crate) const ESPD_STEEPNESS: f64 = 1.098_612_288_668_109_8 / 89.0;

/// The steepness of the eRisk tasks (Losada, Crestani and Parapar, CLEF 2019): for histories ten times as long.
pub(crate) const ERISK_STEEPNESS: f64 = 0.0078;

/// What was decided about one conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The truth.
    pub(crate) positive: bool,
    /// Messages read at the first alert, from 1; None: there was none.
    pub(crate) alerted_at: Option<usize>,
}

/// F1 × (1 − median penalty). `latencies`: for each true positive, the number of messages read at its first alert.
pub(crate) fn f_latency(f1: f64, latencies: &[f64], steepness: f64) -> Option<f64> {
    let mut penalties: Vec<f64> = latencies.iter().map(|&messages| penalty(messages, steepness)).collect();
    Some(f1 * (1.0 - quantile(&mut penalties, 0.5)?))
}

/// Early risk detection error at `o` messages, 0 to 1, lower is better: the mean over all conversations of what each
/// decision costs. A missed positive costs 1, a false alert the share of positives, a true alert at message k costs
/// 1 − 1 / (1 + e^(k − o)), and silence about a negative nothing.
///
/// Source: Losada and Crestani, "A Test Collection for Research on Depression and Language Use", CLEF 2016.
pub(crate) fn erde(decisions: impl IntoIterator<Item = Decision> + Clone, o: f64) -> Option<f64> {
    let (n, positives) = decisions.clone().into_iter().fold((0.0, 0.0), |(n, positives), decision| {
        (n + 1.0, positives + f64::from(u8::from(decision.positive)))
    });
    let cost = |decision: Decision| match (decision.positive, decision.alerted_at) {
        (true, Some(messages)) => 1.0 - 1.0 / (1.0 + (messages as f64 - o).exp()),
        (true, None) => 1.0,
        (false, Some(_)) => positives / n,
        (false, None) => 0.0,
    };
    (n > 0.0).then(|| decisions.into_iter().map(cost).sum::<f64>() / n)
}

/// 0 for an alert at the first message, rising toward 1: −1 + 2 / (1 + e^(−p (k − 1))).
fn penalty(messages: f64, steepness: f64) -> f64 {
    -1.0 + 2.0 / (1.0 + (-steepness * (messages - 1.0)).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steepness_puts_half_at_ninety() {
        assert!((penalty(90.0, ESPD_STEEPNESS) - 0.5).abs() < 1e-12);
        assert!((ESPD_STEEPNESS - 3.0_f64.ln() / 89.0).abs() < 1e-15);
    }

    #[test]
    fn the_first_message_costs_nothing() {
        assert_eq!(f_latency(0.8, &[1.0, 1.0, 1.0], ESPD_STEEPNESS), Some(0.8));
    }

    #[test]
    fn a_median_of_ninety_halves() {
        assert!((f_latency(0.8, &[1.0, 90.0, 500.0], ESPD_STEEPNESS).unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn erde_by_hand() {
        let decision = |positive, alerted_at| Decision { positive, alerted_at };
        let decisions =
            [decision(true, Some(5)), decision(true, None), decision(false, Some(9)), decision(false, None)];
        // At o = 5: a true alert at 5 costs 1/2, the miss 1, the false alert the 1/2 that are positive: 2 of 4.
        assert!((erde(decisions, 5.0).unwrap() - 0.5).abs() < 1e-12);
        // At o = 50 the alert at 5 is as good as free: (1 + 1/2) / 4.
        assert!((erde(decisions, 50.0).unwrap() - 0.375).abs() < 1e-12);
        assert_eq!(erde([], 5.0), None);
    }

    #[test]
    fn erde_stays_finite_after_very_many_messages() {
        assert_eq!(erde([Decision { positive: true, alerted_at: Some(100_000) }], 5.0), Some(1.0));
    }
}
