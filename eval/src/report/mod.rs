//! What a run leaves behind: report.json for programs, report.html for people, samples.jsonl to look into.
//!
//! A report appears whole or not at all: files are written under another name and renamed when all is done.

mod html;
mod junit;
#[allow(dead_code, reason = "until the reports draw")]
mod plot;
mod provenance;
mod section;
mod table;

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::say;

pub(crate) use junit::{Case, CaseResult, write_junit};
#[allow(unused_imports, reason = "until the reports draw")]
pub(crate) use plot::{Axis, Figure, Forest, ForestRow, Layer, Plot, Scale, Unit};
#[allow(unused_imports, reason = "until the reports name policies")]
pub(crate) use provenance::{Model, PolicyIdentity, Provenance};
pub(crate) use section::{Place, Section};
pub(crate) use table::{Table, figure, percent, percents};

const PAGE: &str = "report.html";
const SAMPLES: &str = "samples.jsonl";

/// A report that can be written.
pub(crate) trait Report: Serialize {
    /// The page's heading.
    fn title(&self) -> &'static str;

    /// What a reader must know before believing a figure, in sentences.
    fn notes(&self) -> Vec<String>;

    /// What is shown, in the order of the page; the first is what people look at first.
    fn sections(&self) -> Vec<Section>;

    /// Where the figures come from.
    fn provenance(&self) -> &Provenance;
}

/// The folder of one run.
pub(crate) struct Output {
    folder: PathBuf,
    samples: BufWriter<File>,
}

impl Output {
    /// Makes `folder`, if need be, and begins the samples.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let cannot = || format!("cannot write to {}", folder.display());
        fs::create_dir_all(folder).with_context(cannot)?;
        let samples = File::create(partial(&folder.join(SAMPLES))).with_context(cannot)?;
        Ok(Self { folder: folder.to_path_buf(), samples: BufWriter::new(samples) })
    }

    /// Adds a line to the samples.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn sample(&mut self, sample: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.samples, sample)?;
        self.samples.write_all(b"\n").context("cannot write the samples")
    }

    /// Writes the report, puts all files in place and shows the summary.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(crate) fn finish(mut self, report: &impl Report) -> Result<()> {
        self.samples.flush().context("cannot write the samples")?;
        let mut json = serde_json::to_string_pretty(report)?;
        json.push('\n');
        self.write("report.json", &json)?;
        self.write(PAGE, &html::page(report)?)?;
        self.put_in_place(SAMPLES)?;
        for section in report.sections().iter().filter(|section| section.place == Place::Summary) {
            for table in section.shown_tables() {
                say(&table.to_text())?;
            }
        }
        say(&format!("report: {}", self.folder.join(PAGE).display()))
    }

    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = partial(&self.folder.join(name));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        self.put_in_place(name)
    }

    fn put_in_place(&self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        fs::rename(partial(&path), &path).with_context(|| format!("cannot write {}", path.display()))
    }
}

fn partial(path: &Path) -> PathBuf {
    path.with_added_extension("partial")
}
