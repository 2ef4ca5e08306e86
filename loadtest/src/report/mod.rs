//! The result for people and for programs.

mod baseline;
mod curve;
mod html;
mod table;

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, Result, ensure};
use serde::Serialize;

use crate::figures::Figures;
use crate::options::Output;
use crate::sweep::Steps;
use crate::workload::ModelName;

pub(crate) use baseline::Baseline;

/// The JSON file: the figures of the run, or of the knee of a sweep, and every step.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    target: &'static str,
    #[serde(flatten)]
    top: Figures,
    /// None: no sweep, or none found.
    knee: Option<KneeFigures>,
    steps: Vec<Figures>,
    model: Option<ModelName>,
    warnings: Vec<String>,
    baseline: Option<Baseline>,
    /// Of this program.
    version: &'static str,
    /// As typed.
    command: String,
}

#[derive(Debug, Clone, Copy, Serialize)]
struct KneeFigures {
    rate: f64,
    goodput: f64,
}

impl Report {
    /// Of the steps of a run, at least one.
    pub(crate) fn new(
        target: &'static str,
        Steps { figures: steps, knee, before }: Steps,
        model: Option<ModelName>,
    ) -> Self {
        let best = || steps.iter().max_by(|a, b| a.all.goodput.total_cmp(&b.all.goodput)).cloned();
        let top = knee.as_ref().map(|knee| knee.figures.clone()).or_else(best).unwrap_or_default();
        let all = |of: fn(&Figures) -> u64| steps.iter().chain([&before]).map(of).sum();
        let score_mismatches = all(|step| step.score_mismatches);
        let scores_compared = all(|step| step.scores_compared);
        let warnings = top.doubt().map(|why| format!("the figures may be those of this client: {why}"));
        Self {
            target,
            top: Figures { score_mismatches, scores_compared, ..top },
            knee: knee.map(|knee| KneeFigures { rate: knee.rate, goodput: knee.figures.all.goodput }),
            steps,
            model,
            warnings: warnings.into_iter().collect(),
            baseline: None,
            version: env!("CARGO_PKG_VERSION"),
            command: std::env::args().collect::<Vec<_>>().join(" "),
        }
    }

    /// With more that a reader must know.
    pub(crate) fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// Beside the figures of another run.
    pub(crate) fn against(mut self, baseline: Option<Baseline>) -> Self {
        let own = serde_json::to_value(&self).unwrap_or_default();
        self.baseline = baseline.map(|baseline| baseline.compared_with(&own));
        self
    }

    /// Shows and writes everything. Each goes its own way: a file that cannot be written, or a terminal that has gone,
    /// takes none of the others with it.
    ///
    /// # Errors
    /// When a file cannot be written, nothing was answered, or a score was not what it was alone.
    pub(crate) fn conclude(&self, output: &Output) -> Result<()> {
        let json = || Ok(serde_json::to_string_pretty(self)? + "\n");
        let all = [
            self.show(),
            write(output.json.as_deref(), json),
            write(output.html.as_deref(), || html::page(self)),
        ];
        all.into_iter().collect::<Result<()>>()?;
        let answered = self.steps.iter().any(|step| step.all.in_time + step.all.late > 0);
        ensure!(answered, "not one call was answered");
        ensure!(
            self.top.score_mismatches == 0,
            "{} of {} scores under load are not those that their inputs got alone",
            self.top.score_mismatches,
            self.top.scores_compared
        );
        Ok(())
    }

    fn show(&self) -> Result<()> {
        let mut out = anstream::stdout().lock();
        for line in table::steps(&self.steps) {
            writeln!(out, "{line}")?;
        }
        writeln!(out)?;
        for line in self.summary() {
            writeln!(out, "{line}")?;
        }
        if let Some(baseline) = &self.baseline {
            writeln!(out, "\n{}", table::comparison(baseline))?;
        }
        for warning in &self.warnings {
            writeln!(anstream::stderr(), "{}", painted(AnsiColor::Yellow, &format!("warning: {warning}")))?;
        }
        Ok(())
    }

    /// The result in a few sentences.
    fn summary(&self) -> Vec<String> {
        let top = &self.top;
        let mut lines = Vec::new();
        if let Some(knee) = self.knee {
            let items = top.all.items_per_second;
            lines.push(format!(
                "knee: {:.1} calls a second, {items:.1} {} a second",
                knee.rate,
                self.items()
            ));
        }
        lines.push(format!(
            "{} scores compared with those that their inputs got alone, {} differ",
            top.scores_compared, top.score_mismatches
        ));
        if let Some(share) = top.client_cpu_share {
            let lag = top.client_lag_ms.p99.unwrap_or_default();
            lines.push(format!(
                "this client took {:.0} % of a core and was {lag:.2} ms late (p99)",
                share * 100.0
            ));
        }
        lines
    }

    fn items(&self) -> &'static str {
        if self.target == "age" { "photos" } else { "messages" }
    }
}

/// For a terminal; anstream takes the colour away where there is none.
fn painted(colour: AnsiColor, text: &str) -> String {
    let style = Style::new().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

/// Whether the files can be written that the figures go to, found out before there are any. Changes none that is there.
///
/// # Errors
/// When one cannot.
pub(crate) fn check(output: &Output) -> Result<()> {
    for file in output.json.iter().chain(&output.html) {
        let advice =
            || format!("cannot write {}: name a file in a folder that exists and is yours", file.display());
        let there = file.metadata();
        // To open a pipe and close it again would be the end of it for who reads there.
        if there.as_ref().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            continue;
        }
        OpenOptions::new().append(true).create(true).open(file).with_context(advice)?;
        if there.is_err() {
            std::fs::remove_file(file).with_context(advice)?;
        }
    }
    Ok(())
}

fn write(file: Option<&Path>, text: impl FnOnce() -> Result<String>) -> Result<()> {
    let Some(file) = file else { return Ok(()) };
    std::fs::write(file, text()?).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::figures::{Group, Latency};
    use crate::sweep::Knee;

    pub(in crate::report) fn step(offered_rate: f64, goodput: f64) -> Figures {
        let latency_ms = Latency { p50: Some(1.25), p99: Some(offered_rate / 2.0), ..Latency::default() };
        let (calls, in_time) = (offered_rate as u64, goodput as u64);
        let errors = BTreeMap::from([("UNAVAILABLE", calls - in_time)]);
        let all =
            Group { throughput: goodput, goodput, latency_ms, errors, calls, in_time, ..Group::default() };
        Figures {
            offered_rate,
            all,
            deadline_ms: 250.0,
            seconds: 1.0,
            scores_compared: 10,
            ..Figures::default()
        }
    }

    pub(in crate::report) fn sweep() -> Report {
        let knee = Some(Knee { rate: 16.0, figures: step(16.0, 16.0) });
        let figures = vec![step(8.0, 8.0), step(16.0, 16.0), step(32.0, 17.0)];
        Report::new("grooming", Steps { figures, knee, ..Steps::default() }, None)
    }

    #[test]
    fn the_json_shows_the_knee_on_top_and_every_step() {
        let json = serde_json::to_value(sweep()).unwrap();
        assert_eq!((json["offered_rate"].as_f64(), json["goodput"].as_f64()), (Some(16.0), Some(16.0)));
        assert_eq!(
            (json["knee"]["rate"].as_f64(), json["knee"]["goodput"].as_f64()),
            (Some(16.0), Some(16.0))
        );
        assert_eq!((&json["latency_ms"]["p50"], json["latency_ms"]["p90"].is_null()), (&1.25.into(), true));
        assert_eq!(json["steps"].as_array().map(Vec::len), Some(3));
        assert_eq!(json["steps"][2]["errors"]["UNAVAILABLE"], 15);
    }

    #[test]
    fn a_mismatch_of_any_step_is_on_top() {
        let bad = Figures { score_mismatches: 2, ..step(32.0, 17.0) };
        let steps = Steps { figures: vec![step(8.0, 8.0), bad], ..Steps::default() };
        let json = serde_json::to_value(Report::new("age", steps, None)).unwrap();
        assert_eq!((&json["score_mismatches"], &json["scores_compared"]), (&2.into(), &20.into()));
    }

    #[test]
    fn files_are_tried_and_left_as_they_were() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        std::fs::write(&old, "figures").unwrap();
        let output = |json: &Path| Output { json: Some(json.into()), html: None, baseline: None };
        check(&output(&old)).unwrap();
        check(&output(&new)).unwrap();
        assert!(std::fs::read_to_string(&old).unwrap() == "figures" && !new.exists());
        for bad in [folder.path(), &folder.path().join("none").join("new")] {
            let error = check(&output(bad)).unwrap_err().to_string();
            assert!(error.contains("name a file in a folder that exists"), "{error}");
        }
    }

    #[test]
    fn a_client_that_was_late_is_told() {
        let late = Latency { p99: Some(30.0), ..Latency::default() };
        let figures = vec![Figures { client_lag_ms: late, ..step(8.0, 8.0) }];
        let steps = Steps { figures, ..Steps::default() };
        assert!(Report::new("age", steps, None).warnings[0].contains("30.0 ms late"));
        assert!(sweep().warnings.is_empty());
    }
}
