//! The whole chain against embeddings of the original aiSFX.
#![allow(clippy::unwrap_used)]

mod reference_data;

use std::path::Path;

use earmark_engine::audio::MonoStream;
use earmark_engine::network::{Embedder, FrameEmbedder, Network};
use earmark_engine::spectrogram::{FrameRule, TailRule};
use reference_data::{aisfx_dir, cosine, largest_difference, read_npy, reference_dir, sounds};

/// Embeddings of a file's frames, one after another, framed as the original does: without a tail.
fn embeddings(network: &Network, path: &Path) -> Vec<f32> {
    let rule = FrameRule { tail: TailRule::Drop, ..network.card().frames };
    let mut embedder = Embedder::from_chain(FrameEmbedder::with_frame_rule(network, rule).unwrap());
    let mut stream = MonoStream::open(path, network.card().front_end.sample_rate_hz).unwrap();
    let mut embeddings = Vec::new();
    let mut collect =
        |frame: earmark_engine::network::FrameEmbedding<'_>| embeddings.extend_from_slice(frame.embedding);
    let summary = embedder.embed_stream(&mut stream, &mut collect).unwrap();
    assert_eq!(summary.frames as usize * network.card().embedding_size(), embeddings.len());
    embeddings
}

#[test]
fn embeddings_of_the_reference_blocks_are_within_1e_4() {
    let Some(reference) = reference_dir() else { return };
    let network = Network::load(&aisfx_dir()).unwrap();
    let mut session = network.session().unwrap();
    let blocks = read_npy(&reference.join("blocks32.npy"));
    for truth in ["blocks32_emb_torch.npy", "blocks32_emb_torch_f64.npy"] {
        let expected = read_npy(&reference.join(truth));
        assert_eq!(expected.shape, [blocks.shape[0], 512]);
        let mut embedding = vec![0.0; 512];
        let mut largest = 0.0_f32;
        for (block, expected) in blocks.values.chunks_exact(100 * 96).zip(expected.values.chunks_exact(512)) {
            session.embed(block, &mut embedding).unwrap();
            let difference = largest_difference(&embedding, expected);
            assert!(difference < 1e-4, "{truth}: {difference}");
            largest = largest.max(difference);
        }
        println!("{truth}: {largest:.2e}");
    }
}

#[test]
fn embeddings_of_the_reference_sounds_match() {
    let Some(reference) = reference_dir() else { return };
    let network = Network::load(&aisfx_dir()).unwrap();
    for (name, rate_hz) in sounds(&reference) {
        let expected = read_npy(&reference.join("embedding").join(format!("{name}.npy")));
        let found = embeddings(&network, &reference.join("wav").join(format!("{name}.wav")));
        assert_eq!(found.len(), expected.values.len(), "{name}: number of frames");
        let pairs = found.chunks_exact(512).zip(expected.values.chunks_exact(512));
        let lowest = pairs.map(|(found, expected)| cosine(found, expected)).fold(1.0, f64::min);
        let difference = largest_difference(&found, &expected.values);
        println!("{name}: cosine {lowest:.6}, difference {difference:.2e}");
        if rate_hz == 44_100 {
            assert!(difference < 1e-3, "{name}: {difference}");
            assert!(lowest >= 0.9999, "{name}: {lowest}");
        } else {
            assert!(lowest >= 0.985, "{name}: {lowest}");
        }
    }
}
