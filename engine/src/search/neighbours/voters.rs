//! The labelled frames that are compared with, as places in the segments that hold them.

use std::ops::Range;

use super::super::categories::Vote;
use super::{MAX_VOTING_FRAMES, Neighbour, Neighbourhood};
use crate::index::{Segment, Snapshot, SoundId, SoundRef};

/// Tells which sounds belong together.
#[derive(Clone, Copy)]
pub(super) struct Group<'a>(pub Option<&'a (dyn Fn(&SoundRef<'_>) -> u64 + Sync)>);

impl Group<'_> {
    pub(super) fn of(&self, sound: &SoundRef<'_>) -> u64 {
        self.0.map_or(sound.row.hash_low ^ sound.row.hash_high.rotate_left(32), |group| group(sound))
    }
}

/// Numbers of a sound's frames in its segment: at most so many, evenly spread; none of a damaged sound.
pub(super) fn thinned(sound: &SoundRef<'_>, most: usize) -> impl ExactSizeIterator<Item = usize> + use<> {
    let frames: Range<usize> = sound.frame_range().unwrap_or(0..0);
    let count = frames.len();
    let kept = count.min(most);
    (0..kept)
        .map(move |at| frames.start + if kept == count { at } else { at * (count - 1) / (kept - 1).max(1) })
}

/// Voting frames.
#[derive(Default)]
pub(super) struct Table<'a> {
    segments: Vec<&'a Segment>,
    sounds: Vec<Voter>,
    frames: Vec<VotingFrame>,
    from_bank: bool,
}

struct Voter {
    id: SoundId,
    cat: u16,
    group: u64,
    /// Place of its segment among the table's.
    segment: u32,
}

#[derive(Clone, Copy)]
struct VotingFrame {
    /// Place of its sound among the table's.
    sound: u32,
    /// Its number in the segment.
    frame: u32,
}

impl<'a> Table<'a> {
    /// The labelled sounds of a library that vote.
    pub(super) fn of_library(snapshot: &'a Snapshot, around: &Neighbourhood<'_>, group: Group<'_>) -> Self {
        let mut table = Self::default();
        for (at, segment) in snapshot.segments() {
            table.segments.push(segment);
            for sound in segment.sounds() {
                let id = SoundId { segment: at, sound: sound.number() };
                if sound.cat().is_some() && snapshot.is_live(id) && (around.votes)(id, &sound) {
                    table.add(id, &sound, group);
                }
            }
        }
        table
    }

    /// The sounds of a starter bank.
    pub(super) fn of_bank(bank: &'a Segment, group: Group<'_>) -> Self {
        let mut table = Self { segments: vec![bank], from_bank: true, ..Self::default() };
        for sound in bank.sounds() {
            table.add(SoundId { segment: 0, sound: sound.number() }, &sound, group);
        }
        table
    }

    fn add(&mut self, id: SoundId, sound: &SoundRef<'_>, group: Group<'_>) {
        let Some(cat) = sound.cat() else { return };
        let number = self.sounds.len() as u32;
        let frames = thinned(sound, MAX_VOTING_FRAMES);
        self.frames.extend(frames.map(|frame| VotingFrame { sound: number, frame: frame as u32 }));
        let segment = (self.segments.len() - 1) as u32;
        self.sounds.push(Voter { id, cat, group: group.of(sound), segment });
    }

    /// Number of frames.
    pub(super) fn len(&self) -> usize {
        self.frames.len()
    }

    /// The sound of a frame.
    pub(super) fn sound(&self, frame: u32) -> u32 {
        self.frames[frame as usize].sound
    }

    /// The group of a sound.
    pub(super) fn group(&self, sound: u32) -> u64 {
        self.sounds[sound as usize].group
    }

    /// A frame's vector, `[size]`, and its scale.
    pub(super) fn vector(&self, frame: u32, size: usize) -> (&'a [i8], f32) {
        let VotingFrame { sound, frame } = self.frames[frame as usize];
        let segment = self.segments[self.sounds[sound as usize].segment as usize];
        let frame = frame as usize;
        (&segment.vectors()[frame * size..][..size], segment.frame_rows()[frame].scale)
    }

    /// A frame as it is handed over.
    pub(super) fn neighbour(&self, frame: u32, cosine: f32) -> Neighbour {
        let VotingFrame { sound, frame } = self.frames[frame as usize];
        let Voter { id, cat, segment, .. } = self.sounds[sound as usize];
        let row = self.segments[segment as usize].frame_rows()[frame as usize];
        let vote = Vote { cosine, cat, sound: id, from_bank: self.from_bank };
        Neighbour { vote, start_s: f64::from(row.start_ms) / 1000.0 }
    }
}
