//! The host's side of a window that nothing is asked of.
// It is declared unsafe; this one keeps no promises that could be broken.
#![allow(unsafe_code)]

use nice_plug::prelude::{GuiContextInner, ParamPtr, PluginApi, PluginState};

/// Keeps no parameters and no state.
pub(crate) struct NoHost;

impl GuiContextInner for NoHost {
    fn plugin_api(&self) -> PluginApi {
        PluginApi::Clap
    }

    unsafe fn raw_begin_set_parameter(&self, _: ParamPtr) {}
    unsafe fn raw_set_parameter_normalized(&self, _: ParamPtr, _: f32) {}
    unsafe fn raw_end_set_parameter(&self, _: ParamPtr) {}

    fn get_state(&self) -> PluginState {
        unreachable!("the editor keeps its state in the exchange")
    }

    fn set_state(&self, _: PluginState) {}
    fn request_restart(&self) {}
}
