//! One call as its caller lives it: from when it was meant to start, with patience, and perhaps a second try.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};
use tonic::Code;

use crate::mix::{Caller, Mix, Priority};
use crate::score::Checked;
use crate::wire::Refusal;

/// Before a second try, or a caller's next call, where the server does not say.
const PUSHBACK: Duration = Duration::from_millis(100);

/// Something that can be called.
pub(crate) trait Call: Clone + Send + Sync + 'static {
    /// Calls once. Whoever drops this before it is done cancels the call.
    fn call(&self, ask: Ask) -> impl Future<Output = Reply> + Send;

    /// What a reader of the figures must know of how the calls went.
    fn warning(&self) -> Option<String> {
        None
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask {
    /// Of the call, from 0: says which of the inputs is sent.
    pub(crate) number: u64,
    /// How long it may take.
    pub(crate) timeout: Duration,
    /// How important it is.
    pub(crate) priority: Priority,
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reply {
    /// When it was there, before it was looked into.
    pub(crate) ended: Instant,
    /// What was in it, or why there is none.
    pub(crate) result: Result<Checked, Refusal>,
}

/// When a call is made, and which.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Of the call, from 0.
    pub(crate) number: u64,
    /// When it was meant to start.
    pub(crate) intended: Instant,
}

/// One call that ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Outcome {
    /// When it was meant to start.
    pub(crate) intended: Instant,
    /// When it did.
    pub(crate) started: Instant,
    /// When it ended.
    pub(crate) ended: Instant,
    /// Answered, perhaps late, or why not. An answer for some of a batch is none.
    pub(crate) result: Result<(), Code>,
    /// What was in the answer.
    pub(crate) checked: Checked,
    /// How important it was.
    pub(crate) priority: Priority,
    /// Whether it was tried twice.
    pub(crate) retried: bool,
    /// How long to stay away: the server refused it for want of room or time, or is not there.
    pub(crate) pushback: Option<Duration>,
}

impl Reply {
    /// Without an answer.
    pub(crate) fn refused(refusal: Refusal) -> Self {
        Self { ended: Instant::now(), result: Err(refusal) }
    }
}

/// Makes one call.
pub(crate) async fn make(call: impl Call, start: Start, mix: Mix) -> Outcome {
    let started = Instant::now();
    let caller = mix.caller(start.number);
    let end = start.intended + mix.wait();
    let mut reply = attempt(&call, start.number, caller, end).await;
    let mut retried = false;
    let again = pushback(&reply).filter(|_| caller.retries).map(|pushback| reply.ended + pushback);
    if let Some(again) = again.filter(|again| *again < end) {
        sleep_until(again).await;
        retried = true;
        reply = attempt(&call, start.number, caller, end).await;
    }
    let checked = reply.result.unwrap_or_default();
    let result = match reply.result {
        Ok(checked) => checked.failure.map_or(Ok(()), Err),
        Err(refusal) => Err(in_grpc_words(refusal.code)),
    };
    let (Start { intended, .. }, pushback) = (start, away(&reply));
    let (ended, priority) = (reply.ended, caller.priority);
    Outcome { intended, started, ended, result, checked, priority, retried, pushback }
}

async fn attempt(call: &impl Call, number: u64, caller: Caller, end: Instant) -> Reply {
    let timeout = end.saturating_duration_since(Instant::now());
    let ask = Ask { number, timeout, priority: caller.priority };
    let gave_up = |_| Reply::refused(Refusal::new(Code::DeadlineExceeded));
    timeout_at(end, call.call(ask)).await.unwrap_or_else(gave_up)
}

/// A server built on tonic may answer an expired timeout with CANCELLED; nobody else cancels what is waited for here.
fn in_grpc_words(code: Code) -> Code {
    if code == Code::Cancelled { Code::DeadlineExceeded } else { code }
}

/// Before the second try of a call that was refused.
fn pushback(reply: &Reply) -> Option<Duration> {
    match reply.result {
        Err(Refusal { code: Code::ResourceExhausted, .. }) => away(reply),
        _ => None,
    }
}

/// Before its caller calls again. What is not there says so at once, without a way over the network: a caller that did not
/// wait would do nothing but hear it again.
fn away(reply: &Reply) -> Option<Duration> {
    match reply.result {
        Err(Refusal { code: Code::ResourceExhausted | Code::Unavailable, pushback }) => {
            Some(pushback.unwrap_or(PUSHBACK))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::mix::Patience;

    /// Refuses the first call with this code for 40 ms and answers the second.
    #[derive(Clone)]
    struct Busy {
        code: Code,
        calls: Arc<AtomicU64>,
    }

    impl Call for Busy {
        async fn call(&self, _: Ask) -> Reply {
            let pushback = Some(Duration::from_millis(40));
            match self.calls.fetch_add(1, Ordering::Relaxed) {
                0 => Reply::refused(Refusal { code: self.code, pushback }),
                _ => Reply { ended: Instant::now(), result: Ok(Checked { items: 1, ..Checked::default() }) },
            }
        }
    }

    async fn outcome(code: Code, deadline: u64, retry_share: f64) -> (Outcome, u64) {
        let deadline = Duration::from_millis(deadline);
        let mix = Mix { deadline, patience: Patience::Cancels, bulk_share: 0.0, retry_share, seed: 0 };
        let busy = Busy { code, calls: Arc::default() };
        let outcome = make(busy.clone(), Start { number: 0, intended: Instant::now() }, mix).await;
        (outcome, busy.calls.load(Ordering::Relaxed))
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_try_waits_as_told_and_counts_from_the_first() {
        let (outcome, calls) = outcome(Code::ResourceExhausted, 250, 1.0).await;
        assert_eq!((outcome.result, outcome.retried, calls), (Ok(()), true, 2));
        assert_eq!(outcome.ended - outcome.intended, Duration::from_millis(40));
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_retry_or_has_no_time_left_is_refused() {
        for (deadline, share) in [(250, 0.0), (30, 1.0)] {
            let (outcome, calls) = outcome(Code::ResourceExhausted, deadline, share).await;
            assert_eq!((outcome.result, outcome.retried, calls), (Err(Code::ResourceExhausted), false, 1));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_keeps_its_caller_away_and_is_no_refusal_to_try_again() {
        let (outcome, calls) = outcome(Code::Unavailable, 250, 1.0).await;
        assert_eq!((outcome.result, outcome.retried, calls), (Err(Code::Unavailable), false, 1));
        assert_eq!(outcome.pushback, Some(Duration::from_millis(40)));
    }
}
