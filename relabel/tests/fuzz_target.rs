//! The fuzz target of the writers, run over its seeds and over seeded mutations of them. Fuzzing proper is
//! `cargo xtask fuzz-smoke rewriting`; this keeps the target compiling and the seeds passing. `EARMARK_MUTATIONS=20000`
//! asks for so many mutations of each seed.

use std::path::Path;

#[path = "../../fuzz/src/mutations.rs"]
mod mutations;
#[path = "../../fuzz/src/rewriting.rs"]
mod rewriting;

/// Mutations of each seed, unless others are asked for.
const MUTATIONS: u64 = 60;

#[test]
fn the_writers_take_any_bytes_and_give_them_back() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/rewriting");
    let asked = std::env::var("EARMARK_MUTATIONS").ok().and_then(|asked| asked.parse().ok());
    mutations::run(&seeds, rewriting::rewriting, asked.unwrap_or(MUTATIONS));
}
