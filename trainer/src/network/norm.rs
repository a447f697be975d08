//! Batch normalisation with one set of statistics for all data sets, or with one for each.
//!
//! Data sets differ in level, spectrum and noise. With statistics and affine parameters of its own for each
//! (domain-specific batch normalisation, Chang et al. 2019, arXiv:1906.03950), the convolutions between them can be
//! common to all. For a library that was not trained on there are two ways: the *pooled* statistics, which are those
//! of the mixture of all data sets in equal parts (mean of the means; mean of the second moments less the square of
//! that mean; mean scales and offsets), or statistics *re-estimated* on the library's own sounds without labels
//! (AdaBN, Li et al. 2016, arXiv:1603.04779), with the same mean scales and offsets.

use burn::tensor::module::{batch_norm, batch_norm_train};
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::parameters::{Role, Visitor, learnt};
use crate::sampling::Segment;

/// ε of all our batch normalisations, PyTorch's default.
pub(crate) const EPSILON: f64 = 1e-5;
/// Weight of the newest batch in the running statistics, PyTorch's default.
const MOMENTUM: f64 = 0.1;

/// Whose statistics a batch is normalised by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// One set for all data sets.
    #[default]
    Shared,
    /// One set for each data set.
    PerDataSet,
}

/// How a batch passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use<'a> {
    /// By the statistics of the batch itself, segment by segment; running statistics follow.
    Training(&'a [Segment]),
    /// By the running statistics of one data set.
    DataSet(usize),
    /// By the statistics of the batch itself, which become part of the mean over so many batches before it.
    Estimating(usize),
}

/// Mean and variance of each channel.
#[derive(Debug, Clone)]
pub struct Statistics {
    /// `[channels]`.
    pub mean: Tensor<1>,
    /// `[channels]`, without Bessel's correction.
    pub variance: Tensor<1>,
}

#[derive(Debug, Clone)]
struct Norm {
    scale: Tensor<1>,
    offset: Tensor<1>,
    running: Statistics,
}

/// The batch normalisations after one convolution.
#[derive(Debug, Clone)]
pub struct Norms(Vec<Norm>);

impl Norms {
    /// The identity for zero mean and unit variance; `count` sets of statistics, at least one.
    pub(super) fn new(channels: usize, count: usize, device: &Device) -> Self {
        let zeros = || Tensor::zeros([channels], device);
        let ones = || Tensor::ones([channels], device);
        let norm = |_| Norm {
            scale: learnt(ones(), Role::Vector),
            offset: learnt(zeros(), Role::Vector),
            running: Statistics { mean: zeros(), variance: ones() },
        };
        Self((0..count.max(1)).map(norm).collect())
    }

    /// Normalises `[rows, channels, height, width]`.
    pub(super) fn forward(&mut self, input: Tensor<4>, how: Use<'_>) -> Tensor<4> {
        match how {
            Use::DataSet(data_set) => {
                let norm = &self.0[data_set.min(self.0.len() - 1)];
                let Statistics { mean, variance } = norm.running.clone();
                batch_norm(input, norm.scale.clone(), norm.offset.clone(), mean, variance, EPSILON)
            }
            Use::Estimating(before) => self.0[0].train(input, 1.0 / (before + 1) as f64),
            Use::Training(segments) if self.0.len() > 1 && segments.len() > 1 => {
                let parts = segments.iter().map(|segment| {
                    let rows = input.clone().narrow(0, segment.rows.start, segment.rows.len());
                    self.0[segment.data_set].train(rows, MOMENTUM)
                });
                let parts = parts.collect();
                Tensor::cat(parts, 0)
            }
            Use::Training(segments) => {
                let data_set = segments.first().map_or(0, |segment| segment.data_set);
                let last = self.0.len() - 1;
                self.0[data_set.min(last)].train(input, MOMENTUM)
            }
        }
    }

    /// The one set of an unseen library: the mixture of those of `data_sets` in equal parts.
    pub(super) fn pooled(&self, data_sets: &[usize]) -> Self {
        if self.0.len() == 1 {
            return self.clone();
        }
        let members: Vec<&Norm> = data_sets.iter().filter_map(|&data_set| self.0.get(data_set)).collect();
        let mean = |pick: &dyn Fn(&Norm) -> Tensor<1>| {
            let sum = members.iter().map(|norm| pick(norm)).reduce(|sum, next| sum + next);
            sum.map(|sum| sum / members.len() as f64)
        };
        let (Some(scale), Some(offset), Some(centre), Some(second)) = (
            mean(&|norm| norm.scale.clone()),
            mean(&|norm| norm.offset.clone()),
            mean(&|norm| norm.running.mean.clone()),
            mean(&|norm| norm.running.variance.clone() + norm.running.mean.clone().square()),
        ) else {
            return self.clone();
        };
        let variance = second - centre.clone().square();
        Self(vec![Norm { scale, offset, running: Statistics { mean: centre, variance } }])
    }

    /// Makes the normalisation by batches agree with that by running statistics: where the latter computed
    /// `scale·(x − mean)/√(variance + ε) + offset`, it does so after it, too, with `observed` as its statistics.
    pub(super) fn calibrate(&mut self, observed: &Statistics) {
        for norm in &mut self.0 {
            let deviation = |statistics: &Statistics| (statistics.variance.clone() + EPSILON).sqrt();
            let slope = norm.scale.clone() / deviation(&norm.running);
            let offset =
                norm.offset.clone() + slope.clone() * (observed.mean.clone() - norm.running.mean.clone());
            norm.scale = learnt((slope * deviation(observed)).detach(), Role::Vector);
            norm.offset = learnt(offset.detach(), Role::Vector);
            norm.running = observed.clone();
        }
    }

    pub(super) fn visit(&mut self, prefix: &str, visitor: &mut impl Visitor) {
        for (at, norm) in self.0.iter_mut().enumerate() {
            visitor.tensor(&format!("{prefix}.{at}.weight"), Role::Vector, &mut norm.scale);
            visitor.tensor(&format!("{prefix}.{at}.bias"), Role::Vector, &mut norm.offset);
            visitor.tensor(&format!("{prefix}.{at}.running_mean"), Role::Statistic, &mut norm.running.mean);
            visitor.tensor(
                &format!("{prefix}.{at}.running_var"),
                Role::Statistic,
                &mut norm.running.variance,
            );
        }
    }
}

impl Norm {
    fn train(&mut self, input: Tensor<4>, momentum: f64) -> Tensor<4> {
        let result = batch_norm_train(input, self.scale.clone(), self.offset.clone(), EPSILON);
        let follow = |running: &Tensor<1>, batch: Tensor<1>| {
            (running.clone() * (1.0 - momentum) + batch.detach() * momentum).detach()
        };
        self.running = Statistics {
            mean: follow(&self.running.mean, result.mean),
            variance: follow(&self.running.variance, result.variance),
        };
        result.output
    }
}
