//! Answers: the closest sounds to a dropped file or to a sound of the library, or the sounds with certain words.

use std::time::Instant;

use earmark_engine::index::{Quantiser, SoundId, SoundRef};
use earmark_engine::search::filter::Filter;
use earmark_engine::search::{Passing, Query, Scope, Shares, categories, scan_bank, search};
use earmark_engine::ucs::{CatIndex, Catalogue};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::ApiError;
use crate::library::{Key, View};
use crate::listing;
use crate::model::Model;
use crate::rows::Row;

/// Sounds of an answer at most.
const MOST: usize = 1000;
/// Sounds of an answer when the page does not say.
const USUAL: usize = 100;
/// Categories of an answer.
const CATEGORIES: usize = 6;
/// Categories with a smaller share are not shown.
const LEAST_SHARE: f32 = 0.05;
/// When none has at least this share, it is no idea, as in `earmark find`.
const IDEA: f32 = 0.1;

/// What is asked.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    /// In the language of `earmark find --filter`.
    #[serde(default)]
    filter: String,
    /// A sound of the library, for more like it.
    like: Option<String>,
    /// A file that was dropped on the page.
    question: Option<u64>,
    /// The part of it that is asked about, seconds.
    from: Option<f64>,
    to: Option<f64>,
    count: Option<usize>,
    #[serde(default)]
    offset: usize,
}

/// What is answered.
#[derive(Debug, Serialize)]
pub(crate) struct Answer {
    rows: Vec<Row>,
    /// Sounds that pass, where they were all looked through.
    total: Option<usize>,
    /// Likely categories of what was asked about; empty when nothing labelled is close.
    categories: Vec<Share>,
    /// Whether categories were asked for at all.
    judged: bool,
    milliseconds: f64,
}

/// A category's part.
#[derive(Debug, Serialize)]
pub(crate) struct Share {
    cat_id: &'static str,
    category: &'static str,
    subcategory: &'static str,
    share: f32,
}

/// Finds what is asked; blocks.
pub(crate) fn answer(app: &App, asked: &Asked) -> Result<Answer, ApiError> {
    let begun = Instant::now();
    let view = app.library.current()?;
    let filter = Filter::parse(&asked.filter)
        .map_err(|error| ApiError::new(axum::http::StatusCode::BAD_REQUEST, "filter", error.to_string()))?;
    let count = asked.count.unwrap_or(USUAL).min(MOST);
    let mut answer = match (&asked.like, asked.question) {
        (Some(key), _) => like(app, &view, key, view.passing(&asked.filter, &filter).as_deref(), count)?,
        (None, Some(question)) => {
            let model = app.model.get(Some(&view.snapshot.manifest().model))?;
            let heard = app.questions.heard_by(question, &view.snapshot.manifest().model)?;
            let frames = heard.part(asked.from, asked.to);
            let query = Query::new(
                &Quantiser::new(&model.network.card().centring.mean),
                frames.iter().map(|(start_s, frame)| (*start_s, frame.as_slice())),
            );
            let is_query = |sound: &SoundRef<'_>| heard.hash == Some(sound.row.hash());
            let passing = view.passing(&asked.filter, &filter);
            closest(&view, &model, &query, passing.as_deref(), count, &is_query)?
        }
        (None, None) => {
            let listing = listing::list(&view, &filter, &asked.filter, asked.offset, count);
            Answer::of(Row::all(&view, listing.ids), Some(listing.total))
        }
    };
    answer.milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
    Ok(answer)
}

/// Asks something that nobody waits for: the first question reads all of the index, and takes many times as long as the
/// next.
pub(crate) fn warm_up(app: &App, view: &View) {
    let Some((id, _)) = view.snapshot.sounds().next() else { return };
    // What fails here fails again, and is told, when it is asked for.
    let _ = like(app, view, &view.key(id).to_string(), None, 1);
}

fn like(
    app: &App,
    view: &View,
    key: &str,
    passing: Option<&Passing>,
    count: usize,
) -> Result<Answer, ApiError> {
    // The sound may be of an older snapshot; what is like it is looked for in the newest.
    let key: Key = key.parse()?;
    let of = app.library.view(key.view)?;
    if of.snapshot.manifest().model != view.snapshot.manifest().model {
        return Err(ApiError::stale());
    }
    let sound = of.get(key.id)?;
    let model = app.model.get(Some(&view.snapshot.manifest().model))?;
    let size = model.network.card().embedding_size();
    // What is stored is centred already.
    let quantiser = Quantiser::new(&vec![0.0; size]);
    let mut frames = Vec::new();
    for (row, vector) in sound.frames()? {
        frames.push((f64::from(row.start_ms) / 1000.0, quantiser.restore(vector, row.scale, 1.0)));
    }
    sound.still_there()?;
    let query = Query::new(&quantiser, frames.iter().map(|(start_s, frame)| (*start_s, frame.as_slice())));
    let hash = sound.row.hash();
    closest(view, &model, &query, passing, count, &|sound: &SoundRef<'_>| sound.row.hash() == hash)
}

fn closest(
    view: &View,
    model: &Model,
    query: &Query,
    passing: Option<&Passing>,
    count: usize,
    is_query: &(dyn Fn(&SoundRef<'_>) -> bool + Sync),
) -> Result<Answer, ApiError> {
    let ranking = search(&view.snapshot, query, &Scope { k: count, passing, votes: true, is_query });
    let mut votes = ranking.votes;
    if let Some(bank) = &model.bank {
        let bank_votes = scan_bank(bank, query, is_query);
        votes.iter_mut().zip(bank_votes).for_each(|(votes, bank)| votes.extend(bank));
    }
    view.snapshot.still_there()?;
    let card = model.network.card();
    let mut rows = Vec::with_capacity(ranking.hits.len());
    for hit in &ranking.hits {
        let Some(mut row) = row(view, hit.id) else { continue };
        row.percent = Some(card.similarity_percent(hit.similarity));
        row.moment_s = Some([hit.start_s, card.frame_s()]);
        rows.push(row);
    }
    let mut answer = Answer::of(rows, None);
    answer.categories = shown(&categories(&votes));
    answer.judged = true;
    Ok(answer)
}

fn row(view: &View, id: SoundId) -> Option<Row> {
    Row::new(view, id, &view.snapshot.get(id)?).ok()
}

fn shown(shares: &Shares) -> Vec<Share> {
    let shares = &shares.categories;
    if shares.first().is_none_or(|first| first.share < IDEA) {
        return Vec::new();
    }
    let shown = shares.iter().filter(|share| share.share >= LEAST_SHARE).take(CATEGORIES);
    shown.filter_map(|share| Share::new(CatIndex::new(share.cat)?, share.share).into()).collect()
}

impl Share {
    pub(crate) fn new(cat: CatIndex, share: f32) -> Self {
        let entry = Catalogue::builtin().get(cat);
        Self { cat_id: &entry.cat_id, category: &entry.category, subcategory: &entry.subcategory, share }
    }
}

impl Answer {
    fn of(rows: Vec<Row>, total: Option<usize>) -> Self {
        Self { rows, total, categories: Vec::new(), judged: false, milliseconds: 0.0 }
    }
}
