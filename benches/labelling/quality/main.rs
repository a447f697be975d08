//! How right `tag` and `audit` are on openly licensed labelled sets.
//!
//! Needs the folder of sets in `EARMARK_BENCH_SETS` (default: `../shared/data`). The libraries are made once, below
//! `target/tmp`. Takes of one recording (the sets' `split_group`) never vote for each other, and the starter bank votes
//! without the sounds of the set that is judged. Labels are those CatIDs that rules gave to the games' file names, never
//! an ear, so that words are judged too well and sounds too badly.
//!
//! `cargo bench --workspace --bench labelling_quality` judges the weights in use; `-- --fit` fits new ones on the sets
//! named [`FITTED`] and judges those on the others.
#![allow(clippy::unwrap_used, missing_docs)]

mod fit;
mod sets;
mod swaps;
mod tagging;

use earmark_labelling::judgement::{WEIGHTS, Weights};

/// Sets that weights are fitted on; the others judge.
const FITTED: [&str; 7] =
    ["lincity", "megaglest", "openclonk", "redeclipse", "smallgames", "sonicpi", "tmwa"];

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    if !has("--bench") && !has("--fit") && !has("--here") {
        // `cargo test --benches` only wants to know that it runs.
        return;
    }
    let Some(sets) = sets::all() else {
        eprintln!("skipped: there are no labelled sets; name their folder in EARMARK_BENCH_SETS");
        return;
    };
    if !has("--swaps-only") {
        let cases: Vec<tagging::Cases> = sets.iter().map(tagging::Cases::of).collect();
        let weights: Weights = if has("--fit") {
            let fitted: Vec<&tagging::Cases> =
                cases.iter().filter(|cases| FITTED.contains(&cases.set.as_str())).collect();
            let weights = fit::fit(&fitted);
            println!("fitted: {weights:?}");
            weights
        } else {
            WEIGHTS
        };
        tagging::report(
            &cases,
            &weights,
            |set| !FITTED.contains(&set),
            "judged on the sets nothing was fitted on",
        );
        tagging::report(
            &cases,
            &weights,
            |set| FITTED.contains(&set),
            "on the sets the weights were fitted on",
        );
    }
    swaps::report(&sets);
}
