//! What is asked, and the answer from a library.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Weak};

use earmark_engine::index::{Snapshot, SoundId, SoundRef};
use earmark_engine::network::Card;
use earmark_engine::search::filter::Filter;
use earmark_engine::search::{Hit, Passing, Query, Scope, Shares, categories, scan_bank, search};
use earmark_engine::ucs::{CatIndex, Catalogue};

use super::model::Model;
use crate::exchange::{
    CategoryShare, Origin, QueryId, Question, Results, Row, RowSource, Rows, Sort, SortBy, Sound, SoundKey,
};

/// Results of a first answer; more are fetched when somebody scrolls so far.
pub(crate) const FIRST_RESULTS: usize = 500;
/// Categories shown at most, and the least share of one that is shown.
const CATEGORIES: usize = 8;
const LEAST_SHARE: f32 = 0.05;
/// When none has at least this share, it is no idea.
const IDEA: f32 = 0.1;
/// Below this similarity, "nothing close": nineteen of twenty unrelated sounds lie below it.
const CLOSE_PERCENT: f32 = 45.0;

/// A question, ready to be put to any library of its model.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Its number.
    pub(crate) id: QueryId,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Length of the audio, seconds.
    pub(crate) duration_s: f64,
    /// Where it begins on the host's timeline, seconds, if it was taken from there.
    pub(crate) from_s: Option<f64>,
    /// SHA-256 of the network that made the embeddings; empty: an old state did not say.
    pub(crate) model: String,
    /// Embeddings with their starts, seconds.
    pub(crate) frames: Vec<(f64, Vec<f32>)>,
    /// Sounds that are neither results nor vote: what was asked about.
    pub(crate) itself: Vec<SoundKey>,
}

/// What of a library is wanted, in which order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The filter in force.
    pub(crate) filter: Option<Arc<Filter>>,
    /// Only this CatID.
    pub(crate) cat: Option<CatIndex>,
    /// Only these, when given.
    pub(crate) favourites: Option<Arc<HashSet<SoundKey>>>,
    /// Order.
    pub(crate) sort: Sort,
    /// How many.
    pub(crate) count: usize,
    /// The sounds that pass, of the last question.
    pub(crate) kept: Option<Kept>,
    /// The categories of the last question.
    pub(crate) judged: Option<Judged>,
}

/// The categories of a question, which no filter changes.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    asked: Weak<Asked>,
    snapshot: Weak<Snapshot>,
    shares: Shares,
}

/// The sounds that pass, and what they were found out from.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    snapshot: Weak<Snapshot>,
    filter: Option<Arc<Filter>>,
    cat: Option<CatIndex>,
    favourites: Option<Arc<HashSet<SoundKey>>>,
    passing: Arc<Passing>,
}

/// Puts a question to a library.
pub(crate) fn answer(
    asked: &Arc<Asked>,
    wanted: &mut Wanted,
    snapshot: &Arc<Snapshot>,
    model: &Model,
) -> Results {
    let frames = asked.frames.iter().map(|(start_s, embedding)| (*start_s, embedding.as_slice()));
    let query = Query::new(&model.quantiser, frames);
    let passing = wanted.passing(snapshot);
    let passing = passing.as_deref();
    let is_query = |sound: &SoundRef<'_>| asked.itself.contains(&SoundKey(sound.row.hash()));
    let judged = wanted.judged(asked, snapshot);
    let scope = Scope { k: wanted.count, passing, votes: judged.is_none(), is_query: &is_query };
    let mut ranking = search(snapshot, &query, &scope);
    let shares = judged.unwrap_or_else(|| {
        let votes = &mut ranking.votes;
        if let Some(bank) = &model.bank {
            let bank_votes = scan_bank(bank, &query, &is_query);
            votes.iter_mut().zip(bank_votes).for_each(|(votes, bank)| votes.extend(bank));
        }
        let shares = categories(votes);
        let (asked, snapshot) = (Arc::downgrade(asked), Arc::downgrade(snapshot));
        wanted.judged = Some(Judged { asked, snapshot, shares: shares.clone() });
        shares
    });
    let card = Arc::clone(model.network.card());
    let best = ranking.hits.first().map_or(0.0, |hit| card.similarity_percent(hit.similarity));
    // When there are fewer than were wanted, these are all; else somebody may scroll on to the rest.
    let passing = match ranking.hits.len() {
        found if found < wanted.count => found,
        _ => {
            let all = passing.map_or_else(|| snapshot.sound_count(), Passing::len);
            let passes = |id| passing.is_none_or(|passing| passing.holds(id));
            let itself = |(id, sound): &(SoundId, SoundRef<'_>)| passes(*id) && is_query(sound);
            let itself = if asked.itself.is_empty() { 0 } else { snapshot.sounds().filter(itself).count() };
            all - itself.min(all)
        }
    };
    let mut rows = LibraryRows { snapshot: Arc::clone(snapshot), card, hits: ranking.hits };
    rows.sort(wanted.sort);
    Results {
        revision: 0,
        question: Some(Question { origin: asked.origin.clone(), duration_s: asked.duration_s, id: asked.id }),
        rows: Rows::new(rows),
        passing,
        unknown_share: shares.unknown,
        categories: shown(&shares),
        nothing_close: best < CLOSE_PERCENT,
        restored: false,
        preliminary: false,
    }
}

impl Wanted {
    /// The sounds that pass; to find them out takes a look at every sound, so they are kept for the next question.
    fn passing(&mut self, snapshot: &Arc<Snapshot>) -> Option<Arc<Passing>> {
        if self.filter.is_none() && self.cat.is_none() && self.favourites.is_none() {
            return None;
        }
        let (own, snapshot_id) = (&*self, Arc::downgrade(snapshot));
        let is_same = |kept: &&Kept| {
            kept.snapshot.ptr_eq(&snapshot_id)
                && same(&kept.filter, &own.filter)
                && kept.cat == own.cat
                && same(&kept.favourites, &own.favourites)
        };
        if let Some(kept) = self.kept.as_ref().filter(is_same) {
            return Some(Arc::clone(&kept.passing));
        }
        let passing = Arc::new(Passing::new(snapshot, &|sound| self.allows(sound)));
        self.kept = Some(Kept {
            snapshot: snapshot_id,
            filter: self.filter.clone(),
            cat: self.cat,
            favourites: self.favourites.clone(),
            passing: Arc::clone(&passing),
        });
        Some(passing)
    }

    /// The categories of a question, if they are known.
    fn judged(&self, asked: &Arc<Asked>, snapshot: &Arc<Snapshot>) -> Option<Shares> {
        let (asked, snapshot) = (Arc::downgrade(asked), Arc::downgrade(snapshot));
        let known = |judged: &&Judged| judged.asked.ptr_eq(&asked) && judged.snapshot.ptr_eq(&snapshot);
        self.judged.as_ref().filter(known).map(|judged| judged.shares.clone())
    }

    fn allows(&self, sound: &SoundRef<'_>) -> bool {
        let cat = sound.cat().and_then(CatIndex::new);
        if self.cat.is_some() && cat != self.cat {
            return false;
        }
        if let Some(favourites) = &self.favourites
            && !favourites.contains(&SoundKey(sound.row.hash()))
        {
            return false;
        }
        self.filter.as_ref().is_none_or(|filter| filter.passes(sound))
    }
}

/// Whether both are one and the same, or nothing.
fn same<T>(one: &Option<Arc<T>>, other: &Option<Arc<T>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn shown(shares: &Shares) -> Vec<CategoryShare> {
    if shares.categories.first().is_none_or(|first| first.share < IDEA) {
        return Vec::new();
    }
    let large = shares.categories.iter().filter(|category| category.share >= LEAST_SHARE);
    let named = large.filter_map(|category| {
        let cat = CatIndex::new(category.cat)?;
        let entry = Catalogue::builtin().get(cat);
        Some(CategoryShare {
            cat_id: cat.cat_id(),
            category: &entry.category,
            subcategory: &entry.subcategory,
            share: category.share,
        })
    });
    named.take(CATEGORIES).collect()
}

/// The frames of a sound of the library as embeddings, with their starts.
pub(crate) fn frames_of(sound: &SoundRef<'_>, model: &Model) -> Vec<(f64, Vec<f32>)> {
    let mean = &model.network.card().centring.mean;
    let Ok(frames) = sound.frames() else { return Vec::new() };
    frames
        .filter(|(_, vector)| vector.len() == mean.len())
        .map(|(row, vector)| {
            let step = row.scale * row.norm;
            let value = |(component, mean): (&i8, &f32)| f32::from(*component) * step + mean;
            (f64::from(row.start_ms) / 1000.0, vector.iter().zip(mean).map(value).collect())
        })
        .collect()
}

/// Rows that are read from the library when they are looked at.
struct LibraryRows {
    snapshot: Arc<Snapshot>,
    card: Arc<Card>,
    hits: Vec<Hit>,
}

impl LibraryRows {
    fn sort(&mut self, sort: Sort) {
        let snapshot = &self.snapshot;
        let sound = |hit: &Hit| snapshot.get(hit.id);
        match sort.by {
            SortBy::Similarity => {}
            SortBy::Name => {
                self.hits.sort_by_cached_key(|hit| sound(hit).map(|sound| name_of(&sound).to_lowercase()))
            }
            SortBy::Category => self.hits.sort_by_cached_key(|hit| {
                let cat = sound(hit).and_then(|sound| sound.cat()).and_then(CatIndex::new);
                (cat.is_none(), cat.map(CatIndex::cat_id))
            }),
            SortBy::Duration => {
                let seconds = |hit: &Hit| sound(hit).map_or(0.0, |sound| sound.row.duration_s);
                self.hits.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)));
            }
            SortBy::Channels => self.hits.sort_by_key(|hit| sound(hit).map_or(0, |sound| sound.row.channels)),
        }
        if sort.reversed {
            self.hits.reverse();
        }
    }
}

impl RowSource for LibraryRows {
    fn len(&self) -> usize {
        self.hits.len()
    }

    fn row(&self, at: usize) -> Option<Row> {
        let hit = self.hits.get(at)?;
        let sound = self.snapshot.get(hit.id)?;
        let path: Arc<Path> = self.snapshot.full_path(&sound).ok()?.into();
        let cat = sound.cat().and_then(CatIndex::new);
        let entry = cat.map(|cat| Catalogue::builtin().get(cat));
        Some(Row {
            similarity_percent: self.card.similarity_percent(hit.similarity),
            name: name_of(&sound),
            cat_id: cat.map(CatIndex::cat_id),
            category: entry.map(|entry| entry.category.as_ref()),
            subcategory: entry.map(|entry| entry.subcategory.as_ref()),
            duration_s: sound.row.duration_s,
            channels: sound.row.channels,
            sample_rate_hz: sound.row.sample_rate_hz,
            match_length_s: self.card.frame_s().min((sound.row.duration_s - hit.start_s).max(0.0)),
            sound: Sound { key: SoundKey(sound.row.hash()), path, id: Some(hit.id), match_s: hit.start_s },
        })
    }
}

fn name_of(sound: &SoundRef<'_>) -> String {
    let path = sound.path_bytes().unwrap_or_default();
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    String::from_utf8_lossy(name).into_owned()
}
