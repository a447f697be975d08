//! One convolution of 3×3 with what follows it, by Winograd's minimal filtering.
//!
//! F(2×2, 3×3) of Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks" (CVPR 2016): 16 products give the
//! four outputs of a tile where the definition needs 36. The matrices of the transforms hold nothing but 0, ±1 and ½,
//! so that hardly any accuracy is lost.

use pulp::Simd;
use thiserror::Error;

use crate::image::Image;
use crate::product::{PANEL, ROWS, multiply, pack};

/// Values of a transformed tile.
const POINTS: usize = 16;

/// Bytes of transformed tiles in work: what stays in a core's second-level cache beside some weights.
const BLOCK_BYTES: usize = 640 << 10;

/// A convolution of 3×3 with stride 1 and a padding of 1, with bias, rectifier, and max-pooling of 2×2 where they
/// follow.
#[derive(Debug, Clone)]
pub struct Layer {
    inputs: usize,
    outputs: usize,
    rectifies: bool,
    pools: bool,
    bias: Vec<f32>,
    weights: Weights,
}

#[derive(Debug, Clone)]
enum Weights {
    /// `[outputs ÷ PANEL, 9 × inputs, PANEL]`, for few inputs.
    Direct(Vec<f32>),
    /// `[POINTS, outputs ÷ PANEL, inputs, PANEL]`, transformed.
    Winograd(Vec<f32>),
}

impl Layer {
    /// `kernel` is `[outputs, inputs, 3, 3]`, `bias` `[outputs]`.
    ///
    /// # Errors
    /// When the sizes do not fit each other, the outputs are not a multiple of 16, or the inputs are neither fewer
    /// than 16 nor a multiple.
    pub fn new(
        kernel: &[f32],
        bias: Vec<f32>,
        inputs: usize,
        rectifies: bool,
        pools: bool,
    ) -> Result<Self, LayerError> {
        let outputs = bias.len();
        if outputs == 0 || outputs % PANEL != 0 {
            return Err(LayerError::Outputs { found: outputs });
        }
        if inputs == 0 || (inputs > PANEL && inputs % PANEL != 0) {
            return Err(LayerError::Inputs { found: inputs });
        }
        let (expected, found) = (outputs * inputs * 9, kernel.len());
        if expected != found {
            return Err(LayerError::Kernel { expected, found });
        }
        let weights = if inputs < PANEL {
            Weights::Direct(direct(kernel, inputs, outputs))
        } else {
            Weights::Winograd(transformed(kernel, inputs, outputs))
        };
        Ok(Self { inputs, outputs, rectifies, pools, bias, weights })
    }

    /// Channels that the layer takes.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Channels that the layer makes.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Height and width of what the layer makes of an image.
    pub(crate) fn output_extents(&self, (height, width): (usize, usize)) -> (usize, usize) {
        if self.pools { (height / 2, width / 2) } else { (height, width) }
    }

    /// Fills `output`, whose border stays as it is.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&self, simd: S, input: &Image, output: &mut Image, scratch: &mut Vec<f32>) {
        match &self.weights {
            Weights::Direct(weights) => self.run_direct(simd, weights, input, output),
            Weights::Winograd(weights) => self.run_winograd(simd, weights, input, output, scratch),
        }
    }

    #[inline(always)]
    fn run_direct<S: Simd>(&self, simd: S, weights: &[f32], input: &Image, output: &mut Image) {
        let vectors = self.outputs / S::F32_LANES;
        let panel_vectors = PANEL / S::F32_LANES;
        let weights = S::as_simd_f32s(weights).0;
        let panel_len = 9 * self.inputs * panel_vectors;
        for tile_row in 0..input.tile_rows() {
            for tile_column in 0..input.tile_columns() {
                for vector in 0..vectors {
                    let panel = &weights[vector / panel_vectors * panel_len..][..panel_len];
                    let mut sums = [simd.splat_f32s(0.0); 4];
                    for (tap, weights) in panel.chunks_exact(self.inputs * panel_vectors).enumerate() {
                        let (row, column) = (2 * tile_row + tap / 3, 2 * tile_column + tap % 3);
                        for (place, sum) in sums.iter_mut().enumerate() {
                            let pixel = input.bordered(row + place / 2, column + place % 2);
                            for (value, weights) in pixel.iter().zip(weights.chunks_exact(panel_vectors)) {
                                let weights = weights[vector % panel_vectors];
                                *sum = simd.mul_add_f32s(simd.splat_f32s(*value), weights, *sum);
                            }
                        }
                    }
                    self.finish(simd, sums, vector, tile_row, tile_column, output);
                }
            }
        }
    }

    #[inline(always)]
    fn run_winograd<S: Simd>(
        &self,
        simd: S,
        weights: &[f32],
        input: &Image,
        output: &mut Image,
        scratch: &mut Vec<f32>,
    ) {
        let tiles = input.tile_rows() * input.tile_columns();
        let tile_bytes = POINTS * (self.inputs + self.outputs) * size_of::<f32>();
        let block = (BLOCK_BYTES / tile_bytes).max(ROWS * ROWS).min(tiles).next_multiple_of(ROWS);
        scratch.resize(scratch.len().max(POINTS * block * (self.inputs + self.outputs)), 0.0);
        let (transformed, products) = scratch.split_at_mut(POINTS * block * self.inputs);
        let plane = self.inputs * self.outputs;
        let mut first = 0;
        while first < tiles {
            let count = block.min(tiles - first);
            // Rows beyond the last tile hold what an earlier block left: their products are not read.
            let rows = count.next_multiple_of(ROWS);
            for tile in 0..count {
                let place = ((first + tile) / input.tile_columns(), (first + tile) % input.tile_columns());
                transform_input(simd, input, place, &mut transformed[tile * self.inputs..], block);
            }
            for point in 0..POINTS {
                let left = &transformed[point * block * self.inputs..][..rows * self.inputs];
                let right = &weights[point * plane..][..plane];
                let out = &mut products[point * block * self.outputs..][..rows * self.outputs];
                multiply(simd, left, right, self.inputs, out);
            }
            for tile in 0..count {
                let (row, column) =
                    ((first + tile) / input.tile_columns(), (first + tile) % input.tile_columns());
                let products = S::as_simd_f32s(&products[tile * self.outputs..]).0;
                let vectors = self.outputs / S::F32_LANES;
                for vector in 0..vectors {
                    let values = transform_output(simd, products, vector, block * vectors);
                    self.finish(simd, values, vector, row, column, output);
                }
            }
            first += count;
        }
    }

    /// Bias, rectifier and pooling for the four values of a tile, row by row.
    #[inline(always)]
    fn finish<S: Simd>(
        &self,
        simd: S,
        values: [S::f32s; 4],
        vector: usize,
        tile_row: usize,
        tile_column: usize,
        output: &mut Image,
    ) {
        let bias = S::as_simd_f32s(&self.bias).0[vector];
        let zero = simd.splat_f32s(0.0);
        let rectified = |value| {
            let value = simd.add_f32s(value, bias);
            if self.rectifies { simd.max_f32s(value, zero) } else { value }
        };
        if self.pools {
            if tile_row < output.height && tile_column < output.width {
                let [a, b, c, d] = values;
                let largest = simd.max_f32s(simd.max_f32s(a, b), simd.max_f32s(c, d));
                S::as_mut_simd_f32s(output.pixel_mut(tile_row, tile_column)).0[vector] = rectified(largest);
            }
            return;
        }
        for (place, value) in values.into_iter().enumerate() {
            let (row, column) = (2 * tile_row + place / 2, 2 * tile_column + place % 2);
            if row < output.height && column < output.width {
                S::as_mut_simd_f32s(output.pixel_mut(row, column)).0[vector] = rectified(value);
            }
        }
    }
}

/// Bᵀ d B of the 4×4 values under the tile `place`, for every channel; point `p` goes to row `p × block` of `out`.
#[inline(always)]
fn transform_input<S: Simd>(simd: S, input: &Image, place: (usize, usize), out: &mut [f32], block: usize) {
    let vectors = input.channels / S::F32_LANES;
    let out = S::as_mut_simd_f32s(out).0;
    let mut pixels = [S::as_simd_f32s(input.bordered(0, 0)).0; POINTS];
    for (point, pixel) in pixels.iter_mut().enumerate() {
        let values = input.bordered(2 * place.0 + point / 4, 2 * place.1 + point % 4);
        *pixel = &S::as_simd_f32s(values).0[..vectors];
    }
    for vector in 0..vectors {
        let mut values = [simd.splat_f32s(0.0); POINTS];
        for (value, pixel) in values.iter_mut().zip(&pixels) {
            *value = pixel[vector];
        }
        for (start, step) in [(0, 4), (1, 4), (2, 4), (3, 4), (0, 1), (4, 1), (8, 1), (12, 1)] {
            let [a, b, c, d] = [0, 1, 2, 3].map(|index| values[start + index * step]);
            values[start] = simd.sub_f32s(a, c);
            values[start + step] = simd.add_f32s(b, c);
            values[start + 2 * step] = simd.sub_f32s(c, b);
            values[start + 3 * step] = simd.sub_f32s(b, d);
        }
        for (point, value) in values.into_iter().enumerate() {
            out[point * block * vectors + vector] = value;
        }
    }
}

/// Aᵀ m A of one tile's products: the four outputs, row by row. The points lie `stride` vectors apart.
#[inline(always)]
fn transform_output<S: Simd>(simd: S, products: &[S::f32s], vector: usize, stride: usize) -> [S::f32s; 4] {
    let mut halves = [[simd.splat_f32s(0.0); 4]; 2];
    for column in 0..4 {
        let mut points = [simd.splat_f32s(0.0); 4];
        for (row, point) in points.iter_mut().enumerate() {
            *point = products[(row * 4 + column) * stride + vector];
        }
        let [a, b, c, d] = points;
        halves[0][column] = simd.add_f32s(simd.add_f32s(a, b), c);
        halves[1][column] = simd.sub_f32s(simd.sub_f32s(b, c), d);
    }
    let [upper, lower] = halves
        .map(|[a, b, c, d]| [simd.add_f32s(simd.add_f32s(a, b), c), simd.sub_f32s(simd.sub_f32s(b, c), d)]);
    [upper[0], upper[1], lower[0], lower[1]]
}

/// The kernel `[outputs, inputs, 3, 3]` as `[9 × inputs, outputs]`, packed.
fn direct(kernel: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let mut matrix = vec![0.0; kernel.len()];
    for (index, weight) in kernel.iter().enumerate() {
        let (output, input, tap) = (index / 9 / inputs, index / 9 % inputs, index % 9);
        matrix[(tap * inputs + input) * outputs + output] = *weight;
    }
    let mut packed = Vec::with_capacity(matrix.len());
    pack(&matrix, outputs, &mut packed);
    packed
}

/// G g Gᵀ of each 3×3 of the kernel `[outputs, inputs, 3, 3]`, as one matrix `[inputs, outputs]` a point, packed.
fn transformed(kernel: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let row = |[a, b, c]: [f64; 3]| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
    let mut matrices = vec![0.0; POINTS * inputs * outputs];
    for (index, kernel) in kernel.chunks_exact(9).enumerate() {
        let (output, input) = (index / inputs, index % inputs);
        let kernel = |row: usize, column: usize| f64::from(kernel[row * 3 + column]);
        let columns = [0, 1, 2].map(|column| row([kernel(0, column), kernel(1, column), kernel(2, column)]));
        for point_row in 0..4 {
            let [a, b, c] = columns.map(|column| column[point_row]);
            for (point_column, value) in row([a, b, c]).into_iter().enumerate() {
                let point = point_row * 4 + point_column;
                matrices[(point * inputs + input) * outputs + output] = value as f32;
            }
        }
    }
    let mut packed = Vec::with_capacity(matrices.len());
    for matrix in matrices.chunks_exact(inputs * outputs) {
        pack(matrix, outputs, &mut packed);
    }
    packed
}

/// Why layers cannot be run by this crate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LayerError {
    /// Channels of the output that are not a multiple of 16.
    #[error("{found} output channels: they must be a multiple of 16")]
    Outputs {
        /// How many they are.
        found: usize,
    },
    /// Channels of the input that are neither fewer than 16 nor a multiple.
    #[error("{found} input channels: they must be fewer than 16 or a multiple")]
    Inputs {
        /// How many they are.
        found: usize,
    },
    /// A kernel of another size than the channels ask for.
    #[error("{found} weights where the channels ask for {expected}")]
    Kernel {
        /// Outputs × inputs × 9.
        expected: usize,
        /// What was given.
        found: usize,
    },
    /// A chain without layers.
    #[error("no layer")]
    NoLayer,
    /// A layer takes another count of channels than the one before makes.
    #[error("a layer takes {expected} channels and would get {found}")]
    Channels {
        /// What the layer takes.
        expected: usize,
        /// What it would get.
        found: usize,
    },
    /// Pooling leaves nothing of the image.
    #[error("pooling leaves nothing of the image")]
    Vanished,
}
