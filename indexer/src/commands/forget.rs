//! `earmark forget`: drops folders from a library; the files themselves are not touched.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use earmark_engine::index::{LibraryWriter, Snapshot, SoundId, is_below};
use earmark_engine::indexing::absolute_or_gone;

use crate::Ending;
use crate::cli::{ForgetArgs, Global};
use crate::error::Failure;
use crate::output::{self, counted};

pub(crate) fn run(global: &Global, args: ForgetArgs) -> Result<Ending, Failure> {
    let dir = args.library.dir()?;
    let folders: Vec<PathBuf> = args.folders.iter().map(|folder| absolute_or_gone(folder)).collect();
    if args.dry_run {
        let snapshot = args.library.open()?;
        let sounds = below(&snapshot, &folders);
        let mut out = anstream::stdout().lock();
        for id in &sounds {
            if let Some(sound) = snapshot.get(*id) {
                output::write_path(&snapshot.full_path(&sound)?)?;
                writeln!(out)?;
            }
        }
        writeln!(out, "{} would be forgotten", counted(sounds.len(), "sound"))?;
        return Ok(if sounds.is_empty() { Ending::Nothing } else { Ending::Found });
    }
    let mut writer = LibraryWriter::open_existing(&dir)?;
    let sounds = below(writer.snapshot(), &folders);
    if !sounds.is_empty() {
        writer.commit(None, &sounds)?;
    }
    let used: BTreeSet<u16> = writer.snapshot().sounds().map(|(_, sound)| sound.row.root).collect();
    let gone = |path: &Path| folders.iter().any(|folder| is_below(path, folder));
    let roots = &writer.snapshot().manifest().roots;
    let unused: BTreeSet<u16> = roots
        .iter()
        .filter(|root| gone(&root.path()) && !used.contains(&root.id))
        .map(|root| root.id)
        .collect();
    if !unused.is_empty() {
        writer.remove_roots(&unused)?;
    }
    writer.tidy(&|| false)?;
    if !global.quiet {
        writeln!(
            anstream::stdout(),
            "{} forgotten; the files are untouched",
            counted(sounds.len(), "sound")
        )?;
    }
    Ok(if sounds.is_empty() && unused.is_empty() { Ending::Nothing } else { Ending::Found })
}

fn below(snapshot: &Snapshot, folders: &[PathBuf]) -> BTreeSet<SoundId> {
    let mut sounds = BTreeSet::new();
    for (id, sound) in snapshot.sounds() {
        // A damaged row names no folder; `verify` tells of it.
        let Ok(path) = snapshot.full_path(&sound) else { continue };
        if folders.iter().any(|folder| is_below(&path, folder)) {
            sounds.insert(id);
        }
    }
    sounds
}
