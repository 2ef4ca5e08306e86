//! A bundle: one folder that holds all that belongs to a model, and nothing that belongs to the machine.
//!
//! `manifest.toml` names the kind, the version and the sha256 of every other file that is read; the sha256 of the
//! manifest itself therefore identifies weights, calibration and thresholds together.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::LoadError;

const MANIFEST: &str = "manifest.toml";

/// The `[bundle]` table that every manifest starts with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// What the bundle is for: `detector`, `age` or `grooming`.
    pub kind: String,
    /// The model's name, as answers report it.
    pub name: String,
    /// The model's version, as answers report it.
    pub version: String,
}

/// The `[files]` table: each file that is read, with its sha256 in hex.
pub type Files = BTreeMap<String, String>;

/// A manifest's type: one for each kind of bundle.
pub trait Manifest: DeserializeOwned {
    /// The `kind` that the manifest must name.
    const KIND: &'static str;

    /// The `[bundle]` table.
    fn header(&self) -> &Header;

    /// The `[files]` table.
    fn files(&self) -> &Files;
}

/// Which model answered: reported with every answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// From the manifest.
    pub name: String,
    /// From the manifest.
    pub version: String,
    /// Of the manifest's bytes, hex; it covers every file of the bundle.
    pub sha256: String,
}

/// An opened bundle, its files checked.
#[derive(Debug, Clone)]
pub struct Bundle<M> {
    /// The typed manifest.
    pub manifest: M,
    folder: PathBuf,
    identity: Identity,
}

impl<M: Manifest> Bundle<M> {
    /// Reads the manifest in `folder` and checks the sha256 of every file that it lists.
    ///
    /// # Errors
    /// [`LoadError`] when the folder, the manifest or a file is missing, of another kind or changed.
    pub fn open(folder: &Path) -> Result<Self, LoadError> {
        let path = folder.join(MANIFEST);
        let bytes = read(&path)?;
        let header = parse::<AnyKind>(&path, &bytes)?.bundle;
        if header.kind != M::KIND {
            return Err(LoadError::Kind { path, expected: M::KIND, found: header.kind });
        }
        let manifest: M = parse(&path, &bytes)?;
        for (file, expected) in manifest.files() {
            check(&folder.join(file), expected)?;
        }
        let identity = Identity { name: header.name, version: header.version, sha256: sha256(&bytes) };
        Ok(Self { manifest, folder: folder.to_path_buf(), identity })
    }

    /// The path of a file of the bundle, which the manifest must list (so that its sha256 was checked).
    ///
    /// # Errors
    /// [`LoadError::Unlisted`] when it does not.
    pub fn file(&self, name: &str) -> Result<PathBuf, LoadError> {
        if self.manifest.files().contains_key(name) {
            return Ok(self.folder.join(name));
        }
        Err(LoadError::Unlisted { path: self.manifest_path(), file: name.to_owned() })
    }

    /// The manifest's own path, for messages.
    #[must_use]
    pub fn manifest_path(&self) -> PathBuf {
        self.folder.join(MANIFEST)
    }

    /// Which model this is.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

/// Just enough of any manifest to tell its kind.
#[derive(Deserialize)]
struct AnyKind {
    bundle: Header,
}

fn parse<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, LoadError> {
    toml::from_slice(bytes)
        .map_err(|source| LoadError::Manifest { path: path.to_path_buf(), source: Box::new(source) })
}

fn read(path: &Path) -> Result<Vec<u8>, LoadError> {
    std::fs::read(path).map_err(|source| LoadError::Unreadable { path: path.to_path_buf(), source })
}

fn check(path: &Path, expected: &str) -> Result<(), LoadError> {
    let found = sha256(&read(path)?);
    if found == expected {
        return Ok(());
    }
    Err(LoadError::Checksum { path: path.to_path_buf(), expected: expected.to_owned(), found })
}

/// sha256 in lower-case hex.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
