//! The policy in virtual time: arrivals, workers and callers are simulated, nothing waits and nothing is measured.
//!
//! It checks on the way that a step holds work of somebody, that no two requests have one name, that a batch keeps its
//! bounds, and at the end that nobody was left without an answer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::num::NonZeroUsize;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::cost::{Expectation, Line};
use super::policy::{Claim, Moment, Policy, Preparation, Span, Step, Work};
use super::request::{Priority, Rank};
use super::rules::Rules;

/// What the simulated machine takes, which the policy has to find out: a message of 16 tokens alone 5.6 ms.
const PREPARE: f64 = 20e-6;
const RUN: Line = Line { base: 1.8e-3, slope: 0.24e-3 };
/// What a request costs the machine outside of the workers: reading and answering it.
const ANSWER: f64 = 60e-6;
const REFUSE: f64 = 30e-6;

/// The time in which an answer is worth something.
const WORTH: Duration = Duration::from_millis(250);

#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Requests a second.
    pub(super) rate: f64,
    pub(super) seconds: f64,
    /// What callers say that they wait; an answer after [`WORTH`] is worth nothing all the same.
    pub(super) deadline: Duration,
    /// How many of those refused try once more.
    pub(super) retries: f64,
    /// Requests that are bulk.
    pub(super) bulk: f64,
    /// Messages of a request.
    pub(super) items: usize,
    pub(super) seed: u64,
    pub(super) rules: Rules,
}

impl Default for Load {
    fn default() -> Self {
        let deadline = WORTH;
        Self {
            rate: 0.0,
            seconds: 30.0,
            deadline,
            retries: 0.5,
            bulk: 0.0,
            items: 1,
            seed: 1,
            rules: rules(1),
        }
    }
}

/// What came out, for each priority.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    pub(super) asked: usize,
    pub(super) in_time: usize,
    pub(super) late: usize,
    pub(super) refused: usize,
    pub(super) expired: usize,
    /// Of those answered, seconds.
    pub(super) latencies: Vec<f64>,
}

impl Outcome {
    /// Those whose fate is known.
    pub(super) fn ended(&self) -> usize {
        self.in_time + self.late + self.refused + self.expired
    }

    pub(super) fn p99(&self) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(0.0)
    }
}

#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) interactive: Outcome,
    pub(super) bulk: Outcome,
}

/// The shipped configuration.
pub(super) fn rules(workers: usize) -> Rules {
    let count = |number| NonZeroUsize::new(number).expect("not 0");
    Rules {
        workers: count(workers),
        capacity: count(2048),
        max_wait: Duration::from_millis(60),
        full_batch: count(128),
        expectation: Expectation {
            prepare: Line { base: 10e-6, slope: 0.1e-6 },
            weight: Line { base: 3.0, slope: 0.25 },
            run: Line { base: 1.2e-3, slope: 0.3e-3 },
        },
    }
}

enum Event {
    /// A request, and whether it came before.
    Arrives { first: Moment, again: bool, priority: Priority },
    /// A worker ends its step.
    Ends { step: Step, begun: Moment },
}

struct Asked {
    first: Moment,
    lengths: Vec<usize>,
    unanswered: usize,
}

struct World {
    load: Load,
    policy: Policy,
    random: Pcg64,
    now: Moment,
    events: BinaryHeap<Reverse<(Moment, u64)>>,
    pending: BTreeMap<u64, Event>,
    asked: BTreeMap<Rank, Asked>,
    free: usize,
    /// Time that requests took from the workers since the last step was begun.
    taken: f64,
    report: Report,
}

/// Lets the load come and go.
pub(super) fn run(load: Load) -> Report {
    let mut world = World {
        load,
        policy: Policy::new(load.rules),
        random: Pcg64::seed_from_u64(load.seed),
        now: Moment::ZERO,
        events: BinaryHeap::new(),
        pending: BTreeMap::new(),
        asked: BTreeMap::new(),
        free: load.rules.workers.get(),
        taken: 0.0,
        report: Report::default(),
    };
    world.plan_arrivals();
    while let Some(Reverse((now, number))) = world.events.pop() {
        world.now = now;
        match world.pending.remove(&number) {
            Some(Event::Arrives { first, again, priority }) => world.arrive(first, again, priority),
            Some(Event::Ends { step, begun }) => world.end(&step, begun),
            None => unreachable!("every event is pending once"),
        }
        world.work();
    }
    assert!(world.asked.is_empty(), "somebody was never answered");
    assert!(!world.policy.any_waits());
    world.report
}

impl World {
    fn plan(&mut self, at: Moment, event: Event) {
        let number = self.pending.last_key_value().map_or(0, |(last, _)| last + 1);
        self.pending.insert(number, event);
        self.events.push(Reverse((at, number)));
    }

    fn plan_arrivals(&mut self) {
        let mut at = 0.0;
        loop {
            at -= (1.0 - self.random.random::<f64>()).ln() / self.load.rate;
            if at > self.load.seconds {
                return;
            }
            let bulk = self.random.random::<f64>() < self.load.bulk;
            let priority = if bulk { Priority::Bulk } else { Priority::Interactive };
            let first = Moment::from_secs_f64(at);
            self.plan(first, Event::Arrives { first, again: false, priority });
        }
    }

    fn outcome(&mut self, priority: Priority) -> &mut Outcome {
        match priority {
            Priority::Interactive => &mut self.report.interactive,
            Priority::Bulk => &mut self.report.bulk,
        }
    }

    fn arrive(&mut self, first: Moment, again: bool, priority: Priority) {
        if !again {
            self.outcome(priority).asked += 1;
        }
        let lengths: Vec<usize> = (0..self.load.items).map(|_| self.length()).collect();
        // What a message will weigh is not known at the door, only how many bytes it has.
        let sizes: Vec<usize> =
            lengths.iter().map(|length| (length - 2) * self.random.random_range(3..6)).collect();
        let deadline = first + self.load.deadline;
        match self.policy.admit(self.now, &Claim { priority, deadline, sizes: &sizes }) {
            Ok(rank) => {
                self.taken += ANSWER;
                let twice = self.asked.insert(rank, Asked { first, unanswered: lengths.len(), lengths });
                assert!(twice.is_none(), "two requests have one name");
            }
            Err(refusal) => {
                self.taken += REFUSE;
                let back = self.now + refusal.retry_after;
                if !again && self.random.random::<f64>() < self.load.retries && back < deadline {
                    self.plan(back, Event::Arrives { first, again: true, priority });
                } else {
                    self.outcome(priority).refused += 1;
                }
            }
        }
    }

    /// Tokens of a chat message: median 12, mean 16, 99th percentile 68, as measured on everyday chat.
    fn length(&mut self) -> usize {
        let normal: f64 = (0..12).map(|_| self.random.random::<f64>()).sum::<f64>() - 6.0;
        let length = 4.0 + (8.0_f64.ln() + 0.9 * normal).exp();
        length.round().clamp(4.0, 96.0) as usize
    }

    /// Gives every free worker something to do.
    fn work(&mut self) {
        for rank in self.policy.expired(self.now) {
            self.policy.withdraw(rank);
            self.asked.remove(&rank);
            self.outcome(rank.priority).expired += 1;
        }
        while self.free > 0 {
            let Some(step) = self.policy.next(self.now, self.free - 1) else { return };
            for (rank, _) in &step.items {
                assert!(self.asked.contains_key(rank), "work of nobody");
            }
            self.free -= 1;
            let noise = 0.95 + 0.1 * self.random.random::<f64>();
            let takes = noise * self.takes(&step) + std::mem::take(&mut self.taken);
            let begun = self.now;
            self.plan(begun + Duration::from_secs_f64(takes), Event::Ends { step, begun });
        }
    }

    fn takes(&mut self, step: &Step) -> f64 {
        if step.work == Work::Prepare {
            return PREPARE * step.items.len() as f64;
        }
        let (weights, full) = (step.weights(), self.load.rules.full_batch.get());
        let total: usize = weights.iter().sum();
        assert!(total <= full || weights.len() == 1, "{weights:?}");
        RUN.at(total as f64)
    }

    fn end(&mut self, step: &Step, begun: Moment) {
        let time = Span { end: self.now, took: self.now - begun };
        self.free += 1;
        if step.work == Work::Prepare {
            // A request that left in the meantime has no length any more, and nobody asks for it.
            let weight =
                |(rank, place): &(Rank, usize)| self.asked.get(rank).map_or(1, |asked| asked.lengths[*place]);
            let items: Vec<_> = step.items.iter().map(weight).map(Preparation::Ready).collect();
            self.policy.prepared(step, &items, time);
            return;
        }
        self.policy.ran(step, time);
        for (rank, _) in &step.items {
            let Some(asked) = self.asked.get_mut(rank) else { continue };
            asked.unanswered -= 1;
            if asked.unanswered == 0 {
                self.answer(*rank);
            }
        }
    }

    fn answer(&mut self, rank: Rank) {
        let Some(asked) = self.asked.remove(&rank) else { return };
        let latency = self.now - asked.first;
        let outcome = self.outcome(rank.priority);
        outcome.latencies.push(latency.as_secs_f64());
        if latency <= WORTH {
            outcome.in_time += 1;
        } else {
            outcome.late += 1;
        }
    }
}

mod tests;
