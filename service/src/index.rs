//! Keeps the platform's own examples current: read at the start, again when their folder changes, and on SIGHUP.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use models::grooming::{GroomingManifest, Index, IndexSlot};
use models::{Bundle, LoadError};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{MissedTickBehavior, interval};

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// An index in a folder, and where the workers find it.
#[derive(Debug, Clone)]
pub(crate) struct IndexFolder {
    folder: PathBuf,
    model: Arc<Bundle<GroomingManifest>>,
    slot: IndexSlot,
}

impl IndexFolder {
    /// Reads the index in `folder` into `slot`.
    ///
    /// # Errors
    /// [`LoadError`] when it cannot be used.
    pub(crate) fn open(
        folder: PathBuf,
        model: Arc<Bundle<GroomingManifest>>,
        slot: IndexSlot,
    ) -> Result<Self, LoadError> {
        let index = Self { folder, model, slot };
        index.reload()?;
        Ok(index)
    }

    /// Reads it again at every change and at SIGHUP, for ever. What cannot be used is said in the log, and the old one stays.
    ///
    /// # Errors
    /// When the system refuses a signal handler.
    pub(crate) fn follow(self) -> std::io::Result<impl Future<Output = ()> + Send + use<>> {
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            let (mut looks, mut seen) = (interval(EVERY), self.changed());
            looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    _ = hangup.recv() => {}
                    _ = looks.tick() => if self.changed() == seen { continue },
                }
                seen = self.changed();
                let index = self.clone();
                let reloaded = tokio::task::spawn_blocking(move || index.reload()).await;
                if let Ok(Err(error)) = reloaded {
                    tracing::warn!(%error, "the index in use stays");
                }
            }
        })
    }

    fn reload(&self) -> Result<(), LoadError> {
        let index = Index::open(&self.folder, &self.model)?;
        let (positives, negatives) = index.examples();
        let sha256 = index.identity().map(|identity| identity.sha256.as_str());
        tracing::info!(positives, negatives, sha256, "index ready");
        self.slot.replace(index);
        Ok(())
    }

    fn changed(&self) -> Option<SystemTime> {
        std::fs::metadata(self.folder.join("manifest.toml")).and_then(|manifest| manifest.modified()).ok()
    }
}
