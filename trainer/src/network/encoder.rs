//! The network itself: frames in, embeddings out.

use burn::tensor::activation::relu;
use burn::tensor::module::max_pool2d;
use burn::tensor::{Device, Tensor};

use super::architecture::{Architecture, Pooling};
use super::convolution::convolve;
use super::norm::{EPSILON, Norms, Statistics, Use};
use super::parameters::{Parameters, Role, Visitor, learnt};
use crate::random::Random;

/// Added to the variances of features, times their mean: those that hardly vary must not be blown up.
const LEAST_VARIANCE: f64 = 0.01;

/// A convolutional network on a device of burn.
#[derive(Debug, Clone)]
pub struct Encoder {
    architecture: Architecture,
    layers: Vec<Layer>,
    projection: Option<Projection>,
    /// Whether the convolutions stay as they are: frames are then what they made of them.
    frozen: bool,
}

#[derive(Debug, Clone)]
struct Layer {
    /// `[outputs, inputs, kernel, kernel]`.
    weight: Tensor<4>,
    norms: Norms,
}

/// A linear layer of features that are made comparable first: small ones would hardly be learnt from.
#[derive(Debug, Clone)]
struct Projection {
    /// Taken from each feature, `[features]`.
    mean: Tensor<1>,
    /// Divides it after that, `[features]`.
    deviation: Tensor<1>,
    layer: Layer,
}

impl Encoder {
    /// A network with normally distributed weights of variance 2 / inputs of a unit (He et al. 2015,
    /// arXiv:1502.01852), and `norms` sets of batch statistics.
    pub fn new(architecture: &Architecture, norms: usize, seed: u64, device: &Device) -> Self {
        let layer = |at: usize, shape: [usize; 4]| {
            let mut random = Random::new(seed, &[0, at as u64]);
            let deviation = (2.0 / shape[1..].iter().product::<usize>() as f32).sqrt();
            let values = (0..shape.iter().product()).map(|_| random.normal() * deviation).collect();
            let weight = learnt(super::parameters::tensor_from(values, shape, device), Role::Weight);
            Layer { weight, norms: Norms::new(shape[0], norms, device) }
        };
        let convolutions = architecture.convolutions.iter().zip(architecture.inputs()).enumerate();
        let layers: Vec<_> = convolutions
            .map(|(at, (convolution, inputs))| {
                layer(at, [convolution.channels, inputs, convolution.kernel, convolution.kernel])
            })
            .collect();
        let features = architecture.features();
        let projection = architecture.projection.map(|size| Projection {
            mean: Tensor::zeros([features], device),
            deviation: Tensor::ones([features], device),
            layer: layer(layers.len(), [size, features, 1, 1]),
        });
        Self { layers, projection, architecture: architecture.clone(), frozen: false }
    }

    /// The same network with convolutions that stay as they are: its parameters are those of the projection, and its
    /// frames, `[rows, 1, features]`, what the convolutions make of real ones.
    #[must_use]
    pub fn frozen(self) -> Self {
        Self { frozen: true, ..self }
    }

    /// The whole network again.
    #[must_use]
    pub fn thawed(&self) -> Self {
        Self { frozen: false, ..self.clone() }
    }

    /// The network's plan.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Embeds frames `[rows, columns, bands]` as `[rows, embedding size]`; without a projection, the values are not
    /// negative.
    pub fn forward(&mut self, frames: Tensor<3>, how: Use<'_>) -> Tensor<2> {
        self.run(frames, how, &mut |_, _| ())
    }

    /// The network for an unseen library: the pooled statistics of `data_sets`, on a device without gradients.
    pub fn pooled(&self, data_sets: &[usize]) -> Self {
        let pooled = |layer: &Layer| {
            let mut layer = Layer { weight: layer.weight.clone(), norms: layer.norms.pooled(data_sets) };
            layer.visit("", &mut Plain);
            layer
        };
        Self {
            architecture: self.architecture.clone(),
            layers: self.layers.iter().map(pooled).collect(),
            projection: self.projection.as_ref().map(|projection| Projection {
                mean: projection.mean.clone().without_autodiff(),
                deviation: projection.deviation.clone().without_autodiff(),
                layer: pooled(&projection.layer),
            }),
            frozen: self.frozen,
        }
    }

    /// The same network on a device without gradients.
    pub fn plain(&self) -> Self {
        let mut plain = self.clone();
        plain.visit(&mut Plain);
        plain
    }

    /// Replaces the statistics by those of `batches` of frames `[rows, columns, bands]`, which need no labels. The
    /// network must be [pooled](Self::pooled). Each batch counts the same.
    pub fn re_estimate(&mut self, batches: impl Iterator<Item = Tensor<3>>) {
        for (before, frames) in batches.enumerate() {
            self.forward(frames, Use::Estimating(before));
        }
    }

    /// Sets scales, offsets and statistics such that the network computes what it computed, and does so by the
    /// statistics of batches like `batches` `[rows, columns, bands]`, too.
    ///
    /// Weights with a batch normalisation folded into them know no statistics; training from them would otherwise
    /// begin with another network than the one they come from. A `fresh` projection, which computed nothing before,
    /// gets features of zero mean and unit variance.
    pub fn calibrate(&mut self, batches: &[Tensor<3>], fresh: bool) {
        let mut sums: Vec<Option<Statistics>> = vec![None; self.layers.len() + 2];
        for frames in batches {
            self.run(frames.clone(), Use::DataSet(0), &mut |at, convolved| {
                let mean = mean_of_channels(convolved.clone());
                let second = mean_of_channels(convolved.clone().square());
                sums[at] = Some(match sums[at].take() {
                    None => Statistics { mean, variance: second },
                    Some(sum) => Statistics { mean: sum.mean + mean, variance: sum.variance + second },
                });
            });
        }
        let mut observed = sums.into_iter().map(|sum| {
            let Statistics { mean, variance } = sum?;
            let mean = (mean / batches.len() as f64).detach();
            let variance = (variance / batches.len() as f64 - mean.clone().square()).detach();
            Some(Statistics { mean, variance: variance.clamp_min(0.0) })
        });
        for layer in &mut self.layers {
            if let Some(observed) = observed.next().flatten() {
                layer.norms.calibrate(&observed);
            }
        }
        let Some(projection) = &mut self.projection else { return };
        let (features, projected) = (observed.next().flatten(), observed.next().flatten());
        match (features, projected) {
            (Some(Statistics { mean, variance }), _) if fresh => {
                let least = variance.clone().mean() * LEAST_VARIANCE;
                projection.mean = mean;
                projection.deviation = (variance + least + EPSILON).sqrt();
            }
            (_, Some(projected)) => projection.layer.norms.calibrate(&projected),
            _ => (),
        }
    }

    fn run(
        &mut self,
        frames: Tensor<3>,
        how: Use<'_>,
        on_convolved: &mut dyn FnMut(usize, &Tensor<4>),
    ) -> Tensor<2> {
        let features: Tensor<2> =
            if self.frozen { frames.squeeze_dim(1) } else { self.features(frames, how, on_convolved) };
        let Some(projection) = &mut self.projection else { return features };
        let [rows, channels] = features.dims();
        on_convolved(self.layers.len(), &features.clone().reshape([rows, channels, 1, 1]));
        let Projection { mean, deviation, layer } = projection;
        let features = (features - mean.clone().unsqueeze()) / deviation.clone().unsqueeze();
        let projected = convolve(features.reshape([rows, channels, 1, 1]), layer.weight.clone(), 1);
        on_convolved(self.layers.len() + 1, &projected);
        let normalised = layer.norms.forward(projected, how);
        let size = normalised.dims()[1];
        normalised.reshape([rows, size])
    }

    fn features(
        &mut self,
        frames: Tensor<3>,
        how: Use<'_>,
        on_convolved: &mut dyn FnMut(usize, &Tensor<4>),
    ) -> Tensor<2> {
        let mut image: Tensor<4> = frames.unsqueeze_dim(1);
        let stages: Vec<usize> = match self.architecture.pooling {
            Pooling::Last => Vec::new(),
            Pooling::Stages => self.architecture.stages().collect(),
        };
        let mut pooled: Vec<Tensor<2>> = Vec::new();
        for (at, (layer, plan)) in self.layers.iter_mut().zip(&self.architecture.convolutions).enumerate() {
            let convolved = convolve(image.clone(), layer.weight.clone(), plan.stride);
            on_convolved(at, &convolved);
            let normalised = layer.norms.forward(convolved, how);
            let sum = if plan.residual { normalised + image } else { normalised };
            image = relu(sum);
            if plan.pool > 1 {
                let options = burn::tensor::ops::MaxPoolOptions::new([plan.pool; 2]);
                image = max_pool2d(image, options);
            }
            if stages.contains(&at) {
                pooled.push(pool(&image));
            }
        }
        if pooled.is_empty() {
            let over_frequency: Tensor<3> = image.mean_dim(3).squeeze_dim(3);
            return over_frequency.max_dim(2).squeeze_dim(2);
        }
        pooled.reverse();
        Tensor::cat(pooled, 1)
    }
}

impl Parameters for Encoder {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        for (at, layer) in self.layers.iter_mut().enumerate().filter(|_| !self.frozen) {
            layer.visit(&format!("convolution.{at}"), visitor);
        }
        if let Some(projection) = &mut self.projection {
            visitor.tensor("projection.mean", Role::Statistic, &mut projection.mean);
            visitor.tensor("projection.deviation", Role::Statistic, &mut projection.deviation);
            projection.layer.visit("projection", visitor);
        }
    }
}

impl Layer {
    fn visit(&mut self, prefix: &str, visitor: &mut impl Visitor) {
        visitor.tensor(&format!("{prefix}.weight"), Role::Weight, &mut self.weight);
        self.norms.visit(&format!("{prefix}.norm"), visitor);
    }
}

/// Takes tensors to the device without gradients.
struct Plain;

impl Visitor for Plain {
    fn tensor<const D: usize>(&mut self, _name: &str, _role: Role, tensor: &mut Tensor<D>) {
        *tensor = tensor.clone().without_autodiff();
    }
}

/// The three poolings of an image of [`Pooling::Stages`], `[rows, 3 · channels]`.
fn pool(image: &Tensor<4>) -> Tensor<2> {
    let over_frequency: Tensor<3> = image.clone().mean_dim(3).squeeze_dim(3);
    let highest: Tensor<3> = image.clone().max_dim(3).squeeze_dim(3);
    let loudest = over_frequency.clone().max_dim(2).squeeze_dim(2);
    Tensor::cat(
        vec![loudest, over_frequency.mean_dim(2).squeeze_dim(2), highest.max_dim(2).squeeze_dim(2)],
        1,
    )
}

fn mean_of_channels(image: Tensor<4>) -> Tensor<1> {
    let [rows, channels, height, width] = image.dims();
    let flat: Tensor<2> = image.swap_dims(0, 1).reshape([channels, rows * height * width]);
    flat.mean_dim(1).squeeze_dim(1)
}
