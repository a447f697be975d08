//! The audio thread: what happens within `process()`.
//!
//! Nothing here allocates, locks, or calls the system. A [`Tap`] hands what was heard to the analysis through lock-free
//! rings; a [`Mixer`] adds the audition from another one. Both are made where allocation is allowed, in `activate()`,
//! and their other ends go to the threads that serve them.

mod mixer;
mod tap;
mod transport;

pub use mixer::{AuditionPort, AuditionSignals, Mixer};
pub use tap::{Block, Feed, Tap, TapSignals};
pub use transport::{Moment, moment};

/// Samples nearer to zero than −200 dB become zero before any arithmetic: some of them are subnormal numbers, on which
/// processors are many times slower. Compared as integers, because comparing them as floats is slow already. What is
/// not a number stays so.
pub(crate) fn flushed(sample: f32) -> f32 {
    const LEAST: u32 = 0x2edb_e6ff; // 1e-10
    let bits = sample.to_bits();
    if bits & 0x7fff_ffff < LEAST { 0.0 } else { sample }
}

#[cfg(test)]
mod tests {
    use super::flushed;

    #[test]
    fn only_what_is_far_below_hearing_is_flushed() {
        assert_eq!(flushed(1e-39), 0.0);
        assert_eq!(flushed(-1e-11), 0.0);
        assert_eq!(flushed(1e-9), 1e-9);
        assert_eq!(flushed(-0.5), -0.5);
        assert!(flushed(f32::NAN).is_nan());
    }
}
