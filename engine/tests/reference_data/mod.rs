//! Where the reference data lie and how its arrays are read. The data are not part of the repository; without them
//! the tests that need them say so and pass.
#![allow(dead_code)] // every test file uses its own part
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

/// An array of `f32`, row-major.
pub(crate) struct Array {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f32>,
}

/// The folder of the reference data, if it is there.
pub(crate) fn reference_dir() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/reference");
    if dir.is_dir() {
        return Some(dir);
    }
    eprintln!("skipped: there are no reference data at {}", dir.display());
    None
}

/// The folder of the aiSFX model in the repository.
pub(crate) fn aisfx_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/aisfx")
}

/// Reads a NumPy file of `<f4` or `<f8` in C order.
pub(crate) fn read_npy(path: &Path) -> Array {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(&bytes[..6], b"\x93NUMPY", "{}", path.display());
    let header_end = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = std::str::from_utf8(&bytes[10..header_end]).unwrap();
    assert!(header.contains("'fortran_order': False"), "{header}");
    let extents = header.split_once("'shape': (").unwrap().1.split_once(')').unwrap().0;
    let extents = extents.split(',').map(str::trim).filter(|extent| !extent.is_empty());
    let shape: Vec<usize> = extents.map(|extent| extent.parse().unwrap()).collect();
    let data = &bytes[header_end..];
    let values: Vec<f32> = if header.contains("'<f4'") {
        data.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value)).collect()
    } else {
        assert!(header.contains("'<f8'"), "{header}");
        data.as_chunks::<8>().0.iter().map(|value| f64::from_le_bytes(*value) as f32).collect()
    };
    assert_eq!(values.len(), shape.iter().product::<usize>());
    Array { shape, values }
}

/// Largest difference of two arrays of one length.
pub(crate) fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len(), "arrays of different lengths");
    let differences = left.iter().zip(right).map(|(left, right)| (left - right).abs());
    // NaN must not get lost in a maximum.
    differences.fold(0.0, |largest, difference| if difference <= largest { largest } else { difference })
}

/// Cosine of two vectors.
pub(crate) fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let dot = |left: &[f32], right: &[f32]| -> f64 {
        left.iter().zip(right).map(|(&left, &right)| f64::from(left) * f64::from(right)).sum()
    };
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}

/// Names of the reference sounds, without extension, with the rate that the name tells.
pub(crate) fn sounds(reference: &Path) -> Vec<(String, u32)> {
    let mut sounds: Vec<(String, u32)> = std::fs::read_dir(reference.join("wav"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .map(|name| {
            let rates = [("_48k", 48_000), ("_96k", 96_000), ("_22k", 22_050)];
            let rate = rates.iter().find(|(mark, _)| name.contains(mark)).map_or(44_100, |&(_, rate)| rate);
            (name, rate)
        })
        .collect();
    sounds.sort();
    assert_eq!(sounds.len(), 15);
    sounds
}
