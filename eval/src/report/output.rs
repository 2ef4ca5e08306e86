//! The folder that a run leaves behind: report.json for programs, report.html for people, samples.jsonl to look into.
//!
//! A report appears whole or not at all. Until it is complete, an earlier one in the same folder is untouched.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;
use tempfile::NamedTempFile;

use super::{Place, Report, Section, html};
use crate::{interrupt, say};

const FIGURES: &str = "report.json";
const PAGE: &str = "report.html";
const SAMPLES: &str = "samples.jsonl";

/// The folder of one run.
pub(crate) struct Output {
    folder: PathBuf,
    /// A file without a name: nothing is left of it, even if the process is killed.
    samples: BufWriter<File>,
}

impl Output {
    /// Makes `folder`, if need be, and begins the samples.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub(crate) fn create(folder: &Path) -> Result<Self> {
        let cannot = || cannot_write(folder);
        fs::create_dir_all(folder).with_context(cannot)?;
        let samples = tempfile::tempfile_in(folder).with_context(cannot)?;
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
    /// When a file cannot be written, or after Ctrl-C.
    pub(crate) fn finish(self, report: &impl Report) -> Result<()> {
        let Self { folder, samples } = self;
        let mut samples = samples.into_inner().context("cannot write the samples")?;
        samples.rewind()?;
        let mut json = serde_json::to_string_pretty(report)?;
        json.push('\n');
        let sections = report.sections();
        let page = html::page(report, &sections)?;
        // The figures come last: where they are, all is there.
        let files = [
            Pending::filled(&folder, SAMPLES, &mut samples)?,
            Pending::filled(&folder, PAGE, &mut page.as_bytes())?,
            Pending::filled(&folder, FIGURES, &mut json.as_bytes())?,
        ];
        interrupt::check()?;
        files.into_iter().try_for_each(Pending::put_in_place)?;
        summarise(&sections)?;
        say(&format!("report: {}", folder.join(PAGE).display()))
    }
}

/// A complete file that does not have its name yet. Dropped, it is gone.
struct Pending {
    file: NamedTempFile<File>,
    path: PathBuf,
}

impl Pending {
    fn filled(folder: &Path, name: &str, content: &mut impl io::Read) -> Result<Self> {
        let path = folder.join(name);
        // Made in the ordinary way: others may read a report, if they may read what this user writes.
        let mut file = tempfile::Builder::new()
            .prefix(".ward-eval-")
            .make_in(folder, |path| File::create_new(path))
            .with_context(|| cannot_write(&path))?;
        io::copy(content, file.as_file_mut()).with_context(|| cannot_write(&path))?;
        Ok(Self { file, path })
    }

    fn put_in_place(self) -> Result<()> {
        let Self { file, path } = self;
        file.persist(&path).with_context(|| cannot_write(&path))?;
        Ok(())
    }
}

fn summarise(sections: &[Section]) -> Result<()> {
    let summary = sections.iter().filter(|section| section.place == Place::Summary);
    for table in summary.flat_map(|section| section.shown_tables()) {
        say(&table.to_text())?;
    }
    Ok(())
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}

#[cfg(test)]
mod tests {
    use super::super::Provenance;
    use super::*;

    /// A report that cannot be written where its one field is no number.
    #[derive(Serialize)]
    struct Short {
        mae: Mae,
        provenance: Provenance,
    }

    struct Mae(Option<f64>);

    impl Serialize for Mae {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mae = self.0.ok_or_else(|| serde::ser::Error::custom("no figure"))?;
            serializer.serialize_f64(mae)
        }
    }

    impl Report for Short {
        fn title(&self) -> &'static str {
            "Short"
        }

        fn notes(&self) -> Vec<String> {
            Vec::new()
        }

        fn sections(&self) -> Vec<Section> {
            Vec::new()
        }

        fn provenance(&self) -> &Provenance {
            &self.provenance
        }
    }

    fn short(mae: Option<f64>) -> Short {
        Short { mae: Mae(mae), provenance: Provenance::new(1, Vec::new(), Vec::new(), Vec::new()) }
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn run(folder: &Path, mae: Option<f64>) -> Result<()> {
        let mut output = Output::create(folder)?;
        output.sample(&serde_json::json!({ "mae": mae }))?;
        output.finish(&short(mae))
    }

    #[test]
    fn all_files_appear_with_the_permissions_of_any_file() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("made/on/the/way");
        run(&out, Some(5.0)).unwrap();
        assert_eq!(names(&out), [PAGE, FIGURES, SAMPLES]);
        assert_eq!(fs::read_to_string(out.join(SAMPLES)).unwrap(), "{\"mae\":5.0}\n");
        fs::write(out.join("other"), "").unwrap();
        let permissions = |name| fs::metadata(out.join(name)).unwrap().permissions();
        assert_eq!(permissions(PAGE), permissions("other"));
    }

    #[test]
    fn an_earlier_report_is_untouched_by_one_that_fails() {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), Some(5.0)).unwrap();
        let read = |name| fs::read(folder.path().join(name)).unwrap();
        let before = [PAGE, FIGURES, SAMPLES].map(read);
        assert!(run(folder.path(), None).is_err());
        assert_eq!([PAGE, FIGURES, SAMPLES].map(read), before);
        assert_eq!(names(folder.path()), [PAGE, FIGURES, SAMPLES]);
        run(folder.path(), Some(6.0)).unwrap();
        assert_ne!([PAGE, FIGURES, SAMPLES].map(read), before);
    }

    #[test]
    fn work_that_ends_early_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut output = Output::create(folder.path()).unwrap();
        output.sample(&1).unwrap();
        assert!(names(folder.path()).is_empty());
        drop(output);
        assert!(names(folder.path()).is_empty());
    }
}
