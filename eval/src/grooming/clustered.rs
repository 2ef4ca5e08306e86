//! A share with an interval that knows that the members of a cluster are alike: messages of one conversation, or pieces of
//! one original.

use crate::metrics::Range;

/// Half the width, in standard errors, of a 95 % interval of the normal law.
const NORMAL_95: f64 = 1.959_963_984_540_054;

/// So many of so many, in clusters of any size; a few sums, however many clusters.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ClusteredShare {
    clusters: f64,
    hits: f64,
    n: f64,
    hits_squared: f64,
    hits_times_n: f64,
    n_squared: f64,
}

impl ClusteredShare {
    /// Adds a cluster: `hits` of `n`. An empty one says nothing.
    pub(crate) fn add(&mut self, hits: usize, n: usize) {
        let (hits, n) = (hits as f64, n as f64);
        self.clusters += f64::from(u8::from(n > 0.0));
        self.hits += hits;
        self.n += n;
        self.hits_squared += hits * hits;
        self.hits_times_n += hits * n;
        self.n_squared += n * n;
    }

    /// Those that are not empty.
    pub(crate) fn clusters(&self) -> usize {
        self.clusters as usize
    }

    /// Those counted.
    pub(crate) fn hits(&self) -> usize {
        self.hits as usize
    }

    /// Those looked at.
    pub(crate) fn n(&self) -> usize {
        self.n as usize
    }

    /// The share, 0 to 1.
    pub(crate) fn rate(&self) -> Option<f64> {
        (self.n > 0.0).then(|| self.hits / self.n)
    }

    /// 95 %: the ratio estimator's variance over clusters (Cochran, "Sampling Techniques", 1977, section 6.4), symmetric
    /// in logits. Undefined where nothing or everything is counted, or there is one cluster: nothing shows the spread.
    pub(crate) fn interval(&self) -> Option<Range> {
        let rate = self.rate().filter(|&rate| 0.0 < rate && rate < 1.0 && self.clusters > 1.0)?;
        let squares = self.hits_squared - 2.0 * rate * self.hits_times_n + rate * rate * self.n_squared;
        let variance = self.clusters / (self.clusters - 1.0) * squares / (self.n * self.n);
        let reach = NORMAL_95 * variance.max(0.0).sqrt() / (rate * (1.0 - rate));
        let end = |distance: f64| 1.0 / (1.0 + (-((rate / (1.0 - rate)).ln() + distance)).exp());
        Some(Range { low: end(-reach), high: end(reach) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_numpy() {
        // x, n = [1, 0, 3, 0, 2], [10, 5, 10, 8, 7]; r = 6/40; v = 5/4 * sum((x - r n)^2) / 40^2;
        // 1 / (1 + exp(-(log(r / (1 - r)) -+ 1.959964 * sqrt(v) / (r (1 - r))))) = 0.0610240855, 0.3239493303
        let mut share = ClusteredShare::default();
        [(1, 10), (0, 5), (3, 10), (0, 8), (2, 7), (0, 0)]
            .into_iter()
            .for_each(|(hits, n)| share.add(hits, n));
        assert_eq!((share.rate(), share.hits(), share.n()), (Some(0.15), 6, 40));
        let interval = share.interval().unwrap();
        assert!(
            (interval.low - 0.061_024_085_5).abs() < 1e-9 && (interval.high - 0.323_949_330_3).abs() < 1e-9
        );
    }

    #[test]
    fn nothing_shows_the_spread_of_nothing() {
        let mut share = ClusteredShare::default();
        assert_eq!((share.rate(), share.interval()), (None, None));
        share.add(0, 10);
        share.add(0, 10);
        assert_eq!((share.rate(), share.interval()), (Some(0.0), None));
    }
}
