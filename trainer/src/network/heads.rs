//! What sits on top of the embedding while it is trained: classifiers and proxies, one set for each data set.
//!
//! Data sets have taxonomies of their own, so that each has a head of its own on the common embedding (Ma and Lerch
//! 2022). Heads are no part of the model that comes out.

use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, module::linear};

use super::parameters::{Parameters, Role, Visitor, learnt, tensor_from};
use crate::random::Random;

/// Sizes of the heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadsPlan {
    /// Number of values of an embedding.
    pub embedding_size: usize,
    /// Widths of the layers between embedding and classes; the aiSFX paper's are 256 and 128.
    pub hidden: Vec<usize>,
    /// Number of classes of each data set.
    pub classes: Vec<usize>,
}

/// A classifier for each data set: linear layers with ReLU between them.
#[derive(Debug, Clone)]
pub struct Heads(Vec<Vec<Linear>>);

#[derive(Debug, Clone)]
struct Linear {
    /// `[inputs, outputs]`, as burn has it.
    weight: Tensor<2>,
    /// `[outputs]`.
    bias: Tensor<1>,
}

impl Heads {
    /// Heads with normally distributed weights of variance 2 / inputs (He et al. 2015).
    pub fn new(plan: &HeadsPlan, seed: u64, device: &Device) -> Self {
        let head = |(set, &classes): (usize, &usize)| {
            let mut widths = vec![plan.embedding_size];
            widths.extend(&plan.hidden);
            widths.push(classes);
            let pairs = widths.windows(2).enumerate();
            let layers = pairs.map(|(at, pair)| {
                let (inputs, outputs) = (pair[0], pair[1]);
                let mut random = Random::new(seed, &[1, set as u64, at as u64]);
                let deviation = (2.0 / inputs as f32).sqrt();
                let values = (0..inputs * outputs).map(|_| random.normal() * deviation).collect();
                Linear {
                    weight: learnt(tensor_from(values, [inputs, outputs], device), Role::Weight),
                    bias: learnt(Tensor::zeros([outputs], device), Role::Vector),
                }
            });
            layers.collect()
        };
        Self(plan.classes.iter().enumerate().map(head).collect())
    }

    /// Logits `[rows, classes]` of one data set's classes for embeddings `[rows, embedding size]`.
    pub fn forward(&self, embeddings: Tensor<2>, data_set: usize) -> Tensor<2> {
        let layers = &self.0[data_set];
        let mut values = embeddings;
        for (at, layer) in layers.iter().enumerate() {
            values = linear(values, layer.weight.clone(), Some(layer.bias.clone()));
            if at + 1 < layers.len() {
                values = relu(values);
            }
        }
        values
    }
}

impl Parameters for Heads {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        for (set, layers) in self.0.iter_mut().enumerate() {
            for (at, layer) in layers.iter_mut().enumerate() {
                visitor.tensor(&format!("head.{set}.{at}.weight"), Role::Weight, &mut layer.weight);
                visitor.tensor(&format!("head.{set}.{at}.bias"), Role::Vector, &mut layer.bias);
            }
        }
    }
}

/// A learnt stand-in for each class, `[classes, embedding size]` for each data set.
#[derive(Debug, Clone)]
pub struct Proxies(Vec<Tensor<2>>);

impl Proxies {
    /// Normally distributed proxies; only their directions count.
    pub fn new(plan: &HeadsPlan, seed: u64, device: &Device) -> Self {
        let proxies = |(set, &classes): (usize, &usize)| {
            let shape = [classes, plan.embedding_size];
            let mut random = Random::new(seed, &[2, set as u64]);
            let values = (0..classes * plan.embedding_size).map(|_| random.normal()).collect();
            learnt(tensor_from(values, shape, device), Role::Vector)
        };
        Self(plan.classes.iter().enumerate().map(proxies).collect())
    }

    /// The proxies of one data set.
    pub fn of(&self, data_set: usize) -> Tensor<2> {
        self.0[data_set].clone()
    }
}

impl Parameters for Proxies {
    fn visit(&mut self, visitor: &mut impl Visitor) {
        for (set, proxies) in self.0.iter_mut().enumerate() {
            visitor.tensor(&format!("proxies.{set}"), Role::Vector, proxies);
        }
    }
}
