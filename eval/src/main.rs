//! `ward-eval`: how good are the models that Ward serves, on data of the user's own?
//!
//! It runs the very stages that are served, offline, so that its figures are the service's figures.

mod age;
mod compare;
mod dataset;
mod grooming;
mod interrupt;
mod metrics;
mod parallel;
mod progress;
mod report;
mod validate;
mod verdict;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use verdict::Verdict;

#[derive(Debug, Parser)]
#[command(
    name = "ward-eval",
    version,
    about = "Measures Ward's models on your own data, with the stages that are served.",
    after_help = "Exit codes: 0 passed, 1 a gate failed, 2 no result (bad data, for one), 3 too few data for a gate, \
                  130 interrupted by Ctrl-C."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Apparent age against known age, on photos
    Age(age::Options),
    /// Grooming risk against labels, on conversations
    Grooming(grooming::Options),
    /// Find what is wrong with data before an hour is lost on them
    Validate(validate::Options),
    /// Compare two reports, and judge the second by a gate
    Compare(compare::Options),
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    match interrupt::listen().and_then(|()| run(&command)) {
        Ok(verdict) => verdict.into(),
        Err(error) => {
            // Standard error may be closed; the exit code still tells.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            if interrupt::was_asked() { verdict::INTERRUPTED.into() } else { Verdict::BadData.into() }
        }
    }
}

fn run(command: &Command) -> Result<Verdict> {
    match command {
        Command::Age(options) => age::run(options),
        Command::Grooming(options) => grooming::run(options),
        Command::Validate(options) => validate::run(options),
        Command::Compare(options) => compare::run(options),
    }
}

/// Says something on standard output. Who has stopped reading, as `head` does, has read enough.
fn say(text: &str) -> Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        said => Ok(said?),
    }
}
