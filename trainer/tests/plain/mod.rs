//! Operators written the plainest way, in `f64`, to compare exported networks with.

use earmark_trainer::weights::WeightTensor;

use crate::exported::Noise;

/// A dense tensor.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Plain {
    pub(crate) fn new(shape: &[usize], values: &[f32]) -> Self {
        assert_eq!(shape.iter().product::<usize>(), values.len());
        Self { shape: shape.to_vec(), values: values.iter().map(|&value| f64::from(value)).collect() }
    }

    fn image(&self) -> [usize; 4] {
        self.shape.as_slice().try_into().expect("an image")
    }

    pub(crate) fn map(&self, function: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape.clone(), values: self.values.iter().map(|&value| function(value)).collect() }
    }

    pub(crate) fn relu(&self) -> Self {
        self.map(|value| value.max(0.0))
    }

    /// A function of the channel and the value.
    pub(crate) fn per_channel(&self, function: impl Fn(usize, f64) -> f64) -> Self {
        let [_, channels, height, width] = self.image();
        let values = self.values.iter().enumerate();
        let values = values.map(|(index, &value)| function(index / (height * width) % channels, value));
        Self { shape: self.shape.clone(), values: values.collect() }
    }

    pub(crate) fn conv(
        &self,
        weight: &WeightTensor,
        strides: [usize; 2],
        padding: [usize; 2],
        groups: usize,
    ) -> Self {
        let [batch, _, height, width] = self.image();
        let [outputs, inputs, kernel_height, kernel_width]: [usize; 4] =
            weight.shape().try_into().expect("kernels");
        assert_eq!(batch, 1);
        let out_height = (height + 2 * padding[0] - kernel_height) / strides[0] + 1;
        let out_width = (width + 2 * padding[1] - kernel_width) / strides[1] + 1;
        let mut values = Vec::new();
        for output in 0..outputs {
            let group = output / (outputs / groups);
            for y in 0..out_height {
                for x in 0..out_width {
                    let mut sum = 0.0;
                    for input in 0..inputs {
                        for ky in 0..kernel_height {
                            for kx in 0..kernel_width {
                                let (iy, ix) = (y * strides[0] + ky, x * strides[1] + kx);
                                let inside_y = (padding[0]..height + padding[0]).contains(&iy);
                                let inside_x = (padding[1]..width + padding[1]).contains(&ix);
                                if inside_y && inside_x {
                                    let (iy, ix) = (iy - padding[0], ix - padding[1]);
                                    let channel = group * inputs + input;
                                    let kernel =
                                        ((output * inputs + input) * kernel_height + ky) * kernel_width + kx;
                                    sum += self.values[(channel * height + iy) * width + ix]
                                        * f64::from(weight.values()[kernel]);
                                }
                            }
                        }
                    }
                    values.push(sum);
                }
            }
        }
        Self { shape: vec![1, outputs, out_height, out_width], values }
    }

    /// Joins windows of `kernel` with step `kernel`.
    pub(crate) fn pool(&self, kernel: [usize; 2], join: impl Fn(&[f64]) -> f64) -> Self {
        let [batch, channels, height, width] = self.image();
        let (out_height, out_width) = (height / kernel[0], width / kernel[1]);
        let mut values = Vec::new();
        for plane in self.values.chunks_exact(height * width) {
            for y in 0..out_height {
                for x in 0..out_width {
                    let rows = (0..kernel[0]).map(|ky| (y * kernel[0] + ky) * width + x * kernel[1]);
                    let window: Vec<f64> =
                        rows.flat_map(|start| plane[start..start + kernel[1]].to_vec()).collect();
                    values.push(join(&window));
                }
            }
        }
        Self { shape: vec![batch, channels, out_height, out_width], values }
    }

    /// Joins the last dimension.
    pub(crate) fn reduce_last(&self, join: impl Fn(&[f64]) -> f64) -> Self {
        let (last, rest) = self.shape.split_last().expect("a dimension");
        Self { shape: rest.to_vec(), values: self.values.chunks_exact(*last).map(join).collect() }
    }
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(crate) fn maximum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

impl Noise {
    pub(crate) fn tensor(&mut self, shape: &[usize]) -> WeightTensor {
        WeightTensor::new(shape.to_vec(), self.values(shape.iter().product())).expect("matching sizes")
    }
}

pub(crate) fn assert_close(found: &[f32], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let tolerance = 1e-5 * expected.abs().max(1.0);
        assert!((f64::from(found) - expected).abs() <= tolerance, "value {index}: {found} is not {expected}");
    }
}
