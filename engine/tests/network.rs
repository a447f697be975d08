//! Cards, models on disk, and running a network, with the model of the repository.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use earmark_engine::audio::MonoStream;
use earmark_engine::network::{
    CARD_FILE, Card, EmbedError, Embedder, FrameEmbedder, ModelError, Network, available_models, find_model,
};
use proptest::prelude::*;

fn models_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models")
}

fn card_text() -> String {
    fs::read_to_string(models_dir().join("aisfx").join(CARD_FILE)).unwrap()
}

fn card_error(text: &str) -> String {
    let error = Card::parse(text, Path::new("some/card.toml")).unwrap_err();
    assert!(matches!(error, ModelError::Card { .. }));
    let message = error.to_string();
    assert!(message.contains("some/card.toml"), "{message}");
    message
}

/// The card with the first line that starts with `key` replaced.
fn with_line(key: &str, line: &str) -> String {
    let text = card_text();
    assert!(text.lines().any(|old| old.starts_with(key)), "{key}");
    let mut replaced = false;
    let lines = text.lines().map(|old| {
        let replace = !replaced && old.starts_with(key);
        replaced |= replace;
        if replace { line } else { old }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_card_survives_being_written_and_read() {
    let card = Card::parse(&card_text(), Path::new(CARD_FILE)).unwrap();
    let written = card.to_toml(Path::new(CARD_FILE)).unwrap();
    assert_eq!(Card::parse(&written, Path::new(CARD_FILE)).unwrap(), card);
}

#[test]
fn a_card_with_a_field_too_many_too_few_or_impossible_is_refused() {
    assert!(card_error("").contains("missing field"));
    assert!(card_error("this is not toml").contains("expected"));
    assert!(card_error(&format!("colour = 3\n{}", card_text())).contains("colour"));
    assert!(card_error(&with_line("version", "")).contains("version"));
    assert!(card_error(&with_line("format", "format = 2")).contains("format 2"));
    assert!(card_error(&with_line("name", "name = \"../evil\"")).contains("name"));
    assert!(card_error(&with_line("file", "file = \"/etc/passwd\"")).contains("network.file"));
    assert!(card_error(&with_line("sha256", "sha256 = \"12\"")).contains("network.sha256"));
    assert!(
        card_error(&with_line("embedding_size", "embedding_size = 4000000000")).contains("embedding_size")
    );
    assert!(card_error(&with_line("input_shape", "input_shape = [1, 1, 96, 100]")).contains("input_shape"));
    assert!(card_error(&with_line("input_shape", "input_shape = [2, 1, 100, 96]")).contains("input_shape"));
    assert!(card_error(&with_line("output_shape", "output_shape = [512]")).contains("output_shape"));
    assert!(card_error(&with_line("sample_rate_hz", "sample_rate_hz = 0")).contains("sample_rate_hz"));
    assert!(card_error(&with_line("max_hz", "max_hz = nan")).contains("max_hz"));
    assert!(card_error(&with_line("factor", "factor = inf")).contains("log"));
    assert!(card_error(&with_line("window =", "window = \"kaiser\"")).contains("kaiser"));
    assert!(card_error(&with_line("hop_columns", "hop_columns = 101")).contains("hop_columns"));
    assert!(card_error(&with_line("anchors", "anchors = [[0.0, 0.0]]")).contains("anchors"));
    assert!(card_error(&with_line("anchors", "anchors = [[0.5, 0.0], [0.5, 100.0]]")).contains("rise"));
    assert!(
        card_error(&with_line("anchors", "anchors = [[0.0, nan], [0.5, 100.0]]")).contains("percentages")
    );
    let short = card_text().split("[centring]").next().unwrap().to_owned() + "[centring]\nmean = [1.0]\n";
    assert!(card_error(&short).contains("centring.mean"));
    assert!(card_error(&"#".repeat(3 << 20)).contains("longer"));
}

#[test]
fn a_model_is_found_by_name_and_by_path() {
    let search = [PathBuf::from("/nowhere"), models_dir()];
    let folder = models_dir().join("aisfx");
    assert_eq!(find_model(Path::new("aisfx"), &search).unwrap(), folder);
    assert_eq!(find_model(&folder, &[]).unwrap(), folder);
    assert_eq!(find_model(&folder.join(CARD_FILE), &[]).unwrap(), folder);
    assert!(available_models(&search).contains(&"aisfx".to_owned()));
}

#[test]
fn a_model_that_is_not_there_is_answered_with_those_that_are() {
    for name in ["aisfy", "../aisfx/none", "", "."] {
        let error = find_model(Path::new(name), &[models_dir()]).unwrap_err();
        assert!(matches!(error, ModelError::NotFound { .. }));
        let message = error.to_string();
        assert!(message.contains("aisfx") && message.contains("models"), "{message}");
    }
    let message = find_model(Path::new("aisfx"), &[]).unwrap_err().to_string();
    assert!(message.contains("none was found"), "{message}");
}

#[test]
fn a_damaged_or_missing_network_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let error = Network::load(folder.path()).unwrap_err();
    assert!(matches!(&error, ModelError::Io { path, .. } if path.ends_with(CARD_FILE)));

    fs::write(folder.path().join(CARD_FILE), card_text()).unwrap();
    let error = Network::load(folder.path()).unwrap_err();
    assert!(matches!(&error, ModelError::Io { path, .. } if path.ends_with("model.onnx")));

    let mut onnx = fs::read(models_dir().join("aisfx/model.onnx")).unwrap();
    onnx[5_000_000] ^= 1;
    fs::write(folder.path().join("model.onnx"), &onnx).unwrap();
    let error = Network::load(folder.path()).unwrap_err();
    assert!(matches!(&error, ModelError::Checksum { path, .. } if path.ends_with("model.onnx")));
}

/// A card that vouches for `onnx`.
fn card_for(onnx: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let digest: String = Sha256::digest(onnx).iter().map(|byte| format!("{byte:02x}")).collect();
    with_line("sha256", &format!("sha256 = \"{digest}\""))
}

#[test]
fn a_file_that_is_no_network_is_refused_even_when_its_checksum_is_right() {
    for garbage in [&b""[..], b"not a network", &[0xff; 4_096]] {
        let error = Network::from_parts(&card_for(garbage), garbage, Path::new("memory")).unwrap_err();
        let fits = matches!(error, ModelError::Network { .. } | ModelError::Shape { .. });
        assert!(fits, "{error}");
    }
}

#[test]
fn a_network_of_other_sizes_than_its_card_is_refused() {
    let onnx = fs::read(models_dir().join("aisfx/model.onnx")).unwrap();
    let text = with_line("columns", "columns = 80").replace("[1, 1, 100, 96]", "[1, 1, 80, 96]");
    let error = Network::from_parts(&text, &onnx, Path::new("memory")).unwrap_err();
    assert!(matches!(error, ModelError::Shape { what: "input", .. }), "{error}");
}

#[test]
fn one_network_serves_many_threads_with_the_same_answers() {
    let network = Network::load(&models_dir().join("aisfx")).unwrap();
    let frame: Vec<f32> = (0..9_600).map(|index| ((index * 37) % 101) as f32 / 101.0).collect();
    let embed = |network: &Network| {
        let mut embedding = vec![0.0; 512];
        network.session().unwrap().embed(&frame, &mut embedding).unwrap();
        embedding
    };
    let expected = embed(&network);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..3).map(|_| scope.spawn(|| embed(&network.clone()))).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

#[test]
fn frames_of_the_wrong_size_or_with_nan_are_refused() {
    let network = Network::load(&models_dir().join("aisfx")).unwrap();
    let mut session = network.session().unwrap();
    let mut embedding = vec![0.0; 512];
    let size = session.embed(&[0.0; 100], &mut embedding);
    assert!(matches!(size, Err(ModelError::FrameSize { expected: 9_600, found: 100 })));
    let room = session.embed(&[0.0; 9_600], &mut [0.0; 2]);
    assert!(matches!(room, Err(ModelError::EmbeddingSize { expected: 512, found: 2 })));
    for broken in [f32::NAN, f32::INFINITY] {
        let mut frame = vec![0.0; 9_600];
        frame[4_711] = broken;
        assert!(matches!(session.embed(&frame, &mut embedding), Err(ModelError::NonFiniteInput)));
    }
    session.embed(&[0.0; 9_600], &mut embedding).unwrap();
    assert!(embedding.iter().any(|&value| value > 0.0), "silence has an embedding too");
}

fn sine(samples: usize) -> Vec<f32> {
    (0..samples).map(|index| (index as f32 * 0.05).sin() * 0.4).collect()
}

#[test]
fn live_audio_in_small_pieces_gives_the_frames_of_the_whole_sound_as_they_complete() {
    let network = Network::load(&models_dir().join("aisfx")).unwrap();
    let mut embedder = FrameEmbedder::new(&network).unwrap();
    let samples = sine(44_100 * 4);
    let mut whole = Vec::new();
    embedder.push(&samples, &mut |frame| whole.push((frame.start_column, frame.embedding.to_vec()))).unwrap();
    let summary =
        embedder.finish(&mut |frame| whole.push((frame.start_column, frame.embedding.to_vec()))).unwrap();
    assert_eq!(u64::from(summary.frames), network.card().frames.frame_count(summary.columns));
    assert_eq!(summary.columns, network.card().front_end.column_count(samples.len() as u64));
    assert!((summary.duration_s - 4.0).abs() < 1e-9);
    assert_eq!(whole.len(), summary.frames as usize);

    let mut live = Vec::new();
    let mut columns = 0;
    for piece in samples.chunks(441) {
        let mut frame = |frame: earmark_engine::network::FrameEmbedding<'_>| {
            assert!((frame.start_s - f64::from(frame.start_column) * 1024.0 / 44_100.0).abs() < 1e-9);
            live.push((frame.start_column, frame.embedding.to_vec()));
        };
        embedder.push_with_columns(piece, &mut |_| columns += 1, &mut frame).unwrap();
    }
    assert!(!live.is_empty(), "the first frame does not wait for the end");
    let mut frame = |frame: earmark_engine::network::FrameEmbedding<'_>| {
        live.push((frame.start_column, frame.embedding.to_vec()));
    };
    embedder.finish_with_columns(&mut |_| columns += 1, &mut frame).unwrap();
    assert_eq!(live, whole);
    assert_eq!(columns, summary.columns);
}

#[test]
fn a_sound_without_samples_has_no_frames_and_a_broken_one_does_not_spoil_the_next() {
    let network = Network::load(&models_dir().join("aisfx")).unwrap();
    let mut embedder = FrameEmbedder::new(&network).unwrap();
    let mut ignore = |_: earmark_engine::network::FrameEmbedding<'_>| ();
    assert_eq!(embedder.finish(&mut ignore).unwrap().frames, 0);

    embedder.push(&[f32::NAN; 3_000], &mut ignore).unwrap();
    assert!(matches!(embedder.finish(&mut ignore), Err(ModelError::NonFiniteInput)));

    embedder.push(&sine(3_000), &mut ignore).unwrap();
    assert_eq!(embedder.finish(&mut ignore).unwrap().frames, 1);
}

#[test]
fn a_raised_stop_flag_ends_the_work() {
    let network = Network::load(&models_dir().join("aisfx")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tone.wav");
    let data: Vec<u8> =
        sine(44_100).iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()).collect();
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + data.len() as u32).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(44_100_u32.to_le_bytes());
    wav.extend(88_200_u32.to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend((data.len() as u32).to_le_bytes());
    wav.extend(data);
    fs::write(&path, wav).unwrap();

    let mut embedder = Embedder::new(&network).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    embedder.set_stop_flag(Arc::clone(&stop));
    let mut stream = MonoStream::open(&path, 44_100).unwrap();
    assert_eq!(embedder.embed_stream(&mut stream, &mut |_| ()).unwrap().frames, 1);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let mut stream = MonoStream::open(&path, 44_100).unwrap();
    assert!(matches!(embedder.embed_stream(&mut stream, &mut |_| ()), Err(EmbedError::Stopped)));
}

proptest! {
    // Failures are printed; there is no file of them to keep.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn similarity_rises_with_the_cosine_and_stays_a_percentage(left in -2.0_f32..2.0, right in -2.0_f32..2.0) {
        let card = Card::parse(&card_text(), Path::new(CARD_FILE)).unwrap();
        let (low, high) = (card.similarity_percent(left.min(right)), card.similarity_percent(left.max(right)));
        prop_assert!(low <= high);
        prop_assert!((0.0..=100.0).contains(&low) && (0.0..=100.0).contains(&high));
        prop_assert_eq!(card.similarity_percent(f32::NAN), 0.0);
    }

    #[test]
    fn no_text_makes_the_card_reader_panic(start in 0_usize..2_000, length in 0_usize..60, text in ".{0,40}") {
        let mut card = card_text();
        let start = start.min(card.len());
        let end = (start + length).min(card.len());
        if card.is_char_boundary(start) && card.is_char_boundary(end) {
            card.replace_range(start..end, &text);
        }
        if let Ok(card) = Card::parse(&card, Path::new(CARD_FILE)) {
            prop_assert_eq!(card.centring.mean.len(), card.embedding_size());
        }
    }
}
