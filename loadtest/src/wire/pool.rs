//! Several connections as one: a call goes to the first that has room, and a connection that broke is opened again.
//!
//! A server takes a bounded number of calls at once on one connection ([`MOST`], if it says nothing else); more wait in the
//! client, where the server cannot refuse them. So calls spill onto the next connection well before.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use h2::client::SendRequest;
use tokio::task::JoinSet;

use super::Server;

/// Calls at once on a connection, before the next is used.
const ROOM: usize = 100;

/// Calls and streams at once that a server takes on a connection, if it says nothing else.
pub(crate) const MOST: usize = 200;

/// Before what broke is opened again.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

/// The connections. They close when this is dropped.
pub(crate) struct Pool {
    slots: Vec<Arc<Slot>>,
    broken: Arc<AtomicU64>,
    drivers: JoinSet<()>,
}

/// One connection's place.
struct Slot {
    /// None while it is being opened again.
    sender: Mutex<Option<SendRequest<Bytes>>>,
    /// Counts the calls under way by its clones.
    calls: Arc<()>,
}

/// Leave to make one call on a connection.
pub(crate) struct Lease {
    /// The connection.
    pub(crate) sender: SendRequest<Bytes>,
    _call: Arc<()>,
}

impl Pool {
    /// Opens so many.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub(crate) async fn open(server: &Server, connections: NonZeroUsize) -> Result<Self> {
        let mut pool = Self { slots: Vec::new(), broken: Arc::default(), drivers: JoinSet::new() };
        for _ in 0..connections.get() {
            let nobody = || format!("nobody answers at {}: is `ward serve` running there?", server.authority);
            let (sender, connection) = server.connect().await.with_context(nobody)?;
            let slot = Arc::new(Slot { sender: Mutex::new(Some(sender)), calls: Arc::default() });
            pool.slots.push(Arc::clone(&slot));
            pool.drivers.spawn(keep_open(slot, connection, server.clone(), Arc::clone(&pool.broken)));
        }
        Ok(pool)
    }

    /// The first connection with room, or else the one with most; None while all are broken.
    pub(crate) fn lease(&self) -> Option<Lease> {
        let mut best: Option<(usize, Lease)> = None;
        for slot in &self.slots {
            let calls = Arc::strong_count(&slot.calls);
            if best.as_ref().is_some_and(|(least, _)| *least <= calls) {
                continue;
            }
            let Some(sender) = slot.sender() else { continue };
            best = Some((calls, Lease { sender, _call: Arc::clone(&slot.calls) }));
            if calls <= ROOM {
                break;
            }
        }
        best.map(|(_, lease)| lease)
    }

    /// Of the connection of this number, counted round and round.
    pub(crate) fn lease_at(&self, number: usize) -> Option<Lease> {
        let slot = &self.slots[number % self.slots.len()];
        Some(Lease { sender: slot.sender()?, _call: Arc::clone(&slot.calls) })
    }

    /// How often a connection broke.
    pub(crate) fn broken(&self) -> u64 {
        self.broken.load(Ordering::Relaxed)
    }
}

impl Slot {
    fn sender(&self) -> Option<SendRequest<Bytes>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, sender: Option<SendRequest<Bytes>>) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = sender;
    }
}

/// Drives a connection, and the ones after it.
async fn keep_open(
    slot: Arc<Slot>,
    connection: h2::client::Connection<tokio::net::TcpStream, Bytes>,
    server: Server,
    broken: Arc<AtomicU64>,
) {
    let mut connection = Some(connection);
    loop {
        if let Some(open) = connection.take() {
            // Whatever ended it, the calls on it have learnt of it.
            let _ = open.await;
            slot.set(None);
            broken.fetch_add(1, Ordering::Relaxed);
        }
        tokio::time::sleep(PAUSE).await;
        if let Ok((sender, again)) = server.connect().await {
            slot.set(Some(sender));
            connection = Some(again);
        }
    }
}
