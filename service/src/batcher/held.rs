//! The work of the requests in line, each with its caller. Knows no order and no clock: the policy has those.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::policy::{ItemId, Step, Work};
use super::request::Rank;
use super::worker::{Attempt, Outcome, Report, Task};
use super::{Done, Prepared, Steps, Timings};
use crate::Error;

pub(super) type Reply<S> = oneshot::Sender<Result<Done<<S as Steps>::Output>, Error>>;

/// What a request's caller is told, to be sent once no lock is held.
pub(super) struct Answer<S: Steps> {
    pub(super) rank: Rank,
    pub(super) reply: Reply<S>,
    pub(super) result: Result<Done<S::Output>, Error>,
}

/// Every request in line.
pub(super) struct Held<S: Steps> {
    requests: HashMap<Rank, HeldRequest<S>>,
}

struct HeldRequest<S: Steps> {
    items: Vec<Slot<S>>,
    unfinished: usize,
    arrived: Instant,
    timings: Timings,
    reply: Reply<S>,
}

/// Where an item is. What was prepared knows how long that took.
enum Slot<S: Steps> {
    Raw(S::Input),
    Ready(S::Ready, Duration),
    /// In the hands of a worker.
    Taken(Duration),
    Done(S::Output),
}

impl<S: Steps> Default for Held<S> {
    fn default() -> Self {
        Self { requests: HashMap::new() }
    }
}

impl<S: Steps> Held<S> {
    pub(super) fn insert(&mut self, rank: Rank, inputs: Vec<S::Input>, caller: (Instant, Reply<S>)) {
        let (arrived, reply) = caller;
        let items: Vec<_> = inputs.into_iter().map(Slot::Raw).collect();
        let (unfinished, timings) = (items.len(), Timings::default());
        self.requests.insert(rank, HeldRequest { items, unfinished, arrived, timings, reply });
    }

    /// Forgets a request; whom to tell, if it was there.
    pub(super) fn remove(&mut self, rank: Rank) -> Option<Reply<S>> {
        self.requests.remove(&rank).map(|request| request.reply)
    }

    /// The work of a step, out of the hands of those who hold it.
    pub(super) fn task(&mut self, step: Step) -> Task<S> {
        let (mut inputs, mut batch) = (Vec::new(), Vec::new());
        for id in &step.items {
            // The policy orders no item that is not held.
            let Some(slot) = self.slot(*id) else { continue };
            match std::mem::replace(slot, Slot::Taken(Duration::ZERO)) {
                Slot::Raw(input) => inputs.push(input),
                Slot::Ready(item, preparing) => {
                    *slot = Slot::Taken(preparing);
                    batch.push(item);
                }
                other => *slot = other,
            }
        }
        match step.work {
            Work::Prepare => Task::Prepare { step, inputs },
            Work::Run => Task::Run { step, batch },
        }
    }

    /// Takes in what a worker did; the answers of the requests that it finished, or failed.
    pub(super) fn settle(&mut self, report: Report<S>) -> Vec<Answer<S>> {
        let Report { step, took, begun, outcome } = report;
        let mut answers = Vec::new();
        match outcome {
            Outcome::Prepared(items) => {
                for (&id, item) in step.items.iter().zip(items) {
                    answers.extend(self.prepared(id, item, begun));
                }
            }
            Outcome::Ran(Some(outputs)) => {
                for (&id, output) in step.items.iter().zip(outputs) {
                    answers.extend(self.finish(id, output, (begun, took)));
                }
            }
            Outcome::Ran(None) => answers.extend(step.items.iter().filter_map(|(rank, _)| self.fail(*rank))),
        }
        answers
    }

    fn prepared(&mut self, id: ItemId, item: Attempt<S>, begun: Instant) -> Option<Answer<S>> {
        let took = item.took;
        let slot = self.slot(id)?;
        match item.prepared {
            Some(Prepared::Ready { item, .. }) => {
                *slot = Slot::Ready(item, took);
                None
            }
            Some(Prepared::Finished(output) | Prepared::Refused(output)) => {
                *slot = Slot::Taken(took);
                self.finish(id, output, (begun + took, Duration::ZERO))
            }
            None => self.fail(id.0),
        }
    }

    /// Notes an item's output; the request's answer when it was the last.
    fn finish(
        &mut self,
        (rank, place): ItemId,
        output: S::Output,
        (begun, infer): (Instant, Duration),
    ) -> Option<Answer<S>> {
        let request = self.requests.get_mut(&rank)?;
        let prepare = match &request.items[place] {
            Slot::Taken(preparing) => *preparing,
            _ => Duration::ZERO,
        };
        let queue = begun.saturating_duration_since(request.arrived).saturating_sub(prepare);
        request.timings = request.timings.or_slower(Timings { queue, prepare, infer });
        request.items[place] = Slot::Done(output);
        request.unfinished -= 1;
        if request.unfinished > 0 {
            return None;
        }
        let HeldRequest { items, timings, reply, .. } = self.requests.remove(&rank)?;
        let output = |slot| match slot {
            Slot::Done(output) => Some(output),
            Slot::Raw(_) | Slot::Ready(..) | Slot::Taken(_) => None,
        };
        let outputs = items.into_iter().filter_map(output).collect();
        Some(Answer { rank, reply, result: Ok(Done { outputs, timings }) })
    }

    /// A step failed, and with it the whole request.
    fn fail(&mut self, rank: Rank) -> Option<Answer<S>> {
        let reply = self.remove(rank)?;
        Some(Answer { rank, reply, result: Err(Error::Internal) })
    }

    fn slot(&mut self, (rank, place): ItemId) -> Option<&mut Slot<S>> {
        self.requests.get_mut(&rank).map(|request| &mut request.items[place])
    }
}
