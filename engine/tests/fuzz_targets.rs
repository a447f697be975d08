//! The fuzz targets, each run over its seeds and over seeded mutations of them. Fuzzing proper is
//! `cargo xtask fuzz-smoke`; this keeps the targets compiling and the seeds passing.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use earmark_engine::index::{SEGMENT_VERSION, Segment};

#[path = "../../fuzz/src/mutations.rs"]
mod mutations;
#[allow(unreachable_pub, reason = "it is a library of its own for the fuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Mutations of each seed.
const MUTATIONS: u64 = 200;

fn run(name: &str, target: fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
    mutations::run(&seeds, target, MUTATIONS);
}

#[test]
fn the_chunk_layer_takes_any_bytes() {
    run("riff", targets::riff);
}

#[test]
fn segments_take_any_bytes() {
    run("segment", targets::segment);
}

#[test]
fn segments_to_set_out_from_are_whole_and_of_the_present_format() {
    for name in ["whole", "sections", "partition"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds/segment").join(name);
        let file = targets::segment_file(&fs::read(&path).unwrap());
        assert_eq!(file[8..12], SEGMENT_VERSION.to_le_bytes(), "{name}: run `cargo xtask fuzz-seeds`");
        Segment::from_bytes(&path, &file).unwrap().verify().unwrap();
    }
}

#[test]
fn manifests_take_any_bytes() {
    run("manifest", targets::manifest);
}

#[test]
fn ucs_file_names_take_any_bytes() {
    run("ucs_file_name", targets::ucs_file_name);
}

#[test]
fn cards_take_any_bytes() {
    run("card", targets::card);
}

#[test]
fn label_tables_take_any_bytes() {
    run("label_table", targets::label_table);
}

#[test]
fn filters_take_any_bytes() {
    run("filter", targets::filter);
}
