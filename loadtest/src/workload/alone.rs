//! The reference: each input is asked about alone, one after the other, before there is any load.

use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::Bytes;
use indicatif::ProgressBar;
use proto::code_name;
use serde::Serialize;
use tonic::Code;

use crate::mix::Priority;
use crate::wire::{self, Lease, Pool, Refusal, Server, Talk};

/// How long an answer may take when there is nothing else to do.
const LONGEST: Duration = Duration::from_secs(30);

/// Asks alone.
pub(crate) struct Alone<'a> {
    /// Where.
    pub(crate) server: &'a Server,
    /// Over what.
    pub(crate) pool: &'a Pool,
    /// Counts the inputs.
    pub(crate) progress: ProgressBar,
}

/// Which model answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ModelName {
    name: String,
    version: String,
    sha256: String,
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}, sha256 {}", self.name, self.version, self.sha256)
    }
}

impl From<proto::answer::v1::Model> for ModelName {
    fn from(model: proto::answer::v1::Model) -> Self {
        let proto::answer::v1::Model { name, version, sha256, .. } = model;
        Self { name, version, sha256 }
    }
}

impl Alone<'_> {
    /// The answers to framed requests, in their order; None: the server refuses such an input.
    ///
    /// # Errors
    /// When there is no answer for any other reason: then there is nothing to compare with.
    pub(crate) async fn ask(&self, path: &'static str, requests: &[Bytes]) -> Result<Vec<Option<Bytes>>> {
        self.progress.set_length(requests.len() as u64);
        let rpc = self.server.rpc(path, Priority::Interactive)?;
        let mut answers = Vec::with_capacity(requests.len());
        for (number, framed) in requests.iter().enumerate() {
            let mut reply = self.once(&rpc, framed).await?;
            if let Err(Refusal { code: Code::ResourceExhausted | Code::Unavailable, pushback }) = reply {
                // Something may be left of a run before this one.
                tokio::time::sleep(pushback.unwrap_or(Duration::from_secs(1))).await;
                reply = self.once(&rpc, framed).await?;
            }
            answers.push(or_refused(reply, number)?);
            self.progress.inc(1);
        }
        Ok(answers)
    }

    /// A stream of this method.
    ///
    /// # Errors
    /// When it does not open.
    pub(crate) async fn talk(&self, path: &'static str) -> Result<Talk> {
        let rpc = self.server.rpc(path, Priority::Interactive)?;
        Talk::open(self.lease()?, &rpc).await.map_err(|_| anyhow!("the stream does not open"))
    }

    fn lease(&self) -> Result<Lease> {
        self.pool.lease().context("the connection broke before there was any load")
    }

    async fn once(&self, rpc: &wire::Rpc, framed: &Bytes) -> Result<Result<Bytes, Refusal>> {
        let call = wire::unary(self.lease()?, rpc.within(LONGEST), framed.clone());
        let late = |_| Err(Refusal::new(Code::DeadlineExceeded));
        Ok(tokio::time::timeout(LONGEST, call).await.unwrap_or_else(late))
    }
}

fn or_refused(reply: Result<Bytes, Refusal>, number: usize) -> Result<Option<Bytes>> {
    match reply {
        Ok(answer) => Ok(Some(answer)),
        Err(Refusal { code: Code::InvalidArgument, .. }) => Ok(None),
        Err(Refusal { code, .. }) => bail!(no_reference(number, code)),
    }
}

/// An input that failed alone.
pub(crate) fn no_reference(number: usize, code: Code) -> String {
    format!(
        "input {} was answered {} when it was asked alone: does the server have other work?",
        number + 1,
        code_name(code)
    )
}
