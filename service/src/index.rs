//! Keeps the platform's own examples current: read at the start, again when their folder changes, and on SIGHUP.

use std::mem::{Discriminant, discriminant};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use models::grooming::{GroomingManifest, Index, IndexSlot};
use models::{Bundle, LoadError};
use tokio::signal::unix::Signal;
use tokio::time::{MissedTickBehavior, interval};

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// An index in a folder, and where the requests find it.
#[derive(Debug, Clone)]
pub(crate) struct IndexFolder {
    folder: PathBuf,
    model: Arc<Bundle<GroomingManifest>>,
    slot: IndexSlot,
    /// When the manifest was written that was read last.
    seen: Option<SystemTime>,
    /// Why that one cannot be used. Its other files may still be on their way.
    failure: Option<Discriminant<LoadError>>,
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
        let mut index = Self { folder, model, slot, seen: None, failure: None };
        index.seen = index.written();
        index.load()?;
        Ok(index)
    }

    /// Reads it again at every change and at every `hangup`, for ever. What cannot be used is said in the log, and the old
    /// one stays until it can.
    pub(crate) async fn follow(mut self, mut hangup: Signal) {
        let mut looks = interval(EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let step = tokio::select! {
                _ = hangup.recv() => Self::read_again,
                _ = looks.tick() => Self::look,
            };
            let mut index = self.clone();
            let stepped = tokio::task::spawn_blocking(move || (step(&mut index), index));
            let Ok((news, index)) = stepped.await else { continue };
            self = index;
            if let Some(error) = news {
                tracing::warn!(%error, "the index in use stays");
            }
        }
    }

    /// Reads it again if it has changed, or could not be used; what is news about why it cannot.
    fn look(&mut self) -> Option<LoadError> {
        let stale = self.failure.is_some() || self.written() != self.seen;
        if stale { self.read() } else { None }
    }

    /// Reads it again in any case; why it cannot be used is always news to the one who asked.
    fn read_again(&mut self) -> Option<LoadError> {
        self.failure = None;
        self.read()
    }

    /// News is what was not so at the last attempt with the same manifest: attempts go on, and the log must not fill.
    fn read(&mut self) -> Option<LoadError> {
        // Before it is read: what is written meanwhile is another change.
        let written = self.written();
        let known = self.failure.take().filter(|_| written == self.seen);
        self.seen = written;
        let error = self.load().err()?;
        self.failure = Some(discriminant(&error));
        (self.failure != known).then_some(error)
    }

    fn load(&self) -> Result<(), LoadError> {
        let index = Index::open(&self.folder, &self.model)?;
        let (positives, negatives) = index.examples();
        let sha256 = index.identity().map(|identity| identity.sha256.as_str());
        tracing::info!(positives, negatives, sha256, "index ready");
        self.slot.replace(index);
        Ok(())
    }

    /// When the manifest was.
    fn written(&self) -> Option<SystemTime> {
        std::fs::metadata(self.folder.join("manifest.toml")).and_then(|manifest| manifest.modified()).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::path::Path;

    use super::*;

    /// A folder with an index of no examples, opened.
    struct Opened {
        folder: tempfile::TempDir,
        index: IndexFolder,
        changes: u64,
    }

    impl Opened {
        fn new() -> Self {
            let bundle = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/bundles/grooming");
            let model = Arc::new(Bundle::open(Path::new(bundle)).expect("the shipped bundle"));
            let folder = tempfile::tempdir().expect("a folder");
            Index::empty().write(folder.path(), &model).expect("written");
            let path = folder.path().to_path_buf();
            let index = IndexFolder::open(path, model, IndexSlot::default()).expect("an index");
            Self { folder, index, changes: 0 }
        }

        /// Another manifest, of another time.
        fn change(&mut self) {
            self.changes += 1;
            let path = self.folder.path().join("manifest.toml");
            let text = fs::read_to_string(&path).expect("a manifest");
            fs::write(&path, format!("{text}# {}\n", self.changes)).expect("written");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(self.changes);
            File::options().append(true).open(path).and_then(|file| file.set_modified(time)).expect("a time");
        }

        /// Renames the file of the embeddings, which the manifest still calls by its old name.
        fn rename(&self, from: &str, to: &str) {
            let entries = fs::read_dir(self.folder.path()).expect("a folder");
            let mut paths = entries.map(|entry| entry.expect("a file").path());
            let path = paths.find(|path| path.extension().is_some_and(|is| is == from)).expect("a file");
            fs::rename(&path, path.with_extension(to)).expect("renamed");
        }

        fn sha256(&self) -> String {
            self.index.slot.get().identity().expect("read from a folder").sha256.clone()
        }
    }

    #[test]
    fn what_cannot_be_used_is_said_once_and_tried_until_it_can() {
        let mut opened = Opened::new();
        let first = opened.sha256();
        opened.rename("bin", "later");
        opened.change();
        assert!(matches!(opened.index.look(), Some(LoadError::Unreadable { .. })));
        assert!(opened.index.look().is_none(), "said once");
        assert!(opened.index.read_again().is_some(), "to the one who asks, again");
        assert_eq!(opened.sha256(), first, "the old one stays");
        opened.change();
        assert!(opened.index.look().is_some(), "another change is other news");
        opened.rename("later", "bin");
        assert!(opened.index.look().is_none());
        assert_ne!(opened.sha256(), first, "the manifest has not changed since, but it is whole now");
    }

    #[test]
    fn a_change_between_opening_and_following_is_seen() {
        let mut opened = Opened::new();
        let first = opened.sha256();
        assert!(opened.index.look().is_none());
        assert_eq!(opened.sha256(), first, "as it was");
        opened.change();
        let mut followed = opened.index.clone();
        assert!(followed.look().is_none());
        assert_ne!(opened.sha256(), first);
    }
}
