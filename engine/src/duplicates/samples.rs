//! Samples of two sounds at the same time, in bounded memory: short sounds whole, long ones by pieces.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fingerprint::RATE_HZ;
use crate::audio::{AudioError, AudioReader, MonoStream};

/// Sounds up to this length are kept whole, seconds.
const WHOLE_S: f64 = 120.0;
/// Samples kept of such sounds in all, four bytes each.
const KEPT_SAMPLES: usize = 24 << 20;
/// Where a piece in the middle of a file is wanted, decoding begins at the full second before this, so that the
/// resampler has settled; at a full second the samples lie as they do in the whole file.
const LEAD_S: u64 = 1;

/// Sounds being compared.
pub(super) struct Samples {
    whole: HashMap<u32, Whole>,
    kept: usize,
    clock: u64,
    /// The long sounds that were read last, latest first.
    cursors: Vec<Cursor>,
    /// Seconds of sound that were decoded.
    pub decoded_s: f64,
}

struct Whole {
    samples: Arc<[f32]>,
    used: u64,
}

/// A sound to be read.
#[derive(Clone, Debug)]
pub(super) struct Source {
    /// Its number.
    pub number: u32,
    /// Its file.
    pub path: PathBuf,
    /// Samples at [`RATE_HZ`].
    pub samples: u64,
}

impl Samples {
    pub(super) fn new() -> Self {
        Self { whole: HashMap::new(), kept: 0, clock: 0, cursors: Vec::new(), decoded_s: 0.0 }
    }

    /// Fills `out` with the samples from `start`; zeros before the beginning and after the end.
    pub(super) fn read(&mut self, source: &Source, start: i64, out: &mut [f32]) -> Result<(), AudioError> {
        out.fill(0.0);
        let skipped = (-start).clamp(0, out.len() as i64) as usize;
        let out = &mut out[skipped..];
        let start = start.max(0) as u64;
        let left = source.samples.saturating_sub(start).min(out.len() as u64) as usize;
        if left == 0 {
            return Ok(());
        }
        if source.samples as f64 <= WHOLE_S * f64::from(RATE_HZ) {
            let whole = self.whole(source)?;
            if let Some(piece) = whole.get(start as usize..) {
                let count = piece.len().min(left);
                out[..count].copy_from_slice(&piece[..count]);
            }
            return Ok(());
        }
        let mut cursor = match self.cursors.iter().position(|cursor| cursor.number == source.number) {
            Some(at) if self.cursors[at].reaches(start) => self.cursors.remove(at),
            found => {
                if let Some(at) = found {
                    self.cursors.remove(at);
                }
                Cursor::open(source, start)?
            }
        };
        let before = cursor.end();
        cursor.read(start, &mut out[..left])?;
        self.decoded_s += (cursor.end() - before) as f64 / f64::from(RATE_HZ);
        self.cursors.insert(0, cursor);
        self.cursors.truncate(2);
        Ok(())
    }

    fn whole(&mut self, source: &Source) -> Result<Arc<[f32]>, AudioError> {
        self.clock += 1;
        if let Some(whole) = self.whole.get_mut(&source.number) {
            whole.used = self.clock;
            return Ok(Arc::clone(&whole.samples));
        }
        let mut stream = MonoStream::open(&source.path, RATE_HZ)?;
        let mut samples = Vec::with_capacity(source.samples as usize);
        // A file that has grown since it was listened to is not followed.
        while samples.len() < source.samples as usize
            && let Some(block) = stream.next_block()?
        {
            samples.extend_from_slice(block);
        }
        self.decoded_s += samples.len() as f64 / f64::from(RATE_HZ);
        while self.kept + samples.len() > KEPT_SAMPLES
            && let Some(oldest) =
                self.whole.iter().min_by_key(|(_, whole)| whole.used).map(|(number, _)| *number)
        {
            self.kept -= self.whole.remove(&oldest).map_or(0, |whole| whole.samples.len());
        }
        self.kept += samples.len();
        let samples: Arc<[f32]> = samples.into();
        let whole = Whole { samples: Arc::clone(&samples), used: self.clock };
        self.whole.insert(source.number, whole);
        Ok(samples)
    }
}

/// A long sound that is read from front to back.
struct Cursor {
    number: u32,
    stream: MonoStream,
    buffer: Vec<f32>,
    /// Where the buffer begins in the sound, samples.
    start: u64,
}

impl Cursor {
    fn open(source: &Source, start: u64) -> Result<Self, AudioError> {
        let from_s = (start / u64::from(RATE_HZ)).saturating_sub(LEAD_S);
        let reader = AudioReader::open(Path::new(&source.path))?;
        let stream = MonoStream::from_reader(reader, RATE_HZ, from_s as f64, None)?;
        Ok(Self { number: source.number, stream, buffer: Vec::new(), start: from_s * u64::from(RATE_HZ) })
    }

    /// Whether a place can be read on from here without decoding much that was not asked for.
    fn reaches(&self, start: u64) -> bool {
        start >= self.start && start <= self.end() + 30 * u64::from(RATE_HZ)
    }

    fn end(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    fn read(&mut self, start: u64, out: &mut [f32]) -> Result<(), AudioError> {
        loop {
            let passed = (start.saturating_sub(self.start) as usize).min(self.buffer.len());
            self.buffer.drain(..passed);
            self.start += passed as u64;
            if self.end() >= start + out.len() as u64 {
                break;
            }
            match self.stream.next_block()? {
                Some(block) => self.buffer.extend_from_slice(block),
                None => break,
            }
        }
        let from = (start - self.start) as usize;
        if let Some(piece) = self.buffer.get(from..) {
            let count = piece.len().min(out.len());
            out[..count].copy_from_slice(&piece[..count]);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use earmark_demo::{Audio, SampleFormat, wav};

    fn file(dir: &Path, number: u32, length_s: f64) -> (Source, Vec<f32>) {
        let mut state = number | 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as f32 / 65_536.0 - 0.5
        };
        let samples: Vec<f32> = (0..(f64::from(RATE_HZ) * length_s) as usize).map(|_| next()).collect();
        let audio = Audio { sample_rate_hz: RATE_HZ, channels: vec![samples.clone()] };
        let path = dir.join(format!("{number}.wav"));
        std::fs::write(&path, wav::encode(&audio, SampleFormat::F32, &Default::default())).unwrap();
        (Source { number, path, samples: samples.len() as u64 }, samples)
    }

    #[test]
    fn short_and_long_sounds_are_read_alike_in_any_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut samples = Samples::new();
        for (number, length_s) in [(1, 2.0), (2, WHOLE_S + 30.0), (3, WHOLE_S + 3.0), (4, WHOLE_S + 1.0)] {
            let (source, whole) = file(dir.path(), number, length_s);
            let mut piece = vec![0.0; 5000];
            let end = whole.len() as i64;
            for start in [end / 2, -2000, end - 1000, end / 2 - 700, end / 2 + 1000, end, end + 9000, -5000] {
                samples.read(&source, start, &mut piece).unwrap();
                let expected: Vec<f32> = (start..start + 5000)
                    .map(|at| usize::try_from(at).ok().and_then(|at| whole.get(at)).copied().unwrap_or(0.0))
                    .collect();
                assert!(piece == expected, "sound {number} from {start}");
            }
        }
        assert!(samples.cursors.len() <= 2);
    }

    #[test]
    fn of_short_sounds_no_more_than_a_limit_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut samples = Samples::new();
        let mut piece = [0.0; 10];
        let length_s = WHOLE_S - 1.0;
        let files = KEPT_SAMPLES / (f64::from(RATE_HZ) * length_s) as usize + 2;
        let (source, _) = file(dir.path(), 0, length_s);
        for number in 0..files as u32 {
            samples.read(&Source { number, ..source.clone() }, 0, &mut piece).unwrap();
        }
        assert!(samples.kept <= KEPT_SAMPLES && samples.whole.len() >= 2);
        assert!(!samples.whole.contains_key(&0), "the one not used for longest goes first");
    }
}
