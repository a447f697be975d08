//! A captured region: mono samples at the host's rate, and which of them were heard.

use std::ops::Range;

use super::spans::Spans;
use crate::exchange::{Peak, Peaks};

/// Stretches of a waveform on display.
const PEAKS: usize = 2048;

/// Mono audio that may have holes.
#[derive(Clone, Debug)]
pub(crate) struct RegionAudio {
    rate_hz: u32,
    samples: Vec<f32>,
    heard: Spans,
}

impl RegionAudio {
    /// A region without samples, to be appended to.
    pub(crate) fn growing(rate_hz: u32) -> Self {
        Self { rate_hz: rate_hz.max(1), samples: Vec::new(), heard: Spans::default() }
    }

    /// A region of known length of which nothing was heard.
    pub(crate) fn of_length(rate_hz: u32, samples: usize) -> Self {
        Self { rate_hz: rate_hz.max(1), samples: vec![0.0; samples], heard: Spans::default() }
    }

    /// A region heard whole.
    pub(crate) fn whole(rate_hz: u32, samples: Vec<f32>) -> Self {
        let mut heard = Spans::default();
        heard.insert(0..samples.len());
        Self { rate_hz: rate_hz.max(1), samples, heard }
    }

    /// Rate, Hz.
    pub(crate) fn rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Length in samples.
    pub(crate) fn len(&self) -> usize {
        self.samples.len()
    }

    /// Length in seconds.
    pub(crate) fn duration_s(&self) -> f64 {
        self.seconds(self.len())
    }

    /// The samples; those not heard are zero.
    pub(crate) fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// What was heard.
    pub(crate) fn heard(&self) -> &Spans {
        &self.heard
    }

    /// Whether all was heard.
    pub(crate) fn is_complete(&self) -> bool {
        !self.samples.is_empty() && self.heard.contains(&(0..self.len()))
    }

    /// Adds samples at the end.
    pub(crate) fn append(&mut self, samples: &[f32]) {
        let start = self.len();
        self.samples.extend_from_slice(samples);
        self.heard.insert(start..self.len());
    }

    /// Writes samples into the region; returns the stretch that is now different from what was known, if any.
    pub(crate) fn write(&mut self, at: usize, samples: &[f32]) -> Option<Range<usize>> {
        let at = at.min(self.len());
        let samples = &samples[..samples.len().min(self.len() - at)];
        let span = at..at + samples.len();
        let known = self.heard.contains(&span);
        let target = &mut self.samples[span.clone()];
        if known && target.iter().zip(samples).all(|(old, new)| old.to_bits() == new.to_bits()) {
            return None;
        }
        target.copy_from_slice(samples);
        self.heard.insert(span.clone());
        (!span.is_empty()).then_some(span)
    }

    /// A time as a sample.
    pub(crate) fn sample_at(&self, seconds: f64) -> usize {
        ((seconds.max(0.0) * f64::from(self.rate_hz)).round() as usize).min(self.len())
    }

    /// A sample as a time.
    pub(crate) fn seconds(&self, sample: usize) -> f64 {
        sample as f64 / f64::from(self.rate_hz)
    }

    /// What was heard, in seconds.
    pub(crate) fn heard_s(&self) -> Vec<Range<f64>> {
        self.heard.iter().map(|span| self.seconds(span.start)..self.seconds(span.end)).collect()
    }

    /// The part between leading and trailing silence; empty when all of it is softer than the threshold.
    pub(crate) fn trimmed(&self, threshold_db: f32) -> Range<usize> {
        let threshold = 10.0_f32.powf(threshold_db / 20.0);
        let loud = |sample: &f32| sample.abs() > threshold;
        match (self.samples.iter().position(loud), self.samples.iter().rposition(loud)) {
            (Some(first), Some(last)) => first..last + 1,
            _ => 0..0,
        }
    }

    /// Its waveform.
    pub(crate) fn peaks(&self) -> Peaks {
        peaks_of(&self.samples, PEAKS)
    }
}

/// The waveform of samples in at most `count` stretches.
pub(crate) fn peaks_of(samples: &[f32], count: usize) -> Peaks {
    let count = count.min(samples.len());
    let stretch = |at: usize| {
        let part = &samples[at * samples.len() / count..(at + 1) * samples.len() / count];
        let (mut low, mut high) = (f32::INFINITY, f32::NEG_INFINITY);
        for sample in part {
            low = low.min(*sample);
            high = high.max(*sample);
        }
        // What is not a number is drawn as nothing.
        if low <= high { Peak { low, high } } else { Peak::default() }
    };
    Peaks { stretches: (0..count).map(stretch).collect() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn silence_at_the_ends_is_trimmed_at_the_threshold() {
        let mut samples = vec![0.0; 100];
        samples[20] = 0.01;
        samples[60] = -0.5;
        samples[80] = 0.0001;
        let region = RegionAudio::whole(100, samples);
        assert_eq!(region.trimmed(-60.0), 20..61);
        assert_eq!(region.trimmed(-100.0), 20..81);
        assert_eq!(region.trimmed(-10.0), 60..61);
        assert!(region.trimmed(-1.0).is_empty());
    }

    #[test]
    fn writing_what_is_known_already_changes_nothing() {
        let mut region = RegionAudio::of_length(100, 10);
        assert_eq!(region.write(2, &[0.0, 1.0]), Some(2..4));
        assert_eq!(region.write(2, &[0.0, 1.0]), None);
        assert_eq!(region.write(3, &[0.5]), Some(3..4));
        assert_eq!(region.write(8, &[1.0; 5]), Some(8..10));
        assert!(!region.is_complete());
        region.write(0, &[0.0; 10]).unwrap();
        assert!(region.is_complete());
    }
}
