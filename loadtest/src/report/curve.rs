//! Curves as SVG, to stand in a page: their colours are seen on light and on dark, their text has the page's colour.

use std::ops::Range;

use anyhow::{Result, anyhow};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::{
    ChartBuilder, Circle, Color as _, IntoDrawingArea as _, IntoLogRange as _, LineSeries, PathElement,
    RGBColor, Ranged, SVGBackend,
};

/// Units of the drawing, which the page scales to its width.
const SIZE: (u32, u32) = (960, 420);

const AXIS: RGBColor = RGBColor(128, 134, 144);

/// Colours, in the order of the curves.
pub(super) const COLOURS: [RGBColor; 4] =
    [RGBColor(46, 134, 222), RGBColor(217, 130, 43), RGBColor(205, 70, 100), RGBColor(128, 134, 144)];

/// Points that belong together, in their order.
pub(super) struct Curve {
    /// What they are.
    pub(super) name: &'static str,
    /// Of [`COLOURS`].
    pub(super) colour: RGBColor,
    /// Where they are.
    pub(super) points: Vec<(f64, f64)>,
}

/// What the axes show.
pub(super) struct Axes {
    /// Across.
    pub(super) x: &'static str,
    /// Upwards.
    pub(super) y: &'static str,
    /// A level to mark, such as a deadline.
    pub(super) level: Option<f64>,
}

/// Curves over axes that begin at 0.
///
/// # Errors
/// Never, but for a mistake in the drawing.
pub(super) fn linear(axes: &Axes, curves: &[Curve]) -> Result<String> {
    let (x, y) = extent(curves);
    drawn(axes, curves, (0.0..x.end * 1.05, 0.0..y.end * 1.1))
}

/// Curves over axes of which the upward one is logarithmic.
///
/// # Errors
/// As [`linear`].
pub(super) fn logarithmic(axes: &Axes, curves: &[Curve]) -> Result<String> {
    let (x, y) = extent(curves);
    let top = axes.level.unwrap_or_default().max(y.end);
    // From a power of ten on: those are what is labelled.
    let bottom = 10.0_f64.powf(y.start.log10().floor());
    drawn(axes, curves, (0.0..x.end * 1.05, (bottom..top * 1.3).log_scale()))
}

/// Of all points; of none, an extent that can be drawn.
fn extent(curves: &[Curve]) -> (Range<f64>, Range<f64>) {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let highest = |of: fn(&(f64, f64)) -> f64| points().map(of).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let lowest =
        |of: fn(&(f64, f64)) -> f64| points().map(of).filter(|at| *at > 0.0).fold(f64::MAX, f64::min);
    let range = |of| lowest(of).min(highest(of))..highest(of);
    (range(|point| point.0), range(|point| point.1))
}

fn drawn<Y>(axes: &Axes, curves: &[Curve], (x, y): (Range<f64>, Y)) -> Result<String>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let mut svg = String::new();
    draw(&mut svg, axes, curves, (x, y)).map_err(|error| anyhow!("a curve cannot be drawn: {error}"))?;
    Ok(svg)
}

fn draw<Y>(
    svg: &mut String,
    axes: &Axes,
    curves: &[Curve],
    (x, y): (Range<f64>, Y),
) -> Result<(), Box<dyn std::error::Error>>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    let right = x.end;
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    let mut builder = ChartBuilder::on(&root);
    builder.margin(12).x_label_area_size(48).y_label_area_size(64);
    let mut chart = builder.build_cartesian_2d(x, y)?;
    let mut mesh = chart.configure_mesh();
    mesh.x_desc(axes.x).y_desc(axes.y).x_labels(8).y_labels(6).axis_style(AXIS);
    mesh.label_style(("sans-serif", 15)).axis_desc_style(("sans-serif", 16));
    mesh.bold_line_style(AXIS.mix(0.3)).light_line_style(AXIS.mix(0.0)).draw()?;
    if let Some(level) = axes.level {
        chart.draw_series([PathElement::new([(0.0, level), (right, level)], AXIS.stroke_width(2))])?;
    }
    for Curve { colour, points, .. } in curves {
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(3)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 5, colour.filled())))?;
    }
    root.present()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves(points: Vec<(f64, f64)>) -> [Curve; 1] {
        [Curve { name: "a", colour: COLOURS[0], points }]
    }

    #[test]
    fn both_kinds_draw_their_points_and_their_names() {
        let axes = Axes { x: "across", y: "upwards", level: Some(3.0) };
        let curves = curves(vec![(1.0, 0.5), (2.0, 40.0)]);
        for svg in [linear(&axes, &curves).unwrap(), logarithmic(&axes, &curves).unwrap()] {
            assert_eq!(svg.matches("<circle").count(), 2);
            assert!(svg.contains("across") && svg.contains("upwards") && !svg.contains("<script"));
        }
    }

    #[test]
    fn no_point_and_one_point_can_be_drawn() {
        let axes = Axes { x: "x", y: "y", level: None };
        for points in [vec![], vec![(1.0, 1.0)], vec![(0.0, 0.0)]] {
            assert!(linear(&axes, &curves(points.clone())).is_ok());
            assert!(logarithmic(&axes, &curves(points)).is_ok());
        }
    }
}
