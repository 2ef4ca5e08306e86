//! What can go wrong, by whose fault: the operator's (load), the caller's (input), ours (inference).

use std::path::PathBuf;

/// A bundle or the runtime cannot be used. Each message is one sentence with the path and the mend.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// No ONNX Runtime library anywhere we look.
    #[error("ONNX Runtime was not found (looked for {}): run `make setup`, or set ORT_DYLIB_PATH to its shared library",
        searched.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "))]
    RuntimeMissing {
        /// Every path that was tried, in order.
        searched: Vec<PathBuf>,
    },
    /// There is a library, but it is not an ONNX Runtime that we can use.
    #[error("{} is not a usable ONNX Runtime: run `make setup`, or point ORT_DYLIB_PATH to version 1.28", path.display())]
    RuntimeUnusable {
        /// The library that was tried.
        path: PathBuf,
        /// What ONNX Runtime's binding said of it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file of a bundle cannot be read.
    #[error("cannot read {}: check that the bundle folder is complete and readable", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The manifest is not what this kind of bundle needs.
    #[error("{} is not a valid manifest: {}", path.display(), source.message())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// Where and why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A bundle of another kind stands where this one was expected.
    #[error("{} is a bundle of kind `{found}` where one of kind `{expected}` is needed: correct the path in ward.toml", path.display())]
    Kind {
        /// The manifest.
        path: PathBuf,
        /// The kind needed.
        expected: &'static str,
        /// The kind that the manifest names.
        found: String,
    },
    /// The manifest holds a value that makes no sense.
    #[error("{}: `{key}` must be {must_be}", path.display())]
    ManifestValue {
        /// The manifest or the bundle's folder.
        path: PathBuf,
        /// The key, dotted.
        key: &'static str,
        /// What the value must be.
        must_be: &'static str,
    },
    /// The loader needs a file that the manifest does not list.
    #[error("{} lists no file `{file}`: add it to [files] with its sha256", path.display())]
    Unlisted {
        /// The manifest.
        path: PathBuf,
        /// The missing name.
        file: String,
    },
    /// A file is not the one that the manifest was written for.
    #[error("{} has sha256 {found} but its manifest says {expected}: restore the file, or update the manifest", path.display())]
    Checksum {
        /// The file.
        path: PathBuf,
        /// From the manifest, hex.
        expected: String,
        /// Of the file, hex.
        found: String,
    },
    /// ONNX Runtime cannot open the model.
    #[error("{} cannot be opened as an ONNX model", path.display())]
    Model {
        /// The model.
        path: PathBuf,
        /// What ONNX Runtime said.
        #[source]
        source: ort::Error,
    },
    /// The model's inputs or outputs are not those of its kind.
    #[error("{} does not fit its kind: {side} `{name}` must be {expected}, but the model has {found}", path.display())]
    Signature {
        /// The model.
        path: PathBuf,
        /// `input` or `output`.
        side: &'static str,
        /// The tensor's name.
        name: String,
        /// Element type and rank needed.
        expected: String,
        /// Element type and rank found, or `none of that name`.
        found: String,
    },
    /// The model takes inputs of another shape than the manifest describes.
    #[error("{} takes {model} as `{name}`, but its manifest describes {manifest}: correct [crop] size and [input] layout", path.display())]
    InputShape {
        /// The model.
        path: PathBuf,
        /// The input's name.
        name: String,
        /// The model's axes, `?` for those of any size.
        model: String,
        /// The manifest's.
        manifest: String,
    },
    /// The model opens, but a blank input fails in it.
    #[error("{} describes a model that fails on a blank input: check that model and manifest belong together", path.display())]
    Blank {
        /// The manifest.
        path: PathBuf,
        /// How it failed.
        #[source]
        source: InferenceError,
    },
    /// The tokenizer cannot be opened.
    #[error("{} cannot be opened as a tokenizer", path.display())]
    Tokenizer {
        /// The tokenizer's file.
        path: PathBuf,
        /// What the tokenizer library said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// The caller sent something that cannot be answered. Display is one sentence: what is wrong and what to do.
///
/// Nothing of what the caller sent (no byte, text or name) appears in it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InputError {
    /// No bytes at all.
    #[error("the image is empty: send the bytes of a JPEG, PNG or WebP file")]
    ImageEmpty,
    /// Bytes that are not one of the three formats.
    #[error("the bytes are not a JPEG, PNG or WebP image: convert the photo to one of them")]
    ImageFormat,
    /// The right format, but cut short or damaged.
    #[error("the image is damaged or cut short: send the whole file")]
    ImageBroken,
    /// More pixels than the service accepts.
    #[error("the image has {width}x{height} pixels and at most {limit} are accepted: scale it down")]
    ImageTooLarge {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Most pixels accepted, width × height.
        limit: u64,
    },
    /// An age policy that contradicts itself.
    #[error("the policy contradicts itself: {0}")]
    Policy(PolicyFault),
    /// No text to score.
    #[error("the message has no text: send at least one visible character")]
    TextEmpty,
    /// More text than the service accepts.
    #[error("the message or a turn before it has {bytes} bytes and at most {limit} are accepted: split it")]
    TextTooLong {
        /// Bytes of UTF-8 received.
        bytes: usize,
        /// Most bytes accepted.
        limit: usize,
    },
}

/// In what way an age policy contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// A number is missing, not finite or out of range.
    #[error("{field} must lie {must_lie}")]
    OutOfRange {
        /// The field's name.
        field: &'static str,
        /// Where it must lie.
        must_lie: &'static str,
    },
    /// Passing under the minimum age.
    #[error("pass_if_over must not lie below minimum_age")]
    PassBelowMinimum,
    /// Failing above passing.
    #[error("fail_if_under must not lie above pass_if_over")]
    FailAbovePass,
}

impl InputError {
    /// The stable, machine-readable reason, in upper snake case.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::ImageEmpty => "IMAGE_EMPTY",
            Self::ImageFormat => "IMAGE_FORMAT",
            Self::ImageBroken => "IMAGE_BROKEN",
            Self::ImageTooLarge { .. } => "IMAGE_TOO_LARGE",
            Self::Policy(_) => "POLICY_CONTRADICTORY",
            Self::TextEmpty => "TEXT_EMPTY",
            Self::TextTooLong { .. } => "TEXT_TOO_LONG",
        }
    }
}

/// A stage failed for its whole batch: our fault, never a caller's. Detail goes to the log only.
#[derive(Debug, thiserror::Error)]
pub enum InferenceError {
    /// ONNX Runtime failed.
    #[error("ONNX Runtime failed")]
    Run(#[from] ort::Error),
    /// The tokenizer failed on a text that is not empty and not too long.
    #[error("tokenising failed")]
    Tokenise(#[from] tokenizers::Error),
    /// Arrays that do not fit together.
    #[error("a tensor has the wrong shape")]
    Shape(#[from] ndarray::ShapeError),
    /// The model answered with another number of rows than it was given.
    #[error("the model answered {found} rows for {expected} inputs")]
    Rows {
        /// Inputs given.
        expected: usize,
        /// Rows answered.
        found: usize,
    },
    /// The model answered rows of another length than its manifest describes.
    #[error("the model answers {found} values for each input where its manifest reads {expected}")]
    Columns {
        /// Values that the manifest reads.
        expected: usize,
        /// Values answered.
        found: usize,
    },
    /// The model answered something that is not a number.
    #[error("the model answered a value that is not finite")]
    NotFinite,
    /// The resizer refused the photo's buffer.
    #[error("a photo's pixels do not fit its size")]
    Pixels(#[from] fast_image_resize::ImageBufferError),
    /// An image library failed on arguments that we chose.
    #[error("resizing failed")]
    Resize(#[from] fast_image_resize::ResizeError),
}
