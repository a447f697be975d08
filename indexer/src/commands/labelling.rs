//! What the commands about labels share: the library with its bank, progress, threads.

use std::io::{self, IsTerminal};
use std::sync::atomic::Ordering;

use earmark_engine::index::{Segment, Snapshot};
use earmark_engine::indexing::model_id;
use earmark_labelling::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::Ending;
use crate::cli::LibraryArgs;
use crate::error::Failure;
use crate::{interrupt, model, output};

/// A library that is read, with the starter bank of its model.
pub(crate) struct Reading {
    pub snapshot: Snapshot,
    pub bank: Option<Segment>,
}

impl Reading {
    /// Opens the library; a model that is not at hand costs the bank alone, since no sound is embedded.
    pub(crate) fn open(library: &LibraryArgs, no_bank: bool) -> Result<Self, Failure> {
        let snapshot = library.open()?;
        let wanted = &snapshot.manifest().model;
        let bank = match no_bank {
            true => None,
            false => match model::load(None, Some(wanted)) {
                Ok(model) if model_id(&model.network) == *wanted => model.bank,
                Ok(_) => {
                    output::warn(&format!("there is no starter bank for the library's model, {wanted}"));
                    None
                }
                Err(failure) => {
                    output::warn(&format!("without a starter bank: {failure}"));
                    None
                }
            },
        };
        Ok(Self { snapshot, bank })
    }

    /// How a command that found something, or nothing, ends; fails when the library went away meanwhile.
    pub(crate) fn ending(&self, found: bool) -> Result<Ending, Failure> {
        self.snapshot.still_there()?;
        Ok(match () {
            () if !self.snapshot.damage().is_empty() => Ending::Partial,
            () if found => Ending::Found,
            () => Ending::Nothing,
        })
    }
}

/// Whether Ctrl-C was pressed.
pub(crate) fn stop() -> impl Fn() -> bool + Sync {
    let flag = interrupt::flag();
    move || flag.load(Ordering::Relaxed)
}

/// A failure to write CSV.
pub(crate) fn csv_failure(error: csv::Error) -> Failure {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => Failure::from(error),
        kind => Failure::Output(io::Error::other(format!("{kind:?}"))),
    }
}

/// Shows on a terminal how many sounds were looked at.
pub(crate) struct SoundsDone(Option<ProgressBar>);

impl SoundsDone {
    pub(crate) fn new(quiet: bool) -> Self {
        let shown = !quiet && io::stderr().is_terminal();
        Self(shown.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let template = "{bar:30} {percent:>3} %  {human_pos} of {human_len} sounds, {eta} left";
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            bar
        }))
    }

    /// Clears the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Observer for SoundsDone {
    fn planned(&mut self, sounds: usize) {
        if let Some(bar) = &self.0 {
            bar.set_length(sounds as u64);
        }
    }

    fn done(&mut self, sounds: usize) {
        if let Some(bar) = &self.0 {
            bar.set_position(sounds as u64);
        }
    }
}
