//! What answers: both pipelines and the named policies, opened and warm.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use models::age::policy::Policy;
use models::{Identity, LoadError};

use crate::config::{Config, ConfigError};
use crate::pipeline::{AgePipeline, GroomingPipeline};

/// The process cannot serve. Each message is one sentence with the mend.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A bundle or the runtime cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The system gives no more threads.
    #[error("cannot start a worker thread: lower the workers in ward.toml, or raise the limit of threads")]
    Thread(#[from] std::io::Error),
    /// An address is taken or not ours.
    #[error(
        "cannot listen on {address}: is another process there? Choose another with --listen or --admin-listen"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

/// Both pipelines and the named policies.
pub struct App {
    /// How old does a face look?
    pub age: AgePipeline,
    /// Does a chat show the pattern of grooming?
    pub grooming: GroomingPipeline,
    /// By name.
    pub policies: BTreeMap<String, Policy>,
}

impl App {
    /// Opens the bundles, warms the models up and starts the workers. Takes a second or so, and blocks.
    ///
    /// # Errors
    /// [`StartError`] with the mend.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let app = Self {
            age: AgePipeline::start(&config.age, &config.server)?,
            grooming: GroomingPipeline::start(&config.grooming, &config.server)?,
            policies: config.age.policies()?,
        };
        for identity in app.identities() {
            tracing::info!(
                model = identity.name,
                version = identity.version,
                sha256 = identity.sha256,
                "model ready"
            );
        }
        Ok(app)
    }

    /// Every model in use.
    pub fn identities(&self) -> [&Identity; 3] {
        [self.age.detector(), self.age.identity(), self.grooming.identity()]
    }

    /// Resolves once every request that was admitted is answered.
    pub(crate) async fn idle(&self) {
        tokio::join!(self.age.idle(), self.grooming.idle());
    }
}
