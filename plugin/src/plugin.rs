//! The plugin as the host sees it.

use std::sync::Arc;

use nice_plug::prelude::*;

use crate::analysis::Membership;
use crate::audio::{Mixer, Tap, moment};
use crate::editor::{self, EarmarkEditor};
use crate::parameters::Parameters;

/// One instance of the plugin.
pub struct Earmark {
    parameters: Arc<Parameters>,
    membership: Membership,
    /// From activation on.
    audio: Option<Audio>,
}

/// The audio thread's ends of the rings.
struct Audio {
    tap: Tap,
    mixer: Mixer,
}

impl Default for Earmark {
    fn default() -> Self {
        let membership = Membership::join();
        let parameters = Arc::new(Parameters::new(Arc::clone(membership.session())));
        Self { parameters, membership, audio: None }
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
        editor::create(Arc::clone(self.membership.exchange()), Arc::clone(&self.parameters))
    }

    fn activate(
        &mut self,
        layout: &AudioIOLayout,
        config: &BufferConfig,
        _context: &mut impl ActivateContext<Self>,
    ) -> bool {
        let channels = layout.main_input_channels.map_or(0, NonZeroU32::get);
        let offline = config.process_mode == ProcessMode::Offline;
        let signals = Arc::clone(self.membership.signals());
        let (tap, feed) = Tap::new(config.sample_rate, channels, offline, signals);
        let audition = Arc::clone(&self.membership.audition().signals);
        let (mixer, port) = Mixer::new(config.sample_rate, offline, audition);
        self.audio = Some(Audio { tap, mixer });
        self.membership.activated(feed, port);
        true
    }

    fn reset(&mut self) {
        if let Some(audio) = &mut self.audio {
            audio.tap.reset();
        }
    }

    /// The host has put the input into the output buffers already: what is left alone passes through bit for bit.
    fn process(
        &mut self,
        buffer: &mut Buffer,
        _aux: &mut AuxiliaryBuffers,
        context: &mut impl ProcessContext<Self>,
    ) -> ProcessStatus {
        let Some(audio) = &mut self.audio else { return ProcessStatus::Normal };
        let bypassed = self.parameters.bypass.value();
        let moment = moment(context.transport());
        let channels = buffer.as_slice();
        if !bypassed {
            audio.tap.push(channels, moment);
        }
        let gain = &self.parameters.gain.smoothed;
        audio.mixer.mix(channels, moment.playing, bypassed, || gain.next());
        // A host that stops calling while it is silent would not hear the audition.
        if audio.mixer.is_busy() || self.membership.exchange().is_window_open() {
            ProcessStatus::KeepAlive
        } else {
            ProcessStatus::Normal
        }
    }

    fn deactivate(&mut self) {
        self.audio = None;
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
