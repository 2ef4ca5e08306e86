//! The wire: each module turns requests into the models' types and answers back, once, in one direction.

pub(crate) mod age;
mod answer;
pub(crate) mod grooming;
pub(crate) mod limits;
pub(crate) mod status;

use std::future::ready;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt as _, stream};
use tonic::Status;

use crate::batcher::{Priority, Terms};
use crate::shutdown::Drain;
use crate::{App, Error};

/// What every service answers from. The app appears once its models are loaded and warm.
pub(crate) struct Served {
    pub(crate) app: OnceLock<App>,
    pub(crate) drain: Drain,
    pub(crate) longest: Duration,
}

impl Served {
    pub(crate) fn new(drain: Drain, longest: Duration) -> Arc<Self> {
        Arc::new(Self { app: OnceLock::new(), drain, longest })
    }

    /// The app, or why there is none yet.
    pub(crate) fn app(&self) -> Result<&App, Error> {
        self.app.get().ok_or(Error::Starting)
    }

    /// The terms of a message that arrives now on a stream of this priority.
    pub(crate) fn terms_now(&self, priority: Priority) -> Terms {
        Terms { priority, deadline: Instant::now() + self.longest }
    }
}

/// The last item of a stream's answers: when it ended because draining began, the caller must learn that what it sent
/// last was not read.
fn last_word<T>(drain: Drain) -> impl Stream<Item = Result<T, Status>> {
    let word = move |()| ready(drain.has_begun().then(|| Err(Error::Draining.into())));
    stream::once(ready(())).filter_map(word)
}
