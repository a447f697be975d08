//! The file in which the positions are kept, beside the library.
//!
//! Positions are kept by the hash of a sound's content, not by its place in the index: a file that is moved, renamed
//! or merged into another segment keeps its place on the map.
//!
//! ```text
//! 0    magic "EARMMAP\0"
//! 8    u32 format version, u32 reserved
//! 16   u64 what the map was made with: model and options, hashed
//! 24   u64 xxh3 of the rows
//! 32   rows of 32 bytes: u128 hash, f32 x, f32 y, u32 whether placed later, u32 reserved; ascending
//! ```

use std::fs::{self, File};
use std::io::{self, Read, Write};

use bytemuck::{Pod, Zeroable};
use earmark_engine::index::Snapshot;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use crate::Options;
use crate::sounds::Drawn;

/// Name of the file in the library's folder. It may be deleted at any time: the next map is made anew.
pub const CACHE_FILE: &str = ".map";

const MAGIC: [u8; 8] = *b"EARMMAP\0";
/// Another version, also of the way maps are made, is another map.
const VERSION: u32 = 1;
const HEAD: usize = 32;
/// Bytes that are read at most: ten million positions.
const MAX_BYTES: u64 = HEAD as u64 + 10_000_000 * size_of::<Row>() as u64;

#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
struct Row {
    hash_low: u64,
    hash_high: u64,
    x: f32,
    y: f32,
    placed: u32,
    reserved: u32,
}

impl Row {
    fn hash(&self) -> u128 {
        u128::from(self.hash_high) << 64 | u128::from(self.hash_low)
    }
}

/// Positions of contents.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Cached {
    /// Ascending by hash.
    rows: Vec<Row>,
}

impl Cached {
    /// A map just made; the hashes are ascending.
    pub(crate) fn fitted(positions: impl Iterator<Item = (u128, [f32; 2])>) -> Self {
        Self { rows: positions.map(|(hash, at)| row(hash, at, false)).collect() }
    }

    /// Where a content lies.
    pub(crate) fn position(&self, hash: u128) -> Option<[f32; 2]> {
        let at = self.rows.binary_search_by_key(&hash, Row::hash).ok()?;
        Some([self.rows[at].x, self.rows[at].y])
    }

    /// Adds what was put beside its neighbours.
    pub(crate) fn place(&mut self, new: impl Iterator<Item = (u128, [f32; 2])>) {
        self.rows.extend(new.map(|(hash, at)| row(hash, at, true)));
        self.rows.sort_by_key(Row::hash);
    }

    /// Drops what is no longer drawn.
    pub(crate) fn retain(&mut self, drawn: &Drawn) {
        let mut contents = drawn.contents().map(|(hash, _)| hash).peekable();
        self.rows.retain(|row| {
            while contents.next_if(|hash| *hash < row.hash()).is_some() {}
            contents.peek() == Some(&row.hash())
        });
    }

    /// How many were put beside their neighbours.
    pub(crate) fn placed(&self) -> usize {
        self.rows.iter().filter(|row| row.placed != 0).count()
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether bringing it up to date is better than beginning again: most of what it was made for is still there, and
    /// not many sounds are, or would be, only put beside others.
    pub(crate) fn is_worth_keeping(&self, drawn: &Drawn) -> bool {
        let wanted = drawn.contents().count();
        let known = drawn.contents().filter(|(hash, _)| self.position(*hash).is_some()).count();
        let new = wanted - known + self.placed();
        2 * known >= self.rows.len() && 10 * new <= wanted
    }
}

fn row(hash: u128, [x, y]: [f32; 2], placed: bool) -> Row {
    Row { hash_low: hash as u64, hash_high: (hash >> 64) as u64, x, y, placed: placed.into(), reserved: 0 }
}

/// What else the positions depend on.
fn made_with(snapshot: &Snapshot, options: &Options) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(snapshot.manifest().model.sha256.as_bytes());
    hash.update(&options.seed.to_le_bytes());
    hash.update(&options.perplexity.to_le_bytes());
    hash.update(&(options.steps as u64).to_le_bytes());
    hash.update(&(options.max_sounds as u64).to_le_bytes());
    hash.digest()
}

/// The positions kept beside a library; `None` where there are none, or none for these options. A damaged file is as
/// good as none: everything in it can be had again.
pub(crate) fn load(snapshot: &Snapshot, options: &Options) -> Option<Cached> {
    let mut bytes = Vec::new();
    let file = File::open(snapshot.dir().join(CACHE_FILE)).ok()?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).ok()?;
    let word = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let body = bytes.get(HEAD..)?;
    let fits = bytes[..8] == MAGIC
        && word(8)? == u64::from(VERSION)
        && word(16)? == made_with(snapshot, options)
        && word(24)? == xxh3_64(body)
        && body.len().is_multiple_of(size_of::<Row>());
    if !fits {
        return None;
    }
    let rows: Vec<Row> = body.chunks_exact(size_of::<Row>()).map(bytemuck::pod_read_unaligned).collect();
    let ordered = rows.windows(2).all(|pair| pair[0].hash() < pair[1].hash());
    let inside = |row: &Row| row.x.abs() <= 1.0 && row.y.abs() <= 1.0;
    (ordered && rows.iter().all(inside)).then_some(Cached { rows })
}

/// Keeps the positions, in place of those that are there: a reader finds the old file or the new one.
pub(crate) fn save(snapshot: &Snapshot, options: &Options, cached: &Cached) -> io::Result<()> {
    let body: &[u8] = bytemuck::cast_slice(&cached.rows);
    let mut head = Vec::with_capacity(HEAD);
    head.extend(MAGIC);
    head.extend(u64::from(VERSION).to_le_bytes());
    head.extend(made_with(snapshot, options).to_le_bytes());
    head.extend(xxh3_64(body).to_le_bytes());
    let mut file = tempfile::Builder::new().prefix(".map-").suffix(".tmp").tempfile_in(snapshot.dir())?;
    file.write_all(&head)?;
    file.write_all(body)?;
    file.as_file().sync_all()?;
    let path = snapshot.dir().join(CACHE_FILE);
    // Who may read the library may read its map, whatever a temporary file is given.
    if let Ok(like) = fs::metadata(snapshot.dir().join("manifest")) {
        let _ = file.as_file().set_permissions(like.permissions());
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
