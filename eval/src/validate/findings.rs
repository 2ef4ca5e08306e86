//! Problems as they are found: counted, a few kept to be shown, and all written to a file of JSON if one is wanted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use tempfile::TempPath;

use super::problem::{Kind, Problem, Severity};
use crate::interrupt;
use crate::say;
use crate::verdict::Verdict;

/// So many of each kind are shown.
const EXAMPLES: usize = 20;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Photos,
    Conversations,
}

/// All problems of some data. Its size does not grow with theirs.
pub(super) struct Findings {
    subject: Subject,
    began: Instant,
    kinds: BTreeMap<Kind, OfKind>,
    list: Option<List>,
}

/// The problems of one kind.
#[derive(Default)]
struct OfKind {
    n: usize,
    examples: Vec<String>,
}

/// A JSON file that is being written. It appears whole or not at all.
struct List {
    wanted: PathBuf,
    partial: TempPath,
    file: BufWriter<File>,
    empty: bool,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Self::Photos => "photos",
            Self::Conversations => "conversations",
        }
    }
}

impl Findings {
    /// None so far; all that come are also written to `json`, if given.
    ///
    /// # Errors
    /// When the file cannot be written to.
    pub(super) fn of(subject: Subject, json: Option<&Path>) -> Result<Self> {
        let list = json.map(|file| List::create(file, subject)).transpose()?;
        Ok(Self { subject, began: Instant::now(), kinds: BTreeMap::new(), list })
    }

    /// One more.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(&mut self, problem: &Problem) -> Result<()> {
        if let Some(list) = &mut self.list {
            list.add(problem)?;
        }
        let of_kind = self.kinds.entry(problem.kind).or_default();
        of_kind.n += 1;
        if of_kind.examples.len() < EXAMPLES {
            of_kind.examples.push(format!("{}: {}", problem.location, problem.detail));
        }
        Ok(())
    }

    /// Says what was found among so many photos or conversations, and completes the file.
    ///
    /// # Errors
    /// When that cannot be written, or after Ctrl-C.
    pub(super) fn finish(mut self, looked_at: usize) -> Result<Verdict> {
        interrupt::check()?;
        let (errors, warnings) = (self.count(Severity::Error), self.count(Severity::Warning));
        let verdict = if errors == 0 { Verdict::Pass } else { Verdict::BadData };
        if let Some(list) = self.list.take() {
            let by_kind: Map<String, Value> =
                self.kinds.iter().map(|(kind, of_kind)| (kind.to_string(), json!(of_kind.n))).collect();
            let (name, verdict) = (self.subject.name(), verdict.to_string());
            list.finish(
                &json!({ name: looked_at, "errors": errors, "warnings": warnings, "by_kind": by_kind,
                "verdict": verdict }),
            )?;
        }
        for (kind, of_kind) in &self.kinds {
            say(&of_kind.to_text(*kind))?;
        }
        let (name, seconds) = (self.subject.name(), self.began.elapsed().as_secs_f64());
        say(&format!("{looked_at} {name} in {seconds:.1} s: errors {errors}, warnings {warnings}"))?;
        say(&format!("verdict: {verdict}"))?;
        Ok(verdict)
    }

    fn count(&self, severity: Severity) -> usize {
        self.kinds.iter().filter(|(kind, _)| kind.severity() == severity).map(|(_, of_kind)| of_kind.n).sum()
    }
}

impl OfKind {
    fn to_text(&self, kind: Kind) -> String {
        let mut text = format!("{}: {}: {}\n", kind.severity(), kind.title(), self.n);
        for example in &self.examples {
            text += &format!("    {example}\n");
        }
        match self.n - self.examples.len() {
            0 => text,
            more => format!("{text}    … and {more} more: --json FILE writes all\n"),
        }
    }
}

impl List {
    fn create(wanted: &Path, subject: Subject) -> Result<Self> {
        let cannot = || format!("cannot write to {}", wanted.display());
        let mut partial = wanted.as_os_str().to_owned();
        partial.push(".partial");
        let mut file = BufWriter::new(File::create(&partial).with_context(cannot)?);
        let partial = TempPath::try_from_path(PathBuf::from(partial))?;
        write!(file, "{{\n\"kind\": \"validate\",\n\"data\": \"{}\",\n\"problems\": [", subject.name())
            .with_context(cannot)?;
        Ok(Self { wanted: wanted.to_path_buf(), partial, file, empty: true })
    }

    fn add(&mut self, problem: &Problem) -> Result<()> {
        self.file.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        Ok(serde_json::to_writer(&mut self.file, problem)?)
    }

    /// `summary` is an object; its entries become the file's.
    fn finish(mut self, summary: &Value) -> Result<()> {
        let summary = summary.to_string();
        write!(self.file, "\n],\n{}\n", summary.trim_start_matches('{'))?;
        self.file.into_inner()?.sync_all()?;
        let wanted = self.wanted.display().to_string();
        self.partial.persist(self.wanted).with_context(|| format!("cannot write to {wanted}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::dataset::Location;

    fn problem(kind: Kind, line: u64) -> Problem {
        let file: Arc<Path> = Path::new("a.csv").into();
        Problem { kind, location: Location::line(&file, line), detail: format!("no {line}") }
    }

    #[test]
    fn all_are_written_and_a_few_shown() {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("problems.json");
        let mut findings = Findings::of(Subject::Photos, Some(&json)).unwrap();
        for line in 1..=25 {
            findings.add(&problem(Kind::ImpossibleAge, line)).unwrap();
        }
        let text = findings.kinds[&Kind::ImpossibleAge].to_text(Kind::ImpossibleAge);
        assert!(
            text.starts_with("error: photos without a possible age: 25\n    a.csv, line 1: no 1\n"),
            "{text}"
        );
        assert!(
            text.ends_with("a.csv, line 20: no 20\n    … and 5 more: --json FILE writes all\n"),
            "{text}"
        );
        findings.add(&problem(Kind::NearDuplicate, 3)).unwrap();
        assert_eq!(findings.finish(30).unwrap(), Verdict::BadData);
        let written: Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        assert_eq!(written["problems"].as_array().unwrap().len(), 26);
        let last = json!({ "kind": "near_duplicate", "file": "a.csv", "line": 3, "detail": "no 3" });
        assert_eq!(written["problems"][25], last);
        assert_eq!(written["by_kind"], json!({ "impossible_age": 25, "near_duplicate": 1 }));
        assert_eq!(
            (&written["photos"], &written["errors"], &written["warnings"]),
            (&json!(30), &json!(25), &json!(1))
        );
        assert_eq!((&written["verdict"], &written["kind"]), (&json!("bad data"), &json!("validate")));
    }

    #[test]
    fn warnings_alone_pass_and_what_is_not_finished_is_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let json = folder.path().join("problems.json");
        let mut findings = Findings::of(Subject::Photos, Some(&json)).unwrap();
        findings.add(&problem(Kind::NearDuplicate, 1)).unwrap();
        assert!(!json.exists());
        drop(findings);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let mut findings = Findings::of(Subject::Photos, None).unwrap();
        findings.add(&problem(Kind::NearDuplicate, 1)).unwrap();
        assert_eq!(findings.finish(2).unwrap(), Verdict::Pass);
    }
}
