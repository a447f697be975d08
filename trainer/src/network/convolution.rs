//! Two-dimensional convolution, with a gradient of the weights of our own on CPUs.
//!
//! burn's gives the gradient of the weights as a convolution of the images with the gradients, which its CPU backend
//! computes as one product with only as many columns as the kernel has values for each input channel. The patches of
//! several images as one matrix (im2col: Chellapilla et al. 2006) make it products that a processor is good at.

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::NoCheckpointing};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::ops::{FloatTensorOps, ModuleOps};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Flex, TensorMetadata};
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Tensor, TensorData};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

type CpuTensor = FloatTensor<Flex>;
type TrainedTensor = FloatTensor<Autodiff<Flex>>;

/// Places in the output image that one product takes together: enough to be worth it, few enough for a cache.
const PLACES: usize = 512;

/// Convolves `image` `[rows, inputs, height, width]` with `weight` `[outputs, inputs, kernel, kernel]`, padded by half
/// the kernel with zeros, every `stride` places.
pub(super) fn convolve(image: Tensor<4>, weight: Tensor<4>, stride: usize) -> Tensor<4> {
    let [_, _, kernel, _] = weight.dims();
    let options = ConvOptions::new([stride; 2], [kernel / 2; 2], [1, 1], 1);
    let on_cpu = |tensor: &Tensor<4>| tensor.clone().try_into_primitive::<Autodiff<Flex>>().ok();
    match (on_cpu(&image), on_cpu(&weight)) {
        (Some(image), Some(weight)) => {
            Tensor::from_primitive::<Autodiff<Flex>>(convolve_on_cpu(image, weight, options))
        }
        _ => conv2d(image, weight, None, options),
    }
}

#[derive(Debug)]
struct Convolve;

impl Backward<Flex, 2> for Convolve {
    /// Image, weight and how they are convolved.
    type State = (CpuTensor, CpuTensor, ConvOptions<2>);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _checkpointer: &mut Checkpointer) {
        let gradient = gradients.consume::<Flex>(&ops.node);
        let ([image_node, weight_node], (image, weight, options)) = (ops.parents, ops.state);
        if let Some(node) = weight_node {
            let of_weight = weight_gradient(&image, &gradient, weight.shape().dims(), options.stride[0]);
            gradients.register::<Flex>(node.id, of_weight);
        }
        if let Some(node) = image_node {
            let of_image = Flex::conv2d_x_backward(image, weight, gradient, options);
            gradients.register::<Flex>(node.id, of_image);
        }
    }
}

fn convolve_on_cpu(image: TrainedTensor, weight: TrainedTensor, options: ConvOptions<2>) -> TrainedTensor {
    let nodes = [image.node(), weight.node()];
    let (image, weight) = (image.into_primitive(), weight.into_primitive());
    let output = Flex::conv2d(image.clone(), weight.clone(), None, options.clone());
    match Convolve.prepare::<NoCheckpointing>(nodes).compute_bound().stateful() {
        OpsKind::Tracked(preparation) => preparation.finish((image, weight, options), output),
        OpsKind::UnTracked(preparation) => preparation.finish(output),
    }
}

/// The gradient of weights of `shape` for `image` `[rows, inputs, height, width]` and the gradient of the output
/// `[rows, outputs, height', width']`. Products are added in the order of the rows, however many threads there are.
fn weight_gradient(image: &CpuTensor, gradient: &CpuTensor, shape: [usize; 4], stride: usize) -> CpuTensor {
    let [outputs, inputs, kernel, _] = shape;
    let [rows, _, height, width] = image.shape().dims();
    let [_, _, down, across] = gradient.shape().dims();
    let places = down * across;
    let (image, gradient) = (image.to_contiguous(), gradient.to_contiguous());
    let (image, gradient) = (values(&image), values(&gradient));
    let together = PLACES.div_ceil(places.max(1));
    let patches = Patches { image: [inputs, height, width], output: [down, across], kernel, stride };
    let parts: Vec<CpuTensor> = (0..rows.div_ceil(together))
        .into_par_iter()
        .map(|part| {
            let part = part * together..rows.min((part + 1) * together);
            let columns = part.len() * places;
            let mut left = vec![0.0; outputs * columns];
            let mut right = vec![0.0; inputs * kernel * kernel * columns];
            for (at, row) in part.enumerate() {
                for output in 0..outputs {
                    let from = &gradient[(row * outputs + output) * places..][..places];
                    left[output * columns + at * places..][..places].copy_from_slice(from);
                }
                let size = inputs * height * width;
                patches.write(&image[row * size..][..size], &mut right, columns, at * places);
            }
            let left = matrix(left, [outputs, columns]);
            let right = matrix(right, [inputs * kernel * kernel, columns]);
            Flex::float_matmul(left, right.transpose(0, 1))
        })
        .collect();
    let zeros = || matrix(vec![0.0; outputs * inputs * kernel * kernel], [outputs, inputs * kernel * kernel]);
    let sum = parts.into_iter().reduce(Flex::float_add).unwrap_or_else(zeros);
    sum.reshape(shape.into())
}

/// Which values of an image each place of the output is computed from.
struct Patches {
    /// Channels, height and width.
    image: [usize; 3],
    /// Height and width.
    output: [usize; 2],
    kernel: usize,
    stride: usize,
}

impl Patches {
    /// Writes the patches of `image` as columns of `matrix` `[channels · kernel · kernel, columns]`, from `column` on.
    /// `matrix` holds zeros, which stay where a patch reaches over the edge.
    fn write(&self, image: &[f32], matrix: &mut [f32], columns: usize, column: usize) {
        let &Self { image: [channels, height, width], output: [down, across], kernel, stride } = self;
        let half = kernel / 2;
        // Places whose value at an offset lies inside: `place * stride + offset - half` within `extent`.
        let inside = |offset: usize, extent: usize, places: usize| {
            let first = half.saturating_sub(offset).div_ceil(stride);
            let end = (extent + half).saturating_sub(offset).div_ceil(stride);
            let first = first.min(places);
            first..end.clamp(first, places)
        };
        let mut lines = matrix.chunks_exact_mut(columns);
        for channel in 0..channels {
            let plane = &image[channel * height * width..][..height * width];
            for dy in 0..kernel {
                for dx in 0..kernel {
                    let Some(line) = lines.next() else { return };
                    let xs = inside(dx, width, across);
                    if xs.is_empty() {
                        continue;
                    }
                    for y in inside(dy, height, down) {
                        let from = (y * stride + dy - half) * width;
                        let from = &plane[from..from + width];
                        let to = &mut line[column + y * across..][..across];
                        let first = xs.start * stride + dx - half;
                        let sources = from[first..].iter().step_by(stride);
                        to[xs.clone()].iter_mut().zip(sources).for_each(|(to, from)| *to = *from);
                    }
                }
            }
        }
    }
}

fn values(tensor: &CpuTensor) -> &[f32] {
    tensor.as_slice().unwrap_or_default()
}

fn matrix(values: Vec<f32>, shape: [usize; 2]) -> CpuTensor {
    Flex::float_from_data(TensorData::new(values, shape), &Default::default())
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv2d;
    use burn::tensor::ops::ConvOptions;
    use burn::tensor::{Device, Tensor};
    use proptest::prelude::{ProptestConfig, proptest};

    use super::convolve;
    use crate::network::tensor_from;
    use crate::random::Random;

    fn largest_difference(left: &Tensor<4>, right: &Tensor<4>) -> f32 {
        (left.clone() - right.clone()).abs().max().into_scalar()
    }

    /// Compares `convolve` and its gradients with burn's own, for images `[rows, inputs, height, width]`.
    fn is_burn_s(
        [rows, inputs, height, width]: [usize; 4],
        outputs: usize,
        half: usize,
        stride: usize,
        seed: u64,
    ) {
        let device = Device::flex().autodiff();
        let kernel = 2 * half + 1;
        let mut random = Random::new(seed, &[]);
        let mut tensor = |shape: [usize; 4]| {
            let values = (0..shape.iter().product()).map(|_| random.normal()).collect();
            tensor_from(values, shape, &device).require_grad()
        };
        let (image, weight) =
            (tensor([rows, inputs, height, width]), tensor([outputs, inputs, kernel, kernel]));
        let options = ConvOptions::new([stride; 2], [half; 2], [1, 1], 1);
        let theirs = conv2d(image.clone(), weight.clone(), None, options);
        let ours = convolve(image.clone(), weight.clone(), stride);
        assert!(largest_difference(&theirs, &ours) == 0.0);
        // Each output counts differently, so that no two gradients may be confused.
        let counts = tensor(theirs.dims());
        let theirs = (theirs * counts.clone()).sum().backward();
        let ours = (ours * counts).sum().backward();
        for of in [&image, &weight] {
            let (Some(theirs), Some(ours)) = (of.grad(&theirs), of.grad(&ours)) else {
                panic!("no gradient");
            };
            let bound = 1e-5 * (1.0 + theirs.clone().abs().max().into_scalar::<f32>());
            let difference = largest_difference(&theirs, &ours);
            assert!(difference <= bound, "{difference} > {bound}");
        }
    }

    /// Every image that is smaller than the largest kernel, where patches reach over both edges at once.
    #[test]
    fn small_images_are_convolved_as_burn_does() {
        for (height, width) in (1..6).flat_map(|height| (1..6).map(move |width| (height, width))) {
            for (half, stride) in (0..3).flat_map(|half| (1..4).map(move |stride| (half, stride))) {
                is_burn_s([2, 2, height, width], 2, half, stride, 7);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn the_convolution_and_its_gradients_are_burn_s(
            rows in 1_usize..40,
            inputs in 1_usize..5,
            outputs in 1_usize..6,
            half in 0_usize..3,
            stride in 1_usize..4,
            height in 1_usize..24,
            width in 1_usize..24,
            seed in 0_u64..1000,
        ) {
            is_burn_s([rows, inputs, height, width], outputs, half, stride, seed);
        }
    }
}
