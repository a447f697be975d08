//! `earmark relocate`: tells a library that a folder has another path now.

use std::io::Write;
use std::path::PathBuf;

use earmark_engine::index::LibraryWriter;
use earmark_engine::indexing::absolute_or_gone;
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, RelocateArgs};
use crate::error::Failure;
use crate::output::{self, JsonPath, counted};

pub(crate) fn run(global: &Global, args: RelocateArgs) -> Result<Ending, Failure> {
    let library = args.library.dir()?;
    let new = absolute_or_gone(&args.new);
    let mut writer = LibraryWriter::open_existing(&library)?;
    // As it was typed, for folders of other systems; else as this system would have named it.
    let typed = writer.snapshot().outlook(&args.old, &new)?;
    let (old, outlook) = match typed.folders + typed.sounds {
        0 => {
            let old = absolute_or_gone(&args.old);
            let outlook = writer.snapshot().outlook(&old, &new)?;
            (old, outlook)
        }
        _ => (args.old.clone(), typed),
    };
    if !args.offline {
        let refuse = |what: &str| {
            let hint = "check the path, or say --offline if its drive is not plugged in";
            Err(Failure::Usage(format!("{}: {what}; {hint}", args.new.display())))
        };
        if !new.is_dir() {
            return refuse("there is no such folder");
        }
        if outlook.looked_for > 0 && outlook.found == 0 {
            return refuse("none of the sounds looked for is there");
        }
    }
    let done = writer.relocate(&old, &new)?;
    if args.json {
        let folder = |(from, to): &(PathBuf, PathBuf)| JsonFolder {
            old: from.as_path().into(),
            new: to.as_path().into(),
        };
        output::print_json(&JsonDone {
            library: library.as_path().into(),
            sounds: done.sounds,
            folders: done.roots.iter().map(folder).collect(),
        })?;
    } else if !global.quiet {
        let mut out = anstream::stdout().lock();
        for (from, to) in &done.roots {
            let line = format!("{} is now {}", from.display(), to.display());
            writeln!(out, "{}", output::one_line(&line))?;
        }
        let sounds = counted(done.sounds, "sound");
        writeln!(out, "{sounds} relocated; `earmark index` sees whether anything has changed there")?;
    }
    Ok(Ending::Found)
}

#[derive(Serialize)]
struct JsonDone {
    library: JsonPath,
    sounds: usize,
    folders: Vec<JsonFolder>,
}

#[derive(Serialize)]
struct JsonFolder {
    old: JsonPath,
    new: JsonPath,
}
