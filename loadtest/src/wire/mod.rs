//! gRPC on HTTP/2 with as little in between as there can be: requests that are encoded already, answers as bytes.
//!
//! It knows the three kinds of headers that matter here (status, pushback, deadline) and no service.

mod frame;
mod idle;
mod pool;
mod talk;

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use h2::RecvStream;
use h2::client::SendRequest;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE};
use http::uri::Authority;
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version};
use tokio::net::TcpStream;
use tonic::Code;

use crate::mix::Priority;

pub(crate) use frame::{Unframe, frame, joined};
pub(crate) use idle::Idle;
pub(crate) use pool::{Lease, MOST, PAUSE, Pool};
pub(crate) use talk::{Answers, Talk};

const PRIORITY: HeaderName = HeaderName::from_static("ward-priority");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
const STATUS: &str = "grpc-status";
const PUSHBACK: &str = "grpc-retry-pushback-ms";

/// What a server may send before it must wait for this program, bytes: more than any answer.
const WINDOW: u32 = 1 << 24;

/// Where Ward listens.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    authority: Authority,
}

/// A call without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Why.
    pub(crate) code: Code,
    /// When to try again, where the server said so. None: it did not, or said never.
    pub(crate) pushback: Option<Duration>,
}

/// One method of the server, with its headers made up.
#[derive(Debug, Clone)]
pub(crate) struct Rpc {
    template: Request<()>,
}

impl Server {
    /// From a URL, or from host and port.
    ///
    /// # Errors
    /// When it is neither.
    pub(crate) fn parse(addr: &str) -> Result<Self> {
        let url = if addr.contains("://") { addr.to_owned() } else { format!("http://{addr}") };
        let uri: Uri = url.parse().with_context(|| format!("{addr} is not an address"))?;
        ensure!(uri.scheme_str() == Some("http"), "{addr} is not an http address: Ward speaks no TLS");
        let authority = uri.authority().with_context(|| format!("{addr} names no host"))?.clone();
        Ok(Self { authority })
    }

    /// The method of this path, called with this priority.
    ///
    /// # Errors
    /// When the path is none.
    pub(crate) fn rpc(&self, path: &'static str, priority: Priority) -> Result<Rpc> {
        let uri = Uri::builder().scheme("http").authority(self.authority.clone()).path_and_query(path);
        let mut template = Request::new(());
        *template.method_mut() = Method::POST;
        *template.version_mut() = Version::HTTP_2;
        *template.uri_mut() = uri.build()?;
        let headers = template.headers_mut();
        headers.insert(TE, HeaderValue::from_static("trailers"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(PRIORITY, HeaderValue::from_static(priority.name()));
        Ok(Rpc { template })
    }

    /// Without the brackets that an IPv6 address has in a URL: nothing resolves with them.
    fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// A connection, and what drives it until it ends.
    async fn connect(&self) -> Result<(SendRequest<Bytes>, h2::client::Connection<TcpStream, Bytes>)> {
        let port = self.authority.port_u16().unwrap_or(80);
        let socket = TcpStream::connect((self.host(), port)).await?;
        socket.set_nodelay(true)?;
        let handshake = h2::client::Builder::new()
            .initial_window_size(WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_concurrent_reset_streams(4096)
            .handshake(socket);
        Ok(handshake.await?)
    }
}

impl Rpc {
    /// The request of a call that may take so long.
    pub(crate) fn within(&self, timeout: Duration) -> Request<()> {
        let mut request = self.template.clone();
        request.headers_mut().insert(TIMEOUT, timeout_value(timeout));
        request
    }

    /// The request of a stream, which may live for as long as it likes.
    pub(crate) fn unbounded(&self) -> Request<()> {
        self.template.clone()
    }
}

impl Refusal {
    /// Without any advice.
    pub(crate) fn new(code: Code) -> Self {
        Self { code, pushback: None }
    }
}

impl From<h2::Error> for Refusal {
    /// Of a call that its connection failed.
    fn from(_: h2::Error) -> Self {
        Self::new(Code::Unavailable)
    }
}

/// Calls once: a framed message out, a message in. Whoever drops this before it is done cancels the call.
///
/// # Errors
/// What the server said instead of an answer.
pub(crate) async fn unary(lease: Lease, request: Request<()>, framed: Bytes) -> Result<Bytes, Refusal> {
    let mut sender = lease.sender.clone().ready().await?;
    let (response, mut body) = sender.send_request(request, false)?;
    body.send_data(framed, true)?;
    let (head, mut body) = response.await?.into_parts();
    accepted(head.status, &head.headers)?;
    let mut unframe = Unframe::default();
    while let Some(bytes) = next_bytes(&mut body).await? {
        unframe.push(bytes);
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    status(&trailers)?;
    unframe.next().ok_or(Refusal::new(Code::Internal))
}

/// The next bytes of an answer; None at its end.
///
/// # Errors
/// When the stream was reset or its connection broke.
pub(crate) async fn next_bytes(body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    let Some(bytes) = body.data().await.transpose()? else { return Ok(None) };
    body.flow_control().release_capacity(bytes.len())?;
    Ok(Some(bytes))
}

/// Whether an answer follows these headers.
///
/// # Errors
/// What the server said instead.
pub(crate) fn accepted(http: StatusCode, headers: &HeaderMap) -> Result<(), Refusal> {
    match http {
        StatusCode::OK => status(headers),
        _ => Err(Refusal::new(Code::Unavailable)),
    }
}

/// Headers without a status are those of an answer under way.
fn status(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(status) = headers.get(STATUS) else { return Ok(()) };
    match Code::from_bytes(status.as_bytes()) {
        Code::Ok => Ok(()),
        code => Err(Refusal { code, pushback: pushback(headers) }),
    }
}

fn pushback(headers: &HeaderMap) -> Option<Duration> {
    let millis: u64 = headers.get(PUSHBACK)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_millis(millis))
}

/// In whole milliseconds, rounded up: a value that many calls share costs both sides less than one of each call's own.
fn timeout_value(timeout: Duration) -> HeaderValue {
    /// The most digits that gRPC allows.
    const LONGEST: u128 = 99_999_999;
    let millis = timeout.as_nanos().div_ceil(1_000_000).clamp(1, LONGEST);
    HeaderValue::from_str(&format!("{millis}m")).unwrap_or(HeaderValue::from_static("1m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn a_refusal_carries_its_advice() {
        let refusal = status(&headers(&[("grpc-status", "8"), ("grpc-retry-pushback-ms", "120")]));
        let pushback = Some(Duration::from_millis(120));
        assert_eq!(refusal, Err(Refusal { code: Code::ResourceExhausted, pushback }));
        let never = status(&headers(&[("grpc-status", "8"), ("grpc-retry-pushback-ms", "-1")]));
        assert_eq!(never, Err(Refusal::new(Code::ResourceExhausted)));
    }

    #[test]
    fn no_status_and_status_0_are_no_refusal() {
        assert_eq!(status(&headers(&[])), Ok(()));
        assert_eq!(status(&headers(&[("grpc-status", "0")])), Ok(()));
        assert!(accepted(StatusCode::BAD_GATEWAY, &headers(&[])).is_err());
    }

    #[test]
    fn timeouts_are_whole_milliseconds_and_never_none() {
        let value = |micros| timeout_value(Duration::from_micros(micros));
        assert_eq!((value(249_700), value(250_000)), (value(250_000), HeaderValue::from_static("250m")));
        assert_eq!(value(0), HeaderValue::from_static("1m"));
    }

    #[test]
    fn an_address_is_a_url_or_host_and_port() {
        let authority = |addr| Server::parse(addr).map(|server| server.authority.to_string());
        assert_eq!(authority("127.0.0.1:50051").unwrap(), "127.0.0.1:50051");
        assert_eq!(authority("http://ward:1").unwrap(), "ward:1");
        assert!(authority("https://ward:1").unwrap_err().to_string().contains("no TLS"));
    }

    #[tokio::test]
    async fn an_ipv6_address_is_connected_to_without_its_brackets() {
        let host = |addr| Server::parse(addr).map(|server| server.host().to_owned());
        assert_eq!(host("http://[::1]:50051").unwrap(), "::1");
        assert_eq!(host("http://ward:1").unwrap(), "ward");
        // Some machines have no IPv6 to connect with.
        let Ok(listener) = tokio::net::TcpListener::bind("[::1]:0").await else { return };
        let addr = format!("http://{}", listener.local_addr().unwrap());
        assert!(Server::parse(&addr).unwrap().connect().await.is_ok());
    }
}
