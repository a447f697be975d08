//! The closest labelled sounds of very many sounds at once, from the index alone.
//!
//! [`search`](super::search()) answers one question; who asks for every sound of a library would read the labelled
//! frames anew for each. Here the sounds asked about are taken in blocks, a block a thread, and every labelled vector
//! that is read is compared with all frames of the block that want it. Few questions, or few labelled frames, are
//! compared with everything; many with the lists nearest to them ([`lists`]), which hold nearly all of what is close.
//! Cosines are those of the stored eight-bit vectors.

mod lists;
mod voters;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use self::lists::Lists;
use self::voters::{Group, Table, thinned};
use super::categories::Vote;
use super::parallel::on_threads;
use crate::index::{Segment, Snapshot, SoundId, SoundRef};
use crate::vectors::Comparand;

/// Closest labelled sounds kept for each frame.
pub const NEIGHBOURS: usize = 16;
/// Of a longer sound asked about so many frames are used, evenly spread.
pub const MAX_ASKED_FRAMES: usize = 8;
/// Of a longer labelled sound so many frames vote, evenly spread.
pub const MAX_VOTING_FRAMES: usize = 16;
/// Sounds of a block.
const BLOCK: usize = 1024;
/// Voters compared at once.
const CHUNK: usize = 256;
/// Frames of a block compared at once: with a chunk of voters their cosines stay in the processor's caches.
const LANES_AT_ONCE: usize = 128;
/// Comparisons that cost less than making lists of the voters.
const FEW_COMPARISONS: usize = 1 << 29;
/// Fewer voting frames are always compared whole.
const FEW_VOTERS: usize = 1 << 14;

/// What to compare with what.
pub struct Neighbourhood<'a> {
    /// A starter bank, whose sounds vote too.
    pub bank: Option<&'a Segment>,
    /// Which labelled sounds of the library vote.
    pub votes: &'a (dyn Fn(SoundId, &SoundRef<'_>) -> bool + Sync),
    /// Sounds of one group never vote for each other: at least those of the same bytes. `None` is the sound's hash.
    pub group: Option<&'a (dyn Fn(&SoundRef<'_>) -> u64 + Sync)>,
    /// Threads to work on.
    pub jobs: usize,
    /// Whether to stop early.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// A labelled sound close to a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// The sound, its category and the cosine of its closest frame.
    pub vote: Vote,
    /// Where that frame begins in it, seconds.
    pub start_s: f64,
}

/// The closest labelled sounds of one sound asked about.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    /// Of each frame compared: where it begins, seconds, and up to [`NEIGHBOURS`] sounds, closest first; those of the
    /// starter bank follow those of the library, as many again at most.
    pub frames: Vec<(f64, Vec<Neighbour>)>,
}

impl Neighbours {
    /// The votes of each frame, as [`categories`](super::categories()) takes them.
    pub fn votes(&self, wanted: impl Fn(&Vote) -> bool) -> Vec<Vec<Vote>> {
        let of_frame =
            |(_, near): &(f64, Vec<Neighbour>)| near.iter().map(|near| near.vote).filter(&wanted).collect();
        self.frames.iter().map(of_frame).collect()
    }
}

/// Finds the closest labelled sounds of each sound asked about and hands them over, in no order, with the sound's place
/// in `asked`; false when stopped early.
///
/// Sounds that are gone or damaged have no frames. `each` runs on the calling thread.
///
/// # Panics
/// When the starter bank is of a model with another embedding size.
pub fn neighbours(
    snapshot: &Snapshot,
    asked: &[SoundId],
    around: &Neighbourhood<'_>,
    each: &mut dyn FnMut(usize, Neighbours),
) -> bool {
    let size = snapshot.manifest().model.embedding_size as usize;
    assert!(around.bank.is_none_or(|bank| bank.embedding_size() == size), "bank of another model");
    let jobs = around.jobs.max(1);
    let group = Group(around.group);
    let library = Table::of_library(snapshot, around, group);
    let bank = around.bank.map(|bank| Table::of_bank(bank, group)).unwrap_or_default();
    let asked_frames: usize = asked
        .iter()
        .filter_map(|id| snapshot.get(*id))
        .map(|sound| thinned(&sound, MAX_ASKED_FRAMES).count())
        .sum();
    let many = library.len() > FEW_VOTERS && asked_frames.saturating_mul(library.len()) > FEW_COMPARISONS;
    let lists = many.then(|| Lists::of(&library, size, jobs));
    let blocks: Vec<(usize, &[SoundId])> = blocks(asked, jobs);
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let (sender, receiver) = mpsc::sync_channel::<Vec<(usize, Neighbours)>>(jobs);
    std::thread::scope(|scope| {
        let sender_of_work = sender;
        let (blocks, next, stopped, library, bank, lists) =
            (&blocks, &next, &stopped, &library, &bank, &lists);
        scope.spawn(move || {
            on_threads(jobs.min(blocks.len()), || {
                let sender = sender_of_work.clone();
                let mut work = Work::new(size);
                while let Some((first, ids)) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if (around.stop)() {
                        stopped.store(true, Ordering::Relaxed);
                        break;
                    }
                    work.take(snapshot, ids, group);
                    match lists {
                        Some(lists) => work.compare_lists(library, lists),
                        None => work.compare_all(library),
                    }
                    work.settle(library);
                    work.compare_all(bank);
                    work.settle(bank);
                    let found =
                        work.found.drain(..).enumerate().map(|(at, near)| (first + at, near)).collect();
                    if sender.send(found).is_err() {
                        break;
                    }
                }
            });
        });
        for found in receiver {
            found.into_iter().for_each(|(at, near)| each(at, near));
        }
    });
    !stopped.load(Ordering::Relaxed)
}

/// The sounds in blocks, each with the place of its first; small enough that every thread has some.
fn blocks(asked: &[SoundId], jobs: usize) -> Vec<(usize, &[SoundId])> {
    let size = asked.len().div_ceil(4 * jobs).clamp(16, BLOCK);
    asked.chunks(size).enumerate().map(|(at, ids)| (at * size, ids)).collect()
}

/// A block in work.
struct Work {
    size: usize,
    /// Vectors of the frames asked about, `[frames × size]`.
    vectors: Vec<i8>,
    scales: Vec<f32>,
    /// Of each frame: the sound of the block and the group of that sound.
    owners: Vec<(u32, u64)>,
    /// Of each frame the closest voters so far.
    near: Vec<Nearest>,
    found: Vec<Neighbours>,
    rows: Vec<f32>,
    /// Voters on their way.
    chunk: Vec<i8>,
    chunk_scales: Vec<f32>,
}

/// A close voting frame.
#[derive(Clone, Copy)]
struct Close {
    cosine: f32,
    frame: u32,
    sound: u32,
}

/// The closest voters of a frame, each sound once.
#[derive(Clone)]
struct Nearest {
    floor: f32,
    entries: Vec<Close>,
}

impl Nearest {
    fn push(&mut self, close: Close) {
        match self.entries.iter().position(|entry| entry.sound == close.sound) {
            Some(at) if self.entries[at].cosine >= close.cosine => return,
            Some(at) => self.entries[at] = close,
            None if self.entries.len() < NEIGHBOURS => self.entries.push(close),
            None => {
                let worst = (0..NEIGHBOURS).min_by(|a, b| Close::order(&self.entries[*b], &self.entries[*a]));
                if let Some(worst) = worst.filter(|worst| Close::order(&close, &self.entries[*worst]).is_lt())
                {
                    self.entries[worst] = close;
                }
            }
        }
        if self.entries.len() == NEIGHBOURS {
            self.floor = self.entries.iter().map(|entry| entry.cosine).fold(f32::INFINITY, f32::min);
        }
    }
}

impl Close {
    /// Closest first; equal ones by their place, so that results never depend on how the work was divided.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        other.cosine.total_cmp(&self.cosine).then(self.frame.cmp(&other.frame))
    }
}

impl Work {
    fn new(size: usize) -> Self {
        Self {
            size,
            vectors: Vec::new(),
            scales: Vec::new(),
            owners: Vec::new(),
            near: Vec::new(),
            found: Vec::new(),
            rows: Vec::new(),
            chunk: Vec::new(),
            chunk_scales: Vec::new(),
        }
    }

    /// Takes the sounds of a block.
    fn take(&mut self, snapshot: &Snapshot, ids: &[SoundId], group: Group<'_>) {
        self.vectors.clear();
        self.scales.clear();
        self.owners.clear();
        self.found.clear();
        for (at, id) in (0u32..).zip(ids) {
            let mut found = Neighbours::default();
            if let Some(sound) = snapshot.get(*id) {
                let group = group.of(&sound);
                for frame in thinned(&sound, MAX_ASKED_FRAMES) {
                    let row = sound.segment().frame_rows()[frame];
                    self.vectors
                        .extend_from_slice(&sound.segment().vectors()[frame * self.size..][..self.size]);
                    self.scales.push(row.scale);
                    self.owners.push((at, group));
                    found.frames.push((f64::from(row.start_ms) / 1000.0, Vec::new()));
                }
            }
            self.found.push(found);
        }
        self.near = vec![Nearest { floor: f32::NEG_INFINITY, entries: Vec::new() }; self.owners.len()];
    }

    /// Compares the block with every voter.
    fn compare_all(&mut self, table: &Table<'_>) {
        let all: Vec<u32> = (0..self.owners.len() as u32).collect();
        let parts: Vec<(Comparand, &[u32])> =
            all.chunks(LANES_AT_ONCE).map(|part| (self.comparand(part), part)).collect();
        let voters: Vec<u32> = (0..table.len() as u32).collect();
        for voters in voters.chunks(CHUNK) {
            self.gather(table, voters);
            for (comparand, part) in &parts {
                self.compare(table, voters, comparand, part);
            }
        }
    }

    /// Compares each frame of the block with the voters in the lists nearest to it.
    fn compare_lists(&mut self, table: &Table<'_>, lists: &Lists) {
        let wanted = lists.wanted(&self.vectors, &self.scales, LANES_AT_ONCE);
        for (voters, frames) in lists.voters().zip(&wanted) {
            let parts: Vec<(Comparand, &[u32])> =
                frames.chunks(LANES_AT_ONCE).map(|part| (self.comparand(part), part)).collect();
            if parts.is_empty() {
                continue;
            }
            for voters in voters.chunks(CHUNK) {
                self.gather(table, voters);
                for (comparand, part) in &parts {
                    self.compare(table, voters, comparand, part);
                }
            }
        }
    }

    fn comparand(&self, frames: &[u32]) -> Comparand {
        let mut comparand = Comparand::new(self.size);
        for frame in frames {
            let vector = &self.vectors[*frame as usize * self.size..][..self.size];
            comparand.push(vector, self.scales[*frame as usize]);
        }
        comparand
    }

    fn gather(&mut self, table: &Table<'_>, voters: &[u32]) {
        self.chunk.clear();
        self.chunk_scales.clear();
        for voter in voters {
            let (vector, scale) = table.vector(*voter, self.size);
            self.chunk.extend_from_slice(vector);
            self.chunk_scales.push(scale);
        }
    }

    /// Compares the voters gathered with some frames of the block.
    fn compare(&mut self, table: &Table<'_>, voters: &[u32], comparand: &Comparand, part: &[u32]) {
        let lanes = comparand.lanes();
        self.rows.resize(voters.len() * lanes, 0.0);
        comparand.compare(&self.chunk, &self.chunk_scales, &mut self.rows);
        for (voter, row) in voters.iter().zip(self.rows.chunks_exact(lanes)) {
            for (frame, cosine) in part.iter().zip(row) {
                let near = &mut self.near[*frame as usize];
                if *cosine < near.floor {
                    continue;
                }
                let sound = table.sound(*voter);
                if table.group(sound) != self.owners[*frame as usize].1 {
                    near.push(Close { cosine: *cosine, frame: *voter, sound });
                }
            }
        }
    }

    /// Hands over what was found in a table.
    fn settle(&mut self, table: &Table<'_>) {
        let mut first = 0;
        let mut owner = None;
        for (at, ((sound, _), near)) in self.owners.iter().zip(&mut self.near).enumerate() {
            if owner != Some(*sound) {
                (owner, first) = (Some(*sound), at);
            }
            near.entries.sort_unstable_by(Close::order);
            let found = &mut self.found[*sound as usize].frames[at - first].1;
            found.extend(near.entries.drain(..).map(|close| table.neighbour(close.frame, close.cosine)));
            near.floor = f32::NEG_INFINITY;
        }
    }
}
