//! How long the nearest neighbours of many frames take: every frame with every other, exactly.
//!
//! `cargo bench --workspace --bench evaluation -- 100000 512 2`: frames, size of a vector, threads.
#![allow(clippy::unwrap_used)]

use std::num::NonZero;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use earmark_trainer::dataset::{Shuffler, Work};
use earmark_trainer::evaluate::{Embeddings, nearest};

/// Frames of a recording, which are not compared.
const GROUP: usize = 8;
const NEIGHBOURS: usize = 21;

fn main() {
    // `cargo bench` adds an option of its own.
    let numbers: Vec<usize> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let (frames, size) = (numbers.first().copied().unwrap_or(20_000), numbers.get(1).copied().unwrap_or(512));
    let jobs = numbers.get(2).copied().and_then(NonZero::new).unwrap_or(NonZero::new(2).unwrap());
    let mut chance = Shuffler::new(1);
    // Like those of the network: not negative, many zeros, recordings alike.
    let mut recording = vec![0.0; size];
    let mut values = Vec::with_capacity(frames * size);
    for frame in 0..frames {
        if frame % GROUP == 0 {
            recording.fill_with(|| (chance.below(1 << 20) as f32 / (1 << 19) as f32 - 1.0).max(0.0));
        }
        values.extend(recording.iter().map(|x| x + 0.2 * chance.below(1 << 20) as f32 / (1 << 20) as f32));
    }
    let embeddings = Embeddings { values, size, clip_of: (0..frames).collect() };
    let groups: Vec<usize> = (0..frames).map(|frame| frame / GROUP).collect();
    let stop = AtomicBool::new(false);
    let begun = Instant::now();
    let found =
        nearest(&embeddings, &groups, NEIGHBOURS, &Work { jobs, stop: &stop, progress: &|_| () }).unwrap();
    let took_s = begun.elapsed().as_secs_f64();
    let sum: f64 = found.iter().flatten().map(|near| near.distance).sum();
    let products = frames as f64 * frames as f64 * size as f64;
    println!(
        "{frames} frames of {size}, {NEIGHBOURS} neighbours, {jobs} threads: {took_s:.1} s, {:.0} G products a second \
         (each serves two frames), sum of distances {sum:.1}",
        products / 2.0 / took_s / 1e9
    );
}
