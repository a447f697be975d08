//! `earmark index`: brings a library up to date with its folders.

use std::io::Write;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use earmark_engine::index::{IndexError, Snapshot};
use earmark_engine::indexing::{self, Request, Summary};
use earmark_engine::ucs::LabelTable;
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, IndexArgs, WorkArgs};
use crate::error::Failure;
use crate::interrupt;
use crate::library::{paths_from, report_damage};
use crate::model::{self, Model};
use crate::output::{self, JsonPath, counted};
use crate::progress::Progress;

pub(crate) fn run(global: &Global, args: IndexArgs) -> Result<Ending, Failure> {
    let library = args.library.dir()?;
    let mut folders = args.folders;
    let listed = args.files_from.is_some();
    if let Some(list) = &args.files_from {
        folders.extend(paths_from(list)?);
    }
    if folders.is_empty() {
        if listed {
            return Ok(Ending::Nothing);
        }
        folders = indexing::sources(&Snapshot::open(&library)?);
        if folders.is_empty() {
            return Err(Failure::Usage(
                "nothing to index: name a folder, as in `earmark index ~/Sounds`".into(),
            ));
        }
    }
    let (summary, _) = update(global, &library, &folders, &args.work)?;
    let printed = match (args.json, global.quiet) {
        (true, _) => output::print_json(&JsonSummary::new(&library, &summary)),
        (false, false) => print(&library, &summary),
        (false, true) => Ok(()),
    };
    match printed {
        // Nobody reads the summary, but the status still counts.
        Ok(()) | Err(Failure::BrokenPipe) => Ok(ending(&summary)),
        Err(failure) => Err(failure),
    }
}

/// Indexes folders into a library; returns what was done and the model it was done with.
pub(crate) fn update(
    global: &Global,
    library: &Path,
    folders: &[PathBuf],
    work: &WorkArgs,
) -> Result<(Summary, Model), Failure> {
    let (existing, roots) = match Snapshot::open(library) {
        Ok(snapshot) => {
            report_damage(&snapshot);
            (Some(snapshot.manifest().model.clone()), snapshot.manifest().roots.clone())
        }
        Err(IndexError::NoLibrary { .. }) => (None, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let labels = work.labels.as_deref().map(LabelTable::read_csv).transpose()?;
    for error in labels.iter().flat_map(LabelTable::errors) {
        output::warn(&error.to_string());
    }
    let walked = indexing::walk_known(folders, &roots)?;
    for problem in &walked.problems {
        output::warn(&format!("{}: {}", problem.path.display(), problem.reason));
    }
    let model = model::load(work.model.as_deref(), existing.as_ref())?;
    let jobs = work.jobs.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), usize::from);
    let request = Request {
        library,
        network: &model.network,
        labels: labels.as_ref(),
        jobs,
        cancel: interrupt::flag(),
        gives_way: false,
    };
    let mut progress = Progress::new(global.quiet);
    let summary = indexing::index(&request, walked, &mut progress);
    progress.finish();
    let summary = summary?;
    for warning in &summary.warnings {
        output::warn(&format!("{}: {}", warning.path.display(), warning.reason));
    }
    Ok((summary, model))
}

/// How a run counts for the shell.
pub(crate) fn ending(summary: &Summary) -> Ending {
    let sounds = summary.unchanged + summary.new + summary.changed + summary.moved;
    match () {
        () if summary.cancelled => Ending::Interrupted,
        () if !summary.problems.is_empty() => Ending::Partial,
        () if sounds == 0 => Ending::Nothing,
        () => Ending::Found,
    }
}

/// What a run did, in a line: `2 new, 1 moved`.
pub(crate) fn tally(summary: &Summary) -> String {
    let strong = output::STRONG;
    let parts = [
        (summary.new, "new"),
        (summary.changed, "changed"),
        (summary.moved, "moved"),
        (summary.removed, "removed"),
        (summary.relabelled, "relabelled"),
        (summary.unchanged, "unchanged"),
        (summary.problems.len(), "unreadable"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(number, what)| *number > 0 || *what == "new")
        .map(|(number, what)| format!("{strong}{}{strong:#} {what}", output::thousands(*number as u64)))
        .collect();
    parts.join(", ")
}

fn print(library: &Path, summary: &Summary) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "{}", tally(summary))?;
    if summary.copied > 0 {
        writeln!(
            out,
            "{} of the new ones known by content, not decoded again",
            counted(summary.copied, "sound")
        )?;
    }
    if summary.audio_s > 0.0 {
        writeln!(
            out,
            "{} of audio in {}, {:.0}× real time",
            output::span(summary.audio_s),
            output::span(summary.elapsed_s),
            summary.audio_s / summary.elapsed_s.max(1e-3)
        )?;
    }
    if summary.cancelled {
        writeln!(out, "interrupted: what is finished is kept, run the command again to go on")?;
    }
    writeln!(out, "library: {}", library.display())?;
    if !summary.problems.is_empty() {
        writeln!(out, "\n{} could not be used:", counted(summary.problems.len(), "file"))?;
        for problem in &summary.problems {
            writeln!(out, "  {}", problem_line(problem))?;
        }
    }
    Ok(())
}

/// What could not be used and why, in a line.
pub(crate) fn problem_line(problem: &indexing::Problem) -> String {
    let path = problem.path.display().to_string();
    // Most reasons begin with the path already.
    let reason = problem.reason.strip_prefix(&path).unwrap_or(&problem.reason).trim_start_matches(": ");
    format!("{}: {}", output::one_line(&path), output::one_line(reason))
}

#[derive(Serialize)]
pub(crate) struct JsonSummary<'a> {
    library: JsonPath,
    unchanged: usize,
    new: usize,
    copied: usize,
    changed: usize,
    moved: usize,
    removed: usize,
    relabelled: usize,
    unreadable: Vec<JsonProblem<'a>>,
    warnings: Vec<JsonProblem<'a>>,
    audio_s: f64,
    elapsed_s: f64,
    interrupted: bool,
}

#[derive(Serialize)]
struct JsonProblem<'a> {
    #[serde(flatten)]
    path: JsonPath,
    reason: &'a str,
}

impl<'a> JsonSummary<'a> {
    pub(crate) fn new(library: &Path, summary: &'a Summary) -> Self {
        let problems = |list: &'a [indexing::Problem]| {
            let json = |problem: &'a indexing::Problem| JsonProblem {
                path: problem.path.as_path().into(),
                reason: &problem.reason,
            };
            list.iter().map(json).collect()
        };
        Self {
            library: library.into(),
            unchanged: summary.unchanged,
            new: summary.new,
            copied: summary.copied,
            changed: summary.changed,
            moved: summary.moved,
            removed: summary.removed,
            relabelled: summary.relabelled,
            unreadable: problems(&summary.problems),
            warnings: problems(&summary.warnings),
            audio_s: summary.audio_s,
            elapsed_s: summary.elapsed_s,
            interrupted: summary.cancelled,
        }
    }
}
