//! How each kind of layer is drawn.

use anyhow::Result;
use plotters::prelude::{
    Cartesian2d, Circle, Color, Cross, DrawingArea, EmptyElement, PathElement, Polygon, RGBColor, SVGBackend,
    ShapeStyle, TriangleMarker,
};

use super::look::{Look, Marker};
use super::palette::{CURVE, GUIDE};
use super::ruler::Ruler;
use crate::metrics::Range;

/// What lies between the axes.
pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Cartesian2d<Ruler, Ruler>>;

/// Points of a scatter that are drawn at most; of more, every so manieth is.
const MOST_POINTS: usize = 4_000;

/// From so many points on they are small and pale, so that it shows where many lie.
const CROWD: usize = 400;

/// Half the width of a whisker's end, in units of the drawing.
const CAP: i32 = 7;

const WHISKER: u32 = 3;

/// Straight from point to point.
pub(super) fn line(area: &Area<'_>, look: Look, points: &[(f64, f64)]) -> Result<()> {
    match distinct(area, points.iter().copied())[..] {
        [] => {}
        [alone] => area.draw(&Circle::new(alone, CURVE, look.colour.filled()))?,
        ref points => area.draw(&PathElement::new(points, look.colour.stroke_width(CURVE)))?,
    }
    Ok(())
}

/// Level to the next point, then straight up or down.
pub(super) fn steps(area: &Area<'_>, look: Look, points: &[(f64, f64)]) -> Result<()> {
    let corners = points.windows(2).flat_map(|pair| [pair[0], (pair[1].0, pair[0].1)]);
    let corners: Vec<_> = corners.chain(points.last().copied()).collect();
    line(area, look, &corners)
}

/// A scatter.
pub(super) fn points(area: &Area<'_>, look: Look, points: &[(f64, f64)]) -> Result<()> {
    let points = thinned(points);
    let (size, opacity) = if points.len() > CROWD { (4, 0.35) } else { (7, 0.8) };
    let style = ShapeStyle { color: look.colour.mix(opacity), filled: true, stroke_width: WHISKER };
    for at in points.into_iter().filter(|&point| takes(area, point)) {
        match look.marker {
            Marker::Disc => area.draw(&Circle::new(at, size, style))?,
            Marker::Triangle => area.draw(&TriangleMarker::new(at, size + 3, style))?,
            Marker::Cross => area.draw(&Cross::new(at, size, style))?,
        }
    }
    Ok(())
}

/// Filled between the ends of intervals.
pub(super) fn band(area: &Area<'_>, look: Look, points: &[(f64, Range)]) -> Result<()> {
    let upper = distinct(area, points.iter().map(|&(x, range)| (x, range.high)));
    let lower = distinct(area, points.iter().map(|&(x, range)| (x, range.low)));
    let around: Vec<_> = upper.into_iter().chain(lower.into_iter().rev()).collect();
    if !around.is_empty() {
        area.draw(&Polygon::new(around, look.colour.mix(0.2)))?;
    }
    Ok(())
}

/// Values with whiskers.
pub(super) fn errors(area: &Area<'_>, look: Look, points: &[(f64, f64, Range)]) -> Result<()> {
    for &(x, value, Range { low, high }) in points {
        if takes(area, (x, value)) {
            whisker(area, look, [(x, low), (x, high)], (CAP, 0))?;
        }
    }
    let values: Vec<_> = points.iter().map(|&(x, value, _)| (x, value)).collect();
    self::points(area, look, &values)
}

/// A value with its interval across.
pub(super) fn across(
    area: &Area<'_>,
    look: Look,
    (value, y): (f64, f64),
    interval: Option<Range>,
) -> Result<()> {
    if let Some(Range { low, high }) = interval {
        whisker(area, look, [(low, y), (high, y)], (0, CAP))?;
    }
    if takes(area, (value, y)) {
        area.draw(&Circle::new((value, y), CAP + 2, look.colour.filled()))?;
    }
    Ok(())
}

/// A dashed guide where both axes show the same number.
pub(super) fn diagonal(area: &Area<'_>, colour: RGBColor) -> Result<()> {
    let (x, y) = (area.get_x_range(), area.get_y_range());
    let (low, high) = (x.start.max(y.start), x.end.min(y.end));
    if low < high { guide(area, colour, [(low, low), (high, high)]) } else { Ok(()) }
}

/// A dashed guide across.
pub(super) fn horizontal(area: &Area<'_>, colour: RGBColor, y: f64) -> Result<()> {
    let x = area.get_x_range();
    guide(area, colour, [(x.start, y), (x.end, y)])
}

/// A dashed guide upwards, where a forest has its reference.
pub(super) fn vertical(area: &Area<'_>, colour: RGBColor, x: f64) -> Result<()> {
    let y = area.get_y_range();
    guide(area, colour, [(x, y.start), (x, y.end)])
}

fn guide(area: &Area<'_>, colour: RGBColor, ends: [(f64, f64); 2]) -> Result<()> {
    if ends.iter().all(|&end| takes(area, end)) {
        area.draw(&PathElement::new(ends, colour.stroke_width(GUIDE)))?;
    }
    Ok(())
}

/// A line with a short stroke across each end.
fn whisker(area: &Area<'_>, look: Look, ends: [(f64, f64); 2], (right, down): (i32, i32)) -> Result<()> {
    if !ends.iter().all(|&end| takes(area, end)) {
        return Ok(());
    }
    let style = look.colour.stroke_width(WHISKER);
    area.draw(&PathElement::new(ends, style))?;
    for end in ends {
        let stroke = PathElement::new([(-right, -down), (right, down)], style);
        area.draw(&(EmptyElement::at(end) + stroke))?;
    }
    Ok(())
}

fn takes(area: &Area<'_>, (x, y): (f64, f64)) -> bool {
    let axes = area.as_coord_spec();
    axes.x_spec().takes(x) && axes.y_spec().takes(y)
}

/// Points that can be drawn; of those that follow each other on one place, the first.
fn distinct(area: &Area<'_>, points: impl Iterator<Item = (f64, f64)>) -> Vec<(f64, f64)> {
    let mut points: Vec<_> = points.filter(|&point| takes(area, point)).collect();
    points.dedup_by_key(|point| area.map_coordinate(point));
    points
}

fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    points.iter().copied().step_by(points.len().div_ceil(MOST_POINTS).max(1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scatter_is_thinned_evenly() {
        let points: Vec<_> = (0..10_001).map(|n| (f64::from(n), 0.0)).collect();
        let thinned = thinned(&points);
        assert!(thinned.len() <= MOST_POINTS && thinned.len() > MOST_POINTS / 2);
        assert_eq!(thinned[..3], [(0.0, 0.0), (3.0, 0.0), (6.0, 0.0)]);
        assert_eq!(super::thinned(&points[..4_000]).len(), 4_000);
    }
}
