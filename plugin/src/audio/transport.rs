//! Where the host is and what its loop range is, in samples.

use nice_plug::prelude::Transport;

/// Positions farther out are nonsense, and arithmetic with them would overflow.
const FARTHEST: i64 = 1 << 50;

/// The host's position at the start of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// Whether the transport runs.
    pub playing: bool,
    /// Position on the timeline, samples.
    pub position: Option<i64>,
    /// The loop range in samples of the timeline, start before end; `None` when there is none or it is empty.
    pub loop_range: Option<(i64, i64)>,
}

/// Reads the transport. Lock-free.
///
/// A range that only comes in beats is measured from the current position, so that a tempo that changed on the way does
/// not move it. A reversed range means the stretch between its ends.
pub fn moment(transport: &Transport) -> Moment {
    let rate = f64::from(transport.sample_rate);
    let range = match (transport.loop_range_samples, transport.loop_range_seconds, transport.loop_range_beats)
    {
        (Some((start, end)), _, _) => Some((start as f64, end as f64)),
        (None, Some((start_s, end_s)), _) => Some((start_s * rate, end_s * rate)),
        (None, None, Some(beats)) => range_from_beats(transport, beats, rate),
        (None, None, None) => None,
    };
    Moment {
        playing: transport.playing,
        position: transport.pos_samples().map(|position| position.clamp(-FARTHEST, FARTHEST)),
        loop_range: range.and_then(|(start, end)| normalised(start, end)),
    }
}

fn range_from_beats(transport: &Transport, (start, end): (f64, f64), rate: f64) -> Option<(f64, f64)> {
    let samples_per_beat = 60.0 / transport.tempo.filter(|tempo| *tempo > 0.0)? * rate;
    let (position, beats) = match (transport.pos_samples, transport.pos_seconds, transport.pos_beats) {
        (Some(samples), _, Some(beats)) => (samples as f64, beats),
        (None, Some(seconds), Some(beats)) => (seconds * rate, beats),
        _ => (0.0, 0.0),
    };
    Some((position + (start - beats) * samples_per_beat, position + (end - beats) * samples_per_beat))
}

fn normalised(start: f64, end: f64) -> Option<(i64, i64)> {
    if !start.is_finite() || !end.is_finite() {
        return None;
    }
    let sample = |value: f64| (value.round() as i64).clamp(-FARTHEST, FARTHEST);
    let (start, end) = (sample(start.min(end)), sample(start.max(end)));
    (start < end).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reversed_range_is_turned_round_and_an_empty_one_is_none() {
        let mut transport = Transport::new(48_000.0);
        assert_eq!(moment(&transport).loop_range, None);
        transport.loop_range_seconds = Some((2.0, 1.0));
        assert_eq!(moment(&transport).loop_range, Some((48_000, 96_000)));
        transport.loop_range_seconds = Some((2.0, 2.0));
        assert_eq!(moment(&transport).loop_range, None);
        transport.loop_range_seconds = Some((f64::NAN, 2.0));
        assert_eq!(moment(&transport).loop_range, None);
    }

    #[test]
    fn a_range_in_beats_is_measured_from_the_position() {
        let mut transport = Transport::new(48_000.0);
        transport.tempo = Some(120.0);
        transport.pos_samples = Some(100_000);
        transport.pos_beats = Some(8.0);
        transport.loop_range_beats = Some((8.0, 12.0));
        assert_eq!(moment(&transport).loop_range, Some((100_000, 196_000)));
    }
}
