//! One request in line: its place, and what of it is still to do.

use std::time::Instant;

use super::cost::Load;
use super::policy::{Claim, Moment};

/// How a request ranks among others. Callers say it with the metadata `ward-priority`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Somebody waits for the answer.
    #[default]
    Interactive,
    /// It takes what interactive work leaves.
    Bulk,
}

/// On what terms a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Who goes first.
    pub priority: Priority,
    /// Past this, nothing of it is begun any more.
    pub deadline: Instant,
}

/// A request's place in line, and its name: unique, and the first in order goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Rank {
    pub(super) priority: Priority,
    pub(super) due: Moment,
    /// In order of arrival.
    pub(super) number: u64,
}

impl Rank {
    /// Behind every request of this priority that is due by then.
    pub(super) fn last(priority: Priority, due: Moment) -> Self {
        Self { priority, due, number: u64::MAX }
    }
}

/// What of an item is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waits to be prepared.
    Raw,
    /// Waits to be run.
    Ready,
    /// A worker has it.
    Taken,
    /// Answered.
    Done,
}

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) phase: Phase,
    pub(super) size: usize,
    pub(super) weight: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) deadline: Moment,
    pub(super) items: Vec<Item>,
    /// Items that are not done.
    pub(super) unfinished: usize,
    /// Items that wait.
    pub(super) load: Load,
}

impl Request {
    pub(super) fn new(claim: &Claim<'_>) -> Self {
        let item = |&size: &usize| Item { phase: Phase::Raw, size, weight: 0 };
        Self {
            deadline: claim.deadline,
            items: claim.sizes.iter().map(item).collect(),
            unfinished: claim.sizes.len(),
            load: Load::of_sizes(claim.sizes),
        }
    }

    /// A worker takes the item at `place`.
    pub(super) fn take(&mut self, place: usize) {
        let item = &mut self.items[place];
        match item.phase {
            Phase::Raw => {
                self.load.raw -= 1;
                self.load.size -= item.size as f64;
            }
            Phase::Ready => {
                self.load.ready -= 1;
                self.load.weight -= item.weight as f64;
            }
            Phase::Taken | Phase::Done => {}
        }
        item.phase = Phase::Taken;
    }

    /// The item at `place` waits again, now to be run.
    pub(super) fn prepared(&mut self, place: usize, weight: usize) {
        self.items[place].phase = Phase::Ready;
        self.items[place].weight = weight;
        self.load.ready += 1;
        self.load.weight += weight as f64;
    }

    /// The item at `place` is answered.
    pub(super) fn finish(&mut self, place: usize) {
        self.items[place].phase = Phase::Done;
        self.unfinished -= 1;
    }
}
