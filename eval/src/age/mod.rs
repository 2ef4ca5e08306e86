//! `ward-eval age`: apparent age against known age, photo by photo.

mod figures;
mod report;
mod sample;
mod stages;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::Result;
use models::Bundle;

use crate::compare::judge;
use crate::dataset::{Fingerprint, Photo, Photos, read_photos};
use crate::parallel;
use crate::progress;
use crate::report::{Model, Output, Provenance};
use crate::verdict::Verdict;
pub(crate) use figures::{ADULTS, BANDS, MINORS};
use report::AgeReport;
use sample::Sample;
use stages::{Bundles, Stages};

/// Which photos, and which models.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// CSV with the columns file and age and, where known, subject, sex, ethnicity, group..., split
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
    /// Only rows of this split
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Columns to group by; if not given: sex, ethnicity and group..., where there are any
    #[arg(long, value_name = "COLUMN")]
    group_by: Vec<String>,
    /// Bounds that the report must keep, in TOML: see eval/gates
    #[arg(long, value_name = "FILE")]
    gate: Option<PathBuf>,
    /// Threads, each with models of its own; if not given: the cores of this process
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

/// Looks at every photo and writes the report.
///
/// # Errors
/// When the data or a bundle cannot be used, or the output cannot be written.
pub(crate) fn run(options: &Options) -> Result<Verdict> {
    let wanted =
        Photos { manifest: &options.manifest, split: options.split.as_deref(), group_by: &options.group_by };
    let photos = read_photos(&wanted)?;
    let bundles = Bundles { detector: Bundle::open(&options.detector)?, age: Bundle::open(&options.bundle)? };
    let models =
        vec![Model::new("detector", bundles.detector.identity()), Model::new("age", bundles.age.identity())];
    let provenance = Provenance::new(0, vec![Fingerprint::of(&options.manifest)?], models, Vec::new());
    let mut output = Output::create(&options.out)?;
    let samples = look_at_all(photos, options, &bundles, &mut output)?;
    let report = AgeReport::new(&samples, provenance);
    output.finish(&report)?;
    judge(options.gate.as_deref(), &report, &options.out)
}

fn look_at_all(
    photos: Vec<Photo>,
    options: &Options,
    bundles: &Bundles,
    output: &mut Output,
) -> Result<Vec<Sample>> {
    let bar = progress::photos(photos.len())?;
    let threads = options.threads.unwrap_or_else(parallel::cores);
    let worker = |_| {
        let mut stages = Stages::open(bundles)?;
        Ok(move |photo: Photo| {
            let outcome = stages.look_at(&options.images.join(&photo.file))?;
            Ok(Sample { photo, outcome })
        })
    };
    let workers = (0..threads.get()).map(worker).collect::<Result<Vec<_>>>()?;
    let mut samples = Vec::with_capacity(photos.len());
    parallel::in_order(photos.into_iter().map(Ok), workers, |sample| {
        bar.inc(1);
        output.sample(&sample)?;
        samples.push(sample);
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(samples)
}
