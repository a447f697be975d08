//! Sounds that a library holds more than once: the same bytes, the same audio in another form, excerpts of longer
//! takes. A report; nothing is changed.
//!
//! 1. Equal content hashes in the index: [`Kind::Identical`], without reading a file. Of such files one is listened to.
//! 2. Every sound is decoded once and turned into moments of 32 bits (`fingerprint`); a `table` gives the pairs that
//!    share moments at one offset. This costs the same for each sound, however many there are.
//! 3. Such pairs are decoded again and compared sample by sample (`proof`); what agrees throughout is put into groups
//!    (`settle`), each member compared with its group's reference.
//! 4. For files that cannot be read, the index alone tells of sounds as long and as like (`unheard`); that is marked
//!    as no proof.

mod agreement;
mod fingerprint;
mod groups;
mod listen;
mod proof;
mod samples;
mod settle;
mod table;
mod unheard;

use std::path::{Path, PathBuf};

use crate::audio::Container;
use crate::index::{Snapshot, SoundId, SoundRef};

/// What to look for and where.
pub struct Request<'a> {
    /// Which sounds take part.
    pub accepts: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// Compare content hashes only; no file is read.
    pub identical_only: bool,
    /// Files worked on at a time, at least 1.
    pub jobs: usize,
    /// Whether to stop early.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

/// Is told how it goes.
pub trait Observer {
    /// So many files will be listened to.
    fn planned(&mut self, files: usize, audio_s: f64);
    /// One of them was, or could not be.
    fn listened(&mut self, audio_s: f64);
    /// So many pairs of sounds are to be compared.
    fn comparing(&mut self, candidates: usize);
}

/// How the members of a group belong together: the weakest relation in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// All files have the same bytes.
    Identical,
    /// The same audio, in other formats, rates, gains or with silence before or after it.
    SameAudio,
    /// Excerpts of one longer take.
    Contained,
}

/// How a member belongs to its group's reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// It is the reference: the longest take, or of several the one of best quality.
    Reference,
    /// It has the same bytes.
    Identical,
    /// It is the same audio.
    SameAudio,
    /// It is a part of the reference.
    Contained,
}

/// Where the evidence comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Equal hashes of the files' bytes.
    Bytes,
    /// Both were decoded and compared.
    Audio,
    /// One of the files cannot be read: embeddings and durations agree, no more.
    Index,
}

/// How two sounds agree, the member in terms of the reference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Where the member begins in the reference, seconds; negative where it begins earlier.
    pub offset_s: f64,
    /// Level of the member above that of the reference, dB.
    pub gain_db: f64,
    /// Whether it is turned upside down.
    pub inverted: bool,
    /// Power that is left when one is taken from the other at this gain, dB below it.
    pub residual_db: f64,
    /// Correlation, averaged over the bands that sound, 0 to 1.
    pub similarity: f64,
}

impl Evidence {
    /// Of a sound and itself.
    const EQUAL: Self =
        Self { offset_s: 0.0, gain_db: 0.0, inverted: false, residual_db: -120.0, similarity: 1.0 };

    /// The reference in terms of the member.
    fn reversed(self) -> Self {
        Self { offset_s: -self.offset_s, gain_db: -self.gain_db, ..self }
    }
}

/// A sound in a group.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The sound.
    pub id: SoundId,
    /// How it belongs to the reference.
    pub relation: Relation,
    /// Where the evidence comes from; of the reference itself, and of what has its bytes, the bytes.
    pub proof: Proof,
    /// How it agrees with the reference. From the index alone there is but a similarity (the cosine), and offset 0 is
    /// assumed.
    pub evidence: Evidence,
    /// Further files with the same audio, listed in a group of their own.
    pub copies: usize,
}

/// Sounds that belong together, the reference first.
#[derive(Clone, Debug)]
pub struct Group {
    /// The weakest relation in it.
    pub kind: Kind,
    /// At least two.
    pub members: Vec<Member>,
}

/// A sound that could not be listened to.
#[derive(Debug)]
pub struct Problem {
    /// The sound.
    pub id: SoundId,
    /// The file.
    pub path: PathBuf,
    /// Why, with the path.
    pub message: String,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Groups: identical ones first, then the same audio, then contained; by the path of the reference.
    pub groups: Vec<Group>,
    /// What could not be listened to.
    pub problems: Vec<Problem>,
    /// Sounds that took part.
    pub sounds: usize,
    /// Sound that was listened to, seconds.
    pub listened_s: f64,
    /// Pairs that shared moments.
    pub candidates: usize,
    /// Whether it was stopped; the groups are then not complete.
    pub stopped: bool,
}

/// A sound that takes part.
#[derive(Clone, Debug)]
struct Sound {
    id: SoundId,
    hash: u128,
    file_size: u64,
    duration_s: f64,
    quality: Quality,
}

/// What makes one of several the reference: lossless before lossy, then rate, then channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Quality(bool, u32, u16);

/// All files with the same bytes; sounds by their numbers in the list of those that take part.
#[derive(Clone, Debug)]
struct Class {
    sounds: Vec<u32>,
}

/// Looks for sounds that a library holds more than once.
pub fn find(snapshot: &Snapshot, request: &Request<'_>, observer: &mut dyn Observer) -> Report {
    let mut report = Report::default();
    let sounds = participants(snapshot, request, &mut report);
    report.sounds = sounds.len();
    let classes = classes(&sounds);
    if request.identical_only {
        report.groups = groups::of(&sounds, &classes, &settle::Settled::default(), &[], snapshot);
        return report;
    }
    let library = Library { snapshot, sounds: &sounds, classes: &classes };
    let heard = listen::listen(&library, request, observer);
    report.listened_s = heard.listened_s;
    report.candidates = heard.candidates.len();
    let mut settled = settle::Settled::default();
    if !(request.stop)() {
        observer.comparing(heard.candidates.len());
        settled = settle::settle(&library, &heard, request);
    }
    report.problems = heard.problems;
    report.stopped = (request.stop)();
    let unheard: Vec<u32> =
        (0..classes.len() as u32).filter(|class| heard.sources[*class as usize].is_none()).collect();
    let likely = unheard::likely(&library, &unheard);
    report.groups = groups::of(&sounds, &classes, &settled, &likely, snapshot);
    report
}

/// What all steps look at.
struct Library<'a> {
    snapshot: &'a Snapshot,
    sounds: &'a [Sound],
    classes: &'a [Class],
}

impl Library<'_> {
    fn duration_s(&self, class: u32) -> f64 {
        self.first(class).duration_s
    }

    /// The first sound of a class; those of a class are alike in all but their names.
    fn first(&self, class: u32) -> &Sound {
        &self.sounds[self.classes[class as usize].sounds[0] as usize]
    }
}

/// Sounds that take part, in the order of their paths: that of the index depends on which was embedded first.
fn participants(snapshot: &Snapshot, request: &Request<'_>, report: &mut Report) -> Vec<Sound> {
    let mut sounds = Vec::new();
    for (id, sound) in snapshot.sounds().filter(|(_, sound)| (request.accepts)(sound)) {
        let path = match snapshot.full_path(&sound) {
            Ok(path) => path,
            Err(error) => {
                let message = error.to_string();
                report.problems.push(Problem { id, path: snapshot.dir().into(), message });
                continue;
            }
        };
        let row = sound.row;
        let sound = Sound {
            id,
            hash: row.hash(),
            file_size: row.file_size,
            duration_s: if row.duration_s.is_finite() { row.duration_s.max(0.0) } else { 0.0 },
            quality: Quality(is_lossless(row.container), row.sample_rate_hz, row.channels),
        };
        sounds.push((path, sound));
    }
    sounds.sort_unstable_by(|(a, _), (b, _)| a.as_os_str().cmp(b.as_os_str()));
    sounds.into_iter().map(|(_, sound)| sound).collect()
}

fn is_lossless(container: u8) -> bool {
    !matches!(
        Container::from_u8(container),
        Some(Container::Mp3 | Container::Aac | Container::Ogg | Container::M4a) | None
    )
}

/// Classes in the order of their first sounds.
fn classes(sounds: &[Sound]) -> Vec<Class> {
    let key = |at: &u32| {
        let sound = &sounds[*at as usize];
        (sound.hash, sound.file_size, *at)
    };
    let mut order: Vec<u32> = (0..sounds.len() as u32).collect();
    order.sort_unstable_by_key(key);
    let mut classes: Vec<Class> = order
        .chunk_by(|a, b| (key(a).0, key(a).1) == (key(b).0, key(b).1))
        .map(|sounds| Class { sounds: sounds.to_vec() })
        .collect();
    classes.sort_unstable_by_key(|class| class.sounds[0]);
    classes
}

/// A sound's path, for reading it; rows that name none were left out before.
fn path_of(snapshot: &Snapshot, id: SoundId) -> Option<PathBuf> {
    snapshot.get(id).and_then(|sound| snapshot.full_path(&sound).ok())
}

/// Orders groups and members: by path, as people look for them.
fn path_key(path: Option<&Path>) -> Vec<u8> {
    path.map(|path| path.as_os_str().as_encoded_bytes().to_vec()).unwrap_or_default()
}
