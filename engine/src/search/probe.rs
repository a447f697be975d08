//! Looks into the lists of large segments that are nearest to the query's frames.
//!
//! The lists of all segments are one pool: for each query frame the nearest ones are taken, whatever segment they
//! belong to, so that a library of many segments costs what one of a single segment does. A list that several query
//! frames want is read once for all of them. What the first few lists hold tells how far lists may be away that are worth
//! looking into: most questions need few of them, some need many. Where the lists looked into hold too few sounds that
//! count (few pass the filter, few have a label), more are looked into, in the end all.

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
const FIRST: usize = 4;
/// Lists this much farther from a query frame than what is wanted of it, in squared distance, hold hardly any of that.
const SLACK: f32 = 0.5;
/// Frames looked into for each query frame at most, times the root of all frames.
const EFFORT: f64 = 40.0;
/// The same where only votes are wanted: shares hardly hear of one voter among many.
const EFFORT_FOR_VOTES: f64 = 15.0;
/// How many times more lists are looked into when too few sounds were found.
const MORE: usize = 4;
/// Where fewer frames than this share pass a filter, more lists are looked into …
const FULL_SHARE: f64 = 0.05;
/// … up to the inverse of this times as many.
const LEAST_SHARE: f64 = 0.4;
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
    wanted: Wanted,
    near: Nearest,
    /// Of each block of the list looked into, a bit for each code that counts.
    counting: Vec<u16>,
    residual: Residual,
    scratch: Vec<f32>,
    products: Vec<f32>,
    /// The largest product of each block.
    peaks: Vec<f32>,
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

/// The lists in the order in which they are looked into.
#[derive(Clone, Default)]
struct Order {
    /// Of each list its squared distance from the query frame, less one, and its number; nearest first as far as they are
    /// looked into.
    lists: Vec<(f32, u32)>,
    looked_into: usize,
}

/// The lists of a library and what is asked of them.
pub(super) struct Probe<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    parts: Vec<Part<'a>>,
    /// Of each query frame, rotated.
    rotated: Vec<Vec<f32>>,
    /// Of each query frame.
    order: Vec<Order>,
    frames: usize,
    sounds: usize,
}

impl<'a> Probe<'a> {
    /// Prepares to look into the partitions of a snapshot.
    pub(super) fn new(snapshot: &'a Snapshot, query: &'a Query) -> Self {
        let mut probe = Self {
            snapshot,
            query,
            parts: Vec::new(),
            rotated: Vec::new(),
            order: vec![Order::default(); query.len()],
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
    pub(super) fn run(mut self, wanted: Wanted, scope: &Scope<'_>, threads: usize) -> Nearest {
        if !wanted.hits || !wanted.votes || scope.passing.is_none() {
            return self.look(wanted, scope, threads);
        }
        // Sounds that pass are looked for farther away than labelled ones.
        let order = self.order.clone();
        let Nearest { hits, .. } = self.look(Wanted { votes: false, ..wanted }, scope, threads);
        self.order = order;
        Nearest { hits, ..self.look(Wanted { hits: false, ..wanted }, scope, threads) }
    }

    fn look(&mut self, wanted: Wanted, scope: &Scope<'_>, threads: usize) -> Nearest {
        let keep = KEPT.max(4 * scope.k);
        let empty = Nearest {
            hits: vec![NearSounds::new(keep); self.query.len()],
            labelled: vec![NearSounds::new(LABELLED_KEPT); self.query.len()],
        };
        let lists = self.order.first().map_or(0, |order| order.lists.len());
        if lists == 0 {
            return empty;
        }
        let share = match scope.passing {
            Some(passing) if wanted.hits => {
                (passing.frames() as f64 / self.frames as f64 / FULL_SHARE).clamp(LEAST_SHARE, 1.0)
            }
            _ => 1.0,
        };
        let effort = if wanted.hits { EFFORT } else { EFFORT_FOR_VOTES };
        let full =
            (effort / (self.frames as f64).sqrt() * lists as f64 / share).ceil().max(FIRST as f64) as usize;
        let snapshot = self.snapshot;
        let collector = |near: &Nearest| Collector {
            admission: Admission::new(snapshot, scope),
            wanted,
            near: near.clone(),
            counting: Vec::new(),
            residual: Residual::default(),
            scratch: Vec::new(),
            products: Vec::new(),
            peaks: Vec::new(),
        };
        let mut first = collector(&empty);
        let mut most = FIRST;
        loop {
            let items = self.items(&first.near, wanted, most, (full, scope.k));
            if items.is_empty() {
                return first.near;
            }
            items.iter().for_each(|(list, _)| self.read_ahead(*list as usize));
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
            most = if most < full { full } else { most.saturating_mul(MORE) };
        }
    }

    /// How far a list may be from a query frame to be looked into, as [`Order`] has it: [`SLACK`] farther than the last of
    /// what is wanted is, so far. Boundless until more than enough was found.
    fn reach(&self, near: &Nearest, wanted: Wanted, (query, k): (usize, usize)) -> f32 {
        let enough = (2 * k.max(VOTERS)).min(self.sounds);
        let reach = |near: &NearSounds, last: usize| {
            let last = near.cosine_of(last.min(self.sounds)).filter(|_| near.entries().len() >= enough);
            last.map_or(f32::INFINITY, |cosine| 1.0 - 2.0 * cosine + SLACK)
        };
        let hits = if wanted.hits { reach(&near.hits[query], k) } else { f32::NEG_INFINITY };
        let votes = if wanted.votes { reach(&near.labelled[query], VOTERS) } else { f32::NEG_INFINITY };
        hits.max(votes)
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
                    order.lists.push((list.squared - 2.0 * cosine, number));
                }
            }
        }
    }

    /// The lists to be looked into next, each with a bit for every query frame that wants it: the nearest ones within
    /// reach, until a query frame has had `most` of them, and none more of those that have had a full share of them.
    fn items(
        &mut self,
        near: &Nearest,
        wanted: Wanted,
        most: usize,
        (full, k): (usize, usize),
    ) -> Vec<(u32, u32)> {
        let reaches: Vec<f32> =
            (0..self.order.len()).map(|query| self.reach(near, wanted, (query, k))).collect();
        let mut askers = vec![0u32; self.order[0].lists.len()];
        for (query, (order, reach)) in self.order.iter_mut().zip(reaches).enumerate() {
            if reach.is_finite() && order.looked_into >= full {
                continue;
            }
            let rest = &mut order.lists[order.looked_into..];
            let within = rest.iter().filter(|(distance, _)| *distance <= reach).count();
            let count = within.min(most - order.looked_into);
            if count > 0 && count < rest.len() {
                rest.select_nth_unstable_by(count - 1, |a, b| a.0.total_cmp(&b.0));
            }
            rest[..count].iter().for_each(|(_, list)| askers[*list as usize] |= 1 << query);
            order.looked_into += count;
        }
        (0u32..).zip(askers).filter(|(_, queries)| *queries != 0).collect()
    }

    /// Has a list on its way to memory when it is looked into: after a cold start, many reads at once take little
    /// longer than one.
    fn read_ahead(&self, list: usize) {
        let Some(part) = self.part_of(list) else { return };
        let Some(segment) = self.snapshot.segment(part.at).filter(|segment| !segment.is_warm()) else {
            return;
        };
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
        let Collector { admission, wanted, counting, .. } = collector;
        if !admission.mark(*wanted, part.at, &list, counting) {
            return;
        }
        for query in (0..self.query.len()).filter(|query| queries >> query & 1 != 0) {
            let Collector { counting, residual, scratch, products, peaks, .. } = collector;
            residual.set(&self.rotated[query], list.centre, list.row.scale, scratch);
            residual.estimate(list.blocks, counting, products, peaks);
            self.take(part, &list, query, collector);
        }
    }

    fn take(&self, part: &Part<'_>, list: &List<'_>, query: usize, collector: &mut Collector<'_>) {
        let Collector { admission, wanted, near, residual, products, peaks, .. } = collector;
        let (hits, labelled) = (&mut near.hits[query], &mut near.labelled[query]);
        let floor_of = |hits: &NearSounds, labelled: &NearSounds| {
            let hits = if wanted.hits { hits.floor() } else { f32::INFINITY };
            let labelled = if wanted.votes { labelled.floor() } else { f32::INFINITY };
            (hits, labelled, hits.min(labelled))
        };
        let (mut hits_floor, mut labelled_floor, mut floor) = floor_of(hits, labelled);
        for (block, (cosines, peak)) in products.as_chunks::<BLOCK>().0.iter().zip(peaks).enumerate() {
            if *peak <= floor {
                continue;
            }
            for (lane, cosine) in cosines.iter().copied().enumerate() {
                if cosine <= floor {
                    continue;
                }
                let factors = CodeFactors::of(list.blocks, part.partition.padded(), block * BLOCK + lane);
                let (sound, has_label) = sound_of_word(factors.word);
                let id = SoundId { segment: part.at, sound };
                if !admission.is_live(id) {
                    continue;
                }
                let found = Near { id, cosine, deviation: residual.deviation(factors) };
                if cosine > hits_floor {
                    hits.push(found, admission);
                }
                if has_label && cosine > labelled_floor {
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
