//! A face that cannot be judged says why: each photo is spoilt in one way.

use image::{RgbImage, imageops};
use models::age::{Quality, Reason};

use crate::pictures::{astronaut, landscape, png, relit};
use crate::stages::faces;

fn quality(picture: RgbImage) -> Quality {
    let mut faces = faces(png(picture));
    assert_eq!(faces.len(), 1);
    faces.remove(0).quality
}

#[test]
fn the_portrait_itself_can_be_judged() {
    assert_eq!(quality(astronaut()).reasons, vec![]);
}

#[test]
fn a_dark_photo_is_too_dark() {
    assert!(quality(relit(&astronaut(), |value| value * 0.13)).reasons.contains(&Reason::TooDark));
}

#[test]
fn a_washed_out_photo_is_too_bright() {
    assert!(quality(relit(&astronaut(), |value| 205.0 + value * 0.2)).reasons.contains(&Reason::TooBright));
}

#[test]
fn a_blurred_photo_is_blurred() {
    let (sharp, blurred) = (quality(astronaut()), quality(imageops::blur(&astronaut(), 7.0)));
    assert!(blurred.sharpness < sharp.sharpness / 3.0);
    assert!(blurred.reasons.contains(&Reason::Blurred));
}

#[test]
fn a_distant_face_is_too_small() {
    let small = imageops::resize(&astronaut(), 128, 128, imageops::FilterType::Triangle);
    assert!(quality(small).reasons.contains(&Reason::FaceTooSmall));
}

#[test]
fn a_face_at_the_edge_is_cut_off() {
    let face = faces(png(astronaut())).remove(0).bounds;
    let bottom = (face.y + 0.6 * face.height) as u32;
    let cut = imageops::crop_imm(&astronaut(), 0, 0, 512, bottom).to_image();
    assert!(quality(cut).reasons.contains(&Reason::FaceCutOff));
}

#[test]
fn a_landscape_has_no_face() {
    assert!(faces(png(landscape(640, 360))).is_empty());
    assert!(faces(png(RgbImage::new(1, 1))).is_empty());
    assert!(faces(png(RgbImage::new(3000, 2))).is_empty());
}
