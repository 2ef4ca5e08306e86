//! Structured logs on standard error. No call site may log an image, a text, a name or a token.

use std::io::IsTerminal;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Format, Level, Log};

/// Starts logging for this process; a second call changes nothing.
///
/// A panic is logged with its place only: its words may quote what a caller sent.
pub fn start(log: Log) {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, "a thread panicked");
    }));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    let lines = match log.format {
        Format::Text => lines.compact().boxed(),
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    // The error means that logging was started before, as several servers in one test process do.
    let _ = tracing_subscriber::registry().with(lines.with_filter(ours(filter(log.level)))).try_init();
}

/// Our own lines at the configured level; those of libraries, which may quote a message's bytes, only from WARN on.
fn ours(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets([
        ("service", level),
        ("models", level),
        ("ward", level),
    ])
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
