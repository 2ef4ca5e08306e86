//! What waits, with its callers: the policy decides, this file holds the work and does what was decided.
//!
//! Requests come in by [`Queue::admit`]; workers [`Queue::take`] a task, do it outside the lock, and [`Queue::settle`]
//! it. A request leaves with its answer, with its caller, or at its deadline, whichever is first, and its room in line
//! is free at once.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::held::{Answer, Held, Reply};
use super::policy::{Cause, Claim, Moment, Policy, Refusal, Span};
use super::request::{Rank, Terms};
use super::rules::Rules;
use super::worker::{Outcome, Report, Task};
use super::{Request, Steps};
use crate::Error;
use crate::metrics::{BatcherMeter, Rejected};

pub(super) struct Queue<S: Steps> {
    state: Mutex<State<S>>,
    changed: Condvar,
    started: Instant,
    meter: BatcherMeter,
}

struct State<S: Steps> {
    policy: Policy,
    held: Held<S>,
    /// Workers that wait.
    idle: usize,
    open: bool,
}

impl<S: Steps> Queue<S> {
    pub(super) fn new(rules: Rules, meter: BatcherMeter) -> Self {
        let state = State { policy: Policy::new(rules), held: Held::default(), idle: 0, open: true };
        Self { state: Mutex::new(state), changed: Condvar::new(), started: Instant::now(), meter }
    }

    /// Takes a request in and wakes a worker that waits, or refuses it at once.
    pub(super) fn admit(&self, request: Request<S::Input>, reply: Reply<S>) -> Result<Rank, Error> {
        let (inputs, sizes): (Vec<_>, Vec<_>) = request.items.into_iter().unzip();
        let arrived = Instant::now();
        let deadline = self.moment(request.terms.deadline);
        let claim = Claim { priority: request.terms.priority, deadline, sizes: &sizes };
        let mut state = self.lock();
        if !state.open {
            return Err(Error::Draining);
        }
        let rank = match state.policy.admit(self.moment(arrived), &claim) {
            Ok(rank) => rank,
            Err(refusal) => {
                drop(state);
                return Err(self.refused(refusal, sizes.len()));
            }
        };
        state.held.insert(rank, inputs, (arrived, reply));
        self.wake_another(state);
        Ok(rank)
    }

    /// Refuses what [`Queue::admit`] would refuse, before its size is known.
    pub(super) fn glance(&self, terms: Terms) -> Result<(), Error> {
        let (now, deadline) = (self.moment(Instant::now()), self.moment(terms.deadline));
        let refusal = self.lock().policy.glance(now, terms.priority, deadline);
        refusal.map_or(Ok(()), |refusal| Err(self.refused(refusal, 1)))
    }

    fn refused(&self, refusal: Refusal, items: usize) -> Error {
        let reason = match refusal.cause {
            Cause::Capacity => Rejected::Capacity,
            Cause::Wait => Rejected::Overloaded,
        };
        self.meter.rejected(reason, items);
        Error::Overloaded { retry_after: refusal.retry_after }
    }

    /// The caller of a request has gone: what of it was not begun never will be.
    pub(super) fn withdraw(&self, rank: Rank, deadline: Instant) {
        let mut state = self.lock();
        let dropped = state.held.remove(rank);
        let begun_never = state.policy.withdraw(rank).unwrap_or(0);
        drop(state);
        drop(dropped);
        let reason = if Instant::now() >= deadline { Rejected::Deadline } else { Rejected::Cancelled };
        self.meter.rejected(reason, begun_never);
    }

    /// Waits for work and takes the next task; `None` once the queue is closed and nothing waits.
    pub(super) fn take(&self) -> Option<Task<S>> {
        let mut state = self.lock();
        loop {
            let now = self.moment(Instant::now());
            self.take_out_expired(&mut state, now);
            let idle = state.idle;
            if let Some(step) = state.policy.next(now, idle) {
                let task = state.held.task(step);
                self.wake_another(state);
                return Some(task);
            }
            if !state.open {
                return None;
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Takes in what a worker did, and answers whoever has all that was asked for.
    pub(super) fn settle(&self, report: Report<S>) {
        let time = Span { end: self.moment(Instant::now()), took: report.took };
        let mut state = self.lock();
        match &report.outcome {
            Outcome::Prepared(items) => {
                let items: Vec<_> = items.iter().map(|item| item.preparation()).collect();
                state.policy.prepared(&report.step, &items, time);
            }
            Outcome::Ran(_) => state.policy.ran(&report.step, time),
        }
        let answers = state.held.settle(report);
        for rank in answers.iter().filter(|answer| answer.result.is_err()).map(|answer| answer.rank) {
            state.policy.withdraw(rank);
        }
        drop(state);
        for Answer { reply, result, .. } in answers {
            if let Ok(done) = &result {
                self.meter.waited(done.timings.queue);
            }
            // The caller may have gone; then nobody misses the answer.
            let _ = reply.send(result);
        }
    }

    /// Refuses further requests; what is queued is still worked off.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }

    /// Wakes one more worker if there is work for one: each that is woken wakes the next.
    fn wake_another(&self, state: MutexGuard<'_, State<S>>) {
        let wanted = state.idle > 0 && state.policy.any_waits();
        drop(state);
        if wanted {
            self.changed.notify_one();
        }
    }

    /// Answers requests whose deadline has passed before they were begun. (Most have left by themselves by then.)
    fn take_out_expired(&self, state: &mut State<S>, now: Moment) {
        for rank in state.policy.expired(now) {
            let begun_never = state.policy.withdraw(rank).unwrap_or(0);
            self.meter.rejected(Rejected::Deadline, begun_never);
            if let Some(reply) = state.held.remove(rank) {
                let _ = reply.send(Err(Error::DeadlineExceeded));
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // No code that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moment(&self, instant: Instant) -> Moment {
        instant.saturating_duration_since(self.started)
    }
}
