//! Decoding, mixing and resampling against the reference recordings of the original pipeline.

#![allow(clippy::unwrap_used)]

use std::f64::consts::PI;
use std::path::{Path, PathBuf};

use earmark_engine::audio::{AudioReader, MonoStream};

const RATE_HZ: u32 = 44_100;

fn reference() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference");
    if !folder.is_dir() {
        eprintln!("skipped: no reference data at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn mono(path: &Path) -> Vec<f32> {
    let mut stream = MonoStream::open(path, RATE_HZ).unwrap();
    let mut samples = Vec::new();
    while let Some(block) = stream.next_block().unwrap() {
        samples.extend_from_slice(block);
    }
    assert_eq!(stream.samples_out(), samples.len() as u64);
    samples
}

/// A one-dimensional float32 array in NumPy's format 1.0.
fn npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[10 + header..].as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
}

/// Samples of a canonical PCM WAV as the mean of the channels, read independently of the engine.
fn plain_wav_mono(bytes: &[u8]) -> (u32, Vec<f32>) {
    let (mut position, mut format) = (12, (0, 0, 0));
    loop {
        let id = &bytes[position..position + 4];
        let size = u32::from_le_bytes(bytes[position + 4..position + 8].try_into().unwrap()) as usize;
        let content = &bytes[position + 8..position + 8 + size];
        if id == b"fmt " {
            let rate = u32::from_le_bytes(content[4..8].try_into().unwrap());
            format = (usize::from(content[2]), rate, usize::from(content[14]));
        }
        if id == b"data" {
            let (channels, rate, bits) = format;
            let sample = |b: &[u8]| -> f64 {
                let value = b.iter().rev().fold(0i64, |value, &byte| value << 8 | i64::from(byte));
                let value = if value >= 1 << (bits - 1) { value - (1 << bits) } else { value };
                value as f64 / f64::from(1u32 << (bits - 1))
            };
            let tuples = content.chunks_exact(channels * bits / 8);
            let mean = |tuple: &[u8]| tuple.chunks_exact(bits / 8).map(sample).sum::<f64>() / channels as f64;
            return (rate, tuples.map(|tuple| mean(tuple) as f32).collect());
        }
        position += 8 + size + size % 2;
    }
}

fn power(samples: impl IntoIterator<Item = f64>) -> f64 {
    samples.into_iter().map(|sample| sample * sample).sum()
}

/// What lies below 16 kHz, by a windowed sinc of 129 taps whose stopband begins below 18 kHz.
fn passband(samples: &[f64]) -> Vec<f64> {
    let taps: Vec<f64> = (-64..=64)
        .map(|tap| {
            let (x, cutoff) = (f64::from(tap), 2.0 * 16_500.0 / f64::from(RATE_HZ));
            let sinc = if tap == 0 { cutoff } else { (PI * cutoff * x).sin() / (PI * x) };
            sinc * (0.42 + 0.5 * (PI * x / 65.0).cos() + 0.08 * (2.0 * PI * x / 65.0).cos())
        })
        .collect();
    samples.windows(taps.len()).map(|part| part.iter().zip(&taps).map(|(a, b)| a * b).sum()).collect()
}

#[test]
fn files_at_the_target_rate_come_out_bit_exact() {
    let Some(reference) = reference() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(reference.join("wav")).unwrap() {
        let path = entry.unwrap().path();
        let (rate, expected) = plain_wav_mono(&std::fs::read(&path).unwrap());
        if rate == RATE_HZ {
            assert!(mono(&path) == expected, "{}", path.display());
            compared += 1;
        }
    }
    assert!(compared >= 8, "only {compared} files");
}

#[test]
fn resampled_files_agree_with_libsamplerate() {
    let Some(reference) = reference() else { return };
    let mut compared = 0;
    for entry in std::fs::read_dir(reference.join("mono44k")).unwrap() {
        let expected = entry.unwrap().path();
        let wav = reference.join("wav").join(expected.file_stem().unwrap()).with_extension("wav");
        let (got, want) = (mono(&wav), npy(&expected));
        // libsamplerate's streaming interface loses up to one sample at the end.
        let len = want.len().min(got.len());
        assert!(got.len() - len <= 1 && want.len() == len, "{} and {} samples", got.len(), want.len());
        // The last samples of the original fade into a buffer that it does not flush.
        let len = len - 200;
        let error: Vec<f64> = (0..len).map(|i| f64::from(got[i] - want[i])).collect();
        let signal = power(want[..len].iter().map(|&sample| f64::from(sample)));
        let error_db = 10.0 * (power(error.iter().copied()) / signal).log10();
        let passband_error_db = 10.0 * (power(passband(&error)) / signal).log10();
        let name = wav.file_name().unwrap().display();
        println!("{name}: {error_db:.1} dB, in the common passband {passband_error_db:.1} dB");
        // Where both pass everything, they must agree: libsamplerate adds up its position in floating point, so
        // that the two drift apart by microseconds, which costs a speech of 48 kHz the most, -72.8 dB.
        assert!(passband_error_db < -65.0, "{name}: {passband_error_db:.1} dB in the passband");
        // Between 18 and 22 kHz the skirts of the two filters differ: ours is 6 dB down at 0.908 of the Nyquist
        // frequency, libsamplerate's at 0.919. A sweep through that band has -38 dB, wind -59 dB.
        assert!(error_db < -36.0, "{name}: {error_db:.1} dB");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} files");
}

#[test]
fn the_header_of_a_reference_file_is_reported() {
    let Some(reference) = reference() else { return };
    let reader = AudioReader::open(&reference.join("wav/wind_96k_stereo_5s.wav")).unwrap();
    let format = reader.format();
    assert_eq!((format.sample_rate_hz, format.channels), (96_000, 2));
    assert_eq!((format.bits_per_sample, format.samples_per_channel), (Some(16), Some(480_000)));
}
