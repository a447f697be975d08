//! Failing disks, killed processes and power cuts, for the engine's own tests.
//!
//! Each thread has a disk of its own here, or that of the thread that began it. [`arm`] sets the step that goes wrong and
//! how; [`pull_the_plug`] then does to the files what the worst file system may do at a power cut: content that was not
//! synced is cut off, renames that no sync of their folder has confirmed are undone.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::files::Step;

/// What goes wrong at the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// This step fails, later ones do not.
    Once,
    /// From here on nothing can be created or written, the rest works.
    DiskFull,
    /// Nothing happens any more: the process was killed. What was done so far stays.
    Kill,
}

/// These disks forget what they like anyway.
pub(super) const LASTING: bool = false;

#[derive(Default)]
pub(super) struct Disk {
    fault: Option<(usize, Fault)>,
    steps: usize,
    /// The write that was cut in the middle.
    torn: bool,
    unsynced: BTreeSet<PathBuf>,
    /// Renames whose folder was not synced since, with what had the name before.
    renamed: Vec<(PathBuf, PathBuf, Option<Vec<u8>>)>,
}

thread_local! {
    static DISK: RefCell<Shared> = RefCell::default();
}

/// A disk that several threads may write to.
#[derive(Clone, Default)]
pub(super) struct Shared(Arc<Mutex<Disk>>);

impl Shared {
    /// Makes it the disk of this thread.
    pub(super) fn take_over(self) {
        DISK.set(self);
    }
}

/// The disk of this thread.
pub(super) fn shared() -> Shared {
    DISK.with_borrow(Shared::clone)
}

fn with_disk<T>(act: impl FnOnce(&mut Disk) -> T) -> T {
    act(&mut shared().0.lock().unwrap())
}

/// From now on steps are counted from 0, and this goes wrong at that one.
pub(super) fn arm(step: usize, fault: Fault) {
    with_disk(|disk| *disk = Disk { fault: Some((step, fault)), ..Disk::default() });
}

/// Nothing goes wrong any more; returns how many steps were taken since [`arm`].
pub(super) fn disarm() -> usize {
    with_disk(|disk| {
        disk.fault = None;
        disk.steps
    })
}

/// Does something without faults and without counting its steps.
pub(super) fn suspended(act: impl FnOnce()) {
    let fault = with_disk(|disk| disk.fault.take());
    act();
    with_disk(|disk| disk.fault = fault);
}

/// Does to the files what a power cut may do.
pub(super) fn pull_the_plug() {
    let disk = with_disk(std::mem::take);
    for (from, to, before) in disk.renamed.into_iter().rev() {
        let _ = fs::rename(&to, from);
        if let Some(bytes) = before {
            fs::write(to, bytes).unwrap();
        }
    }
    for path in disk.unsynced {
        if let Ok(metadata) = fs::metadata(&path) {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_len(metadata.len() / 2).unwrap();
        }
    }
}

pub(super) fn pass(step: Step<'_>) -> io::Result<()> {
    with_disk(|disk| {
        let grows = matches!(step, Step::Create(_));
        if let Some(error) = disk.fails(grows) {
            return Err(error);
        }
        if let Step::Rename(_, to) = step {
            let before = fs::read(to).ok();
            disk.renamed.push((PathBuf::new(), to.into(), before));
        }
        Ok(())
    })
}

/// How many bytes of a write get through: all, or half of them before it fails.
pub(super) fn writable(path: &Path, length: usize) -> io::Result<usize> {
    with_disk(|disk| {
        disk.unsynced.insert(path.into());
        let burnt = disk.fault.is_some_and(|(at, _)| disk.steps == at);
        if burnt && !disk.torn && length > 1 {
            disk.torn = true;
            return Ok(length / 2);
        }
        disk.fails(true).map_or(Ok(length), Err)
    })
}

pub(super) fn done(step: Step<'_>) {
    with_disk(|disk| match step {
        Step::Create(path) => drop(disk.unsynced.insert(path.into())),
        Step::Sync(path) => drop(disk.unsynced.remove(path)),
        Step::Remove(path) => {
            disk.unsynced.remove(path);
            disk.renamed.retain(|(_, to, _)| to != path);
        }
        Step::Rename(from, to) => {
            if let Some(last) = disk.renamed.last_mut() {
                last.0 = from.into();
            }
            if disk.unsynced.remove(from) {
                disk.unsynced.insert(to.into());
            }
        }
        Step::SyncFolder(folder) => disk.renamed.retain(|(_, to, _)| to.parent() != Some(folder)),
    });
}

impl Disk {
    /// Counts a step; the error when it fails.
    fn fails(&mut self, grows: bool) -> Option<io::Error> {
        let (at, fault) = self.fault?;
        let now = self.steps;
        self.steps += 1;
        match fault {
            Fault::Once if now == at => Some(io::Error::other("injected")),
            Fault::DiskFull if now >= at && grows => Some(io::ErrorKind::StorageFull.into()),
            Fault::Kill if now >= at => Some(io::Error::other("killed")),
            _ => None,
        }
    }
}
