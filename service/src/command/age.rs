//! `ward age`: the served pipeline, in process, on files.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use models::age::{
    AgeManifest, DetectorManifest, Estimate, Estimator, Face, ImageLimits, PhotoInput, Prepare,
};
use models::{Bundle, Stage};
use serde::Serialize;
use service::Config;

use super::{print, progress, table};

/// Estimate the apparent age of the faces in photos. Apparent, never verified.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// JPEG, PNG or WebP files
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

/// What was found in one file.
#[derive(Serialize)]
struct Report {
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    faces: Vec<FaceReport>,
}

#[derive(Serialize)]
struct FaceReport {
    /// x, y, width, height; pixels of the upright photo.
    r#box: [f32; 4],
    detection_score: f32,
    age_years: f32,
    interval: IntervalReport,
    over: Vec<OverReport>,
    reasons: Vec<&'static str>,
}

#[derive(Serialize)]
struct IntervalReport {
    low: f32,
    high: f32,
    coverage: f32,
}

#[derive(Serialize)]
struct OverReport {
    age: u32,
    probability: f32,
}

pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut pipeline = Pipeline::open(&Config::load(file)?)?;
    let mut reports = Vec::with_capacity(arguments.images.len());
    for (done, image) in arguments.images.iter().enumerate() {
        progress("photo", done + 1, arguments.images.len());
        let report = pipeline.report(image)?;
        if arguments.json {
            print(serde_json::to_string(&report)?)?;
        }
        reports.push(report);
    }
    if !arguments.json {
        print_table(&reports, &pipeline.thresholds)?;
    }
    let failed = reports.iter().any(|report| report.error.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

struct Pipeline {
    prepare: Prepare,
    estimator: Estimator,
    thresholds: Vec<u32>,
    max_faces: NonZeroUsize,
}

impl Pipeline {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let detector = Bundle::<DetectorManifest>::open(&config.age.detector)?;
        let age = Bundle::<AgeManifest>::open(&config.age.bundle)?;
        let limits = ImageLimits { max_pixels: config.age.max_pixels.get() };
        let threads = service::config::cores();
        Ok(Self {
            prepare: Prepare::open(&detector, &age, limits, threads)?,
            estimator: Estimator::open(&age, threads)?,
            thresholds: age.manifest.answer.thresholds,
            max_faces: config.age.max_faces,
        })
    }

    /// A file that cannot be read or is no photo is a row of its own, and costs the others nothing.
    fn report(&mut self, file: &Path) -> anyhow::Result<Report> {
        let mut report = Report { file: file.to_path_buf(), error: None, faces: Vec::new() };
        match std::fs::read(file) {
            Ok(bytes) => match self.faces(bytes)? {
                Ok(faces) => report.faces = faces,
                Err(refusal) => report.error = Some(refusal.to_string()),
            },
            Err(error) => report.error = Some(error.to_string()),
        }
        Ok(report)
    }

    fn faces(&mut self, bytes: Vec<u8>) -> anyhow::Result<Result<Vec<FaceReport>, models::InputError>> {
        let photo = PhotoInput { bytes, max_faces: self.max_faces };
        let faces = match self.prepare.run(vec![photo])?.pop().context("one photo, one answer")? {
            Ok(faces) => faces,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let crops = faces.iter().map(|face| face.crop.clone()).collect();
        let estimates = self.estimator.run(crops)?;
        Ok(Ok(faces
            .iter()
            .zip(&estimates)
            .map(|pair| FaceReport::new(pair.0, pair.1, &self.thresholds))
            .collect()))
    }
}

impl FaceReport {
    fn new(face: &Face, estimate: &Estimate, thresholds: &[u32]) -> Self {
        let over = |age: &u32| OverReport { age: *age, probability: estimate.probability_over(*age) };
        let (bounds, interval) = (&face.bounds, &estimate.interval);
        Self {
            r#box: [bounds.x, bounds.y, bounds.width, bounds.height],
            detection_score: face.detection_score,
            age_years: estimate.age_years,
            interval: IntervalReport { low: interval.low, high: interval.high, coverage: interval.coverage },
            over: thresholds.iter().map(over).collect(),
            reasons: face.quality.reasons.iter().map(|reason| reason.as_str()).collect(),
        }
    }

    fn cells(&self, file: String) -> Vec<String> {
        let IntervalReport { low, high, .. } = self.interval;
        let fixed = [file, format!("{:.1}", self.age_years), format!("{low:.0} to {high:.0}")];
        let over = self.over.iter().map(|over| format!("{:.2}", over.probability));
        let reasons = if self.reasons.is_empty() { "good".to_owned() } else { self.reasons.join(" ") };
        fixed.into_iter().chain(over).chain([reasons]).collect()
    }
}

fn print_table(reports: &[Report], thresholds: &[u32]) -> anyhow::Result<()> {
    let over: Vec<String> = thresholds.iter().map(|age| format!("P(≥{age})")).collect();
    let mut header = vec!["photo", "apparent age", "interval"];
    header.extend(over.iter().map(String::as_str));
    header.push("quality");
    let mut table = table(&header);
    for report in reports {
        let file = report.file.display().to_string();
        match &report.error {
            Some(error) => _ = table.add_row([file, error.clone()]),
            None if report.faces.is_empty() => _ = table.add_row([file, "no face".to_owned()]),
            None => report.faces.iter().for_each(|face| _ = table.add_row(face.cells(file.clone()))),
        }
    }
    print(table)?;
    print("An apparent age says what a face looks like. It is triage, never proof.")?;
    Ok(())
}
