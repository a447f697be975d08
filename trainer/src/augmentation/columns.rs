//! Changes to the mel columns of a frame.

use earmark_engine::spectrogram::LogScale;

use super::Augmentation;
use crate::random::Random;

/// Changes frames as an [`Augmentation`] says.
#[derive(Debug, Clone)]
pub struct ColumnAugmenter {
    how: Augmentation,
    log: LogScale,
    bands: usize,
}

impl ColumnAugmenter {
    /// For frames of `bands` values a column, compressed by `log`.
    pub fn new(how: Augmentation, log: LogScale, bands: usize) -> Self {
        Self { how, log, bands: bands.max(1) }
    }

    /// Changes a frame `[columns, bands]`.
    pub fn apply(&self, frame: &mut [f32], random: &mut Random) {
        self.gain_and_noise(frame, random);
        self.shift(frame, random);
        self.mask(frame, random);
    }

    fn energy(&self, value: f32) -> f32 {
        let energy = (value * self.log.divisor * std::f32::consts::LN_10).exp() - self.log.offset;
        // Not `max`, which would hide what is no number.
        if energy < 0.0 { 0.0 } else { energy / self.log.factor }
    }

    fn value(&self, energy: f32) -> f32 {
        (self.log.factor * energy + self.log.offset).log10() / self.log.divisor
    }

    fn gain_and_noise(&self, frame: &mut [f32], random: &mut Random) {
        let noisy = self.how.noise_snr_db > 0.0 && random.below(2) == 1;
        if self.how.gain_db == 0.0 && !noisy {
            return;
        }
        let gain_db = random.between(-self.how.gain_db, self.how.gain_db);
        let gain = 10.0_f32.powf(gain_db / 10.0);
        let mut noise = 0.0;
        if noisy {
            let mean = frame.iter().map(|&value| self.energy(value)).sum::<f32>() / frame.len().max(1) as f32;
            // From the loudest noise to noise 30 dB below it.
            let snr_db = self.how.noise_snr_db + random.between(0.0, 30.0);
            noise = mean * 10.0_f32.powf(-snr_db / 10.0);
        }
        for value in frame {
            // The energy of Gaussian noise in a band is distributed exponentially.
            let added = if noise > 0.0 { noise * -(1.0 - random.unit()).ln() } else { 0.0 };
            *value = self.value((self.energy(*value) + added) * gain);
        }
    }

    fn shift(&self, frame: &mut [f32], random: &mut Random) {
        let most = self.how.shift_columns.min(frame.len() / self.bands);
        if most == 0 {
            return;
        }
        let columns = random.below(2 * most + 1);
        let silence = self.value(0.0);
        if columns > most {
            let moved = (columns - most) * self.bands;
            frame.copy_within(..frame.len() - moved, moved);
            frame[..moved].fill(silence);
        } else {
            let moved = (most - columns) * self.bands;
            frame.copy_within(moved.., 0);
            let end = frame.len() - moved;
            frame[end..].fill(silence);
        }
    }

    fn mask(&self, frame: &mut [f32], random: &mut Random) {
        let silence = self.value(0.0);
        let columns = frame.len() / self.bands;
        for _ in 0..self.how.time_masks {
            let (start, length) = stripe(columns, self.how.time_mask_columns, random);
            frame[start * self.bands..(start + length) * self.bands].fill(silence);
        }
        for _ in 0..self.how.band_masks {
            let (start, length) = stripe(self.bands, self.how.band_mask_bands, random);
            for column in frame.chunks_exact_mut(self.bands) {
                column[start..start + length].fill(silence);
            }
        }
    }
}

fn stripe(extent: usize, most: usize, random: &mut Random) -> (usize, usize) {
    let length = random.below(most.min(extent) + 1);
    (random.below(extent - length + 1), length)
}

/// Mixes rows of frames `[rows, values]` with other rows of theirs, `partners[row]`, at the `shares[row]` of the row
/// itself.
pub fn mix(frames: &mut [f32], partners: &[usize], shares: &[f32]) {
    let size = frames.len() / partners.len().max(1);
    let before = frames.to_vec();
    for (row, (&partner, &share)) in partners.iter().zip(shares).enumerate() {
        let other = &before[partner * size..(partner + 1) * size];
        for (value, other) in frames[row * size..(row + 1) * size].iter_mut().zip(other) {
            *value = share * *value + (1.0 - share) * other;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: LogScale = LogScale { factor: 10_000.0, offset: 1.0, divisor: 9.457_799 };

    fn augmenter(how: Augmentation) -> ColumnAugmenter {
        ColumnAugmenter::new(how, LOG, 4)
    }

    #[test]
    fn gain_multiplies_energies() {
        let augmenter = augmenter(Augmentation { gain_db: 12.0, ..Augmentation::none() });
        for seed in 0..20 {
            let mut frame = [0.05, 0.2, 0.4, 0.6];
            augmenter.apply(&mut frame, &mut Random::new(seed, &[]));
            let ratio = |at: usize, before: f32| augmenter.energy(frame[at]) / augmenter.energy(before);
            let first = ratio(0, 0.05);
            assert!((10.0_f32.powf(-1.21)..10.0_f32.powf(1.21)).contains(&first), "{first}");
            assert!((ratio(3, 0.6) / first - 1.0).abs() < 1e-2, "{} {first}", ratio(3, 0.6));
        }
    }

    #[test]
    fn shifts_move_columns_and_let_silence_in() {
        let augmenter = augmenter(Augmentation { shift_columns: 2, ..Augmentation::none() });
        let frame: Vec<f32> = (1..=20).map(|value| value as f32).collect();
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..50 {
            let mut shifted = frame.clone();
            augmenter.apply(&mut shifted, &mut Random::new(seed, &[]));
            let moved = shifted.iter().filter(|&&value| value != 0.0).collect::<Vec<_>>();
            seen.insert((moved.len(), *moved[0] as usize));
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), [(12, 1), (12, 9), (16, 1), (16, 5), (20, 1)]);
    }

    #[test]
    fn masks_silence_stripes_of_bounded_width() {
        let how = Augmentation { time_masks: 1, time_mask_columns: 3, ..Augmentation::none() };
        let (augmenter, mut widest) = (augmenter(how), 0);
        for seed in 0..50 {
            let mut frame = [1.0; 40];
            augmenter.apply(&mut frame, &mut Random::new(seed, &[]));
            let silent = frame.chunks_exact(4).filter(|column| **column == [0.0; 4]).count();
            assert_eq!(frame.iter().filter(|&&value| value == 0.0).count(), 4 * silent);
            widest = widest.max(silent);
        }
        assert_eq!(widest, 3);
    }

    #[test]
    fn noise_fills_silence_below_the_given_ratio() {
        let augmenter = augmenter(Augmentation { noise_snr_db: 10.0, ..Augmentation::none() });
        let mut noisy = 0;
        for seed in 0..40 {
            let mut frame = [0.0; 400];
            frame[..200].fill(0.5);
            augmenter.apply(&mut frame, &mut Random::new(seed, &[]));
            let silence: f32 = frame[200..].iter().map(|&value| augmenter.energy(value)).sum::<f32>() / 200.0;
            let ratio = augmenter.energy(0.5) / 2.0 / silence.max(1e-20);
            noisy += usize::from(silence > 0.0);
            assert!(ratio > 10.0_f32.powf(0.9), "{ratio}");
        }
        assert!((8..=32).contains(&noisy), "{noisy} of 40");
    }

    #[test]
    fn mixed_rows_are_weighted_sums() {
        let mut frames = [1.0, 2.0, 5.0, 10.0];
        mix(&mut frames, &[1, 0], &[0.75, 1.0]);
        assert_eq!(frames, [2.0, 4.0, 5.0, 10.0]);
    }
}
