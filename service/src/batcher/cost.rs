//! What work takes: lines learned from what was measured. Pure: it is told times and reads no clock.

use std::time::Duration;

/// What was learned of a line counts half as much after so many further observations.
const HALF_LIFE: f64 = 32.0;

/// So many observations weigh as much as what was believed at the start.
const PRIOR_WEIGHT: f64 = 2.0;

/// `base + slope × x`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The value at 0.
    pub base: f64,
    /// How much each unit of x adds.
    pub slope: f64,
}

impl Line {
    /// The value at `x`, never under 0.
    pub(super) fn at(self, x: f64) -> f64 {
        (self.base + self.slope * x).max(0.0)
    }
}

/// A line fitted to observations as they come; the latest count most. Neither of its terms is ever negative.
#[derive(Debug, Clone)]
pub(super) struct Learned {
    prior: Line,
    line: Line,
    /// Decayed sums over the observations.
    count: f64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
}

impl Learned {
    /// Believes `prior` until it knows better.
    pub(super) fn new(prior: Line) -> Self {
        Self { prior, line: prior, count: 0.0, x: 0.0, y: 0.0, xx: 0.0, xy: 0.0 }
    }

    pub(super) fn line(&self) -> Line {
        self.line
    }

    /// Takes in that `x` gave `y`.
    pub(super) fn observe(&mut self, x: f64, y: f64) {
        let kept = 0.5_f64.powf(1.0 / HALF_LIFE);
        for (sum, term) in [
            (&mut self.count, 1.0),
            (&mut self.x, x),
            (&mut self.y, y),
            (&mut self.xx, x * x),
            (&mut self.xy, x * y),
        ] {
            *sum = *sum * kept + term;
        }
        self.line = self.fit();
    }

    /// Least squares, drawn toward the prior's shape where the observations lie too close together to tell a shape.
    fn fit(&self) -> Line {
        let (mean_x, mean_y) = (self.x / self.count, self.y / self.count);
        let spread = (self.xx / self.count - mean_x * mean_x).max(0.0);
        let joint = self.xy / self.count - mean_x * mean_y;
        // A machine that is twice as slow is so in both terms: the prior's shape, scaled to the mean observed.
        let scale = mean_y / self.prior.at(mean_x).max(f64::MIN_POSITIVE);
        let pull = PRIOR_WEIGHT / self.count * (mean_x * mean_x).max(f64::MIN_POSITIVE) / 16.0;
        let slope = (joint + pull * self.prior.slope * scale) / (spread + pull);
        let highest = if mean_x > 0.0 { mean_y / mean_x } else { 0.0 };
        let slope = slope.clamp(0.0, highest.max(0.0));
        let line = Line { base: mean_y - slope * mean_x, slope };
        self.blend(line)
    }

    /// One observation alone may be an outlier.
    fn blend(&self, line: Line) -> Line {
        let trust = self.count / (self.count + PRIOR_WEIGHT);
        let mix = |learned: f64, prior: f64| learned * trust + prior * (1.0 - trust);
        Line { base: mix(line.base, self.prior.base), slope: mix(line.slope, self.prior.slope) }
    }
}

/// What is believed of a pipeline before anything was measured. Times are seconds.
#[derive(Debug, Clone, Copy)]
pub struct Expectation {
    /// Time to prepare an item of a size.
    pub prepare: Line,
    /// Weight of an item of a size, once it is prepared.
    pub weight: Line,
    /// Time of a run of a weight.
    pub run: Line,
}

/// Work that waits, summed up: lines are linear, so sums are all that they need.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Load {
    /// Items that are not prepared yet, and their sizes in all.
    pub(super) raw: usize,
    pub(super) size: f64,
    /// Items that are prepared, and their weights in all.
    pub(super) ready: usize,
    pub(super) weight: f64,
}

impl Load {
    /// Of items that have just arrived.
    pub(super) fn of_sizes(sizes: &[usize]) -> Self {
        Self { raw: sizes.len(), size: sizes.iter().map(|&size| size as f64).sum(), ..Self::default() }
    }

    pub(super) fn items(&self) -> usize {
        self.raw + self.ready
    }
}

/// Everything that is learned of one pipeline.
#[derive(Debug, Clone)]
pub(super) struct Costs {
    prepare: Learned,
    weight: Learned,
    run: Learned,
    /// What items take together ÷ what each would take alone; 1 until batches have been seen.
    sharing: f64,
}

impl Costs {
    pub(super) fn new(start: Expectation) -> Self {
        let [prepare, weight, run] = [start.prepare, start.weight, start.run].map(Learned::new);
        Self { prepare, weight, run, sharing: 1.0 }
    }

    /// The time that `load` keeps one worker busy, seconds.
    pub(super) fn of(&self, load: &Load) -> f64 {
        let (prepare, run) = (self.prepare.line(), self.run.line());
        let raw = load.raw as f64;
        let weight = load.weight + self.weight.line().at(0.0) * raw + self.weight.line().slope * load.size;
        let items = load.items() as f64;
        let preparing = prepare.base * raw + prepare.slope * load.size;
        preparing + self.sharing * (run.base * items + run.slope * weight)
    }

    /// The weight to expect of an item of this size.
    pub(super) fn expected_weight(&self, size: usize) -> f64 {
        self.weight.line().at(size as f64)
    }

    /// The mean size of the items seen of late; 0 before any.
    pub(super) fn usual_size(&self) -> f64 {
        self.weight.x / self.weight.count.max(f64::MIN_POSITIVE)
    }

    /// The time that one run of this weight takes, seconds.
    pub(super) fn of_run(&self, weight: usize) -> f64 {
        self.run.line().at(weight as f64)
    }

    /// The time that preparing items of these sizes takes, seconds.
    pub(super) fn of_preparing(&self, sizes: &[usize]) -> f64 {
        sizes.iter().map(|&size| self.prepare.line().at(size as f64)).sum()
    }

    /// Items of these sizes were prepared one after another.
    pub(super) fn prepared(&mut self, sizes: &[usize], took: Duration) {
        let count = sizes.len().max(1) as f64;
        let mean_size = sizes.iter().map(|&size| size as f64).sum::<f64>() / count;
        self.prepare.observe(mean_size, took.as_secs_f64() / count);
    }

    /// An item of this size turned out to have this weight.
    pub(super) fn weighed(&mut self, size: usize, weight: usize) {
        self.weight.observe(size as f64, weight as f64);
    }

    /// Items of these weights ran as one batch.
    pub(super) fn ran(&mut self, weights: &[usize], took: Duration) {
        const NEWEST: f64 = 0.1;
        let took = took.as_secs_f64();
        self.run.observe(weights.iter().sum::<usize>() as f64, took);
        // A lone item says nothing of what sharing saves.
        if weights.len() > 1 {
            let alone: f64 = weights.iter().map(|&weight| self.of_run(weight)).sum();
            let sharing = (took / alone.max(f64::MIN_POSITIVE)).clamp(0.1, 1.0);
            self.sharing += NEWEST * (sharing - self.sharing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: Line = Line { base: 0.002, slope: 0.000_25 };

    fn learned(observations: impl IntoIterator<Item = (f64, f64)>) -> Line {
        let mut learned = Learned::new(PRIOR);
        observations.into_iter().for_each(|(x, y)| learned.observe(x, y));
        learned.line()
    }

    #[test]
    fn a_line_is_found_from_its_points() {
        let points = (0..100).map(|n| (f64::from(n % 7 * 12), 0.004 + 0.001 * f64::from(n % 7 * 12)));
        let line = learned(points);
        for x in [0.0, 16.0, 70.0] {
            let truth = 0.004 + 0.001 * x;
            assert!((line.at(x) - truth).abs() < 0.1 * truth, "{line:?} at {x}");
        }
    }

    #[test]
    fn where_only_one_place_was_seen_the_shape_is_that_of_the_start() {
        let line = learned((0..200).map(|_| (16.0, 2.0 * PRIOR.at(16.0))));
        for x in [4.0, 64.0] {
            assert!((line.at(x) - 2.0 * PRIOR.at(x)).abs() < 0.1 * PRIOR.at(x), "{line:?} at {x}");
        }
    }

    #[test]
    fn neither_term_is_ever_negative() {
        for points in [[(10.0, 9.0), (100.0, 1.0)], [(10.0, 0.0), (100.0, 9.0)], [(0.0, 1.0), (0.0, 2.0)]] {
            let line = learned(points.into_iter().cycle().take(100));
            assert!(line.base >= 0.0 && line.slope >= 0.0, "{line:?}");
        }
    }

    #[test]
    fn an_outlier_is_forgotten() {
        let line = learned([(16.0, 1.0)].into_iter().chain((0..400).map(|_| (16.0, 0.006))));
        assert!(line.at(16.0) < 0.0065, "{line:?}");
    }

    #[test]
    fn what_sharing_saves_is_learned() {
        let line = |base, slope| Line { base, slope };
        let start = Expectation { prepare: line(0.0, 0.0), weight: line(1.0, 0.0), run: PRIOR };
        let mut costs = Costs::new(start);
        let load = Load { ready: 8, weight: 96.0, ..Load::default() };
        assert!((costs.of(&load) - 8.0 * PRIOR.at(12.0)).abs() < 1e-9);
        for _ in 0..100 {
            costs.ran(&[12; 8], Duration::from_secs_f64(PRIOR.at(96.0)));
        }
        assert!((costs.of(&load) - PRIOR.at(96.0)).abs() < 1e-3, "{}", costs.of(&load));
    }
}
