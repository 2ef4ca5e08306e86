//! How early a pattern is seen, in messages.
//!
//! Source: Sadeque, Xu and Bethard, "Measuring the Latency of Depression Detection in Social Media", WSDM 2018, as
//! used for early sexual-predator detection (eSPD) by Vogt, Leser and Akbik, ACL 2021.

/// The steepness p = ln 3 / 89 of eSPD: an alert at the 90th message is worth half of one at the first.
pub(crate) const ESPD_STEEPNESS: f64 = 1.098_612_288_668_109_8 / 89.0;

/// The middle value, or the mean of the two middle ones.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    let lower = values[(values.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// F1 × (1 − median penalty). `latencies`: for each true positive, the number of messages read at its first alert.
pub(crate) fn f_latency(f1: f64, latencies: &[f64], steepness: f64) -> Option<f64> {
    let penalties = latencies.iter().map(|&messages| penalty(messages, steepness)).collect();
    Some(f1 * (1.0 - median(penalties)?))
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
    fn medians() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![7.0]), Some(7.0));
        assert_eq!(median(vec![9.0, 1.0, 4.0, 3.0]), Some(3.5));
    }
}
