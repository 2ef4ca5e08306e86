//! The wire: each module turns requests into the models' types and answers back, once, in one direction.

pub(crate) mod age;
mod answer;
pub(crate) mod grooming;
pub(crate) mod limits;
mod record;
pub(crate) mod status;
mod stream;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

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
}
