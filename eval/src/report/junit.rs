//! A gate's verdicts as JUnit XML, which every CI shows as tests.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// One bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// The figure and its bound.
    pub(crate) name: String,
    /// Whether it holds.
    pub(crate) result: CaseResult,
}

/// How a bound stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CaseResult {
    /// It holds.
    Passed,
    /// It does not, and what was found instead.
    Failed(String),
    /// The data do not tell, and why.
    Skipped(String),
}

/// Writes the cases of one gate to `file`.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_junit(file: &Path, gate: &str, cases: &[Case]) -> Result<()> {
    let mut suite = TestSuite::new(gate);
    for case in cases {
        suite.add_test_case(TestCase::new(case.name.as_str(), status(&case.result)));
    }
    let mut report = Report::new("ward-eval");
    report.add_test_suite(suite);
    let xml = report.to_string().context("cannot put the gate's verdicts into XML")?;
    fs::write(file, xml).with_context(|| format!("cannot write {}", file.display()))
}

fn status(result: &CaseResult) -> TestCaseStatus {
    let mut status = match result {
        CaseResult::Passed => return TestCaseStatus::success(),
        CaseResult::Failed(_) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        CaseResult::Skipped(_) => TestCaseStatus::skipped(),
    };
    if let CaseResult::Failed(why) | CaseResult::Skipped(why) = result {
        status.set_message(why.as_str());
    }
    status
}

#[cfg(test)]
mod tests {
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    #[test]
    fn a_reader_of_xml_finds_every_verdict() {
        let case = |name: &str, result| Case { name: name.to_owned(), result };
        let cases = [
            case("a <= 1", CaseResult::Passed),
            case("b", CaseResult::Failed("found 2, must be at most 1".to_owned())),
            case("c", CaseResult::Skipped("inconclusive".to_owned())),
        ];
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("junit.xml");
        write_junit(&file, "gate.toml", &cases).unwrap();
        let xml = fs::read_to_string(file).unwrap();
        let (mut reader, mut names) = (Reader::from_str(&xml), Vec::new());
        loop {
            match reader.read_event().unwrap() {
                Event::Eof => break,
                Event::Start(element) | Event::Empty(element) => {
                    names.push(element.name().as_ref().to_owned());
                }
                _ => {}
            }
        }
        assert_eq!(
            names,
            ["testsuites", "testsuite", "testcase", "testcase", "failure", "testcase", "skipped"]
        );
        assert!(xml.contains(r#"tests="3" skipped="1" failures="1""#), "{xml}");
        assert!(xml.contains("found 2, must be at most 1") && xml.contains("a &lt;= 1"));
    }
}
