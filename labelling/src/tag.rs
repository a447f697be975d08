//! The likely categories of sounds, with shares that mean what they say.

use std::num::NonZero;

use earmark_engine::index::{Segment, Snapshot, SoundId, SoundRef};
use earmark_engine::search::{Neighbourhood, neighbours};
use earmark_engine::ucs::CatIndex;

use crate::evidence::{Evidence, SoundPath};
use crate::hearing::{self, Heard};
use crate::observer::Observer;

/// Which sounds to tag, and by what.
pub struct TagRequest<'a> {
    /// Which sounds are tagged.
    pub accepts: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// What is asked.
    pub sources: Sources,
    /// The model's starter bank, whose sounds vote beside the library's own.
    pub bank: Option<&'a Segment>,
    /// Which labelled sounds of the library vote; `None`: all.
    pub votes: Option<&'a (dyn Fn(SoundId, &SoundRef<'_>) -> bool + Sync)>,
    /// Sounds of one group never vote for each other; `None`: those of the same bytes.
    pub group: Option<&'a (dyn Fn(&SoundRef<'_>) -> u64 + Sync)>,
    /// Suggestions of a smaller share are not made.
    pub least_share: f32,
    /// Suggestions of a sound at most.
    pub most: usize,
    /// Threads to work on.
    pub jobs: usize,
    /// Whether to stop early.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Default for TagRequest<'_> {
    fn default() -> Self {
        Self {
            accepts: &|_| true,
            sources: Sources::default(),
            bank: None,
            votes: None,
            group: None,
            least_share: 0.3,
            most: 3,
            jobs: std::thread::available_parallelism().map_or(1, NonZero::get),
            stop: &|| false,
        }
    }
}

/// What suggestions rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// What it sounds like.
    pub audio: bool,
    /// What its path and metadata say.
    pub words: bool,
}

impl Default for Sources {
    fn default() -> Self {
        Self { audio: true, words: true }
    }
}

/// What became of a request.
#[derive(Clone, Debug, Default)]
pub struct Tagged {
    /// A sound each, in the order of the library.
    pub taggings: Vec<Tagging>,
    /// Whether it was stopped early; then there are no taggings.
    pub stopped: bool,
}

/// The likely categories of a sound.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Tagging {
    /// The sound.
    pub id: SoundId,
    /// Where it lies.
    #[serde(flatten)]
    pub path: SoundPath,
    /// The label that it has.
    pub current: Option<CatIndex>,
    /// Likeliest first; empty where Earmark abstains.
    pub suggestions: Vec<Suggestion>,
    /// Why there are none.
    pub abstained: Option<Abstention>,
}

/// Why a sound gets no suggestion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Abstention {
    /// No category is likely enough.
    Unsure,
    /// Nothing labelled sounds like it, and no word tells.
    NoEvidence,
}

/// A category that a sound may belong to.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Suggestion {
    /// The CatID.
    pub cat: CatIndex,
    /// How likely it is right, 0 to 1.
    pub share: f32,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// Suggests categories for the sounds of a library, from its index alone.
pub fn tag(snapshot: &Snapshot, request: &TagRequest<'_>, observer: &mut dyn Observer) -> Tagged {
    let asked: Vec<SoundId> =
        snapshot.sounds().filter(|(_, sound)| (request.accepts)(sound)).map(|(id, _)| id).collect();
    observer.planned(asked.len());
    let mut taggings: Vec<Option<Tagging>> = vec![None; asked.len()];
    let mut done = 0;
    let around = Neighbourhood {
        bank: request.bank,
        votes: request.votes.unwrap_or(&|_, _| true),
        group: request.group,
        jobs: request.jobs,
        stop: request.stop,
    };
    let complete = neighbours(snapshot, &asked, &around, &mut |at, near| {
        done += 1;
        if done % 256 == 0 {
            observer.done(done);
        }
        let Some(sound) = snapshot.get(asked[at]) else { return };
        let heard = Heard::new(&near, |_| true);
        let mut shares: Vec<(f32, CatIndex)> = heard
            .shares
            .iter()
            .filter_map(|(cat, share)| Some((*share, CatIndex::new(*cat)?)))
            .filter(|(share, _)| *share >= request.least_share)
            .collect();
        shares.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        shares.truncate(request.most);
        let suggestions: Vec<Suggestion> = shares
            .into_iter()
            .map(|(share, cat)| Suggestion {
                cat,
                share,
                evidence: hearing::evidence(snapshot, request.bank, &near, cat),
            })
            .collect();
        taggings[at] = Some(Tagging {
            id: asked[at],
            path: SoundPath(snapshot.full_path(&sound).unwrap_or_default()),
            current: sound.cat().and_then(CatIndex::new),
            abstained: suggestions.is_empty().then_some(Abstention::Unsure),
            suggestions,
        });
    });
    observer.done(done);
    if !complete {
        return Tagged { taggings: Vec::new(), stopped: true };
    }
    Tagged { taggings: taggings.into_iter().flatten().collect(), stopped: false }
}
