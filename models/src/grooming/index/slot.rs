//! Where the workers find the index of the moment.

use std::sync::{Arc, PoisonError, RwLock};

use super::Index;

/// An index that can be replaced while messages are scored. Clones share it.
#[derive(Debug, Clone)]
pub struct IndexSlot(Arc<RwLock<Arc<Index>>>);

impl IndexSlot {
    /// One that holds `index`.
    #[must_use]
    pub fn new(index: Index) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(index))))
    }

    /// The index from now on; runs that have begun keep the old one.
    pub fn replace(&self, index: impl Into<Arc<Index>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = index.into();
    }

    /// The index of the moment.
    #[must_use]
    pub fn get(&self) -> Arc<Index> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for IndexSlot {
    fn default() -> Self {
        Self::new(Index::empty())
    }
}
