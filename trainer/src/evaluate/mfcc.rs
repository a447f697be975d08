//! Mean and deviation of mel-frequency cepstral coefficients (Davis and Mermelstein, IEEE Trans. ASSP 28(4), 1980): the
//! floor that a network has to stand above.

use std::f64::consts::PI;

use super::embeddings::Embeddings;
use crate::dataset::Spectrograms;

/// Coefficients kept, the zeroth (loudness) among them.
const COEFFICIENTS: usize = 20;

/// For each frame the mean and deviation of its columns' coefficients; `[frames, 40]`.
///
/// Columns past a short sound's end do not count. Each number is then brought to mean 0 and deviation 1 over the set,
/// since the zeroth coefficient would outweigh all others.
pub(super) fn embed(spectrograms: &Spectrograms) -> Embeddings {
    let (bands, size) = (spectrograms.bands(), 2 * COEFFICIENTS);
    let length = spectrograms.frame_rule().columns as usize;
    let basis = cosines(bands);
    let mut embeddings = Embeddings { values: Vec::new(), size, clip_of: Vec::new() };
    for clip in 0..spectrograms.len() {
        let cepstra: Vec<[f64; COEFFICIENTS]> =
            spectrograms.columns(clip).chunks_exact(bands).map(|column| cepstrum(column, &basis)).collect();
        for start in spectrograms.frame_starts(clip) {
            let columns = &cepstra[start..(start + length).min(cepstra.len())];
            let (mean, deviation) = moments(columns);
            embeddings.values.extend(mean.iter().chain(&deviation).map(|&value| value as f32));
            embeddings.clip_of.push(clip);
        }
    }
    standardise(&mut embeddings);
    embeddings
}

/// The orthonormal DCT-II's first rows, `[coefficients, bands]`.
fn cosines(bands: usize) -> Vec<Vec<f64>> {
    let row = |number: usize| {
        let scale = (if number == 0 { 1.0 } else { 2.0 } / bands as f64).sqrt();
        (0..bands)
            .map(|band| scale * (PI * number as f64 * (band as f64 + 0.5) / bands as f64).cos())
            .collect()
    };
    (0..COEFFICIENTS).map(row).collect()
}

fn cepstrum(column: &[f32], basis: &[Vec<f64>]) -> [f64; COEFFICIENTS] {
    let mut out = [0.0; COEFFICIENTS];
    for (out, row) in out.iter_mut().zip(basis) {
        *out = column.iter().zip(row).map(|(&value, weight)| f64::from(value) * weight).sum();
    }
    out
}

fn moments(columns: &[[f64; COEFFICIENTS]]) -> ([f64; COEFFICIENTS], [f64; COEFFICIENTS]) {
    let count = columns.len().max(1) as f64;
    let (mut mean, mut deviation) = ([0.0; COEFFICIENTS], [0.0; COEFFICIENTS]);
    for at in 0..COEFFICIENTS {
        mean[at] = columns.iter().map(|column| column[at]).sum::<f64>() / count;
        let square = columns.iter().map(|column| (column[at] - mean[at]).powi(2)).sum::<f64>() / count;
        deviation[at] = square.sqrt();
    }
    (mean, deviation)
}

fn standardise(embeddings: &mut Embeddings) {
    let (size, count) = (embeddings.size, embeddings.frames().max(1) as f64);
    for at in 0..size {
        let column = || embeddings.values.iter().skip(at).step_by(size).map(|&value| f64::from(value));
        let mean = column().sum::<f64>() / count;
        let deviation = (column().map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt();
        let scale = if deviation > 0.0 { deviation.recip() } else { 0.0 };
        for value in embeddings.values.iter_mut().skip(at).step_by(size) {
            *value = ((f64::from(*value) - mean) * scale) as f32;
        }
    }
}
