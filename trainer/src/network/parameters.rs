//! The tensors of a network by name: one walk serves the optimiser, checkpoints, averages and export.

use burn::tensor::{Device, Tensor, TensorData};

use crate::error::ExportError;
use crate::weights::{WeightTensor, Weights};

/// What a tensor is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Learnt, and drawn towards zero by weight decay.
    Weight,
    /// Learnt, without weight decay: scales, offsets, biases.
    Vector,
    /// Observed during training.
    Statistic,
}

/// Is shown every tensor of a network, in an order that depends on the network alone.
pub trait Visitor {
    /// Looks at a tensor, or puts another of the same shape in its place.
    fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>);
}

/// What has tensors.
pub trait Parameters {
    /// Shows all tensors to `visitor`.
    fn visit(&mut self, visitor: &mut impl Visitor);
}

/// Copies all tensors out.
pub fn collect(network: &(impl Parameters + Clone)) -> Weights {
    struct Collect(Weights);
    impl Visitor for Collect {
        fn tensor<const D: usize>(&mut self, name: &str, _role: Role, tensor: &mut Tensor<D>) {
            let shape = tensor.dims().to_vec();
            // A tensor of ours always is of floats; one that cannot be read is left out and reported by its name.
            let values = tensor.clone().try_into_vec_as::<f32>().ok();
            if let Some(tensor) = values.and_then(|values| WeightTensor::new(shape, values).ok()) {
                self.0.insert(name, tensor);
            }
        }
    }
    let mut collect = Collect(Weights::new());
    network.clone().visit(&mut collect);
    collect.0
}

/// Puts the values of `weights` in place; learnt tensors track gradients where their device does.
///
/// # Errors
/// When a tensor is missing, has another shape, or is not finite.
pub fn load(network: &mut impl Parameters, weights: &Weights) -> Result<(), ExportError> {
    struct Load<'a>(&'a Weights, Result<(), ExportError>);
    impl Visitor for Load<'_> {
        fn tensor<const D: usize>(&mut self, name: &str, role: Role, tensor: &mut Tensor<D>) {
            let found = match self.0.get(name) {
                Ok(found) if found.shape() == tensor.dims() => found,
                Ok(found) => {
                    self.1 = Err(ExportError::shape(name, format!("{:?}", tensor.dims()), found.shape()));
                    return;
                }
                Err(error) => {
                    self.1 = Err(error);
                    return;
                }
            };
            *tensor = learnt(tensor_from(found.values().to_vec(), tensor.dims(), &tensor.device()), role);
        }
    }
    let mut load = Load(weights, Ok(()));
    network.visit(&mut load);
    load.1
}

/// A tensor of `values` on a device.
pub(crate) fn tensor_from<const D: usize>(values: Vec<f32>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Tracks gradients of what is learnt, where the device can.
pub(crate) fn learnt<const D: usize>(tensor: Tensor<D>, role: Role) -> Tensor<D> {
    if role == Role::Statistic || !tensor.device().is_autodiff() { tensor } else { tensor.require_grad() }
}
