//! Looks into the lists of large segments that are nearest to the query's frames.
//!
//! The lists of all segments are one pool: for each query frame the nearest ones are taken, whatever segment they
//! belong to, so that a library of many segments costs what one of a single segment does. A list that several query
//! frames want is read once for all of them. Where the lists looked into hold too few sounds that count (few pass the
//! filter, few have a label), more are looked into, in the end all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::index::{List, Partition, Snapshot, SoundId, sound_of_word, to_i8};
use crate::vectors::codes::{BLOCK, CodeFactors, Residual};
use crate::vectors::{Comparand, Rotation};

use super::Query;
use super::admission::Admission;
use super::flat::VOTERS;
use super::near::{Near, NearSounds};
use super::parallel::on_threads;
use super::scope::Scope;

/// Lists looked into first: they hold most of what is closest, and its cosines keep out most of what follows.
const FIRST: usize = 6;
/// Frames looked into for each query frame, times the root of all frames.
const EFFORT: f64 = 30.0;
/// The same where only votes are wanted: shares hardly hear of one voter among many.
const EFFORT_FOR_VOTES: f64 = 15.0;
/// How many times more lists are looked into when too few sounds were found.
const MORE: usize = 4;
/// Where fewer frames than this share pass a filter, more lists are looked into …
const FULL_SHARE: f64 = 0.1;
/// … up to the inverse of this times as many.
const LEAST_SHARE: f64 = 0.125;
/// Labelled sounds kept for each query frame: several times as many as vote, because cosines are only estimated here.
const LABELLED_KEPT: usize = 6 * VOTERS;
/// Sounds kept for each query frame, at least.
const KEPT: usize = 128;

/// What to look for in the lists.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// Sounds that may be found.
    pub hits: bool,
    /// Sounds that have a label.
    pub votes: bool,
}

/// What one thread has found so far.
struct Collector<'a> {
    admission: Admission<'a>,
    near: Nearest,
    residual: Residual,
    scratch: Vec<f32>,
    products: Vec<f32>,
}

/// For each query frame the sounds that look closest.
#[derive(Clone, Default)]
pub(super) struct Nearest {
    pub hits: Vec<NearSounds>,
    pub labelled: Vec<NearSounds>,
}

struct Part<'a> {
    /// Position of the segment in the snapshot.
    at: u32,
    partition: Partition<'a>,
    first_list: usize,
}

/// The lists of a library and what is asked of them.
pub(super) struct Probe<'a> {
    query: &'a Query,
    parts: Vec<Part<'a>>,
    wanted: Wanted,
    /// Of each query frame, rotated.
    rotated: Vec<Vec<f32>>,
    /// Of each query frame: distance and number of each list; looked into from the front.
    order: Vec<Vec<(f32, u32)>>,
    frames: usize,
    sounds: usize,
}

impl<'a> Probe<'a> {
    /// Prepares to look into the partitions of a snapshot.
    pub(super) fn new(snapshot: &'a Snapshot, query: &'a Query, wanted: Wanted) -> Self {
        let mut probe = Self {
            query,
            parts: Vec::new(),
            wanted,
            rotated: Vec::new(),
            order: vec![Vec::new(); query.len()],
            frames: 0,
            sounds: 0,
        };
        let mut lists = 0;
        for (at, segment) in snapshot.segments() {
            let Some(partition) = segment.partition() else { continue };
            probe.parts.push(Part { at, partition, first_list: lists });
            lists += partition.lists().len();
            probe.frames += segment.frame_rows().len();
            probe.sounds += segment.sound_rows().len();
        }
        if !probe.parts.is_empty() {
            probe.rotated = query.rotated();
            probe.compare_centres();
        }
        probe
    }

    /// The closest sounds in the lists nearest to each query frame.
    pub(super) fn run(mut self, snapshot: &Snapshot, scope: &Scope<'_>, threads: usize) -> Nearest {
        let keep = KEPT.max(4 * scope.k);
        let empty = Nearest {
            hits: vec![NearSounds::new(keep); self.query.len()],
            labelled: vec![NearSounds::new(LABELLED_KEPT); self.query.len()],
        };
        let lists = self.order.first().map_or(0, Vec::len);
        if lists == 0 {
            return empty;
        }
        let share = match scope.passing {
            Some(passing) if self.wanted.hits => {
                (passing.frames() as f64 / self.frames as f64 / FULL_SHARE).clamp(LEAST_SHARE, 1.0)
            }
            _ => 1.0,
        };
        let effort = if self.wanted.hits { EFFORT } else { EFFORT_FOR_VOTES };
        let full = effort / (self.frames as f64).sqrt() * lists as f64 / share;
        let collector = |near: &Nearest| Collector {
            admission: Admission::new(snapshot, scope),
            near: near.clone(),
            residual: Residual::default(),
            scratch: Vec::new(),
            products: Vec::new(),
        };
        let mut first = collector(&empty);
        let (mut begin, mut end) = (0, FIRST.min(lists));
        let mut next_end = (full.ceil() as usize).max(FIRST);
        while begin < lists {
            let items = self.items(begin..end);
            items.iter().for_each(|(list, _)| self.read_ahead(snapshot, *list as usize));
            let next = AtomicUsize::new(0);
            let work = |collector: &mut Collector<'_>| {
                while let Some((list, queries)) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    self.look_into(*list as usize, *queries, collector);
                }
            };
            let threads = threads.min(items.len() / 16);
            if threads > 1 {
                let fresh = first.near.fresh();
                let own = Mutex::new(Some(&mut first));
                let others = on_threads(threads, || {
                    let taken = own.lock().ok().and_then(|mut own| own.take());
                    match taken {
                        Some(first) => {
                            work(first);
                            None
                        }
                        None => {
                            let mut other = collector(&fresh);
                            work(&mut other);
                            Some(other.near)
                        }
                    }
                });
                others.into_iter().flatten().for_each(|other| first.near.merge(other));
            } else {
                work(&mut first);
            }
            first.near.settle(&first.admission);
            (begin, end) = (end, next_end.min(lists));
            if begin >= FIRST.max(full as usize) && self.is_enough(&first.near, scope.k) {
                break;
            }
            next_end = next_end.saturating_mul(MORE);
        }
        first.near
    }

    fn is_enough(&self, near: &Nearest, k: usize) -> bool {
        let hits = (2 * k.max(VOTERS)).min(self.sounds);
        (!self.wanted.hits || near.hits.iter().all(|near| near.entries().len() >= hits))
            && (!self.wanted.votes
                || near.labelled.iter().all(|near| near.entries().len() >= (2 * VOTERS).min(self.sounds)))
    }

    /// Distances of all centres from all query frames.
    fn compare_centres(&mut self) {
        let mut queries = Comparand::new(Rotation::padded(self.query.embedding_size()));
        for rotated in &self.rotated {
            let (vector, scale) = to_i8(rotated);
            queries.push(&vector, scale);
        }
        let (mut rows, mut scales) = (Vec::new(), Vec::new());
        for part in &self.parts {
            let lists = part.partition.lists();
            scales.clear();
            scales.extend(lists.iter().map(|list| list.scale));
            rows.resize(lists.len() * queries.lanes(), 0.0);
            queries.compare(part.partition.centres(), &scales, &mut rows);
            let numbers = part.first_list as u32..;
            for ((list, row), number) in lists.iter().zip(rows.chunks_exact(queries.lanes())).zip(numbers) {
                for (order, cosine) in self.order.iter_mut().zip(row) {
                    order.push((list.squared - 2.0 * cosine, number));
                }
            }
        }
    }

    /// The lists in some places of the query frames' orders, each with a bit for every query frame that wants it.
    fn items(&mut self, places: std::ops::Range<usize>) -> Vec<(u32, u32)> {
        let lists = self.order[0].len();
        let mut wanted = vec![0u32; lists];
        for (query, order) in self.order.iter_mut().enumerate() {
            let rest = &mut order[places.start..];
            let count = places.len();
            if count < rest.len() && count > 0 {
                rest.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
            }
            rest[..count].iter().for_each(|(_, list)| wanted[*list as usize] |= 1 << query);
        }
        (0u32..).zip(wanted).filter(|(_, queries)| *queries != 0).collect()
    }

    /// Has a list on its way to memory when it is looked into: after a cold start, many reads at once take little
    /// longer than one.
    fn read_ahead(&self, snapshot: &Snapshot, list: usize) {
        let Some(part) = self.part_of(list) else { return };
        let Some(segment) = snapshot.segment(part.at).filter(|segment| !segment.is_warm()) else { return };
        if let Some(list) = part.partition.list(list - part.first_list) {
            segment.read_ahead(list.blocks);
        }
    }

    fn part_of(&self, list: usize) -> Option<&Part<'a>> {
        let at = self.parts.partition_point(|part| part.first_list <= list).checked_sub(1)?;
        self.parts.get(at)
    }

    /// Takes from a list what looks closer to some query frames than what was found so far.
    fn look_into(&self, list: usize, queries: u32, collector: &mut Collector<'_>) {
        let Some(part) = self.part_of(list) else { return };
        // A damaged row is passed over; `verify` reports it.
        let Some(list) = part.partition.list(list - part.first_list) else { return };
        for query in (0..self.query.len()).filter(|query| queries >> query & 1 != 0) {
            let Collector { residual, scratch, products, .. } = collector;
            residual.set(&self.rotated[query], list.centre, list.row.scale, scratch);
            residual.estimate(list.blocks, products);
            self.take(part, &list, query, collector);
        }
    }

    fn take(&self, part: &Part<'_>, list: &List<'_>, query: usize, collector: &mut Collector<'_>) {
        let Collector { admission, near, residual, products, .. } = collector;
        let (hits, labelled) = (&mut near.hits[query], &mut near.labelled[query]);
        let floor_of = |hits: &NearSounds, labelled: &NearSounds| {
            let hits = if self.wanted.hits { hits.floor() } else { f32::INFINITY };
            let labelled = if self.wanted.votes { labelled.floor() } else { f32::INFINITY };
            (hits, labelled, hits.min(labelled))
        };
        let (mut hits_floor, mut labelled_floor, mut floor) = floor_of(hits, labelled);
        for (block, cosines) in products.as_chunks::<BLOCK>().0.iter().enumerate() {
            if !cosines.iter().any(|cosine| *cosine > floor) {
                continue;
            }
            for (lane, cosine) in cosines.iter().copied().enumerate() {
                let code = block * BLOCK + lane;
                if cosine <= floor || code >= list.row.frames as usize {
                    continue;
                }
                let factors = CodeFactors::of(list.blocks, part.partition.padded(), code);
                let (sound, has_label) = sound_of_word(factors.word);
                let id = SoundId { segment: part.at, sound };
                let found = Near { id, cosine, deviation: residual.deviation(factors) };
                if cosine > hits_floor && admission.may_hit(id) {
                    hits.push(found, admission);
                }
                if has_label && cosine > labelled_floor && admission.may_vote(id) {
                    labelled.push(found, admission);
                }
                (hits_floor, labelled_floor, floor) = floor_of(hits, labelled);
            }
        }
    }
}

impl Nearest {
    fn merge(&mut self, mut other: Self) {
        self.hits.iter_mut().zip(&mut other.hits).for_each(|(near, other)| near.merge(other));
        self.labelled.iter_mut().zip(&mut other.labelled).for_each(|(near, other)| near.merge(other));
    }

    fn settle(&mut self, admission: &Admission<'_>) {
        self.hits.iter_mut().chain(&mut self.labelled).for_each(|near| near.settle(admission));
    }

    fn fresh(&self) -> Self {
        Self {
            hits: self.hits.iter().map(NearSounds::fresh).collect(),
            labelled: self.labelled.iter().map(NearSounds::fresh).collect(),
        }
    }
}
