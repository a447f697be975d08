//! Failing disks and killed processes, for this crate's own tests.
//!
//! Each thread has a disk of its own here; [`arm`] sets the step that goes wrong and how.

use std::cell::Cell;
use std::io;

/// What goes wrong at the step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// This step fails, later ones do not.
    Once,
    /// From here on nothing can be created or written, the rest works.
    DiskFull,
    /// Nothing happens any more: the process was killed. What was done so far stays.
    Kill,
}

/// A test need not wait for disks.
pub(super) const LASTING: bool = false;

thread_local! {
    static FAULT: Cell<Option<(usize, Fault)>> = const { Cell::new(None) };
    static STEPS: Cell<usize> = const { Cell::new(0) };
    /// The write that was cut in the middle.
    static TORN: Cell<bool> = const { Cell::new(false) };
}

/// From now on steps are counted from 0, and this goes wrong at that one.
pub(crate) fn arm(step: usize, fault: Fault) {
    FAULT.set(Some((step, fault)));
    STEPS.set(0);
    TORN.set(false);
}

/// Nothing goes wrong any more; returns how many steps were taken since [`arm`].
pub(crate) fn disarm() -> usize {
    FAULT.set(None);
    STEPS.get()
}

pub(super) fn pass(grows: bool) -> io::Result<()> {
    let Some((at, fault)) = FAULT.get() else { return Ok(()) };
    let now = STEPS.replace(STEPS.get() + 1);
    match fault {
        Fault::Once if now == at => Err(io::Error::other("injected")),
        Fault::DiskFull if now >= at && grows => Err(io::ErrorKind::StorageFull.into()),
        Fault::Kill if now >= at => Err(io::Error::other("killed")),
        _ => Ok(()),
    }
}

/// How many bytes of a write get through: all, or half of them before it fails.
pub(super) fn writable(length: usize) -> io::Result<usize> {
    let burnt = FAULT.get().is_some_and(|(at, _)| STEPS.get() == at);
    if burnt && length > 1 && !TORN.replace(true) {
        return Ok(length / 2);
    }
    pass(true).map(|()| length)
}
