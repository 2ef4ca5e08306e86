//! The aligned face crop. The recipe's `models/training/age/crop.py` cuts the very same; a golden test holds both.

use super::detect::Detection;
use super::geometry::Point;
use super::image::Photo;
use super::manifest::{Around, CropSpec};

/// Most samples along each axis of one crop pixel: a larger face is coarse enough by then.
const MAX_SAMPLES: u32 = 8;

/// A square face crop with the eyes level: RGB, 8 bits, rows from the top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crop {
    /// Pixels along each side.
    pub size: u32,
    /// size × size × 3 bytes.
    pub rgb: Vec<u8>,
}

impl Crop {
    /// A crop of nothing, to warm a model up.
    pub(super) fn black(size: u32) -> Self {
        Self { size, rgb: vec![0; 3 * (size * size) as usize] }
    }

    /// Cuts a face out of its photo.
    ///
    /// A square around the middle of the box, turned so that the eyes lie level unless the manifest wants it upright,
    /// black outside the photo, and outside the box where the manifest wants that. Every pixel is the mean of k × k bilinear samples spread over it, k = ⌈square / crop⌉, or a large face would alias.
    pub(super) fn cut(photo: &Photo, face: &Detection, spec: CropSpec) -> Self {
        let side = f64::from(face.bounds.width.max(face.bounds.height) * spec.scale);
        let samples = ((side / f64::from(spec.size)).ceil() as u32).clamp(1, MAX_SAMPLES);
        let square = Square::new(face, side, (spec, spec.size * samples));
        let mut rgb = Vec::with_capacity(3 * (spec.size * spec.size) as usize);
        for row in 0..spec.size {
            for column in 0..spec.size {
                rgb.extend(square.mean(photo, (column * samples, row * samples), samples));
            }
        }
        Self { size: spec.size, rgb }
    }
}

/// A turned square in the photo, divided into sampling points, as many along each side.
struct Square {
    centre: (f64, f64),
    /// How far each sampling point lies from the middle, along a side.
    along: Vec<f64>,
    cos: f64,
    sin: f64,
    /// How far the picture goes from the middle, across and down; black beyond.
    shown: (f64, f64),
}

impl Square {
    fn new(face: &Detection, side: f64, (spec, steps): (CropSpec, u32)) -> Self {
        let centre = face.bounds.centre();
        let [eye, other, ..] = face.landmarks;
        let angle = if spec.level { eye_line(eye, other) } else { 0.0 };
        let half = |extent: f32| f64::from(extent) / 2.0;
        Self {
            shown: match spec.around {
                Around::Photo => (side, side),
                Around::Black => (half(face.bounds.width), half(face.bounds.height)),
            },
            centre: (f64::from(centre.x), f64::from(centre.y)),
            along: (0..steps).map(|step| ((f64::from(step) + 0.5) / f64::from(steps) - 0.5) * side).collect(),
            cos: angle.cos(),
            sin: angle.sin(),
        }
    }

    /// Mean of samples × samples points from `first` (column, row) on, rounded.
    fn mean(&self, photo: &Photo, first: (u32, u32), samples: u32) -> [u8; 3] {
        let mut total = [0.0_f32; 3];
        let along = |first: u32| &self.along[first as usize..(first + samples) as usize];
        for &down in along(first.1) {
            for &across in along(first.0) {
                if across.abs() > self.shown.0 || down.abs() > self.shown.1 {
                    continue;
                }
                let (x, y) = self.place(across, down);
                let colour = bilinear(photo, x - 0.5, y - 0.5);
                total.iter_mut().zip(colour).for_each(|(sum, value)| *sum += value);
            }
        }
        let count = (samples * samples) as f32;
        total.map(|sum| (sum / count + 0.5) as u8)
    }

    /// Where a sampling point lies in the photo.
    fn place(&self, across: f64, down: f64) -> (f64, f64) {
        (
            self.centre.0 + self.cos * across - self.sin * down,
            self.centre.1 + self.sin * across + self.cos * down,
        )
    }
}

/// Angle of the line through the eyes, radians; 0 when they lie level.
fn eye_line(eye: Point, other: Point) -> f64 {
    f64::from(other.y - eye.y).atan2(f64::from(other.x - eye.x))
}

/// The colour at pixel indices (0 is the first pixel's middle); what lies outside counts as black.
fn bilinear(photo: &Photo, x: f64, y: f64) -> [f32; 3] {
    let (column, row) = (whole(x), whole(y));
    let (right_share, bottom_share) = ((x - column as f64) as f32, (y - row as f64) as f32);
    let shares = [
        (1.0 - right_share) * (1.0 - bottom_share),
        right_share * (1.0 - bottom_share),
        (1.0 - right_share) * bottom_share,
        right_share * bottom_share,
    ];
    let corners = corners(photo, column, row);
    std::array::from_fn(|channel| {
        let values = corners.map(|pixel| f32::from(pixel[channel]));
        values.into_iter().zip(shares).fold(0.0, |sum, (value, share)| sum + share * value)
    })
}

/// The next whole number below: without a call of the C library's, where the processor's own is not to be relied on.
fn whole(value: f64) -> i64 {
    let toward_zero = value as i64;
    toward_zero - i64::from((toward_zero as f64) > value)
}

/// The four pixels of which the first is at (column, row), row by row.
fn corners(photo: &Photo, column: i64, row: i64) -> [[u8; 3]; 4] {
    let inside = |at: i64, extent: u32| (0..i64::from(extent) - 1).contains(&at);
    if inside(column, photo.width()) && inside(row, photo.height()) {
        let width = photo.width() as usize;
        let pixels = photo.rgb().as_chunks::<3>().0;
        let at = row as usize * width + column as usize;
        return [pixels[at], pixels[at + 1], pixels[at + width], pixels[at + width + 1]];
    }
    [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(across, down)| pixel(photo, column + across, row + down))
}

/// A pixel of the photo, or black outside it.
fn pixel(photo: &Photo, column: i64, row: i64) -> [u8; 3] {
    let within = |at: i64, extent: u32| u32::try_from(at).ok().filter(|at| *at < extent);
    let Some((column, row)) = within(column, photo.width()).zip(within(row, photo.height())) else {
        return [0; 3];
    };
    photo.rgb().as_chunks::<3>().0[row as usize * photo.width() as usize + column as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::age::Bounds;

    /// Smooth shades, so that a slip of half a pixel shows.
    fn shades() -> Photo {
        let colour =
            |x: u32, y: u32| [3 * x + y, x * x / 20 + 2 * y, 255 - 3 * x - y].map(|value| value as u8);
        let rgb = (0..48).flat_map(|y| (0..64).flat_map(move |x| colour(x, y))).collect();
        Photo::from_rgb(64, 48, rgb).unwrap()
    }

    /// Expected values: `crop_face` of models/training/age/crop.py on the same picture.
    #[test]
    fn the_crop_is_the_one_that_the_network_was_trained_on() {
        let points = [(20.0, 10.0), (38.0, 16.0), (30.0, 22.0), (24.0, 34.0), (36.0, 37.0)];
        let face = Detection {
            bounds: Bounds { x: 10.0, y: -6.0, width: 40.0, height: 50.0 },
            landmarks: points.map(|(x, y)| Point { x, y }),
            score: 1.0,
        };
        let crop = Crop::cut(
            &shades(),
            &face,
            CropSpec { size: 16, scale: 1.1, level: true, around: Around::Photo },
        );
        let pixel = |row: usize, column: usize| &crop.rgb[3 * (16 * row + column)..][..3];
        assert_eq!(pixel(0, 0), [0, 0, 0]);
        assert_eq!(pixel(2, 9), [123, 86, 132]);
        assert_eq!(pixel(5, 4), [69, 35, 186]);
        assert_eq!(pixel(8, 8), [112, 88, 143]);
        assert_eq!(pixel(12, 3), [58, 61, 197]);
        let sum =
            |channel: usize| crop.rgb.iter().skip(channel).step_by(3).map(|&v| u32::from(v)).sum::<u32>();
        assert_eq!([sum(0), sum(1), sum(2)], [23_922, 21_622, 30_348]);
    }

    #[test]
    fn the_box_alone_stands_upright_on_black() {
        let face = Detection {
            bounds: Bounds { x: 22.0, y: 8.0, width: 16.0, height: 32.0 },
            landmarks: [(24.0, 14.0), (36.0, 26.0), (30.0, 22.0), (26.0, 30.0), (34.0, 32.0)]
                .map(|(x, y)| Point { x, y }),
            score: 1.0,
        };
        let spec = CropSpec { size: 32, scale: 1.0, level: false, around: Around::Black };
        let crop = Crop::cut(&shades(), &face, spec);
        let pixel = |row: usize, column: usize| &crop.rgb[3 * (32 * row + column)..][..3];
        assert_eq!((pixel(4, 7), pixel(4, 24)), ([0; 3].as_slice(), [0; 3].as_slice()));
        let shown = &shades().rgb()[3 * (64 * 12 + 22)..][..3].to_vec();
        assert_eq!(pixel(4, 8), shown, "the photo's pixel (22, 12), neither turned nor scaled");
    }
}
