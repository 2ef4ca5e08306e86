//! The layer around every method: finds the terms, keeps the deadline, refuses photos that would come too late before
//! they are read, puts tonic's own refusals into our words, counts.
//!
//! The deadline is the shorter of the client's `grpc-timeout` and the configured longest. tonic keeps the client's too,
//! but answers CANCELLED; this layer starts its clock first, so its DEADLINE_EXCEEDED comes first. It ends with the answer's
//! head: a stream keeps its caller's deadline itself, and counts itself at its end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use super::Served;
use super::record::{Record, SharedRecord};
use super::status::in_our_words;
use super::stream::StreamTerms;
use crate::batcher::{Priority, Terms};
use crate::{Error, RequestFault};

/// The terms that the layer found.
///
/// # Errors
/// As [`found`].
pub(crate) fn terms_of<T>(request: &tonic::Request<T>) -> Result<Terms, Error> {
    found(request)
}

/// What the layer left in the request's extensions.
///
/// # Errors
/// [`Error::Internal`] when the layer is missing, which no caller can bring about.
pub(crate) fn found<F, T>(request: &tonic::Request<T>) -> Result<F, Error>
where
    F: Clone + Send + Sync + 'static,
{
    request.extensions().get::<F>().cloned().ok_or(Error::Internal)
}

/// The bounds of every request.
#[derive(Clone)]
pub(crate) struct Bounds {
    /// Knows the longest that a request may take, and how much waits.
    pub(crate) served: Arc<Served>,
    pub(crate) max_message_bytes: usize,
}

/// The layer's service.
#[derive(Clone)]
pub(crate) struct Bounded<S> {
    next: S,
    bounds: Bounds,
}

impl<S> Bounded<S> {
    pub(crate) fn new(next: S, bounds: Bounds) -> Self {
        Self { next, bounds }
    }

    /// On what terms a request is answered; refuses one that cannot be answered in time, before its body is read.
    fn terms(&self, method: &'static str, headers: &HeaderMap) -> Result<Terms, Error> {
        let longest = self.bounds.served.longest;
        let timeout = client_timeout(headers).unwrap_or(longest).min(longest);
        let terms = Terms { priority: priority(headers)?, deadline: Instant::now() + timeout };
        match self.bounds.served.app.get() {
            Some(app) if ONE_PHOTO.contains(&method) => app.age.glance(terms).map(|()| terms),
            _ => Ok(terms),
        }
    }

    /// The terms of a request that turns out to be a stream: it may go on for longer than one message may take.
    fn stream_terms(&self, terms: Terms, headers: &HeaderMap) -> StreamTerms {
        let deadline = client_timeout(headers).and_then(|timeout| Instant::now().checked_add(timeout));
        StreamTerms { priority: terms.priority, longest: self.bounds.served.longest, deadline }
    }
}

/// Methods whose requests are one photo each: large to read, and all much the same work.
const ONE_PHOTO: [&str; 2] =
    ["ward.age.v1.AgeEstimationService/EstimateAge", "ward.age.v1.AgeEstimationService/CheckAge"];

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<S> Service<Request<Body>> for Bounded<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.next.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Answer {
        let method = method(request.uri().path());
        let record = SharedRecord::new(Record::begin(method));
        let terms = match self.terms(method, request.headers()) {
            Ok(terms) => terms,
            Err(error) => {
                return Box::pin(async move { Ok(closed(&record, Status::from(error).into_http())) });
            }
        };
        let stream_terms = self.stream_terms(terms, request.headers());
        request.extensions_mut().insert(terms);
        request.extensions_mut().insert(stream_terms);
        request.extensions_mut().insert(record.clone());
        let max_message_bytes = self.bounds.max_message_bytes;
        let answer = tokio::time::timeout_at(terms.deadline.into(), self.next.call(request));
        Box::pin(async move {
            let response = match answer.await {
                Ok(response) => response?,
                Err(_) => Status::from(Error::DeadlineExceeded).into_http(),
            };
            Ok(closed(&record, translated(response, max_message_bytes)))
        })
    }
}

/// The request ends with this answer, unless it is a stream's, which has its record.
fn closed(record: &SharedRecord, response: Response<Body>) -> Response<Body> {
    if let Some(record) = record.take() {
        record.close(code(response.headers()));
    }
    response
}

/// A refusal of tonic's own, in our words. Which other codes there are, we set ourselves.
fn translated(response: Response<Body>, max_message_bytes: usize) -> Response<Body> {
    match code(response.headers()) {
        Code::OutOfRange | Code::Internal => match Status::from_header_map(response.headers()) {
            Some(status) => in_our_words(status, max_message_bytes).into_http(),
            None => response,
        },
        _ => response,
    }
}

/// An answer's code as its head tells it: one with a body is no refusal. (A stream's comes at its end, and goes to its record.)
fn code(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |code| Code::from_bytes(code.as_bytes()))
}

/// How the caller wants to rank: `ward-priority`, or interactive.
fn priority(headers: &HeaderMap) -> Result<Priority, Error> {
    match headers.get("ward-priority").map(HeaderValue::as_bytes) {
        None | Some(b"interactive") => Ok(Priority::Interactive),
        Some(b"bulk") => Ok(Priority::Bulk),
        Some(_) => Err(Error::request("ward-priority", RequestFault::UnknownPriority)),
    }
}

/// The methods of ours, and one name for all others, so that no caller can make up metrics.
fn method(path: &str) -> &'static str {
    const METHODS: [&str; 6] = [
        "ward.age.v1.AgeEstimationService/EstimateAge",
        "ward.age.v1.AgeEstimationService/CheckAge",
        "ward.age.v1.AgeEstimationService/EstimateAgeStream",
        "ward.grooming.v1.GroomingDetectionService/ScoreMessages",
        "ward.grooming.v1.GroomingDetectionService/ScoreConversation",
        "ward.grooming.v1.GroomingDetectionService/WatchConversations",
    ];
    let name = path.trim_start_matches('/');
    METHODS.into_iter().find(|method| *method == name).unwrap_or("other")
}

/// The client's timeout: at most eight digits and a unit (gRPC over HTTP/2, "Timeout"). Anything else is none.
fn client_timeout(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = value.split_at(value.len().checked_sub(1)?);
    let amount: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    match unit {
        "H" => Some(Duration::from_secs(amount * 3600)),
        "M" => Some(Duration::from_secs(amount * 60)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_digits_and_a_unit() {
        let parse = |text: &str| {
            let value = text.parse().expect("a header value");
            client_timeout(&HeaderMap::from_iter([(http::HeaderName::from_static("grpc-timeout"), value)]))
        };
        assert_eq!(parse("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
        for wrong in ["", "m", "123456789S", "-1S", "1.5S", "10x"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_priority_is_one_of_two_and_interactive_by_default() {
        let parse = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            priority(&HeaderMap::from_iter([(http::HeaderName::from_static("ward-priority"), value)]))
        };
        assert_eq!(priority(&HeaderMap::new()), Ok(Priority::Interactive));
        assert_eq!(parse("interactive"), Ok(Priority::Interactive));
        assert_eq!(parse("bulk"), Ok(Priority::Bulk));
        for wrong in ["", "Bulk", "urgent"] {
            assert!(matches!(parse(wrong), Err(Error::Request { .. })), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_method_gets_no_name_of_its_own() {
        assert_eq!(
            method("/ward.age.v1.AgeEstimationService/CheckAge"),
            "ward.age.v1.AgeEstimationService/CheckAge"
        );
        assert_eq!(method("/x.y.Z/Made-up"), "other");
    }
}
