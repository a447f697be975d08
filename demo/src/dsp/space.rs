//! Places: panning, and a room after M. Schroeder (*Natural Sounding Artificial Reverberation*, JAES 1962):
//! four combs beside each other, two all-passes behind, other delays on each side.

use super::Track;
use super::booth::Booth;
use core::f64::consts::FRAC_PI_4;

/// Gains left and right for a place from −1 (left) to 1 (right), equal power.
pub(crate) fn pan(place: f64) -> [f64; 2] {
    let angle = FRAC_PI_4 * (1.0 + place.clamp(-1.0, 1.0));
    [libm::cos(angle), libm::sin(angle)]
}

/// Two sides made by the same process with other chances: wide sources such as rain.
pub(crate) fn both(mut side: impl FnMut() -> Track) -> [Track; 2] {
    [side(), side()]
}

/// Adds a track to another.
pub(crate) fn mix(into: &mut [f64], track: &[f64], gain: f64) {
    for (sample, add) in into.iter_mut().zip(track) {
        *sample += gain * add;
    }
}

/// A room.
#[derive(Clone, Copy)]
pub(crate) struct Room {
    pub(crate) t60_s: f64,
    /// Scale of the delays: 1 is a hall, 0.3 a small room, 3 a valley.
    pub(crate) size: f64,
    /// Share of the reverberation, 0 to 1.
    pub(crate) wet: f64,
}

/// A mono track in a room, heard in stereo.
pub(crate) fn stereo(booth: &Booth, track: &[f64], room: Room) -> [Track; 2] {
    [reverberate(booth, track, room, 0.0), reverberate(booth, track, room, 0.0011)]
}

/// A track in a room; `offset_s` lengthens all delays and so makes a second, decorrelated ear.
pub(crate) fn reverberate(booth: &Booth, track: &[f64], room: Room, offset_s: f64) -> Track {
    const COMBS_S: [f64; 4] = [0.0297, 0.0371, 0.0411, 0.0437];
    const ALLPASSES_S: [f64; 2] = [0.005, 0.0017];
    let mut wet = vec![0.0; track.len()];
    for delay_s in COMBS_S {
        let delay_s = (delay_s + offset_s) * room.size;
        comb(track, &mut wet, booth.samples(delay_s).max(1), super::shape::decay(delay_s, room.t60_s));
    }
    for delay_s in ALLPASSES_S {
        allpass(&mut wet, booth.samples(delay_s + 0.3 * offset_s).max(1));
    }
    track.iter().zip(&wet).map(|(dry, wet)| (1.0 - room.wet) * dry + room.wet * 0.4 * wet).collect()
}

/// Feedback comb with a little loss of treble in its loop, as air and walls have.
fn comb(track: &[f64], out: &mut [f64], delay: usize, feedback: f64) {
    let mut line = vec![0.0; delay];
    let mut softened = 0.0;
    for (index, (input, output)) in track.iter().zip(out).enumerate() {
        let delayed = line[index % delay];
        softened += 0.7 * (delayed - softened);
        line[index % delay] = input + feedback * softened;
        *output += delayed;
    }
}

fn allpass(track: &mut [f64], delay: usize) {
    const GAIN: f64 = 0.7;
    let mut line = vec![0.0; delay];
    for (index, sample) in track.iter_mut().enumerate() {
        let delayed = line[index % delay];
        let input = *sample + GAIN * delayed;
        *sample = delayed - GAIN * input;
        line[index % delay] = input;
    }
}
