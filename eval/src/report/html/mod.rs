//! A report as one HTML file: no script, nothing from the network, light and dark, printable.

mod figure;
mod origin;

use std::fmt::Write as _;

use anyhow::Result;

use super::{Report, Section, Table};

const STYLE: &str = include_str!("../style.css");

/// The heading of the last section, which is the same in all reports.
const ORIGIN: &str = "Where the figures come from";

/// The whole page: of `report`, with these sections.
///
/// # Errors
/// When a plot cannot be drawn, which is a mistake of ours.
pub(crate) fn page(report: &impl Report, sections: &[Section]) -> Result<String> {
    let title = escape(report.title());
    let sections: Vec<_> = sections.iter().filter(|section| !section.is_empty()).collect();
    let mut body = format!("<header>\n<h1>{title}</h1>\n");
    origin::append_summary(&mut body, report.provenance());
    append_notes(&mut body, &report.notes());
    append_contents(&mut body, &sections);
    body.push_str("</header>\n<main>\n");
    for (place, section) in sections.iter().enumerate() {
        append_section(&mut body, &anchor(place), section)?;
    }
    append(&mut body, format_args!("<section id=\"{}\">\n", anchor(sections.len())));
    origin::append_details(&mut body, report.provenance());
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · ward-eval</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n{body}</section>\n</main>\n\
         </body>\n</html>\n"
    ))
}

/// The name by which the table of contents finds a section.
fn anchor(place: usize) -> String {
    format!("section-{}", place + 1)
}

fn append_contents(body: &mut String, sections: &[&Section]) {
    body.push_str("<nav aria-label=\"Contents\"><ol>\n");
    let titles = sections.iter().map(|section| section.title.as_str()).chain([ORIGIN]);
    for (place, title) in titles.enumerate() {
        append(body, format_args!("<li><a href=\"#{}\">{}</a></li>\n", anchor(place), escape(title)));
    }
    body.push_str("</ol></nav>\n");
}

fn append_section(body: &mut String, anchor: &str, section: &Section) -> Result<()> {
    append(body, format_args!("<section id=\"{anchor}\">\n<h2>{}</h2>\n", escape(&section.title)));
    append_notes(body, &section.notes);
    if !section.plots.is_empty() {
        body.push_str("<div class=\"plots\">\n");
        for plot in &section.plots {
            figure::append(body, plot)?;
        }
        body.push_str("</div>\n");
    }
    for table in section.shown_tables() {
        append_table(body, table);
    }
    body.push_str("</section>\n");
    Ok(())
}

fn append_notes(body: &mut String, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    body.push_str("<ul class=\"notes\">\n");
    for note in notes {
        append(body, format_args!("<li>{}</li>\n", escape(note)));
    }
    body.push_str("</ul>\n");
}

fn append_table(body: &mut String, table: &Table) {
    append(body, format_args!("<h3>{}</h3>\n<div class=\"wide\"><table>\n<thead><tr>", escape(&table.title)));
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

fn append(body: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = body.write_fmt(text);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::{Axis, Figure, Forest, Layer, Place, Plot, Provenance};
    use super::*;

    /// Says the same, which looks like markup, wherever text of the data can be.
    #[derive(Serialize)]
    struct Hostile(Provenance);

    const MARKUP: &str = "<script src=\"http://a\">&";

    fn hostile() -> Hostile {
        let mut provenance = Provenance::new(1, Vec::new(), Vec::new(), Vec::new());
        provenance.command = MARKUP.to_owned();
        Hostile(provenance)
    }

    impl Report for Hostile {
        fn title(&self) -> &'static str {
            MARKUP
        }

        fn notes(&self) -> Vec<String> {
            vec![MARKUP.to_owned()]
        }

        fn sections(&self) -> Vec<Section> {
            let text = || MARKUP.to_owned();
            let line = |name, y| Layer::Line { name, points: vec![(0.0, y), (1.0, 1.0)] };
            let layers = vec![line(text(), 0.0), line("other".to_owned(), 0.5)];
            let axis = || Axis::number(MARKUP);
            let plot = Plot { title: text(), caption: text(), x: axis(), y: axis(), layers };
            let empty = Plot { layers: Vec::new(), ..plot.clone() };
            let forest =
                Forest { title: text(), caption: text(), x: axis(), rows: Vec::new(), reference: None };
            let plots = vec![Figure::Plot(plot), Figure::Plot(empty), Figure::Forest(forest)];
            let tables = vec![Table { title: text(), header: vec![MARKUP], rows: vec![vec![text()]] }];
            vec![Section { title: text(), notes: vec![text()], plots, tables, place: Place::Page }]
        }

        fn provenance(&self) -> &Provenance {
            &self.0
        }
    }

    #[test]
    fn values_of_the_data_cannot_become_markup() {
        let page = page(&hostile(), &hostile().sections()).unwrap();
        assert!(!page.contains("<script"), "{page}");
        // Title (twice), contents, heading, two notes, command, table (three), and in the figures more.
        assert!(page.matches("&lt;script src=&quot;http://a&quot;&gt;&amp;").count() > 12, "{page}");
    }

    #[test]
    fn a_plot_without_data_says_so() {
        let page = page(&hostile(), &hostile().sections()).unwrap();
        assert_eq!((page.matches("<figure").count(), page.matches("no data").count()), (3, 2));
        assert_eq!(page.matches("role=\"img\"").count(), 1);
    }

    #[test]
    fn the_contents_lead_to_every_section() {
        let page = page(&hostile(), &hostile().sections()).unwrap();
        for place in 1..=2 {
            assert_eq!(page.matches(&format!("\"#section-{place}\"")).count(), 1);
            assert_eq!(page.matches(&format!("id=\"section-{place}\"")).count(), 1);
        }
        assert_eq!(page.matches(" id=").count(), 2);
    }
}
