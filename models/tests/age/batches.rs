//! An answer does not depend on who else is in the batch.

use image::imageops;
use models::Stage;
use models::age::{Crop, Estimate};

use crate::pictures::{ASTRONAUT, astronaut, landscape, png, relit};
use crate::stages::{estimator, faces, photo, prepare};

const YEARS: f32 = 1e-2;
const PROBABILITY: f32 = 1e-4;

/// The astronaut, a mirrored and a dark one, shades and plain grey.
fn crops() -> Vec<Crop> {
    let face = faces(ASTRONAUT.to_vec()).remove(0).crop;
    let size = face.size;
    let picture = image::RgbImage::from_raw(size, size, face.rgb.clone()).unwrap();
    let made = [
        imageops::flip_horizontal(&picture),
        relit(&picture, |value| value * 0.4),
        landscape(size, size),
        image::RgbImage::from_pixel(size, size, image::Rgb([127; 3])),
    ];
    std::iter::once(face).chain(made.map(|picture| Crop { size, rgb: picture.into_raw() })).collect()
}

fn assert_same(found: &Estimate, expected: &Estimate) {
    assert!((found.age_years - expected.age_years).abs() <= YEARS);
    assert!((found.interval.low - expected.interval.low).abs() <= YEARS);
    assert!((found.interval.high - expected.interval.high).abs() <= YEARS);
    for age in 0..=100 {
        assert!((found.probability_over(age) - expected.probability_over(age)).abs() <= PROBABILITY);
    }
}

#[test]
fn a_batch_of_crops_is_answered_as_each_alone() {
    let mut estimator = estimator();
    let crops = crops();
    let alone: Vec<Estimate> =
        crops.iter().map(|crop| estimator.run(vec![crop.clone()]).unwrap().remove(0)).collect();
    for turn in 0..crops.len() {
        let mut turned: Vec<usize> = (0..crops.len()).collect();
        turned.rotate_left(turn);
        turned.truncate(crops.len() - turn % 3); // other sizes, other neighbours
        let batch = estimator.run(turned.iter().map(|&index| crops[index].clone()).collect()).unwrap();
        assert_eq!(batch.len(), turned.len());
        batch.iter().zip(turned).for_each(|(found, index)| assert_same(found, &alone[index]));
    }
}

#[test]
fn an_empty_batch_is_answered_with_nothing() {
    assert_eq!(estimator().run(Vec::new()).unwrap(), Vec::new());
    assert!(prepare().run(Vec::new()).unwrap().is_empty());
}

#[test]
fn a_batch_of_photos_is_answered_as_each_alone() {
    let mut prepare = prepare();
    let small = imageops::resize(&astronaut(), 300, 200, imageops::FilterType::Triangle);
    let photos = [ASTRONAUT.to_vec(), png(small), b"no photo".to_vec(), png(landscape(90, 400))];
    let alone: Vec<_> =
        photos.iter().map(|bytes| prepare.run(vec![photo(bytes.clone())]).unwrap().remove(0)).collect();
    let batch = prepare.run(photos.into_iter().rev().map(photo).collect()).unwrap();
    assert_eq!(batch.into_iter().rev().collect::<Vec<_>>(), alone);
}
