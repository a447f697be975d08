//! Changes to sounds that keep their class: on mel columns at every step, on samples once before training.
//!
//! Gain and noise are applied to band energies, which a card's logarithm gives back exactly; shifts and masks to the
//! columns; pitch and speed to samples, from which spectrograms are computed anew.

mod columns;
mod samples;

use serde::{Deserialize, Serialize};

pub use columns::{ColumnAugmenter, mix};
pub use samples::{change_pitch, change_speed};

/// What is changed, and by how much at most. Zeros change nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Augmentation {
    /// Level, up or down by at most so many decibels.
    pub gain_db: f32,
    /// Position in time, by at most so many columns to either side; silence moves in.
    pub shift_columns: usize,
    /// Signal-to-noise ratio of added noise at its loudest, in decibels; 0 adds none. Every other frame stays clean.
    pub noise_snr_db: f32,
    /// Stripes of columns that are silenced (SpecAugment, Park et al. 2019, arXiv:1904.08779).
    pub time_masks: usize,
    /// Columns of such a stripe, at most.
    pub time_mask_columns: usize,
    /// Stripes of bands that are silenced.
    pub band_masks: usize,
    /// Bands of such a stripe, at most.
    pub band_mask_bands: usize,
    /// Parameter of the beta distribution of shares in mixed frames (mixup, Zhang et al. 2018, arXiv:1710.09412); for
    /// cross-entropy only.
    pub mixup_alpha: f32,
    /// Copies of each sound with changed samples, beside the original.
    pub copies: usize,
    /// Pitch of copies, up or down by at most so many semitones; the length stays.
    pub pitch_semitones: f32,
    /// Speed of copies, faster or slower by at most this part, as a tape's: pitch follows.
    pub speed: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            gain_db: 6.0,
            shift_columns: 10,
            noise_snr_db: 0.0,
            time_masks: 1,
            time_mask_columns: 12,
            band_masks: 1,
            band_mask_bands: 10,
            mixup_alpha: 0.0,
            copies: 0,
            pitch_semitones: 2.0,
            speed: 0.1,
        }
    }
}

impl Augmentation {
    /// Changes nothing.
    pub fn none() -> Self {
        Self {
            gain_db: 0.0,
            shift_columns: 0,
            noise_snr_db: 0.0,
            time_masks: 0,
            time_mask_columns: 0,
            band_masks: 0,
            band_mask_bands: 0,
            mixup_alpha: 0.0,
            copies: 0,
            pitch_semitones: 0.0,
            speed: 0.0,
        }
    }

    /// Says what is wrong, if anything is.
    ///
    /// # Errors
    /// A sentence naming the number and the values that are allowed.
    pub fn check(&self) -> Result<(), String> {
        let within = |name: &str, value: f32, high: f32| {
            let fits = (0.0..=high).contains(&value);
            if fits { Ok(()) } else { Err(format!("augmentation.{name} must lie between 0 and {high}")) }
        };
        within("gain_db", self.gain_db, 60.0)?;
        within("noise_snr_db", self.noise_snr_db, 100.0)?;
        within("mixup_alpha", self.mixup_alpha, 10.0)?;
        within("pitch_semitones", self.pitch_semitones, 12.0)?;
        within("speed", self.speed, 0.5)?;
        if self.copies > 16 || self.time_masks > 16 || self.band_masks > 16 {
            return Err("augmentation: copies, time_masks and band_masks must be at most 16".into());
        }
        Ok(())
    }
}
