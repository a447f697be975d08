//! Waveforms as the page draws them: the extremes of each column.

use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use earmark_engine::audio::{AudioError, AudioReader, Container};
use tokio::sync::Semaphore;

/// Columns of a waveform.
pub(crate) const COLUMNS: usize = 300;
/// Waveforms that are kept; each takes about 600 bytes.
const KEPT: usize = 8192;
/// Files decoded for waveforms at a time: searches and playback come first.
const AT_A_TIME: usize = 2;
/// Of longer sounds, a part of each column is looked at, where the format allows to skip.
const SPARSE_S: f64 = 600.0;

/// `[columns × (lowest, highest)]`, in 127ths of full scale.
pub(crate) type Peaks = Arc<[i8]>;

/// Waveforms that were drawn, by the content of their sounds.
pub(crate) struct PeakCache {
    kept: Mutex<(HashMap<u128, Peaks>, VecDeque<u128>)>,
    /// Of whom may decode.
    pub turns: Semaphore,
}

impl PeakCache {
    pub(crate) fn new() -> Self {
        Self { kept: Mutex::default(), turns: Semaphore::new(AT_A_TIME) }
    }

    pub(crate) fn get(&self, content: u128) -> Option<Peaks> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).0.get(&content).map(Arc::clone)
    }

    pub(crate) fn keep(&self, content: u128, peaks: &Peaks) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (by_content, order) = &mut *kept;
        if by_content.insert(content, Arc::clone(peaks)).is_none() {
            order.push_back(content);
        }
        if order.len() > KEPT
            && let Some(oldest) = order.pop_front()
        {
            by_content.remove(&oldest);
        }
    }
}

/// Draws a sound's waveform. `duration_s` is what the index says, for formats that do not tell.
pub(crate) fn draw(path: &Path, duration_s: f64) -> Result<Peaks, AudioError> {
    let mut reader = AudioReader::open(path)?;
    let format = *reader.format();
    let rate_hz = f64::from(format.sample_rate_hz);
    let told = format.samples_per_channel.filter(|samples| *samples > 0);
    let total = told.unwrap_or((duration_s * rate_hz) as u64).max(1);
    let mut extremes = vec![(0.0f32, 0.0f32); COLUMNS];
    let skips = told.is_some()
        && format.bits_per_sample.is_some()
        && matches!(format.container, Container::Wav | Container::Rf64 | Container::Wave64 | Container::Aiff);
    if skips && total as f64 / rate_hz > SPARSE_S {
        for (column, extreme) in extremes.iter_mut().enumerate() {
            let from_s = column as f64 * total as f64 / COLUMNS as f64 / rate_hz;
            // A file that was cut short ends here.
            if reader.skip_to_s(from_s).is_err() {
                break;
            }
            match reader.next_block()? {
                Some(block) => widen(extreme, block),
                None => break,
            }
        }
    } else {
        let channels = usize::from(format.channels).max(1);
        let mut position = 0u64;
        while let Some(block) = reader.next_block()? {
            for samples in block.chunks(channels * 32) {
                let column = (position * COLUMNS as u64 / total).min(COLUMNS as u64 - 1);
                widen(&mut extremes[column as usize], samples);
                position += (samples.len() / channels) as u64;
            }
        }
    }
    let rounded = |sample: f32| (sample.clamp(-1.0, 1.0) * 127.0).round() as i8;
    Ok(extremes.iter().flat_map(|(low, high)| [rounded(*low), rounded(*high)]).collect())
}

fn widen(extreme: &mut (f32, f32), samples: &[f32]) {
    // NaN passes neither comparison.
    for sample in samples {
        extreme.0 = extreme.0.min(*sample);
        extreme.1 = extreme.1.max(*sample);
    }
}
