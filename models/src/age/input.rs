//! How crops are fed to an age network: other people's want other orders, colours and scales than ours.

use ndarray::ArrayD;
use serde::Deserialize;

use super::align::Crop;
use super::manifest::Rule;
use crate::InferenceError;

/// Colours of a crop, and of what a network takes.
const CHANNELS: usize = 3;

/// The input that takes the crops, and what becomes of a pixel on the way: (value − mean) / std, values 0 to 255.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InputSpec {
    /// The input's name; four axes.
    pub name: String,
    /// The order of its axes.
    pub layout: Layout,
    /// The order of its colours.
    pub colours: Colours,
    /// Taken off each value, one for each colour in that order.
    pub mean: [f32; CHANNELS],
    /// What is left is divided by this.
    pub std: [f32; CHANNELS],
    /// Whether each face is shown a second time, mirrored, and the two distributions averaged: twice the cost.
    pub mirror: bool,
}

/// The order of a tensor's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// Batch, colours, rows, columns.
    Nchw,
    /// Batch, rows, columns, colours.
    Nhwc,
}

/// The order of the colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Colours {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

impl Default for InputSpec {
    fn default() -> Self {
        Self {
            name: "input".to_owned(),
            layout: Layout::Nchw,
            colours: Colours::Rgb,
            mean: [0.0; CHANNELS],
            std: [1.0; CHANNELS],
            mirror: false,
        }
    }
}

impl InputSpec {
    /// Times that each face is shown.
    pub(super) fn views(&self) -> usize {
        1 + usize::from(self.mirror)
    }

    /// The axes of a batch of `count` views of `size` × `size` pixels.
    pub(super) fn shape(&self, count: usize, size: usize) -> [usize; 4] {
        match self.layout {
            Layout::Nchw => [count, CHANNELS, size, size],
            Layout::Nhwc => [count, size, size, CHANNELS],
        }
    }

    /// Every view of every crop, the views of one crop one after the other.
    pub(super) fn tensor(&self, crops: &[Crop], size: usize) -> Result<ArrayD<f32>, InferenceError> {
        let count = crops.len() * self.views();
        let mut values = Vec::with_capacity(count * CHANNELS * size * size);
        for crop in crops {
            self.extend(&mut values, crop.rgb.as_chunks::<CHANNELS>().0);
            if self.mirror {
                self.extend(&mut values, &mirrored(crop));
            }
        }
        Ok(ArrayD::from_shape_vec(self.shape(count, size).as_slice(), values)?)
    }

    fn extend(&self, values: &mut Vec<f32>, pixels: &[[u8; CHANNELS]]) {
        let scaled = |place: usize, pixel: &[u8; CHANNELS]| {
            let channel = match self.colours {
                Colours::Rgb => place,
                Colours::Bgr => CHANNELS - 1 - place,
            };
            (f32::from(pixel[channel]) - self.mean[place]) / self.std[place]
        };
        match self.layout {
            Layout::Nchw => {
                let plane = |place: usize| pixels.iter().map(move |pixel| scaled(place, pixel));
                values.extend((0..CHANNELS).flat_map(plane));
            }
            Layout::Nhwc => {
                let colours = |pixel| (0..CHANNELS).map(move |place| scaled(place, pixel));
                values.extend(pixels.iter().flat_map(colours));
            }
        }
    }

    /// What the manifest's numbers must satisfy.
    pub(super) fn rules(&self) -> [Rule; 2] {
        let finite = self.mean.iter().all(|value| value.is_finite());
        let positive = self.std.iter().all(|value| value.is_finite() && *value > 0.0);
        [(finite, "input.mean", "three numbers"), (positive, "input.std", "three numbers above 0")]
    }
}

/// Left and right exchanged.
fn mirrored(crop: &Crop) -> Vec<[u8; CHANNELS]> {
    let pixels = crop.rgb.as_chunks::<CHANNELS>().0;
    pixels.chunks_exact(crop.size as usize).flat_map(|row| row.iter().rev().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two by two pixels, all values different.
    fn crop() -> Crop {
        Crop { size: 2, rgb: (1..=12).collect() }
    }

    fn fed(spec: &InputSpec) -> Vec<f32> {
        spec.tensor(&[crop()], 2).unwrap().into_raw_vec_and_offset().0
    }

    #[test]
    fn orders_are_those_that_the_manifest_names() {
        let spec = InputSpec::default();
        assert_eq!(fed(&spec), [1., 4., 7., 10., 2., 5., 8., 11., 3., 6., 9., 12.]);
        let bgr = InputSpec { colours: Colours::Bgr, layout: Layout::Nhwc, ..spec };
        assert_eq!(fed(&bgr), [3., 2., 1., 6., 5., 4., 9., 8., 7., 12., 11., 10.]);
        assert_eq!((bgr.shape(5, 2), bgr.views()), ([5, 2, 2, 3], 1));
    }

    #[test]
    fn mean_and_std_follow_the_order_of_the_colours() {
        let spec = InputSpec {
            colours: Colours::Bgr,
            mean: [3.0, 0.0, 0.0],
            std: [2.0, 1.0, 1.0],
            ..InputSpec::default()
        };
        assert_eq!(fed(&spec)[..4], [0.0, 1.5, 3.0, 4.5]);
    }

    #[test]
    fn a_mirrored_view_follows_its_own() {
        let spec = InputSpec { mirror: true, ..InputSpec::default() };
        assert_eq!(fed(&spec)[12..16], [4., 1., 10., 7.]);
        assert_eq!(spec.tensor(&[crop(), crop()], 2).unwrap().shape(), [4, 3, 2, 2]);
    }
}
