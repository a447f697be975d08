//! The spectrogram against the original front end of aiSFX.
#![allow(clippy::unwrap_used)]

mod reference_data;

use earmark_engine::audio::MonoStream;
use earmark_engine::network::{CARD_FILE, Card};
use earmark_engine::spectrogram::{FrontEnd, MelExtractor, MelFilterbank, WindowKind, mel_edges_hz};
use reference_data::{aisfx_dir, largest_difference, read_npy, reference_dir, sounds};

fn front_end() -> FrontEnd {
    Card::read(&aisfx_dir().join(CARD_FILE)).unwrap().front_end
}

/// Mel columns one after another, before the card's division, as the reference keeps them.
fn undivided_mel(front_end: &FrontEnd, mut samples: &[f32]) -> Vec<f32> {
    let mut mel = MelExtractor::new(front_end);
    let mut columns = Vec::new();
    while let Some(column) = mel.push(&mut samples) {
        columns.extend_from_slice(column);
    }
    while let Some(column) = mel.finish() {
        columns.extend_from_slice(column);
    }
    columns.iter().map(|value| value * front_end.log.divisor).collect()
}

#[test]
fn window_edges_and_filterbank_are_those_of_the_original() {
    let Some(reference) = reference_dir() else { return };
    let front_end = front_end();

    let window = read_npy(&reference.join("hann2048_symmetric_f32.npy"));
    let found: Vec<f32> =
        WindowKind::HannSymmetric.samples(2048).iter().map(|&weight| weight as f32).collect();
    let difference = largest_difference(&found, &window.values);
    assert!(difference < 1e-6, "window: {difference}");

    let edges = read_npy(&reference.join("band_edges_hz_f32.npy"));
    let difference = largest_difference(&mel_edges_hz(&front_end), &edges.values);
    assert!(difference < 0.01, "edges: {difference} Hz");

    let weights = read_npy(&reference.join("filterbank_96x1025_f32.npy"));
    assert_eq!(weights.shape, [96, 1025]);
    let difference = largest_difference(&MelFilterbank::new(&front_end).to_dense(), &weights.values);
    assert!(difference < 2e-6, "filterbank: {difference}");
}

#[test]
fn mel_columns_are_within_2e_4_of_the_original() {
    let Some(reference) = reference_dir() else { return };
    let front_end = front_end();
    for (name, rate_hz) in sounds(&reference) {
        let samples = if rate_hz == front_end.sample_rate_hz {
            let path = reference.join("wav").join(format!("{name}.wav"));
            let mut stream = MonoStream::open(&path, rate_hz).unwrap();
            let mut samples = Vec::new();
            while let Some(block) = stream.next_block().unwrap() {
                samples.extend_from_slice(block);
            }
            samples
        } else {
            // The original's own resampling, so that the spectrogram alone is compared.
            read_npy(&reference.join("mono44k").join(format!("{name}.npy"))).values
        };
        let expected = read_npy(&reference.join("mel").join(format!("{name}.npy")));
        let mel = undivided_mel(&front_end, &samples);
        assert_eq!(mel.len(), expected.values.len(), "{name}: number of columns");
        assert_eq!(front_end.column_count(samples.len() as u64), expected.shape[0] as u64, "{name}");
        let difference = largest_difference(&mel, &expected.values);
        println!("{name}: {difference:.2e}");
        assert!(difference < 2e-4, "{name}: {difference}");
    }
}
