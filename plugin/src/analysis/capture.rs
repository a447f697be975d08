//! How blocks from the host become regions: the loop range in any order, an offline clip, the last seconds.

use std::collections::VecDeque;
use std::ops::Range;

use earmark_engine::audio::MonoResampler;
use earmark_engine::network::{FrameEmbedder, ModelError, Network};

use super::audio::RegionAudio;
use crate::exchange::{MAX_REGION_S, ROLLING_S};

/// Hosts that count in seconds or beats round; a difference of so many samples is none.
const ROUNDING: i64 = 3;
/// By so much a range may seem to move, for the same reason, before it is another one, seconds.
const SAME_RANGE_S: f64 = 0.001;
/// Shorter ranges are not worth asking about, seconds.
const SHORTEST_S: f64 = 0.05;

/// The quick frames of the last seconds may lag behind by so much.
const LONGEST_WAIT_S: f64 = 5.0;

/// The loop range being captured.
#[derive(Debug)]
pub(crate) struct LoopCapture {
    range: (i64, i64),
    /// Whether the host's range goes on behind what is captured.
    cut_short: bool,
    rate_hz: u32,
    /// Where the next block begins if playing goes on.
    expected: Option<i64>,
    /// The end of a block that reached past the range: the beginning of the next pass, if the host does not cut its
    /// blocks at the loop's end.
    overflow: Vec<f32>,
}

impl LoopCapture {
    /// For a range in samples of the timeline; `None` when it is too short.
    pub(crate) fn new(range: (i64, i64), rate_hz: u32) -> Option<Self> {
        let length = range.1.checked_sub(range.0)? as f64 / f64::from(rate_hz);
        if length < SHORTEST_S {
            return None;
        }
        let longest = (MAX_REGION_S * f64::from(rate_hz)) as i64;
        let cut_short = range.1 - range.0 > longest;
        let range = (range.0, range.1.min(range.0 + longest));
        Some(Self { range, cut_short, rate_hz, expected: None, overflow: Vec::new() })
    }

    /// Samples of the range.
    pub(crate) fn len(&self) -> usize {
        (self.range.1 - self.range.0) as usize
    }

    /// Where it begins on the timeline, seconds.
    pub(crate) fn start_s(&self) -> f64 {
        self.range.0 as f64 / f64::from(self.rate_hz)
    }

    /// Whether the host's range goes on behind what is captured.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.cut_short
    }

    /// Whether a range of the host is this one.
    pub(crate) fn is(&self, range: (i64, i64), rate_hz: u32) -> bool {
        let tolerance = (SAME_RANGE_S * f64::from(rate_hz)) as i64 + ROUNDING;
        let near = |a: i64, b: i64| a.abs_diff(b) <= tolerance as u64;
        let end_fits = if self.cut_short { range.1 > self.range.1 } else { near(range.1, self.range.1) };
        rate_hz == self.rate_hz && near(range.0, self.range.0) && end_fits
    }

    /// What a new range keeps of an old one: where they overlap, what was heard there.
    pub(crate) fn take_over(&self, audio: &mut RegionAudio, old: &Self, old_audio: &RegionAudio) {
        if old.rate_hz != self.rate_hz {
            return;
        }
        for span in old_audio.heard().iter() {
            let from = (old.range.0 + span.start as i64).max(self.range.0);
            let to = (old.range.0 + span.end as i64).min(self.range.1);
            if from < to {
                let samples = (from - old.range.0) as usize..(to - old.range.0) as usize;
                audio.write((from - self.range.0) as usize, &old_audio.samples()[samples]);
            }
        }
    }

    /// Takes a block that begins at a position; returns the stretches of the region that changed.
    pub(crate) fn feed(
        &mut self,
        audio: &mut RegionAudio,
        position: i64,
        samples: &[f32],
    ) -> Vec<Range<usize>> {
        let mut changed = Vec::new();
        let follows = |expected: i64| expected.abs_diff(position) <= ROUNDING as u64;
        let mut at = match self.expected {
            Some(expected) if follows(expected) => expected,
            _ => position,
        };
        let overflow = std::mem::take(&mut self.overflow);
        let wrapped = self.range.0 + overflow.len() as i64;
        if !overflow.is_empty() && wrapped.abs_diff(position) <= ROUNDING as u64 {
            changed.extend(audio.write(0, &overflow));
            at = wrapped;
        } else if self.range.0.abs_diff(at) <= ROUNDING as u64 && self.expected != Some(at) {
            at = self.range.0;
        }
        let end = at + samples.len() as i64;
        self.expected = Some(end);
        let (from, to) = (at.max(self.range.0), end.min(self.range.1));
        if from < to {
            let inside = &samples[(from - at) as usize..(to - at) as usize];
            changed.extend(audio.write((from - self.range.0) as usize, inside));
            if end > self.range.1 {
                self.overflow = samples[(to - at) as usize..].to_vec();
            }
            let missing = self.range.1 - end;
            if (1..=ROUNDING).contains(&missing) {
                let last = inside.last().copied().unwrap_or_default();
                changed.extend(audio.write((to - self.range.0) as usize, &vec![last; missing as usize]));
            }
        }
        changed
    }

    /// A position of the timeline in seconds of the region.
    pub(crate) fn playhead_s(&self, position: i64) -> Option<f64> {
        (self.range.0..self.range.1)
            .contains(&position)
            .then(|| (position - self.range.0) as f64 / f64::from(self.rate_hz))
    }
}

/// The last seconds, always the newest.
#[derive(Debug)]
pub(crate) struct Rolling {
    rate_hz: u32,
    samples: Vec<f32>,
    /// Where the next sample goes.
    next: usize,
    full: bool,
    /// Samples taken in so far.
    taken: u64,
    frames: Option<RollingFrames>,
}

/// Frames of the last seconds, for a quick first answer.
#[derive(Debug)]
struct RollingFrames {
    resampler: MonoResampler,
    embedder: FrameEmbedder,
    /// What was taken in but not embedded yet.
    waiting: Vec<f32>,
    /// Where the embedder's first sample lies among all taken in.
    origin: u64,
    frames: VecDeque<(u64, Vec<f32>)>,
    frame_samples: u64,
}

impl Rolling {
    /// An empty buffer.
    pub(crate) fn new(rate_hz: u32) -> Self {
        let length = (ROLLING_S * f64::from(rate_hz)).ceil().max(1.0) as usize;
        Self { rate_hz, samples: vec![0.0; length], next: 0, full: false, taken: 0, frames: None }
    }

    /// Rate, Hz.
    pub(crate) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Takes samples in.
    pub(crate) fn push(&mut self, samples: &[f32]) {
        for piece in samples.chunks(self.samples.len()) {
            let (first, second) = piece.split_at(piece.len().min(self.samples.len() - self.next));
            self.samples[self.next..self.next + first.len()].copy_from_slice(first);
            self.samples[..second.len()].copy_from_slice(second);
            self.full |= self.next + piece.len() >= self.samples.len();
            self.next = (self.next + piece.len()) % self.samples.len();
        }
        self.taken += samples.len() as u64;
        if let Some(frames) = &mut self.frames {
            frames.waiting.extend_from_slice(samples);
            // Nobody looks any more, or the processor is too slow: the frames are given up and begun anew later.
            if frames.waiting.len() as f64 > LONGEST_WAIT_S * f64::from(self.rate_hz) {
                self.frames = None;
            }
        }
    }

    /// The newest seconds, or less where there are not so many.
    pub(crate) fn last(&self, seconds: f64) -> RegionAudio {
        let there = if self.full { self.samples.len() } else { self.next };
        let count = ((seconds * f64::from(self.rate_hz)).round() as usize).min(there);
        let start = (self.next + self.samples.len() - count) % self.samples.len();
        let mut samples = Vec::with_capacity(count);
        let tail = (self.samples.len() - start).min(count);
        samples.extend_from_slice(&self.samples[start..start + tail]);
        samples.extend_from_slice(&self.samples[..count - tail]);
        RegionAudio::whole(self.rate_hz, samples)
    }

    /// Embeds what has come in since, about a frame of it; returns whether there may be more.
    ///
    /// # Errors
    /// Failures of the network's runtime. Values that are not numbers only start the frames anew.
    pub(crate) fn advance(&mut self, network: &Network) -> Result<bool, ModelError> {
        let card = network.card();
        let model_hz = card.front_end.sample_rate_hz;
        let frames = match &mut self.frames {
            Some(frames) => frames,
            none => none.insert(RollingFrames {
                resampler: MonoResampler::new(self.rate_hz, model_hz),
                embedder: FrameEmbedder::new(network)?,
                waiting: Vec::new(),
                origin: self.taken,
                frames: VecDeque::new(),
                frame_samples: (card.frame_s() * f64::from(self.rate_hz)) as u64,
            }),
        };
        let piece = frames.waiting.len().min((card.frame_hop_s() * f64::from(self.rate_hz)) as usize);
        if piece == 0 {
            return Ok(false);
        }
        let mut resampled = Vec::new();
        frames.resampler.push(&frames.waiting[..piece], &mut resampled);
        frames.waiting.drain(..piece);
        let (origin, rate) = (frames.origin, f64::from(self.rate_hz));
        let made = &mut frames.frames;
        let pushed = frames.embedder.push(&resampled, &mut |frame| {
            made.push_back((origin + (frame.start_s * rate) as u64, frame.embedding.to_vec()));
        });
        let oldest = self.taken.saturating_sub(self.samples.len() as u64);
        made.retain(|(start, _)| *start >= oldest);
        match pushed {
            Ok(()) => Ok(!frames.waiting.is_empty()),
            Err(ModelError::NonFiniteInput) => {
                frames.resampler.reset();
                frames.origin = self.taken - frames.waiting.len() as u64;
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Frames that lie within a stretch of the newest `len` samples, with their starts in seconds from its start.
    pub(crate) fn frames_within(&self, stretch: &Range<usize>, len: usize) -> Vec<(f64, Vec<f32>)> {
        let Some(frames) = &self.frames else { return Vec::new() };
        let base = self.taken - len as u64;
        let (from, to) = (base + stretch.start as u64, base + stretch.end as u64);
        let inside =
            frames.frames.iter().filter(|(start, _)| *start >= from && start + frames.frame_samples <= to);
        inside
            .map(|(start, frame)| ((start - from) as f64 / f64::from(self.rate_hz), frame.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ramp(from: i64, length: usize) -> Vec<f32> {
        (0..length).map(|at| (from + at as i64) as f32).collect()
    }

    #[test]
    fn a_range_is_collected_in_any_order() {
        let mut capture = LoopCapture::new((1000, 1300), 1000).unwrap();
        let mut audio = RegionAudio::of_length(1000, capture.len());
        for (position, length) in [(1150, 100), (1250, 50), (900, 200), (1100, 50)] {
            assert!(!audio.is_complete());
            capture.feed(&mut audio, position, &ramp(position, length));
        }
        assert!(audio.is_complete());
        assert_eq!(audio.samples(), ramp(1000, 300));
        assert!(capture.feed(&mut audio, 1000, &ramp(1000, 300)).is_empty());
    }

    #[test]
    fn a_block_across_the_loops_end_begins_the_next_pass() {
        let mut capture = LoopCapture::new((1000, 1300), 1000).unwrap();
        let mut audio = RegionAudio::of_length(1000, capture.len());
        let mut block = ramp(1250, 50);
        block.extend(ramp(1000, 14));
        capture.feed(&mut audio, 1250, &block);
        capture.feed(&mut audio, 1014, &ramp(1014, 236));
        assert!(audio.is_complete());
        assert_eq!(audio.samples(), ramp(1000, 300));
    }

    #[test]
    fn rounding_of_positions_leaves_no_holes() {
        let mut capture = LoopCapture::new((1000, 1300), 1000).unwrap();
        let mut audio = RegionAudio::of_length(1000, capture.len());
        for (position, length) in [(1001, 99), (1101, 100), (1199, 98)] {
            capture.feed(&mut audio, position, &vec![0.5; length]);
        }
        assert!(audio.is_complete());
    }

    #[test]
    fn a_range_that_is_moved_keeps_what_was_heard_of_it() {
        let old = LoopCapture::new((1000, 1300), 1000).unwrap();
        let old_audio = RegionAudio::whole(1000, ramp(1000, 300));
        let new = LoopCapture::new((1100, 1500), 1000).unwrap();
        assert!(!new.is((1000, 1300), 1000) && new.is((1101, 1499), 1000));
        let mut audio = RegionAudio::of_length(1000, new.len());
        new.take_over(&mut audio, &old, &old_audio);
        assert_eq!(audio.heard_s(), vec![0.0..0.2]);
        assert_eq!(audio.samples()[..200], ramp(1100, 200));
    }

    #[test]
    fn ranges_without_length_are_none_and_endless_ones_are_cut() {
        assert!(LoopCapture::new((5, 5), 48_000).is_none());
        assert!(LoopCapture::new((5, -500_000), 48_000).is_none());
        assert!(LoopCapture::new((i64::MIN, i64::MAX), 48_000).is_none());
        let long = LoopCapture::new((0, i64::MAX), 48_000).unwrap();
        assert!(long.is_cut_short() && long.is((0, i64::MAX), 48_000));
        assert_eq!(long.len(), 14_400_000);
    }

    #[test]
    fn the_buffer_rolls() {
        let mut rolling = Rolling::new(10);
        rolling.push(&ramp(0, 7));
        assert_eq!(rolling.last(0.5).samples(), ramp(2, 5));
        assert_eq!(rolling.last(30.0).samples(), ramp(0, 7));
        rolling.push(&ramp(7, 1000));
        assert_eq!(rolling.last(30.0).samples(), ramp(707, 300));
        rolling.push(&ramp(1007, 5));
        assert_eq!(rolling.last(1.0).samples(), ramp(1002, 10));
    }
}
