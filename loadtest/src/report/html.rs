//! The result as one HTML file: no script, nothing from the network, light and dark, printable.

use std::fmt::Write as _;

use anyhow::Result;

use super::curve::{self, Axes, COLOURS, Curve};
use super::{Report, table};
use crate::figures::{Figures, Group};

const STYLE: &str = include_str!("style.css");

/// The whole page.
///
/// # Errors
/// When a curve cannot be drawn.
pub(super) fn page(report: &Report) -> Result<String> {
    let title = format!("Ward under load: {}", report.target);
    let mut body = format!("<h1>{title}</h1>\n");
    append_notes(&mut body, report);
    append_curves(&mut body, report)?;
    let rows = report.steps.iter().map(table::row).collect::<Vec<_>>();
    append_table(&mut body, "Steps", &table::HEADER, &rows);
    append_table(&mut body, "By priority", &PRIORITY_HEADER, &by_priority(&report.top));
    if let Some(baseline) = &report.baseline {
        let header = ["figure", "this run", "baseline", "ratio"];
        append_table(&mut body, "Against the baseline", &header, &baseline.rows());
    }
    append_table(&mut body, "Where the figures come from", &["what", "which"], &origin(report));
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    ))
}

fn append_notes(body: &mut String, report: &Report) {
    body.push_str("<ul class=\"notes\">\n");
    for line in report.summary() {
        append(body, format_args!("<li>{}</li>\n", escape(&line)));
    }
    for warning in &report.warnings {
        append(body, format_args!("<li class=\"warning\">{}</li>\n", escape(warning)));
    }
    body.push_str("</ul>\n");
}

fn append_curves(body: &mut String, report: &Report) -> Result<()> {
    let latency = [
        of_steps(report, ("p50", COLOURS[0]), |step| Some((step.all.throughput, step.all.latency_ms.p50?))),
        of_steps(report, ("p99", COLOURS[2]), |step| Some((step.all.throughput, step.all.latency_ms.p99?))),
        of_baseline(report, "p99 of the baseline", ("/throughput", "/latency_ms/p99")),
    ];
    let level = Some(report.top.deadline_ms);
    let axes = Axes { x: "answered, calls a second", y: "latency, ms", level };
    append_curve(body, "Latency against throughput; the level line is the deadline", &latency, || {
        curve::logarithmic(&axes, &latency)
    })?;
    let rates = [
        of_steps(report, ("answered", COLOURS[1]), |step| Some((step.offered_rate, step.all.throughput))),
        of_steps(report, ("in time", COLOURS[0]), |step| Some((step.offered_rate, step.all.goodput))),
        of_baseline(report, "in time of the baseline", ("/offered_rate", "/goodput")),
    ];
    let axes = Axes { x: "offered, calls a second", y: "calls a second", level: None };
    append_curve(body, "Throughput and goodput against offered load", &rates, || curve::linear(&axes, &rates))
}

/// Of a rate that was tried twice, the second try: it decided.
fn of_steps(
    report: &Report,
    (name, colour): (&'static str, plotters::prelude::RGBColor),
    point: impl Fn(&Figures) -> Option<(f64, f64)>,
) -> Curve {
    let tries = report.steps.chunk_by(|a, b| a.offered_rate == b.offered_rate);
    Curve { name, colour, points: tries.filter_map(<[Figures]>::last).filter_map(point).collect() }
}

fn of_baseline(report: &Report, name: &'static str, (x, y): (&str, &str)) -> Curve {
    let points = report.baseline.as_ref().map(|baseline| baseline.points(x, y));
    Curve { name, colour: COLOURS[3], points: points.unwrap_or_default() }
}

fn append_curve(
    body: &mut String,
    title: &str,
    curves: &[Curve],
    svg: impl FnOnce() -> Result<String>,
) -> Result<()> {
    append(body, format_args!("<h2>{title}</h2>\n<figure>\n{}\n<figcaption>", svg()?));
    for Curve { name, colour, .. } in curves.iter().filter(|curve| !curve.points.is_empty()) {
        let plotters::prelude::RGBColor(red, green, blue) = colour;
        append(body, format_args!("<span style=\"color:rgb({red},{green},{blue})\">●</span> {name} &emsp;"));
    }
    body.push_str("</figcaption>\n</figure>\n");
    Ok(())
}

const PRIORITY_HEADER: [&str; 6] = ["priority", "calls", "in time /s", "in time %", "p50 ms", "p99 ms"];

fn by_priority(figures: &Figures) -> Vec<Vec<String>> {
    let millis = |millis: Option<f64>| millis.map_or_else(|| "–".to_owned(), |millis| format!("{millis:.2}"));
    let row = |name: &str, group: &Group| {
        let share = group.in_time as f64 / (group.calls.max(1)) as f64 * 100.0;
        vec![
            name.to_owned(),
            group.calls.to_string(),
            format!("{:.1}", group.goodput),
            format!("{share:.2}"),
            millis(group.latency_ms.p50),
            millis(group.latency_ms.p99),
        ]
    };
    figures.by_priority.iter().map(|(priority, group)| row(priority.name(), group)).collect()
}

fn origin(report: &Report) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows =
        vec![row("ward-loadtest", report.version.to_owned()), row("command", report.command.clone())];
    rows.extend(report.model.as_ref().map(|model| row("model", model.to_string())));
    rows
}

fn append_table(body: &mut String, title: &str, header: &[&str], rows: &[Vec<String>]) {
    append(body, format_args!("<h2>{title}</h2>\n<div><table>\n<thead><tr>"));
    for cell in header {
        append(body, format_args!("<th scope=\"col\">{}</th>", escape(cell)));
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        body.push_str("<tr>");
        for (place, cell) in row.iter().enumerate() {
            let (open, close) = if place == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            append(body, format_args!("{open}{}{close}", escape(cell)));
        }
        body.push_str("</tr>\n");
    }
    body.push_str("</tbody>\n</table></div>\n");
}

fn append(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::tests::sweep;
    use super::*;

    #[test]
    fn the_page_stands_alone() {
        let page = page(&sweep()).unwrap();
        for outside in ["<script", "http-equiv", "src=", "<link", "@import", "url("] {
            assert!(!page.contains(outside), "{outside}");
        }
        assert_eq!(page.matches("<svg").count(), 2);
        assert!(page.contains("knee: 16.0 calls a second") && page.contains("light dark"));
    }

    #[test]
    fn what_was_typed_cannot_become_markup() {
        let mut report = sweep();
        report.command = "ward-loadtest <b>".to_owned();
        report.warnings = vec!["<i>".to_owned()];
        let page = page(&report).unwrap();
        assert!(page.contains("&lt;b&gt;") && page.contains("&lt;i&gt;") && !page.contains("<i>"));
    }
}
