//! How a process learns that it shall end, and how everybody who waits learns of it.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// SIGTERM and Ctrl-C, caught from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Catches both signals from now on.
    ///
    /// # Errors
    /// When the system refuses signal handlers.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the first of them.
    pub async fn first(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// The one who says that draining begins.
#[derive(Debug)]
pub(crate) struct Trigger(watch::Sender<bool>);

/// One who wants to know.
#[derive(Debug, Clone)]
pub(crate) struct Drain(watch::Receiver<bool>);

/// A trigger and what listens to it.
pub(crate) fn channel() -> (Trigger, Drain) {
    let (sender, receiver) = watch::channel(false);
    (Trigger(sender), Drain(receiver))
}

impl Trigger {
    /// Draining begins.
    pub(crate) fn pull(&self) {
        // Fails only when nobody listens any more, and then nobody needs to know.
        let _ = self.0.send(true);
    }
}

impl Drain {
    /// Resolves when draining begins, also if it began before.
    pub(crate) async fn begun(mut self) {
        // An error means that the trigger is gone, and with it the server: that too is the end.
        let _ = self.0.wait_for(|begun| *begun).await;
    }
}
