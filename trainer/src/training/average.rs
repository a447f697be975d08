//! The moving average of weights, which judges and generalises better than the weights of any step.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor};

use crate::error::ExportError;
use crate::network::{Parameters, Role, Visitor, learnt, tensor_from};
use crate::weights::{WeightTensor, Weights};

/// Exponential moving average of all tensors (Polyak and Juditsky 1992; with the growing decay of TensorFlow's
/// `ExponentialMovingAverage`, so that it does not stick to the first weights).
#[derive(Debug, Clone, Default)]
pub(super) struct Average {
    steps: u64,
    /// Flat.
    tensors: BTreeMap<String, Tensor<1>>,
}

impl Average {
    /// Takes the weights of a step in.
    pub(super) fn follow(&mut self, model: &mut impl Parameters, decay: f64) {
        let steps = self.steps as f64;
        self.steps += 1;
        let decay = decay.min((1.0 + steps) / (10.0 + steps));
        model.visit(&mut Follow { tensors: &mut self.tensors, decay });
    }

    /// Puts the average in the place of the weights.
    pub(super) fn put(&self, model: &mut impl Parameters) {
        model.visit(&mut Put(&self.tensors));
    }

    pub(super) fn store(&self, weights: &mut Weights) -> Result<u64, ExportError> {
        for (name, tensor) in &self.tensors {
            let values = tensor.clone().try_into_vec_as::<f32>();
            let values = values.map_err(|error| ExportError::shape(name, "readable", &error.to_string()))?;
            weights.insert(format!("average.{name}"), WeightTensor::new(vec![values.len()], values)?);
        }
        Ok(self.steps)
    }

    pub(super) fn restore(weights: &Weights, steps: u64, device: &Device) -> Result<Self, ExportError> {
        let mut tensors = BTreeMap::new();
        for name in weights.names().filter_map(|name| name.strip_prefix("average.")) {
            let tensor = weights.get(&format!("average.{name}"))?;
            let tensor = tensor_from(tensor.values().to_vec(), [tensor.values().len()], device);
            tensors.insert(name.to_owned(), tensor);
        }
        Ok(Self { steps, tensors })
    }
}

struct Follow<'a> {
    tensors: &'a mut BTreeMap<String, Tensor<1>>,
    decay: f64,
}

impl Visitor for Follow<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, _role: Role, tensor: &mut Tensor<D>) {
        let size = tensor.dims().iter().product::<usize>();
        let now: Tensor<1> = tensor.clone().without_autodiff().reshape([size]);
        let average = match self.tensors.remove(name) {
            Some(before) => before * self.decay + now * (1.0 - self.decay),
            None => now,
        };
        self.tensors.insert(name.to_owned(), average);
    }
}

struct Put<'a>(&'a BTreeMap<String, Tensor<1>>);

impl Visitor for Put<'_> {
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>) {
        let Some(average) = self.0.get(name) else { return };
        let average = average.clone().reshape(tensor.dims());
        *tensor =
            if tensor.device().is_autodiff() { learnt(Tensor::from_inner(average), role) } else { average };
    }
}
