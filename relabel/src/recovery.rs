//! What a run that was killed has left lying about: temporary files, and files that had stepped aside.

use std::path::Path;

use crate::files;
use crate::journal::{Found, Line, Lock, RenameStep};
use crate::plan::FileState;
use crate::replacing::{aside_of, temporary_of};

/// Clears up after the runs of all journals: removes unfinished new files, and gives files that had stepped aside the
/// name that they were to get, or where it is taken the one that they had.
///
/// Nothing is done while another program is at work with these journals.
pub fn clear_up(journals: &Path) {
    if journals.is_dir()
        && let Ok(_lock) = Lock::acquire(journals)
    {
        clear_up_locked(journals);
    }
}

pub(crate) fn clear_up_locked(journals: &Path) {
    Found::all(journals).iter().for_each(recover_from);
}

pub(crate) fn recover_from(journal: &Found) {
    for line in &journal.lines {
        match line {
            Line::Temporary { path } => {
                let path = path.path();
                let ours =
                    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".earmark-"))
                        && path.extension().is_some_and(|ending| ending == "tmp");
                if ours && path.is_file() {
                    let _ = files::remove(&path);
                }
            }
            Line::Write(step) => {
                let temporary = temporary_of(&step.path.path());
                if temporary.is_file() {
                    let _ = files::remove(&temporary);
                }
            }
            Line::Rename(step) => bring_back(step),
            Line::Head { .. } | Line::Done { .. } | Line::Failed { .. } | Line::Undone { .. } => {}
        }
    }
}

fn bring_back(step: &RenameStep) {
    let (from, to) = (step.from.path(), step.to.path());
    let state = FileState::from(step.state);
    // On the way there, or on the way back.
    for aside in [aside_of(&from), aside_of(&to)] {
        if !state.still_holds(&aside).unwrap_or(false) {
            continue;
        }
        if files::rename(&aside, &to).is_err() {
            let _ = files::rename(&aside, &from);
        }
    }
}
