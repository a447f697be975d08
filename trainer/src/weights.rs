//! Trained weights by name, as any reader of checkpoints delivers them.

use std::collections::BTreeMap;

use crate::error::ExportError;

/// A dense `f32` tensor, row-major, outermost dimension first.
#[derive(Debug, Clone, PartialEq)]
pub struct WeightTensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

impl WeightTensor {
    /// Takes `values` in row-major order.
    ///
    /// # Errors
    /// When the number of values is not the product of `shape`.
    pub fn new(shape: Vec<usize>, values: Vec<f32>) -> Result<Self, ExportError> {
        let elements = shape.iter().try_fold(1_usize, |product, &extent| product.checked_mul(extent));
        if elements != Some(values.len()) {
            return Err(ExportError::shape("tensor", format!("values for shape {shape:?}"), &values.len()));
        }
        Ok(Self { shape, values })
    }

    /// Extents, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Elements in row-major order.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Elements for writing; the shape stays.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }

    /// Swaps the two dimensions of a matrix: `[rows, columns]` becomes `[columns, rows]`.
    ///
    /// Frameworks disagree on the order of a linear layer's weights; ours is `[outputs, inputs]`.
    ///
    /// # Errors
    /// When the tensor is not a matrix.
    pub fn transposed(&self) -> Result<Self, ExportError> {
        let &[rows, columns] = self.shape.as_slice() else {
            return Err(ExportError::shape("transposition", "two dimensions", &self.shape));
        };
        let values =
            (0..columns).flat_map(|column| (0..rows).map(move |row| self.values[row * columns + column]));
        Ok(Self { shape: vec![columns, rows], values: values.collect() })
    }
}

/// Named tensors of one network; iteration is in name order, so that nothing derived from it depends on chance.
#[derive(Debug, Clone, Default)]
pub struct Weights(BTreeMap<String, WeightTensor>);

impl Weights {
    /// An empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a tensor.
    pub fn insert(&mut self, name: impl Into<String>, tensor: WeightTensor) {
        self.0.insert(name.into(), tensor);
    }

    /// The tensor called `name`, checked to hold finite values only.
    ///
    /// # Errors
    /// When it is absent or holds NaN or an infinity.
    pub fn get(&self, name: &str) -> Result<&WeightTensor, ExportError> {
        let tensor = self.0.get(name).ok_or_else(|| ExportError::MissingTensor { name: name.into() })?;
        if tensor.values().iter().any(|value| !value.is_finite()) {
            return Err(ExportError::NonFinite { name: name.into() });
        }
        Ok(tensor)
    }

    /// Names and tensors in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &WeightTensor)> {
        self.0.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
