//! `cargo xtask fuzz-seeds`: writes the binary seeds from which fuzzing sets out.
//!
//! Each is a small valid file made by the project's own encoders and writers, so that mutations start deep inside the
//! format. Seeds that are text, and those that other encoders
//! have made (Ogg, MP3, MP4), are kept by hand beside them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use earmark_demo::{Audio, Bext, Chunks, SampleFormat, aiff, flac, w64, wav};
use earmark_engine::index::{Details, IndexError, LibraryWriter, ModelId, Quantiser, SoundRecord};

/// Kinds of sections that a segment may have.
const SECTIONS: usize = 10;
/// Components of the rotated vectors in the partition of the seeds.
const PADDED: usize = 64;
/// Codes in a block of the partition.
const BLOCK: usize = 16;
/// Length of a manifest's head.
const MANIFEST_HEAD: usize = 24;

/// Write the binary seeds from which fuzzing sets out
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Folder with one folder a fuzz target
    #[arg(long, value_name = "DIR", default_value = "fuzz/seeds")]
    out: PathBuf,
}

/// Why the seeds could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SeedError {
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// Writes the seeds of `riff`, `segment` and `manifest`, and of `rewriting` those whose formats this project writes.
pub(crate) fn run(arguments: &Arguments) -> Result<(), SeedError> {
    for (name, bytes) in sounds() {
        write(&arguments.out.join("riff").join(name), &bytes)?;
        if matches!(name, "wav_16" | "wav_24_tagged" | "rf64" | "aiff" | "aifc") {
            write(&arguments.out.join("rewriting").join(name), &bytes)?;
        }
    }
    for (name, chunks) in [("flac", Chunks::default()), ("flac_tagged", tagged())] {
        write(
            &arguments.out.join("rewriting").join(name),
            &flac::encode(&stereo(), SampleFormat::I16, &chunks),
        )?;
    }
    let scratch =
        tempfile::tempdir().map_err(|source| SeedError::Io { path: std::env::temp_dir(), source })?;
    let segment = library(scratch.path())?;
    let manifest = read(&scratch.path().join("manifest"))?;
    write(&arguments.out.join("manifest/body"), &manifest[MANIFEST_HEAD.min(manifest.len())..])?;
    let segment = read(&scratch.path().join(segment))?;
    let mut whole = vec![0];
    whole.extend(&segment);
    write(&arguments.out.join("segment/whole"), &whole)?;
    let mut sections = sections(&segment);
    write(&arguments.out.join("segment/sections"), &joined(&sections))?;
    partition(&mut sections);
    write(&arguments.out.join("segment/partition"), &joined(&sections))
}

fn channel(step: usize) -> Vec<f32> {
    (0..24).map(|at| ((at * step % 17) as f32 - 8.0) / 9.0).collect()
}

fn stereo() -> Audio {
    Audio { sample_rate_hz: 44_100, channels: vec![channel(3), channel(5)] }
}

fn tagged() -> Chunks {
    Chunks {
        bext: Some(Bext { description: "Door creaks".into(), ..Bext::default() }),
        ixml: Some("<BWFXML><USER><CATID>DOORCreak</CATID><FXNAME>Creak</FXNAME></USER></BWFXML>".into()),
        info: vec![(*b"INAM", "Creak".into()), (*b"ICMT", "Old door".into())],
    }
}

/// A few samples in every dialect of the chunk layer, with metadata.
fn sounds() -> Vec<(&'static str, Vec<u8>)> {
    let (stereo, tagged, plain) = (stereo(), tagged(), Chunks::default());
    let mono = Audio { sample_rate_hz: 96_000, channels: vec![channel(7)] };
    vec![
        ("wav_16", wav::encode(&stereo, SampleFormat::I16, &plain)),
        ("wav_24_tagged", wav::encode(&stereo, SampleFormat::I24, &tagged)),
        ("wav_8", wav::encode(&mono, SampleFormat::I8, &plain)),
        ("wav_float", wav::encode(&mono, SampleFormat::F32, &plain)),
        ("rf64", wav::encode_64(&stereo, SampleFormat::I16, &plain, wav::Id64::Rf64)),
        ("bw64", wav::encode_64(&mono, SampleFormat::F64, &plain, wav::Id64::Bw64)),
        ("wave64", w64::encode(&stereo, SampleFormat::I16, &plain)),
        ("aiff", aiff::encode(&stereo, SampleFormat::I16, &tagged)),
        ("aifc", aiff::encode(&mono, SampleFormat::F32, &plain)),
    ]
}

/// A library of two sounds, one of them gone; returns the name of its segment.
fn library(folder: &Path) -> Result<String, SeedError> {
    let model =
        ModelId { name: "test".into(), version: "1".into(), sha256: "ab".repeat(32), embedding_size: 4 };
    let quantiser = Quantiser::new(&[0.5; 4]);
    let mut writer = LibraryWriter::open(folder, &model)?;
    writer.root(Path::new("/sounds"))?;
    let mut segment = writer.begin_segment()?;
    for (number, name) in ["DOORCreak_Old_X_Y.wav", "Rain.flac"].into_iter().enumerate() {
        let record = SoundRecord {
            root: 0,
            path: name.into(),
            text: name.to_lowercase(),
            file_size: 1000,
            modified_ns: 5,
            content_hash: 7,
            duration_s: 2.5,
            sample_rate_hz: 48_000,
            channels: 2,
            container: 1,
            cat: (number == 0).then_some(3),
            cat_source: u8::from(number == 0),
            details: Details { description: Some("créaking".into()), ..Details::default() },
        };
        let frames = [0.0, 1.16].map(|start_s| quantiser.quantise(start_s, &[0.1, 0.9, start_s as f32, 0.4]));
        segment.add(&record, &frames)?;
    }
    writer.commit(Some(segment), &BTreeSet::new())?;
    let snapshot = earmark_engine::index::Snapshot::open(folder)?;
    let gone: BTreeSet<_> = snapshot.sounds().take(1).map(|(id, _)| id).collect();
    writer.commit(None, &gone)?;
    Ok(snapshot.manifest().segments.first().map(|entry| entry.file.clone()).unwrap_or_default())
}

/// A segment's sections, by kind; empty where it has none.
fn sections(segment: &[u8]) -> [Vec<u8>; SECTIONS] {
    let word = |at: usize| {
        segment
            .get(at..at + 8)
            .map_or(0, |bytes| bytes.iter().rev().fold(0usize, |word, &byte| word << 8 | usize::from(byte)))
    };
    std::array::from_fn(|kind| {
        let entry = (0..SECTIONS).map(|at| 16 + 32 * at).find(|&at| word(at) == kind + 1);
        let range = entry.map(|at| word(at + 8)..word(at + 8) + word(at + 16));
        range.and_then(|range| segment.get(range)).unwrap_or_default().to_vec()
    })
}

/// Adds what only segments of thousands of frames have: the lists, here one of all four frames, their centres and codes.
fn partition(sections: &mut [Vec<u8>; SECTIONS]) {
    let [.., lists, centres, codes] = sections;
    // First block, frames, scale of the centre, square of its length.
    *lists = [0u32.to_le_bytes(), 4u32.to_le_bytes(), 0.01f32.to_le_bytes(), 0.5f32.to_le_bytes()].concat();
    *centres = (0..PADDED).map(|at| (at * 7) as u8).collect();
    let mut words = vec![0u32; BLOCK * (PADDED / 32 + 3)];
    let (signs, factors) = words.split_at_mut(BLOCK * PADDED / 32);
    signs.iter_mut().zip(0u32..).for_each(|(word, at)| *word = at.wrapping_mul(0x9e37_79b9));
    let (product, rest) = factors.split_at_mut(BLOCK);
    let (step, sound) = rest.split_at_mut(BLOCK);
    product.fill(0.3f32.to_bits());
    step.fill(0.05f32.to_bits());
    // The first sound has a label, which the highest bit says.
    sound[..4].copy_from_slice(&[1 << 31, 1 << 31, 1, 1]);
    *codes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
}

/// Sections as the fuzz target puts them together: an odd byte, lengths, contents.
fn joined(sections: &[Vec<u8>; SECTIONS]) -> Vec<u8> {
    let lengths = sections.iter().flat_map(|section| (section.len() as u16).to_le_bytes());
    std::iter::once(1).chain(lengths).chain(sections.iter().flatten().copied()).collect()
}

fn read(path: &Path) -> Result<Vec<u8>, SeedError> {
    std::fs::read(path).map_err(|source| SeedError::Io { path: path.into(), source })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SeedError> {
    let done =
        path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, bytes));
    done.map_err(|source| SeedError::Io { path: path.into(), source })
}
