//! The figures of another run beside those of this one. They decide nothing: the exit code is about this run.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde_json::Value;

/// What is compared: a name for people, and where it stands in the JSON.
const COMPARED: [(&str, &str); 9] = [
    ("offered /s", "/offered_rate"),
    ("answered /s", "/throughput"),
    ("in time /s", "/goodput"),
    ("items /s", "/items_per_second"),
    ("p50 ms", "/latency_ms/p50"),
    ("p90 ms", "/latency_ms/p90"),
    ("p99 ms", "/latency_ms/p99"),
    ("p99.9 ms", "/latency_ms/p999"),
    ("knee /s", "/knee/rate"),
];

/// Another run's figures.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Baseline {
    file: String,
    ratios: Vec<Compared>,
    /// The whole file of the other run.
    #[serde(skip)]
    figures: Value,
}

/// One figure of both runs.
#[derive(Debug, Clone, Serialize)]
struct Compared {
    figure: &'static str,
    here: f64,
    there: f64,
    /// Here ÷ there. None where there is nothing to divide by.
    ratio: Option<f64>,
}

impl Baseline {
    /// What `--json` wrote in another run.
    ///
    /// # Errors
    /// When the file cannot be read or is none of this program's.
    pub(crate) fn read(file: &Path) -> Result<Self> {
        let text = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let figures: Value = serde_json::from_slice(&text).unwrap_or_default();
        let is_ours = figures.pointer("/goodput").is_some_and(Value::is_number);
        ensure!(
            is_ours,
            "{} is no result of ward-loadtest: give it a file that --json wrote",
            file.display()
        );
        Ok(Self { file: file.display().to_string(), ratios: Vec::new(), figures })
    }

    /// Beside the figures of this run.
    pub(super) fn compared_with(self, own: &Value) -> Self {
        let compared = |(figure, pointer): &(&'static str, &str)| {
            let of = |figures: &Value| figures.pointer(pointer).and_then(Value::as_f64);
            let (here, there) = (of(own)?, of(&self.figures)?);
            Some(Compared { figure, here, there, ratio: (there != 0.0).then(|| here / there) })
        };
        Self { ratios: COMPARED.iter().filter_map(compared).collect(), ..self }
    }

    /// For a table: name, here, there, ratio.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let row = |compared: &Compared| {
            let ratio = compared.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"));
            let [here, there] = [compared.here, compared.there].map(|figure| format!("{figure:.2}"));
            vec![compared.figure.to_owned(), here, there, ratio]
        };
        self.ratios.iter().map(row).collect()
    }

    /// Of the steps of the other run: one figure against another, where both are.
    pub(super) fn points(&self, x: &str, y: &str) -> Vec<(f64, f64)> {
        let steps = self.figures.pointer("/steps").and_then(Value::as_array);
        let of = |step: &Value, pointer: &str| step.pointer(pointer).and_then(Value::as_f64);
        steps.into_iter().flatten().filter_map(|step| Some((of(step, x)?, of(step, y)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_that_both_have_are_divided() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        let steps = json!([{ "throughput": 40.0, "latency_ms": { "p99": 9.0 } }]);
        let other = json!({ "goodput": 40.0, "latency_ms": { "p99": 0.0 }, "knee": null, "steps": steps });
        std::fs::write(&file, other.to_string()).unwrap();
        let own = json!({ "goodput": 50.0, "latency_ms": { "p99": 8.0 }, "knee": { "rate": 3.0 } });
        let compared = Baseline::read(&file).unwrap().compared_with(&own);
        assert_eq!(
            compared.rows(),
            [["in time /s", "50.00", "40.00", "1.250"], ["p99 ms", "8.00", "0.00", "–"]]
        );
        assert_eq!(compared.points("/throughput", "/latency_ms/p99"), [(40.0, 9.0)]);
    }

    #[test]
    fn another_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        std::fs::write(&file, "[]").unwrap();
        assert!(Baseline::read(&file).unwrap_err().to_string().contains("no result of ward-loadtest"));
    }
}
