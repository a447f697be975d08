//! The likely categories of sounds, with shares that mean what they say.

use std::num::NonZero;

use earmark_engine::index::{Segment, Snapshot, SoundId, SoundRef};
use earmark_engine::search::{Neighbourhood, Neighbours, neighbours};
use earmark_engine::ucs::CatIndex;

use crate::evidence::{Evidence, SoundPath};
use crate::hearing;
use crate::judgement::{Candidates, Judgement, WEIGHTS};
use crate::observer::Observer;
use crate::taxonomy::Taxonomy;
use crate::words::{Lexicon, Reading, sources_of};

/// Suggestions of a smaller share are not made unless asked for: of such, most were wrong on held-out sets.
pub const LEAST_SHARE: f32 = 0.3;
/// Words named as evidence at most.
const WORDS_NAMED: usize = 6;

/// Tells which labelled sounds vote.
pub type Votes<'a> = dyn Fn(SoundId, &SoundRef<'_>) -> bool + Sync + 'a;

/// Which sounds to tag, and by what.
pub struct TagRequest<'a> {
    /// Which sounds are tagged.
    pub accepts: &'a (dyn Fn(&SoundRef<'_>) -> bool + Sync),
    /// What is asked.
    pub sources: Sources,
    /// The model's starter bank, whose sounds vote beside the library's own.
    pub bank: Option<&'a Segment>,
    /// A map of another taxonomy that is trusted as far as it is confident.
    pub taxonomy: Option<&'a Taxonomy>,
    /// Which labelled sounds of the library vote; `None`: all.
    pub votes: Option<&'a Votes<'a>>,
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
            taxonomy: None,
            votes: None,
            group: None,
            least_share: LEAST_SHARE,
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

/// What is known of a sound before it is decided.
pub(crate) struct Weighed<'a> {
    pub id: SoundId,
    pub sound: SoundRef<'a>,
    pub near: Neighbours,
    pub reading: Reading,
    pub candidates: Candidates,
    pub judgement: Judgement,
}

/// Suggests categories for the sounds of a library, from its index alone.
///
/// A sound's own label does not speak for it, nor do files of the same bytes.
pub fn tag(snapshot: &Snapshot, request: &TagRequest<'_>, observer: &mut dyn Observer) -> Tagged {
    let mut taggings: Vec<(usize, Tagging)> = Vec::new();
    let complete = weigh(snapshot, request, observer, &mut |at, weighed| {
        taggings.push((at, tagging(snapshot, request, weighed)));
    });
    if !complete {
        return Tagged { taggings: Vec::new(), stopped: true };
    }
    taggings.sort_unstable_by_key(|(at, _)| *at);
    Tagged { taggings: taggings.into_iter().map(|(_, tagging)| tagging).collect(), stopped: false }
}

/// Weighs every sound that is accepted; false when stopped early.
pub(crate) fn weigh(
    snapshot: &Snapshot,
    request: &TagRequest<'_>,
    observer: &mut dyn Observer,
    each: &mut dyn FnMut(usize, Weighed<'_>),
) -> bool {
    let asked: Vec<SoundId> =
        snapshot.sounds().filter(|(_, sound)| (request.accepts)(sound)).map(|(id, _)| id).collect();
    observer.planned(asked.len());
    let lexicon = Lexicon::builtin();
    let mut done = 0;
    let mut weigh_one = |at: usize, near: Neighbours| {
        done += 1;
        if done % 256 == 0 || done == asked.len() {
            observer.done(done);
        }
        let id = asked[at];
        let Some(sound) = snapshot.get(id) else { return };
        let reading = match request.sources.words {
            true => Reading::new(lexicon, &sources_of(snapshot, &sound)),
            false => Reading::default(),
        };
        let candidates = Candidates::new(&near, &reading);
        let mut judgement = candidates.judge(&WEIGHTS);
        if let Some(row) = request.taxonomy.and_then(|taxonomy| taxonomy.of(snapshot, &sound)) {
            judgement.trust(&row.shares());
        }
        each(at, Weighed { id, sound, near, reading, candidates, judgement });
    };
    if !request.sources.audio {
        for at in 0..asked.len() {
            if at % 256 == 0 && (request.stop)() {
                return false;
            }
            weigh_one(at, Neighbours::default());
        }
        return true;
    }
    let around = Neighbourhood {
        bank: request.bank,
        votes: request.votes.unwrap_or(&|_, _| true),
        group: request.group,
        jobs: request.jobs,
        stop: request.stop,
    };
    neighbours(snapshot, &asked, &around, &mut weigh_one)
}

fn tagging(snapshot: &Snapshot, request: &TagRequest<'_>, weighed: Weighed<'_>) -> Tagging {
    let Weighed { id, sound, near, reading, candidates, judgement } = weighed;
    let row = request.taxonomy.and_then(|taxonomy| taxonomy.of(snapshot, &sound));
    let suggestion = |(cat, share): &(CatIndex, f32)| {
        let mut evidence: Vec<Evidence> = Vec::new();
        if let Some((row, confidence)) = row.and_then(|row| Some((row, row.confidence_in(*cat)?))) {
            evidence.push(Evidence::Taxonomy { label: row.label.clone(), confidence });
        }
        evidence.extend(hearing::evidence(snapshot, request.bank, &near, *cat));
        let mut words = reading.evidence(Lexicon::builtin(), *cat);
        words.truncate(WORDS_NAMED);
        evidence.extend(words);
        Suggestion { cat: *cat, share: *share, evidence }
    };
    let likely = judgement.shares.iter().filter(|(_, share)| *share >= request.least_share);
    let suggestions: Vec<Suggestion> = likely.take(request.most).map(suggestion).collect();
    let abstention = match candidates.is_empty() && row.is_none() {
        true => Abstention::NoEvidence,
        false => Abstention::Unsure,
    };
    Tagging {
        id,
        path: SoundPath(snapshot.full_path(&sound).unwrap_or_default()),
        current: sound.cat().and_then(CatIndex::new),
        abstained: suggestions.is_empty().then_some(abstention),
        suggestions,
    }
}
