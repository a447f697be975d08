//! The resampler by itself: length, alignment, flatness, rejection, any block size, any rate.

#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;

use earmark_engine::audio::MonoResampler;
use proptest::prelude::*;

fn sine(hz: f64, rate_hz: u32, count: usize) -> Vec<f32> {
    (0..count).map(|i| (2.0 * PI * hz * i as f64 / f64::from(rate_hz)).sin() as f32 * 0.5).collect()
}

fn resample(input: &[f32], from_hz: u32, to_hz: u32, block: usize) -> Vec<f32> {
    let mut resampler = MonoResampler::new(from_hz, to_hz);
    let mut out = Vec::new();
    input.chunks(block).for_each(|part| resampler.push(part, &mut out));
    resampler.finish(&mut out);
    out
}

fn expected_len(count: usize, from_hz: u32, to_hz: u32) -> usize {
    let (count, from, to) = (count as u128, u128::from(from_hz), u128::from(to_hz));
    ((2 * count * to + from) / (2 * from)) as usize
}

/// RMS of the difference to a sine of the same time, in dB of that sine, away from the ends.
fn error_db(got: &[f32], want: &[f32]) -> f64 {
    let inner = 600..want.len() - 600;
    let error: f64 = inner.clone().map(|i| f64::from(got[i] - want[i]).powi(2)).sum();
    let power: f64 = inner.map(|i| f64::from(want[i]).powi(2)).sum();
    10.0 * (error / power).log10()
}

#[test]
fn a_sine_keeps_its_level_and_its_time_at_every_usual_rate() {
    for from_hz in [8000, 11_025, 16_000, 22_050, 32_000, 48_000, 88_200, 96_000, 176_400, 192_000, 384_000] {
        for hz in [50.0, 997.0, 0.4 * f64::from(from_hz.min(44_100))] {
            let input = sine(hz, from_hz, from_hz as usize / 2);
            let got = resample(&input, from_hz, 44_100, 4096);
            assert_eq!(got.len(), expected_len(input.len(), from_hz, 44_100));
            let error = error_db(&got, &sine(hz, 44_100, got.len()));
            assert!(error < -95.0, "{hz} Hz from {from_hz} Hz: {error:.1} dB");
        }
    }
}

#[test]
fn rates_without_a_common_divisor_are_nearly_as_good() {
    for from_hz in [44_101, 47_951, 96_001, 12_347] {
        let input = sine(997.0, from_hz, from_hz as usize);
        let got = resample(&input, from_hz, 44_100, 1000);
        let error = error_db(&got, &sine(997.0, 44_100, got.len()));
        assert!(error < -90.0, "from {from_hz} Hz: {error:.1} dB");
    }
}

#[test]
fn what_lies_above_the_new_nyquist_frequency_is_gone() {
    for hz in [23_000.0, 30_000.0, 45_000.0] {
        let got = resample(&sine(hz, 96_000, 48_000), 96_000, 44_100, 5000);
        let loudest = got[600..got.len() - 600].iter().fold(0f32, |peak, sample| peak.max(sample.abs()));
        assert!(loudest < 0.5e-4, "{hz} Hz leaves {loudest}");
    }
}

#[test]
fn an_impulse_stays_where_it_was() {
    let mut input = vec![0.0; 48_000];
    input[24_000] = 1.0;
    let got = resample(&input, 48_000, 44_100, 777);
    let peak = (0..got.len()).max_by(|&a, &b| got[a].total_cmp(&got[b])).unwrap();
    assert_eq!(peak, 22_050);
}

#[test]
fn equal_rates_copy_bit_for_bit() {
    let input = sine(440.0, 44_100, 1000);
    assert!(resample(&input, 44_100, 44_100, 33) == input);
}

#[test]
fn the_longest_ratios_work() {
    assert_eq!(resample(&[0.5; 3000], 1_536_000, 8000, 1000).len(), 16);
    let up = resample(&[0.5; 10], 1, 44_100, 3);
    assert_eq!(up.len(), 441_000);
    assert!((up[220_500] - 0.5).abs() < 0.1);
}

#[test]
fn finishing_makes_ready_for_another_stream() {
    let input = sine(440.0, 48_000, 5000);
    let mut resampler = MonoResampler::new(48_000, 44_100);
    let mut first = Vec::new();
    resampler.push(&input, &mut first);
    resampler.finish(&mut first);
    let mut second = Vec::new();
    resampler.push(&input, &mut second);
    resampler.finish(&mut second);
    assert!(first == second);
}

#[test]
fn resampling_starts_anew_after_a_reset() {
    for from_hz in [48_000, 44_101] {
        let input = sine(440.0, from_hz, 5000);
        let mut resampler = MonoResampler::new(from_hz, 44_100);
        let mut out = Vec::new();
        resampler.push(&input[..3333], &mut out);
        resampler.reset();
        out.clear();
        resampler.push(&input, &mut out);
        resampler.finish(&mut out);
        assert!(out == resample(&input, from_hz, 44_100, 100), "from {from_hz} Hz");
    }
}

#[test]
fn extreme_pairs_of_rates_keep_their_length() {
    for (from_hz, to_hz, count) in [
        (1_536_000, 1_535_999, 20_000),
        (1_535_999, 1_536_000, 20_000),
        (1_536_000, 1, 3_000_000),
        (1000, 1_536_000, 3),
        (1_535_999, 1_000, 100_000),
        (7, 44_101, 3),
    ] {
        let got = resample(&vec![0.25; count], from_hz, to_hz, 10_007);
        assert_eq!(got.len(), expected_len(count, from_hz, to_hz), "{from_hz} to {to_hz} Hz");
        assert!(got.iter().all(|sample| sample.abs() < 0.5), "{from_hz} to {to_hz} Hz");
    }
}

#[test]
fn what_is_no_number_spoils_its_surroundings_and_nothing_else() {
    for from_hz in [48_000, 96_000, 22_050, 44_101, 44_100] {
        let clean = sine(440.0, from_hz, from_hz as usize);
        let expected = resample(&clean, from_hz, 44_100, 1000);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN] {
            let mut input = clean.clone();
            input[from_hz as usize / 2] = bad;
            let got = resample(&input, from_hz, 44_100, 1000);
            assert_eq!(got.len(), expected.len());
            let strayed = |(got, expected): (&f32, &f32)| got.is_nan() || (got - expected).abs() > 1e-6;
            let first = got.iter().zip(&expected).position(strayed).unwrap();
            let last = got.iter().zip(&expected).rposition(strayed).unwrap();
            assert!((21_000..=22_050).contains(&first), "{bad} at {from_hz} Hz: from {first}");
            assert!((22_050..=23_100).contains(&last), "{bad} at {from_hz} Hz: to {last}");
            let marked = got[first..=last].iter().any(|sample| sample.is_nan() || sample.abs() > 1e20);
            assert!(marked, "{bad} at {from_hz} Hz passes for audio");
        }
    }
}

#[test]
fn both_filters_have_their_impulses_at_the_same_time() {
    // 44,056, 44,101 and 47,952 Hz go through the interpolated filter, the others through the FFT.
    for from_hz in [22_050u32, 44_056, 44_101, 47_952, 48_000, 192_000] {
        let mut input = vec![0.0; from_hz as usize];
        input[from_hz as usize / 2] = 1.0;
        let got = resample(&input, from_hz, 44_100, 999);
        let weight: f64 = got.iter().map(|&sample| f64::from(sample)).sum();
        let moment: f64 = got.iter().enumerate().map(|(i, &sample)| i as f64 * f64::from(sample)).sum();
        let expected = f64::from(from_hz / 2) * 44_100.0 / f64::from(from_hz);
        assert!(
            (moment / weight - expected).abs() < 0.02,
            "from {from_hz} Hz: {}",
            moment / weight - expected
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn block_sizes_change_nothing(
        count in 0usize..4000, block in 1usize..3000, rate in prop::sample::select(vec![8000u32, 22_050, 48_000, 96_000, 44_101]),
    ) {
        let input = sine(700.0, rate, count);
        let whole = resample(&input, rate, 44_100, usize::MAX);
        prop_assert_eq!(whole.len(), expected_len(count, rate, 44_100));
        prop_assert!(resample(&input, rate, 44_100, block) == whole);
    }
}
