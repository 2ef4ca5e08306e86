//! `ward-eval grooming`: conversation risk against labels, conversation by conversation.

mod authors;
mod baselines;
mod cascade;
mod clustered;
mod figures;
mod hash;
mod messages;
mod perturb;
mod record;
mod report;
mod reservoir;
mod robustness;
mod sample;
mod stages;
mod tally;
#[cfg(test)]
mod testing;
mod walk;
mod window;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Result;
use models::Bundle;
use models::grooming::{GroomingManifest, Index, IndexSlot};

use crate::compare::{self, Gate};
use crate::dataset::{Chat, ChatOptions, Fingerprint, Format};
use crate::parallel;
use crate::progress;
use crate::report::{Model, Output, Provenance};
use crate::verdict::Verdict;
use report::GroomingReport;
use reservoir::Reservoir;
use sample::{Sample, Texts};
use stages::{Judged, Stages};
use tally::{AuthorTruth, Tally};

/// Conversations that a thread takes at a time: enough short messages to fill a batch.
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
    /// Folder of a platform's own examples, as `ward index build` writes it
    #[arg(long, value_name = "DIR")]
    index: Option<PathBuf>,
    /// Conversations of each class that are judged again with spoiled text; 0 leaves the robustness table out
    #[arg(long, value_name = "N", default_value_t = 200)]
    robustness: usize,
    /// Seed of what is drawn at random: conversations for the robustness table, and how they are spoiled
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Write what was said to samples.jsonl, too; without this no text leaves the data
    #[arg(long)]
    include_text: bool,
    /// Bounds that the report must keep, in TOML: see eval/gates
    #[arg(long, value_name = "FILE", value_parser = Gate::read_for_one)]
    gate: Option<Gate>,
    /// Threads, each with a model of its own; if not given: the cores of this process
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl Options {
    fn author_truth(&self) -> AuthorTruth {
        match self.chats.format {
            Format::Pan12 => AuthorTruth::Named,
            Format::Jsonl => AuthorTruth::Unknown,
        }
    }

    fn index(&self, bundle: &Bundle<GroomingManifest>) -> Result<IndexSlot> {
        let index = self.index.as_deref().map(|folder| Index::open(folder, bundle)).transpose()?;
        Ok(index.map(IndexSlot::new).unwrap_or_default())
    }

    fn texts(&self) -> Texts {
        if self.include_text { Texts::Included } else { Texts::LeftOut }
    }
}

/// Judges every conversation and writes the report.
///
/// # Errors
/// When the data or the bundle cannot be used, or the output cannot be written.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    let bundle = Bundle::open(&options.bundle)?;
    let data = options.chats.files().map(Fingerprint::of).collect::<Result<Vec<_>>>()?;
    let mut models = vec![Model::new("grooming", bundle.identity())];
    models.extend(
        options.index(&bundle)?.get().identity().map(|identity| Model::new("grooming-index", identity)),
    );
    let provenance = Provenance::new(options.seed, data, models, Vec::new());
    let mut output = Output::create(&options.out)?;
    let tally = judge_all(options, &bundle, &mut output)?;
    let report = GroomingReport::new(&tally, provenance);
    output.finish(&report)?;
    compare::judge(options.gate.as_ref(), &report, &options.out)
}

/// Every conversation once, and the drawn ones again in every perturbation.
fn judge_all(options: &Options, bundle: &Bundle<GroomingManifest>, output: &mut Output) -> Result<Tally> {
    let threads = options.threads.unwrap_or_else(parallel::cores);
    let index = options.index(bundle)?;
    let open = |_| Stages::open(bundle, index.clone());
    let mut stages = (0..threads.get()).map(open).collect::<Result<Vec<_>>>()?;
    let drawn = Reservoir::new(options.robustness, options.seed);
    let mut tally = Tally::new(bundle.manifest.clone(), options.author_truth(), drawn)?;
    judge_once(options, &mut stages, Collected { tally: &mut tally, output, texts: options.texts() })?;
    tally.check()?;
    let bar = progress::items(tally.drawn.n() * robustness::WAYS, "spoiled conversations")?;
    tally.alerted = robustness::measure(&tally.drawn, options.seed, &mut stages, &bar)?;
    bar.finish_and_clear();
    Ok(tally)
}

/// Where judged conversations go.
struct Collected<'a> {
    tally: &'a mut Tally,
    output: &'a mut Output,
    texts: Texts,
}

fn judge_once(options: &Options, stages: &mut [Stages], mut collected: Collected<'_>) -> Result<()> {
    let bar = progress::bytes(&options.chats.data)?;
    let chats = options.chats.chats(bar.clone())?;
    let workers: Vec<_> =
        stages.iter_mut().map(|stages| move |chats: Vec<Chat>| judge(&mut *stages, chats)).collect();
    parallel::in_order(blocks(chats), workers, |(chats, judged)| {
        collected.take(chats, &judged)?;
        progress::tell(&bar, collected.tally.n(), collected.tally.messages.seen);
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(())
}

fn judge(stages: &mut Stages, chats: Vec<Chat>) -> Result<(Vec<Chat>, Judged)> {
    let judged = stages.judge(&chats)?;
    Ok((chats, judged))
}

impl Collected<'_> {
    fn take(&mut self, chats: Vec<Chat>, judged: &Judged) -> Result<()> {
        self.tally.times.add(&judged.timings);
        for (chat, judgement) in chats.into_iter().zip(&judged.judgements) {
            self.output.sample(&Sample::of(&chat, judgement, self.texts))?;
            self.tally.add(chat, judgement);
        }
        Ok(())
    }
}

/// Conversations in blocks; an error ends the block that it would have been in.
fn blocks(mut chats: impl Iterator<Item = Result<Chat>>) -> impl Iterator<Item = Result<Vec<Chat>>> {
    std::iter::from_fn(move || {
        let block: Result<Vec<Chat>> = chats.by_ref().take(BLOCK).collect();
        Some(block).filter(|block| !matches!(block, Ok(chats) if chats.is_empty()))
    })
}
