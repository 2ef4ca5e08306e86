//! Whether a face can be judged: five plain measurements and the limits that the age bundle sets for them.

use super::align::Crop;
use super::detect::Detection;
use super::geometry::{Bounds, Point};
use super::image::Photo;
use super::manifest::QualityLimits;
use super::reason::Reason;

/// What was measured of a face, and which of the limits it misses.
#[derive(Debug, Clone, PartialEq)]
pub struct Quality {
    /// Shorter side of the box, pixels of the photo.
    pub size_pixels: f32,
    /// Share of the box inside the photo, 0 to 1.
    pub visible_share: f32,
    /// Energy of fine detail over energy of all detail in the middle of the crop; higher is sharper, 0 is flat.
    pub sharpness: f32,
    /// Mean luminance of the middle of the crop, 0 (black) to 1 (white).
    pub brightness: f32,
    /// Turn of the head to a side: 0 frontal, 1 when the nose tip lies as far out as an eye.
    pub turn: f32,
    /// The limits missed, most important first. Empty for a face that can be judged.
    pub reasons: Vec<Reason>,
}

/// Margin of the crop left out on each side: there the background begins, or the black outside the photo.
const MARGIN: f32 = 0.2;

impl Quality {
    /// Measures a face in its photo and in its crop.
    pub(super) fn measure(photo: &Photo, face: &Detection, crop: &Crop, limits: &QualityLimits) -> Self {
        let light = Luminance::of_middle(crop);
        let mut quality = Self {
            size_pixels: face.bounds.width.min(face.bounds.height),
            visible_share: visible_share(photo, &face.bounds),
            sharpness: light.sharpness(),
            brightness: light.mean(),
            turn: turn(&face.landmarks),
            reasons: Vec::new(),
        };
        quality.reasons = quality.missed(limits);
        quality
    }

    /// What is no number keeps no limit.
    fn missed(&self, limits: &QualityLimits) -> Vec<Reason> {
        let rules = [
            (self.size_pixels >= limits.min_size_pixels, Reason::FaceTooSmall),
            (self.visible_share >= limits.min_visible_share, Reason::FaceCutOff),
            (self.brightness >= limits.min_brightness, Reason::TooDark),
            (self.brightness <= limits.max_brightness, Reason::TooBright),
            (self.sharpness >= limits.min_sharpness, Reason::Blurred),
            (self.turn <= limits.max_turn, Reason::ExtremePose),
        ];
        rules.into_iter().filter_map(|(kept, reason)| (!kept).then_some(reason)).collect()
    }
}

fn visible_share(photo: &Photo, bounds: &Bounds) -> f32 {
    let frame = Bounds { x: 0.0, y: 0.0, width: photo.width() as f32, height: photo.height() as f32 };
    (bounds.shared_area(&frame) / bounds.area().max(f32::MIN_POSITIVE)).min(1.0)
}

/// How far the nose tip lies from the middle between the eyes, along the line through them, in half eye distances.
fn turn(landmarks: &[Point; 5]) -> f32 {
    let [eye, other, nose, ..] = landmarks;
    let line = (other.x - eye.x, other.y - eye.y);
    let from_eye = (nose.x - eye.x, nose.y - eye.y);
    let length = (line.0 * line.0 + line.1 * line.1).max(f32::MIN_POSITIVE);
    let along = (line.0 * from_eye.0 + line.1 * from_eye.1) / length;
    (2.0 * along - 1.0).abs().min(1.0)
}

/// Luminance of a square of pixels, 0 to 1.
struct Luminance {
    values: Vec<f32>,
    side: usize,
}

impl Luminance {
    fn of_middle(crop: &Crop) -> Self {
        let size = crop.size as usize;
        let first = (crop.size as f32 * MARGIN) as usize;
        let side = size - 2 * first;
        let rows = crop.rgb.chunks_exact(3 * size).skip(first).take(side);
        let pixels = rows.flat_map(|row| row.chunks_exact(3).skip(first).take(side));
        Self { values: pixels.map(luminance).collect(), side }
    }

    fn mean(&self) -> f32 {
        self.values.iter().sum::<f32>() / self.values.len() as f32
    }

    /// Variance of the Laplacian over variance: the contrast of the light cancels out.
    ///
    /// Source: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000, normalised.
    fn sharpness(&self) -> f32 {
        let at = |row: usize, column: usize| self.values[row * self.side + column];
        let inner = 1..self.side - 1;
        let laplacian: Vec<f32> = inner
            .clone()
            .flat_map(|row| inner.clone().map(move |column| (row, column)))
            .map(|(row, column)| {
                let around =
                    at(row - 1, column) + at(row + 1, column) + at(row, column - 1) + at(row, column + 1);
                around - 4.0 * at(row, column)
            })
            .collect();
        variance(&laplacian) / variance(&self.values).max(1e-6)
    }
}

/// Rec. 709 weights on gamma-encoded values: what an eye would call brightness, near enough.
fn luminance(pixel: &[u8]) -> f32 {
    let [red, green, blue] = [pixel[0], pixel[1], pixel[2]].map(f32::from);
    (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255.0
}

fn variance(values: &[f32]) -> f32 {
    let count = values.len() as f32;
    let mean = values.iter().sum::<f32>() / count;
    values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_keeps_no_limit() {
        let limits = QualityLimits {
            min_size_pixels: 0.0,
            min_visible_share: 0.0,
            min_sharpness: 0.0,
            min_brightness: 0.0,
            max_brightness: 1.0,
            max_turn: 1.0,
        };
        let measured = |value: f32| Quality {
            size_pixels: value,
            visible_share: value,
            sharpness: value,
            brightness: value,
            turn: value,
            reasons: Vec::new(),
        };
        assert_eq!((measured(0.5).missed(&limits).len(), measured(f32::NAN).missed(&limits).len()), (0, 6));
    }
}
