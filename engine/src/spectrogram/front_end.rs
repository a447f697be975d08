//! The constants of a front end and of framing, as they stand in a model card, with their validation.

use serde::{Deserialize, Serialize};

/// Largest analysis window a card may ask for, in samples; bounds memory, not taste.
const MAX_WINDOW_SAMPLES: u32 = 65_536;
/// Largest number of mel bands a card may ask for.
const MAX_MEL_BANDS: u32 = 1_024;
/// Largest frame a card may ask for, in columns.
const MAX_FRAME_COLUMNS: u32 = 16_384;

/// From mono samples to mel columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontEnd {
    /// Rate at which the samples must arrive.
    pub sample_rate_hz: u32,
    /// Samples are clipped to ± this value after resampling.
    pub clip_amplitude: f32,
    /// Length of the analysis window, which is also the length of the Fourier transform; even.
    pub window_samples: u32,
    /// Shape of the analysis window.
    pub window: WindowKind,
    /// Step from one column to the next.
    pub hop_samples: u32,
    /// Where column 0 starts, relative to the first sample: 0 or before it. Outside the sound there are zeros.
    /// Columns follow as long as they start before the end of the sound.
    pub first_column_samples: i32,
    /// Number of mel bands.
    pub mel_bands: u32,
    /// Pitch scale on which the band edges are equally spaced.
    pub mel_scale: MelScale,
    /// Lower edge of the lowest band.
    pub min_hz: f32,
    /// Upper edge of the highest band.
    pub max_hz: f32,
    /// On which axis the filters are triangles.
    pub filter_shape: FilterShape,
    /// How the weights of a filter are scaled.
    pub filter_normalisation: FilterNormalisation,
    /// Compression of the band energies.
    pub log: LogScale,
}

/// Shape of the analysis window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// `0.5 − 0.5·cos(2πi/(N−1))`, zero at both ends, not scaled.
    HannSymmetric,
    /// `0.5 − 0.5·cos(2πi/N)`, not scaled.
    HannPeriodic,
}

/// Pitch scale of the filterbank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MelScale {
    /// `2595·log10(1 + f/700)` (O'Shaughnessy 1987, as used by HTK).
    Htk,
}

/// The axis on which filters rise and fall in straight lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterShape {
    /// Straight in mel.
    TriangleInMel,
    /// Straight in hertz.
    TriangleInHz,
}

/// How the weights of one filter are scaled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterNormalisation {
    /// The weights of a filter add up to one.
    UnitSum,
    /// The tip of the triangle is one.
    UnitPeak,
}

/// `log10(factor·E + offset) / divisor`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogScale {
    /// Multiplies the band energy.
    pub factor: f32,
    /// Added before the logarithm.
    pub offset: f32,
    /// Divides the logarithm.
    pub divisor: f32,
}

/// From mel columns to frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameRule {
    /// Length of a frame in columns.
    pub columns: u32,
    /// Step from one frame to the next in columns; at most `columns`.
    pub hop_columns: u32,
    /// What becomes of a sound shorter than a frame.
    pub short: ShortRule,
    /// What becomes of columns after the last regular frame.
    pub tail: TailRule,
}

/// What becomes of a sound shorter than a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortRule {
    /// One frame, filled up with zeros at its end.
    ZeroPad,
}

/// What becomes of columns after the last regular frame of a sound that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TailRule {
    /// They are not analysed.
    Drop,
    /// One more frame ends with the last column.
    AlignToEnd,
}

impl FrontEnd {
    /// Says what is wrong with the constants, if anything is.
    ///
    /// # Errors
    /// A sentence naming the field and the values that are allowed.
    pub fn validate(&self) -> Result<(), String> {
        require(
            (1_000..=768_000).contains(&self.sample_rate_hz),
            "front_end.sample_rate_hz must lie between 1000 and 768000",
        )?;
        let window = self.window_samples;
        require(
            (16..=MAX_WINDOW_SAMPLES).contains(&window) && window.is_multiple_of(2),
            "front_end.window_samples must be even and lie between 16 and 65536",
        )?;
        require(
            (1..=window).contains(&self.hop_samples),
            "front_end.hop_samples must lie between 1 and the window's length",
        )?;
        require(
            self.first_column_samples <= 0 && self.first_column_samples.unsigned_abs() < window,
            "front_end.first_column_samples must lie between minus the window's length and 0",
        )?;
        require(
            (1..=MAX_MEL_BANDS).contains(&self.mel_bands),
            "front_end.mel_bands must lie between 1 and 1024",
        )?;
        let nyquist_hz = self.sample_rate_hz as f32 / 2.0;
        require(
            self.min_hz >= 0.0 && self.min_hz < self.max_hz && self.max_hz <= nyquist_hz,
            "front_end.min_hz and max_hz must satisfy 0 <= min_hz < max_hz <= half the sample rate",
        )?;
        require(
            self.clip_amplitude > 0.0 && self.clip_amplitude <= 1_000.0,
            "front_end.clip_amplitude must be above 0 and at most 1000",
        )?;
        let LogScale { factor, offset, divisor } = self.log;
        require(
            positive(factor) && positive(offset) && positive(divisor),
            "front_end.log needs a finite factor, offset and divisor above 0",
        )
    }

    /// Seconds from one column to the next.
    pub fn column_s(&self) -> f64 {
        f64::from(self.hop_samples) / f64::from(self.sample_rate_hz)
    }

    /// Number of columns of a sound of `samples`.
    pub fn column_count(&self, samples: u64) -> u64 {
        let before = u64::from(self.first_column_samples.unsigned_abs());
        (samples + before).div_ceil(u64::from(self.hop_samples))
    }
}

impl FrameRule {
    /// Says what is wrong with the rule, if anything is.
    ///
    /// # Errors
    /// A sentence naming the field and the values that are allowed.
    pub fn validate(&self) -> Result<(), String> {
        require(
            (1..=MAX_FRAME_COLUMNS).contains(&self.columns),
            "frames.columns must lie between 1 and 16384",
        )?;
        require(
            (1..=self.columns).contains(&self.hop_columns),
            "frames.hop_columns must lie between 1 and frames.columns",
        )
    }

    /// Number of frames made of `columns`.
    pub fn frame_count(&self, columns: u64) -> u64 {
        let (length, hop) = (u64::from(self.columns), u64::from(self.hop_columns));
        match columns.checked_sub(length) {
            None => u64::from(columns > 0),
            Some(rest) => {
                let aligned = self.tail == TailRule::AlignToEnd && !rest.is_multiple_of(hop);
                rest / hop + 1 + u64::from(aligned)
            }
        }
    }
}

fn positive(value: f32) -> bool {
    value.is_finite() && value > 0.0
}

fn require(condition: bool, message: &str) -> Result<(), String> {
    if condition { Ok(()) } else { Err(message.into()) }
}
