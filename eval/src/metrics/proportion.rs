//! Shares of a count, with exact intervals.

use serde::Serialize;

use super::NORMAL_95;

/// Probability that an interval misses the true share: 5 %, half on each side.
const ALPHA: f64 = 0.05;

/// Halvings of [0, 1]: enough for every digit of a double.
const BISECTIONS: usize = 60;

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Proportion {
    /// Those counted.
    pub(crate) hits: usize,
    /// Those looked at.
    pub(crate) n: usize,
}

/// Both ends of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Range {
    /// Lower end.
    pub(crate) low: f64,
    /// Upper end.
    pub(crate) high: f64,
}

impl Range {
    /// The least that holds both.
    pub(crate) fn spanning(self, other: Self) -> Self {
        Self { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
}

impl Proportion {
    /// How many of `items` are `counted`.
    pub(crate) fn of<T>(items: impl IntoIterator<Item = T>, counted: impl Fn(T) -> bool) -> Self {
        items.into_iter().fold(Self { hits: 0, n: 0 }, |sum, item| Self {
            hits: sum.hits + usize::from(counted(item)),
            n: sum.n + 1,
        })
    }

    /// The share, 0 to 1.
    pub(crate) fn rate(self) -> Option<f64> {
        (self.n > 0).then(|| self.hits as f64 / self.n as f64)
    }

    /// The exact 95 % interval of Clopper and Pearson (Biometrika 26, 1934).
    pub(crate) fn interval(self) -> Option<Range> {
        (self.n > 0).then(|| Range { low: 1.0 - self.complement().upper(), high: self.upper() })
    }

    /// The 95 % interval of Wilson (JASA 22, 1927): narrower than the exact one, and right on average.
    pub(crate) fn wilson(self) -> Option<Range> {
        let (n, share) = (self.n as f64, self.rate()?);
        let square = NORMAL_95 * NORMAL_95;
        let middle = share + square / (2.0 * n);
        let reach = NORMAL_95 * (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
        let end = |value: f64| (value / (1.0 + square / n)).clamp(0.0, 1.0);
        Some(Range { low: end(middle - reach), high: end(middle + reach) })
    }

    fn complement(self) -> Self {
        Self { hits: self.n - self.hits, n: self.n }
    }

    /// The share under which seeing so few hits has a probability of α/2.
    fn upper(self) -> f64 {
        if self.hits == self.n {
            return 1.0;
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            if self.tail(middle) > ALPHA / 2.0 { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }

    /// P(X ≤ hits) for X binomial(n, p), 0 < p < 1. Summed in logarithms, since p^n underflows for large n.
    fn tail(self, p: f64) -> f64 {
        let (mut log_term, odds) = (self.n as f64 * (-p).ln_1p(), p.ln() - (-p).ln_1p());
        let mut sum = log_term.exp();
        for hits in 0..self.hits {
            log_term += ((self.n - hits) as f64 / (hits + 1) as f64).ln() + odds;
            sum += log_term.exp();
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_interval(proportion: Proportion, low: f64, high: f64) {
        let found = proportion.interval().unwrap();
        assert!((found.low - low).abs() < 1e-6 && (found.high - high).abs() < 1e-6, "{found:?}");
    }

    #[test]
    fn none_of_ten_has_a_closed_form() {
        // (1 − p)^10 = 0.025, hence p = 1 − 0.025^(1/10).
        assert_interval(Proportion { hits: 0, n: 10 }, 0.0, 1.0 - 0.025_f64.powf(0.1));
    }

    #[test]
    fn all_of_ten_mirrors_none() {
        assert_interval(Proportion { hits: 10, n: 10 }, 0.025_f64.powf(0.1), 1.0);
    }

    #[test]
    fn agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="exact")
        assert_interval(Proportion { hits: 3, n: 20 }, 0.032_070_937, 0.378_926_826);
        assert_interval(Proportion { hits: 50, n: 5000 }, 0.007_431_047, 0.013_162_738);
    }

    #[test]
    fn wilson_agrees_with_scipy() {
        // scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
        for (hits, n, low, high) in
            [(3, 20, 0.052_368_746, 0.360_418_865), (0, 10, 0.0, 0.277_532_799), (29, 29, 0.883_030_200, 1.0)]
        {
            let found = Proportion { hits, n }.wilson().unwrap();
            assert!((found.low - low).abs() < 1e-6 && (found.high - high).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn a_share_of_nothing_is_undefined() {
        let nothing = Proportion::of(Vec::<u8>::new(), |_| true);
        assert_eq!((nothing.rate(), nothing.interval(), nothing.wilson()), (None, None, None));
    }

    #[test]
    fn counts() {
        assert_eq!(Proportion::of([1, 2, 3, 4], |n| n > 3), Proportion { hits: 1, n: 4 });
    }
}
