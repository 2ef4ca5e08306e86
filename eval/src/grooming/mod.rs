//! `ward-eval grooming`: conversation risk against labels, conversation by conversation.

mod alerts;
mod figures;
mod report;
mod sample;
mod stages;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Result;
use indicatif::ProgressBar;
use models::Bundle;
use models::grooming::GroomingManifest;

use crate::compare::judge;
use crate::dataset::{Chat, ChatOptions, Chats, Fingerprint};
use crate::parallel;
use crate::progress;
use crate::report::{Model, Output, Provenance};
use crate::verdict::Verdict;
use figures::Tally;
use report::GroomingReport;
use sample::Sample;
use stages::Stages;

/// Conversations that a thread takes at a time: enough short messages of like length to fill a batch.
const BLOCK: usize = 16;

/// Which conversations, and which model.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    chats: ChatOptions,
    /// Folder for report.html, report.json and samples.jsonl
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder of the grooming model
    #[arg(long, value_name = "DIR", default_value = "models/bundles/grooming")]
    bundle: PathBuf,
    /// Bounds that the report must keep, in TOML: see eval/gates
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Threads, each with a model of its own; if not given: the cores of this process
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Judges every conversation and writes the report.
///
/// # Errors
/// When the data or the bundle cannot be used, or the output cannot be written.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    let bundle = Bundle::open(&options.bundle)?;
    let data = options.chats.files().map(Fingerprint::of).collect::<Result<Vec<_>>>()?;
    let provenance = Provenance::new(0, data, vec![Model::new("grooming", bundle.identity())], Vec::new());
    let mut output = Output::create(&options.out)?;
    let tally = judge_all(options, &bundle, &mut output)?;
    let report = GroomingReport::new(&tally, provenance);
    output.finish(&report)?;
    judge(options.gate.as_deref(), &report, &options.out)
}

fn judge_all(options: &Options, bundle: &Bundle<GroomingManifest>, output: &mut Output) -> Result<Tally> {
    let bar = progress::bytes(&options.chats.data)?;
    let chats = options.chats.chats(bar.clone())?;
    let threads = options.threads.unwrap_or_else(parallel::cores);
    let worker = |_| {
        let mut stages = Stages::open(bundle)?;
        Ok(move |chats: Vec<Chat>| stages.judge(&chats))
    };
    let workers = (0..threads.get()).map(worker).collect::<Result<Vec<_>>>()?;
    let mut tally = Tally::default();
    parallel::in_order(blocks(chats), workers, |samples| collect(samples, &mut tally, output, &bar))?;
    bar.finish_and_clear();
    tally.check()?;
    Ok(tally)
}

fn collect(samples: Vec<Sample>, tally: &mut Tally, output: &mut Output, bar: &ProgressBar) -> Result<()> {
    for sample in samples {
        output.sample(&sample)?;
        tally.add(sample);
    }
    bar.set_message(format!("{} conversations", tally.n()));
    Ok(())
}

/// Conversations in blocks; an error ends the block that it would have been in.
fn blocks(mut chats: Chats) -> impl Iterator<Item = Result<Vec<Chat>>> {
    std::iter::from_fn(move || {
        let block: Result<Vec<Chat>> = chats.by_ref().take(BLOCK).collect();
        Some(block).filter(|block| !matches!(block, Ok(chats) if chats.is_empty()))
    })
}
