//! An index in a folder: a bundle of its own kind, with the embeddings in one file.
//!
//! That file is named after what it holds, so that a new index never touches the file of the old one's manifest: a reader
//! meanwhile, or after a build that was cut short, finds the old index or the new one, and no half of each.

use std::path::{Path, PathBuf};

use ndarray::Array2;
use serde::Deserialize;

use super::super::GroomingManifest;
use super::Index;
use crate::bundle::sha256;
use crate::{Bundle, Files, Header, LoadError, Manifest};

const MODEL: &str = "model.onnx";
const MANIFEST: &str = "manifest.toml";
/// So many hex digits of a file's sha256 stand in its name.
const DIGITS: usize = 16;

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
        // A second time, since a new index may have come between the reading of the manifest and that of its file.
        Self::read(folder, model).or_else(|_| Self::read(folder, model))
    }

    fn read(folder: &Path, model: &Bundle<GroomingManifest>) -> Result<Self, LoadError> {
        let bundle = Bundle::<IndexManifest>::open(folder)?;
        let contents = &bundle.manifest.index;
        let wrong = |key, must_be| LoadError::ManifestValue { path: bundle.manifest_path(), key, must_be };
        if Some(&contents.model) != model.manifest.files().get(MODEL) {
            return Err(wrong(
                "index.model",
                "the sha256 of the grooming model in use: run `ward index build` again",
            ));
        }
        let file = bundle.manifest.files.keys().next();
        let file =
            file.ok_or_else(|| wrong("files", "that of the embeddings: run `ward index build` again"))?;
        let values = vectors(&bundle.file(file)?)?;
        let split = contents.positives * contents.width;
        if values.len() != split + contents.negatives * contents.width {
            return Err(wrong("index.positives", "as many as its file has: run `ward index build` again"));
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

    /// Writes the index into `folder`, which is made if need be. The manifest comes in one step, so that whoever reads
    /// meanwhile finds the old index or the new one. Nothing is left of the old one.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, folder: &Path, model: &Bundle<GroomingManifest>) -> std::io::Result<()> {
        let values = self.positives.iter().chain(&self.negatives);
        let vectors: Vec<u8> = values.flat_map(|value| value.to_le_bytes()).collect();
        let sha256 = sha256(&vectors);
        let file = format!("vectors-{}.bin", &sha256[..DIGITS]);
        std::fs::create_dir_all(folder)?;
        replace(folder.join(&file), &vectors)?;
        replace(folder.join(MANIFEST), self.manifest([&file, &sha256], model).as_bytes())?;
        remove_all_but(&file, folder)
    }

    fn manifest(&self, [file, sha256]: [&str; 2], model: &Bundle<GroomingManifest>) -> String {
        let (positives, negatives) = self.examples();
        let width = self.positives.ncols().max(self.negatives.ncols());
        let model = model.manifest.files().get(MODEL).map_or("", String::as_str);
        format!(
            "# Written by `ward index build`; embeddings only, no text.\n\
             [bundle]\nkind = \"grooming-index\"\nname = \"index\"\nversion = \"1\"\n\n\
             [files]\n\"{file}\" = \"{sha256}\"\n\n\
             [index]\nmodel = \"{model}\"\npositives = {positives}\nnegatives = {negatives}\nwidth = {width}\n"
        )
    }
}

fn replace(path: PathBuf, bytes: &[u8]) -> std::io::Result<()> {
    let written = path.with_extension("new");
    std::fs::write(&written, bytes)?;
    std::fs::rename(written, path)
}

/// Removes the files of earlier indexes; what is not of our making stays.
fn remove_all_but(file: &str, folder: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name();
        if name.to_str().is_some_and(|name| name != file && is_ours(name)) {
            std::fs::remove_file(folder.join(name))?;
        }
    }
    Ok(())
}

/// Whether [`Index::write`] calls a file of embeddings so, or did once.
fn is_ours(name: &str) -> bool {
    let digits = name.strip_prefix("vectors-").and_then(|name| name.strip_suffix(".bin"));
    let is_digest =
        |digits: &str| digits.len() == DIGITS && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    name == "vectors.bin" || digits.is_some_and(is_digest)
}

/// Positives first; float32, little-endian.
fn vectors(path: &Path) -> Result<Vec<f32>, LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_path_buf(), source };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    Ok(bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect())
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn model() -> Bundle<GroomingManifest> {
        Bundle::open(concat!(env!("CARGO_MANIFEST_DIR"), "/bundles/grooming").as_ref()).unwrap()
    }

    fn index(positives: Array2<f32>) -> Index {
        Index::new(positives.into(), Array2::zeros((0, 2)).into())
    }

    fn files(folder: &Path) -> Vec<String> {
        let name =
            |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name().into_string().unwrap();
        let mut names: Vec<String> = std::fs::read_dir(folder).unwrap().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_build_that_was_cut_short_leaves_the_old_index() {
        let (folder, model) = (tempfile::tempdir().unwrap(), model());
        index(array![[1.0, 0.0]]).write(folder.path(), &model).unwrap();
        // Where the new manifest is first written, there is no room for it.
        std::fs::create_dir(folder.path().join(MANIFEST).with_extension("new")).unwrap();
        index(array![[0.0, 1.0], [1.0, 0.0]]).write(folder.path(), &model).unwrap_err();
        assert_eq!(Index::open(folder.path(), &model).unwrap().examples(), (1, 0));
    }

    #[test]
    fn nothing_is_left_of_an_old_index_and_what_is_not_ours_stays() {
        let (folder, model) = (tempfile::tempdir().unwrap(), model());
        for name in ["vectors.bin", "vectors-of-mine.bin"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        index(array![[1.0, 0.0]]).write(folder.path(), &model).unwrap();
        let first = files(folder.path());
        index(array![[0.0, 1.0]]).write(folder.path(), &model).unwrap();
        let second = files(folder.path());
        assert_eq!((first.len(), second.len()), (3, 3));
        assert!(first != second && second.contains(&"vectors-of-mine.bin".to_owned()), "{second:?}");
    }

    #[test]
    fn an_index_whose_file_has_another_name_is_read_as_well() {
        let (folder, model) = (tempfile::tempdir().unwrap(), model());
        index(array![[1.0, 0.0]]).write(folder.path(), &model).unwrap();
        let file = &files(folder.path())[1];
        std::fs::rename(folder.path().join(file), folder.path().join("vectors.bin")).unwrap();
        let manifest = std::fs::read_to_string(folder.path().join(MANIFEST)).unwrap();
        std::fs::write(folder.path().join(MANIFEST), manifest.replace(file, "vectors.bin")).unwrap();
        assert_eq!(Index::open(folder.path(), &model).unwrap().examples(), (1, 0));
    }
}
