//! Where are the faces? A letterbox, a network with `YuNet`'s outputs, decoding and non-maximum suppression.
//!
//! Source of the contract: `YuNet` in ShiqiYu/libfacedetection.train; the file of that project runs here unchanged.

use std::borrow::Cow;
use std::num::NonZeroUsize;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use ndarray::{Array4, ArrayD};

use super::geometry::{Bounds, Point};
use super::image::Photo;
use super::manifest::{DetectionLimits, DetectorManifest, Letterbox, check_detector};
use crate::onnx::{Element, Input, OnnxModel, Signature, TensorSpec};
use crate::{Bundle, InferenceError, LoadError};

const STRIDES: [u32; 3] = [8, 16, 32];
/// The network halves its input five times.
const MULTIPLE: u32 = 32;
/// More cells than this above the threshold are noise: the best are kept, so that suppression stays cheap.
const MAX_CANDIDATES: usize = 512;

const SIGNATURE: Signature = Signature {
    inputs: Cow::Borrowed(&[f32_of_rank("input", 4)]),
    outputs: Cow::Borrowed(&[
        f32_of_rank("cls_8", 3),
        f32_of_rank("cls_16", 3),
        f32_of_rank("cls_32", 3),
        f32_of_rank("obj_8", 3),
        f32_of_rank("obj_16", 3),
        f32_of_rank("obj_32", 3),
        f32_of_rank("bbox_8", 3),
        f32_of_rank("bbox_16", 3),
        f32_of_rank("bbox_32", 3),
        f32_of_rank("kps_8", 3),
        f32_of_rank("kps_16", 3),
        f32_of_rank("kps_32", 3),
    ]),
};

const fn f32_of_rank(name: &'static str, rank: usize) -> TensorSpec {
    TensorSpec { name: Cow::Borrowed(name), element: Element::F32, rank }
}

/// A face found, in pixels of the upright photo.
#[derive(Debug, Clone, PartialEq)]
pub struct Detection {
    /// Where the face is; may reach past the photo's edges.
    pub bounds: Bounds,
    /// Eye, eye, nose tip, mouth corner, mouth corner; of each pair the one on the left of the photo first.
    pub landmarks: [Point; 5],
    /// How sure the detector is, 0 to 1.
    pub score: f32,
}

/// A face detector, owned by one thread.
#[derive(Debug)]
pub struct Detector {
    model: OnnxModel,
    resizer: Resizer,
    input: Letterbox,
    limits: DetectionLimits,
}

impl Detector {
    /// Opens the bundle's `model.onnx`, to compute on `threads` threads, and warms it up.
    ///
    /// # Errors
    /// [`LoadError`] when the manifest or the model does not fit.
    pub fn open(bundle: &Bundle<DetectorManifest>, threads: NonZeroUsize) -> Result<Self, LoadError> {
        check_detector(bundle)?;
        let mut detector = Self {
            model: OnnxModel::open(&bundle.file("model.onnx")?, SIGNATURE, threads)?,
            resizer: Resizer::new(),
            input: bundle.manifest.input,
            limits: bundle.manifest.detection,
        };
        let side = detector.input.max_side;
        let warmed = detector.detect(&Photo::black(side, side));
        warmed.map_err(|source| LoadError::Blank { path: bundle.manifest_path(), source })?;
        Ok(detector)
    }

    /// The faces of one photo, surest first.
    ///
    /// # Errors
    /// [`InferenceError`] when resizing or the network failed.
    pub fn detect(&mut self, photo: &Photo) -> Result<Vec<Detection>, InferenceError> {
        let fed = self.letterbox(photo)?;
        let (_, _, rows, columns) = fed.pixels.dim();
        let outputs = self.model.run(vec![Input::F32(fed.pixels.view().into_dyn())])?;
        let mut found = Vec::new();
        for (level, stride) in STRIDES.into_iter().enumerate() {
            let cells = Cells::new(&outputs, level, (rows / stride as usize, columns / stride as usize))?;
            found.extend(cells.above(self.limits.threshold, stride as f32));
        }
        let kept = suppress(found, self.limits.max_overlap);
        Ok(kept.into_iter().map(|face| fed.in_photo(face)).collect())
    }

    fn letterbox(&mut self, photo: &Photo) -> Result<Fed, InferenceError> {
        let long_side = photo.width().max(photo.height()) as f32;
        let scale = (self.input.max_side as f32 / long_side).min(1.0);
        if scale >= 1.0 {
            return Fed::new(photo.rgb(), (photo.width(), photo.height()), scale, self.input.border);
        }
        let shrunk = |extent: u32| ((extent as f32 * scale).round() as u32).max(1);
        let (width, height) = (shrunk(photo.width()), shrunk(photo.height()));
        let source = ImageRef::new(photo.width(), photo.height(), photo.rgb(), PixelType::U8x3)?;
        let mut small = Image::new(width, height, PixelType::U8x3);
        let how = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        self.resizer.resize(&source, &mut small, &how)?;
        Fed::new(small.buffer(), (width, height), scale, self.input.border)
    }
}

/// A photo as it is fed to the network.
struct Fed {
    /// [1, 3, H, W], blue first, 0 to 255.
    pixels: Array4<f32>,
    scale: f32,
    border: f32,
}

impl Fed {
    fn new(rgb: &[u8], (width, height): (u32, u32), scale: f32, border: u32) -> Result<Self, InferenceError> {
        let padded = |extent: u32| ((extent + 2 * border).next_multiple_of(MULTIPLE)) as usize;
        let (rows, columns) = (padded(height), padded(width));
        let mut pixels = vec![0.0; 3 * rows * columns];
        for (plane, colour) in pixels.chunks_exact_mut(rows * columns).zip([2, 1, 0]) {
            let inside = plane.chunks_exact_mut(columns).skip(border as usize);
            for (row, line) in inside.zip(rgb.chunks_exact(3 * width as usize)) {
                let inside = row.iter_mut().skip(border as usize);
                inside.zip(line.as_chunks::<3>().0).for_each(|(to, from)| *to = f32::from(from[colour]));
            }
        }
        Ok(Self {
            pixels: Array4::from_shape_vec((1, 3, rows, columns), pixels)?,
            scale,
            border: border as f32,
        })
    }

    /// From pixels of the network's input to pixels of the photo.
    fn in_photo(&self, face: Detection) -> Detection {
        let place = |along: f32| (along - self.border) / self.scale;
        let Bounds { x, y, width, height } = face.bounds;
        Detection {
            bounds: Bounds {
                x: place(x),
                y: place(y),
                width: width / self.scale,
                height: height / self.scale,
            },
            landmarks: face.landmarks.map(|point| Point { x: place(point.x), y: place(point.y) }),
            score: face.score,
        }
    }
}

/// What the network says at one stride: a row of numbers for each cell, row by row.
struct Cells<'a> {
    cls: &'a [f32],
    obj: &'a [f32],
    bbox: &'a [[f32; 4]],
    kps: &'a [[f32; 10]],
    columns: usize,
}

impl<'a> Cells<'a> {
    fn new(outputs: &'a [ArrayD<f32>], level: usize, grid: (usize, usize)) -> Result<Self, InferenceError> {
        let expected = grid.0 * grid.1;
        let values = |kind: usize| outputs[kind * STRIDES.len() + level].as_slice().unwrap_or_default();
        let (bbox, kps) = (values(2).as_chunks().0, values(3).as_chunks().0);
        let cells = Self { cls: values(0), obj: values(1), bbox, kps, columns: grid.1 };
        let found = [cells.cls.len(), cells.obj.len(), cells.bbox.len(), cells.kps.len()];
        match found.into_iter().find(|found| *found != expected) {
            None => Ok(cells),
            Some(found) => Err(InferenceError::Rows { expected, found }),
        }
    }

    /// The faces that score at least `threshold`, in pixels of the network's input.
    fn above(&self, threshold: f32, stride: f32) -> impl Iterator<Item = Detection> {
        let scored = self.cls.iter().zip(self.obj).map(|(cls, obj)| (clip(*cls) * clip(*obj)).sqrt());
        scored
            .enumerate()
            .filter(move |(_, score)| *score >= threshold)
            .map(move |(index, score)| self.face(index, score, stride))
            .filter(is_finite)
    }

    fn face(&self, index: usize, score: f32, stride: f32) -> Detection {
        let (row, column) = ((index / self.columns) as f32, (index % self.columns) as f32);
        let [across, down, log_width, log_height] = self.bbox[index];
        let (width, height) = (log_width.exp() * stride, log_height.exp() * stride);
        let x = (column + across) * stride - width / 2.0;
        let y = (row + down) * stride - height / 2.0;
        let marks = self.kps[index].as_chunks::<2>().0;
        let landmark =
            |j: usize| Point { x: (column + marks[j][0]) * stride, y: (row + marks[j][1]) * stride };
        let landmarks = std::array::from_fn(landmark);
        Detection { bounds: Bounds { x, y, width, height }, landmarks, score }
    }
}

fn clip(score: f32) -> f32 {
    score.clamp(0.0, 1.0)
}

fn is_finite(face: &Detection) -> bool {
    let Bounds { x, y, width, height } = face.bounds;
    let points = face.landmarks.iter().flat_map(|point| [point.x, point.y]);
    [x, y, width, height].into_iter().chain(points).all(f32::is_finite)
}

/// Non-maximum suppression: of faces that overlap too much only the surest stays.
fn suppress(mut found: Vec<Detection>, max_overlap: f32) -> Vec<Detection> {
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(MAX_CANDIDATES);
    let mut kept: Vec<Detection> = Vec::new();
    for face in found {
        if kept.iter().all(|other| face.bounds.overlap(&other.bounds) <= max_overlap) {
            kept.push(face);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, score: f32) -> Detection {
        let bounds = Bounds { x, y: 0.0, width: 10.0, height: 10.0 };
        Detection { bounds, landmarks: [bounds.centre(); 5], score }
    }

    #[test]
    fn the_surest_of_overlapping_faces_stays() {
        let kept = suppress(vec![face(0.0, 0.6), face(1.0, 0.9), face(30.0, 0.7)], 0.3);
        assert_eq!(kept, vec![face(1.0, 0.9), face(30.0, 0.7)]);
    }

    #[test]
    fn a_cell_decodes_as_yunet_says() {
        let cells = Cells {
            cls: &[0.0, 0.0, 0.0, 1.44],
            obj: &[1.0, 1.0, 1.0, 0.25],
            bbox: &[[0.0; 4], [0.0; 4], [0.0; 4], [0.5, 0.25, 0.0, 2.0_f32.ln()]],
            kps: &[[0.0; 10], [0.0; 10], [0.0; 10], [0.5; 10]],
            columns: 2,
        };
        let found: Vec<Detection> = cells.above(0.4, 8.0).collect();
        // Cell (1, 1) at stride 8: the middle at (1.5, 1.25) cells, 8 px wide and 16 px high.
        let bounds = Bounds { x: 8.0, y: 2.0, width: 8.0, height: 16.0 };
        let landmarks = [Point { x: 12.0, y: 12.0 }; 5];
        assert_eq!(found, vec![Detection { bounds, landmarks, score: 0.5 }]);
    }
}
