//! The map of real sounds: ten classes that people hear as ten.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::Path;

use earmark_atlas::{Matrix, label_agreement, lay_out, trustworthiness};
use earmark_engine::audio::MonoStream;
use earmark_engine::index::Quantiser;
use earmark_engine::network::{Embedder, Network};
use support::{go_on, options};

/// Sounds of each class: enough for neighbours, few enough to embed in some seconds.
const OF_EACH: usize = 14;

/// File and class of some sounds of each class.
fn chosen(set: &Path) -> Vec<(String, String)> {
    let mut table = csv::Reader::from_path(set.join("labels.csv")).unwrap();
    let rows: Vec<(String, String)> =
        table.records().map(|row| row.unwrap()).map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let mut chosen: Vec<(String, String)> = Vec::new();
    // From the whole of a class: clips of one recording stand beside each other.
    for (at, row) in rows.iter().enumerate() {
        let taken = chosen.iter().filter(|(_, class)| *class == row.1).count();
        if at % 2 == 0 && taken < OF_EACH {
            chosen.push(row.clone());
        }
    }
    chosen
}

#[test]
fn sounds_of_a_class_lie_together() {
    let set = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/esc10");
    if !set.exists() {
        eprintln!("skipped: there is no {}", set.display());
        return;
    }
    let network = Network::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx")).unwrap();
    let quantiser = Quantiser::new(&network.card().centring.mean);
    let mut embedder = Embedder::new(&network).unwrap();
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for (file, class) in chosen(&set) {
        let mut stream = MonoStream::open(&set.join(&file), network.card().front_end.sample_rate_hz).unwrap();
        let mut sum = vec![0f32; quantiser.embedding_size()];
        let mut add = |frame: earmark_engine::network::FrameEmbedding<'_>| {
            sum.iter_mut().zip(frame.embedding).for_each(|(sum, x)| *sum += x);
        };
        let frames = embedder.embed_stream(&mut stream, &mut add).unwrap().frames;
        sum.iter_mut().for_each(|x| *x /= frames as f32);
        values.extend(quantiser.direction(&sum).0);
        labels.push(class);
    }
    let rows = Matrix::new(values, quantiser.embedding_size());
    let positions = lay_out(&rows, &options(), &mut go_on).unwrap();
    let space = label_agreement(&rows, &labels, 5);
    let plane = label_agreement(&Matrix::from(&positions[..]), &labels, 5);
    let trust = trustworthiness(&rows, &positions, 10);
    println!(
        "{} sounds; 5-NN: {space:.3} in the space, {plane:.3} in the plane; trustworthiness {trust:.3}",
        rows.len()
    );
    assert!(plane > 0.9 * space, "{plane} of {space}");
    assert!(plane > 0.7 && trust > 0.85, "{plane}, {trust}");
}
