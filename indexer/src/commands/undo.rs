//! `earmark undo`: takes back what plans have done.

use std::io::Write;
use std::path::{Path, PathBuf};

use earmark_relabel::{JournalSummary, UndoOutcome, clear_up, journals, undo};
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, UndoArgs};
use crate::error::Failure;
use crate::interrupt;
use crate::output::{self, JsonPath, counted};
use crate::plans::Listener;

pub(crate) fn run(global: &Global, args: UndoArgs) -> Result<Ending, Failure> {
    let dir = args.journals.dir()?;
    if args.list {
        return list(&args, &journals(&dir));
    }
    // A run that was killed before its first step has nothing to take back, but may have left a temporary file.
    clear_up(&dir);
    let Some(journal) = chosen(&args, &dir) else {
        output::say("nothing to take back");
        return Ok(Ending::Nothing);
    };
    let library = Listener::new(&args.library);
    let undone = undo(&journal, interrupt::flag())?;
    library.tell(&undone.changes);
    let (mut names, mut restored, mut failed, mut not_tried) = (0, 0, 0, 0);
    for (_, outcome) in &undone.outcomes {
        match outcome {
            UndoOutcome::Restored => restored += 1,
            UndoOutcome::Renamed(_) => names += 1,
            UndoOutcome::Nothing => {}
            UndoOutcome::NotTried => not_tried += 1,
            UndoOutcome::Failed(error) => {
                failed += 1;
                output::error(&error.to_string());
            }
        }
    }
    if let Some(error) = &undone.stopped {
        failed += 1;
        output::error(&error.to_string());
    }
    if args.json {
        let journal = journal.as_path().into();
        output::print_json(&JsonUndone { journal, names, restored, failed, not_tried })?;
    } else if !global.quiet {
        let mut summary =
            format!("{} given back, {} restored", counted(names, "name"), counted(restored, "file"));
        if failed > 0 {
            summary += &format!(", {} left as they are", counted(failed, "file"));
        }
        writeln!(anstream::stdout(), "{summary}")?;
    }
    Ok(match () {
        () if failed > 0 => Ending::Partial,
        () if not_tried > 0 => Ending::Interrupted,
        () if names + restored == 0 => Ending::Nothing,
        () => Ending::Found,
    })
}

/// The journal that was named, or the last one with something to take back.
fn chosen(args: &UndoArgs, dir: &Path) -> Option<PathBuf> {
    match &args.journal {
        Some(named) if named.is_dir() => Some(named.clone()),
        Some(named) => Some(dir.join(named)),
        None => journals(dir).into_iter().rev().find(|journal| journal.steps > 0).map(|journal| journal.dir),
    }
}

fn list(args: &UndoArgs, journals: &[JournalSummary]) -> Result<Ending, Failure> {
    if args.json {
        let entry = |journal: &JournalSummary| JsonJournal {
            journal: journal.dir.as_path().into(),
            made: journal.made.clone(),
            about: journal.about.clone(),
            steps: journal.steps,
        };
        output::print_json(&journals.iter().map(entry).collect::<Vec<_>>())?;
    } else {
        let mut out = anstream::stdout().lock();
        for journal in journals {
            let name = journal.dir.file_name().unwrap_or_default().to_string_lossy();
            let line = format!("{name}  {}  {}", counted(journal.steps, "step"), journal.about);
            writeln!(out, "{}", output::one_line(&line))?;
        }
    }
    Ok(if journals.is_empty() { Ending::Nothing } else { Ending::Found })
}

#[derive(Serialize)]
struct JsonUndone {
    journal: JsonPath,
    names: usize,
    restored: usize,
    failed: usize,
    not_tried: usize,
}

#[derive(Serialize)]
struct JsonJournal {
    #[serde(flatten)]
    journal: JsonPath,
    made: String,
    about: String,
    steps: usize,
}
