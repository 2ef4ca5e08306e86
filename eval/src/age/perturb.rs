//! What goes wrong with photos in the world, done to upright pixels on purpose. The same file and seed give the same
//! bytes on every run. Knows no model.

use std::f32::consts::TAU;
use std::path::Path;

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::{self, FilterType};
use image::{DynamicImage, Rgb, RgbImage};
use models::age::{Bounds, Photo};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

/// One way of making a photo worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Perturbation {
    /// Out of focus.
    Blur,
    /// Little light.
    Dark,
    /// Compressed hard.
    Jpeg30,
    /// Turned clockwise.
    RotatedPlus15,
    /// Turned the other way.
    RotatedMinus15,
    /// A quarter of the pixels.
    HalfSize,
    /// Without colour.
    Gray,
    /// A sensor at its limit.
    Noise,
    /// Something in front of mouth and chin.
    Occlusion,
}

/// σ of the blur, in widths of the face's shorter side.
const BLUR: f32 = 0.03;
/// What is left of each value in the dark.
const LEFT_IN_THE_DARK: f32 = 0.3;
/// Quality of the JPEG, 1 to 100.
const JPEG_QUALITY: u8 = 30;
/// Degrees.
const TURN: f32 = 15.0;
/// σ of the noise, of 255.
const NOISE: f32 = 20.0;
/// Share of the face's box that is covered, from below.
const COVERED: f32 = 0.4;
/// What covers it.
const COVER: Rgb<u8> = Rgb([128; 3]);

/// What a perturbation may look at.
#[derive(Debug)]
pub(crate) struct Subject {
    pixels: RgbImage,
    face: Bounds,
    noise_seed: u64,
}

impl Perturbation {
    /// All of them, in the order of the report.
    pub(crate) const ALL: [Self; 9] = [
        Self::Blur,
        Self::Dark,
        Self::Jpeg30,
        Self::RotatedPlus15,
        Self::RotatedMinus15,
        Self::HalfSize,
        Self::Gray,
        Self::Noise,
        Self::Occlusion,
    ];

    /// In report.json.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Blur => "blur",
            Self::Dark => "dark",
            Self::Jpeg30 => "jpeg_30",
            Self::RotatedPlus15 => "rotation_plus_15",
            Self::RotatedMinus15 => "rotation_minus_15",
            Self::HalfSize => "half_size",
            Self::Gray => "gray",
            Self::Noise => "noise",
            Self::Occlusion => "occlusion",
        }
    }

    /// What is done, exactly.
    pub(crate) fn recipe(self) -> &'static str {
        match self {
            Self::Blur => "Gaussian, σ = 3 % of the face's shorter side",
            Self::Dark => "every value × 0.3",
            Self::Jpeg30 => "JPEG of quality 30",
            Self::RotatedPlus15 => "turned 15° clockwise, bilinear, black around",
            Self::RotatedMinus15 => "turned 15° anticlockwise, bilinear, black around",
            Self::HalfSize => "half as wide and half as high",
            Self::Gray => "luminance alone",
            Self::Noise => "Gaussian, σ = 20 of 255, on every value",
            Self::Occlusion => "the lower 40 % of the face's box covered in gray",
        }
    }

    /// The file that a user would have sent.
    ///
    /// # Errors
    /// When the encoder fails.
    pub(crate) fn apply(self, subject: &Subject) -> Result<Vec<u8>> {
        let Subject { pixels, face, noise_seed } = subject;
        match self {
            Self::Blur => png(&imageops::fast_blur(pixels, BLUR * face.width.min(face.height))),
            Self::Dark => png(&relit(pixels)),
            Self::Jpeg30 => jpeg(pixels),
            Self::RotatedPlus15 => png(&turned(pixels, TURN)),
            Self::RotatedMinus15 => png(&turned(pixels, -TURN)),
            Self::HalfSize => png(&halved(pixels)),
            Self::Gray => png(&DynamicImage::from(imageops::grayscale(pixels)).into_rgb8()),
            Self::Noise => png(&noisy(pixels, *noise_seed)),
            Self::Occlusion => png(&covered(pixels, face)),
        }
    }
}

impl Subject {
    /// A decoded photo with the place of its largest face; without one, the whole photo counts as the face.
    ///
    /// # Errors
    /// Never: a decoded photo has its pixels.
    pub(crate) fn new(photo: &Photo, face: Option<Bounds>, noise_seed: u64) -> Result<Self> {
        let (width, height) = (photo.width(), photo.height());
        let pixels =
            RgbImage::from_raw(width, height, photo.rgb().to_vec()).context("a photo without pixels")?;
        let all = Bounds { x: 0.0, y: 0.0, width: width as f32, height: height as f32 };
        Ok(Self { pixels, face: face.unwrap_or(all), noise_seed })
    }
}

/// The seed of one file's noise: FNV-1a of its name, so that it does not depend on which files are drawn.
pub(crate) fn noise_seed(seed: u64, file: &Path) -> u64 {
    let bytes = file.as_os_str().as_encoded_bytes();
    bytes.iter().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn png(pixels: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, PngFilter::Sub);
    pixels.write_with_encoder(encoder)?;
    Ok(bytes)
}

fn jpeg(pixels: &RgbImage) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pixels.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY))?;
    Ok(bytes)
}

fn relit(pixels: &RgbImage) -> RgbImage {
    let mut dark = pixels.clone();
    dark.iter_mut().for_each(|value| *value = (f32::from(*value) * LEFT_IN_THE_DARK).round() as u8);
    dark
}

fn halved(pixels: &RgbImage) -> RgbImage {
    let half = |extent: u32| extent.div_ceil(2);
    imageops::resize(pixels, half(pixels.width()), half(pixels.height()), FilterType::Triangle)
}

/// Turned clockwise about its middle, on a canvas that holds all of it.
fn turned(pixels: &RgbImage, degrees: f32) -> RgbImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (pixels.width() as f32, pixels.height() as f32);
    let extent = |along: f32, across: f32| (along * cos.abs() + across * sin.abs()).ceil();
    let (wide, high) = (extent(width, height), extent(height, width));
    RgbImage::from_fn(wide as u32, high as u32, |column, row| {
        let (x, y) = (column as f32 + 0.5 - wide / 2.0, row as f32 + 0.5 - high / 2.0);
        bilinear(pixels, x * cos + y * sin + width / 2.0 - 0.5, y * cos - x * sin + height / 2.0 - 0.5)
    })
}

/// The colour at pixel indices (0 is the first pixel's middle); what lies outside counts as black.
fn bilinear(pixels: &RgbImage, x: f32, y: f32) -> Rgb<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = (x - left, y - top);
    let mut colour = [0.5; 3];
    for (row, row_share) in [(top, 1.0 - bottom_share), (top + 1.0, bottom_share)] {
        for (column, share) in [(left, 1.0 - right_share), (left + 1.0, right_share)] {
            if column < 0.0 || row < 0.0 {
                continue;
            }
            if let Some(pixel) = pixels.get_pixel_checked(column as u32, row as u32) {
                let weight = row_share * share;
                colour.iter_mut().zip(pixel.0).for_each(|(sum, value)| *sum += weight * f32::from(value));
            }
        }
    }
    Rgb(colour.map(|value| value as u8))
}

fn noisy(pixels: &RgbImage, seed: u64) -> RgbImage {
    let (mut random, mut noisy) = (Pcg64Mcg::seed_from_u64(seed), pixels.clone());
    for values in noisy.chunks_mut(2) {
        // Box and Muller, 1958: two uniform numbers make two normal ones.
        let radius = (-2.0 * (1.0 - random.random::<f32>()).ln()).sqrt();
        let (sin, cos) = (TAU * random.random::<f32>()).sin_cos();
        for (value, unit) in values.iter_mut().zip([cos, sin]) {
            *value = (f32::from(*value) + NOISE * radius * unit).round().clamp(0.0, 255.0) as u8;
        }
    }
    noisy
}

fn covered(pixels: &RgbImage, face: &Bounds) -> RgbImage {
    let mut covered = pixels.clone();
    let across = face.x..face.x + face.width;
    let down = face.y + (1.0 - COVERED) * face.height..face.y + face.height;
    for (x, y, pixel) in covered.enumerate_pixels_mut() {
        if across.contains(&(x as f32 + 0.5)) && down.contains(&(y as f32 + 0.5)) {
            *pixel = COVER;
        }
    }
    covered
}

#[cfg(test)]
mod tests {
    use models::age::ImageLimits;

    use super::*;

    const LIMITS: ImageLimits = ImageLimits { max_pixels: 10_000 };

    /// Soft shades, 60 × 40, with a face of 20 × 20 in them.
    fn subject() -> Subject {
        let pixels = RgbImage::from_fn(60, 40, |x, y| Rgb([(4 * x) as u8, (6 * y) as u8, (x + 2 * y) as u8]));
        Subject { pixels, face: Bounds { x: 10.0, y: 10.0, width: 20.0, height: 20.0 }, noise_seed: 7 }
    }

    /// As the served stage reads it.
    fn decoded(perturbation: Perturbation) -> RgbImage {
        let photo = Photo::decode(&perturbation.apply(&subject()).unwrap(), LIMITS).unwrap();
        RgbImage::from_raw(photo.width(), photo.height(), photo.rgb().to_vec()).unwrap()
    }

    fn mean_difference(a: &RgbImage, b: &RgbImage) -> f32 {
        assert_eq!(a.dimensions(), b.dimensions());
        let sum: f32 = a.iter().zip(b.iter()).map(|(a, b)| f32::from(a.abs_diff(*b))).sum();
        sum / a.len() as f32
    }

    #[test]
    fn what_is_not_perturbed_is_not_lost() {
        let pixels = subject().pixels;
        let photo = Photo::decode(&png(&pixels).unwrap(), LIMITS).unwrap();
        assert_eq!(photo.rgb(), pixels.as_raw());
    }

    #[test]
    fn dark_keeps_three_tenths() {
        // 4 × 50 = 200 → 60, 6 × 30 = 180 → 54, 50 + 60 = 110 → 33.
        assert_eq!(decoded(Perturbation::Dark).get_pixel(50, 30), &Rgb([60, 54, 33]));
    }

    #[test]
    fn blur_spreads_an_edge_and_keeps_the_mean() {
        let pixels = RgbImage::from_fn(60, 40, |x, _| Rgb([if x < 30 { 0 } else { 200 }; 3]));
        let face = Bounds { x: 0.0, y: 0.0, width: 100.0, height: 120.0 };
        let bytes = Perturbation::Blur.apply(&Subject { pixels, face, noise_seed: 0 }).unwrap();
        let photo = Photo::decode(&bytes, LIMITS).unwrap();
        let at = |x: usize| photo.rgb()[3 * (20 * 60 + x)];
        // σ = 3 pixels: Φ(−0.5 / 3) = 43 % of 200 half a pixel before the edge, nothing five σ away.
        assert!(
            (75..=97).contains(&at(29)) && at(10) <= 1 && at(50) >= 199,
            "{} {} {}",
            at(29),
            at(10),
            at(50)
        );
    }

    #[test]
    fn jpeg_30_is_a_jpeg_that_changes_little() {
        let bytes = Perturbation::Jpeg30.apply(&subject()).unwrap();
        assert_eq!(bytes[..2], [0xFF, 0xD8]);
        let change = mean_difference(&decoded(Perturbation::Jpeg30), &subject().pixels);
        assert!(change > 0.2 && change < 8.0, "{change}");
    }

    #[test]
    fn rotation_turns_about_the_middle_and_back() {
        let (clockwise, back) =
            (turned(&subject().pixels, 15.0), |turned: &RgbImage| self::turned(turned, -15.0));
        // 60 cos 15° + 40 sin 15° = 68.3 and 40 cos 15° + 60 sin 15° = 54.2, rounded up.
        assert_eq!(clockwise.dimensions(), (69, 55));
        assert_eq!(clockwise.get_pixel(0, 0), &Rgb([0; 3]));
        // To the right of the middle, clockwise means down: what was at (+20, 0) is at 20 (cos 15°, sin 15°) = (19.3, 5.2).
        let (was, is) = (subject().pixels.get_pixel(50, 20)[0], clockwise.get_pixel(54, 33)[0]);
        assert!(was.abs_diff(is) <= 8, "{was} {is}");
        let again = back(&clockwise);
        let middle = imageops::crop_imm(&again, (again.width() - 20) / 2, (again.height() - 10) / 2, 20, 10);
        let before = imageops::crop_imm(&subject().pixels, 20, 15, 20, 10).to_image();
        assert!(mean_difference(&middle.to_image(), &before) < 4.0);
        assert_eq!(decoded(Perturbation::RotatedPlus15), clockwise);
        assert_eq!(decoded(Perturbation::RotatedMinus15).dimensions(), (69, 55));
    }

    #[test]
    fn half_size_averages() {
        let half = decoded(Perturbation::HalfSize);
        assert_eq!(half.dimensions(), (30, 20));
        // The middle of columns 40 and 41 is 40.5 × 4 = 162.
        assert!(half.get_pixel(20, 10)[0].abs_diff(162) <= 1);
    }

    #[test]
    fn gray_has_three_equal_values() {
        let gray = decoded(Perturbation::Gray);
        assert!(gray.pixels().all(|Rgb([red, green, blue])| red == green && green == blue));
        // 0.2126 × 200 + 0.7152 × 180 + 0.0722 × 110 = 179.2.
        assert!(gray.get_pixel(50, 30)[0].abs_diff(179) <= 1);
    }

    #[test]
    fn noise_has_the_spread_that_is_said_and_follows_the_seed() {
        let gray = RgbImage::from_pixel(100, 100, Rgb([128; 3]));
        let noisy = super::noisy(&gray, 1);
        let mean = noisy.iter().map(|value| f64::from(*value)).sum::<f64>() / noisy.len() as f64;
        let spread =
            noisy.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / noisy.len() as f64;
        // 30,000 values: the mean is good to 20 / √30,000 = 0.12, the spread to 0.08.
        assert!((mean - 128.0).abs() < 0.5 && (spread.sqrt() - 20.0).abs() < 0.4, "{mean} {}", spread.sqrt());
        assert_eq!(noisy, super::noisy(&gray, 1));
        assert_ne!(noisy, super::noisy(&gray, 2));
        assert_ne!(noise_seed(1, Path::new("a.jpg")), noise_seed(1, Path::new("b.jpg")));
        assert_ne!(decoded(Perturbation::Noise), subject().pixels);
    }

    #[test]
    fn occlusion_covers_the_lower_face_alone() {
        let (before, after) = (subject().pixels, decoded(Perturbation::Occlusion));
        // Of the box from (10, 10) to (30, 30), rows 22 to 29.
        let changed = after.enumerate_pixels().filter(|(x, y, pixel)| *pixel != before.get_pixel(*x, *y));
        assert!(changed.clone().all(|(x, y, _)| (10..30).contains(&x) && (22..30).contains(&y)));
        assert_eq!(after.get_pixel(20, 25), &COVER);
        assert_eq!(changed.count(), 20 * 8);
    }
}
