//! The fuzz targets, each run over its seeds and over seeded mutations of them. Fuzzing proper is
//! `cargo xtask fuzz-smoke`; this keeps the targets compiling and the seeds passing.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use earmark_engine::index::{SEGMENT_VERSION, Segment};

#[allow(unreachable_pub, reason = "it is a library of its own for the fuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Mutations of each seed.
const MUTATIONS: u64 = 200;

/// Seeded numbers (SplitMix64, Steele et al. 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}

/// Changes, drops or repeats a few stretches.
fn mutated(seed: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + 1 + numbers.below(8)).min(bytes.len());
        match numbers.below(5) {
            0 if at < bytes.len() => bytes[at] = numbers.below(256) as u8,
            1 => {
                let interesting = [0, 0x7F, 0x80, 0xFF][numbers.below(4)];
                bytes[at..end].fill(interesting);
            }
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            _ => {
                let again = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, again);
            }
        }
    }
    bytes
}

fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(name);
    let mut paths: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    for (at, path) in paths.iter().enumerate() {
        let seed = fs::read(path).unwrap();
        target(&seed);
        for number in 0..MUTATIONS {
            target(&mutated(&seed, &mut Numbers((at as u64) << 32 | number)));
        }
    }
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
