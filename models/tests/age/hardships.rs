//! A face is found as people send it: tilted, half covered, in bad light, filling the frame or reaching past it.

use std::f32::consts::FRAC_PI_2;

use image::{Rgb, RgbImage, imageops};
use models::age::{Bounds, Face};

use crate::pictures::{astronaut, png, relit};
use crate::stages::faces;

/// Half the width of a head, in widths of its face's box.
const HEAD_RADIUS: f32 = 0.62;

/// The one face of a picture.
fn face(picture: RgbImage) -> Face {
    let mut found = faces(png(picture));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// The portrait turned about the middle of its face, clockwise, grey around it.
fn turned(degrees: f32) -> RgbImage {
    let portrait = astronaut();
    let middle = face(portrait.clone()).bounds.centre();
    let (sin, cos) = degrees.to_radians().sin_cos();
    RgbImage::from_fn(512, 512, |x, y| {
        let (across, down) = (x as f32 - middle.x, y as f32 - middle.y);
        let (from_x, from_y) = (middle.x + cos * across + sin * down, middle.y - sin * across + cos * down);
        let inside = (0.0..512.0).contains(&from_x) && (0.0..512.0).contains(&from_y);
        if inside { *portrait.get_pixel(from_x as u32, from_y as u32) } else { Rgb([128; 3]) }
    })
}

/// The portrait with its head turned aside, to the picture's left: the face is taken for the front of a cylinder.
fn turned_aside(degrees: f32) -> RgbImage {
    let portrait = astronaut();
    let bounds = face(portrait.clone()).bounds;
    let (middle, radius) = (bounds.centre().x, HEAD_RADIUS * bounds.width);
    RgbImage::from_fn(512, 512, |x, y| {
        let across = (x as f32 - middle) / radius;
        if across.abs() >= 1.0 {
            return *portrait.get_pixel(x, y);
        }
        let angle = across.asin() + degrees.to_radians();
        let seen = angle.abs() < FRAC_PI_2;
        if seen { *portrait.get_pixel((middle + radius * angle.sin()) as u32, y) } else { Rgb([100; 3]) }
    })
}

/// How far the line through the eyes falls to the right, degrees.
fn tilt(face: &Face) -> f32 {
    let [right, left, ..] = face.landmarks;
    (left.y - right.y).atan2(left.x - right.x).to_degrees()
}

/// The portrait with a part of its face covered: shares of the box from its top left corner.
fn covered(left: f32, top: f32, right: f32, bottom: f32) -> RgbImage {
    let mut picture = astronaut();
    let Bounds { x, y, width, height } = face(picture.clone()).bounds;
    for row in (y + top * height) as u32..(y + bottom * height) as u32 {
        for column in (x + left * width) as u32..(x + right * width) as u32 {
            picture.put_pixel(column, row, Rgb([96, 120, 150]));
        }
    }
    picture
}

fn is_where_it_was(found: &Face) {
    let overlap = found.bounds.overlap(&face(astronaut()).bounds);
    assert!(overlap >= 0.5, "overlap {overlap}");
}

#[test]
fn a_head_tilted_by_twenty_degrees_is_found() {
    for degrees in [-20.0, -10.0, 10.0, 20.0] {
        is_where_it_was(&face(turned(degrees)));
    }
}

#[test]
fn the_tilt_of_a_head_is_measured() {
    let [left, right] = [-20.0, 20.0].map(|degrees| tilt(&face(turned(degrees))));
    assert!((25.0..50.0).contains(&(right - left)), "from {left} to {right}");
}

#[test]
fn a_head_turned_aside_is_found_and_looks_turned() {
    let frontal = face(turned_aside(0.0));
    for degrees in [-50.0, -30.0, 30.0, 50.0] {
        let aside = face(turned_aside(degrees));
        let moved = aside.bounds.centre().x - frontal.bounds.centre().x;
        assert!(moved.abs() < HEAD_RADIUS * frontal.bounds.width, "{degrees}°: moved by {moved}");
        assert!(aside.quality.turn > frontal.quality.turn + 0.05, "{degrees}°: {}", aside.quality.turn);
    }
}

#[test]
fn a_face_behind_a_mask_or_a_hand_is_found() {
    is_where_it_was(&face(covered(0.0, 0.62, 1.0, 1.0)));
    is_where_it_was(&face(covered(0.0, 0.3, 0.4, 0.8)));
}

#[test]
fn a_face_in_the_dark_or_in_glare_is_found() {
    is_where_it_was(&face(relit(&astronaut(), |value| value * 0.2)));
    is_where_it_was(&face(relit(&astronaut(), |value| value * 1.6 + 60.0)));
}

#[test]
fn a_face_that_fills_the_frame_or_passes_it_is_found() {
    let Bounds { x, y, width, height } = face(astronaut()).bounds;
    let tight = imageops::crop_imm(&astronaut(), x as u32, y as u32, width as u32, height as u32).to_image();
    let found = face(tight);
    assert!(found.bounds.width > 0.75 * width && found.quality.visible_share > 0.7);
    let past = (0.15 * height) as u32;
    let lower = height as u32 - 2 * past;
    let cut = imageops::crop_imm(&astronaut(), x as u32, y as u32 + past, width as u32, lower).to_image();
    assert!(face(cut).quality.visible_share < 1.0);
}
