//! `earmark verify`: checks every checksum and offset of a library.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use earmark_engine::index::{Damage, LibraryWriter, verify};
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, VerifyArgs};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};

pub(crate) fn run(global: &Global, args: VerifyArgs) -> Result<Ending, Failure> {
    let library = args.library.dir()?;
    let report = verify(&library)?;
    if args.json {
        let problem = |damage: &Arc<Damage>| JsonProblem {
            path: damage.path.as_path().into(),
            problem: damage.error.to_string(),
            sounds: damage.sounds,
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
        for damage in &report.problems {
            output::error(&damage.error.to_string());
        }
        if !global.quiet {
            let segments = counted(report.segments, "segment");
            let (sounds, frames) = (output::thousands(report.sounds), output::thousands(report.frames));
            let state =
                if report.problems.is_empty() { "in good order" } else { "readable; the rest is damaged" };
            writeln!(
                anstream::stdout(),
                "{segments}, {sounds} sounds, {frames} frames, {} {state}",
                output::size(report.bytes)
            )?;
        }
    }
    let mut left = report.problems.len();
    if args.repair {
        let lost: BTreeSet<PathBuf> = report
            .problems
            .iter()
            .filter(|damage| damage.is_final())
            .map(|damage| damage.path.clone())
            .collect();
        if !lost.is_empty() {
            LibraryWriter::open_existing(&library)?.drop_segments(&lost)?;
            left -= lost.len();
            if !global.quiet {
                let dropped = counted(lost.len(), "damaged segment");
                output::say(&format!("{dropped} dropped; `earmark index` reads their sounds again"));
            }
        }
    }
    Ok(if left == 0 { Ending::Found } else { Ending::Partial })
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
    sounds: u32,
}
