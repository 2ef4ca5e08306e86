//! Where the figures of a report come from, so that another can repeat them.

use models::Identity;
use serde::Serialize;

use crate::dataset::Fingerprint;

/// What was run, on what.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Provenance {
    /// Of this program.
    pub(crate) version: &'static str,
    /// As typed.
    pub(crate) command: String,
    /// Of every random number that was drawn.
    pub(crate) seed: u64,
    /// The files that name or hold the data.
    pub(crate) data: Vec<Fingerprint>,
    /// The models, in the order of the pipeline.
    pub(crate) models: Vec<Model>,
    /// The policies by which checks were decided.
    pub(crate) policies: Vec<PolicyIdentity>,
}

/// A bundle, identified by the sha256 of its manifest, which covers all of its files.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Model {
    /// What it is for.
    pub(crate) kind: &'static str,
    /// From its manifest.
    pub(crate) name: String,
    /// From its manifest.
    pub(crate) version: String,
    /// Hex.
    pub(crate) sha256: String,
}

/// A named policy, identified by its canonical text.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PolicyIdentity {
    /// As in the configuration.
    pub(crate) name: String,
    /// Hex.
    pub(crate) sha256: String,
}

impl Provenance {
    /// Of this very process.
    pub(crate) fn new(
        seed: u64,
        data: Vec<Fingerprint>,
        models: Vec<Model>,
        policies: Vec<PolicyIdentity>,
    ) -> Self {
        let command = std::env::args().collect::<Vec<_>>().join(" ");
        Self { version: env!("CARGO_PKG_VERSION"), command, seed, data, models, policies }
    }
}

impl Model {
    /// A bundle of this kind.
    pub(crate) fn new(kind: &'static str, identity: &Identity) -> Self {
        let Identity { name, version, sha256 } = identity.clone();
        Self { kind, name, version, sha256 }
    }
}
