//! `ward-eval validate`: what is wrong with data, before an hour is lost on them. Runs no model.
//!
//! Unlike a run it does not stop at the first fault: all are found, counted and named with their file and line.

mod age;
mod duplicates;
mod findings;
mod grooming;
mod look;
mod messages;
mod neighbours;
mod problem;

use anyhow::Result;

use crate::verdict::Verdict;

/// What is to be looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    data: Data,
}

#[derive(Debug, clap::Subcommand)]
enum Data {
    /// Photos with known age, as for `ward-eval age`
    Age(age::Options),
    /// Conversations with labels, as for `ward-eval grooming`
    Grooming(grooming::Options),
}

/// Looks at all of the data and says what is wrong with them.
///
/// # Errors
/// When there is nothing to look at, or the output cannot be written.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    match &options.data {
        Data::Age(options) => age::run(options),
        Data::Grooming(options) => grooming::run(options),
    }
}
