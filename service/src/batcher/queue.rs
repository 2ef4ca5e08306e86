//! What waits, and which of it makes the next batch.
//!
//! Bounded from outside: the caller of every live job holds a permit of its pipeline's door. A dead job (its caller
//! gone, its deadline past) is thrown out before a batch is chosen, and before the queue would grow.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use models::Stage;

use super::{BatchLimits, Job};
use crate::Error;
use crate::metrics::StageMeter;

pub(super) struct Queue<S: Stage> {
    waiting: Mutex<Waiting<S>>,
    changed: Condvar,
    limits: BatchLimits,
    meter: StageMeter,
}

struct Waiting<S: Stage> {
    /// Oldest first.
    jobs: VecDeque<Job<S>>,
    open: bool,
}

impl<S: Stage> Queue<S> {
    pub(super) fn new(limits: BatchLimits, meter: StageMeter) -> Self {
        let waiting = Mutex::new(Waiting { jobs: VecDeque::new(), open: true });
        Self { waiting, changed: Condvar::new(), limits, meter }
    }

    /// Appends a job and wakes a worker.
    pub(super) fn push(&self, job: Job<S>) -> Result<(), Error> {
        let mut waiting = self.lock();
        if !waiting.open {
            return Err(Error::Draining);
        }
        if waiting.jobs.len() == waiting.jobs.capacity() {
            self.discard_dead(&mut waiting.jobs);
        }
        waiting.jobs.push_back(job);
        drop(waiting);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for work and takes the next batch; `None` once the queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Job<S>>> {
        let mut waiting = self.lock();
        loop {
            self.discard_dead(&mut waiting.jobs);
            let batch = next_batch(&mut waiting.jobs, self.limits);
            if !batch.is_empty() {
                return Some(batch);
            }
            if !waiting.open {
                return None;
            }
            waiting = self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Refuses further jobs; what is queued is still worked off.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<S>> {
        // No code that can panic runs under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Throws out jobs whose caller has gone, and answers those whose deadline has passed.
    fn discard_dead(&self, jobs: &mut VecDeque<Job<S>>) {
        let now = Instant::now();
        let is_dead = |job: &Job<S>| job.reply.is_closed() || job.work.deadline <= now;
        if !jobs.iter().any(is_dead) {
            return;
        }
        for _ in 0..jobs.len() {
            let Some(job) = jobs.pop_front() else { return };
            if !is_dead(&job) {
                jobs.push_back(job);
            } else if job.reply.send(Err(Error::DeadlineExceeded)).is_ok() {
                self.meter.expired();
            }
        }
    }
}

/// The oldest job, and with it, oldest first, those that it batches well with, within the limits.
fn next_batch<S: Stage>(jobs: &mut VecDeque<Job<S>>, limits: BatchLimits) -> Vec<Job<S>> {
    let Some(first) = jobs.pop_front() else { return Vec::new() };
    let lead = first.work.weight;
    let mut heaviest = lead;
    let mut batch = vec![first];
    let mut position = 0;
    while position < jobs.len() && batch.len() < limits.max_jobs.get() {
        let weight = jobs[position].work.weight;
        let padded = heaviest.max(weight) * (batch.len() + 1);
        if alike(lead, weight) && padded <= limits.max_weight.get() {
            heaviest = heaviest.max(weight);
            batch.extend(jobs.remove(position));
        } else {
            position += 1;
        }
    }
    batch
}

/// Whether two weights are so close that padding one to the other costs less than a run of its own.
fn alike(lead: usize, other: usize) -> bool {
    const SLACK: usize = 4;
    let (less, more) = (lead.min(other), lead.max(other));
    more <= less + SLACK || more * 4 <= less * 5
}
