//! One stream: messages out, messages in.

use anyhow::{Context, Result};
use bytes::Bytes;
use h2::client::ResponseFuture;
use h2::{RecvStream, SendStream};

use super::{Lease, Refusal, Rpc, Unframe, accepted, next_bytes, status};

/// Both ends of a stream.
pub(crate) struct Talk {
    body: SendStream<Bytes>,
    answers: Answers,
}

/// The end that answers come from.
pub(crate) struct Answers {
    from: Source,
    unframe: Unframe,
    _lease: Lease,
}

/// A server may keep its headers back until there is something to say.
enum Source {
    Pending(ResponseFuture),
    Open(RecvStream),
}

impl Talk {
    /// Opens a stream.
    ///
    /// # Errors
    /// When the connection broke.
    pub(crate) async fn open(lease: Lease, rpc: &Rpc) -> Result<Self, Refusal> {
        let mut sender = lease.sender.clone().ready().await?;
        let (response, body) = sender.send_request(rpc.unbounded(), false)?;
        let answers = Answers { from: Source::Pending(response), unframe: Unframe::default(), _lease: lease };
        Ok(Self { body, answers })
    }

    /// Sends a framed message.
    ///
    /// # Errors
    /// When the stream has ended.
    pub(crate) fn send(&mut self, framed: Bytes) -> Result<()> {
        self.body.send_data(framed, false).context("the stream has ended")
    }

    /// The next answer; None at the end of the stream.
    ///
    /// # Errors
    /// What the server said as its last word, if not that all is well.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        self.answers.next().await
    }

    /// The two ends.
    pub(crate) fn split(self) -> (SendStream<Bytes>, Answers) {
        (self.body, self.answers)
    }
}

impl Answers {
    /// As [`Talk::next`].
    ///
    /// # Errors
    /// As there.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        loop {
            if let Some(message) = self.unframe.next() {
                return Ok(Some(message));
            }
            match &mut self.from {
                Source::Pending(response) => {
                    let (head, body) = response.await?.into_parts();
                    accepted(head.status, &head.headers)?;
                    self.from = Source::Open(body);
                }
                Source::Open(body) => match next_bytes(body).await? {
                    Some(bytes) => self.unframe.push(bytes),
                    None => {
                        status(&body.trailers().await?.unwrap_or_default())?;
                        return Ok(None);
                    }
                },
            }
        }
    }
}
