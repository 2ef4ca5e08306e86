//! The shipped bundle and its stages, opened for a test.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use models::grooming::{
    GroomingManifest, IndexSlot, MessageInput, MessageScore, MessageScorer, Prepare, Screening, TextLimits,
    Tokens, Turn,
};
use models::{Bundle, InputError, Stage};

pub(crate) const LIMITS: TextLimits = TextLimits { max_text_bytes: 4096 };

pub(crate) fn bundle() -> Bundle<GroomingManifest> {
    Bundle::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles/grooming")).unwrap()
}

pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

pub(crate) fn prepare(inputs: Vec<MessageInput>) -> Vec<Result<Tokens, InputError>> {
    let prepared = Prepare::open(&bundle(), LIMITS, Screening::Off).unwrap().run(inputs).unwrap();
    prepared.into_iter().map(|one| one.map(|prepared| prepared.tokens().unwrap())).collect()
}

pub(crate) fn tokens(inputs: Vec<MessageInput>) -> Vec<Tokens> {
    prepare(inputs).into_iter().map(Result::unwrap).collect()
}

pub(crate) fn scorer() -> MessageScorer {
    MessageScorer::open(&bundle(), NonZeroUsize::MIN, IndexSlot::default()).unwrap()
}

pub(crate) fn scores(inputs: Vec<MessageInput>) -> Vec<MessageScore> {
    scorer().run(tokens(inputs)).unwrap()
}

pub(crate) fn message(text: &str) -> MessageInput {
    MessageInput { author: "a".to_owned(), text: text.to_owned(), context: Vec::new() }
}

pub(crate) fn turn(author: &str, text: &str) -> Turn {
    Turn { author: author.to_owned(), text: text.to_owned() }
}
