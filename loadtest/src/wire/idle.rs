//! Connections and streams that are open and say nothing: what they take from the calls beside them is measured.

use std::num::NonZeroUsize;

use anyhow::{Context, Result};
use bytes::Bytes;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use tokio::task::JoinSet;

use super::{Pool, Rpc, Server};

/// What is held open. All of it closes when this is dropped.
pub(crate) struct Idle {
    connections: JoinSet<()>,
    _senders: Vec<SendRequest<Bytes>>,
    streams: Vec<(ResponseFuture, SendStream<Bytes>)>,
    _pool: Option<Pool>,
}

impl Idle {
    /// Opens so many connections without a call, and so many streams of `rpc` without a message.
    ///
    /// # Errors
    /// When one cannot be opened, which at thousands is often the limit of open files.
    pub(crate) async fn open(
        server: &Server,
        (connections, streams): (usize, usize),
        rpc: &Rpc,
    ) -> Result<Self> {
        let mut idle =
            Self { connections: JoinSet::new(), _senders: Vec::new(), streams: Vec::new(), _pool: None };
        for number in 1..=connections {
            let which = || format!("cannot open idle connection {number}: `ulimit -n` bounds open files");
            let (sender, connection) = server.connect().await.with_context(which)?;
            idle._senders.push(sender);
            idle.connections.spawn(async move { drop(connection.await) });
        }
        idle.open_streams(server, streams, rpc).await?;
        Ok(idle)
    }

    /// Connections that the server has closed since.
    pub(crate) fn lost(&mut self) -> usize {
        std::iter::from_fn(|| self.connections.try_join_next()).count()
    }

    async fn open_streams(&mut self, server: &Server, streams: usize, rpc: &Rpc) -> Result<()> {
        let Some(connections) = NonZeroUsize::new(streams.div_ceil(100)) else { return Ok(()) };
        let pool = Pool::open(server, connections).await?;
        for number in 0..streams {
            let lease = pool.lease_at(number).context("a connection broke while streams were opened")?;
            let mut sender = lease.sender.clone().ready().await?;
            self.streams.push(sender.send_request(rpc.unbounded(), false)?);
        }
        self._pool = Some(pool);
        Ok(())
    }
}
