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
    /// The files that name or hold the data.
    pub(crate) data: Vec<Fingerprint>,
    /// The models, in the order of the pipeline.
    pub(crate) models: Vec<Model>,
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

impl Provenance {
    /// Of this very process.
    pub(crate) fn new(data: Vec<Fingerprint>, models: Vec<Model>) -> Self {
        let command = std::env::args().collect::<Vec<_>>().join(" ");
        Self { version: env!("CARGO_PKG_VERSION"), command, data, models }
    }
}

impl Model {
    /// A bundle of this kind.
    pub(crate) fn new(kind: &'static str, identity: &Identity) -> Self {
        let Identity { name, version, sha256 } = identity.clone();
        Self { kind, name, version, sha256 }
    }
}
