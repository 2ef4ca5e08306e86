//! How far a run is, for a person who watches: on standard error, and only where that is a terminal.

use std::path::PathBuf;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

const PHOTOS: &str = "{bar:32} {pos}/{len} photos · {per_sec} · {eta} left";
const SPOILED: &str = "{bar:32} {pos}/{len} spoiled conversations · {per_sec} · {eta} left";
const BYTES: &str = "{bar:32} {bytes}/{total_bytes} · {msg} · {eta} left";

/// A bar over so many photos.
pub(crate) fn photos(count: usize) -> Result<ProgressBar> {
    Ok(ProgressBar::new(count as u64).with_style(ProgressStyle::with_template(PHOTOS)?))
}

/// A bar over so many conversations that are judged again with spoiled text.
pub(crate) fn spoiled(count: usize) -> Result<ProgressBar> {
    Ok(ProgressBar::new(count as u64).with_style(ProgressStyle::with_template(SPOILED)?))
}

/// A bar over the bytes of `files`: how many conversations they hold is known only at the end.
pub(crate) fn bytes(files: &[PathBuf]) -> Result<ProgressBar> {
    let size = |file: &PathBuf| {
        let metadata = file.metadata().with_context(|| format!("cannot read {}", file.display()))?;
        Ok(metadata.len())
    };
    let total = files.iter().map(size).sum::<Result<u64>>()?;
    Ok(ProgressBar::new(total).with_style(ProgressStyle::with_template(BYTES)?))
}
