//! The colours of plots, which the colour-blind can tell apart (after Okabe and Ito, 2008).
//!
//! They are those of a light page. The style sheet knows them by their numbers and has others for a dark page; it also
//! gives each curve a dash of its own, so that colour is not all that tells.

use plotters::style::RGBColor;

/// Text, and the lines of the axes.
pub(super) const INK: RGBColor = RGBColor(0x2B, 0x33, 0x3D);

/// The lines of the grid.
pub(super) const GRID: RGBColor = RGBColor(0xE3, 0xE6, 0xEA);

/// Dashed lines to compare with, in turn.
pub(super) const GUIDES: [RGBColor; 3] =
    [RGBColor(0x5B, 0x64, 0x70), RGBColor(0x5B, 0x64, 0x71), RGBColor(0x5B, 0x64, 0x72)];

/// What is drawn, in turn.
pub(super) const SERIES: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x8A, 0x65),
    RGBColor(0xB0, 0x5A, 0x8C),
    RGBColor(0x8A, 0x6D, 0x00),
    RGBColor(0x3D, 0x46, 0x52),
];

/// How wide a curve is drawn. The style sheet dashes curves by it.
pub(super) const CURVE: u32 = 5;

/// How wide a guide is drawn.
pub(super) const GUIDE: u32 = 3;

/// As in the attributes that the plotting crate writes.
pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_sheet_knows_every_colour() {
        let style = include_str!("../style.css");
        for colour in [INK, GRID].into_iter().chain(GUIDES).chain(SERIES) {
            assert!(style.contains(&format!("[stroke=\"{}\"]", hex(colour))), "{}", hex(colour));
        }
        for colour in [INK].into_iter().chain(SERIES) {
            assert!(style.contains(&format!("[fill=\"{}\"]", hex(colour))), "{}", hex(colour));
        }
        assert!(style.contains(&format!("[stroke-width=\"{CURVE}\"]")));
    }
}
