//! The one portrait and what is made of it. No other photograph of a person is used.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, RgbImage, imageops};

/// NASA's portrait of an astronaut (public domain, from scikit-image), 512 × 512.
pub(crate) const ASTRONAUT: &[u8] = include_bytes!("../../../examples/astronaut.jpg");

pub(crate) fn astronaut() -> RgbImage {
    image::load_from_memory(ASTRONAUT).unwrap().into_rgb8()
}

pub(crate) fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    encoded(picture, ImageFormat::Png)
}

pub(crate) fn encoded(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A JPEG that asks to be shown turned: an EXIF segment with nothing but the orientation (1 to 8).
pub(crate) fn jpeg_with_orientation(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let mut plain = Vec::new();
    JpegEncoder::new_with_quality(&mut plain, 95).encode_image(picture).unwrap();
    let tiff = [
        b"II*\0".as_slice(),
        &8_u32.to_le_bytes(),            // the directory follows at once
        &1_u16.to_le_bytes(),            // one entry:
        &[0x12, 0x01, 3, 0, 1, 0, 0, 0], // orientation, one 16-bit number
        &[orientation, 0, 0, 0],
        &[0; 4], // no further directory
    ]
    .concat();
    let payload = [b"Exif\0\0", tiff.as_slice()].concat();
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&plain[..2], &[0xFF, 0xE1], &length, &payload, &plain[2..]].concat()
}

/// Soft shades without a face.
pub(crate) fn landscape(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (across, down) = (255 * x / width, 255 * y / height);
        image::Rgb([across as u8, down as u8, ((across + down) / 2) as u8])
    })
}

/// Every channel of every pixel changed by `change` (0 to 255 in and out).
pub(crate) fn relit(picture: &RgbImage, change: impl Fn(f32) -> f32) -> RgbImage {
    let mut relit = picture.clone();
    relit.iter_mut().for_each(|value| *value = change(f32::from(*value)).round().clamp(0.0, 255.0) as u8);
    relit
}

/// Two pictures side by side on black.
pub(crate) fn beside(left: &RgbImage, right: &RgbImage) -> RgbImage {
    let mut both = RgbImage::new(left.width() + right.width(), left.height().max(right.height()));
    imageops::replace(&mut both, left, 0, 0);
    imageops::replace(&mut both, right, i64::from(left.width()), 0);
    both
}
