//! Samples in memory.

/// A sound: one `Vec` of samples per channel, all of the same length, full scale at ±1.
#[derive(Clone, Debug, PartialEq)]
pub struct Audio {
    /// Samples per second of each channel.
    pub sample_rate_hz: u32,
    /// `[channels][samples per channel]`.
    pub channels: Vec<Vec<f32>>,
}

impl Audio {
    /// Samples per channel: the shortest channel counts.
    pub fn samples_per_channel(&self) -> usize {
        self.channels.iter().map(Vec::len).min().unwrap_or(0)
    }

    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples_per_channel() as f64 / f64::from(self.sample_rate_hz)
    }

    /// The greatest magnitude over all channels.
    pub fn peak(&self) -> f32 {
        self.channels.iter().flatten().fold(0.0, |peak, sample| peak.max(sample.abs()))
    }

    /// The mean of all channels.
    pub fn to_mono(&self) -> Vec<f32> {
        let share = 1.0 / self.channels.len().max(1) as f32;
        (0..self.samples_per_channel())
            .map(|index| share * self.channels.iter().map(|channel| channel[index]).sum::<f32>())
            .collect()
    }
}
