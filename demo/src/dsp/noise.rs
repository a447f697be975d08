//! Endless noise of three colours.

use super::Track;
use crate::rng::Rng;

/// Flat spectrum.
pub(crate) fn white(rng: &mut Rng, samples: usize) -> Track {
    (0..samples).map(|_| rng.bipolar()).collect()
}

/// About −3 dB an octave: P. Kellet's "economy" filter, within 0.5 dB above 40 Hz at 44.1 kHz.
pub(crate) fn pink(rng: &mut Rng, samples: usize) -> Track {
    let mut poles = [0.0; 3];
    (0..samples)
        .map(|_| {
            let white = rng.bipolar();
            poles[0] = 0.99765 * poles[0] + 0.0990460 * white;
            poles[1] = 0.963 * poles[1] + 0.2965164 * white;
            poles[2] = 0.57 * poles[2] + 1.0526913 * white;
            0.25 * (poles[0] + poles[1] + poles[2] + 0.1848 * white)
        })
        .collect()
}

/// About −6 dB an octave: a leaky sum, scaled to be about as loud as the others.
pub(crate) fn brown(rng: &mut Rng, samples: usize) -> Track {
    let mut sum = 0.0;
    (0..samples)
        .map(|_| {
            sum = 0.996 * sum + 0.1 * rng.bipolar();
            sum
        })
        .collect()
}
