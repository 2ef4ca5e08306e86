//! Bytes that cannot be answered are refused with a reason, and cost nobody else anything.

use models::{InputError, Stage};

use crate::pictures::{ASTRONAUT, landscape, png};
use crate::stages::{LIMITS, answer, photo, prepare};

fn refusal(bytes: &[u8]) -> InputError {
    answer(bytes.to_vec()).unwrap_err()
}

/// A PNG whose header announces so many pixels, and nothing behind it.
fn png_that_announces(width: u32, height: u32) -> Vec<u8> {
    let header = [b"IHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    [b"\x89PNG\r\n\x1a\n".as_slice(), &chunk(&header), &chunk(b"IDAT"), &chunk(b"IEND")].concat()
}

/// A PNG chunk of `name_and_data`, with its length and its CRC-32.
fn chunk(name_and_data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(name_and_data.len() - 4).unwrap();
    let crc = !name_and_data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    });
    [&length.to_be_bytes(), name_and_data, &crc.to_be_bytes()].concat()
}

#[test]
fn nothing_and_no_image_are_refused() {
    assert_eq!(refusal(b""), InputError::ImageEmpty);
    assert_eq!(refusal(b"This is a text file, whatever it is called."), InputError::ImageFormat);
    assert_eq!(refusal(b"GIF89a\x01\0\x01\0\0\0\0;"), InputError::ImageFormat);
}

#[test]
fn a_photo_cut_short_is_refused() {
    let png = png(landscape(64, 64));
    for share in [4, 2] {
        assert_eq!(refusal(&ASTRONAUT[..ASTRONAUT.len() / share]), InputError::ImageBroken);
        assert_eq!(refusal(&png[..png.len() / share]), InputError::ImageBroken);
    }
    assert_eq!(refusal(&ASTRONAUT[..ASTRONAUT.len() - 2]), InputError::ImageBroken);
    assert_eq!(refusal(&ASTRONAUT[..3]), InputError::ImageBroken);
}

#[test]
fn what_cameras_add_to_a_jpeg_is_harmless() {
    assert!(answer([ASTRONAUT, b"trailing bytes".as_slice()].concat()).is_ok());
    // Fill bytes before a marker.
    assert!(answer([&ASTRONAUT[..2], b"\xFF\xFF", &ASTRONAUT[2..]].concat()).is_ok());
}

#[test]
fn too_many_pixels_are_refused_from_the_header() {
    let limit = LIMITS.max_pixels;
    let expected = InputError::ImageTooLarge { width: 10_000, height: 10_000, limit };
    assert_eq!(refusal(&png_that_announces(10_000, 10_000)), expected);
    // The product does not fit 32 bits.
    let expected = InputError::ImageTooLarge { width: 100_000, height: 100_000, limit };
    assert_eq!(refusal(&png_that_announces(100_000, 100_000)), expected);
}

#[test]
fn damaged_bytes_anywhere_never_panic() {
    let mut prepare = prepare();
    for start in (2..ASTRONAUT.len()).step_by(4099) {
        let mut bytes = ASTRONAUT.to_vec();
        bytes[start..].iter_mut().take(40).for_each(|byte| *byte = byte.wrapping_mul(31).wrapping_add(17));
        assert_eq!(prepare.run(vec![photo(bytes)]).unwrap().len(), 1);
    }
}

#[test]
fn a_refusal_costs_its_neighbours_nothing() {
    let batch = vec![photo(Vec::new()), photo(ASTRONAUT.to_vec()), photo(b"no photo".to_vec())];
    let answers = prepare().run(batch).unwrap();
    assert_eq!(answers[0], Err(InputError::ImageEmpty));
    assert_eq!(answers[1].as_ref().unwrap().len(), 1);
    assert_eq!(answers[2], Err(InputError::ImageFormat));
}

/// A WebP of one dot with these chunks behind its header.
fn webp_with(chunks: &[u8]) -> Vec<u8> {
    let header = [b"VP8X\x0A\0\0\0\x08\0\0\0".as_slice(), &[0; 6]].concat();
    let length = u32::try_from(4 + header.len() + chunks.len()).unwrap().to_le_bytes();
    [b"RIFF".as_slice(), &length, b"WEBP", &header, chunks].concat()
}

#[test]
fn a_webp_that_hides_a_larger_picture_is_refused_before_there_is_room_for_it() {
    // The lossy picture inside has 16383 × 16383 pixels.
    let hidden = webp_with(b"VP8 \x0A\0\0\0\0\0\0\x9D\x01\x2A\xFF\x3F\xFF\x3F");
    let expected = InputError::ImageTooLarge { width: 16_383, height: 16_383, limit: LIMITS.max_pixels };
    assert_eq!(refusal(&hidden), expected);
    let cut = webp_with(b"EXIF\xFF\xFF\xFF\xFFII*\0");
    assert_eq!(refusal(&cut), InputError::ImageBroken);
}
