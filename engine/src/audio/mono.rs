//! A file as one channel at the wanted rate: the input of the spectrogram.

use std::path::Path;

use super::error::AudioError;
use super::format::MAX_SAMPLE_RATE_HZ;
use super::reader::AudioReader;
use super::resample::MonoResampler;

const SIGN_BIT: u32 = 1 << 31;

/// Mono samples at a wanted rate: the mean of the channels, **then** resampled, **then** clipped to ±1.
///
/// The order and the absence of any normalisation are those of the original aiSFX pipeline.
pub struct MonoStream {
    reader: AudioReader,
    resampler: MonoResampler,
    /// Samples per channel still to be taken from the reader.
    left: u64,
    from_s: f64,
    mono: Vec<f32>,
    out: Vec<f32>,
    taken: u64,
    samples_out: u64,
    finished: bool,
}

impl MonoStream {
    /// The whole of a file.
    ///
    /// # Errors
    /// Those of [`AudioReader::open`], and [`AudioError::TargetRate`].
    pub fn open(path: &Path, rate_hz: u32) -> Result<Self, AudioError> {
        Self::from_reader(AudioReader::open(path)?, rate_hz, 0.0, None)
    }

    /// A region of a freshly opened file, in seconds; `to_s` beyond the end means to the end.
    ///
    /// # Errors
    /// Those of reading, [`AudioError::TargetRate`], and [`AudioError::OutOfRange`] where the file ends before
    /// the region begins.
    pub fn from_reader(
        mut reader: AudioReader,
        rate_hz: u32,
        from_s: f64,
        to_s: Option<f64>,
    ) -> Result<Self, AudioError> {
        if rate_hz == 0 || rate_hz > MAX_SAMPLE_RATE_HZ {
            let path = reader.path().to_path_buf();
            return Err(AudioError::TargetRate { path, rate_hz, max_hz: MAX_SAMPLE_RATE_HZ });
        }
        let in_hz = reader.format().sample_rate_hz;
        let sample_at = |time_s: f64| (time_s.max(0.0) * f64::from(in_hz)).round() as u64;
        let left = to_s.map_or(u64::MAX, |to_s| sample_at(to_s).saturating_sub(sample_at(from_s)));
        if from_s > 0.0 {
            reader.skip_to_s(from_s)?;
        }
        Ok(Self {
            reader,
            resampler: MonoResampler::new(in_hz, rate_hz),
            left,
            from_s: if from_s > 0.0 { from_s } else { 0.0 },
            mono: Vec::new(),
            out: Vec::new(),
            taken: 0,
            samples_out: 0,
            finished: false,
        })
    }

    /// The next samples, `None` at the end.
    ///
    /// # Errors
    /// Those of reading; [`AudioError::NonFinite`] at the first sample that is NaN or infinite;
    /// [`AudioError::NoAudio`] when the end comes before the first sample.
    pub fn next_block(&mut self) -> Result<Option<&[f32]>, AudioError> {
        self.out.clear();
        while self.out.is_empty() && !self.finished {
            let channels = usize::from(self.reader.format().channels);
            let block = if self.left == 0 { None } else { self.reader.next_block()? };
            match block {
                Some(block) => {
                    let samples =
                        (block.len() / channels).min(usize::try_from(self.left).unwrap_or(usize::MAX));
                    downmix(&block[..samples * channels], channels, &mut self.mono);
                    self.check_finite()?;
                    self.taken += samples as u64;
                    self.left -= samples as u64;
                    self.resampler.push(&self.mono, &mut self.out);
                }
                None => {
                    self.finished = true;
                    self.resampler.finish(&mut self.out);
                }
            }
        }
        if self.out.is_empty() {
            if self.taken == 0 {
                return Err(AudioError::NoAudio { path: self.reader.path().to_path_buf() });
            }
            return Ok(None);
        }
        self.samples_out += self.out.len() as u64;
        for sample in &mut self.out {
            *sample = sample.clamp(-1.0, 1.0);
        }
        Ok(Some(&self.out))
    }

    /// The file behind: format, metadata, warnings.
    pub fn reader(&self) -> &AudioReader {
        &self.reader
    }

    /// Samples produced so far.
    pub fn samples_out(&self) -> u64 {
        self.samples_out
    }

    /// Seconds of the file that were decoded so far; the duration of the file or region at the end.
    pub fn source_duration_s(&self) -> f64 {
        self.taken as f64 / f64::from(self.reader.format().sample_rate_hz)
    }

    fn check_finite(&self) -> Result<(), AudioError> {
        // Without the sign, the bits of a float order like its magnitude: no branch a sample.
        let largest = self.mono.iter().fold(0, |bits, sample| (sample.to_bits() & !SIGN_BIT).max(bits));
        if f32::from_bits(largest).is_finite() {
            return Ok(());
        }
        let first = self.mono.iter().position(|sample| !sample.is_finite()).unwrap_or(0);
        let sample = self.taken + first as u64;
        let time_s = self.from_s + sample as f64 / f64::from(self.reader.format().sample_rate_hz);
        Err(AudioError::NonFinite { path: self.reader.path().to_path_buf(), time_s })
    }
}

/// The mean of the channels.
fn downmix(block: &[f32], channels: usize, mono: &mut Vec<f32>) {
    mono.clear();
    match channels {
        1 => mono.extend_from_slice(block),
        2 => {
            let (pairs, _) = block.as_chunks::<2>();
            mono.extend(pairs.iter().map(|[left, right]| (left + right) * 0.5));
        }
        _ => {
            let share = 1.0 / channels as f32;
            mono.extend(block.chunks_exact(channels).map(|samples| samples.iter().sum::<f32>() * share));
        }
    }
}
