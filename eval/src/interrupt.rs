//! Ctrl-C: work ends between two items, so that nothing is left half-written. A second one ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};

use crate::verdict::INTERRUPTED;

static ASKED: AtomicBool = AtomicBool::new(false);

/// Listens for Ctrl-C from now on. To be called once.
///
/// # Errors
/// When the process may not listen.
pub(crate) fn listen() -> Result<()> {
    ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .context("cannot listen for Ctrl-C")
}

/// To be asked between two items of any long work, and before its result is put in place.
///
/// # Errors
/// After Ctrl-C.
pub(crate) fn check() -> Result<()> {
    if was_asked() {
        bail!("interrupted: nothing was written");
    }
    Ok(())
}

/// Whether there was a Ctrl-C.
pub(crate) fn was_asked() -> bool {
    ASKED.load(Ordering::Relaxed)
}
