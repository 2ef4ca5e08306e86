//! The door: whether a request can still make its deadline.

use std::ops::Bound;
use std::time::Duration;

use super::{BULK_SHARE, Moment, Policy};
use crate::batcher::cost::Load;
use crate::batcher::request::{Priority, Rank, Request};

/// A request may wait for so many times its own work, if that is longer than the wait that all are allowed: whoever
/// brings much expects to wait longer.
const PATIENCE: f64 = 4.0;

/// A queue that a request found empty less than [`BURST`] ago, and a worker free, holds a burst, which it will work off: it
/// may become longer than one that stands, by the factor [`BURST_WAIT`].
const BURST: Duration = Duration::from_millis(200);
const BURST_WAIT: f64 = 3.0;

/// What a prediction may be short by: this share of it, and [`SLACK_SECONDS`] on the way to the caller.
const SLACK: f64 = 1.0 / 8.0;
const SLACK_SECONDS: f64 = 0.002;

/// A request at the door.
#[derive(Debug, Clone, Copy)]
pub(in crate::batcher) struct Claim<'a> {
    pub(in crate::batcher) priority: Priority,
    pub(in crate::batcher) deadline: Moment,
    /// Of each item.
    pub(in crate::batcher) sizes: &'a [usize],
}

/// Why a request is not let in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::batcher) struct Refusal {
    pub(in crate::batcher) cause: Cause,
    /// When it would be let in, if nobody else came.
    pub(in crate::batcher) retry_after: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::batcher) enum Cause {
    /// More items than are held at all.
    Capacity,
    /// It would come too late, or make another come too late.
    Wait,
}

impl Policy {
    /// Lets a request in, or says when it might be.
    pub(in crate::batcher) fn admit(&mut self, now: Moment, claim: &Claim<'_>) -> Result<Rank, Refusal> {
        let load = Load::of_sizes(claim.sizes);
        let due = self.check(now, claim, &load)?;
        let rank = Rank { priority: claim.priority, due, number: self.number() };
        self.requests.insert(rank, Request::new(claim));
        self.items += claim.sizes.len();
        Ok(rank)
    }

    /// What [`Policy::admit`] would say to a request with one item of a usual size, whose own is not known yet.
    pub(in crate::batcher) fn glance(
        &mut self,
        now: Moment,
        priority: Priority,
        deadline: Moment,
    ) -> Option<Refusal> {
        let load = Load { raw: 1, size: self.costs.usual_size(), ..Load::default() };
        self.check(now, &Claim { priority, deadline, sizes: &[1] }, &load).err()
    }

    /// When a request is due, if it may come in.
    fn check(&mut self, now: Moment, claim: &Claim<'_>, load: &Load) -> Result<Moment, Refusal> {
        let own = self.costs.of(load) / self.side_by_side(load.items());
        let left = claim.deadline.saturating_sub(now).as_secs_f64();
        let patience = match claim.priority {
            Priority::Interactive => self.patience(now, own, load.items()),
            Priority::Bulk => left,
        };
        let due = claim.deadline.min(now + Duration::from_secs_f64(patience + own));
        if self.items + load.items() > self.rules.capacity.get() {
            return Err(self.refusal(Cause::Capacity, own));
        }
        let wait = self.wait(now, claim.priority, due);
        // With nothing ahead it is always let in: only so is it learned what it takes.
        if wait <= 0.0 {
            self.calm = now;
        } else {
            let finish = with_slack(wait + own);
            let excess = (wait - patience).max(finish - left);
            if excess > 0.0 {
                return Err(self.refusal(Cause::Wait, excess));
            }
            if self.breaks_a_promise(now, claim.priority, (due, own)) {
                return Err(self.refusal(Cause::Wait, own));
            }
        }
        Ok(due)
    }

    /// How long an interactive request whose own work takes `own` seconds may wait, seconds.
    fn patience(&self, now: Moment, own: f64, items: usize) -> f64 {
        let beyond_the_first = own * (1.0 - 1.0 / items as f64);
        let is_burst = now.saturating_sub(self.calm) < BURST;
        let longest = self.rules.max_wait.as_secs_f64() * if is_burst { BURST_WAIT } else { 1.0 };
        longest + PATIENCE * beyond_the_first
    }

    /// How long a request that is due then would wait for a worker, seconds.
    fn wait(&self, now: Moment, priority: Priority, due: Moment) -> f64 {
        let ahead = self.requests.range(..=Rank::last(priority, due)).map(|(_, request)| &request.load);
        let ahead: f64 = ahead.map(|load| self.costs.of(load)).sum();
        if ahead <= 0.0 && self.running.len() < self.rules.workers.get() {
            return 0.0;
        }
        let slower = match priority {
            Priority::Interactive if self.waits(Priority::Bulk) => 1.0 + BULK_SHARE,
            Priority::Interactive => 1.0,
            // Interactive work that is still to come goes first too.
            Priority::Bulk => 1.0 / (1.0 - self.interactive_share(now)),
        };
        (self.under_way(now) + ahead) * slower / self.rules.workers.get() as f64
    }

    /// Whether `own` seconds of work, due then, make a request behind them late that was in time so far.
    fn breaks_a_promise(&self, now: Moment, priority: Priority, (due, own): (Moment, f64)) -> bool {
        let workers = self.rules.workers.get() as f64;
        let ends = Rank::last(priority, Moment::MAX);
        let behind = (Bound::Excluded(Rank::last(priority, due)), Bound::Included(ends));
        let mut finish = self.wait(now, priority, due);
        self.requests.range(behind).any(|(_, request)| {
            finish += self.costs.of(&request.load) / workers;
            let left = request.deadline.saturating_sub(now).as_secs_f64();
            finish <= left && finish + own > left
        })
    }

    /// What the steps under way still take, seconds.
    fn under_way(&self, now: Moment) -> f64 {
        self.running.iter().map(|(_, end)| end.saturating_sub(now).as_secs_f64()).sum()
    }

    /// Workers that so many items keep busy side by side.
    fn side_by_side(&self, items: usize) -> f64 {
        items.clamp(1, self.rules.workers.get()) as f64
    }

    fn refusal(&mut self, cause: Cause, excess: f64) -> Refusal {
        // Those refused at one time are spread over the time that a queue takes to empty, by the golden ratio, or they
        // would all come back at one time.
        const GOLDEN: f64 = 0.618_033_988_749_895;
        let spread = (self.number() as f64 * GOLDEN).fract() * self.rules.max_wait.as_secs_f64();
        Refusal { cause, retry_after: Duration::from_secs_f64(excess.max(0.0) + spread) }
    }
}

/// The seconds that a prediction of `seconds` should be taken for.
pub(super) fn with_slack(seconds: f64) -> f64 {
    seconds * (1.0 + SLACK) + SLACK_SECONDS
}
