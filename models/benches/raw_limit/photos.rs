//! Photos a second: both stages alone, one after the other, on bytes that lie ready.

use std::path::Path;

use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use models::age::{Estimator, ImageLimits, PhotoInput, Prepare};
use models::{Bundle, Stage as _};
use serde_json::json;

use crate::{ONE, bundle, project, usual_seconds};

/// The sizes that cameras of laptops and telephones give.
const SIZES: [(u32, u32); 2] = [(640, 480), (1280, 720)];

/// Odd, so that the median is one of them.
const ROUNDS: usize = 101;

/// Draws a portrait of each size into `folder`, and judges it.
pub(crate) fn measure(folder: &Path) {
    for (width, height) in SIZES {
        let file = folder.join(format!("{width}x{height}.jpg"));
        portrait(width, height).save(&file).unwrap();
        let (prepare, infer) = judge(&std::fs::read(&file).unwrap());
        let rate = 1.0 / (prepare + infer);
        let [prepare, infer] = [prepare, infer].map(|seconds| 1000.0 * seconds);
        eprintln!(
            "{width}x{height}: {prepare:.2} ms to prepare, {infer:.2} ms to estimate, {rate:.1} photos/s"
        );
        let line = json!({
            "file": file, "prepare_ms": prepare, "infer_ms": infer, "raw_limit": rate,
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

/// Seconds to prepare the photo, and to estimate the age of its one face.
fn judge(bytes: &[u8]) -> (f64, f64) {
    let (detector, age) = (Bundle::open(&bundle("detector")).unwrap(), Bundle::open(&bundle("age")).unwrap());
    let limits = ImageLimits { max_pixels: 25_000_000 };
    let mut prepare = Prepare::open(&detector, &age, limits, ONE).unwrap();
    let mut estimator = Estimator::open(&age, ONE).unwrap();
    let mut faces = Vec::new();
    let preparing = usual_seconds(ROUNDS, || {
        let photo = PhotoInput { bytes: bytes.to_vec(), max_faces: ONE };
        faces = prepare.run(vec![photo]).unwrap().remove(0).unwrap();
    });
    let estimating = usual_seconds(ROUNDS, || {
        let crops = faces.iter().map(|face| face.crop.clone()).collect();
        assert_eq!(estimator.run(crops).unwrap().len(), 1, "one face a photo");
    });
    (preparing, estimating)
}
