//! What is admitted, and what runs next. Pure: requests and times go in, decisions come out; it reads no clock, waits
//! for nothing and holds none of the work itself, so that a simulator can live a day of overload in a second.
//!
//! **Order.** Interactive requests come before bulk ones; within a priority, the earliest due first. A request is due
//! at its deadline, or once it has waited as long as a request of its size should, whichever is earlier. So no request
//! is overtaken for ever: whatever arrives later is, in the end, due later.
//!
//! **Admission.** A request is let in when what is ahead of it leaves it time, and when it takes none from those who
//! were promised theirs. What would come too late is refused before any work is put into it.
//!
//! **Bulk** takes what is left: an interactive request never waits for more than the batch that is running. So that
//! bulk never starves, it is owed [`BULK_SHARE`] of the time that interactive work takes while bulk waits.

mod admission;
mod choice;

use std::collections::BTreeMap;
use std::time::Duration;

use super::cost::Costs;
use super::request::{Priority, Rank, Request};
use super::rules::Rules;

pub(super) use admission::{Cause, Claim, Refusal};

/// Time since the batcher was started.
pub(super) type Moment = Duration;

/// How much of the time interactive work takes is averaged over about so many seconds.
const MEMORY_SECONDS: f64 = 2.0;

/// What bulk is owed of the time that interactive work takes while bulk waits.
const BULK_SHARE: f64 = 0.05;

/// An item: its request and its place in it.
pub(super) type ItemId = (Rank, usize);

/// What a free worker does next.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    number: u64,
    pub(super) work: Work,
    pub(super) items: Vec<ItemId>,
    /// Sizes where the work is to prepare, weights where it is to run.
    measures: Vec<usize>,
    priority: Priority,
}

impl Step {
    /// The weights of the items, where the work is to run.
    pub(super) fn weights(&self) -> &[usize] {
        &self.measures
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// Each item by itself.
    Prepare,
    /// All items in one batch.
    Run,
}

/// What came of preparing an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Preparation {
    /// It has this weight, and is to be run.
    Ready(usize),
    /// It needs no run.
    Finished,
    /// It was refused, or the step failed, after so long.
    Refused(Duration),
}

/// The decisions of one batcher.
#[derive(Debug)]
pub(super) struct Policy {
    rules: Rules,
    costs: Costs,
    requests: BTreeMap<Rank, Request>,
    /// Admitted and not finished.
    items: usize,
    /// Number of each step under way, and when it should end.
    running: Vec<(u64, Moment)>,
    /// Seconds that bulk is owed.
    owed: f64,
    /// Seconds of interactive work, decayed, as of a moment.
    interactive: (f64, Moment),
    numbers: u64,
    /// When a request last found nothing ahead and a worker free.
    calm: Moment,
}

impl Policy {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            costs: Costs::new(rules.expectation),
            requests: BTreeMap::new(),
            items: 0,
            running: Vec::new(),
            owed: 0.0,
            interactive: (0.0, Moment::ZERO),
            numbers: 0,
            calm: Moment::ZERO,
        }
    }

    /// Takes a request out. `None` when it was finished or taken out before; else its items that were not begun.
    pub(super) fn withdraw(&mut self, rank: Rank) -> Option<usize> {
        let request = self.requests.remove(&rank)?;
        self.items -= request.unfinished;
        Some(request.load.items())
    }

    /// Requests with items that are not begun and never will be: their deadline has passed.
    pub(super) fn expired(&self, now: Moment) -> Vec<Rank> {
        let late = |request: &Request| request.deadline <= now && request.load.items() > 0;
        self.requests.iter().filter(|(_, request)| late(request)).map(|(rank, _)| *rank).collect()
    }

    /// Whether an item of this priority waits for a worker.
    fn waits(&self, priority: Priority) -> bool {
        self.waiting(priority).next().is_some()
    }

    /// Whether any item waits for a worker.
    pub(super) fn any_waits(&self) -> bool {
        self.waits(Priority::Interactive) || self.waits(Priority::Bulk)
    }

    fn waiting(&self, priority: Priority) -> impl Iterator<Item = (&Rank, &Request)> {
        let all = Rank::last(priority, Moment::MAX);
        let requests = self.requests.range(..=all).filter(move |(rank, _)| rank.priority == priority);
        requests.filter(|(_, request)| request.load.items() > 0)
    }

    fn begin(&mut self, now: Moment, priority: Priority, (work, chosen): (Work, Vec<Candidate>)) -> Step {
        let (items, measures): (Vec<_>, Vec<_>) =
            chosen.into_iter().map(|item| (item.id, item.measure)).unzip();
        for (rank, place) in &items {
            if let Some(request) = self.requests.get_mut(rank) {
                request.take(*place);
            }
        }
        let takes = match work {
            Work::Prepare => self.costs.of_preparing(&measures),
            Work::Run => self.costs.of_run(measures.iter().sum()),
        };
        let number = self.number();
        self.running.push((number, now + Duration::from_secs_f64(takes)));
        Step { number, work, items, measures, priority }
    }

    /// A step to prepare has ended, and what came of each item.
    pub(super) fn prepared(&mut self, step: &Step, items: &[Preparation], time: Span) {
        self.learn_preparing(step, items, time.took);
        for ((&id, &size), &item) in step.items.iter().zip(&step.measures).zip(items) {
            match item {
                Preparation::Ready(weight) => {
                    self.costs.weighed(size, weight);
                    self.requests.entry(id.0).and_modify(|request| request.prepared(id.1, weight));
                }
                Preparation::Finished | Preparation::Refused(_) => self.finish(id),
            }
        }
        self.end(step, time);
    }

    /// What is refused is mostly refused at once, whatever its size: it would teach that large items cost nothing.
    fn learn_preparing(&mut self, step: &Step, items: &[Preparation], took: Duration) {
        let (mut sizes, mut took) = (Vec::with_capacity(items.len()), took);
        for (&size, &item) in step.measures.iter().zip(items) {
            match item {
                Preparation::Ready(_) | Preparation::Finished => sizes.push(size),
                Preparation::Refused(refusing) => took = took.saturating_sub(refusing),
            }
        }
        if !sizes.is_empty() {
            self.costs.prepared(&sizes, took);
        }
    }

    /// A step to run has ended.
    pub(super) fn ran(&mut self, step: &Step, time: Span) {
        self.costs.ran(&step.measures, time.took);
        step.items.iter().for_each(|&id| self.finish(id));
        self.end(step, time);
    }

    fn finish(&mut self, (rank, place): ItemId) {
        let Some(request) = self.requests.get_mut(&rank) else { return };
        request.finish(place);
        self.items -= 1;
        if request.unfinished == 0 {
            self.requests.remove(&rank);
        }
    }

    fn end(&mut self, step: &Step, time: Span) {
        self.running.retain(|(number, _)| *number != step.number);
        let took = time.took.as_secs_f64();
        match step.priority {
            Priority::Bulk => self.owed -= took,
            Priority::Interactive => {
                self.interactive = (self.interactive_seconds(time.end) + took, time.end);
                self.owed += BULK_SHARE * took;
            }
        }
        if !self.waits(Priority::Bulk) {
            self.owed = 0.0;
        }
    }

    fn interactive_seconds(&self, now: Moment) -> f64 {
        let (seconds, then) = self.interactive;
        seconds * (-now.saturating_sub(then).as_secs_f64() / MEMORY_SECONDS).exp()
    }

    /// The share of the workers' time that interactive work took of late, at most what is left when bulk has its own.
    fn interactive_share(&self, now: Moment) -> f64 {
        let whole = MEMORY_SECONDS * self.rules.workers.get() as f64;
        (self.interactive_seconds(now) / whole).clamp(0.0, 1.0 - BULK_SHARE)
    }

    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// When a step ended, and how long it took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) end: Moment,
    pub(super) took: Duration,
}

/// An item that a step may take, with its size or weight.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    id: ItemId,
    measure: usize,
}

#[cfg(test)]
mod tests;
