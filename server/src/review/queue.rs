//! Suggestions to look at: categories for sounds without a label, and labels that are likely wrong.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use earmark_engine::index::{SoundId, SoundRef};
use earmark_engine::ucs::CatIndex;
use earmark_labelling::{
    AuditRequest, CatShare, Evidence, FindingKind, Observer, Related, TagRequest, audit, tag,
};
use serde::Serialize;

use super::ledger::{Ledger, Verdict};
use crate::app::App;
use crate::error::ApiError;
use crate::job::{self, Job};
use crate::library::View;
use crate::rows::Row;
use crate::search::Share;

/// The kind of suggestions for sounds without a label.
const UNLABELLED: &str = "unlabelled";

/// All suggestions.
pub(crate) struct Queue {
    view: Arc<View>,
    /// Best first, kind by kind.
    items: Vec<Item>,
    by_kind: BTreeMap<String, Vec<u32>>,
}

/// One suggestion.
pub(crate) struct Item {
    pub id: SoundId,
    pub path: PathBuf,
    kind: String,
    pub current: Option<CatIndex>,
    /// Likeliest first.
    pub choices: Vec<CatShare>,
    evidence: Vec<Evidence>,
    related: Vec<Related>,
    message: Option<String>,
}

/// How many suggestions of a kind there are.
#[derive(Debug, Serialize)]
pub(crate) struct KindCount {
    kind: String,
    total: usize,
    open: usize,
}

/// A suggestion as the page shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    number: u32,
    #[serde(flatten)]
    row: Row,
    choices: Vec<Share>,
    message: Option<String>,
    reasons: Vec<Reason>,
    related: Vec<Row>,
    verdict: Option<Verdict>,
    decided: Option<&'static str>,
}

/// Why something is suggested.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Reason {
    /// A labelled sound that sounds like it.
    Sound {
        row: Option<Row>,
        name: String,
        cat_id: &'static str,
        percent: f32,
        at_s: f64,
        there_s: f64,
    },
    Word {
        word: String,
        term: String,
        language: &'static str,
        place: String,
    },
    Taxonomy {
        label: String,
        confidence: f32,
    },
}

/// Begins to look for suggestions, unless that is being done.
pub(crate) fn begin(app: &Arc<App>) -> Result<(), ApiError> {
    let view = app.library.current()?;
    job::begin(app, |app| &app.review.job, move |app| look(app, view));
    Ok(())
}

fn look(app: &App, view: Arc<View>) -> Result<Option<Queue>, String> {
    let job = &app.review.job;
    let model = app.model.get(Some(&view.snapshot.manifest().model)).map_err(|error| error.message)?;
    let stop = || job.stops();
    let unlabelled = |sound: &SoundRef<'_>| sound.cat().is_none();
    let request =
        TagRequest { accepts: &unlabelled, bank: model.bank.as_ref(), stop: &stop, ..TagRequest::default() };
    let tagged =
        tag(&view.snapshot, &request, &mut Teller::new(job, "Listening to sounds without a label", 0.0));
    if tagged.stopped || job.stops() {
        return Ok(None);
    }
    let request = AuditRequest { bank: model.bank.as_ref(), stop: &stop, ..AuditRequest::default() };
    let audited = audit(&view.snapshot, &request, &mut Teller::new(job, "Comparing labels with sounds", 0.5));
    if audited.stopped || job.stops() {
        return Ok(None);
    }
    let of_tagging = tagged.taggings.into_iter().filter(|tagging| !tagging.suggestions.is_empty());
    let mut items: Vec<Item> = of_tagging
        .map(|tagging| Item {
            id: tagging.id,
            path: tagging.path.0,
            kind: UNLABELLED.into(),
            current: tagging.current,
            choices: tagging
                .suggestions
                .iter()
                .map(|suggestion| CatShare { cat: suggestion.cat, share: suggestion.share })
                .collect(),
            evidence: tagging.suggestions.into_iter().next().map_or_else(Vec::new, |first| first.evidence),
            related: Vec::new(),
            message: None,
        })
        .collect();
    let share = |item: &Item| item.choices.first().map_or(0.0, |choice| choice.share);
    items.sort_by(|a, b| share(b).total_cmp(&share(a)).then_with(|| a.path.cmp(&b.path)));
    items.extend(audited.findings.into_iter().map(|finding| Item {
        id: finding.id,
        path: finding.path.0,
        kind: kind_name(finding.kind),
        current: finding.current,
        choices: finding.suggested,
        evidence: finding.evidence,
        related: finding.related,
        message: Some(finding.message),
    }));
    Ok(Some(Queue::new(view, items)))
}

/// A kind's name in requests, such as `twins_disagree`.
fn kind_name(kind: FindingKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| Some(name.as_str()?.to_owned())).unwrap_or_default()
}

impl Queue {
    fn new(view: Arc<View>, items: Vec<Item>) -> Self {
        let mut by_kind: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        for (number, item) in (0u32..).zip(&items) {
            by_kind.entry(item.kind.clone()).or_default().push(number);
        }
        Self { view, items, by_kind }
    }

    pub(crate) fn view_number(&self) -> u32 {
        self.view.number()
    }

    pub(crate) fn get(&self, number: u32) -> Result<&Item, ApiError> {
        self.items.get(number as usize).ok_or_else(|| ApiError::not_found("There is no such suggestion."))
    }

    pub(crate) fn kinds(&self, ledger: &Ledger) -> Vec<KindCount> {
        let open = |number: &&u32| ledger.of(&self.items[**number as usize].path).is_none();
        self.by_kind
            .iter()
            .map(|(kind, numbers)| KindCount {
                kind: kind.clone(),
                total: numbers.len(),
                open: numbers.iter().filter(open).count(),
            })
            .collect()
    }

    /// Open suggestions of a kind whose first choice is at least so likely, and new.
    pub(crate) fn above(&self, ledger: &Ledger, kind: &str, least: f32) -> Vec<u32> {
        let mut seen = HashSet::new();
        let likely = |number: &&u32| {
            let item = &self.items[**number as usize];
            let first = item.choices.first();
            first.is_some_and(|first| first.share >= least && Some(first.cat) != item.current)
                && ledger.of(&item.path).is_none()
                && seen.insert(&item.path)
        };
        self.by_kind
            .get(kind)
            .map_or_else(Vec::new, |numbers| numbers.iter().filter(likely).copied().collect())
    }

    /// Numbers of the suggestions about sounds.
    pub(crate) fn numbers_of(&self, paths: &[PathBuf]) -> Vec<u32> {
        let wanted: HashSet<&Path> = paths.iter().map(PathBuf::as_path).collect();
        (0u32..)
            .zip(&self.items)
            .filter(|(_, item)| wanted.contains(&*item.path))
            .map(|(number, _)| number)
            .collect()
    }

    /// Some suggestions of a kind, decided ones among them.
    pub(crate) fn list(&self, ledger: &Ledger, kind: &str, offset: usize, count: usize) -> Vec<Shown> {
        let numbers = self.by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        numbers.iter().skip(offset).take(count).filter_map(|number| self.shown(ledger, *number)).collect()
    }

    fn shown(&self, ledger: &Ledger, number: u32) -> Option<Shown> {
        let item = &self.items[number as usize];
        let decision = ledger.of(&item.path);
        Some(Shown {
            number,
            row: self.row(item.id)?,
            choices: item.choices.iter().map(|choice| Share::new(choice.cat, choice.share)).collect(),
            message: item.message.clone(),
            reasons: item.evidence.iter().map(|evidence| self.reason(evidence)).collect(),
            related: item.related.iter().filter_map(|related| self.row(related.id)).collect(),
            verdict: decision.map(|decision| decision.verdict),
            decided: decision.and_then(|decision| decision.cat).map(CatIndex::cat_id),
        })
    }

    fn row(&self, id: SoundId) -> Option<Row> {
        Row::new(&self.view, id, &self.view.snapshot.get(id)?).ok()
    }

    fn reason(&self, evidence: &Evidence) -> Reason {
        match evidence {
            Evidence::Neighbour { id, path, cat, similarity, start_s, neighbour_start_s } => Reason::Sound {
                row: id.and_then(|id| self.row(id)),
                name: crate::names::shown(path.as_path().file_name().unwrap_or_default().as_ref()),
                cat_id: cat.cat_id(),
                percent: similarity.clamp(0.0, 1.0) * 100.0,
                at_s: *start_s,
                there_s: *neighbour_start_s,
            },
            Evidence::Word { word, term, language, place } => Reason::Word {
                word: word.clone(),
                term: term.clone(),
                language,
                place: serde_json::to_value(place)
                    .ok()
                    .and_then(|place| Some(place.as_str()?.replace('_', " ")))
                    .unwrap_or_default(),
            },
            Evidence::Taxonomy { label, confidence } => {
                Reason::Taxonomy { label: label.clone(), confidence: *confidence }
            }
        }
    }
}

/// Tells a job how far the work is.
struct Teller<'a> {
    job: &'a Job<Queue>,
    stage: &'static str,
    before: f32,
    planned: usize,
}

impl<'a> Teller<'a> {
    fn new(job: &'a Job<Queue>, stage: &'static str, before: f32) -> Self {
        job.tell(stage, before);
        Self { job, stage, before, planned: 0 }
    }
}

impl Observer for Teller<'_> {
    fn planned(&mut self, sounds: usize) {
        self.planned = sounds;
    }

    fn done(&mut self, sounds: usize) {
        let share = sounds as f32 / self.planned.max(1) as f32;
        self.job.tell(self.stage, self.before + 0.5 * share.min(1.0));
    }
}
