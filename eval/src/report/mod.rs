//! What a run says of its data: figures for programs, sections with plots and tables for people.

mod html;
mod junit;
mod output;
mod plot;
mod provenance;
mod section;
mod table;

use serde::Serialize;

pub(crate) use junit::{Case, CaseResult, write_junit};
pub(crate) use output::Output;
pub(crate) use plot::{Axis, Figure, Forest, ForestRow, Layer, Plot, Scale, Unit};
pub(crate) use provenance::{Model, PolicyIdentity, Provenance};
pub(crate) use section::{Place, Section};
pub(crate) use table::{Table, figure, percent, percents};

/// A report that can be written.
pub(crate) trait Report: Serialize {
    /// The page's heading.
    fn title(&self) -> &'static str;

    /// What a reader must know before believing a figure, in sentences.
    fn notes(&self) -> Vec<String>;

    /// What is shown, in the order of the page; the first is what people look at first.
    fn sections(&self) -> Vec<Section>;

    /// Where the figures come from.
    fn provenance(&self) -> &Provenance;
}
