//! Audio passes through bit for bit, whatever it is and whatever the host does.

use crate::fixture::fixture;
use crate::host::Host;

/// Every kind of value that a sample can have.
fn awkward(length: usize, seed: u32) -> Vec<f32> {
    let special =
        [0.0, -0.0, 1.0, -1.0, f32::MIN_POSITIVE, 1e-42, -1e-45, f32::MAX, f32::INFINITY, f32::NAN, 0.1];
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state
    };
    (0..length)
        .map(|_| {
            let bits = next();
            if bits % 5 == 0 { special[(bits / 5) as usize % special.len()] } else { f32::from_bits(next()) }
        })
        .collect()
}

fn bits(audio: &[Vec<f32>]) -> Vec<Vec<u32>> {
    audio.iter().map(|channel| channel.iter().map(|sample| sample.to_bits()).collect()).collect()
}

fn assert_passes(host: &mut Host, input: &[Vec<f32>], when: &str) {
    let output = host.process(input);
    assert!(bits(&output) == bits(input), "{when}");
}

#[test]
fn every_bit_passes_at_every_rate_and_block_size() {
    let mut host = Host::new();
    for channels in [2, 1] {
        host.set_channels(channels);
        for rate_hz in [8_000.0, 44_100.0, 47_999.0, 48_000.0, 96_000.0, 192_000.0] {
            host.activate(rate_hz, 8192);
            host.transport.playing = true;
            for (at, length) in [1, 2, 3, 63, 64, 127, 441, 1024, 8191, 8192].into_iter().enumerate() {
                let input: Vec<_> =
                    (0..channels).map(|channel| awkward(length, (at * 2 + channel) as u32)).collect();
                assert_passes(
                    &mut host,
                    &input,
                    &format!("{channels} channels, {rate_hz} Hz, {length} samples"),
                );
            }
        }
    }
}

#[test]
fn every_bit_passes_offline_bypassed_reset_and_with_a_window() {
    let mut host = Host::with_library(&fixture().library, 48_000.0);
    let input = vec![awkward(512, 1), awkward(512, 2)];
    host.open_window();
    assert_passes(&mut host, &input, "with a window");
    host.reset();
    assert_passes(&mut host, &input, "after a reset");
    host.set_offline(true);
    host.activate(48_000.0, 512);
    assert_passes(&mut host, &input, "offline");
    host.set_offline(false);
    host.activate(48_000.0, 512);
    let events = host.set_parameter_by_name("Bypass", 1.0);
    let output = host.process_with(&input, &events);
    assert!(bits(&output) == bits(&input), "bypassed");
}

#[test]
fn what_the_analysis_cannot_take_is_dropped_and_counted_and_the_audio_goes_on() {
    let mut host = Host::new();
    host.activate(8_000.0, 8192);
    host.transport.playing = true;
    // Far more than the ring holds, far faster than real time.
    let input = vec![vec![0.25; 8192]; 2];
    for _ in 0..4_000 {
        host.process_timed(&input);
    }
    assert_passes(&mut host, &input, "with a full ring");
    host.wait_for("a count of what was dropped", |view| view.input.dropped_samples > 0);
}
