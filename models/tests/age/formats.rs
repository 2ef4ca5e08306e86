//! Every format, depth and orientation shows the same face.

use image::{DynamicImage, ImageFormat, imageops};
use models::age::Face;

use crate::pictures::{astronaut, encoded, jpeg_with_orientation, png};
use crate::stages::faces;

/// An RGB baseline picture saved as CMYK by Pillow, 128 × 128: the astronaut's head.
const CMYK: &[u8] = include_bytes!("cmyk.jpg");

fn the_face(bytes: Vec<u8>) -> Face {
    let mut faces = faces(bytes);
    assert_eq!(faces.len(), 1);
    faces.remove(0)
}

fn assert_same_place(found: &Face, expected: &Face, pixels: f32) {
    for (a, b) in found.landmarks.iter().zip(&expected.landmarks) {
        assert!((a.x - b.x).abs() <= pixels && (a.y - b.y).abs() <= pixels, "{a:?} against {b:?}");
    }
}

#[test]
fn lossless_formats_and_depths_are_the_same_photo() {
    let picture = DynamicImage::from(astronaut());
    let expected = the_face(png(picture.clone()));
    assert_eq!(the_face(encoded(picture.clone(), ImageFormat::WebP)), expected);
    assert_eq!(the_face(png(picture.to_rgb16())), expected);
    assert_eq!(the_face(png(picture.to_rgba8())), expected);
}

#[test]
fn a_grey_photo_has_a_face() {
    let expected = the_face(png(astronaut()));
    assert_same_place(&the_face(png(DynamicImage::from(astronaut()).to_luma8())), &expected, 8.0);
    assert_same_place(&the_face(png(DynamicImage::from(astronaut()).to_luma_alpha16())), &expected, 8.0);
}

#[test]
fn a_cmyk_jpeg_has_a_face() {
    let face = the_face(CMYK.to_vec());
    assert!((0.3..0.8).contains(&face.quality.brightness), "inverted colours? {}", face.quality.brightness);
}

#[test]
fn the_exif_orientation_is_applied() {
    let upright = astronaut();
    let expected = the_face(png(upright.clone()));
    let stored = [
        (3, imageops::rotate180(&upright)),
        (6, imageops::rotate270(&upright)), // "turn clockwise to show"
        (8, imageops::rotate90(&upright)),
        (2, imageops::flip_horizontal(&upright)),
    ];
    for (orientation, picture) in stored {
        let face = the_face(jpeg_with_orientation(&picture, orientation));
        assert_same_place(&face, &expected, 4.0);
    }
}

#[test]
fn the_place_is_told_in_pixels_of_the_photo_itself() {
    let large = imageops::resize(&astronaut(), 1536, 1536, imageops::FilterType::Triangle);
    let (found, expected) = (the_face(png(large)), the_face(png(astronaut())));
    let third = found.landmarks.map(|point| models::age::Point { x: point.x / 3.0, y: point.y / 3.0 });
    assert_same_place(&Face { landmarks: third, ..found }, &expected, 4.0);
}
