//! Order statistics, and the skewness that one peer decides by.

/// The value under which a share `q` (0 to 1) of `values` lies, linear between neighbours, as numpy's default does.
/// The median is `q` = 0.5. Sorts `values`.
pub(crate) fn quantile(values: &mut [f64], q: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let place = q * values.len().checked_sub(1)? as f64;
    let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(below + (above - below) * place.fract())
}

/// Fewer scores than this say nothing to Sentinel.
const SENTINEL_LEAST: usize = 10;

/// (mean − median) / standard deviation of one author's message scores, and 0 under ten of them or without spread: how
/// Roblox Sentinel (2025, open source) tells a few conspicuous messages among many ordinary ones.
pub(crate) fn skewness_of_scores(scores: &mut [f64]) -> f64 {
    if scores.len() < SENTINEL_LEAST {
        return 0.0;
    }
    let Some(median) = quantile(scores, 0.5).filter(|_| scores.first() < scores.last()) else { return 0.0 };
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    let spread = (scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / n).sqrt();
    (mean - median) / spread
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_as_numpy() {
        // numpy.quantile([9, 1, 4, 3], [0, 0.5, 0.75, 0.9, 1]) = 1, 3.5, 5.25, 7.5, 9
        for (q, expected) in [(0.0, 1.0), (0.5, 3.5), (0.75, 5.25), (0.9, 7.5), (1.0, 9.0)] {
            assert!((quantile(&mut [9.0, 1.0, 4.0, 3.0], q).unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!((quantile(&mut [], 0.5), quantile(&mut [7.0], 0.9)), (None, Some(7.0)));
    }

    #[test]
    fn skewness_by_hand() {
        // Nine zeros and a one: mean 0.1, median 0, variance 0.09 (numpy.std = 0.3), hence 1/3.
        let mut scores = [0.0; 10];
        scores[4] = 1.0;
        assert!((skewness_of_scores(&mut scores) - 1.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn too_few_or_all_alike_have_no_skewness() {
        assert_eq!(skewness_of_scores(&mut [0.0, 1.0, 0.0]), 0.0);
        assert_eq!(skewness_of_scores(&mut [0.4; 12]), 0.0);
    }
}
