//! A forest as SVG: a name on the left, a value and its interval on the right, one row under the other.

use anyhow::Result;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::draw::{Axes, BELOW, CHARACTER, Drawing, Root, WIDTH, drawing, text};
use super::layers::{self, Area};
use super::look::FIRST;
use super::palette::{GUIDES, INK};
use super::ruler::Ruler;
use super::{Forest, ForestRow};

/// From one row to the next, in units of the drawing.
const ROW: u32 = 48;

/// Longer names are cut, so that room is left for the intervals.
const LONGEST_NAME: usize = 30;

/// Between a name and the axis, in units of the drawing.
const GAP: u32 = 20;

/// What is written where there is no value.
const INSUFFICIENT: &str = "insufficient";

/// The forest as SVG; None, where it has no rows.
pub(super) fn draw(forest: &Forest) -> Result<Option<Drawing>> {
    if forest.rows.is_empty() {
        return Ok(None);
    }
    let axes = axes(forest);
    let height = forest.rows.len() as u32 * ROW + ROW + BELOW;
    drawing(height, |root| {
        let chart = axes.draw(root)?;
        let area = chart.plotting_area();
        if let Some(reference) = forest.reference {
            layers::vertical(area, GUIDES[0], reference)?;
        }
        for (place, row) in forest.rows.iter().enumerate() {
            draw_row(root, area, row, place as f64 + 0.5)?;
        }
        Ok(())
    })
    .map(Some)
}

fn axes(forest: &Forest) -> Axes<'_> {
    let longest = forest.rows.iter().map(|row| cut(&row.name).chars().count()).max().unwrap_or(0);
    let left = (longest as f64 * CHARACTER) as u32 + 2 * GAP;
    let values = forest.rows.iter().filter_map(|row| Some((row.value?, row.interval)));
    let values = values.flat_map(|(value, interval)| {
        let ends = interval.map(|interval| [interval.low, interval.high]);
        std::iter::once(value).chain(ends.into_iter().flatten())
    });
    let room = f64::from(WIDTH - left) / CHARACTER;
    Axes {
        x: Ruler::across(&forest.x, values.chain(forest.reference), room as usize),
        x_name: &forest.x.label,
        y: Ruler::places(forest.rows.len()),
        y_name: "",
        left,
    }
}

fn draw_row(root: &Root<'_>, area: &Area<'_>, row: &ForestRow, y: f64) -> Result<()> {
    let (left, middle) = area.map_coordinate(&(area.get_x_range().start, y));
    let gap = GAP as i32;
    let name = text(INK, 1.0).pos(Pos::new(HPos::Right, VPos::Center));
    root.draw_text(&cut(&row.name), &name, (left - gap, middle))?;
    match row.value {
        Some(value) => layers::across(area, FIRST, (value, y), row.interval)?,
        None => {
            let note = text(GUIDES[0], 1.0).pos(Pos::new(HPos::Left, VPos::Center));
            root.draw_text(INSUFFICIENT, &note, (left + gap, middle))?;
        }
    }
    Ok(())
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    name.chars().take(LONGEST_NAME - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Axis;
    use super::*;
    use crate::metrics::Range;

    fn forest(rows: Vec<ForestRow>) -> Forest {
        let (title, caption) = (String::new(), String::new());
        Forest { title, caption, x: Axis::number("MAE, years"), rows, reference: Some(5.0) }
    }

    fn row(name: &str, value: Option<f64>) -> ForestRow {
        let interval = value.map(|value| Range { low: value - 1.0, high: value + 1.0 });
        ForestRow { name: name.to_owned(), value, interval }
    }

    #[test]
    fn too_little_is_written_and_not_drawn() {
        let with = |value| draw(&forest(vec![row("women", Some(6.0)), row("men", value)])).unwrap().unwrap();
        let (both, one) = (with(Some(4.0)).content, with(None).content);
        assert!(!both.contains(INSUFFICIENT) && one.contains(INSUFFICIENT));
        assert_eq!((both.matches("<circle").count(), one.matches("<circle").count()), (2, 1));
        assert!(one.contains("women") && one.contains("MAE, years"));
    }

    #[test]
    fn nothing_that_is_given_ends_the_program() {
        assert_eq!(draw(&forest(Vec::new())).unwrap(), None);
        for value in [f64::NAN, f64::INFINITY, 0.0, -1e300] {
            draw(&forest(vec![row("a", Some(value))])).unwrap().unwrap();
        }
        draw(&forest(vec![row(&"wide ".repeat(100), None)])).unwrap().unwrap();
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(cut("device phone"), "device phone");
        assert_eq!(cut(&"é".repeat(31)).chars().count(), LONGEST_NAME);
    }
}
