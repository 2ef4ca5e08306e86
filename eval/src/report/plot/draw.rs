//! A plot as SVG: axes, and the layers between them.

use anyhow::Result;
use plotters::coord::Shift;
use plotters::prelude::{
    Cartesian2d, ChartBuilder, ChartContext, Color, DrawingArea, IntoDrawingArea, IntoTextStyle, SVGBackend,
    TRANSPARENT, TextStyle,
};
use plotters::style::RGBColor;

use super::layers::{self, Area};
use super::look::{Look, looks};
use super::palette::{GRID, INK};
use super::ruler::Ruler;
use super::{Axis, Layer, Plot};

/// The drawing's own width. The page shows it at about half: places in it are whole numbers, so it is not smaller.
pub(super) const WIDTH: u32 = 1200;

const HEIGHT: u32 = 800;

/// The height of text.
const TEXT: f64 = 28.0;

/// The plotting crate draws text smaller than it is asked for, by this.
const SHRINKING: f64 = 1.24;

/// The usual width of a character.
pub(super) const CHARACTER: f64 = 0.6 * TEXT;

/// Beyond the axes on top and on the right: room for half a label.
const MARGIN: u32 = 52;

/// Below the axis: its labels and its name.
pub(super) const BELOW: u32 = 112;

/// Of the short lines at the labels. Labels keep twice as far away.
const TICK: u32 = 8;

/// An SVG without its outermost tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawing {
    /// In units of its own.
    pub(crate) width: u32,
    /// In units of its own.
    pub(crate) height: u32,
    /// Markup.
    pub(crate) content: String,
}

/// All of the drawing.
pub(super) type Root<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Both axes of a plot, and how much room the left one takes.
#[derive(Debug)]
pub(super) struct Axes<'a> {
    /// Across.
    pub(super) x: Ruler,
    /// The name of the axis across.
    pub(super) x_name: &'a str,
    /// Upwards.
    pub(super) y: Ruler,
    /// The name of the axis upwards; empty for none.
    pub(super) y_name: &'a str,
    /// Left of the axis upwards.
    pub(super) left: u32,
}

/// The plot as SVG; None, where there are no data.
pub(super) fn draw(plot: &Plot) -> Result<Option<Drawing>> {
    let axes = axes(&plot.x, &plot.y, &plot.layers);
    let has_data = |layer: &Layer| {
        !layer.is_guide() && layer.corners().iter().any(|&(x, y)| axes.x.takes(x) && axes.y.takes(y))
    };
    if !plot.layers.iter().any(has_data) {
        return Ok(None);
    }
    drawing(HEIGHT, |root| {
        let chart = axes.draw(root)?;
        for (layer, look) in plot.layers.iter().zip(looks(&plot.layers)) {
            draw_layer(chart.plotting_area(), layer, look)?;
        }
        Ok(())
    })
    .map(Some)
}

/// What `fill` draws on an empty drawing.
pub(super) fn drawing(height: u32, fill: impl FnOnce(&Root<'_>) -> Result<()>) -> Result<Drawing> {
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
    fill(&root)?;
    root.present()?;
    drop(root);
    // The page has an outermost tag of its own, which scales.
    let content = svg.split_once(">\n").map_or("", |(_, content)| content);
    let content = content.trim_end().trim_end_matches("</svg>").to_owned();
    Ok(Drawing { width: WIDTH, height, content })
}

fn axes<'a>(x: &'a Axis, y: &'a Axis, layers: &[Layer]) -> Axes<'a> {
    let corners: Vec<_> = layers.iter().flat_map(Layer::corners).collect();
    let upwards = Ruler::upwards(y, corners.iter().map(|&(_, y)| y));
    let left = (upwards.widest_label() as f64 * CHARACTER + 1.6 * TEXT) as u32 + 3 * TICK;
    let room = f64::from(WIDTH - left - MARGIN) / CHARACTER;
    let across = Ruler::across(x, corners.iter().map(|&(x, _)| x), room as usize);
    Axes { x: across, x_name: &x.label, y: upwards, y_name: &y.label, left }
}

fn draw_layer(area: &Area<'_>, layer: &Layer, look: Look) -> Result<()> {
    match layer {
        Layer::Line { points, .. } => layers::line(area, look, points),
        Layer::Steps { points, .. } => layers::steps(area, look, points),
        Layer::Points { points, .. } => layers::points(area, look, points),
        Layer::Band { points, .. } => layers::band(area, look, points),
        Layer::Errors { points, .. } => layers::errors(area, look, points),
        Layer::Diagonal { .. } => layers::diagonal(area, look.colour),
        Layer::Horizontal { y, .. } => layers::horizontal(area, look.colour, *y),
    }
}

impl Axes<'_> {
    /// Draws the axes with their grid.
    pub(super) fn draw<'a>(
        &self,
        root: &Root<'a>,
    ) -> Result<ChartContext<'a, SVGBackend<'a>, Cartesian2d<Ruler, Ruler>>> {
        let mut chart = ChartBuilder::on(root)
            .margin_top(MARGIN)
            .margin_left(TICK)
            .margin_right(MARGIN)
            .x_label_area_size(BELOW)
            .y_label_area_size(self.left)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let (width, height) = chart.plotting_area().dim_in_pixel();
        let fits = |name: &str, room: u32| f64::from(room) / (name.chars().count() as f64 * CHARACTER);
        let shrinking = fits(self.x_name, width).min(fits(self.y_name, height)).min(1.0);
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(TRANSPARENT)
            .bold_line_style(GRID.stroke_width(2))
            .axis_style(INK.stroke_width(2))
            .label_style(text(INK, 1.0))
            .set_all_tick_mark_size(TICK)
            .axis_desc_style(text(INK, shrinking))
            .x_desc(self.x_name);
        if !self.y_name.is_empty() {
            mesh.y_desc(self.y_name);
        }
        mesh.draw()?;
        Ok(chart)
    }
}

/// Text of so much of the usual size.
pub(super) fn text(colour: RGBColor, share: f64) -> TextStyle<'static> {
    let style = ("sans-serif", TEXT * SHRINKING * share).into_text_style(&(WIDTH, HEIGHT));
    TextStyle { color: colour.to_backend_color(), ..style }
}

#[cfg(test)]
mod tests {
    use super::super::Scale;
    use super::*;
    use crate::metrics::Range;

    fn plot(layers: Vec<Layer>) -> Plot {
        let (title, caption) = (String::new(), String::new());
        Plot { title, caption, x: Axis::number("years"), y: Axis::percent("share"), layers }
    }

    /// One of each kind, with the same numbers.
    fn every_kind(points: &[(f64, f64)]) -> Vec<Layer> {
        let (name, points) = (String::new, points.to_vec());
        let range = |y: f64| Range { low: y - 0.1, high: y + 0.1 };
        let band = points.iter().map(|&(x, y)| (x, range(y))).collect();
        let errors = points.iter().map(|&(x, y)| (x, y, range(y))).collect();
        vec![
            Layer::Band { name: name(), points: band },
            Layer::Line { name: name(), points: points.clone() },
            Layer::Steps { name: name(), points: points.clone() },
            Layer::Points { name: name(), points },
            Layer::Errors { name: name(), points: errors },
            Layer::Diagonal { name: name() },
            Layer::Horizontal { name: name(), y: 0.5 },
        ]
    }

    #[test]
    fn every_kind_is_drawn() {
        let layers = every_kind(&[(0.1, 0.2), (0.3, 0.6), (0.8, 0.4)]);
        // With the same axes, so that only the layers differ.
        let shapes = |layers: &[Layer]| {
            let axis = || Axis::number("").between(0.0, 2.0);
            let drawing = draw(&Plot { x: axis(), y: axis(), ..plot(layers.to_vec()) }).unwrap().unwrap();
            drawing.content.matches("/>").count()
        };
        let first = &layers[..1];
        for layer in &layers[1..] {
            assert!(shapes(&[first, std::slice::from_ref(layer)].concat()) > shapes(first), "{layer:?}");
        }
    }

    #[test]
    fn a_drawing_is_the_inside_of_an_svg() {
        let drawn = draw(&plot(every_kind(&[(0.1, 0.2), (0.3, 0.6), (0.8, 0.4)]))).unwrap().unwrap().content;
        assert!(drawn.contains("years") && drawn.contains("share") && drawn.contains("60\u{a0}%"), "{drawn}");
        assert!(!drawn.contains("<svg") && !drawn.contains("</svg>") && !drawn.contains("http"), "{drawn}");
    }

    #[test]
    fn nothing_that_is_given_ends_the_program() {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -1.0, 0.0, 1e-300];
        for &x in &odd {
            for &y in &odd {
                for scale in [Scale::Linear, Scale::Log10] {
                    let mut plot = plot(every_kind(&[(x, y), (1.0, 0.5), (x, x)]));
                    (plot.x.scale, plot.y.scale) = (scale, scale);
                    plot.x.bounds = Some(Range { low: x, high: y });
                    let drawing = draw(&plot).unwrap().unwrap();
                    assert!(!drawing.content.contains("NaN") && !drawing.content.contains("inf"));
                    draw(&self::plot(every_kind(&[(x, y)]))).unwrap();
                }
            }
        }
    }

    #[test]
    fn guides_alone_are_no_data() {
        assert_eq!(draw(&plot(vec![])).unwrap(), None);
        assert_eq!(draw(&plot(vec![Layer::Diagonal { name: String::new() }])).unwrap(), None);
        assert_eq!(draw(&plot(every_kind(&[]))).unwrap(), None);
        assert_eq!(draw(&plot(every_kind(&[(f64::NAN, 0.5)]))).unwrap(), None);
    }
}
