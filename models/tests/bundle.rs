//! A bundle that is not what it should be is refused with one sentence that names the path and the mend.

#![allow(clippy::expect_used)] // a test that cannot go on fails

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use models::age::{AgeManifest, Detector, DetectorManifest};
use models::{Bundle, LoadError};

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles").join(name)
}

/// A copy of the shipped detector that a test may spoil.
fn detector() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for file in ["manifest.toml", "model.onnx"] {
        fs::copy(shipped("detector").join(file), folder.path().join(file)).expect("a copy");
    }
    folder
}

fn spoil(folder: &tempfile::TempDir, spoilt: impl Fn(String) -> String) {
    let path = folder.path().join("manifest.toml");
    let text = fs::read_to_string(&path).expect("a manifest");
    fs::write(&path, spoilt(text)).expect("written");
}

fn refusal(folder: &Path) -> LoadError {
    Bundle::<DetectorManifest>::open(folder).expect_err("must be refused")
}

#[test]
fn a_copy_is_the_same_model() {
    let copy = Bundle::<DetectorManifest>::open(detector().path()).expect("a bundle");
    let original = Bundle::<DetectorManifest>::open(&shipped("detector")).expect("a bundle");
    assert_eq!(copy.identity(), original.identity());
    assert_eq!(copy.identity().sha256.len(), 64);
}

#[test]
fn a_folder_without_a_manifest_is_named() {
    let error = refusal(Path::new("/nowhere"));
    assert!(matches!(error, LoadError::Unreadable { .. }));
    assert!(error.to_string().contains("/nowhere/manifest.toml"), "{error}");
}

#[test]
fn a_changed_file_is_noticed() {
    let folder = detector();
    let model = folder.path().join("model.onnx");
    let mut bytes = fs::read(&model).expect("a model");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&model, bytes).expect("written");
    let error = refusal(folder.path());
    assert!(matches!(error, LoadError::Checksum { .. }));
    assert!(error.to_string().contains("restore the file"), "{error}");
}

#[test]
fn a_key_that_nobody_reads_is_a_mistake() {
    let folder = detector();
    spoil(&folder, |text| text.replace("[detection]", "[detection]\nthreshhold = 0.5"));
    let error = refusal(folder.path());
    assert!(matches!(error, LoadError::Manifest { .. }));
    assert!(error.to_string().contains("threshhold"), "{error}");
}

#[test]
fn a_bundle_of_another_kind_is_told_apart() {
    let error = Bundle::<AgeManifest>::open(&shipped("detector")).expect_err("must be refused");
    assert!(
        matches!(&error, LoadError::Kind { expected: "age", found, .. } if found == "detector"),
        "{error}"
    );
}

#[test]
fn a_file_that_the_manifest_does_not_list_is_not_read() {
    let folder = detector();
    let without = |text: String| {
        text.lines().filter(|line| !line.contains("model.onnx")).collect::<Vec<_>>().join("\n")
    };
    spoil(&folder, without);
    let bundle = Bundle::<DetectorManifest>::open(folder.path()).expect("an empty list is fine");
    let error = Detector::open(&bundle, NonZeroUsize::MIN).expect_err("must be refused");
    assert!(matches!(&error, LoadError::Unlisted { file, .. } if file == "model.onnx"), "{error}");
}

#[test]
fn a_model_with_other_tensors_is_refused_by_name() {
    let folder = detector();
    fs::copy(shipped("age").join("model.onnx"), folder.path().join("model.onnx")).expect("a copy");
    let age = fs::read_to_string(shipped("age").join("manifest.toml")).expect("a manifest");
    let hash = |text: &str| text.split("\"model.onnx\" = \"").nth(1).expect("listed")[..64].to_owned();
    spoil(&folder, |text| text.replace(&hash(&text), &hash(&age)));
    let bundle = Bundle::<DetectorManifest>::open(folder.path()).expect("the checksum fits");
    let error = Detector::open(&bundle, NonZeroUsize::MIN).expect_err("must be refused");
    assert!(
        matches!(&error, LoadError::Signature { side: "output", name, .. } if name == "cls_8"),
        "{error}"
    );
    assert!(error.to_string().contains("none of that name"), "{error}");
}
