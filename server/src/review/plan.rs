//! From decisions to a plan file, which `earmark rename` and `earmark write` carry out.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use earmark_relabel::{
    Fields, FileState, Plan, RenameOptions, Suggestion, WriteOptions, plan_rename, plan_write,
};
use serde::{Deserialize, Serialize};

use super::ledger::{Decision, Verdict};
use crate::app::App;
use crate::error::ApiError;
use crate::library::View;
use crate::names;

/// Where the plan's proposals come from.
const ABOUT: &str = "decided in the review of `earmark serve`";

/// What the plan is to do.
#[derive(Debug, Deserialize)]
pub(crate) struct Wanted {
    /// Give files UCS names.
    rename: bool,
    /// Write UCS fields into files.
    write: bool,
    #[serde(default)]
    creator_id: String,
    #[serde(default)]
    source_id: String,
}

/// A plan that was made.
#[derive(Debug, Serialize)]
pub(crate) struct Planned {
    /// The file, for showing.
    path: String,
    renames: usize,
    writes: usize,
    /// Sounds for which nothing could be proposed, with the first reasons.
    problems: usize,
    reasons: Vec<String>,
    /// Sounds that were decided and are not in the library any more.
    gone: usize,
}

/// Makes a plan of the decisions and writes it beside the library.
pub(crate) fn make(app: &App, decisions: &[Decision], wanted: &Wanted) -> Result<Planned, ApiError> {
    if !wanted.rename && !wanted.write {
        return Err(ApiError::bad("Choose whether files are renamed, or fields written into them, or both."));
    }
    let view = app.library.current()?;
    let known = known(&view, decisions);
    let decided: Vec<&Decision> = decisions.iter().filter(|decision| decision.cat.is_some()).collect();
    let there: Vec<Suggestion> = decided
        .iter()
        .filter_map(|decision| Some(suggestion(decision, known.get(&*decision.path).copied()?)))
        .collect();
    let gone = decided.len() - there.len();
    if there.is_empty() {
        return Err(ApiError::bad("Nothing is decided yet: accept or correct some suggestions first."));
    }
    let plan = plan(&there, wanted);
    let unix_s = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let path = app.library.dir().join(format!("review-{unix_s}.plan.toml"));
    plan.save(&path).map_err(|error| ApiError::internal(error.to_string()))?;
    let problems = plan.entries.iter().filter_map(|entry| {
        let name = names::shown(entry.path.file_name().unwrap_or_default().as_ref());
        Some(format!("{name}: {}", entry.problem.as_ref()?))
    });
    Ok(Planned {
        path: names::shown(&path),
        renames: plan.renames(),
        writes: plan.writes(),
        problems: plan.problems(),
        reasons: problems.take(5).collect(),
        gone,
    })
}

fn plan(suggestions: &[Suggestion], wanted: &Wanted) -> Plan {
    let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    let (creator_id, source_id) = (given(&wanted.creator_id), given(&wanted.source_id));
    let write = WriteOptions {
        creator_id: creator_id.clone(),
        source_id: source_id.clone(),
        ..WriteOptions::default()
    };
    let rename = RenameOptions { creator_id, source_id, ..RenameOptions::default() };
    let mut writes = wanted.write.then(|| plan_write(suggestions.iter().cloned(), &write, ABOUT).plan);
    if !wanted.rename {
        return writes.unwrap_or_else(|| Plan::new(ABOUT, Vec::new()));
    }
    let mut plan = plan_rename(suggestions.iter().cloned(), &rename, ABOUT).plan;
    let Some(writes) = &mut writes else { return plan };
    // One entry a sound: its new name, and what is written into it.
    let mut fields: HashMap<PathBuf, usize> =
        writes.entries.iter().enumerate().map(|(at, entry)| (entry.path.clone(), at)).collect();
    for entry in &mut plan.entries {
        if let Some(at) = fields.remove(&entry.path).filter(|_| entry.problem.is_none()) {
            entry.fields = writes.entries[at].fields.clone();
        }
    }
    let mut left: Vec<usize> = fields.into_values().collect();
    left.sort_unstable();
    plan.entries.extend(left.into_iter().map(|at| writes.entries[at].clone()));
    plan
}

fn suggestion(decision: &Decision, known: FileState) -> Suggestion {
    let from = match decision.verdict {
        Verdict::Accepted => match decision.share {
            Some(share) => format!("review: accepted at {:.0} %", share * 100.0),
            None => "review: accepted".into(),
        },
        Verdict::Corrected | Verdict::Skipped => "review: decided by hand".into(),
    };
    Suggestion {
        path: decision.path.clone(),
        fields: decision.cat.map(Fields::of_cat).unwrap_or_default(),
        share: None,
        from,
        known: Some(known),
    }
}

/// The state of the decided sounds as the library knows it.
fn known<'a>(view: &View, decisions: &'a [Decision]) -> HashMap<&'a Path, FileState> {
    let wanted: HashMap<&Path, ()> = decisions.iter().map(|decision| (&*decision.path, ())).collect();
    let mut known = HashMap::with_capacity(wanted.len());
    for (_, sound) in view.snapshot.sounds() {
        let Ok(path) = view.snapshot.full_path(&sound) else { continue };
        let Some((path, ())) = wanted.get_key_value(&*path) else { continue };
        let row = sound.row;
        let state = FileState { size: row.file_size, modified_ns: row.modified_ns, hash: Some(row.hash()) };
        known.insert(*path, state);
    }
    known
}
