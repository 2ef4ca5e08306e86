//! Counting requests: each once, when it ends, however it ends.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Instant;

use futures_util::{Stream, StreamExt as _, stream};
use tonic::{Code, Status};

use crate::metrics;

/// Counts one request when it is dropped: a caller who goes drops it unanswered.
pub(crate) struct Record {
    method: &'static str,
    begun: Instant,
    code: Code,
}

impl Record {
    pub(crate) fn begin(method: &'static str) -> Self {
        Self { method, begun: Instant::now(), code: Code::Cancelled }
    }

    /// The request ends with this code.
    pub(crate) fn close(mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        metrics::request(self.method, proto::code_name(self.code), self.begun.elapsed());
    }
}

/// The record of a request, in its extensions: a stream takes it along, since it goes on after its answer has begun.
#[derive(Clone)]
pub(crate) struct SharedRecord(Arc<Mutex<Option<Record>>>);

impl SharedRecord {
    pub(crate) fn new(record: Record) -> Self {
        Self(Arc::new(Mutex::new(Some(record))))
    }

    /// The record, unless it was taken before.
    pub(crate) fn take(&self) -> Option<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A stream's answers, with the record that closes with the status at their end.
pub(crate) fn recorded<T, S>(mut answers: S, mut record: Option<Record>) -> impl Stream<Item = S::Item>
where
    S: Stream<Item = Result<T, Status>> + Unpin,
{
    stream::poll_fn(move |context| {
        let next = answers.poll_next_unpin(context);
        let end = match &next {
            Poll::Ready(None) => Code::Ok,
            Poll::Ready(Some(Err(status))) => status.code(),
            Poll::Ready(Some(Ok(_))) | Poll::Pending => return next,
        };
        if let Some(record) = record.take() {
            record.close(end);
        }
        next
    })
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    /// What is counted of a stream of these answers, of which so many are taken.
    fn counted(answers: Vec<Result<(), Status>>, taken: usize) -> Vec<String> {
        let recorder = PrometheusBuilder::new().build_recorder();
        let count = || {
            let shared = SharedRecord::new(Record::begin("watch"));
            let answers = recorded(stream::iter(answers), shared.take());
            assert!(shared.take().is_none(), "counted once");
            answers.take(taken).collect::<Vec<_>>().now_or_never().expect("they are there");
        };
        ::metrics::with_local_recorder(&recorder, count);
        let text = recorder.handle().render();
        text.lines().filter(|line| line.starts_with("ward_requests_total")).map(str::to_owned).collect()
    }

    #[test]
    fn a_stream_is_counted_with_the_code_at_its_end() {
        let line = |code| [format!("ward_requests_total{{method=\"watch\",code=\"{code}\"}} 1")];
        assert_eq!(counted(vec![Ok(()), Ok(())], 3), line("OK"));
        assert_eq!(counted(vec![Ok(()), Err(Status::unavailable(""))], 3), line("UNAVAILABLE"));
        assert_eq!(counted(vec![Ok(()), Ok(())], 1), line("CANCELLED"), "its caller went");
    }
}
