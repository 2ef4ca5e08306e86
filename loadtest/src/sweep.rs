//! Steps: one for a rate or a number of callers, as many as it takes for the knee.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::arrival::{Arrival, Process};
use crate::call::Call;
use crate::cpu;
use crate::figures::Figures;
use crate::knee::{ENOUGH, Search};
use crate::progress::Progress;
use crate::run::{self, Plan};

/// What was measured.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    /// Of each, in the order of their rates.
    pub(crate) figures: Vec<Figures>,
    /// Where a sweep found the knee. None: it found none, or there was no sweep.
    pub(crate) knee: Option<Knee>,
    /// Of what a sweep called to find its first rate: no step, but its scores must be right too.
    pub(crate) before: Figures,
}

/// The knee.
#[derive(Debug, Clone)]
pub(crate) struct Knee {
    /// Calls a second that were meant to be offered.
    pub(crate) rate: f64,
    /// What was measured there.
    pub(crate) figures: Figures,
}

/// One step.
///
/// # Errors
/// Never, but for a mistake in the progress bar.
pub(crate) async fn once(plan: Plan, call: &impl Call) -> Result<Steps> {
    Ok(Steps { figures: vec![step(&plan, call).await?], ..Steps::default() })
}

/// Finds the knee with steps like `plan` whose calls come by `process`.
///
/// # Errors
/// As [`once`].
pub(crate) async fn sweep(plan: Plan, process: Process, call: &impl Call) -> Result<Steps> {
    let mut steps = Steps { before: closed(plan, call).await?, ..Steps::default() };
    let mut search = Search::from(first_rate(&steps.before));
    while let Some(rate) = search.next() {
        let arrival = Arrival::Open { rate, process };
        let figures = step(&Plan { arrival, ..plan }, call).await?;
        let share = figures.in_time_share();
        search.tried(share);
        if share >= ENOUGH && steps.knee.as_ref().is_none_or(|knee| rate > knee.rate) {
            steps.knee = Some(Knee { rate, figures: figures.clone() });
        }
        steps.figures.push(figures);
    }
    steps.figures.sort_by(|a, b| a.offered_rate.total_cmp(&b.offered_rate));
    Ok(steps)
}

/// What a few callers reach who wait for their answers.
async fn closed(plan: Plan, call: &impl Call) -> Result<Figures> {
    const CALLERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(7);
    const LONGEST: Duration = Duration::from_secs(2);
    let arrival = Arrival::Closed { concurrency: CALLERS };
    step(&Plan { arrival, duration: plan.duration.min(LONGEST), ..plan }, call).await
}

/// A quarter of that: below the knee, and not far.
fn first_rate(closed: &Figures) -> f64 {
    const LEAST: f64 = 1.0;
    (closed.all.goodput / 4.0).max(LEAST)
}

async fn step(plan: &Plan, call: &impl Call) -> Result<Figures> {
    let mut progress = Progress::new(plan, name(plan.arrival))?;
    let (begun, before) = (Instant::now(), cpu::taken());
    let tally = run::run(plan, call, |tally| progress.show(tally)).await;
    let taken = cpu::taken().zip(before).map(|(after, before)| after.saturating_sub(before));
    progress.finish();
    let client_cpu_share = taken.map(|taken| taken.as_secs_f64() / begun.elapsed().as_secs_f64());
    Ok(Figures { client_cpu_share, ..tally.figures() })
}

fn name(arrival: Arrival) -> String {
    match arrival {
        Arrival::Open { rate, .. } => format!("{rate:.1} calls a second"),
        Arrival::Closed { concurrency } => format!("{concurrency} callers"),
    }
}
