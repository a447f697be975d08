//! Looks into the lists of large segments that are nearest to the query's frames.
//!
//! The lists of all segments are one pool: for each query frame the nearest ones are taken, whatever segment they
//! belong to, so that a library of many segments costs what one of a single segment does. A list that several query
//! frames want is read once for all of them. How many are looked into is told in [`order`](super::order); where they hold
//! too few sounds that count (few pass the filter, few have a label), more are, in the end all.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::index::{Partition, Snapshot, SoundId, sound_of_word, to_i8};
use crate::vectors::codes::{BLOCK, CodeFactors, Residual};
use crate::vectors::{Comparand, Rotation};

use super::admission::Admission;
use super::flat::VOTERS;
use super::near::{Near, NearSounds};
use super::order::{Bounds, FIRST, Order};
use super::parallel::on_threads;
use super::scope::Scope;
use super::{Passing, Query};

/// Frames looked into for each query frame at most, times the root of all frames.
const EFFORT: f64 = 40.0;
/// The same where only some sounds pass a filter …
const EFFORT_AMONG_SOME: f64 = 30.0;
/// … and how many frames that pass are in the lists looked into for each query frame, where they are fewer.
const PASSING_FRAMES: f64 = 2000.0;
/// The same as the first for votes: shares hardly hear of one voter among many.
const EFFORT_FOR_VOTES: f64 = 10.0;
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
    taker: Taker<'a>,
    /// Of a query frame to a list that is looked into as it is.
    residual: Residual,
    scratch: Vec<f32>,
    /// For sieved lists, of each query frame.
    of_queries: Vec<Residual>,
}

/// Takes what looks closer than what was found so far.
struct Taker<'a> {
    admission: Admission<'a>,
    passing: Option<&'a Passing>,
    near: Nearest,
    products: Vec<f32>,
    /// What the products of each block do not exceed.
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

/// A list to be looked into, and the query frames, a bit each, that look for hits or votes in it.
#[derive(Clone, Copy, Default)]
struct Item {
    list: u32,
    hits: u32,
    votes: u32,
}

/// The lists of a library and what is asked of them.
pub(super) struct Probe<'a> {
    snapshot: &'a Snapshot,
    query: &'a Query,
    parts: Vec<Part<'a>>,
    /// Of each query frame, rotated.
    rotated: Vec<Vec<f32>>,
    /// Products of the lists' centres with the query frames, `[lists × lanes]`.
    centre_products: Vec<f32>,
    lanes: usize,
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
            centre_products: Vec::new(),
            lanes: 0,
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
        let keep = KEPT.max(4 * scope.k);
        let empty = Nearest {
            hits: vec![NearSounds::new(keep); self.query.len()],
            labelled: vec![NearSounds::new(LABELLED_KEPT); self.query.len()],
        };
        let lists = self.order.first().map_or(0, |order| order.lists.len());
        if lists == 0 {
            return empty;
        }
        let root = (self.frames as f64).sqrt();
        let effort = scope.passing.map_or(EFFORT, |passing| {
            EFFORT_AMONG_SOME.max(root * PASSING_FRAMES / passing.frames().max(1) as f64)
        });
        let bounds = |wanted: usize, effort: f64| Bounds {
            wanted: wanted.min(self.sounds),
            enough: (2 * scope.k.max(VOTERS)).min(self.sounds),
            full: ((effort / root * lists as f64).ceil() as usize).max(FIRST),
            most: FIRST,
        };
        let mut for_hits = bounds(if wanted.hits { scope.k } else { 0 }, effort);
        let mut for_votes = bounds(if wanted.votes { VOTERS } else { 0 }, EFFORT_FOR_VOTES);
        let snapshot = self.snapshot;
        let of_queries: Vec<Residual> = match scope.passing.filter(|_| wanted.hits) {
            Some(_) => self.rotated.iter().map(|rotated| Residual::of_query(rotated)).collect(),
            None => Vec::new(),
        };
        let collector = |near: &Nearest| Collector {
            taker: Taker {
                admission: Admission::new(snapshot, scope),
                passing: scope.passing,
                near: near.clone(),
                products: Vec::new(),
                peaks: Vec::new(),
            },
            residual: Residual::default(),
            scratch: Vec::new(),
            of_queries: of_queries.clone(),
        };
        let mut first = collector(&empty);
        loop {
            let items = self.items(&first.taker.near, &for_hits, &for_votes);
            if items.is_empty() {
                return first.taker.near;
            }
            items.iter().for_each(|item| self.read_ahead(item.list as usize));
            let next = AtomicUsize::new(0);
            let work = |collector: &mut Collector<'_>| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    self.look_into(*item, collector);
                }
            };
            let threads = threads.min(items.len() / 16);
            if threads > 1 {
                let fresh = first.taker.near.fresh();
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
                            Some(other.taker.near)
                        }
                    }
                });
                others.into_iter().flatten().for_each(|other| first.taker.near.merge(other));
            } else {
                work(&mut first);
            }
            first.taker.near.settle(&first.taker.admission);
            for_hits.extend();
            for_votes.extend();
        }
    }

    /// Distances of all centres from all query frames.
    fn compare_centres(&mut self) {
        let mut queries = Comparand::new(Rotation::padded(self.query.embedding_size()));
        for rotated in &self.rotated {
            let (vector, scale) = to_i8(rotated);
            queries.push(&vector, scale);
        }
        self.lanes = queries.lanes();
        let mut scales = Vec::new();
        for part in &self.parts {
            let lists = part.partition.lists();
            scales.clear();
            scales.extend(lists.iter().map(|list| list.scale));
            let first = part.first_list * self.lanes;
            self.centre_products.resize(first + lists.len() * self.lanes, 0.0);
            let products = &mut self.centre_products[first..];
            queries.compare(part.partition.centres(), &scales, products);
            let numbers = part.first_list as u32..;
            for ((list, products), number) in lists.iter().zip(products.chunks_exact(self.lanes)).zip(numbers)
            {
                for (order, product) in self.order.iter_mut().zip(products) {
                    order.lists.push((list.squared - 2.0 * product, number));
                }
            }
        }
    }

    /// The lists to be looked into next.
    fn items(&mut self, near: &Nearest, for_hits: &Bounds, for_votes: &Bounds) -> Vec<Item> {
        let mut items = vec![Item::default(); self.order[0].lists.len()];
        for (query, order) in self.order.iter_mut().enumerate() {
            for list in order.next(for_hits, &near.hits[query], |order| &mut order.for_hits) {
                items[list.1 as usize].hits |= 1 << query;
            }
            for list in order.next(for_votes, &near.labelled[query], |order| &mut order.for_votes) {
                items[list.1 as usize].votes |= 1 << query;
            }
        }
        let numbered = (0u32..).zip(items).map(|(list, item)| Item { list, ..item });
        numbered.filter(|item| item.hits | item.votes != 0).collect()
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
    fn look_into(&self, item: Item, collector: &mut Collector<'_>) {
        let Some(part) = self.part_of(item.list as usize) else { return };
        // A damaged row is passed over; `verify` reports it.
        let number = item.list as usize - part.first_list;
        let Some(list) = part.partition.list(number) else { return };
        let Collector { taker, residual, scratch, of_queries } = collector;
        let passing = taker.passing.filter(|_| item.hits != 0);
        let sieved = passing.and_then(|passing| passing.sieved(part.at, number, &list));
        for query in 0..self.query.len() {
            let [hits, votes] = [item.hits, item.votes].map(|queries| queries >> query & 1 != 0);
            let some = sieved.filter(|sieved| hits && sieved.codes > 0);
            if let (Some(sieved), Some(of_query)) = (some, of_queries.get_mut(query)) {
                let product = self.centre_products[item.list as usize * self.lanes + query];
                of_query.set_list(product, list.row.squared);
                let wanted = Wanted { hits: true, votes: false };
                taker.take((part.at, &sieved.blocks, sieved.codes), (query, of_query), wanted);
            }
            let wanted = Wanted { hits: hits && sieved.is_none(), votes };
            if wanted.hits || wanted.votes {
                residual.set(&self.rotated[query], list.centre, list.row.scale, scratch);
                taker.take((part.at, list.blocks, list.row.frames as usize), (query, residual), wanted);
            }
        }
    }
}

impl Taker<'_> {
    /// Takes from so many codes of a segment what looks closer to a query frame than what was found so far.
    fn take(
        &mut self,
        (segment, blocks, codes): (u32, &[u32], usize),
        (query, residual): (usize, &Residual),
        wanted: Wanted,
    ) {
        let Self { admission, passing, near, products, peaks } = self;
        residual.estimate(blocks, codes, products, peaks);
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
                let factors = CodeFactors::of(blocks, residual.size(), block * BLOCK + lane);
                let (sound, has_label) = sound_of_word(factors.word);
                let id = SoundId { segment, sound };
                let is_hit = cosine > hits_floor && passing.is_none_or(|passing| passing.holds(id));
                let is_voter = has_label && cosine > labelled_floor;
                if !(is_hit || is_voter) || !admission.is_live(id) {
                    continue;
                }
                let found = Near { id, cosine, deviation: residual.deviation(factors) };
                if is_hit {
                    hits.push(found, admission);
                }
                if is_voter {
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
