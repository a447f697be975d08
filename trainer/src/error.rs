//! What can go wrong between a set of trained weights and an ONNX file.

use thiserror::Error;

/// Why a network could not be exported.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The weights lack a tensor that the network needs.
    #[error("the weights have no tensor '{name}'; is this a checkpoint of the expected network?")]
    MissingTensor {
        /// Full name of the tensor.
        name: String,
    },
    /// A tensor or an operator's operands have sizes that do not fit.
    #[error("{what}: expected {expected}, found {found}")]
    Shape {
        /// The tensor or operator concerned.
        what: String,
        /// The sizes that would fit.
        expected: String,
        /// The sizes that were given.
        found: String,
    },
    /// A weight is NaN or infinite.
    #[error("'{name}' holds a value that is not finite; the training run that wrote it diverged")]
    NonFinite {
        /// Full name of the tensor.
        name: String,
    },
}

impl ExportError {
    /// A size mismatch, with both sides shown as they print.
    pub(crate) fn shape(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: &(impl std::fmt::Debug + ?Sized),
    ) -> Self {
        Self::Shape { what: what.into(), expected: expected.into(), found: format!("{found:?}") }
    }
}
