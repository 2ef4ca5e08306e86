//! From the bytes of a file to an upright RGB photo. Knows nothing of faces.
//!
//! The format is told by the bytes, never by a name. The size is checked from the header, before anything of that size
//! is allocated. A decoder that panics on a hostile file fails that file's request and nothing else.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage};

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

/// Widest pixel that a decoder may produce: RGBA of 4-byte floats. Twice that leaves it room to work.
const MAX_BYTES_PER_PIXEL: u64 = 2 * 16;

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

/// The pixels of a file, read off its header without decoding anything: a few microseconds.
pub(super) fn pixels(bytes: &[u8]) -> Option<u64> {
    let (width, height) = match sniff(bytes).ok()? {
        // The decoder would first copy the whole file.
        ImageFormat::Jpeg => jpeg_dimensions(bytes)?,
        format => {
            let read = || ImageReader::with_format(Cursor::new(bytes), format).into_dimensions().ok();
            catch_unwind(AssertUnwindSafe(read)).ok()??
        }
    };
    Some(u64::from(width) * u64::from(height))
}

/// What the frame header of a JPEG says.
fn jpeg_dimensions(jpeg: &[u8]) -> Option<(u32, u32)> {
    const START_OF_FRAME: std::ops::RangeInclusive<u8> = 0xC0..=0xCF;
    /// Huffman tables, a reserved marker and arithmetic conditioning lie in the same range.
    const NO_FRAME: [u8; 3] = [0xC4, 0xC8, 0xCC];
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = jpeg.get(at..at + 4) {
        if marker == 0xFF {
            at += 1;
            continue;
        }
        if START_OF_FRAME.contains(&marker) && !NO_FRAME.contains(&marker) {
            let &[height_high, height_low, width_high, width_low] = jpeg.get(at + 5..at + 9)? else {
                return None;
            };
            let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
            return Some((side(width_high, width_low), side(height_high, height_low)));
        }
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    None
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
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format)
        .into_decoder()
        .map_err(|error| broken(&error))?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(InputError::ImageTooLarge { width, height, limit: limits.max_pixels });
    }
    decoder.set_limits(allocation(limits)).map_err(|error| broken(&error))?;
    let orientation = decoder.orientation().map_err(|error| broken(&error))?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(|error| broken(&error))?;
    picture.apply_orientation(orientation);
    Ok(Photo { pixels: picture.into_rgb8() })
}

fn allocation(limits: ImageLimits) -> Limits {
    let mut allocation = Limits::no_limits();
    allocation.max_alloc = Some(limits.max_pixels.saturating_mul(MAX_BYTES_PER_PIXEL));
    allocation
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
