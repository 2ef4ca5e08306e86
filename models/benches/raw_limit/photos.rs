//! Photos a second: both stages alone, one after the other, on bytes that lie ready.

use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use models::age::{Detector, Estimator, Face, ImageLimits, Photo, PhotoInput, Prepare};
use models::{Bundle, Stage as _};
use serde_json::json;

use crate::{ONE, bundle, project, usual_seconds};

/// The sizes that cameras of laptops and telephones give.
const SIZES: [(u32, u32); 2] = [(640, 480), (1280, 720)];

const LIMITS: ImageLimits = ImageLimits { max_pixels: 25_000_000 };

/// Odd, so that the median is one of them.
const ROUNDS: usize = 101;

/// Draws a portrait of each size into `folder`, and judges it.
pub(crate) fn measure(folder: &Path) {
    for (width, height) in SIZES {
        let file = folder.join(format!("{width}x{height}.jpg"));
        portrait(width, height).save(&file).unwrap();
        let bytes = std::fs::read(&file).unwrap();
        let seconds @ [prepare, infer, _] = judge(&bytes);
        let rate = 1.0 / (prepare + infer);
        let [prepare, infer, in_turn] = seconds.map(|seconds| 1000.0 * seconds);
        let [decode, detect] = parts(&bytes).map(|seconds| 1000.0 * seconds);
        eprintln!(
            "{width}x{height}: {prepare:.2} ms to prepare ({decode:.2} to decode, {detect:.2} to find the face)"
        );
        eprintln!(
            "{width}x{height}: {infer:.2} ms to estimate, {in_turn:.2} ms for both photo by photo, {rate:.1} photos/s"
        );
        let line = json!({
            "file": file, "prepare_ms": prepare, "decode_ms": decode, "detect_ms": detect, "infer_ms": infer,
            "in_turn_ms": in_turn, "raw_limit": rate,
        });
        println!("{line}");
    }
}

/// The example's portrait, as high as the picture, on grey.
fn portrait(width: u32, height: u32) -> DynamicImage {
    let face = image::open(project().join("examples/astronaut.jpg")).unwrap();
    let face = face.resize_exact(height, height, FilterType::CatmullRom).into_rgb8();
    let mut picture = RgbImage::from_pixel(width, height, image::Rgb([128; 3]));
    image::imageops::overlay(&mut picture, &face, i64::from((width - height) / 2), 0);
    DynamicImage::ImageRgb8(picture)
}

/// Seconds to decode a photo, and to find its faces.
fn parts(bytes: &[u8]) -> [f64; 2] {
    let mut detector = Detector::open(&Bundle::open(&bundle("detector")).unwrap(), ONE).unwrap();
    let decode = || Photo::decode(bytes, LIMITS).unwrap();
    let photo = decode();
    [
        usual_seconds(ROUNDS, || drop(decode())),
        usual_seconds(ROUNDS, || drop(detector.detect(&photo).unwrap())),
    ]
}

/// Seconds to prepare the photo, to estimate the age of its one face, and to do both: each by itself, time and again, so
/// that the last is more than the sum. Of two models in turn, neither finds itself in the processor's caches.
fn judge(bytes: &[u8]) -> [f64; 3] {
    let (detector, age) = (Bundle::open(&bundle("detector")).unwrap(), Bundle::open(&bundle("age")).unwrap());
    let mut prepare = Prepare::open(&detector, &age, LIMITS, ONE).unwrap();
    let mut estimator = Estimator::open(&age, ONE).unwrap();
    let mut faces = || {
        let photo = PhotoInput { bytes: bytes.to_vec(), max_faces: ONE };
        prepare.run(vec![photo]).unwrap().remove(0).unwrap()
    };
    let mut estimate = |faces: &[Face]| {
        let crops = faces.iter().map(|face| face.crop.clone()).collect();
        assert_eq!(estimator.run(crops).unwrap().len(), 1, "one face a photo");
    };
    let found = faces();
    let preparing = usual_seconds(ROUNDS, || drop(faces()));
    let estimating = usual_seconds(ROUNDS, || estimate(&found));
    [preparing, estimating, usual_seconds(ROUNDS, || estimate(&faces()))]
}
