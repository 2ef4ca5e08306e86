//! Structured logs on standard error. No call site may log an image, a text, a name or a token.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;

use crate::config::{Format, Level, Log};

/// Starts logging for this process; a second call changes nothing.
///
/// A panic is logged with its place only: its words may quote what a caller sent.
pub fn start(log: Log) {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a thread panicked");
    }));
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(filter(log.level))
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    // The error means that logging was started before, as several servers in one test process do.
    let _ = match log.format {
        Format::Text => builder.compact().try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
}

fn filter(level: Level) -> LevelFilter {
    match level {
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}
