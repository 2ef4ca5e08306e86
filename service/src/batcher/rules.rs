//! What the configuration and the model say of one batcher.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::cost::Expectation;

/// What the configuration and the model say of one batcher.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Threads.
    pub workers: NonZeroUsize,
    /// Most items admitted and not answered.
    pub capacity: NonZeroUsize,
    /// The longest that interactive work may be expected to wait.
    pub max_wait: Duration,
    /// A batch of this weight is full: more would gain nothing, and all in it would wait for its end. Until what is
    /// prepared makes a full batch, what waits is prepared first. An item that is heavier by itself runs alone.
    pub full_batch: NonZeroUsize,
    /// What work is believed to take, before any was measured.
    pub expectation: Expectation,
}
