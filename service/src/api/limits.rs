//! The layer around every method: keeps the deadline, puts tonic's own refusals into our words, counts.
//!
//! The deadline is the shorter of the client's `grpc-timeout` and the configured longest. tonic keeps the client's too,
//! but answers CANCELLED; this layer starts its clock first, so its DEADLINE_EXCEEDED comes first.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use super::status::in_our_words;
use crate::{Error, metrics};

/// When a request must be answered: found in its extensions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Instant);

impl Deadline {
    /// The deadline that the layer set.
    ///
    /// # Errors
    /// [`Error::Internal`] when the layer is missing, which no caller can bring about.
    pub(crate) fn of<T>(request: &tonic::Request<T>) -> Result<Instant, Error> {
        request.extensions().get::<Self>().map(|deadline| deadline.0).ok_or(Error::Internal)
    }
}

/// The bounds of every request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) longest: Duration,
    pub(crate) max_message_bytes: usize,
}

/// The layer's service.
#[derive(Debug, Clone)]
pub(crate) struct Bounded<S> {
    inner: S,
    bounds: Bounds,
}

impl<S> Bounded<S> {
    pub(crate) fn new(inner: S, bounds: Bounds) -> Self {
        Self { inner, bounds }
    }
}

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
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Answer {
        let mut record = Record::begin(request.uri().path());
        let timeout = client_timeout(request.headers()).unwrap_or(Duration::MAX).min(self.bounds.longest);
        let deadline = record.begun + timeout;
        request.extensions_mut().insert(Deadline(deadline));
        let max_message_bytes = self.bounds.max_message_bytes;
        let answer = tokio::time::timeout_at(deadline.into(), self.inner.call(request));
        Box::pin(async move {
            let response = match answer.await {
                Ok(response) => response?,
                Err(_) => Status::from(Error::DeadlineExceeded).into_http(),
            };
            let response = match Status::from_header_map(response.headers()) {
                Some(status) if status.code() != Code::Ok => {
                    in_our_words(status, max_message_bytes).into_http()
                }
                _ => response,
            };
            record.answered(response.headers());
            Ok(response)
        })
    }
}

/// Counts one request when it ends, however it ends: a caller who goes drops it unanswered.
struct Record {
    method: &'static str,
    begun: Instant,
    code: Code,
}

impl Record {
    fn begin(path: &str) -> Self {
        Self { method: method(path), begun: Instant::now(), code: Code::Cancelled }
    }

    fn answered(&mut self, headers: &HeaderMap) {
        self.code = Status::from_header_map(headers).map_or(Code::Ok, |status| status.code());
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        metrics::request(self.method, proto::code_name(self.code), self.begun.elapsed());
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
    fn an_unknown_method_gets_no_name_of_its_own() {
        assert_eq!(
            method("/ward.age.v1.AgeEstimationService/CheckAge"),
            "ward.age.v1.AgeEstimationService/CheckAge"
        );
        assert_eq!(method("/x.y.Z/Made-up"), "other");
    }
}
