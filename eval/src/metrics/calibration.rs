//! Whether a probability means what it says.

use super::Scored;

const BINS: usize = 10;

/// Expected calibration error: |observed share − mean probability| over ten bins of equal width, weighted by size.
///
/// Scores are probabilities, 0 to 1. Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
pub(crate) fn expected_calibration_error(cases: &[Scored]) -> Option<f64> {
    // Of each bin: observed − predicted, summed. The bin's size cancels against its weight.
    let mut gaps = [0.0_f64; BINS];
    for case in cases {
        let bin = ((case.score * BINS as f64) as usize).min(BINS - 1);
        gaps[bin] += f64::from(u8::from(case.positive)) - case.score;
    }
    let gap: f64 = gaps.iter().map(|gap| gap.abs()).sum();
    (!cases.is_empty()).then(|| gap / cases.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_bins_by_hand() {
        // Bin 0.2–0.3: two cases, mean 0.25, none positive: gap 0.25. Bin 0.9–1: two, mean 0.95, one positive: 0.45.
        let case = |score, positive| Scored { score, positive };
        let cases = [case(0.25, false), case(0.25, false), case(0.9, true), case(1.0, false)];
        let expected = 0.5 * 0.25 + 0.5 * 0.45;
        assert!((expected_calibration_error(&cases).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn no_cases_no_error() {
        assert_eq!(expected_calibration_error(&[]), None);
    }
}
