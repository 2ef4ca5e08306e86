//! A plot on the page: its title, its legend, the drawing, and how to read it.

use anyhow::Result;

use super::{append as append_text, escape};
use crate::report::plot::{Drawing, Entry, Figure};

/// Appends the figure.
///
/// # Errors
/// When it cannot be drawn, which is a mistake of ours.
pub(super) fn append(body: &mut String, figure: &Figure) -> Result<()> {
    let title = escape(figure.title());
    append_text(body, format_args!("<figure>\n<h3>{title}</h3>\n"));
    match figure.draw()? {
        None => body.push_str("<p class=\"empty\">no data</p>\n"),
        Some(Drawing { width, height, content }) => {
            append_legend(body, &figure.legend());
            let size = format_args!("viewBox=\"0 0 {width} {height}\"");
            append_text(
                body,
                format_args!("<svg {size} role=\"img\" aria-label=\"{title}\">\n{content}</svg>\n"),
            );
        }
    }
    append_text(body, format_args!("<figcaption>{}</figcaption>\n</figure>\n", escape(figure.caption())));
    Ok(())
}

fn append_legend(body: &mut String, legend: &[Entry]) {
    if legend.is_empty() {
        return;
    }
    body.push_str("<ul class=\"legend\">\n");
    for Entry { name, swatch } in legend {
        let drawn = format_args!("<svg viewBox=\"0 0 48 24\" aria-hidden=\"true\">{swatch}</svg>");
        append_text(body, format_args!("<li>{drawn}{}</li>\n", escape(name)));
    }
    body.push_str("</ul>\n");
}
