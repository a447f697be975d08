//! What is likely wrong with the labels of a library, most rewarding first.
//!
//! One pass over the index finds the closest labelled neighbours of every labelled sound; `confident`, `vendors` and
//! `twins` look at them, `versions` at names. Nothing of this reads a sound file. What only the samples tell is left
//! to [`defects`], which runs where it is asked for.

mod confident;
mod twins;
mod vendors;
mod versions;

use std::num::NonZero;

use earmark_engine::index::{Segment, Snapshot, SoundId, SoundRef};
use earmark_engine::search::{Neighbour, Neighbourhood, Neighbours, neighbours};
use earmark_engine::ucs::CatIndex;

use crate::defects;
use crate::evidence::{CatShare, Evidence, Related, SoundPath};
use crate::hearing::{self, Heard};
use crate::observer::Observer;
use crate::words::{Lexicon, Reading, sources_of};

use vendors::Vendors;

pub use confident::{Confident, Doubt};
pub use versions::{Change, changes};

/// What to audit.
pub struct AuditRequest<'a> {
    /// Which sounds are looked at.
    pub accepts: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// The model's starter bank; its sounds are named as evidence, but do not judge.
    pub bank: Option<&'a Segment>,
    /// Sounds of one group never vote for each other; `None`: those of the same bytes.
    pub group: Option<&'a (dyn Fn(&SoundRef<'_>) -> u64 + Sync)>,
    /// Whether to decode every file, for what the index cannot know: silence, clipping and the like.
    pub listen: bool,
    /// Threads to work on.
    pub jobs: usize,
    /// Whether to stop early.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Default for AuditRequest<'_> {
    fn default() -> Self {
        Self {
            accepts: &|_| true,
            bank: None,
            group: None,
            listen: false,
            jobs: std::thread::available_parallelism().map_or(1, NonZero::get),
            stop: &|| false,
        }
    }
}

/// What an audit found.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// Most rewarding first.
    pub findings: Vec<Finding>,
    /// Sounds looked at.
    pub sounds: usize,
    /// Of these, sounds with a label.
    pub labelled: usize,
    /// Whether it was stopped early; then there are no findings.
    pub stopped: bool,
}

/// What kind of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The sound is unlike others of its label and like those of another.
    Contradicted,
    /// A vendor uses a category for what others file elsewhere.
    Inconsistent,
    /// The file's name or metadata, or a label table, give a CatID that is not in the list.
    UnknownCatId,
    /// The CatID is of an older version of UCS.
    OldCatId,
    /// Sounds that are as good as the same have different labels.
    TwinsDisagree,
    /// Nothing is to be heard.
    Silent,
    /// Peaks are cut off.
    Clipped,
    /// The waveform is not centred around zero.
    DcOffset,
    /// All channels are the same.
    DualMono,
    /// Channels are not in the order that the file claims.
    ChannelOrder,
    /// The file ends before its header says.
    Truncated,
    /// The file cannot be read.
    Unreadable,
}

impl FindingKind {
    /// As tables and JSON name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Contradicted => "contradicted",
            Self::Inconsistent => "inconsistent",
            Self::UnknownCatId => "unknown_cat_id",
            Self::OldCatId => "old_cat_id",
            Self::TwinsDisagree => "twins_disagree",
            Self::Silent => "silent",
            Self::Clipped => "clipped",
            Self::DcOffset => "dc_offset",
            Self::DualMono => "dual_mono",
            Self::ChannelOrder => "channel_order",
            Self::Truncated => "truncated",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One thing that is likely wrong.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Finding {
    /// The sound; of several, the first.
    pub id: SoundId,
    /// Where it lies.
    #[serde(flatten)]
    pub path: SoundPath,
    /// What kind of thing.
    pub kind: FindingKind,
    /// Expected number of labels or files put right by looking at it.
    pub gain: f32,
    /// The label that the sound has.
    pub current: Option<CatIndex>,
    /// What it may be instead, likeliest first.
    pub suggested: Vec<CatShare>,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// Other sounds that it is about.
    pub related: Vec<Related>,
    /// All of this in a sentence.
    pub message: String,
}

impl Finding {
    /// Of a sound, without a reason yet.
    pub(crate) fn of(
        snapshot: &Snapshot,
        id: SoundId,
        kind: FindingKind,
        gain: f32,
        message: String,
    ) -> Self {
        let sound = snapshot.get(id);
        Self {
            id,
            path: SoundPath(sound.and_then(|sound| snapshot.full_path(&sound).ok()).unwrap_or_default()),
            kind,
            gain,
            current: sound.and_then(|sound| sound.cat()).and_then(CatIndex::new),
            suggested: Vec::new(),
            evidence: Vec::new(),
            related: Vec::new(),
            message,
        }
    }
}

pub(crate) fn related(snapshot: &Snapshot, id: SoundId) -> Option<Related> {
    let sound = snapshot.get(id)?;
    let path = SoundPath(snapshot.full_path(&sound).ok()?);
    Some(Related { id, path, cat: sound.cat().and_then(CatIndex::new) })
}

/// A labelled sound with what its neighbours of the library say.
pub(crate) struct Judged {
    pub id: SoundId,
    pub label: CatIndex,
    pub heard: Heard,
    /// Neighbours that may be named as evidence.
    near: Neighbours,
    /// Sounds with another label that may be its twins.
    likely_twins: Vec<(SoundId, CatIndex)>,
}

/// Neighbours of a category kept for evidence; of a library of 100,000 sounds not all can be.
const KEPT: usize = 3;
/// Categories of a smaller share are never named.
const LEAST_SHARE: f32 = 0.1;

/// The closest neighbours of each category that may come into question.
fn kept(near: &Neighbours, heard: &Heard, label: CatIndex) -> Neighbours {
    let mut kept = Neighbours::default();
    for (cat, _) in heard.shares.iter().filter(|share| share.0 != label.to_u16() && share.1 >= LEAST_SHARE) {
        let frames = near.frames.iter().flat_map(|(at, near)| near.iter().map(move |near| (*at, *near)));
        let mut own: Vec<(f64, Neighbour)> = frames.filter(|(_, near)| near.vote.cat == *cat).collect();
        own.sort_by(|a, b| {
            b.1.vote.cosine.total_cmp(&a.1.vote.cosine).then(a.1.vote.sound.cmp(&b.1.vote.sound))
        });
        own.dedup_by_key(|near| near.1.vote.sound);
        kept.frames.extend(own.into_iter().take(KEPT).map(|(at, near)| (at, vec![near])));
    }
    kept
}

/// Looks for what is wrong with a library's labels, and, if asked to listen, with its files.
pub fn audit(snapshot: &Snapshot, request: &AuditRequest<'_>, observer: &mut dyn Observer) -> Audit {
    let sounds: Vec<SoundId> =
        snapshot.sounds().filter(|(_, sound)| (request.accepts)(sound)).map(|(id, _)| id).collect();
    let label_of = |id: SoundId| snapshot.get(id).and_then(|sound| sound.cat()).and_then(CatIndex::new);
    let labelled: Vec<SoundId> = sounds.iter().copied().filter(|id| label_of(*id).is_some()).collect();
    observer.planned(if request.listen { sounds.len() + labelled.len() } else { labelled.len() });
    let around = Neighbourhood {
        bank: None,
        votes: &|_, _| true,
        group: request.group,
        jobs: request.jobs,
        stop: request.stop,
    };
    let mut done = 0;
    let mut judged: Vec<Option<Judged>> = Vec::new();
    judged.resize_with(labelled.len(), || None);
    let mut vendors = Vendors::new(snapshot, &labelled);
    let complete = neighbours(snapshot, &labelled, &around, &mut |at, near| {
        done += 1;
        if done % 256 == 0 {
            observer.done(done);
        }
        let id = labelled[at];
        let Some(label) = label_of(id) else { return };
        vendors.take(id, label, &near);
        let heard = Heard::new(&near, |_| true);
        let likely_twins = twins::likely(label, &near);
        judged[at] = Some(Judged { id, label, near: kept(&near, &heard, label), heard, likely_twins });
    });
    let stopped = Audit { stopped: true, ..Audit::default() };
    if !complete {
        return stopped;
    }
    let judged: Vec<Judged> = judged.into_iter().flatten().collect();
    let mut findings = contradicted(snapshot, request, &judged);
    findings.extend(vendors.findings(snapshot));
    findings.extend(twins::disagreeing(snapshot, &judged));
    findings.extend(versions::outdated(snapshot, &sounds));
    findings.extend(defects::known(snapshot, &sounds));
    if request.listen {
        match defects::listen(snapshot, &sounds, (request.jobs, request.stop), &mut |heard| {
            observer.done(labelled.len() + heard);
        }) {
            Some(heard) => findings.extend(heard),
            None => return stopped,
        }
    }
    observer.done(if request.listen { sounds.len() + labelled.len() } else { labelled.len() });
    findings.sort_by(|a, b| {
        b.gain.total_cmp(&a.gain).then_with(|| a.kind.cmp(&b.kind)).then_with(|| a.path.cmp(&b.path))
    });
    Audit { findings, sounds: sounds.len(), labelled: labelled.len(), stopped: false }
}

/// Labels that the sound contradicts.
fn contradicted(snapshot: &Snapshot, request: &AuditRequest<'_>, judged: &[Judged]) -> Vec<Finding> {
    let confident = Confident::new(judged.iter().map(|sound| (sound.label, &sound.heard)));
    let lexicon = Lexicon::builtin();
    let mut findings = Vec::new();
    for sound in judged {
        let doubt = confident.doubt(sound.label, &sound.heard);
        let Some(instead) = doubt.instead.filter(|_| doubt.is_notable()) else { continue };
        let Some(row) = snapshot.get(sound.id) else { continue };
        // Words that stand for the one or the other make it less or more likely that the label is wrong.
        let reading = Reading::new(lexicon, &sources_of(snapshot, &row));
        let (own, other) = (reading.of(sound.label), reading.of(instead));
        let words = ((other - own) * 0.5).clamp(-1.0, 1.0).exp();
        let probability = doubt.probability();
        let odds = probability / (1.0 - probability).max(1e-3) * words;
        let gain = odds / (1.0 + odds);
        let share = sound.heard.of(instead);
        // Where nothing sounds like it, a trace of a vote is no contradiction.
        if share < LEAST_SHARE {
            continue;
        }
        let message = format!(
            "labelled {}, but its closest sounds are {} ({:.0} % of the vote, {:.0} % for its own label)",
            sound.label.cat_id(),
            instead.cat_id(),
            share * 100.0,
            sound.heard.of(sound.label) * 100.0
        );
        let mut finding = Finding::of(snapshot, sound.id, FindingKind::Contradicted, gain, message);
        finding.suggested.push(CatShare { cat: instead, share });
        finding.evidence = hearing::evidence(snapshot, request.bank, &sound.near, instead);
        finding.evidence.extend(reading.evidence(lexicon, instead).into_iter().take(3));
        findings.push(finding);
    }
    findings
}
