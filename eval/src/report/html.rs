//! A report as one HTML file: no script, nothing from the network, light and dark, printable.

use std::fmt::Write as _;

use super::{Provenance, Report, Section, Table};

const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(crate) fn page(report: &impl Report) -> String {
    let title = escape(report.title());
    let mut body = format!("<h1>{title}</h1>\n<ul class=\"notes\">\n");
    for note in report.notes() {
        append(&mut body, format_args!("<li>{}</li>\n", escape(&note)));
    }
    body.push_str("</ul>\n");
    for section in report.sections().iter().filter(|section| !section.is_empty()) {
        append_section(&mut body, section);
    }
    append_table(&mut body, &origin(report.provenance()));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

fn append_section(body: &mut String, section: &Section) {
    append(body, format_args!("<h2>{}</h2>\n", escape(&section.title)));
    for note in &section.notes {
        append(body, format_args!("<p>{}</p>\n", escape(note)));
    }
    for table in section.shown_tables() {
        append_table(body, table);
    }
}

fn append_table(body: &mut String, table: &Table) {
    append(body, format_args!("<h3>{}</h3>\n<div><table>\n<thead><tr>", escape(&table.title)));
    for cell in &table.header {
        append(body, format_args!("<th scope=\"col\">{}</th>", escape(cell)));
    }
    body.push_str("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        append_row(body, row);
    }
    body.push_str("</tbody>\n</table></div>\n");
}

fn append_row(body: &mut String, row: &[String]) {
    body.push_str("<tr>");
    for (place, cell) in row.iter().enumerate() {
        let (open, close) = if place == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
        append(body, format_args!("{open}{}{close}", escape(cell)));
    }
    body.push_str("</tr>\n");
}

fn origin(provenance: &Provenance) -> Table {
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let mut rows =
        vec![row("ward-eval", provenance.version.to_owned()), row("command", provenance.command.clone())];
    for data in &provenance.data {
        rows.push(row("data", format!("{}, sha256 {}", data.file.display(), data.sha256)));
    }
    for model in &provenance.models {
        let identity = format!("{} {}, sha256 {}", model.name, model.version, model.sha256);
        rows.push(row(model.kind, identity));
    }
    Table { title: "Where the figures come from".to_owned(), header: vec!["what", "which"], rows }
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
    use super::*;

    #[test]
    fn values_of_the_data_cannot_become_markup() {
        assert_eq!(escape("<b a=\"1\">&"), "&lt;b a=&quot;1&quot;&gt;&amp;");
        let mut body = String::new();
        let rows = vec![vec!["<script>".to_owned(), "1".to_owned()]];
        append_table(&mut body, &Table { title: "t".to_owned(), header: vec!["a", "b"], rows });
        assert!(body.contains("<th scope=\"row\">&lt;script&gt;</th><td>1</td>"), "{body}");
    }
}
