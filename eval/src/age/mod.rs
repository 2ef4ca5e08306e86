//! `ward-eval age`: apparent age against known age, photo by photo.

mod figures;
mod latency;
mod perturb;
mod policies;
mod report;
mod robustness;
mod sample;
mod stages;

use std::mem;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use models::Bundle;
use models::age::ImageLimits;

use crate::compare::{Gate, judge};
use crate::dataset::{Fingerprint, Photo, Photos, read_photos};
use crate::metrics::Bootstrap;
use crate::parallel;
use crate::progress;
use crate::report::{Model, Output, Provenance};
use crate::verdict::Verdict;
use figures::Pair;
pub(crate) use figures::{ADULTS, BANDS, MINORS};
use latency::Stopwatch;
pub(crate) use policies::Policies;
use report::{AgeReport, Observed};
use sample::{Line, Sample};
use stages::{Bundles, Stages};

/// Which photos, and which models.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// CSV, JSONL or Parquet with the columns file and age and, where known, subject, sex, ethnicity, group..., split
    #[arg(long, value_name = "CSV")]
    manifest: PathBuf,
    /// Folder that the CSV's file names are relative to
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// Folder for report.html, report.json and samples.jsonl
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Folder of the age model
    #[arg(long, value_name = "DIR", default_value = "models/bundles/age")]
    bundle: PathBuf,
    /// Folder of the face detector
    #[arg(long, value_name = "DIR", default_value = "models/bundles/detector")]
    detector: PathBuf,
    /// Configuration with age policies, max_pixels and max_message_bytes, laid over the shipped ones; if not given: ward.toml,
    /// where there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only rows of this split
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Columns to group by; if not given: sex, ethnicity and group..., where there are any
    #[arg(long, value_name = "COLUMN")]
    group_by: Vec<String>,
    /// Photos that the robustness table is made of, drawn at random; 0 for no table
    #[arg(long, value_name = "N", default_value_t = 500)]
    robustness: usize,
    /// Of the draws: photos for the robustness table, noise, bootstrap
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Bounds that the report must keep, in TOML: see eval/gates
    #[arg(long, value_name = "FILE", value_parser = Gate::read_for_one)]
    gate: Option<Gate>,
    /// Threads, each with models of its own; if not given: the cores of this process
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// What a run looks with.
struct Run<'a> {
    options: &'a Options,
    bundles: Bundles,
    policies: Policies,
}

/// Looks at every photo and writes the report.
///
/// # Errors
/// When the data or a bundle cannot be used, or the output cannot be written.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    let wanted =
        Photos { manifest: &options.manifest, split: options.split.as_deref(), group_by: &options.group_by };
    let photos = read_photos(&wanted)?;
    ensure!(options.images.is_dir(), "{}: there is no such folder of images", options.images.display());
    let policies = Policies::load(options.config.as_deref())?;
    let bundles = Bundles { detector: Bundle::open(&options.detector)?, age: Bundle::open(&options.bundle)? };
    let run = Run { options, bundles, policies };
    let provenance = run.provenance()?;
    let mut output = Output::create(&options.out)?;
    let drawn = robustness::draw(&photos, options.robustness, options.seed);
    let (samples, watch) = run.look_at_all(photos, &mut output)?;
    run.ensure_any_was_read(&samples)?;
    let observed = Observed {
        samples: &samples,
        pairs: &run.look_at_perturbed(drawn)?,
        policies: &run.policies,
        latency: watch.latency(),
        nominal_coverage: run.bundles.age.manifest.calibration.coverage,
    };
    let report = AgeReport::new(observed, Bootstrap { seed: options.seed }, provenance);
    output.finish(&report)?;
    judge(options.gate.as_ref(), &report, &options.out)
}

impl Run<'_> {
    fn provenance(&self) -> Result<Provenance> {
        let Bundles { detector, age } = &self.bundles;
        let models = vec![Model::new("detector", detector.identity()), Model::new("age", age.identity())];
        let data = vec![Fingerprint::of(&self.options.manifest)?];
        Ok(Provenance::new(self.options.seed, data, models, self.policies.identities()))
    }

    /// Refuses to report on a folder that holds none of the photos: it is the wrong one.
    fn ensure_any_was_read(&self, samples: &[Sample]) -> Result<()> {
        let Options { manifest, images, .. } = self.options;
        ensure!(
            samples.iter().any(Sample::was_read),
            "not one file that {} names could be read in {}: is --images the folder that they are relative to?",
            manifest.display(),
            images.display()
        );
        Ok(())
    }

    fn threads(&self) -> usize {
        self.options.threads.unwrap_or_else(parallel::cores).get()
    }

    /// A worker for each thread, which owns its stages.
    fn workers<W>(&self, limits: ImageLimits, worker: impl Fn(Stages) -> W) -> Result<Vec<W>> {
        (0..self.threads()).map(|_| Ok(worker(Stages::open(&self.bundles, limits)?))).collect()
    }

    fn look_at_all(&self, photos: Vec<Photo>, output: &mut Output) -> Result<(Vec<Sample>, Stopwatch)> {
        let (bar, mut watch) = (progress::photos(photos.len())?, Stopwatch::new(self.threads())?);
        let (images, policies) = (&self.options.images, &self.policies);
        let workers = self.workers(policies.limits(), |mut stages| {
            move |photo: Photo| {
                let looked = stages.look_at_file(&images.join(&photo.file), policies)?;
                let sample = Sample { photo, outcome: looked.outcome, decided: looked.decided };
                Ok((sample, looked.timings))
            }
        })?;
        let mut samples = Vec::with_capacity(photos.len());
        parallel::in_order(photos.into_iter().map(Ok), workers, |(mut sample, timings)| {
            bar.inc(1);
            watch.add(timings);
            output.sample(&Line { sample: &sample, policies })?;
            // Written down, a file's name is of no more use, and names are most of what a photo would hold.
            drop(mem::take(&mut sample.photo.file));
            samples.push(sample);
            Ok(())
        })?;
        bar.finish_and_clear();
        Ok((samples, watch))
    }

    fn look_at_perturbed(&self, drawn: Vec<Photo>) -> Result<Vec<Pair>> {
        if drawn.is_empty() {
            return Ok(Vec::new());
        }
        let bar = progress::items(drawn.len(), "photos, each perturbed in nine ways")?;
        let (images, with) = (&self.options.images, (&self.policies, self.options.seed));
        let workers = self.workers(robustness::LIMITS, |mut stages| {
            move |photo: Photo| robustness::look_at_perturbed(&mut stages, photo, images, with)
        })?;
        let mut pairs = Vec::with_capacity(drawn.len());
        parallel::in_order(drawn.into_iter().map(Ok), workers, |pair| {
            bar.inc(1);
            pairs.extend(pair);
            Ok(())
        })?;
        bar.finish_and_clear();
        Ok(pairs)
    }
}
