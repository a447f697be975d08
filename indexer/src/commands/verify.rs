//! `earmark verify`: checks every checksum and offset of a library.

use std::io::Write;

use earmark_engine::index::{LibraryWriter, verify};
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, VerifyArgs};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};

pub(crate) fn run(global: &Global, args: VerifyArgs) -> Result<Ending, Failure> {
    let library = args.library.dir()?;
    let report = verify(&library)?;
    if args.repair && !report.problems.is_empty() {
        let damaged = report.problems.iter().map(|(path, _)| path.clone()).collect();
        LibraryWriter::open_existing(&library)?.drop_segments(&damaged)?;
    }
    if args.json {
        let problem = |(path, what): &(std::path::PathBuf, String)| JsonProblem {
            path: path.as_path().into(),
            problem: what.clone(),
        };
        output::print_json(&JsonReport {
            library: library.as_path().into(),
            sound: report.problems.is_empty(),
            segments: report.segments,
            sounds: report.sounds,
            frames: report.frames,
            bytes: report.bytes,
            problems: report.problems.iter().map(problem).collect(),
        })?;
    } else {
        for (_, problem) in &report.problems {
            output::error(problem);
        }
        if !global.quiet {
            let segments = counted(report.segments, "segment");
            let (sounds, frames) = (output::thousands(report.sounds), output::thousands(report.frames));
            let state = if report.problems.is_empty() { "in good order" } else { "readable; the rest is damaged" };
            writeln!(
                anstream::stdout(),
                "{segments}, {sounds} sounds, {frames} frames, {} {state}",
                output::size(report.bytes)
            )?;
        }
    }
    if args.repair && !report.problems.is_empty() && !global.quiet {
        let dropped = counted(report.problems.len(), "damaged segment");
        output::say(&format!("{dropped} dropped; `earmark index` reads their sounds again"));
    }
    Ok(if report.problems.is_empty() { Ending::Found } else { Ending::Partial })
}

#[derive(Serialize)]
struct JsonReport {
    library: JsonPath,
    sound: bool,
    segments: usize,
    sounds: u64,
    frames: u64,
    bytes: u64,
    problems: Vec<JsonProblem>,
}

#[derive(Serialize)]
struct JsonProblem {
    #[serde(flatten)]
    path: JsonPath,
    problem: String,
}
