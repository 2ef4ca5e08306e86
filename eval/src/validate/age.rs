//! `ward-eval validate age`: photos that are missing, broken, listed twice, or in two splits.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use models::age::{ImageLimits, Photo};

use super::duplicates::{self, Likeness, Look};
use super::findings::{Findings, Subject};
use super::look::Hash;
use super::problem::{Kind, Problem};
use crate::age::Policies;
use crate::dataset::{Located, Location, PhotoRow, Photos, Texts, photo_rows};
use crate::parallel;
use crate::progress;
use crate::verdict::Verdict;

/// Which photos.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Manifest (.csv, .jsonl, .parquet) with the columns file and age and, where known, subject and split
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Folder that the manifest's file names are relative to
    #[arg(long, value_name = "DIR")]
    images: PathBuf,
    /// Configuration with max_pixels, as for a run; if not given: ward.toml, where there is one
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Only rows of this split; what splits share is then not seen
    #[arg(long, value_name = "NAME")]
    split: Option<String>,
    /// Photos look alike if at most so many of the 64 bits of their dHashes differ, and six times as many of the 256
    /// bits of finer ones
    #[arg(long, value_name = "BITS", default_value_t = 4, value_parser = clap::value_parser!(u32).range(0..=10))]
    near: u32,
    /// Write all that was found to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// A row of the manifest.
#[derive(Debug)]
struct Entry {
    location: Location,
    file: Arc<Path>,
    /// Years, where the row names a possible age.
    age: Option<f64>,
    split: Option<Arc<str>>,
}

/// Where the images are, and how large a run accepts them.
#[derive(Clone, Copy)]
struct Images<'a> {
    folder: &'a Path,
    limits: ImageLimits,
}

/// What became of an image.
enum Image {
    Seen(Hash),
    Problem(Kind, String),
}

/// Looks at all rows and all images.
///
/// # Errors
/// When the manifest cannot be opened, or the output cannot be written.
pub(super) fn run(options: &Options) -> Result<Verdict> {
    let wanted = Photos { manifest: &options.manifest, split: options.split.as_deref(), group_by: &[] };
    let limits = Policies::load(options.config.as_deref())?.limits();
    let mut findings = Findings::of(Subject::Photos, options.json.as_deref())?;
    let mut survey = Survey::default();
    for row in photo_rows(&wanted)? {
        survey.add(row, &mut findings)?;
    }
    if survey.rows == 0 {
        let of_split = options.split.as_ref().map_or_else(String::new, |split| format!(" of split {split}"));
        let detail = format!("there is no row{of_split}");
        let location = Location::whole(&options.manifest.as_path().into());
        findings.add(&Problem { kind: Kind::NoRows, location, detail })?;
    }
    let from = Images { folder: &options.images, limits };
    let (entries, looks) = look_at_all(&survey.entries, from, &mut findings)?.into_iter().unzip();
    compare(entries, looks, options.near, &mut findings)?;
    findings.finish(survey.rows)
}

/// The rows of a manifest, as far as they tell without the images.
#[derive(Default)]
struct Survey {
    rows: usize,
    /// Those with a file that no row before them names.
    entries: Vec<Entry>,
    files: HashMap<Arc<Path>, Location>,
    /// Every split of a subject, with the first row.
    subjects: HashMap<Arc<str>, Vec<(Arc<str>, Location)>>,
    texts: Texts,
}

impl Survey {
    fn add(&mut self, row: Located<PhotoRow>, findings: &mut Findings) -> Result<()> {
        self.rows += 1;
        let location = row.location;
        let mut say = |kind, detail| findings.add(&Problem { kind, location: location.clone(), detail });
        let read = row
            .content
            .and_then(|row| Ok((row.file()?, row.text("subject")?, row.text("split")?, row.age())));
        let (file, subject, split, age) = match read {
            Ok(read) => read,
            Err(error) => return say(Kind::BadRow, format!("{error:#}")),
        };
        let (file, split): (Arc<Path>, _) =
            (plain(&file).into(), split.map(|split| self.texts.shared(&split)));
        if let Some(before) = self.files.get(&file) {
            say(Kind::FileTwice, format!("{} is listed before: {before}", file.display()))?;
        }
        if let Some(detail) =
            subject.zip(split.clone()).and_then(|(subject, split)| self.strays(&subject, split, &location))
        {
            say(Kind::SubjectInTwoSplits, detail)?;
        }
        if let Err(error) = &age {
            say(Kind::ImpossibleAge, format!("{error:#}"))?;
        }
        if !self.files.contains_key(&file) {
            self.files.insert(Arc::clone(&file), location.clone());
            self.entries.push(Entry { location, file, age: age.ok(), split });
        }
        Ok(())
    }

    /// Says so, when the subject has been in another split and never in this.
    fn strays(&mut self, subject: &str, split: Arc<str>, location: &Location) -> Option<String> {
        let splits = self.subjects.entry(self.texts.shared(subject)).or_default();
        if splits.iter().any(|(known, _)| *known == split) {
            return None;
        }
        splits.push((Arc::clone(&split), location.clone()));
        let (other, before) = splits.first().filter(|(other, _)| *other != split)?;
        Some(format!("subject {subject} is in split {split} and in split {other}: {before}"))
    }
}

/// Decodes every image, with all cores. Returns those that can be, with their looks.
fn look_at_all<'a>(
    entries: &'a [Entry],
    images: Images<'_>,
    findings: &mut Findings,
) -> Result<Vec<(&'a Entry, Look)>> {
    let bar = progress::photos(entries.len())?;
    let worker = |_| move |entry: &'a Entry| Ok((entry, images.look_at(&entry.file)));
    let workers = (0..parallel::cores().get()).map(worker).collect();
    let mut seen = Vec::with_capacity(entries.len());
    parallel::in_order(entries.iter().map(Ok), workers, |(entry, image)| {
        bar.inc(1);
        match image {
            Image::Seen(hash) => {
                seen.push((entry, Look { hash, split: entry.split.clone(), age: entry.age }));
            }
            Image::Problem(kind, why) => {
                let detail = format!("{}: {why}", entry.file.display());
                findings.add(&Problem { kind, location: entry.location.clone(), detail })?;
            }
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    Ok(seen)
}

impl Images<'_> {
    fn look_at(self, file: &Path) -> Image {
        match std::fs::read(self.folder.join(file)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Image::Problem(Kind::MissingFile, "there is no such file".to_owned())
            }
            Err(error) => Image::Problem(Kind::UnreadableImage, error.to_string()),
            Ok(bytes) => match Photo::decode(&bytes, self.limits) {
                Err(error) => Image::Problem(Kind::UnreadableImage, error.reason().to_owned()),
                Ok(photo) => Image::Seen(Hash::of(&photo)),
            },
        }
    }
}

fn compare(entries: Vec<&Entry>, looks: Vec<Look>, near: u32, findings: &mut Findings) -> Result<()> {
    for (entry, alike) in entries.iter().zip(duplicates::likenesses(&looks, near)) {
        let Likeness { before, other_split, other_age } = alike;
        let kinds = [
            (Kind::NearDuplicateAcrossSplits, other_split),
            (Kind::NearDuplicate, before),
            (Kind::DuplicateAgesDiffer, other_age),
        ];
        for (kind, other) in kinds {
            let Some(other) = other.map(|other| entries[other]) else { continue };
            let detail = format!("{} looks like {}: {}", described(entry), described(other), other.location);
            findings.add(&Problem { kind, location: entry.location.clone(), detail })?;
        }
    }
    Ok(())
}

fn described(entry: &Entry) -> String {
    let split = entry.split.as_ref().map(|split| format!("split {split}"));
    let age = entry.age.map(|age| format!("age {age}"));
    match split.into_iter().chain(age).collect::<Vec<_>>().join(", ") {
        facts if facts.is_empty() => entry.file.display().to_string(),
        facts => format!("{} ({facts})", entry.file.display()),
    }
}

/// Without the steps that lead nowhere: `./a.jpg` is `a.jpg`.
fn plain(file: &Path) -> PathBuf {
    file.components().filter(|part| *part != Component::CurDir).collect()
}
