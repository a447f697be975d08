//! A small CLAP host in this process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clack_extensions::audio_ports_config::{AudioPortsConfigBuffer, PluginAudioPortsConfig};
use clack_extensions::params::{ParamInfoBuffer, PluginParams};
use clack_extensions::render::{PluginRender, RenderMode};
use clack_extensions::state::PluginState;
use clack_host::events::event_types::{ParamValueEvent, TransportEvent, TransportFlags};
use clack_host::events::io::{InputEventBuffer, InputEvents};
use clack_host::prelude::*;
use clack_host::utils::{BeatTime, SecondsTime};
use earmark_plugin::exchange::{Command, Exchange, View};

/// Nothing that is waited for takes this long, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Callbacks;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

struct Callbacks;

impl SharedHandler<'_> for Callbacks {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {}
}

/// Where the host's transport is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Transport {
    /// Whether it runs.
    pub(crate) playing: bool,
    /// Position, samples.
    pub(crate) position: i64,
    /// Loop range, samples; in the order in which the host gives it.
    pub(crate) loop_range: Option<(i64, i64)>,
    /// Beats a minute. When given, the loop range comes in beats alone.
    pub(crate) beats_only: Option<f64>,
}

/// One instance of the plugin in its host.
pub(crate) struct Host {
    instance: PluginInstance<Handlers>,
    processor: Option<StartedPluginAudioProcessor<Handlers>>,
    exchange: Arc<Exchange>,
    pub(crate) rate_hz: f64,
    pub(crate) transport: Transport,
    channels: usize,
    inputs: AudioPorts,
    outputs: AudioPorts,
}

impl Host {
    /// An instance, not yet activated.
    pub(crate) fn new() -> Self {
        // An instance's exchange is the newest one, as long as only one thread makes instances.
        static MAKING: Mutex<()> = Mutex::new(());
        let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry();
        let factory = entry.get_plugin_factory().unwrap();
        let descriptor = factory.plugin_descriptors().next().unwrap();
        let info = HostInfo::new("Test", "Earmark", "", "1").unwrap();
        let instance =
            PluginInstance::<Handlers>::new(|_| Callbacks, |_| (), &entry, descriptor.id().unwrap(), &info)
                .unwrap();
        let exchange = earmark_plugin::analysis::exchanges().pop().unwrap();
        Self {
            instance,
            processor: None,
            exchange,
            rate_hz: 48_000.0,
            transport: Transport::default(),
            channels: 2,
            inputs: AudioPorts::with_capacity(2, 1),
            outputs: AudioPorts::with_capacity(2, 1),
        }
    }

    /// An activated instance in stereo that searches a library.
    pub(crate) fn with_library(dir: &std::path::Path, rate_hz: f64) -> Self {
        let mut host = Self::new();
        host.send(Command::SetLibrary(Some(dir.to_owned())));
        host.activate(rate_hz, 8192);
        host
    }

    /// Chooses mono or stereo.
    pub(crate) fn set_channels(&mut self, channels: usize) {
        self.deactivate();
        let handle = self.instance.plugin_handle();
        let configs = handle.get_extension::<PluginAudioPortsConfig>().unwrap();
        let mut buffer = AudioPortsConfigBuffer::new();
        let wanted = (0..configs.count(&handle))
            .find_map(|at| {
                let config = configs.get(&handle, at, &mut buffer)?;
                let main = config.main_input.as_ref()?;
                (main.channel_count as usize == channels).then_some(config.id)
            })
            .unwrap();
        configs.select(&handle, wanted).unwrap();
        self.channels = channels;
    }

    /// Says whether what comes is an offline render; before activation.
    pub(crate) fn set_offline(&mut self, offline: bool) {
        self.deactivate();
        let mode = if offline { RenderMode::Offline } else { RenderMode::Realtime };
        let handle = self.instance.plugin_handle();
        handle.get_extension::<PluginRender>().unwrap().set(&handle, mode).unwrap();
    }

    pub(crate) fn activate(&mut self, rate_hz: f64, largest_block: u32) {
        self.deactivate();
        self.rate_hz = rate_hz;
        let configuration = PluginAudioConfiguration {
            sample_rate: rate_hz,
            min_frames_count: 1,
            max_frames_count: largest_block,
        };
        let stopped = self.instance.activate(|_, _| (), configuration).unwrap();
        self.processor = Some(stopped.start_processing().unwrap());
    }

    pub(crate) fn deactivate(&mut self) {
        if let Some(processor) = self.processor.take() {
            self.instance.deactivate(processor.stop_processing());
        }
    }

    pub(crate) fn reset(&mut self) {
        self.processor.as_mut().unwrap().reset();
    }

    /// Processes a block `[channels][samples]` and moves the transport on; returns what came out.
    pub(crate) fn process(&mut self, input: &[Vec<f32>]) -> Vec<Vec<f32>> {
        self.process_with(input, &EventBuffer::new())
    }

    /// As [`process`](Self::process), with events.
    pub(crate) fn process_with(&mut self, input: &[Vec<f32>], events: &EventBuffer) -> Vec<Vec<f32>> {
        let mut output = vec![vec![f32::NAN; input[0].len()]; self.channels];
        self.call(&mut input.to_vec(), &mut output, &events.as_input());
        output
    }

    /// As [`process`](Self::process), with events that the plugin fetches from the host one by one.
    pub(crate) fn process_fetching(&mut self, input: &[Vec<f32>], events: &impl InputEventBuffer) {
        let mut output = input.to_vec();
        self.call(&mut input.to_vec(), &mut output, &InputEvents::from_buffer(events));
    }

    /// As [`process`](Self::process), but what comes out is thrown away; returns how long the plugin took.
    pub(crate) fn process_timed(&mut self, input: &[Vec<f32>]) -> Duration {
        let mut input = input.to_vec();
        let mut output = input.clone();
        let events = EventBuffer::new();
        self.call(&mut input, &mut output, &events.as_input())
    }

    fn call(&mut self, input: &mut [Vec<f32>], output: &mut [Vec<f32>], events: &InputEvents) -> Duration {
        assert_eq!(input.len(), self.channels);
        let length = input[0].len();
        let transport = self.transport_event();
        let inputs = self.inputs.with_input_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_input_only(input.iter_mut().map(InputChannel::variable)),
        }]);
        let mut outputs = self.outputs.with_output_buffers([AudioPortBuffer {
            latency: 0,
            channels: AudioPortBufferType::f32_output_only(output.iter_mut().map(Vec::as_mut_slice)),
        }]);
        let mut nothing = OutputEvents::void();
        let processor = self.processor.as_mut().unwrap();
        let began = Instant::now();
        let done = processor.process(&inputs, &mut outputs, events, &mut nothing, None, Some(&transport));
        let took = began.elapsed();
        done.unwrap();
        if self.transport.playing {
            self.transport.position += length as i64;
        }
        took
    }

    /// Plays stereo audio from a position of the timeline on, in blocks, without the transport looping.
    pub(crate) fn play(&mut self, from: i64, audio: &[Vec<f32>], block: usize) {
        play_together(std::slice::from_mut(self), from, audio, block);
    }

    /// The event that turns a parameter to a normalised value.
    pub(crate) fn set_parameter_by_name(&mut self, name: &str, value: f64) -> EventBuffer {
        let handle = self.instance.plugin_handle();
        let parameters = handle.get_extension::<PluginParams>().unwrap();
        let mut buffer = ParamInfoBuffer::new();
        let id = (0..parameters.count(&handle))
            .find_map(|at| {
                let info = parameters.get_info(&handle, at, &mut buffer)?;
                (info.name == name.as_bytes()).then_some(info.id)
            })
            .unwrap();
        let event = ParamValueEvent::new(0, id, Pckn::match_all(), value);
        let mut events = EventBuffer::new();
        events.push(&event);
        events
    }

    fn transport_event(&self) -> TransportEvent {
        let Transport { playing, position, loop_range, beats_only } = self.transport;
        let seconds = |samples: i64| samples as f64 / self.rate_hz;
        let beats = |samples: i64| seconds(samples) * beats_only.unwrap_or(120.0) / 60.0;
        let mut flags = TransportFlags::HAS_TEMPO | TransportFlags::HAS_BEATS_TIMELINE;
        flags.set(TransportFlags::HAS_SECONDS_TIMELINE, beats_only.is_none());
        flags.set(TransportFlags::IS_PLAYING, playing);
        flags.set(TransportFlags::IS_LOOP_ACTIVE, loop_range.is_some());
        let (start, end) = loop_range.unwrap_or_default();
        TransportEvent {
            header: clack_host::events::EventHeader::new_core(0, clack_host::events::EventFlags::empty()),
            flags,
            song_pos_beats: BeatTime::from_float(beats(position)),
            song_pos_seconds: SecondsTime::from_float(seconds(position)),
            tempo: beats_only.unwrap_or(120.0),
            tempo_inc: 0.0,
            loop_start_beats: BeatTime::from_float(beats(start)),
            loop_end_beats: BeatTime::from_float(beats(end)),
            loop_start_seconds: SecondsTime::from_float(seconds(start)),
            loop_end_seconds: SecondsTime::from_float(seconds(end)),
            bar_start: BeatTime::from_float(0.0),
            bar_number: 0,
            time_signature_numerator: 4,
            time_signature_denominator: 4,
        }
    }

    pub(crate) fn save(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let handle = self.instance.plugin_handle();
        handle.get_extension::<PluginState>().unwrap().save(&handle, &mut bytes).unwrap();
        bytes
    }

    /// Loads a state; whether the plugin took it.
    pub(crate) fn load(&mut self, bytes: &[u8]) -> bool {
        let handle = self.instance.plugin_handle();
        let mut bytes = bytes;
        handle.get_extension::<PluginState>().unwrap().load(&handle, &mut bytes).is_ok()
    }

    pub(crate) fn exchange(&self) -> &Arc<Exchange> {
        &self.exchange
    }

    pub(crate) fn send(&self, command: Command) {
        self.exchange.send(command);
    }

    pub(crate) fn view(&self) -> Arc<View> {
        self.exchange.view()
    }

    /// Opens a window that nobody looks at.
    pub(crate) fn open_window(&self) {
        self.exchange.window_opened(Box::new(|| ()));
    }

    /// Waits until a picture is as it should be.
    pub(crate) fn wait_for(&self, what: &str, holds: impl Fn(&View) -> bool) -> Arc<View> {
        let started = Instant::now();
        loop {
            let view = self.view();
            if holds(&view) {
                return view;
            }
            assert!(started.elapsed() < PATIENCE, "waited in vain for {what}: {view:#?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for an answer of the library.
    pub(crate) fn wait_for_answer(&self) -> Arc<View> {
        self.wait_for("an answer", |view| {
            let results = &view.results;
            results.question.is_some() && !results.restored && !results.preliminary
        })
    }
}

/// Plays the same audio in several hosts, block by block.
pub(crate) fn play_together(hosts: &mut [Host], from: i64, audio: &[Vec<f32>], block: usize) {
    for host in &mut *hosts {
        host.transport.playing = true;
        host.transport.position = from;
    }
    let (mut samples, mut blocks) = (0, 0);
    for start in (0..audio[0].len()).step_by(block) {
        let end = audio[0].len().min(start + block);
        let part: Vec<Vec<f32>> = audio.iter().map(|channel| channel[start..end].to_vec()).collect();
        for host in &mut *hosts {
            host.process(&part);
        }
        (samples, blocks) = (samples + block, blocks + 1);
        if samples > 8192 || blocks > 1024 {
            // Hosts in real time are slower still; the analysis may be busy with a frame meanwhile.
            std::thread::sleep(Duration::from_millis(60));
            (samples, blocks) = (0, 0);
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.deactivate();
    }
}

#[allow(unsafe_code)]
fn entry() -> PluginEntry {
    // SAFETY: the entry is the plugin's own, linked into this program, and stays valid as long as it runs.
    unsafe { PluginEntry::load_from_raw(&earmark_plugin::clap_entry, c"/test").unwrap() }
}
