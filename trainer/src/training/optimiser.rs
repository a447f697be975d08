//! AdamW with gradient clipping.

use std::collections::BTreeMap;

use burn::tensor::{Device, Gradients, Tensor};
use serde::{Deserialize, Serialize};

use crate::error::ExportError;
use crate::network::{Parameters, Role, Visitor, learnt, tensor_from};
use crate::weights::{WeightTensor, Weights};

/// Decay of the mean of gradients.
const BETA_1: f64 = 0.9;
/// Decay of the mean of their squares.
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// How weights follow the loss, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimiserPlan {
    /// Passes over all data.
    pub epochs: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Epochs during which it rises.
    pub warm_up_epochs: f64,
    /// Decay of weights, as a multiple of the learning rate; scales, offsets and biases do not decay.
    pub weight_decay: f64,
    /// Longest gradient of all tensors together; longer ones are shortened. 0 is no limit.
    pub gradient_clip: f64,
    /// Decay a step of the moving average of the weights, which is what is judged and exported; 0 has none.
    pub average_decay: f64,
    /// Epochs without a better validation after which training stops; 0 never stops it.
    pub patience: usize,
    /// Which epoch's weights become the model.
    pub keep: Keep,
}

/// Which epoch's weights become the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keep {
    /// Those of the best validation; the last ones where nothing is validated by.
    #[default]
    Best,
    /// The last ones: for what validation by labels does not measure, such as learning from another model.
    Last,
}

impl Default for OptimiserPlan {
    fn default() -> Self {
        Self {
            epochs: 50,
            learning_rate: 1e-3,
            warm_up_epochs: 2.0,
            weight_decay: 0.01,
            gradient_clip: 5.0,
            average_decay: 0.995,
            patience: 10,
            keep: Keep::Best,
        }
    }
}

impl OptimiserPlan {
    /// Says what is wrong, if anything is.
    ///
    /// # Errors
    /// A sentence naming the number and the values that are allowed.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f64, high: f64| {
            let fits = (0.0..=high).contains(&value);
            if fits { Ok(()) } else { Err(format!("optimiser.{name} must lie between 0 and {high}")) }
        };
        within("learning_rate", self.learning_rate, 10.0)?;
        within("warm_up_epochs", self.warm_up_epochs, 1e6)?;
        within("weight_decay", self.weight_decay, 10.0)?;
        within("gradient_clip", self.gradient_clip, 1e9)?;
        within("average_decay", self.average_decay, 0.999_999)?;
        within("epochs", self.epochs as f64, 1e6)
    }
}

/// AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, arXiv:1711.05101, algorithm 2).
#[derive(Debug, Clone, Default)]
pub struct AdamW {
    steps: u64,
    /// Of each tensor the means of gradients and of their squares, flat.
    moments: BTreeMap<String, [Tensor<1>; 2]>,
}

impl AdamW {
    /// Moves all learnt tensors of `model` by their gradients, and returns the gradients' length. Where that is no finite
    /// number, or a statistic is none, nothing is moved.
    pub fn step(
        &mut self,
        model: &mut impl Parameters,
        gradients: &Gradients,
        plan: &OptimiserPlan,
        learning_rate: f64,
    ) -> f64 {
        let mut length = Length { gradients, squares: None };
        model.visit(&mut length);
        let length = length.squares.map_or(0.0, |squares| f64::from(squares.into_scalar::<f32>()).sqrt());
        if !length.is_finite() {
            return length;
        }
        let too_long = plan.gradient_clip > 0.0 && length > plan.gradient_clip;
        let shrink = if too_long { plan.gradient_clip / length } else { 1.0 };
        self.steps += 1;
        let decay = learning_rate * plan.weight_decay;
        model.visit(&mut Move { adam: self, gradients, shrink, learning_rate, decay });
        length
    }

    /// Adds the state to `weights`, with names of its own.
    pub(super) fn store(&self, weights: &mut Weights) -> Result<u64, ExportError> {
        for (name, moments) in &self.moments {
            for (part, moment) in ["first", "second"].into_iter().zip(moments) {
                let values = moment.clone().try_into_vec_as::<f32>();
                let values =
                    values.map_err(|error| ExportError::shape(name, "readable", &error.to_string()))?;
                let tensor = WeightTensor::new(vec![values.len()], values)?;
                weights.insert(format!("adam.{part}.{name}"), tensor);
            }
        }
        Ok(self.steps)
    }

    /// The state that [`store`](Self::store) has stored.
    pub(super) fn restore(weights: &Weights, steps: u64, device: &Device) -> Result<Self, ExportError> {
        let mut moments = BTreeMap::new();
        for name in weights.names().filter_map(|name| name.strip_prefix("adam.first.")) {
            let moment = |part: &str| {
                let tensor = weights.get(&format!("adam.{part}.{name}"))?;
                Ok(tensor_from(tensor.values().to_vec(), [tensor.values().len()], device))
            };
            let pair: [Tensor<1>; 2] = [moment("first")?, moment("second")?];
            moments.insert(name.to_owned(), pair);
        }
        Ok(Self { steps, moments })
    }
}

/// Sums up squares of gradients on their device, which is asked for one number a step only.
struct Length<'a> {
    gradients: &'a Gradients,
    squares: Option<Tensor<1>>,
}

impl Visitor for Length<'_> {
    fn tensor<const D: usize>(&mut self, _name: &str, role: Role, tensor: &mut Tensor<D>) {
        let part = if role == Role::Statistic {
            // Nothing, or not a number: batches beyond all numbers leave it nowhere else.
            tensor.clone().without_autodiff().sum() * 0.0
        } else {
            let Some(gradient) = tensor.grad(self.gradients) else { return };
            gradient.square().sum()
        };
        self.squares = Some(match self.squares.take() {
            Some(squares) => squares + part,
            None => part,
        });
    }
}

struct Move<'a> {
    adam: &'a mut AdamW,
    gradients: &'a Gradients,
    shrink: f64,
    learning_rate: f64,
    decay: f64,
}

impl Visitor for Move<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>) {
        if role == Role::Statistic {
            return;
        }
        let Some(gradient) = tensor.grad(self.gradients) else { return };
        let shape = gradient.dims();
        let gradient: Tensor<1> = gradient.reshape([shape.iter().product::<usize>()]) * self.shrink;
        let fresh = || [gradient.zeros_like(), gradient.zeros_like()];
        let [first, second] = self.adam.moments.remove(name).unwrap_or_else(fresh);
        let first = first * BETA_1 + gradient.clone() * (1.0 - BETA_1);
        let second = second * BETA_2 + gradient.square() * (1.0 - BETA_2);
        let corrected =
            |moment: &Tensor<1>, beta: f64| moment.clone() / (1.0 - beta.powf(self.adam.steps as f64));
        let step = corrected(&first, BETA_1) / (corrected(&second, BETA_2).sqrt() + EPSILON);
        self.adam.moments.insert(name.to_owned(), [first, second]);
        let keep = if role == Role::Weight { 1.0 - self.decay } else { 1.0 };
        let before = tensor.clone().without_autodiff();
        let after = before * keep - step.reshape(shape) * self.learning_rate;
        *tensor = learnt(Tensor::from_inner(after), role);
    }
}
