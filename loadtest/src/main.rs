//! `ward-loadtest`: what a running Ward answers under load.

mod arrival;
mod report;
mod run;
mod tally;
mod workload;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use tonic::transport::{Channel, Endpoint};

use arrival::Arrival;
use report::Report;
use run::{Call, Plan};
use tally::{Figures, Tally};
use workload::{Photo, Texts};

const PROGRESS: &str = "{bar:32} {pos}/{len} s · {msg}";

#[derive(Debug, Parser)]
#[command(
    name = "ward-loadtest",
    version,
    about = "Calls a running Ward and measures how fast and how often it answers."
)]
struct Arguments {
    #[command(subcommand)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Target {
    /// Call EstimateAge with a photo
    Age {
        /// The photo to send: JPEG, PNG or WebP
        #[arg(long, value_name = "FILE")]
        image: PathBuf,
        #[command(flatten)]
        options: Options,
    },
    /// Call ScoreMessages, one message a call
    Grooming {
        /// A message a line; if not given: a few dozen built-in ones
        #[arg(long, value_name = "FILE")]
        texts: Option<PathBuf>,
        #[command(flatten)]
        options: Options,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// Where Ward listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:50051")]
    addr: String,
    #[command(flatten)]
    load: Load,
    /// How long to call, for each step of a sweep, such as 30s
    #[arg(long, value_name = "D", value_parser = humantime::parse_duration)]
    duration: Duration,
    /// How long an answer may take, such as 250ms
    #[arg(long, value_name = "D", value_parser = humantime::parse_duration, default_value = "1s")]
    deadline: Duration,
    /// Write the figures to this file too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Load {
    /// Open loop: so many calls a second, whether or not earlier ones have been answered
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// Closed loop: so many callers, each waiting for its answer
    #[arg(long, value_name = "N")]
    concurrency: Option<NonZeroUsize>,
    /// Open loop at doubling rates until answers no longer come in time
    #[arg(long)]
    sweep: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    match test(Arguments::parse().target).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Standard error may be closed; the exit code still tells.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn test(target: Target) -> Result<()> {
    match target {
        Target::Age { image, options } => {
            let photo = Photo::read(&image, connect(&options.addr).await?)?;
            conclude(&options, Report::new("age", steps(&options, &photo).await?))
        }
        Target::Grooming { texts, options } => {
            let texts = Texts::read(texts.as_deref(), connect(&options.addr).await?)?;
            conclude(&options, Report::new("grooming", steps(&options, &texts).await?))
        }
    }
}

async fn connect(addr: &str) -> Result<Channel> {
    let url = if addr.contains("://") { addr.to_owned() } else { format!("http://{addr}") };
    let endpoint = Endpoint::from_shared(url).with_context(|| format!("{addr} is not an address"))?;
    endpoint
        .connect()
        .await
        .with_context(|| format!("nobody answers at {addr}: is `ward serve` running there?"))
}

/// One step for a rate or a number of callers, as many as it takes for a sweep.
async fn steps(options: &Options, call: &impl Call) -> Result<Vec<Figures>> {
    match options.load {
        Load { rate: Some(rate), .. } => Ok(vec![step(options, Arrival::Open { rate }, call).await?]),
        Load { concurrency: Some(concurrency), .. } => {
            Ok(vec![step(options, Arrival::Closed { concurrency }, call).await?])
        }
        Load { .. } => {
            let mut steps = Vec::new();
            for rate in arrival::doubling() {
                let figures = step(options, Arrival::Open { rate }, call).await?;
                let go_on = report::kept_up(&figures);
                steps.push(figures);
                if !go_on {
                    break;
                }
            }
            Ok(steps)
        }
    }
}

async fn step(options: &Options, arrival: Arrival, call: &impl Call) -> Result<Figures> {
    let plan = Plan { arrival, duration: options.duration, deadline: options.deadline };
    let bar =
        ProgressBar::new(options.duration.as_secs()).with_style(ProgressStyle::with_template(PROGRESS)?);
    let watch = |tally: &Tally| {
        bar.set_position(bar.elapsed().as_secs());
        bar.set_message(format!("{} answered, {} failed", tally.answered(), tally.failed()));
    };
    let tally = run::run(&plan, call, watch).await;
    bar.finish_and_clear();
    Ok(tally.figures())
}

fn conclude(options: &Options, report: Option<Report>) -> Result<()> {
    let report = report.context("nothing was measured")?;
    if let Some(file) = &options.json {
        let json = serde_json::to_string_pretty(&report)? + "\n";
        std::fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    writeln!(io::stdout(), "{}", report.table())?;
    ensure!(report.answered_any(), "not one call was answered");
    Ok(())
}

fn rate(text: &str) -> Result<f64> {
    match text.parse() {
        Ok(rate) if f64::is_finite(rate) && rate > 0.0 => Ok(rate),
        _ => bail!("must be a number of calls a second, above 0"),
    }
}
