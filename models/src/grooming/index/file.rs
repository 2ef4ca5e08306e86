//! An index in a folder: a bundle of its own kind, with the embeddings in one file.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Deserialize;

use super::super::GroomingManifest;
use super::Index;
use crate::bundle::sha256;
use crate::{Bundle, Files, Header, LoadError, Manifest};

const MODEL: &str = "model.onnx";
/// Positives first; float32, little-endian.
const VECTORS: &str = "vectors.bin";

/// `manifest.toml` of a bundle of kind `grooming-index`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexManifest {
    bundle: Header,
    files: Files,
    index: Contents,
}

/// The `[index]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    /// sha256 of the message model that made the embeddings: another one's mean something else.
    model: String,
    positives: usize,
    negatives: usize,
    width: usize,
}

impl Manifest for IndexManifest {
    const KIND: &'static str = "grooming-index";

    fn header(&self) -> &Header {
        &self.bundle
    }

    fn files(&self) -> &Files {
        &self.files
    }
}

impl Index {
    /// Reads the index in `folder`.
    ///
    /// # Errors
    /// [`LoadError`] when it is incomplete, changed, or was built with another message model than that of `model`.
    pub fn open(folder: &Path, model: &Bundle<GroomingManifest>) -> Result<Self, LoadError> {
        let bundle = Bundle::<IndexManifest>::open(folder)?;
        let contents = &bundle.manifest.index;
        let wrong = |key, must_be| LoadError::ManifestValue { path: bundle.manifest_path(), key, must_be };
        if Some(&contents.model) != model.manifest.files().get(MODEL) {
            return Err(wrong(
                "index.model",
                "the sha256 of the grooming model in use: run `ward index build` again",
            ));
        }
        let values = vectors(&bundle.file(VECTORS)?)?;
        let split = contents.positives * contents.width;
        if values.len() != split + contents.negatives * contents.width {
            return Err(wrong("index.positives", "as many as vectors.bin has: run `ward index build` again"));
        }
        let array = |rows, values: &[f32]| {
            Array2::from_shape_vec((rows, contents.width), values.to_vec())
                .map_err(|_| wrong("index.width", "the width of the embeddings"))
        };
        Ok(Self {
            positives: array(contents.positives, &values[..split])?,
            negatives: array(contents.negatives, &values[split..])?,
            identity: Some(bundle.identity().clone()),
        })
    }

    /// Writes the index into `folder`, which is made if need be. The manifest comes last and in one step, so that whoever
    /// reads meanwhile finds the old index or the new one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path, model: &Bundle<GroomingManifest>) -> std::io::Result<()> {
        let values = self.positives.iter().chain(&self.negatives);
        let vectors: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
        std::fs::create_dir_all(folder)?;
        replace(folder.join(VECTORS), &vectors)?;
        replace(folder.join("manifest.toml"), self.manifest(&sha256(&vectors), model).as_bytes())
    }

    fn manifest(&self, vectors: &str, model: &Bundle<GroomingManifest>) -> String {
        let (positives, negatives) = self.examples();
        let width = self.positives.ncols().max(self.negatives.ncols());
        let model = model.manifest.files().get(MODEL).map_or("", String::as_str);
        format!(
            "# Written by `ward index build`; embeddings only, no text.\n\
             [bundle]\nkind = \"grooming-index\"\nname = \"index\"\nversion = \"1\"\n\n\
             [files]\n\"{VECTORS}\" = \"{vectors}\"\n\n\
             [index]\nmodel = \"{model}\"\npositives = {positives}\nnegatives = {negatives}\nwidth = {width}\n"
        )
    }
}

fn replace(path: PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    let written = path.with_extension("new");
    std::fs::write(&written, bytes)?;
    std::fs::rename(written, path)
}

fn vectors(path: &Path) -> Result<Vec<f32>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_path_buf(), source };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    Ok(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}
