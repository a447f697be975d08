//! `earmark convert`: makes a library anew with another model while the old one stays in use.

use std::io::Write;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use earmark_engine::index::Snapshot;
use earmark_engine::indexing::{self, Conversion, Request, model_id};
use serde::Serialize;

use crate::Ending;
use crate::cli::{ConvertArgs, Global};
use crate::commands::index::{JsonSummary, problem_line};
use crate::error::Failure;
use crate::interrupt;
use crate::library::report_damage;
use crate::model;
use crate::output::{self, JsonPath, counted};
use crate::progress::Progress;

/// Sounds that are named where the new library lacks some.
const NAMED: usize = 10;

pub(crate) fn run(global: &Global, args: ConvertArgs) -> Result<Ending, Failure> {
    let library = args.library.dir()?;
    let before = Snapshot::open(&library)?;
    report_damage(&before);
    if args.discard {
        let was_there = indexing::discard_conversion(&library)?;
        if !global.quiet {
            output::say(if was_there {
                "the unfinished conversion is discarded"
            } else {
                "nothing to discard"
            });
        }
        return Ok(if was_there { Ending::Found } else { Ending::Nothing });
    }
    let model = model::load(args.model.as_deref(), None)?;
    let wanted = model_id(&model.network);
    if before.manifest().model == wanted {
        // What the conversion could not remove when it was finished.
        indexing::discard_finished_conversion(&library)?;
        if !global.quiet {
            output::say(&format!("the library is of {wanted} already"));
        }
        return Ok(Ending::Nothing);
    }
    // Before anything starts a thread, which would keep its priority.
    indexing::step_back();
    let jobs = args.jobs.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), usize::from);
    let request = Request {
        library: &library,
        network: &model.network,
        labels: None,
        jobs,
        cancel: interrupt::flag(),
        gives_way: false,
    };
    let mut progress = Progress::new(global.quiet);
    let conversion = indexing::convert(&request, args.leave_out, &mut progress);
    progress.finish();
    let conversion = conversion?;
    let printed = match (args.json, global.quiet) {
        (true, _) => output::print_json(&JsonConversion::new(&library, &wanted.name, &conversion)),
        (false, false) => print(&library, &wanted.to_string(), &conversion),
        (false, true) => Ok(()),
    };
    match printed {
        Ok(()) | Err(Failure::BrokenPipe) => Ok(ending(&conversion)),
        Err(failure) => Err(failure),
    }
}

fn ending(conversion: &Conversion) -> Ending {
    match () {
        () if conversion.summary.cancelled => Ending::Interrupted,
        () if !conversion.lacking.is_empty() || !conversion.summary.problems.is_empty() => Ending::Partial,
        () => Ending::Found,
    }
}

fn print(library: &Path, wanted: &str, conversion: &Conversion) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let summary = &conversion.summary;
    let embedded = summary.new + summary.changed + summary.moved;
    writeln!(out, "{} embedded by {wanted}, {} before", counted(embedded, "sound"), summary.unchanged)?;
    for problem in &summary.problems {
        writeln!(out, "  {}", problem_line(problem))?;
    }
    if summary.cancelled {
        writeln!(out, "interrupted: the library is as it was; run the command again to go on")?;
        return Ok(());
    }
    if !conversion.lacking.is_empty() {
        let lacking = counted(conversion.lacking.len(), "sound");
        writeln!(out, "{lacking} of the library could not be embedded, or their folder is away:")?;
        for path in conversion.lacking.iter().take(NAMED) {
            writeln!(out, "  {}", output::one_line(&path.display().to_string()))?;
        }
        if conversion.lacking.len() > NAMED {
            writeln!(out, "  and {} more", conversion.lacking.len() - NAMED)?;
        }
    }
    match conversion.replaced {
        true => {
            writeln!(out, "library: {}, now of {wanted}", library.display())?;
            writeln!(
                out,
                "an `earmark watch` that keeps it current ends at the next change: start it again"
            )?;
        }
        false => writeln!(
            out,
            "the library is as it was; make them readable and run the command again, or do without them: --leave-out"
        )?,
    }
    Ok(())
}

#[derive(Serialize)]
struct JsonConversion<'a> {
    model: &'a str,
    replaced: bool,
    lacking: Vec<JsonPath>,
    embedding: JsonSummary<'a>,
}

impl<'a> JsonConversion<'a> {
    fn new(library: &Path, model: &'a str, conversion: &'a Conversion) -> Self {
        Self {
            model,
            replaced: conversion.replaced,
            lacking: conversion.lacking.iter().map(|path| path.as_path().into()).collect(),
            embedding: JsonSummary::new(library, &conversion.summary),
        }
    }
}
