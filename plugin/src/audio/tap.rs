//! From the audio thread to the analysis: mono samples in one ring, what they belong to in another.
//!
//! The audio thread owns the producing ends, the analysis the consuming ones. When the analysis cannot keep up, samples
//! are dropped and counted; the audio itself is never touched. Offline there is no hurry: there the tap waits a while
//! for the analysis instead, so that a render is analysed whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rtrb::{Consumer, Producer, RingBuffer};

use super::{Moment, flushed};

/// How much audio the ring holds in real time, seconds: the analysis looks after every frame that it computes.
const RING_S: f32 = 4.0;
/// The same offline, where a host may be hundreds of times faster.
const OFFLINE_RING_S: f32 = 30.0;
/// Blocks that the ring holds.
const BLOCKS: usize = 8192;
/// Offline, a block waits so often for room before it is dropped: seconds, if need be.
const OFFLINE_PATIENCE: u32 = 4_000_000;

/// What a run of samples in the ring belongs to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Block {
    /// Samples of this block in the sample ring.
    pub samples: u32,
    /// Largest absolute value of any channel.
    pub peak: f32,
    /// Where the host was.
    pub moment: Moment,
    /// How often the host had reset the plugin by then.
    pub resets: u32,
}

/// What the audio thread counts.
#[derive(Debug, Default)]
pub struct TapSignals {
    dropped: AtomicU64,
}

impl TapSignals {
    /// Samples that were dropped so far.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// The analysis' end.
pub struct Feed {
    /// Mono samples.
    pub samples: Consumer<f32>,
    /// What they belong to, in order. The samples of a block are in the ring before the block is.
    pub blocks: Consumer<Block>,
    /// Rate, Hz.
    pub sample_rate_hz: f32,
    /// Channels of the host.
    pub channels: u32,
    /// Whether the host renders offline.
    pub offline: bool,
}

/// The audio thread's end.
pub struct Tap {
    samples: Producer<f32>,
    blocks: Producer<Block>,
    signals: Arc<TapSignals>,
    offline: bool,
    resets: u32,
}

impl Tap {
    /// Makes both ends; allocates.
    pub fn new(sample_rate_hz: f32, channels: u32, offline: bool, signals: Arc<TapSignals>) -> (Self, Feed) {
        let seconds = if offline { OFFLINE_RING_S } else { RING_S };
        let capacity = (f64::from(sample_rate_hz.clamp(1.0, 1e6)) * f64::from(seconds)) as usize + 16_384;
        let (mut samples_in, samples_out) = RingBuffer::new(capacity);
        let (mut blocks_in, blocks_out) = RingBuffer::new(BLOCKS);
        if !offline {
            touch(&mut samples_in);
            touch(&mut blocks_in);
        }
        let tap = Self { samples: samples_in, blocks: blocks_in, signals, offline, resets: 0 };
        let feed = Feed { samples: samples_out, blocks: blocks_out, sample_rate_hz, channels, offline };
        (tap, feed)
    }

    /// Hands a block over: the mean of its channels. Audio thread.
    pub fn push(&mut self, channels: &[&mut [f32]], moment: Moment) {
        let Some(left) = channels.first() else { return };
        let right = channels.get(1).filter(|right| right.len() == left.len());
        let length = left.len();
        if length == 0 {
            return;
        }
        if !self.has_room(length) {
            self.signals.dropped.fetch_add(length as u64, Ordering::Relaxed);
            return;
        }
        let Ok(mut chunk) = self.samples.write_chunk(length) else { return };
        let (first, second) = chunk.as_mut_slices();
        let (left_first, left_second) = left.split_at(first.len());
        let peak = match right {
            Some(right) => {
                let (right_first, right_second) = right.split_at(first.len());
                mean_of_two(left_first, right_first, first).max(mean_of_two(
                    left_second,
                    right_second,
                    second,
                ))
            }
            None => copied(left_first, first).max(copied(left_second, second)),
        };
        chunk.commit_all();
        // There is room: it was looked for, and only this thread fills the ring.
        let _ = self.blocks.push(Block { samples: length as u32, peak, moment, resets: self.resets });
    }

    /// The host has reset the plugin: what comes now has nothing to do with what was before. Audio thread.
    pub fn reset(&mut self) {
        self.resets = self.resets.wrapping_add(1);
    }

    fn has_room(&self, length: usize) -> bool {
        let room = || self.samples.slots() >= length && self.blocks.slots() > 0;
        let mut patience = if self.offline { OFFLINE_PATIENCE } else { 0 };
        while !room() {
            if patience == 0 || self.samples.is_abandoned() {
                return false;
            }
            patience -= 1;
            // Not in real time: nobody waits for this thread, and the analysis needs the processor.
            std::thread::yield_now();
        }
        true
    }
}

/// Writes to all of an empty ring, so that the system has found memory for it before the audio thread comes to it.
fn touch<T: Default>(ring: &mut Producer<T>) {
    // Fills every slot with the default; nothing of it is committed.
    drop(ring.write_chunk(ring.slots()));
}

fn mean_of_two(left: &[f32], right: &[f32], out: &mut [f32]) -> f32 {
    let mut peak = 0.0_f32;
    for ((left, right), out) in left.iter().zip(right).zip(out) {
        let (left, right) = (flushed(*left), flushed(*right));
        *out = (left + right) * 0.5;
        peak = peak.max(left.abs()).max(right.abs());
    }
    peak
}

fn copied(input: &[f32], out: &mut [f32]) -> f32 {
    let mut peak = 0.0_f32;
    for (sample, out) in input.iter().zip(out) {
        *out = flushed(*sample);
        peak = peak.max(out.abs());
    }
    peak
}
