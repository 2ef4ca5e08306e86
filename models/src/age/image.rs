//! From the bytes of a file to an upright RGB photo. Knows nothing of faces.
//!
//! The format is told by the bytes, never by a name. The size is checked from the header, before a decoder sees the file,
//! and what the decoder may allocate besides the pixels is bounded. A decoder that panics on a hostile file fails that
//! file's request and nothing else.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

use super::header::{Chunk, Size, announced};
use crate::InputError;

/// How much of a photo the machine accepts; belongs to the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageLimits {
    /// Most pixels, width × height.
    pub max_pixels: u64,
}

/// An upright photo: RGB, 8 bits, rows from the top, no padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Photo {
    pixels: RgbImage,
}

/// Bytes of the widest pixel of a PNG: RGBA of 16 bits.
const WIDEST_PIXEL: u64 = 8;

/// Bytes that a PNG's colour profile may unpack to: those of cameras and screens have a hundredth of that.
const LARGEST_PROFILE: u64 = 4 << 20;

impl ImageLimits {
    /// The pixels of a picture of this size; refuses what has more than the limit.
    fn hold(self, (width, height): Size) -> Result<u64, InputError> {
        match u64::from(width) * u64::from(height) {
            pixels if pixels > self.max_pixels => {
                Err(InputError::ImageTooLarge { width, height, limit: self.max_pixels })
            }
            pixels => Ok(pixels),
        }
    }
}

impl Photo {
    /// Decodes a JPEG, PNG or WebP file.
    ///
    /// The EXIF orientation is applied. 16-bit, grey and CMYK pictures become 8-bit RGB; alpha is dropped, since it
    /// says nothing about a face. Of an animation the first frame counts.
    ///
    /// # Errors
    /// [`InputError`] for bytes that are not a whole image of one of these formats, or of too many pixels.
    pub fn decode(bytes: &[u8], limits: ImageLimits) -> Result<Self, InputError> {
        let format = sniff(bytes)?;
        // Nothing outlives the closure that a panic could have left half done.
        catch_unwind(AssertUnwindSafe(|| decode(bytes, format, limits)))
            .unwrap_or(Err(InputError::ImageBroken))
    }

    /// Takes decoded pixels: `rgb` holds width × height × 3 bytes. `None` when it does not.
    #[must_use]
    pub fn from_rgb(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        RgbImage::from_raw(width, height, rgb).map(|pixels| Self { pixels })
    }

    /// A photo of nothing, to warm a model up.
    pub(super) fn black(width: u32, height: u32) -> Self {
        Self { pixels: RgbImage::new(width, height) }
    }

    /// Pixels across.
    #[must_use]
    pub fn width(&self) -> u32 {
        self.pixels.width()
    }

    /// Pixels down.
    #[must_use]
    pub fn height(&self) -> u32 {
        self.pixels.height()
    }

    /// The bytes: R, G, B from the top left corner on, row by row.
    #[must_use]
    pub fn rgb(&self) -> &[u8] {
        self.pixels.as_raw()
    }
}

/// The pixels of a file, read off its header without decoding anything: a few microseconds, whoever wrote it. `None` when there
/// is no header to be read.
///
/// # Errors
/// [`InputError::ImageTooLarge`] when it announces more than the limits hold.
pub(super) fn pixels(bytes: &[u8], limits: ImageLimits) -> Result<Option<u64>, InputError> {
    let size = sniff(bytes).ok().and_then(|format| announced(bytes, format));
    size.map(|size| limits.hold(size)).transpose()
}

fn sniff(bytes: &[u8]) -> Result<ImageFormat, InputError> {
    if bytes.is_empty() {
        return Err(InputError::ImageEmpty);
    }
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => Ok(format),
        _ => Err(InputError::ImageFormat),
    }
}

fn decode(bytes: &[u8], format: ImageFormat, limits: ImageLimits) -> Result<Photo, InputError> {
    if format == ImageFormat::Jpeg && !ends_properly(bytes) {
        return Err(InputError::ImageBroken);
    }
    let size = announced(bytes, format);
    if let Some(size) = size {
        limits.hold(size)?;
    }
    if format == ImageFormat::WebP {
        check_chunks(bytes, limits)?;
    }
    let mut decoder = open(bytes, format, size.unwrap_or_default())?;
    // What counts is what the decoder goes by, should it read another header than we do.
    limits.hold(decoder.dimensions())?;
    let orientation = decoder.orientation().map_err(|error| broken(&error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
    picture.apply_orientation(orientation);
    Ok(Photo { pixels: picture.into_rgb8() })
}

/// A decoder that has read the headers of a picture of that size, and whatever stands before its pixels.
///
/// Only PNG's packs anything there: texts it leaves packed, and a colour profile that unpacks to more than its bound it
/// leaves out. Nobody misses one here.
fn open(bytes: &[u8], format: ImageFormat, (width, _): Size) -> Result<impl ImageDecoder, InputError> {
    /// Of the file at most: chunks are kept, and are read into a buffer that doubles until the largest fits.
    const COPIES: u64 = 3;
    let mut limits = Limits::no_limits();
    let row = u64::from(width) * WIDEST_PIXEL;
    limits.max_alloc = Some(LARGEST_PROFILE + COPIES * bytes.len() as u64 + row);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    reader.into_decoder().map_err(|error| broken(&error))
}

/// Refuses a WebP of which the decoder would make room for more than its header announces.
fn check_chunks(webp: &[u8], limits: ImageLimits) -> Result<(), InputError> {
    for chunk in Chunk::all(webp) {
        if chunk.is_exif_cut_short() {
            return Err(InputError::ImageBroken);
        }
        if let Some(size) = chunk.frame() {
            limits.hold(size)?;
        }
    }
    Ok(())
}

/// The decoder's own words stay here: they may quote the caller's bytes.
fn broken(error: &ImageError) -> InputError {
    match error {
        ImageError::Unsupported(_) => InputError::ImageFormat,
        _ => InputError::ImageBroken,
    }
}

/// Whether a JPEG's entropy-coded data reach an end-of-image marker. The decoder fills what is missing with grey, and
/// grey is no face; what cameras append after the marker is harmless.
fn ends_properly(jpeg: &[u8]) -> bool {
    const FILL: u8 = 0xFF;
    const START_OF_SCAN: u8 = 0xDA;
    const END_OF_IMAGE: [u8; 2] = [0xFF, 0xD9];
    let mut at = 2;
    // Segments before the first scan, each with its length: a thumbnail inside them has an end marker of its own.
    while let Some(&[0xFF, marker, high, low]) = jpeg.get(at..at + 4) {
        if marker == FILL {
            at += 1;
            continue;
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
        if marker == START_OF_SCAN {
            return jpeg.get(at..).is_some_and(|scan| scan.windows(2).any(|pair| pair == END_OF_IMAGE));
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    use super::*;

    const LIMITS: ImageLimits = ImageLimits { max_pixels: 1000 };

    /// A white dot whose colour profile is this many noughts.
    fn png_with_profile(bytes: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        encoder.set_icc_profile(vec![0; bytes]).unwrap();
        encoder.write_image(&[0xFF; 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
        file
    }

    fn profile(file: &[u8]) -> Option<usize> {
        let mut decoder = open(file, ImageFormat::Png, (1, 1)).unwrap();
        decoder.icc_profile().unwrap().map(|profile| profile.len())
    }

    #[test]
    fn a_profile_that_unpacks_to_too_much_is_left_out() {
        let (normal, packed) = (png_with_profile(3144), png_with_profile(16 << 20));
        assert!(packed.len() < 64 << 10, "{} bytes", packed.len());
        assert_eq!((profile(&normal), profile(&packed)), (Some(3144), None));
        for file in [normal, packed] {
            assert_eq!(Photo::decode(&file, LIMITS).unwrap().rgb(), [0xFF; 3]);
        }
    }

    #[test]
    fn other_chunks_larger_than_the_picture_are_no_fault() {
        let mut file = Vec::new();
        let mut encoder = PngEncoder::new(&mut file);
        encoder.set_exif_metadata(vec![7; 9 << 20]).unwrap();
        encoder.write_image(&[0xFF; 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
        assert_eq!(Photo::decode(&file, LIMITS).unwrap().rgb(), [0xFF; 3]);
    }

    #[test]
    fn pixels_are_told_by_a_header_alone() {
        let file = png_with_profile(1);
        let pixels = |bytes| pixels(bytes, LIMITS).unwrap();
        assert_eq!((pixels(&file), pixels(&file[..24]), pixels(&file[..23])), (Some(1), Some(1), None));
    }
}
