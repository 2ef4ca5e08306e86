//! Whether a probability means what it says.

use serde::Serialize;

use super::{Proportion, Range};

const BINS: usize = 10;

/// Probabilities with what came of them, in ten bins of equal width.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reliability {
    bins: [Bin; BINS],
    squares: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    n: usize,
    positives: usize,
    predicted: f64,
}

/// One bin that is not empty.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct ReliabilityBin {
    /// Least probability of the bin.
    pub(crate) low: f64,
    /// Where the next bin begins; the last holds 1 too.
    pub(crate) high: f64,
    /// Cases.
    pub(crate) n: usize,
    /// Their mean probability.
    pub(crate) mean_predicted: f64,
    /// Their share of positives.
    pub(crate) observed: f64,
    /// 95 %, Wilson.
    pub(crate) observed_interval: Range,
}

impl Reliability {
    /// Counts one case; `probability` is 0 to 1.
    pub(crate) fn add(&mut self, probability: f64, positive: bool) {
        let outcome = f64::from(u8::from(positive));
        let bin = &mut self.bins[((probability * BINS as f64) as usize).min(BINS - 1)];
        bin.n += 1;
        bin.positives += usize::from(positive);
        bin.predicted += probability;
        self.squares += (probability - outcome).powi(2);
    }

    /// Expected calibration error: |observed share − mean probability| over the bins, weighted by size.
    ///
    /// Source: Guo et al., "On Calibration of Modern Neural Networks", ICML 2017.
    pub(crate) fn ece(&self) -> Option<f64> {
        // A bin's size cancels against its weight.
        let gap: f64 = self.bins.iter().map(|bin| (bin.positives as f64 - bin.predicted).abs()).sum();
        (self.n() > 0).then(|| gap / self.n() as f64)
    }

    /// Mean squared difference of probability and outcome (Brier, Monthly Weather Review 78, 1950).
    pub(crate) fn brier(&self) -> Option<f64> {
        (self.n() > 0).then(|| self.squares / self.n() as f64)
    }

    /// The bins that hold any case, rising.
    pub(crate) fn bins(&self) -> Vec<ReliabilityBin> {
        let bin = |(place, bin): (usize, &Bin)| {
            let share = Proportion { hits: bin.positives, n: bin.n };
            Some(ReliabilityBin {
                low: place as f64 / BINS as f64,
                high: (place + 1) as f64 / BINS as f64,
                n: bin.n,
                mean_predicted: bin.predicted / bin.n as f64,
                observed: share.rate()?,
                observed_interval: share.wilson()?,
            })
        };
        self.bins.iter().enumerate().filter_map(bin).collect()
    }

    fn n(&self) -> usize {
        self.bins.iter().map(|bin| bin.n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reliability(cases: &[(f64, bool)]) -> Reliability {
        let mut reliability = Reliability::default();
        cases.iter().for_each(|&(probability, positive)| reliability.add(probability, positive));
        reliability
    }

    #[test]
    fn two_bins_by_hand() {
        // Bin 0.2–0.3: two cases, mean 0.25, none positive: gap 0.25. Bin 0.9–1: two, mean 0.95, one positive: 0.45.
        let found = reliability(&[(0.25, false), (0.25, false), (0.9, true), (1.0, false)]);
        assert!((found.ece().unwrap() - (0.5 * 0.25 + 0.5 * 0.45)).abs() < 1e-12);
        // sklearn.metrics.brier_score_loss([0, 0, 1, 0], [0.25, 0.25, 0.9, 1.0]) = 0.28375
        assert!((found.brier().unwrap() - 0.28375).abs() < 1e-12);
        let bins = found.bins();
        assert_eq!(bins.iter().map(|bin| (bin.n, bin.observed)).collect::<Vec<_>>(), [(2, 0.0), (2, 0.5)]);
        assert!((bins[1].mean_predicted - 0.95).abs() < 1e-12 && bins[1].high == 1.0);
    }

    #[test]
    fn no_cases_no_error() {
        let none = Reliability::default();
        assert_eq!((none.ece(), none.brier(), none.bins().len()), (None, None, 0));
    }
}
