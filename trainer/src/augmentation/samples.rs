//! Changes to the samples of a sound: speed as a tape's, pitch without the length.

use std::f64::consts::PI;

use earmark_engine::audio::MonoResampler;

/// Length of the pieces that pitch shifting cuts a sound into, in seconds.
const PIECE_S: f64 = 0.04;
/// How far a piece may be moved to fit to the one before, in seconds.
const SEEK_S: f64 = 0.012;
/// Rates are ratios of this number.
const RATE: f64 = 44_100.0;

/// Plays samples `factor` times as fast, as a tape: pitch follows. Factors are kept between 0.25 and 4.
pub fn change_speed(samples: &[f32], factor: f64) -> Vec<f32> {
    let out_hz = (RATE / factor.clamp(0.25, 4.0)).round() as u32;
    let mut resampler = MonoResampler::new(RATE as u32, out_hz);
    let mut out = Vec::new();
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out
}

/// Raises the pitch by `semitones` and keeps the length: the sound is stretched, then played faster.
pub fn change_pitch(samples: &[f32], semitones: f64, sample_rate_hz: u32) -> Vec<f32> {
    let factor = (semitones.clamp(-24.0, 24.0) / 12.0).exp2();
    let stretched = stretch(samples, factor, f64::from(sample_rate_hz));
    let mut out = change_speed(&stretched, factor);
    out.resize(samples.len(), 0.0);
    out
}

/// Lengthens samples `factor` times at their pitch: overlapping pieces, each moved to where it resembles most what
/// would have followed the piece before (WSOLA; Verhelst and Roelands, ICASSP 1993).
fn stretch(samples: &[f32], factor: f64, sample_rate_hz: f64) -> Vec<f32> {
    let piece = (PIECE_S * sample_rate_hz) as usize & !1;
    let (step, seek) = (piece / 2, (SEEK_S * sample_rate_hz) as usize);
    let length = (samples.len() as f64 * factor).round() as usize;
    if step == 0 || samples.len() < piece + seek {
        return change_speed(samples, 1.0 / factor);
    }
    let window: Vec<f32> =
        (0..piece).map(|at| (0.5 - 0.5 * (2.0 * PI * at as f64 / piece as f64).cos()) as f32).collect();
    let last = samples.len() - piece;
    let mut out = vec![0.0; length + piece];
    let mut follows: Option<usize> = None;
    // The first half window has none before it to add up with.
    samples
        .iter()
        .zip(&window[step..])
        .take(step)
        .zip(&mut out)
        .for_each(|((sample, weight), out)| *out += sample * weight);
    for start in (0..length).step_by(step) {
        let wanted = ((start as f64 / factor) as usize).min(last);
        let from = follows.map_or(wanted, |follows| {
            let natural = &samples[follows.min(last)..follows.min(last) + step];
            let alike = |&from: &usize| {
                let piece = &samples[from..from + step];
                // Every fourth sample tells enough.
                let products = piece.iter().zip(natural).step_by(4).map(|(left, right)| left * right);
                let power = piece.iter().step_by(4).map(|sample| sample * sample).sum::<f32>();
                products.sum::<f32>() / (power + 1e-9).sqrt()
            };
            let range = wanted.saturating_sub(seek)..=(wanted + seek).min(last);
            range.step_by(2).max_by(|left, right| alike(left).total_cmp(&alike(right))).unwrap_or(wanted)
        });
        let piece = samples[from..from + piece].iter().zip(&window);
        for (out, (sample, weight)) in out[start..].iter_mut().zip(piece) {
            *out += sample * weight;
        }
        follows = Some(from + step);
    }
    out.truncate(length);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE_HZ: u32 = 44_100;

    fn tone(hz: f64, samples: usize) -> Vec<f32> {
        (0..samples).map(|at| (2.0 * PI * hz * at as f64 / f64::from(RATE_HZ)).sin() as f32 * 0.5).collect()
    }

    /// Frequency by counting how often the middle half rises through zero.
    fn frequency_hz(samples: &[f32]) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let rises = middle.windows(2).filter(|pair| pair[0] <= 0.0 && pair[1] > 0.0).count();
        rises as f64 * f64::from(RATE_HZ) / middle.len() as f64
    }

    #[test]
    fn speed_changes_length_and_pitch() {
        let changed = change_speed(&tone(440.0, 44_100), 1.25);
        assert!((changed.len() as f64 - 35_280.0).abs() < 2.0, "{}", changed.len());
        assert!((frequency_hz(&changed) - 550.0).abs() < 5.0, "{}", frequency_hz(&changed));
    }

    #[test]
    fn pitch_changes_without_the_length() {
        for semitones in [-3.0, 4.0] {
            let changed = change_pitch(&tone(440.0, 44_100), semitones, RATE_HZ);
            assert_eq!(changed.len(), 44_100);
            let expected = 440.0 * (semitones / 12.0_f64).exp2();
            assert!((frequency_hz(&changed) / expected - 1.0).abs() < 0.02, "{}", frequency_hz(&changed));
            let power = |samples: &[f32]| samples.iter().map(|sample| sample * sample).sum::<f32>();
            let ratio = power(&changed[4_000..40_000]) / power(&tone(440.0, 44_100)[4_000..40_000]);
            assert!((0.8..1.2).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn the_shortest_sounds_pass() {
        for length in [0, 1, 100, 3_000] {
            assert_eq!(change_pitch(&tone(440.0, length), 2.0, RATE_HZ).len(), length);
            change_speed(&tone(440.0, length), 0.9);
        }
    }
}
