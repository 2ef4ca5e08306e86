//! What a free worker does next.

use std::time::Duration;

use super::admission::with_slack;
use super::{Candidate, Moment, Policy, Step, Work};
use crate::batcher::request::{Phase, Priority};

/// Items are prepared for about so long before the queue is looked at again: some may be dead by then, or others more
/// urgent.
const PREPARING_SECONDS: f64 = 0.002;

impl Policy {
    /// What a worker that is free now does next, while `idle` others are free too.
    pub(in crate::batcher) fn next(&mut self, now: Moment, idle: usize) -> Option<Step> {
        let priority = self.next_priority()?;
        let (mut raw, mut ready) = self.candidates(priority);
        let lead_is_ready = ready.first().is_some_and(|lead| raw.first().is_none_or(|raw| lead.id < raw.id));
        let prepared: f64 = ready.iter().map(|item| item.measure as f64).sum();
        let full = self.rules.full_batch.get() as f64;
        let share = |count: usize| count.div_ceil(idle + 1);
        let fill = fitting(&raw, full - prepared, |size| self.costs.expected_weight(size));
        let soon = fitting(&raw, PREPARING_SECONDS, |size| self.costs.of_preparing(&[size]));
        raw.truncate(share(raw.len()).min(fill).min(soon));
        let is_time = || raw.is_empty() || prepared >= full || self.can_wait_no_longer(now, &ready, &raw);
        let work = if lead_is_ready && is_time() {
            let count = share(ready.len()).min(fitting(&ready, full, |weight| weight as f64));
            ready.truncate(count);
            (Work::Run, ready)
        } else {
            (Work::Prepare, raw)
        };
        Some(self.begin(now, priority, work))
    }

    /// Whether the first of `ready` is due, or would miss its deadline if `raw` were prepared before it runs. Without this it
    /// might wait for a full batch for ever: what turns out to need no run fills none.
    fn can_wait_no_longer(&self, now: Moment, ready: &[Candidate], raw: &[Candidate]) -> bool {
        let Some((lead, request)) = ready.first().and_then(|lead| self.requests.get_key_value(&lead.id.0))
        else {
            return false;
        };
        let measures = |items: &[Candidate]| items.iter().map(|item| item.measure).collect::<Vec<_>>();
        let takes = self.costs.of_preparing(&measures(raw)) + self.costs.of_run(measures(ready).iter().sum());
        lead.due <= now || request.deadline <= now + Duration::from_secs_f64(with_slack(takes))
    }

    fn next_priority(&self) -> Option<Priority> {
        let interactive = self.waits(Priority::Interactive);
        let bulk = self.waiting(Priority::Bulk).next().map(|(_, request)| request);
        match (interactive, bulk) {
            (false, None) => None,
            (true, None) => Some(Priority::Interactive),
            (false, Some(_)) => Some(Priority::Bulk),
            (true, Some(bulk)) => {
                let item = self.costs.of(&bulk.load) / bulk.load.items() as f64;
                Some(if self.owed >= item { Priority::Bulk } else { Priority::Interactive })
            }
        }
    }

    /// The first items that wait, in order: those to prepare, and those to run.
    fn candidates(&self, priority: Priority) -> (Vec<Candidate>, Vec<Candidate>) {
        // No item weighs less than 1.
        let most = self.rules.full_batch.get();
        let (mut raw, mut ready) = (Vec::new(), Vec::new());
        for (rank, request) in self.waiting(priority) {
            for (place, item) in request.items.iter().enumerate() {
                let (list, measure) = match item.phase {
                    Phase::Raw => (&mut raw, item.size),
                    Phase::Ready => (&mut ready, item.weight),
                    Phase::Taken | Phase::Done => continue,
                };
                if list.len() < most {
                    list.push(Candidate { id: (*rank, place), measure });
                }
            }
            if raw.len() >= most && ready.len() >= most {
                break;
            }
        }
        (raw, ready)
    }
}

/// How many of the first items take no more than `room` in all; one at least.
fn fitting(items: &[Candidate], room: f64, takes: impl Fn(usize) -> f64) -> usize {
    let total = |sum: &mut f64, item: &Candidate| {
        *sum += takes(item.measure);
        Some(*sum)
    };
    items.iter().scan(0.0, total).take_while(|&total| total <= room).count().max(1)
}
