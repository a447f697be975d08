//! What is likely wrong with the labels of a library, most rewarding first.

use std::num::NonZero;

use earmark_engine::index::{Segment, Snapshot, SoundId, SoundRef};
use earmark_engine::ucs::CatIndex;

use crate::evidence::{CatShare, Evidence, Related, SoundPath};
use crate::observer::Observer;

/// What to audit.
pub struct AuditRequest<'a> {
    /// Which sounds are looked at.
    pub accepts: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// The model's starter bank.
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
    /// The file's name or metadata bears a CatID that is not in the list.
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

/// Looks for what is wrong with a library's labels, and, if asked to listen, with its files.
pub fn audit(snapshot: &Snapshot, request: &AuditRequest<'_>, observer: &mut dyn Observer) -> Audit {
    let sounds: Vec<SoundId> =
        snapshot.sounds().filter(|(_, sound)| (request.accepts)(sound)).map(|(id, _)| id).collect();
    observer.planned(sounds.len());
    observer.done(sounds.len());
    Audit { sounds: sounds.len(), ..Audit::default() }
}
