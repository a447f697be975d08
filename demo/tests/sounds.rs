//! What the demo library promises about its sounds and their names.
#![allow(clippy::unwrap_used)]

use earmark_demo::{Audio, DemoSound, HIDDEN_BELL, library, recipes, render};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

const SEED: u64 = 1;

static LIBRARY: LazyLock<Vec<(DemoSound, Audio)>> = LazyLock::new(|| {
    library(SEED)
        .into_iter()
        .map(|sound| {
            let audio = sound.render();
            (sound, audio)
        })
        .collect()
});

/// FNV-1a, 64 bits.
fn hash(bytes: impl IntoIterator<Item = u8>) -> u64 {
    bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn all_bytes() -> impl Iterator<Item = u8> {
    LIBRARY.iter().flat_map(|(sound, audio)| sound.format.encode(audio, &sound.chunks()))
}

#[test]
fn the_library_is_large_and_varied_enough() {
    let categories: BTreeSet<_> = LIBRARY.iter().map(|(sound, _)| sound.category).collect();
    let cat_ids: BTreeSet<_> = LIBRARY.iter().map(|(sound, _)| sound.cat_id).collect();
    let formats: BTreeSet<_> = LIBRARY.iter().map(|(sound, _)| format!("{:?}", sound.format)).collect();
    let rates: BTreeSet<_> = LIBRARY.iter().map(|(_, audio)| audio.sample_rate_hz).collect();
    let channels: BTreeSet<_> = LIBRARY.iter().map(|(_, audio)| audio.channels.len()).collect();
    assert!(LIBRARY.len() >= 72, "{} sounds", LIBRARY.len());
    assert!(categories.len() >= 20, "{categories:?}");
    assert!(cat_ids.len() >= 30, "{cat_ids:?}");
    assert!(formats.len() >= 9, "{formats:?}");
    assert_eq!(rates, BTreeSet::from([44_100, 48_000, 96_000]));
    assert_eq!(channels, BTreeSet::from([1, 2]));
}

#[test]
fn the_library_is_short_enough_to_index_while_one_waits() {
    let total_s: f64 = LIBRARY.iter().map(|(_, audio)| audio.duration_s()).sum();
    assert!((240.0..390.0).contains(&total_s), "{total_s} s");
    for (sound, audio) in LIBRARY.iter().filter(|(sound, _)| !HIDDEN_BELL.is_in(sound)) {
        assert!((0.3..12.0).contains(&audio.duration_s()), "{}: {} s", sound.file_name, audio.duration_s());
    }
}

#[test]
fn every_sound_is_finite_level_and_free_of_dc_with_faded_ends() {
    for (sound, audio) in LIBRARY.iter() {
        let name = &sound.file_name;
        assert!(audio.channels.iter().flatten().all(|sample| sample.is_finite()), "{name}");
        let peak_db = 20.0 * audio.peak().log10();
        assert!((-12.05..=-1.0).contains(&peak_db), "{name}: peak {peak_db} dBFS");
        for channel in &audio.channels {
            assert_eq!(channel.len(), audio.samples_per_channel(), "{name}");
            let mean = channel.iter().map(|sample| f64::from(*sample)).sum::<f64>() / channel.len() as f64;
            assert!(mean.abs() < 1e-4, "{name}: DC {mean}");
            let ends = channel[..4].iter().chain(&channel[channel.len() - 4..]);
            assert!(ends.fold(0.0_f32, |peak, sample| peak.max(sample.abs())) < 1e-3, "{name}");
            let square = channel.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>();
            assert!(square / channel.len() as f64 > 1e-6, "{name} is nearly silent");
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_other_ones() {
    let first = hash(all_bytes());
    let second = hash(library(SEED).iter().flat_map(DemoSound::encode));
    assert_eq!(first, second);
    for recipe in recipes::all() {
        assert_ne!(recipe.render(SEED, 1), recipe.render(SEED + 1, 1), "{}", recipe.name);
        assert_ne!(recipe.render(SEED, 1), recipe.render(SEED, 2), "{}", recipe.name);
    }
}

#[test]
fn the_bytes_are_the_same_on_every_platform() {
    // Changes with every change to a recipe, an encoder or the metadata, and with nothing else.
    assert_eq!(format!("{:016x}", hash(all_bytes())), "191822d524bd75f3");
}

#[test]
fn names_have_the_shape_of_ucs() {
    let mut names = BTreeSet::new();
    for (sound, _) in LIBRARY.iter() {
        let (stem, extension) = sound.file_name.rsplit_once('.').unwrap();
        let blocks: Vec<&str> = stem.split('_').collect();
        assert_eq!(blocks, [sound.cat_id, sound.fx_name.as_str(), "EMRK", "DEMO"]);
        assert_eq!(extension, sound.format.extension());
        // UCS asks for FXNames below 25 characters.
        assert!(sound.fx_name.len() <= 25, "{}", sound.fx_name);
        assert!(sound.fx_name.ends_with(&format!(" {:02}", sound.take)));
        assert!(names.insert(sound.relative_path()), "{} twice", sound.file_name);
    }
}

#[test]
fn every_cat_id_stands_in_the_official_list_with_its_category() {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/ucs/ucs_v8.2.1.csv");
    let Ok(text) = std::fs::read_to_string(&list) else {
        eprintln!("skipped: {} is absent", list.display());
        return;
    };
    let known: BTreeSet<String> =
        text.lines().map(|line| line.split(',').take(3).collect::<Vec<_>>().join(",")).collect();
    for recipe in recipes::all() {
        let line = format!("{},{},{}", recipe.category, recipe.sub_category, recipe.cat_id);
        assert!(known.contains(&line), "{line}");
    }
}

#[test]
fn unknown_recipes_are_none_and_known_ones_have_any_number_of_takes() {
    assert!(render("kazoo", SEED, 1).is_none());
    let seventh = render("church_bell", SEED, 7).unwrap();
    assert_ne!(Some(seventh), render("church_bell", SEED, 8));
}

#[test]
fn most_sounds_are_nearest_to_another_take_of_their_recipe() {
    let features: Vec<Vec<f32>> = LIBRARY.iter().map(|(_, audio)| spectral_feature(audio)).collect();
    let (mut asked, mut found, mut missed) = (0, 0, Vec::new());
    for (index, (sound, _)) in LIBRARY.iter().enumerate() {
        if recipes::find(sound.recipe).unwrap().takes < 2 {
            continue;
        }
        let nearest = (0..features.len())
            .filter(|other| *other != index)
            .min_by(|a, b| {
                distance(&features[index], &features[*a])
                    .total_cmp(&distance(&features[index], &features[*b]))
            })
            .unwrap();
        asked += 1;
        if LIBRARY[nearest].0.recipe == sound.recipe {
            found += 1;
        } else {
            missed.push((sound.recipe, LIBRARY[nearest].0.recipe));
        }
    }
    assert!(f64::from(found) >= 0.85 * f64::from(asked), "{found} of {asked}: {missed:?}");
}

#[test]
fn takes_of_a_recipe_are_not_copies() {
    let features: Vec<Vec<f32>> = LIBRARY.iter().map(|(_, audio)| spectral_feature(audio)).collect();
    for (index, pair) in LIBRARY.windows(2).enumerate() {
        if pair[0].0.recipe == pair[1].0.recipe {
            let apart = distance(&features[index], &features[index + 1]);
            assert!(apart > 0.05, "{}: takes only {apart} apart", pair[0].0.recipe);
        }
    }
}

#[test]
fn the_hidden_bell_strikes_when_it_should_and_only_then() {
    let (_, audio) = LIBRARY.iter().find(|(sound, _)| HIDDEN_BELL.is_in(sound)).unwrap();
    assert!((59.0..61.0).contains(&audio.duration_s()));
    assert!(recipes::find(HIDDEN_BELL.bell_recipe).is_some());
    // The bell's hum and prime lie where the leaves are quiet.
    let rate_hz = audio.sample_rate_hz as usize;
    let mono = audio.to_mono();
    let level = |from_s: f64| {
        let start = (from_s * rate_hz as f64) as usize;
        [185.0, 370.0]
            .iter()
            .map(|freq_hz| goertzel(&mono[start..start + rate_hz / 2], *freq_hz, rate_hz))
            .sum::<f64>()
    };
    let bell = level(HIDDEN_BELL.at_s + 0.05);
    for tenths in (0..590).filter(|tenths| !(370..500).contains(tenths)) {
        let elsewhere = level(f64::from(tenths) / 10.0);
        assert!(bell > 10.0 * elsewhere, "at {} s: {elsewhere} against {bell}", f64::from(tenths) / 10.0);
    }
}

fn goertzel(samples: &[f32], freq_hz: f64, rate_hz: usize) -> f64 {
    let coefficient = 2.0 * (std::f64::consts::TAU * freq_hz / rate_hz as f64).cos();
    let (last, previous) = samples.iter().fold((0.0, 0.0), |(last, previous), sample| {
        (f64::from(*sample) + coefficient * last - previous, last)
    });
    last * last + previous * previous - coefficient * last * previous
}

/// Mean and spread over time of the log energy in 24 bands from 60 Hz to 18 kHz.
fn spectral_feature(audio: &Audio) -> Vec<f32> {
    const BANDS: usize = 24;
    let mono = audio.to_mono();
    let window = if audio.sample_rate_hz > 50_000 { 4096 } else { 2048 };
    let transform = realfft::RealFftPlanner::<f32>::new().plan_fft_forward(window);
    let mut spectrum = transform.make_output_vec();
    let mut levels: Vec<[f32; BANDS]> = Vec::new();
    for block in mono.chunks_exact(window) {
        let mut windowed: Vec<f32> = (0..window)
            .map(|i| block[i] * (0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / window as f32).cos()))
            .collect();
        transform.process(&mut windowed, &mut spectrum).unwrap();
        let mut bands = [1e-4_f32; BANDS];
        for (bin, value) in spectrum.iter().enumerate() {
            let freq_hz = bin as f32 * audio.sample_rate_hz as f32 / window as f32;
            let band = (freq_hz / 60.0).ln() / (18_000.0_f32 / 60.0).ln() * BANDS as f32;
            if (0.0..BANDS as f32).contains(&band) {
                bands[band as usize] += value.norm_sqr();
            }
        }
        levels.push(bands.map(f32::log10));
    }
    let count = levels.len() as f32;
    let mean: Vec<f32> =
        (0..BANDS).map(|band| levels.iter().map(|level| level[band]).sum::<f32>() / count).collect();
    let spread: Vec<f32> = (0..BANDS)
        .map(|band| {
            (levels.iter().map(|level| (level[band] - mean[band]).powi(2)).sum::<f32>() / count).sqrt()
        })
        .collect();
    mean.into_iter().chain(spread).collect()
}

fn distance(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}
