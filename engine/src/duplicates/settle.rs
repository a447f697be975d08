//! From candidates to proven relations: pairs are compared, pairs that are the same audio become sets, and every
//! member is compared with its set's reference.
//!
//! Candidates fall into components that have nothing to do with each other; those are settled side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::fingerprint::{HOP, RATE_HZ};
use super::listen::Listened;
use super::proof::{Party, Prover, Verdict};
use super::table::Candidate;
use super::{Evidence, Library, Request};

/// What belongs together, by classes.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// References with the classes that are the same audio, each in terms of the reference.
    pub same: Vec<(u32, Vec<(u32, Evidence)>)>,
    /// `(part, whole, the part in terms of the whole)`.
    pub parts: Vec<(u32, u32, Evidence)>,
}

/// Compares the candidates.
pub(super) fn settle(library: &Library<'_>, heard: &Listened, request: &Request<'_>) -> Settled {
    let components = components(&heard.candidates);
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..request.jobs.clamp(1, components.len().max(1)) {
            scope.spawn(|| {
                let mut prover = Prover::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(candidates) = components.get(at) else { return };
                    if (request.stop)() {
                        return;
                    }
                    let mut court = Court { library, heard, prover: &mut prover, tried: BTreeMap::new() };
                    let settled = court.settle(candidates);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(at, settled);
                }
            });
        }
    });
    let mut all = Settled::default();
    for settled in outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).into_values() {
        all.same.extend(settled.same);
        all.parts.extend(settled.parts);
    }
    all
}

/// Candidates that hang together, most votes first.
fn components(candidates: &[Candidate]) -> Vec<Vec<Candidate>> {
    let mut sets = Sets::default();
    for candidate in candidates {
        sets.join(candidate.a, candidate.b, 0.0);
    }
    let mut components: BTreeMap<u32, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        components.entry(sets.root(candidate.a).0).or_default().push(*candidate);
    }
    let mut components: Vec<Vec<Candidate>> = components.into_values().collect();
    for component in &mut components {
        component.sort_unstable_by_key(|found| (std::cmp::Reverse(found.votes), found.a, found.b));
    }
    components
}

/// Sets of classes with their places in time.
#[derive(Debug, Default)]
struct Sets {
    /// Of each class its parent and where its beginning lies in the parent's time, seconds.
    parents: BTreeMap<u32, (u32, f64)>,
}

impl Sets {
    /// The class that stands for the set, and where a class begins in its time.
    fn root(&mut self, class: u32) -> (u32, f64) {
        let (mut at, mut offset_s) = (class, 0.0);
        while let Some(&(parent, offset)) = self.parents.get(&at) {
            offset_s += offset;
            at = parent;
        }
        // The next time the way is short.
        if at != class {
            self.parents.insert(class, (at, offset_s));
        }
        (at, offset_s)
    }

    /// Joins the sets of two classes, where `a` begins at `offset_s` of `b`.
    fn join(&mut self, a: u32, b: u32, offset_s: f64) {
        let ((root_a, in_a), (root_b, in_b)) = (self.root(a), self.root(b));
        if root_a != root_b {
            self.parents.insert(root_a, (root_b, offset_s + in_b - in_a));
        }
    }
}

/// One component being settled.
struct Court<'a> {
    library: &'a Library<'a>,
    heard: &'a Listened,
    prover: &'a mut Prover,
    tried: BTreeMap<(u32, u32), Verdict>,
}

impl Court<'_> {
    fn settle(&mut self, candidates: &[Candidate]) -> Settled {
        let mut sets = Sets::default();
        let mut links: Vec<(u32, u32, Evidence)> = Vec::new();
        let mut parts: Vec<(u32, u32, Evidence)> = Vec::new();
        for candidate in candidates {
            let (a, b) = (candidate.a, candidate.b);
            if sets.root(a).0 == sets.root(b).0 {
                continue;
            }
            match self.compare(candidate) {
                Verdict::Same(evidence) => {
                    sets.join(a, b, evidence.offset_s);
                    links.push((a, b, evidence));
                }
                Verdict::Within(evidence) => parts.push((a, b, evidence)),
                Verdict::Holds(evidence) => parts.push((b, a, evidence.reversed())),
                Verdict::Different => {}
            }
        }
        let mut settled = Settled::default();
        let references = self.references(&mut sets, &links, &mut settled);
        self.place_parts(&mut sets, &references, &parts, &mut settled);
        settled
    }

    /// Chooses the reference of every set and compares the members with it; gives the reference of each root.
    fn references(
        &mut self,
        sets: &mut Sets,
        links: &[(u32, u32, Evidence)],
        settled: &mut Settled,
    ) -> BTreeMap<u32, u32> {
        let mut members: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
        for (a, b, _) in links {
            members.entry(sets.root(*a).0).or_default().extend([*a, *b]);
        }
        let mut references = BTreeMap::new();
        for (root, members) in members {
            let best = |class: &u32| (self.library.first(*class).quality, std::cmp::Reverse(*class));
            let Some(reference) = members.iter().copied().max_by_key(best) else { continue };
            references.insert(root, reference);
            let mut agreeing = Vec::new();
            for member in members.into_iter().filter(|member| *member != reference) {
                let offset_s = sets.root(member).1 - sets.root(reference).1;
                match self.compare_at(member, reference, offset_s) {
                    Verdict::Same(evidence) => agreeing.push((member, evidence)),
                    // It agrees with a member, though not with the reference: a chain of small differences.
                    _ => {
                        let link = links.iter().find(|(a, b, _)| *a == member || *b == member);
                        if let Some(&(a, b, evidence)) = link {
                            let (other, evidence) =
                                if a == member { (b, evidence) } else { (a, evidence.reversed()) };
                            settled.same.push((other, vec![(member, evidence)]));
                        }
                    }
                }
            }
            if !agreeing.is_empty() {
                settled.same.push((reference, agreeing));
            }
        }
        references
    }

    /// Puts parts into wholes, references into references.
    fn place_parts(
        &mut self,
        sets: &mut Sets,
        references: &BTreeMap<u32, u32>,
        parts: &[(u32, u32, Evidence)],
        settled: &mut Settled,
    ) {
        let mut placed: BTreeMap<(u32, u32), Evidence> = BTreeMap::new();
        for &(part, whole, evidence) in parts {
            let mut of = |class: u32| {
                let (root, begins_s) = sets.root(class);
                let reference = references.get(&root).copied().unwrap_or(class);
                (reference, sets.root(reference).1 - begins_s)
            };
            let ((part_reference, part_s), (whole_reference, whole_s)) = (of(part), of(whole));
            if part_reference == whole_reference || placed.contains_key(&(part_reference, whole_reference)) {
                continue;
            }
            let offset_s = evidence.offset_s + part_s - whole_s;
            match self.compare_at(part_reference, whole_reference, offset_s) {
                Verdict::Within(evidence) => placed.insert((part_reference, whole_reference), evidence),
                _ => placed.insert((part, whole), evidence),
            };
        }
        self.pass_on(&mut placed);
        settled.parts.extend(placed.into_iter().map(|((part, whole), evidence)| (part, whole, evidence)));
    }

    /// A part of a part is a part of the whole; what the whole lists need not be listed again below the part.
    fn pass_on(&mut self, placed: &mut BTreeMap<(u32, u32), Evidence>) {
        let steps: Vec<_> = placed.iter().map(|(pair, evidence)| (*pair, *evidence)).collect();
        for ((middle, whole), outer) in &steps {
            for ((part, _), inner) in steps.iter().filter(|((_, holder), _)| holder == middle) {
                let offset_s = inner.offset_s + outer.offset_s;
                let listed = placed.contains_key(&(*part, *whole))
                    || match self.compare_at(*part, *whole, offset_s) {
                        Verdict::Within(evidence) => {
                            placed.insert((*part, *whole), evidence);
                            true
                        }
                        _ => false,
                    };
                if listed {
                    placed.remove(&(*part, *middle));
                }
            }
        }
    }

    /// Compares `a` with `b`, in which it begins at about `offset_s`.
    fn compare_at(&mut self, a: u32, b: u32, offset_s: f64) -> Verdict {
        let lag_samples = offset_s * f64::from(RATE_HZ);
        let lag = (lag_samples / HOP as f64).round() as i32;
        // Where both are sure to sound: the middle of the first one's audible part that both share.
        let hops = |class: u32| {
            let active = self.heard.heard[class as usize].active.clone().unwrap_or(0..0);
            (active.start / HOP as u64) as i64..(active.end / HOP as u64) as i64
        };
        let (of_a, of_b) = (hops(a), hops(b));
        let start = of_a.start.max(of_b.start - i64::from(lag));
        let end = of_a.end.min(of_b.end - i64::from(lag)).max(start);
        let at = start.midpoint(end).clamp(0, i64::from(u32::MAX)) as u32;
        self.compare(&Candidate { a, b, lag, at, votes: 0 })
    }

    fn compare(&mut self, candidate: &Candidate) -> Verdict {
        let (a, b) = (candidate.a, candidate.b);
        if let Some(verdict) = self.tried.get(&(a, b)) {
            return *verdict;
        }
        if let Some(verdict) = self.tried.get(&(b, a)) {
            return verdict.reversed();
        }
        let source = |class: u32| self.heard.sources[class as usize].as_ref();
        let (Some(source_a), Some(source_b)) = (source(a), source(b)) else { return Verdict::Different };
        let party = |source| Party { source, heard: &self.heard.heard[source.number as usize] };
        let verdict =
            self.prover.compare(party(source_a), party(source_b), candidate).unwrap_or_else(|error| {
                // It could be decoded a moment ago; without its samples nothing is claimed.
                tracing::warn!("{error}");
                Verdict::Different
            });
        tracing::debug!(a = %source_a.path.display(), b = %source_b.path.display(), votes = candidate.votes, ?verdict);
        self.tried.insert((a, b), verdict);
        verdict
    }
}

impl Verdict {
    fn reversed(self) -> Self {
        match self {
            Self::Same(evidence) => Self::Same(evidence.reversed()),
            Self::Within(evidence) => Self::Holds(evidence.reversed()),
            Self::Holds(evidence) => Self::Within(evidence.reversed()),
            Self::Different => Self::Different,
        }
    }
}
