//! Merging: which segments are written again as one, and the writing.
//!
//! Segments are kept in tiers of size, each four times as large as the one below. When a tier is full, its segments and
//! all smaller ones become one; so a library of any size has few segments. Two more rules make one that grew in many
//! runs as quick to search as one made at once: segments too small for a partition are merged as soon as they would be
//! large enough together, and all of them with the largest when they come to an eighth of it. A segment of which much is gone is written again without it, and one of an older format in the
//! present one. Sources are immutable, so that this can go on beside a writer at work; what was deleted meanwhile is
//! carried over when the result takes its place.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::segment::Segment;
use super::{IndexError, SegmentEntry, SegmentWriter, Snapshot, partition};

/// The lowest tier holds segments of up to so many frames …
const LOWEST_TIER_FRAMES: u64 = 1 << 12;
/// … and each tier larger ones by this factor.
const FACTOR: u64 = 4;
/// So many segments fill a tier.
const FULL: usize = 4;
/// Merged segments hold at most so many frames, unless a single one is larger.
const MOST_FRAMES: u64 = 1 << 24;
/// All segments become one when the others come to so large a part of the largest …
const PART_OF_LARGEST: u64 = 8;
/// … and to so many frames.
const WORTHWHILE_FRAMES: u64 = 1 << 14;
/// A segment is written again when one in so many of its sounds is gone.
const WORN: usize = 4;
/// How often `stop` is asked, sounds.
const STOP_EVERY: usize = 64;

/// Segments to be written as one.
#[derive(Debug)]
pub(super) struct Merge {
    sources: Vec<Source>,
    path: PathBuf,
}

#[derive(Debug)]
struct Source {
    file: String,
    segment: Arc<Segment>,
    /// Sounds that were gone when the merge was planned.
    gone: BTreeSet<u32>,
}

/// The result of a merge, not yet part of the library.
#[derive(Debug)]
pub(super) struct Merged {
    pub segment: Segment,
    /// Of each source the file and, for its sounds, the numbers that they have now.
    pub places: Vec<(String, Vec<Option<u32>>)>,
}

impl Merge {
    /// The merge that is due, if any.
    pub(super) fn due(snapshot: &Snapshot) -> Option<Self> {
        let entries = &snapshot.manifest().segments;
        let mut open: Vec<(u32, u64)> = snapshot
            .segments()
            .map(|(at, _)| (at, live_frames(&entries[at as usize])))
            .filter(|(_, live)| *live > 0)
            .collect();
        open.sort_by_key(|(_, live)| *live);
        let chosen = chosen(&open).or_else(|| {
            let again = |(at, segment): (u32, &Arc<Segment>)| {
                let entry = &entries[at as usize];
                let (gone, sounds) = (entry.tombstones.len(), entry.sounds as usize);
                let large = segment.frame_rows().len() >= partition::MIN_FRAMES;
                (gone < sounds && (gone * WORN >= sounds || segment.is_outdated() && large)).then(|| vec![at])
            };
            snapshot.segments().find_map(again)
        })?;
        let sources = snapshot.segments().filter(|(at, _)| chosen.contains(at)).map(|(at, segment)| Source {
            file: entries[at as usize].file.clone(),
            segment: Arc::clone(segment),
            gone: entries[at as usize].tombstones.iter().copied().collect(),
        });
        // The highest bit tells it from the segments of the same generation.
        let number = 1 << 63 | (snapshot.manifest().generation + 1);
        Some(Self { sources: sources.collect(), path: snapshot.dir().join(format!("{number:016x}.segment")) })
    }

    /// What the names of its files begin with.
    pub(super) fn stem(&self) -> String {
        self.path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Writes the merged segment; `None` when `stop` said so, and nothing is left behind.
    pub(super) fn carry_out(&self, stop: &dyn Fn() -> bool) -> Result<Option<Merged>, IndexError> {
        let Some(first) = self.sources.first() else { return Ok(None) };
        let mut merged = SegmentWriter::create(&self.path, first.segment.model())?;
        let mut places = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let mut numbers = vec![None; source.segment.sound_rows().len()];
            for sound in source.segment.sounds() {
                if (sound.number() as usize).is_multiple_of(STOP_EVERY) && stop() {
                    return Ok(None);
                }
                // A row that points nowhere stays where it is, for `verify` to report.
                if let (false, Ok(record), Ok(_)) =
                    (source.gone.contains(&sound.number()), sound.record(), sound.frame_range())
                {
                    numbers[sound.number() as usize] = Some(merged.copy(&record, &sound)?);
                }
            }
            source.segment.still_there()?;
            places.push((source.file.clone(), numbers));
        }
        if merged.sounds() == 0 {
            // Nothing of it can be read: it would be tried again and again.
            return Ok(None);
        }
        Ok(merged.finish_unless(stop)?.map(|segment| Merged { segment, places }))
    }
}

impl Merged {
    /// The manifest's entries once this has taken the place of its sources, and its own; `None` when a source is no
    /// longer there.
    pub(super) fn replace(&self, entries: &[SegmentEntry], own: SegmentEntry) -> Option<Vec<SegmentEntry>> {
        let mut own = own;
        let mut kept = entries.to_vec();
        for (file, numbers) in &self.places {
            let entry = kept.iter_mut().find(|entry| entry.file == *file)?;
            let gone = entry.tombstones.iter().filter_map(|sound| *numbers.get(*sound as usize)?);
            own.tombstones.extend(gone);
            let moved = (0u32..).zip(numbers).filter_map(|(sound, number)| number.map(|_| sound));
            let all: BTreeSet<u32> = moved.chain(entry.tombstones.iter().copied()).collect();
            entry.tombstones = all.into_iter().collect();
        }
        own.tombstones.sort_unstable();
        kept.retain(|entry| entry.tombstones.len() < entry.sounds as usize);
        kept.push(own);
        Some(kept)
    }
}

/// Frames of the sounds that are there, about.
fn live_frames(entry: &SegmentEntry) -> u64 {
    let sounds = u64::from(entry.sounds).max(1);
    u64::from(entry.frames) * (sounds - entry.tombstones.len() as u64) / sounds
}

/// The segments that are to become one; `open` is in order of size.
fn chosen(open: &[(u32, u64)]) -> Option<Vec<u32>> {
    let first = |end: usize| open[..end].iter().map(|(at, _)| *at).collect();
    let fitting = fitting(open);
    full_tier(open, fitting).or_else(|| with_largest(open, fitting)).or_else(|| small(open)).map(first)
}

/// How many of the smallest fit into one.
fn fitting(open: &[(u32, u64)]) -> usize {
    let mut sum = 0;
    let fits = |(_, live): &&(u32, u64)| {
        sum += live;
        sum <= MOST_FRAMES
    };
    open.iter().take_while(fits).count()
}

/// All that fit, when the others come to a good part of the largest of them.
fn with_largest(open: &[(u32, u64)], fitting: usize) -> Option<usize> {
    let ((_, largest), others) = open[..fitting].split_last()?;
    let others: u64 = others.iter().map(|(_, live)| live).sum();
    (others >= WORTHWHILE_FRAMES && others * PART_OF_LARGEST >= *largest).then_some(fitting)
}

/// Those that are searched whole, when one of them all would have a partition.
fn small(open: &[(u32, u64)]) -> Option<usize> {
    let least = partition::MIN_FRAMES as u64;
    let small = open.iter().take_while(|(_, live)| *live < least).count();
    let frames: u64 = open[..small].iter().map(|(_, live)| live).sum();
    (frames >= least).then_some(small)
}

/// The segments of the highest full tier and all smaller ones, as many as fit into one.
fn full_tier(open: &[(u32, u64)], fitting: usize) -> Option<usize> {
    let tier = |live: u64| (live / LOWEST_TIER_FRAMES).max(1).ilog(FACTOR);
    let full = |end: &usize| {
        let last = tier(open[end - 1].1);
        // Only at the end of a tier, so that all of it goes.
        let ends = open.get(*end).is_none_or(|(_, live)| tier(*live) > last) || *end == fitting;
        ends && open[..*end].iter().filter(|(_, live)| tier(*live) == last).count() >= FULL
    };
    (1..=fitting).rev().find(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of a library to which segments of some frames are added one by one: sizes, and frames written.
    fn grow(runs: usize, frames: u64) -> (Vec<u64>, u64) {
        let (mut sizes, mut written) = (Vec::new(), 0);
        for _ in 0..runs {
            sizes.push(frames);
            loop {
                sizes.sort_unstable();
                let open: Vec<(u32, u64)> = (0u32..).zip(sizes.iter().copied()).collect();
                let Some(chosen) = chosen(&open) else { break };
                let sum = sizes.drain(..chosen.len()).sum();
                written += sum;
                sizes.push(sum);
            }
        }
        (sizes, written)
    }

    #[test]
    fn a_library_of_a_thousand_runs_has_few_segments_and_was_written_few_times_over() {
        for frames in [10, 1000, 16_384] {
            let (sizes, written) = grow(1000, frames);
            assert!(sizes.len() <= 10, "{sizes:?}");
            // One segment has nearly all.
            let largest = sizes.iter().max().copied().unwrap_or(0);
            assert!(frames < 1000 || largest * 9 >= sizes.iter().sum::<u64>() * 8, "{sizes:?}");
            assert_eq!(sizes.iter().sum::<u64>(), 1000 * frames);
            // Segments below the lowest tier's size are cheap to merge, and are merged more often.
            assert!(frames < 1000 || written <= 12 * 1000 * frames, "{frames}: {written}");
        }
    }

    #[test]
    fn segments_that_would_become_too_large_stay() {
        let open: Vec<(u32, u64)> = (0..8).map(|at| (at, MOST_FRAMES / 2 + 1)).collect();
        assert_eq!(chosen(&open), None);
        let open: Vec<(u32, u64)> = (0..8).map(|at| (at, MOST_FRAMES / 6)).collect();
        assert_eq!(chosen(&open).map(|chosen| chosen.len()), Some(6));
    }

    #[test]
    fn live_frames_leave_out_gone_sounds() {
        let entry = |sounds, frames, tombstones| SegmentEntry {
            file: String::new(),
            bytes: 0,
            sounds,
            frames,
            tombstones,
        };
        assert_eq!(live_frames(&entry(4, 400, vec![0, 1, 2])), 100);
        assert_eq!(live_frames(&entry(0, 0, Vec::new())), 0);
    }
}
