//! `earmark find`: the closest sounds to a region, and its UCS categories.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use earmark_engine::audio::AudioReader;
use earmark_engine::index::{Quantiser, Snapshot, SoundRef};
use earmark_engine::indexing::{absolute, content_hash, model_id};
use earmark_engine::network::{EmbedError, Embedder};
use earmark_engine::search::filter::Filter;
use earmark_engine::search::{Hit, Passing, Query, Scope, Shares, categories, scan_bank, search};
use earmark_engine::ucs::{CatIndex, Catalogue};
use serde::Serialize;

use crate::Ending;
use crate::cli::{FindArgs, Global};
use crate::error::Failure;
use crate::model::{self, Model};
use crate::output::{self, JsonPath};
use crate::region::clock;
use crate::{commands, interrupt, library};

/// Categories shown at most.
const CATEGORIES: usize = 5;
/// Categories with a smaller share are not shown.
const LEAST_SHARE: f32 = 0.05;
/// When none has at least this share, it is no idea: of such guesses one in ten was right on held-out sets.
const IDEA: f32 = 0.1;

pub(crate) fn run(global: &Global, args: FindArgs) -> Result<Ending, Failure> {
    // What is wrong with the question is said before a folder is indexed for it.
    let filter = args.filter.as_deref().map(Filter::parse).transpose()?;
    let official = args.ucs.as_deref().map(Catalogue::from_official_csv).transpose()?;
    let dir = args.library.dir()?;
    let mut partial = false;
    let (snapshot, model) = match &args.within {
        Some(folder) => {
            AudioReader::open(&args.audio)?;
            let folders = std::slice::from_ref(folder);
            let (summary, model) = commands::index::update(global, &dir, folders, &args.work())?;
            if summary.cancelled {
                return Ok(Ending::Interrupted);
            }
            partial |= !summary.problems.is_empty();
            (Snapshot::open(&dir)?, model)
        }
        None => {
            let snapshot = Snapshot::open(&dir)?;
            let model = model::load(args.model.as_deref(), Some(&snapshot.manifest().model))?;
            (snapshot, model)
        }
    };
    if args.within.is_none() {
        library::report_damage(&snapshot);
    }
    partial |= !snapshot.damage().is_empty();
    check_model(&snapshot, &model)?;
    // While the region is listened to, the disk is free.
    snapshot.prewarm();
    let within = match &args.within {
        Some(folder) => Some(absolute(folder).map_err(Failure::file(folder, "find the folder"))?),
        None => None,
    };
    let asked = match Asked::listen(&args, &model) {
        Err(Failure::Embedding(EmbedError::Stopped)) => return Ok(Ending::Interrupted),
        asked => asked?,
    };
    let question =
        Question { snapshot: &snapshot, asked: &asked, filter, within, include_self: args.include_self };
    let ranking = question.search(args.k as usize);
    let mut votes = ranking.votes;
    if let Some(bank) = model.bank.as_ref().filter(|_| !args.no_bank) {
        let is_query = |sound: &SoundRef<'_>| !args.include_self && asked.is(sound);
        let bank_votes = scan_bank(bank, &asked.query, &is_query);
        votes.iter_mut().zip(bank_votes).for_each(|(votes, bank)| votes.extend(bank));
    }
    let shares = categories(&votes);
    let (hits, damaged) = readable(&snapshot, ranking.hits);
    partial |= damaged;
    let answer = Answer { snapshot: &snapshot, model: &model, hits, shares, official };
    if args.json {
        answer.print_json(&args, &asked)?;
    } else {
        answer.print(global)?;
    }
    Ok(match () {
        () if partial => Ending::Partial,
        () if answer.hits.is_empty() => Ending::Nothing,
        () => Ending::Found,
    })
}

fn check_model(snapshot: &Snapshot, model: &Model) -> Result<(), Failure> {
    let library = &snapshot.manifest().model;
    let wanted = model_id(&model.network);
    if *library == wanted {
        return Ok(());
    }
    Err(earmark_engine::index::IndexError::OtherModel {
        path: snapshot.dir().into(),
        library: library.to_string(),
        library_name: library.name.clone(),
        wanted: wanted.to_string(),
    }
    .into())
}

/// Leaves out sounds whose rows are damaged, and tells of them.
fn readable(snapshot: &Snapshot, mut hits: Vec<Hit>) -> (Vec<Hit>, bool) {
    let before = hits.len();
    hits.retain(|hit| {
        let read = snapshot.get(hit.id).map(|sound| snapshot.full_path(&sound).and_then(|_| sound.details()));
        if let Some(Err(error)) = &read {
            output::warn(&error.to_string());
        }
        matches!(read, Some(Ok(_)))
    });
    let damaged = hits.len() < before;
    (hits, damaged)
}

/// The sound asked about, listened to.
struct Asked {
    query: Query,
    duration_s: f64,
    path: Option<PathBuf>,
    hash: Option<u128>,
}

impl Asked {
    fn listen(args: &FindArgs, model: &Model) -> Result<Self, Failure> {
        let mut embedder = Embedder::new(&model.network)?;
        embedder.set_stop_flag(Arc::clone(interrupt::flag()));
        let mut stream = args.region.open(&args.audio, embedder.card().front_end.sample_rate_hz)?;
        let mut frames = Vec::new();
        embedder
            .embed_stream(&mut stream, &mut |frame| frames.push((frame.start_s, frame.embedding.to_vec())))?;
        for warning in stream.reader().warnings() {
            output::warn(&format!("{}: {warning}", args.audio.display()));
        }
        let quantiser = Quantiser::new(&embedder.card().centring.mean);
        Ok(Self {
            query: Query::new(&quantiser, frames.iter().map(|(start_s, frame)| (*start_s, frame.as_slice()))),
            duration_s: stream.source_duration_s(),
            path: absolute(&args.audio).ok(),
            hash: content_hash(&args.audio, &|| false).ok().flatten(),
        })
    }

    /// Whether a sound has the same content.
    fn is(&self, sound: &SoundRef<'_>) -> bool {
        self.hash == Some(sound.row.hash())
    }
}

/// What is searched for, where.
struct Question<'a> {
    snapshot: &'a Snapshot,
    asked: &'a Asked,
    filter: Option<Filter>,
    within: Option<PathBuf>,
    include_self: bool,
}

impl Question<'_> {
    fn search(&self, k: usize) -> earmark_engine::search::Ranking {
        let is_wide = self.within.is_none() && self.filter.is_none();
        let passing =
            (!is_wide).then(|| Passing::new(self.snapshot, &|sound: &SoundRef<'_>| self.allows(sound)));
        let is_query = |sound: &SoundRef<'_>| !self.include_self && self.is_query(sound);
        search(
            self.snapshot,
            &self.asked.query,
            &Scope { k, passing: passing.as_ref(), votes: true, is_query: &is_query },
        )
    }

    fn allows(&self, sound: &SoundRef<'_>) -> bool {
        let within = self
            .within
            .as_ref()
            .is_none_or(|folder| self.snapshot.full_path(sound).is_ok_and(|path| path.starts_with(folder)));
        within && self.filter.as_ref().is_none_or(|filter| filter.passes(sound))
    }

    fn is_query(&self, sound: &SoundRef<'_>) -> bool {
        self.asked.is(sound)
            || self.asked.path.as_ref().is_some_and(|asked| {
                // Comparing file names first spares building a path for every sound.
                let name = asked.file_name().map(std::ffi::OsStr::as_encoded_bytes).unwrap_or_default();
                sound.path_bytes().is_ok_and(|path| path.ends_with(name))
                    && self.snapshot.full_path(sound).is_ok_and(|path| path == *asked)
            })
    }
}

struct Answer<'a> {
    snapshot: &'a Snapshot,
    model: &'a Model,
    hits: Vec<Hit>,
    shares: Shares,
    official: Option<Catalogue>,
}

impl Answer<'_> {
    fn percent(&self, hit: &Hit) -> f32 {
        self.model.network.card().similarity_percent(hit.similarity)
    }

    fn print(&self, global: &Global) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        let (strong, good, faint) = (output::STRONG, output::GOOD, output::FAINT);
        if !global.quiet {
            let parts = self.shown_categories().map(|(cat, share)| {
                let entry = Catalogue::builtin().get(cat);
                let percent = format!("{:.0} %", share * 100.0);
                format!(
                    "{strong}{}{strong:#} {percent} ({} {})",
                    entry.cat_id, entry.category, entry.subcategory
                )
            });
            let parts: Vec<String> = parts.collect();
            if parts.is_empty() {
                writeln!(out, "UCS: no idea (nothing labelled is close)")?;
            } else {
                writeln!(out, "UCS: {}", parts.join(", "))?;
            }
            for (cat, _) in self.shown_categories() {
                if let Some(text) = self.explanation(cat) {
                    writeln!(out, "  {faint}{}: {text}{faint:#}", Catalogue::builtin().get(cat).cat_id)?;
                }
            }
            writeln!(out)?;
            match self.hits.is_empty() {
                true => writeln!(out, "no sound of the library passes")?,
                false => writeln!(out, "{faint}  like      at    length  CatID       sound{faint:#}")?,
            }
        }
        for hit in &self.hits {
            let Some(sound) = self.snapshot.get(hit.id) else { continue };
            let cat = sound.cat().and_then(CatIndex::new);
            let cat_id = cat.map_or("-", |cat| Catalogue::builtin().get(cat).cat_id.as_ref());
            write!(
                out,
                "{good}{:>5.1} %{good:#}  {:>7} {:>8}  {cat_id:<10}  ",
                self.percent(hit),
                clock(hit.start_s),
                clock(sound.row.duration_s),
            )?;
            output::write_path(&self.snapshot.full_path(&sound)?)?;
            writeln!(out)?;
        }
        Ok(())
    }

    fn shown_categories(&self) -> impl Iterator<Item = (CatIndex, f32)> {
        let categories = &self.shares.categories;
        let idea = categories.first().is_some_and(|first| first.share >= IDEA);
        let shown =
            categories.iter().filter(move |category| idea && category.share >= LEAST_SHARE).take(CATEGORIES);
        shown.filter_map(|category| Some((CatIndex::new(category.cat)?, category.share)))
    }

    fn explanation(&self, cat: CatIndex) -> Option<&str> {
        self.official.as_ref()?.get(cat).explanation.as_deref()
    }

    fn print_json(&self, args: &FindArgs, asked: &Asked) -> Result<(), Failure> {
        let mut results = Vec::new();
        for (at, hit) in self.hits.iter().enumerate() {
            let Some(sound) = self.snapshot.get(hit.id) else { continue };
            let cat = sound.cat().and_then(CatIndex::new);
            let entry = cat.map(|cat| Catalogue::builtin().get(cat));
            results.push(JsonHit {
                rank: at + 1,
                path: self.snapshot.full_path(&sound)?.as_path().into(),
                similarity_percent: self.percent(hit),
                cosine: hit.similarity,
                start_s: hit.start_s,
                query_start_s: args.region.from.unwrap_or(0.0) + hit.query_start_s,
                duration_s: sound.row.duration_s,
                cat_id: entry.map(|entry| entry.cat_id.as_ref()),
                category: entry.map(|entry| entry.category.as_ref()),
                subcategory: entry.map(|entry| entry.subcategory.as_ref()),
                channels: sound.row.channels,
                sample_rate_hz: sound.row.sample_rate_hz,
                description: sound.details()?.description,
                offline: self.snapshot.is_offline(&sound),
            });
        }
        let categories = self.shares.categories.iter().filter_map(|category| {
            let cat = CatIndex::new(category.cat)?;
            let entry = Catalogue::builtin().get(cat);
            Some(JsonCategory {
                cat_id: &entry.cat_id,
                category: &entry.category,
                subcategory: &entry.subcategory,
                share: category.share,
                explanation: self.explanation(cat),
            })
        });
        output::print_json(&JsonAnswer {
            query: JsonQuery {
                path: args.audio.as_path().into(),
                from_s: args.region.from.unwrap_or(0.0),
                duration_s: asked.duration_s,
                frames: asked.query.len(),
            },
            library: self.snapshot.dir().into(),
            model: &self.snapshot.manifest().model.name,
            results,
            categories: categories.collect(),
            category_groups: self.groups(),
            unknown_share: self.shares.unknown,
        })
    }

    /// Shares summed per Category, largest first.
    fn groups(&self) -> Vec<JsonGroup> {
        let mut groups: Vec<JsonGroup> = Vec::new();
        for share in &self.shares.categories {
            let Some(cat) = CatIndex::new(share.cat) else { continue };
            let category = Catalogue::builtin().get(cat).category.as_ref();
            match groups.iter_mut().find(|group| group.category == category) {
                Some(group) => group.share += share.share,
                None => groups.push(JsonGroup { category: category.to_owned(), share: share.share }),
            }
        }
        groups.sort_by(|a, b| b.share.total_cmp(&a.share));
        groups
    }
}

#[derive(Serialize)]
struct JsonAnswer<'a> {
    query: JsonQuery,
    library: JsonPath,
    model: &'a str,
    results: Vec<JsonHit<'a>>,
    categories: Vec<JsonCategory<'a>>,
    category_groups: Vec<JsonGroup>,
    unknown_share: f32,
}

#[derive(Serialize)]
struct JsonQuery {
    #[serde(flatten)]
    path: JsonPath,
    from_s: f64,
    duration_s: f64,
    frames: usize,
}

#[derive(Serialize)]
struct JsonHit<'a> {
    rank: usize,
    #[serde(flatten)]
    path: JsonPath,
    similarity_percent: f32,
    cosine: f32,
    start_s: f64,
    query_start_s: f64,
    duration_s: f64,
    cat_id: Option<&'a str>,
    category: Option<&'a str>,
    subcategory: Option<&'a str>,
    channels: u16,
    sample_rate_hz: u32,
    description: Option<String>,
    /// Its drive was not plugged in when it was last looked for.
    offline: bool,
}

#[derive(Serialize)]
struct JsonCategory<'a> {
    cat_id: &'a str,
    category: &'a str,
    subcategory: &'a str,
    share: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonGroup {
    category: String,
    share: f32,
}
