//! The review of labels: suggestions to look at ([`queue`]), what was decided ([`ledger`]), and the plan that comes of it
//! ([`plan`]).
//!
//! Nothing here changes a sound. Decisions are written beside the library as they are made; the plan is a file for
//! `earmark rename` and `earmark write`, which show what they would do before they do it.

pub(crate) mod ledger;
pub(crate) mod plan;
pub(crate) mod queue;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use earmark_engine::ucs::CatIndex;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::job::{Job, Status};
use ledger::{Decision, Ledger, Verdict};
use queue::{Queue, Shown};

/// The state of the review.
pub(crate) struct Review {
    pub job: Job<Queue>,
    ledger: Mutex<Option<Ledger>>,
}

/// What the page is told.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    status: Status,
    /// Kinds of suggestions, with how many there are and are left.
    kinds: Vec<queue::KindCount>,
    /// Decisions that a plan can be made of.
    decided: usize,
    skipped: usize,
    /// What an undo would take back, in words.
    undo: Option<String>,
    /// Snapshot that the suggestions are of.
    view: Option<u32>,
}

/// What was decided on the page.
#[derive(Debug, Deserialize)]
pub(crate) struct Deciding {
    /// Numbers of suggestions.
    #[serde(default)]
    items: Vec<u32>,
    verdict: Verdict,
    /// For a correction.
    cat_id: Option<String>,
    /// Instead of numbers: all open ones of a kind …
    kind: Option<String>,
    /// … whose first choice has at least this share.
    least_share: Option<f32>,
}

impl Review {
    pub(crate) fn new() -> Self {
        Self { job: Job::new(), ledger: Mutex::new(None) }
    }

    /// How things are.
    pub(crate) fn report(&self, library: &Path) -> Result<Report, ApiError> {
        self.with(library, |ledger| {
            let queue = self.job.ready();
            let decided = ledger.decisions().filter(|decision| decision.cat.is_some()).count();
            Ok(Report {
                status: self.job.status(),
                kinds: queue.as_deref().map_or_else(Vec::new, |queue| queue.kinds(ledger)),
                decided,
                skipped: ledger.decisions().count() - decided,
                undo: ledger.last(),
                view: queue.as_deref().map(Queue::view_number),
            })
        })
    }

    /// Some suggestions of a kind.
    pub(crate) fn list(
        &self,
        library: &Path,
        kind: &str,
        offset: usize,
        count: usize,
    ) -> Result<Vec<Shown>, ApiError> {
        let queue = self.queue()?;
        self.with(library, |ledger| Ok(queue.list(ledger, kind, offset, count)))
    }

    /// Keeps what was decided, and tells how many sounds it concerns.
    pub(crate) fn decide(&self, library: &Path, deciding: &Deciding) -> Result<usize, ApiError> {
        let queue = self.queue()?;
        self.with(library, |ledger| {
            let items = match (&deciding.kind, deciding.least_share) {
                (Some(kind), Some(least)) if deciding.verdict == Verdict::Accepted => {
                    queue.above(ledger, kind, least)
                }
                _ => deciding.items.clone(),
            };
            let corrected = match (&deciding.cat_id, deciding.verdict) {
                (Some(cat_id), Verdict::Corrected) => Some(cat_of(cat_id)?),
                (None, Verdict::Corrected) => return Err(ApiError::bad("Which CatID is it?")),
                _ => None,
            };
            let mut decisions = Vec::new();
            for number in items {
                let item = queue.get(number)?;
                let first = item.choices.first();
                let (cat, share) = match deciding.verdict {
                    Verdict::Accepted => {
                        let first =
                            first.ok_or_else(|| ApiError::bad("There is no suggestion to accept."))?;
                        (Some(first.cat), Some(first.share))
                    }
                    Verdict::Corrected => (corrected, None),
                    Verdict::Skipped => (None, None),
                };
                decisions.push(Decision::new(item, deciding.verdict, cat, share));
            }
            ledger.add(decisions)
        })
    }

    /// Takes the last decisions back, and tells which suggestion to look at again.
    pub(crate) fn undo(&self, library: &Path) -> Result<Vec<u32>, ApiError> {
        let paths = self.with(library, Ledger::undo)?;
        let Some(queue) = self.job.ready() else { return Ok(Vec::new()) };
        Ok(queue.numbers_of(&paths))
    }

    /// Makes a plan of what was decided.
    pub(crate) fn plan(
        &self,
        app: &crate::app::App,
        wanted: &plan::Wanted,
    ) -> Result<plan::Planned, ApiError> {
        let decisions: Vec<Decision> =
            self.with(app.library.dir(), |ledger| Ok(ledger.decisions().cloned().collect()))?;
        plan::make(app, &decisions, wanted)
    }

    fn queue(&self) -> Result<std::sync::Arc<Queue>, ApiError> {
        self.job.ready().ok_or_else(|| ApiError::not_found("There are no suggestions yet."))
    }

    /// With the decisions, read when they are first needed.
    fn with<T>(
        &self,
        library: &Path,
        act: impl FnOnce(&mut Ledger) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        let mut ledger: MutexGuard<'_, Option<Ledger>> =
            self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        if ledger.is_none() {
            *ledger = Some(Ledger::open(library)?);
        }
        match &mut *ledger {
            Some(ledger) => act(ledger),
            None => Err(ApiError::internal("The decisions cannot be read.")),
        }
    }
}

fn cat_of(cat_id: &str) -> Result<CatIndex, ApiError> {
    let cat = earmark_engine::ucs::Catalogue::builtin().by_cat_id(cat_id);
    cat.ok_or_else(|| ApiError::bad(format!("UCS has no CatID {cat_id}.")))
}
