//! From the audition to the plugin's output: fades in and out without a click, never offline.
//!
//! A stream has a number. The audition thread wishes for one (0: silence); the audio thread fades out whatever it still
//! plays, empties the ring, and acknowledges the number; only then are samples of the new stream written. So samples of
//! two streams are never in the ring together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use super::flushed;

/// How much audio the ring holds, seconds.
const RING_S: f32 = 1.0;
/// How much must be there before a stream begins or goes on after running dry, seconds.
const START_S: f32 = 0.05;
/// Length of a fade, seconds.
const FADE_S: f32 = 0.005;

/// What the audition thread and the audio thread tell each other; every field has one writer.
#[derive(Debug, Default)]
pub struct AuditionSignals {
    /// The stream wished for; 0: silence. Written by the audition.
    wished: AtomicU64,
    /// Whether it waits for the transport to start. Written by the audition.
    synced: AtomicBool,
    /// The stream whose samples are all in the ring. Written by the audition.
    ended: AtomicU64,
    /// The stream the ring is ready for. Written by the audio thread.
    acknowledged: AtomicU64,
    /// Stereo samples of it that were played. Written by the audio thread.
    played: AtomicU64,
    /// The last stream that was played to its end. Written by the audio thread.
    finished: AtomicU64,
    /// Whether it has begun to sound. Written by the audio thread.
    started: AtomicBool,
}

impl AuditionSignals {
    /// Wishes for a stream, or for silence with 0.
    pub fn wish(&self, stream: u64, synced: bool) {
        self.synced.store(synced, Ordering::Relaxed);
        self.wished.store(stream, Ordering::Release);
    }

    /// The stream wished for.
    pub fn wished(&self) -> u64 {
        self.wished.load(Ordering::Acquire)
    }

    /// Says that all samples of a stream are in the ring.
    pub fn end(&self, stream: u64) {
        self.ended.store(stream, Ordering::Release);
    }

    /// Whether samples of a stream may be written.
    pub fn is_ready_for(&self, stream: u64) -> bool {
        self.acknowledged.load(Ordering::Acquire) == stream
    }

    /// Whether a stream was played to its end.
    pub fn has_finished(&self, stream: u64) -> bool {
        self.finished.load(Ordering::Acquire) == stream
    }

    /// Whether the stream that the ring is ready for sounds, and how many of its stereo samples were played.
    pub fn progress(&self) -> (bool, u64) {
        (self.started.load(Ordering::Acquire), self.played.load(Ordering::Acquire))
    }
}

/// The audition's end of the ring.
pub struct AuditionPort {
    /// Stereo samples, left and right in turn, at the host's rate.
    pub samples: Producer<f32>,
    /// The host's rate, Hz.
    pub sample_rate_hz: f32,
    /// Whether the host renders offline; nothing must be played then.
    pub offline: bool,
}

/// The audio thread's end.
pub struct Mixer {
    samples: Consumer<f32>,
    signals: Arc<AuditionSignals>,
    offline: bool,
    stream: u64,
    /// Where the fade is, 0 to 1.
    envelope: f32,
    step: f32,
    fade_samples: usize,
    start_samples: usize,
    /// Whether enough samples were there to begin.
    primed: bool,
    /// Whether the transport still has to start.
    waiting: bool,
    was_playing: bool,
}

impl Mixer {
    /// Makes both ends; allocates.
    pub fn new(sample_rate_hz: f32, offline: bool, signals: Arc<AuditionSignals>) -> (Self, AuditionPort) {
        let rate = sample_rate_hz.clamp(1.0, 1e6);
        let (input, output) = RingBuffer::new(2 * (rate * RING_S) as usize + 4096);
        let fade_samples = ((rate * FADE_S) as usize).max(1);
        signals.acknowledged.store(0, Ordering::Release);
        let mixer = Self {
            samples: output,
            signals,
            offline,
            stream: 0,
            envelope: 0.0,
            step: 1.0 / fade_samples as f32,
            fade_samples,
            start_samples: (rate * START_S) as usize + fade_samples,
            primed: false,
            waiting: false,
            was_playing: false,
        };
        (mixer, AuditionPort { samples: input, sample_rate_hz, offline })
    }

    /// Adds the audition to a block; leaves it alone, bit for bit, when nothing sounds. When `bypassed`, what sounds is
    /// faded out and nothing begins. `gain` is asked once for every sample that sounds. Audio thread.
    pub fn mix(
        &mut self,
        channels: &mut [&mut [f32]],
        playing: bool,
        bypassed: bool,
        mut gain: impl FnMut() -> f32,
    ) {
        let started_now = playing && !self.was_playing;
        self.was_playing = playing;
        if self.offline || (bypassed && self.envelope == 0.0) {
            return;
        }
        let wished = self.signals.wished();
        if wished != self.stream && self.envelope == 0.0 {
            self.turn_to(wished);
        }
        if self.stream == 0 {
            return;
        }
        if self.waiting && started_now {
            self.waiting = false;
        }
        let ended = self.signals.ended.load(Ordering::Acquire) == self.stream;
        let length = channels.first().map_or(0, |channel| channel.len());
        let mut left = self.samples.slots() / 2;
        self.primed |= left >= self.start_samples || ended;
        let Ok(chunk) = self.samples.read_chunk(2 * left.min(length)) else { return };
        let (first, second) = chunk.as_slices();
        let mut samples = first.iter().chain(second).copied();
        let mut played = 0;
        for at in 0..length {
            let stays = self.stream == wished && !self.waiting && self.primed && !bypassed;
            // Near the end of what is there, the fade begins in time; the end of a sound needs none.
            let enough = left > self.fade_samples || (ended && left > 0);
            if stays && enough {
                self.envelope = (self.envelope + self.step).min(1.0);
            } else {
                self.envelope = (self.envelope - self.step).max(0.0);
            }
            if self.envelope == 0.0 || left == 0 {
                break;
            }
            let (Some(audition_left), Some(audition_right)) = (samples.next(), samples.next()) else {
                break;
            };
            left -= 1;
            played += 1;
            add(channels, at, audition_left, audition_right, self.envelope * gain());
        }
        chunk.commit(2 * played);
        self.after(played as u64, left, ended);
    }

    /// Whether anything is to be heard or waited for. Audio thread.
    pub fn is_busy(&self) -> bool {
        !self.offline && (self.stream != 0 || self.signals.wished() != 0)
    }

    fn after(&mut self, played: u64, left: usize, ended: bool) {
        if played > 0 {
            self.signals.started.store(true, Ordering::Release);
            self.signals.played.fetch_add(played, Ordering::Release);
        }
        if left == 0 {
            self.envelope = 0.0;
            if ended {
                self.signals.finished.store(self.stream, Ordering::Release);
            } else {
                self.primed = false;
            }
        }
        if self.envelope == 0.0 && left <= self.fade_samples && !ended {
            self.primed = false;
        }
    }

    /// Empties the ring and begins with a stream.
    fn turn_to(&mut self, stream: u64) {
        let waste = self.samples.slots();
        if let Ok(chunk) = self.samples.read_chunk(waste) {
            chunk.commit_all();
        }
        self.stream = stream;
        self.primed = false;
        self.waiting = self.signals.synced.load(Ordering::Relaxed);
        self.signals.started.store(false, Ordering::Release);
        self.signals.played.store(0, Ordering::Release);
        self.signals.acknowledged.store(stream, Ordering::Release);
    }
}

fn add(channels: &mut [&mut [f32]], at: usize, left: f32, right: f32, gain: f32) {
    match channels {
        [out_left, out_right, ..] => {
            out_left[at] = flushed(out_left[at]) + left * gain;
            out_right[at] = flushed(out_right[at]) + right * gain;
        }
        [mono] => mono[at] = flushed(mono[at]) + (left + right) * 0.5 * gain,
        [] => {}
    }
}
