//! The editor window.

use std::sync::Arc;

use crate::exchange::Exchange;
use crate::parameters::Parameters;

/// The editor's type, as the framework wants it.
pub type EarmarkEditor = ();

/// The editor of an instance.
pub fn create(_exchange: Arc<Exchange>, _parameters: Arc<Parameters>) -> Option<EarmarkEditor> {
    None
}
