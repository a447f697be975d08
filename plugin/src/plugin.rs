//! The plugin as the host sees it.

use std::sync::Arc;

use nice_plug::prelude::*;

use crate::editor::{self, EarmarkEditor};
use crate::exchange::Exchange;
use crate::parameters::Parameters;

/// One instance of the plugin.
pub struct Earmark {
    parameters: Arc<Parameters>,
    exchange: Arc<Exchange>,
}

impl Default for Earmark {
    fn default() -> Self {
        let (commands, _) = crossbeam_channel::unbounded();
        Self { parameters: Arc::default(), exchange: Arc::new(Exchange::new(commands)) }
    }
}

impl Plugin for Earmark {
    const NAME: &'static str = "Earmark";
    const VENDOR: &'static str = "Earmark";
    const URL: &'static str = "";
    const EMAIL: &'static str = "";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const AUDIO_IO_LAYOUTS: &'static [AudioIOLayout] = &[layout(2), layout(1)];

    type Editor = EarmarkEditor;
    type SysExMessage = ();
    type BackgroundTask = ();

    fn params(&self) -> Arc<dyn Params> {
        Arc::clone(&self.parameters) as _
    }

    fn editor(&mut self, _executor: AsyncExecutor<Self>) -> Option<EarmarkEditor> {
        editor::create(Arc::clone(&self.exchange), Arc::clone(&self.parameters))
    }

    fn process(
        &mut self,
        _buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        _context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        ProcessStatus::Normal
    }
}

const fn layout(channels: u32) -> AudioIOLayout {
    AudioIOLayout {
        main_input_channels: NonZeroU32::new(channels),
        main_output_channels: NonZeroU32::new(channels),
        ..AudioIOLayout::const_default()
    }
}

impl ClapPlugin for Earmark {
    const CLAP_ID: &'static str = "org.earmark.earmark";
    const CLAP_DESCRIPTION: Option<&'static str> =
        Some("Finds the sounds of a library that are like a region");
    const CLAP_MANUAL_URL: Option<&'static str> = None;
    const CLAP_SUPPORT_URL: Option<&'static str> = None;
    const CLAP_FEATURES: &'static [ClapFeature] = &[
        ClapFeature::AudioEffect,
        ClapFeature::Analyzer,
        ClapFeature::Utility,
        ClapFeature::Stereo,
        ClapFeature::Mono,
    ];
}

impl Vst3Plugin for Earmark {
    const VST3_CLASS_ID: [u8; 16] = *b"EarmarkFindSound";
    const VST3_SUBCATEGORIES: &'static [Vst3SubCategory] =
        &[Vst3SubCategory::Fx, Vst3SubCategory::Analyzer, Vst3SubCategory::Tools];
}

nice_export_clap!(Earmark);
nice_export_vst3!(Earmark);
