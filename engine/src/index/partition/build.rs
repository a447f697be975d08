//! Makes the partition of a segment in work: its tables and vectors are already in the file, the codes follow them.
//!
//! Nothing here grows with the segment but four bytes a frame: vectors are read in chunks, and codes go to their places
//! a block at a time.

use std::io::{self, Read, Seek, SeekFrom, Write};

use xxhash_rust::xxh3::Xxh3;

use super::centres::{CHUNK, Centres};
use super::{LABELLED, ListRow};
use crate::index::FrameRow;
use crate::index::files::OutFile;
use crate::index::to_i8;
use crate::vectors::Rotation;
use crate::vectors::codes::{BLOCK, Code, block_words};

/// Frames of the sample for each list …
const SAMPLE_PER_LIST: usize = 48;
/// … and at most in all: they are held in memory.
const SAMPLE: usize = 100_000;

/// Where things lie in the file.
pub(in crate::index) struct Tables<'a> {
    /// Components of a vector.
    pub size: usize,
    /// Number of frames.
    pub frames: usize,
    /// Offset of the vectors.
    pub vectors_at: u64,
    /// Offset of the frame table.
    pub rows_at: u64,
    /// Whether a sound has a label.
    pub is_labelled: &'a dyn Fn(u32) -> bool,
    /// Whether to give up.
    pub stop: &'a dyn Fn() -> bool,
}

/// What was made; the codes are in the file.
pub(in crate::index) struct Built {
    /// Section `lists`.
    pub lists: Vec<ListRow>,
    /// Section `centres`.
    pub centres: Vec<i8>,
    /// Length of section `codes`.
    pub codes_len: u64,
    /// Checksum of section `codes`.
    pub codes_hash: u64,
}

/// Builds the partition and writes the codes at `codes_at`; `None` when told to give up.
pub(in crate::index) fn build(
    file: &mut OutFile,
    tables: &Tables<'_>,
    codes_at: u64,
) -> io::Result<Option<Built>> {
    let count = (2.0 * (tables.frames as f64).sqrt()) as usize;
    let centres = sample(file, tables, count)?;
    let Some(of_frame) = assign(file, tables, &centres)? else { return Ok(None) };
    let (lists, stored) = lay_out(tables.size, &centres, &of_frame);
    let blocks = lists.iter().map(|list| list.frames.div_ceil(BLOCK as u32)).sum::<u32>();
    let codes_len = u64::from(blocks) * 4 * block_words(Rotation::padded(tables.size)) as u64;
    if !encode(file, tables, (&lists, &stored), &of_frame, codes_at)? {
        return Ok(None);
    }
    let codes_hash = hash(file, codes_at, codes_len)?;
    Ok(Some(Built { lists, centres: stored, codes_len, codes_hash }))
}

/// Finds the centres in a sample at even distances.
fn sample(file: &mut OutFile, tables: &Tables<'_>, count: usize) -> io::Result<Centres> {
    let wanted = (count * SAMPLE_PER_LIST).min(SAMPLE).min(tables.frames);
    let (mut vectors, mut scales) = (Vec::new(), Vec::new());
    let mut chunk = Chunk::default();
    // Runs of frames spare reading: neighbours in a sound are alike, so the runs are short.
    let run = 4;
    for at in 0..wanted / run {
        let first = at * run * tables.frames / wanted;
        chunk.read(file, tables, first, run.min(tables.frames - first))?;
        vectors.extend_from_slice(&chunk.vectors);
        scales.extend_from_slice(&chunk.scales);
    }
    Ok(Centres::train(tables.size, &vectors, &scales, count))
}

/// The list of each frame; `None` when told to give up.
fn assign(file: &mut OutFile, tables: &Tables<'_>, centres: &Centres) -> io::Result<Option<Vec<u32>>> {
    let mut of_frame = Vec::with_capacity(tables.frames);
    let mut chunk = Chunk::default();
    let step = 8 * CHUNK;
    for first in (0..tables.frames).step_by(step) {
        if (tables.stop)() {
            return Ok(None);
        }
        chunk.read(file, tables, first, step.min(tables.frames - first))?;
        centres.assign(&chunk.vectors, &chunk.scales, &mut of_frame);
    }
    Ok(Some(of_frame))
}

/// The list table and the centres as stored: rotated and rounded.
fn lay_out(size: usize, centres: &Centres, of_frame: &[u32]) -> (Vec<ListRow>, Vec<i8>) {
    let rotation = Rotation::new(size);
    let mut stored = Vec::with_capacity(centres.len() * Rotation::padded(size));
    let mut lists: Vec<ListRow> = centres
        .values
        .chunks_exact(size)
        .map(|centre| {
            let mut rotated = centre.to_vec();
            rotated.resize(Rotation::padded(size), 0.0);
            rotation.apply(&mut rotated);
            let (centre, scale) = to_i8(&rotated);
            let squared = centre.iter().map(|x| (f32::from(*x) * scale).powi(2)).sum();
            stored.extend_from_slice(&centre);
            ListRow { scale, squared, ..ListRow::default() }
        })
        .collect();
    of_frame.iter().for_each(|list| lists[*list as usize].frames += 1);
    let mut next = 0;
    for list in &mut lists {
        list.first_block = next;
        next += list.frames.div_ceil(BLOCK as u32);
    }
    (lists, stored)
}

/// Writes the code of every frame to its place; false when told to give up.
fn encode(
    file: &mut OutFile,
    tables: &Tables<'_>,
    (lists, centres): (&[ListRow], &[i8]),
    of_frame: &[u32],
    codes_at: u64,
) -> io::Result<bool> {
    let padded = Rotation::padded(tables.size);
    let words = block_words(padded);
    let rotation = Rotation::new(tables.size);
    let mut open = vec![Vec::<u32>::new(); lists.len()];
    let mut filled = vec![0u32; lists.len()];
    let (mut rotated, mut centre) = (vec![0.0; padded], vec![0.0; padded]);
    let mut chunk = Chunk::default();
    for first in (0..tables.frames).step_by(CHUNK) {
        if (tables.stop)() {
            return Ok(false);
        }
        chunk.read(file, tables, first, CHUNK.min(tables.frames - first))?;
        for (at, (vector, scale)) in chunk.vectors.chunks_exact(tables.size).zip(&chunk.scales).enumerate() {
            let number = of_frame[first + at] as usize;
            let list = &lists[number];
            rotated.fill(0.0);
            rotated.iter_mut().zip(vector).for_each(|(out, x)| *out = f32::from(*x) * scale);
            rotation.apply(&mut rotated);
            let stored = &centres[number * padded..][..padded];
            centre.iter_mut().zip(stored).for_each(|(out, x)| *out = f32::from(*x) * list.scale);
            let block = &mut open[number];
            block.resize(words, 0);
            let place = filled[number];
            let sound = chunk.rows[at].sound;
            let label = if (tables.is_labelled)(sound) { LABELLED } else { 0 };
            Code::new(&rotated, &centre).store(block, place as usize % BLOCK, sound | label);
            filled[number] += 1;
            if filled[number].is_multiple_of(BLOCK as u32) || filled[number] == list.frames {
                let number = u64::from(list.first_block + place / BLOCK as u32);
                file.seek(SeekFrom::Start(codes_at + number * 4 * words as u64))?;
                file.write_all(bytemuck::cast_slice(block))?;
                *block = Vec::new();
            }
        }
    }
    Ok(true)
}

fn hash(file: &mut OutFile, at: u64, length: u64) -> io::Result<u64> {
    file.seek(SeekFrom::Start(at))?;
    let (mut hash, mut buffer, mut left) = (Xxh3::new(), vec![0; 1 << 20], length);
    while left > 0 {
        let part = &mut buffer[..left.min(1 << 20) as usize];
        file.read_exact(part)?;
        hash.update(part);
        left -= part.len() as u64;
    }
    Ok(hash.digest())
}

/// Some frames in a row.
#[derive(Default)]
struct Chunk {
    vectors: Vec<i8>,
    scales: Vec<f32>,
    rows: Vec<FrameRow>,
}

impl Chunk {
    fn read(
        &mut self,
        file: &mut OutFile,
        tables: &Tables<'_>,
        first: usize,
        count: usize,
    ) -> io::Result<()> {
        self.vectors.resize(count * tables.size, 0);
        file.seek(SeekFrom::Start(tables.vectors_at + (first * tables.size) as u64))?;
        file.read_exact(bytemuck::cast_slice_mut(&mut self.vectors))?;
        self.rows.resize(count, FrameRow { sound: 0, start_ms: 0, scale: 0.0, norm: 0.0 });
        file.seek(SeekFrom::Start(tables.rows_at + (first * size_of::<FrameRow>()) as u64))?;
        file.read_exact(bytemuck::cast_slice_mut(&mut self.rows))?;
        self.scales.clear();
        self.scales.extend(self.rows.iter().map(|row| row.scale));
        Ok(())
    }
}
