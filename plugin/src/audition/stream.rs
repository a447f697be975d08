//! A file as stereo samples at the host's rate.

use std::path::Path;

use earmark_engine::audio::{AudioError, AudioReader, MonoResampler};
use rtrb::Producer;

/// Decoded ahead of the ring, stereo samples.
const AHEAD: usize = 8192;

/// A file being played.
pub(super) struct Stream {
    reader: AudioReader,
    left: MonoResampler,
    right: MonoResampler,
    /// Of each side, what was resampled and not written yet.
    pending: [Vec<f32>; 2],
    /// How much of it was written.
    written: usize,
    decoded: bool,
}

impl Stream {
    /// Opens a file at a moment.
    pub(super) fn open(path: &Path, from_s: f64, rate_hz: f32) -> Result<Self, AudioError> {
        let mut reader = AudioReader::open(path)?;
        if from_s > 0.0 {
            reader.skip_to_s(from_s)?;
        }
        let (in_hz, out_hz) = (reader.format().sample_rate_hz, rate_hz.round() as u32);
        Ok(Self {
            reader,
            left: MonoResampler::new(in_hz, out_hz),
            right: MonoResampler::new(in_hz, out_hz),
            pending: [Vec::new(), Vec::new()],
            written: 0,
            decoded: false,
        })
    }

    /// Decodes ahead and writes what the ring has room for.
    pub(super) fn fill(&mut self, mut ring: Option<&mut Producer<f32>>) -> Result<(), AudioError> {
        loop {
            if let Some(ring) = ring.as_deref_mut() {
                self.write(ring);
            }
            if self.decoded || self.pending[0].len() - self.written >= AHEAD {
                return Ok(());
            }
            self.decode()?;
        }
    }

    /// Whether all of it was written.
    pub(super) fn is_spent(&self) -> bool {
        self.decoded && self.written == self.pending[0].len()
    }

    fn write(&mut self, ring: &mut Producer<f32>) {
        let count = (ring.slots() / 2).min(self.pending[0].len() - self.written);
        let (left, right) = (&self.pending[0][self.written..], &self.pending[1][self.written..]);
        let pairs = left.iter().zip(right).take(count).flat_map(|(left, right)| [*left, *right]);
        if let Ok(chunk) = ring.write_chunk_uninit(2 * count) {
            self.written += chunk.fill_from_iter(pairs) / 2;
        }
    }

    fn decode(&mut self) -> Result<(), AudioError> {
        self.pending.iter_mut().for_each(|side| drop(side.drain(..self.written)));
        self.written = 0;
        let channels = usize::from(self.reader.format().channels);
        let [left, right] = &mut self.pending;
        match self.reader.next_block()? {
            Some(block) => {
                let (on_left, on_right) = sides(block, channels);
                self.left.push(&on_left, left);
                self.right.push(&on_right, right);
            }
            None => {
                self.left.finish(left);
                self.right.finish(right);
                self.decoded = true;
            }
        }
        Ok(())
    }
}

/// Stereo from any number of channels: mono on both sides; of more than two their mean, which is what the network
/// has heard. What is not a number becomes silence.
fn sides(block: &[f32], channels: usize) -> (Vec<f32>, Vec<f32>) {
    let clean = |value: f32| if value.is_finite() { value.clamp(-4.0, 4.0) } else { 0.0 };
    let pair = |sample: &[f32]| match sample {
        [left, right] => (clean(*left), clean(*right)),
        _ => {
            let mean = clean(sample.iter().sum::<f32>() / sample.len() as f32);
            (mean, mean)
        }
    };
    block.chunks_exact(channels.max(1)).map(pair).unzip()
}
