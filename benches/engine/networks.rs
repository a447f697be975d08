//! How many frames a second each model that ships embeds on one thread: as the engine runs it, and by tract alone, whose
//! convolutions the engine replaces where it can.
//!
//! All take turns, so that the figures are ratios of one run.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::time::Instant;

use earmark_engine::network::Network;
use tract_onnx::prelude::*;

const MODELS: [&str; 2] = ["aisfx", "earmark-small"];
/// Turns, and how long one lasts at least, seconds.
const ROUNDS: usize = 15;
const TURN_S: f64 = 0.3;

fn main() {
    // A test run only checks that everything still works.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 1 };
    let mut ways: Vec<(String, Box<dyn FnMut()>)> = Vec::new();
    for model in MODELS {
        ways.push((format!("{model}, engine"), by_engine(&folder(model))));
        ways.push((format!("{model}, tract alone"), by_tract(&folder(model))));
    }
    let mut rates = vec![Vec::new(); ways.len()];
    for _ in 0..rounds {
        for ((_, embed), rates) in ways.iter_mut().zip(&mut rates) {
            let (begun, mut frames) = (Instant::now(), 0);
            while begun.elapsed().as_secs_f64() < TURN_S || frames == 0 {
                embed();
                frames += 1;
            }
            rates.push(f64::from(frames) / begun.elapsed().as_secs_f64());
        }
    }
    let tract = median(&mut rates[1].clone());
    for ((name, _), rates) in ways.iter().zip(&mut rates) {
        let rate = median(rates);
        println!("{name:<28} {rate:7.1} frames/s, {:5.1} times aisfx by tract alone", rate / tract);
    }
}

fn folder(model: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(model)
}

/// A frame of noise, in the range that mel columns have.
fn frame(values: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 24) as f32
    };
    (0..values).map(next).collect()
}

fn by_engine(folder: &Path) -> Box<dyn FnMut()> {
    let network = Network::load(folder).unwrap();
    let mut session = network.session().unwrap();
    let frame = frame(network.card().frame_values());
    let mut embedding = vec![0.0; network.card().embedding_size()];
    Box::new(move || session.embed(&frame, &mut embedding).unwrap())
}

fn by_tract(folder: &Path) -> Box<dyn FnMut()> {
    let card = Network::load(folder).unwrap().card().clone();
    let model = tract_onnx::onnx().model_for_path(folder.join(&card.network.file)).unwrap();
    let plan = model.into_optimized().and_then(|model| model.into_runnable()).unwrap();
    let shape: Vec<usize> = card.network.input_shape.iter().map(|&extent| extent as usize).collect();
    let input = Tensor::from_shape(&shape, &frame(card.frame_values())).unwrap();
    Box::new(move || drop(plan.run(tvec!(input.clone().into_tvalue())).unwrap()))
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}
