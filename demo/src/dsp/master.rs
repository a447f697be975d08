//! The last step of every take: no DC, faded ends, a known peak.

use super::Track;
use super::filter::Biquad;
use super::shape;
use crate::audio::Audio;

/// Finishes channels in work: high-pass against DC, raised-cosine fades, peak at `peak_db` dBFS over all
/// channels together.
pub(crate) fn finish(mut tracks: Vec<Track>, rate_hz: u32, peak_db: f64, fade_out_s: f64) -> Audio {
    let rate = f64::from(rate_hz);
    for track in &mut tracks {
        Biquad::highpass(20.0, 0.707, rate).run(track);
        fade(track, (0.002 * rate) as usize, (fade_out_s * rate) as usize);
    }
    let peak = tracks.iter().flatten().fold(0.0_f64, |peak, sample| peak.max(sample.abs()));
    let gain = if peak > 0.0 { shape::db(peak_db) / peak } else { 0.0 };
    let channels =
        tracks.iter().map(|track| track.iter().map(|sample| (sample * gain) as f32).collect()).collect();
    Audio { sample_rate_hz: rate_hz, channels }
}

fn fade(track: &mut [f64], fade_in: usize, fade_out: usize) {
    let length = track.len();
    let fade_in = fade_in.min(length / 4);
    let fade_out = fade_out.min(length / 2);
    for (offset, sample) in track.iter_mut().take(fade_in).enumerate() {
        *sample *= shape::rise(offset as f64 / fade_in as f64);
    }
    for (offset, sample) in track.iter_mut().rev().take(fade_out).enumerate() {
        *sample *= shape::rise(offset as f64 / fade_out as f64);
    }
}
