//! What the shipped bundles say of the astronaut, step by step. A change here is a change of the model: bump the
//! bundle's version and say so in its card.

use crate::pictures::ASTRONAUT;
use crate::stages::{estimate, faces};

fn assert_near(name: &str, found: f32, expected: f32, tolerance: f32) {
    assert!(
        (found - expected).abs() <= tolerance,
        "{name}: found {found}, expected {expected} ± {tolerance}"
    );
}

#[test]
fn the_face_is_where_it_was() {
    let faces = faces(ASTRONAUT.to_vec());
    assert_eq!(faces.len(), 1);
    let face = &faces[0];
    let found = [face.bounds.x, face.bounds.y, face.bounds.width, face.bounds.height];
    let expected = [179.1, 59.4, 86.7, 114.5];
    found.into_iter().zip(expected).for_each(|(found, expected)| assert_near("bounds", found, expected, 0.5));
    let expected = [(206.7, 100.9), (246.1, 108.1), (223.1, 128.6), (201.5, 140.6), (236.2, 146.9)];
    for (point, (x, y)) in face.landmarks.iter().zip(expected) {
        assert_near("landmark x", point.x, x, 0.5);
        assert_near("landmark y", point.y, y, 0.5);
    }
    assert_near("score", face.detection_score, 0.970, 0.005);
}

#[test]
fn the_face_is_cut_out_as_it_was() {
    let face = faces(ASTRONAUT.to_vec()).remove(0);
    let mean = |channel: usize| {
        let values: Vec<f32> = face.crop.rgb.iter().skip(channel).step_by(3).map(|&v| f32::from(v)).collect();
        values.iter().sum::<f32>() / values.len() as f32
    };
    assert_eq!((face.crop.size, face.crop.rgb.len()), (112, 112 * 112 * 3));
    assert_near("red", mean(0), 166.4, 0.5);
    assert_near("green", mean(1), 139.5, 0.5);
    assert_near("blue", mean(2), 115.5, 0.5);
}

#[test]
fn the_face_is_judged_as_it_was() {
    let quality = faces(ASTRONAUT.to_vec()).remove(0).quality;
    assert_eq!(quality.reasons, vec![]);
    assert_near("visible share", quality.visible_share, 1.0, 1e-6);
    assert_near("sharpness", quality.sharpness, 0.321, 0.005);
    assert_near("brightness", quality.brightness, 0.692, 0.005);
    assert_near("turn", quality.turn, 0.056, 0.01);
}

#[test]
fn the_face_looks_as_old_as_it_did() {
    let estimate = estimate(&faces(ASTRONAUT.to_vec())[0]);
    assert_near("age", estimate.age_years, 29.63, 0.1);
    assert_near("low", estimate.interval.low, 16.42, 0.2);
    assert_near("high", estimate.interval.high, 42.48, 0.2);
    assert_near("coverage", estimate.interval.coverage, 0.9, 0.0);
    assert_near("over 18", estimate.probability_over(18), 0.986, 0.005);
    assert_near("over 25", estimate.probability_over(25), 0.859, 0.005);
}
