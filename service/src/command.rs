//! The sub-commands, one file each: arguments in, a table for people or JSON for programs out.

pub(crate) mod age;
pub(crate) mod grooming;
pub(crate) mod index;
pub(crate) mod models;
pub(crate) mod serve;

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write as _};

use comfy_table::Table;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;

/// Says on standard error what went wrong: one sentence, and what was behind it.
#[allow(clippy::print_stderr)] // this is a program's last word
pub(crate) fn complain(error: &anyhow::Error) {
    let mut text = format!("ward: {error}");
    for cause in error.chain().skip(1) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  because: {cause}");
    }
    eprintln!("{text}");
}

/// Whether the reader of our standard output has left, as `head` does: it has read enough, and nothing went wrong.
pub(crate) fn reader_left(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// Prints to standard output.
///
/// # Errors
/// When standard output is closed or full.
pub(crate) fn print(text: impl std::fmt::Display) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}")
}

/// A table in the house style.
pub(crate) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY);
    table.set_header(header);
    table
}

/// Progress for a person: `done` of `all` on standard error, only when that is a terminal.
pub(crate) fn progress(what: &str, done: usize, all: usize) {
    let mut error = std::io::stderr().lock();
    if error.is_terminal() {
        let end = if done == all { "\r\x1b[K" } else { "" };
        // A terminal that is gone misses nothing.
        let _ = write!(error, "\r{what} {done}/{all}{end}");
        let _ = error.flush();
    }
}
