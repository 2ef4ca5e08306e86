//! How far a run is, for a person who watches: on standard error, and only where that is a terminal.

use std::time::{Duration, Instant};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use crate::run::Plan;
use crate::tally::Tally;

const ALONE: &str = "{bar:32} {pos}/{len} asked alone · {per_sec} · {eta} left";
const LOAD: &str = "{bar:32} {prefix} · {msg}";

/// Between two looks at the figures.
const TICK: Duration = Duration::from_millis(200);

/// A bar over the inputs that are asked about alone.
pub(crate) fn alone() -> Result<ProgressBar> {
    Ok(ProgressBar::no_length().with_style(ProgressStyle::with_template(ALONE)?))
}

/// A bar over one step.
pub(crate) struct Progress {
    bar: ProgressBar,
    whole: Duration,
    begun: Instant,
    looked: Instant,
    ended: u64,
}

impl Progress {
    /// Of a step called so.
    ///
    /// # Errors
    /// Never, but for a mistake in this file.
    pub(crate) fn new(plan: &Plan, name: String) -> Result<Self> {
        let whole = plan.warm_up + plan.duration;
        let length = u64::try_from(whole.as_millis()).unwrap_or(u64::MAX);
        let bar = ProgressBar::new(length).with_style(ProgressStyle::with_template(LOAD)?).with_prefix(name);
        let now = Instant::now();
        Ok(Self { bar, whole, begun: now, looked: now, ended: 0 })
    }

    /// Shows the figures so far, a few times a second.
    pub(crate) fn show(&mut self, tally: &Tally) {
        let since = self.looked.elapsed();
        if since < TICK {
            return;
        }
        self.looked = Instant::now();
        let (in_time, late, failed) = tally.so_far();
        let ended = in_time + late + failed;
        let rate = (ended - self.ended) as f64 / since.as_secs_f64();
        self.ended = ended;
        self.bar.set_position(u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX));
        self.bar.set_message(message(rate, (in_time, failed, ended), self.left()));
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }

    fn left(&self) -> u64 {
        self.whole.saturating_sub(self.begun.elapsed()).as_secs()
    }
}

fn message(rate: f64, (in_time, failed, ended): (u64, u64, u64), left: u64) -> String {
    if ended == 0 {
        return format!("warming up · {left} s left");
    }
    let share = in_time as f64 / ended as f64 * 100.0;
    format!("{rate:.0}/s · {share:.1} % in time · {failed} failed · {left} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glance_tells_rate_success_failures_and_the_time_left() {
        assert_eq!(message(812.4, (995, 5, 1000), 7), "812/s · 99.5 % in time · 5 failed · 7 s left");
        assert_eq!(message(0.0, (0, 0, 0), 9), "warming up · 9 s left");
    }
}
