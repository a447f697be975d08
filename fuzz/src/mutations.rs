//! Seeded mutations of seeds, for the tests that run the fuzz targets' bodies without libFuzzer.

use std::fs;
use std::path::Path;

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

/// Runs a target over the seeds in a folder and over so many mutations of each.
pub(crate) fn run(seeds: &Path, target: fn(&[u8]), mutations: u64) {
    let entries = fs::read_dir(seeds).expect("the target has seeds");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a seed").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", seeds.display());
    for (at, path) in paths.iter().enumerate() {
        let seed = fs::read(path).expect("a seed can be read");
        target(&seed);
        for number in 0..mutations {
            target(&mutated(&seed, &mut Numbers((at as u64) << 32 | number)));
        }
    }
}
