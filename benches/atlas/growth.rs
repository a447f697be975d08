//! How long a map takes, by the number of sounds, and how much of the space it shows.
//!
//! `EARMARK_BENCH_LIBRARY` names a library, `EARMARK_BENCH_SIZES` the numbers of sounds (5000,20000,100000), which are
//! drawn from it by lot; without it, the library that the benchmark `large_library` has made is taken.
#![allow(clippy::unwrap_used, missing_docs)]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use earmark_atlas::{Matrix, Options, Progress, Stage, compute, label_agreement, trustworthiness, vectors};
use earmark_engine::index::Snapshot;

/// Trustworthiness compares all pairs: of more sounds, so many.
const COMPARED: usize = 4000;

fn main() {
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let library = std::env::var_os("EARMARK_BENCH_LIBRARY")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("large-demo"), PathBuf::from);
    let Ok(snapshot) = Snapshot::open(&library) else {
        println!("no library in {}: run the benchmark large_library first", library.display());
        return;
    };
    let sizes = std::env::var("EARMARK_BENCH_SIZES").unwrap_or("5000,20000,100000".into());
    let options = Options::default();
    println!("{} threads; {} steps", options.threads, options.steps);
    println!("sounds   reading  comparing  arranging   total  labels: space  plane  trustworthiness");
    for size in sizes.split(',').map(|size| size.trim().parse().unwrap()) {
        measure(&snapshot, &Options { max_sounds: size, ..options.clone() });
    }
}

fn measure(snapshot: &Snapshot, options: &Options) {
    let begun = Instant::now();
    let mut ends = [0.0; 3];
    let mut watch = |progress: Progress| {
        let stage = match progress.stage {
            Stage::Reading => 0,
            Stage::Comparing => 1,
            Stage::Arranging => 2,
        };
        ends[stage] = begun.elapsed().as_secs_f64();
        ControlFlow::Continue(())
    };
    let map = compute(snapshot, options, &mut watch).unwrap();
    let total = begun.elapsed().as_secs_f64();
    let [read, compared, arranged] = ends;
    print!(
        "{:>6} {read:>9.2} {:>10.2} {:>10.2} {total:>7.2}",
        map.points.len(),
        compared - read,
        arranged - compared
    );
    let labelled: Vec<_> = map.points.iter().filter(|point| point.cat.is_some()).take(COMPARED).collect();
    let keyed = labelled.iter().map(|point| (*point, point.sound));
    let (points, space) = vectors(snapshot, keyed, &mut |_| ControlFlow::Continue(())).unwrap();
    let positions: Vec<[f32; 2]> = points.iter().map(|point| [point.x, point.y]).collect();
    let cats: Vec<_> = points.iter().map(|point| point.cat).collect();
    println!(
        "  {:>13.3}  {:.3}  {:>15.3}",
        label_agreement(&space, &cats, 5),
        label_agreement(&Matrix::from(&positions[..]), &cats, 5),
        trustworthiness(&space, &positions, 10.min(points.len() / 3))
    );
}
