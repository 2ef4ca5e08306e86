//! `ward`: the server, and the same pipelines in process on files.

mod command;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use command::{age, grooming, index, models, serve};

/// Apparent ages and grooming risk, served. Every answer is triage for a person, never proof.
#[derive(Debug, Parser)]
#[command(name = "ward", version)]
struct Ward {
    /// The configuration [default: ./ward.toml if it is there, else what is shipped]
    #[arg(long, global = true, env = "WARD_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve both models over gRPC
    Serve(serve::Arguments),
    /// Estimate the apparent age of the faces in photos
    Age(age::Arguments),
    /// Assess conversations
    Grooming(grooming::Arguments),
    /// Build a platform's own examples
    Index(index::Arguments),
    /// List the models with their sha256
    Models(models::Arguments),
}

fn main() -> ExitCode {
    let ward = Ward::parse();
    let config = ward.config.as_deref();
    let done = match ward.command {
        Command::Serve(arguments) => serve::run(config, &arguments),
        Command::Age(arguments) => age::run(config, &arguments),
        Command::Grooming(arguments) => grooming::run(config, &arguments),
        Command::Index(arguments) => index::run(config, &arguments),
        Command::Models(arguments) => models::run(config, &arguments),
    };
    match done {
        Ok(code) => code,
        Err(error) if command::reader_left(&error) => ExitCode::SUCCESS,
        Err(error) => {
            command::complain(&error);
            ExitCode::FAILURE
        }
    }
}
