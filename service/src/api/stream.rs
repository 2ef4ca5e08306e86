//! The life of a stream: on what terms its messages are taken and until when, and what its caller is told last.

use std::future::{Future, pending, ready};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _, stream};
use tonic::{Request, Status};

use super::Served;
use super::limits::found;
use super::record::{Record, SharedRecord, recorded};
use super::status::in_our_words;
use crate::Error;
use crate::batcher::{Priority, Terms};
use crate::shutdown::Drain;

/// A stream's answers.
pub(crate) type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What holds for each message of a stream: in the request's extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StreamTerms {
    pub(crate) priority: Priority,
    /// What one message may take.
    pub(crate) longest: Duration,
    /// When the caller waits no longer for any, if it said so.
    pub(crate) deadline: Option<Instant>,
}

impl StreamTerms {
    /// The terms of a message that arrives now.
    pub(crate) fn now(self) -> Terms {
        let deadline = Instant::now() + self.longest;
        let deadline = self.deadline.map_or(deadline, |callers| callers.min(deadline));
        Terms { priority: self.priority, deadline }
    }
}

/// One stream.
pub(crate) struct StreamCall {
    pub(crate) terms: StreamTerms,
    drain: Drain,
    max_message_bytes: usize,
    /// Why messages are taken no longer, where it was not the caller who ended them.
    last_word: Arc<OnceLock<Status>>,
    record: Option<Record>,
}

impl StreamCall {
    /// Takes the request's record over: it closes when the answers end.
    ///
    /// # Errors
    /// [`Error::Starting`] as long as there is no app.
    pub(crate) fn begin<T>(
        request: &Request<T>,
        served: &Served,
        max_message_bytes: usize,
    ) -> Result<Self, Error> {
        served.app()?;
        let record = found::<SharedRecord, _>(request)?.take();
        let (terms, drain) = (found(request)?, served.drain.clone());
        Ok(Self { terms, drain, max_message_bytes, last_word: Arc::default(), record })
    }

    /// The messages, until the caller ends them, the transport fails, the caller waits no longer or draining begins.
    pub(crate) fn messages<T, S>(&self, mut messages: S) -> impl Stream<Item = T> + use<T, S>
    where
        S: Stream<Item = Result<T, Status>> + Unpin,
    {
        let (last_word, max_message_bytes) = (Arc::clone(&self.last_word), self.max_message_bytes);
        let mut cut = Box::pin(cut(self.drain.clone(), self.terms.deadline));
        stream::poll_fn(move |context| {
            let cut = cut.as_mut().poll(context);
            let why = match (messages.poll_next_unpin(context), cut) {
                // A caller who has ended them already misses nothing, whatever happens from now on.
                (Poll::Ready(None), _) => return Poll::Ready(None),
                (Poll::Ready(Some(Err(status))), _) => in_our_words(status, max_message_bytes),
                (_, Poll::Ready(error)) => error.into(),
                (Poll::Ready(Some(Ok(message))), Poll::Pending) => return Poll::Ready(Some(message)),
                (Poll::Pending, Poll::Pending) => return Poll::Pending,
            };
            // It is empty: nobody asks for messages after their end.
            let _ = last_word.set(why);
            Poll::Ready(None)
        })
    }

    /// The answers, and why there are no more: behind those that were still in work, since nothing follows a status.
    pub(crate) fn answers<T>(
        self,
        answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Answers<T>
    where
        T: Send + 'static,
    {
        let Self { last_word, record, .. } = self;
        let last_word = move |()| ready(last_word.get().cloned().map(Err));
        let answers = answers.chain(stream::once(ready(())).filter_map(last_word));
        Box::pin(recorded(Box::pin(answers), record))
    }
}

/// Resolves when no more messages may be taken, and says why.
async fn cut(drain: Drain, deadline: Option<Instant>) -> Error {
    let passed = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => pending().await,
        }
    };
    tokio::select! {
        () = drain.begun() => Error::Draining,
        () = passed => Error::DeadlineExceeded,
    }
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;
    use crate::shutdown::{Trigger, channel};

    const FAR: Duration = Duration::from_secs(3600);

    fn call(deadline: Option<Instant>) -> (StreamCall, Trigger) {
        let (trigger, drain) = channel();
        let terms = StreamTerms { priority: Priority::Interactive, longest: FAR, deadline };
        let last_word = Arc::default();
        (StreamCall { terms, drain, max_message_bytes: 1000, last_word, record: None }, trigger)
    }

    /// What is answered to messages, of which each takes a moment; draining begins with the first.
    async fn answered_during_a_drain(
        messages: impl Stream<Item = Result<u8, Status>> + Unpin + Send + 'static,
    ) -> Vec<Result<u8, Code>> {
        let (call, trigger) = call(None);
        let answer = move |message| {
            trigger.pull();
            async move {
                tokio::task::yield_now().await;
                Ok(message)
            }
        };
        let answers = call.messages(messages).map(answer).buffer_unordered(1);
        call.answers(answers).map(|answer| answer.map_err(|status| status.code())).collect().await
    }

    #[tokio::test]
    async fn a_drain_is_told_to_those_whose_messages_it_cut_off_and_to_nobody_else() {
        let whole = stream::iter([Ok(1)]);
        assert_eq!(answered_during_a_drain(whole).await, [Ok(1)]);
        let open = stream::iter([Ok(1), Ok(2)]);
        assert_eq!(answered_during_a_drain(open).await, [Ok(1), Err(Code::Unavailable)]);
        let silent = stream::iter([Ok(1)]).chain(stream::pending());
        assert_eq!(answered_during_a_drain(silent).await, [Ok(1), Err(Code::Unavailable)]);
    }

    #[tokio::test]
    async fn what_is_in_work_is_answered_before_the_transport_s_failure() {
        let (call, _trigger) = call(None);
        let messages = stream::iter([Ok(1), Ok(2), Err(Status::out_of_range("")), Ok(3)]);
        let slow = |message: u8| async move {
            tokio::task::yield_now().await;
            Ok(message)
        };
        let answers = call.messages(messages).map(slow).buffer_unordered(8);
        let answers: Vec<_> = call.answers(answers).collect().await;
        assert_eq!(answers.len(), 3);
        assert!(answers[..2].iter().all(Result::is_ok), "{answers:?}");
        let last = answers[2].as_ref().expect_err("the failure").code();
        assert_eq!(last, Code::InvalidArgument, "in our words");
    }

    #[tokio::test]
    async fn the_callers_deadline_ends_its_messages_and_bounds_each() {
        let past = Instant::now();
        let (call, _trigger) = call(Some(past));
        assert_eq!(call.terms.now().deadline, past);
        let messages = call.messages(stream::pending::<Result<u8, Status>>());
        let answers: Vec<_> = call.answers(messages.map(Ok)).collect().await;
        let codes: Vec<_> =
            answers.into_iter().map(|answer| answer.map_err(|status| status.code())).collect();
        assert_eq!(codes, [Err(Code::DeadlineExceeded)]);
    }

    #[test]
    fn a_far_deadline_of_the_caller_gives_a_message_no_longer_than_all_have() {
        let far = Instant::now() + 2 * FAR;
        assert!(call(Some(far)).0.terms.now().deadline < far);
    }
}
