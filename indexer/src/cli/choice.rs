//! What commands that look at all sounds of a library have in common: which sounds, on how many threads, and how the
//! answer is printed.

use std::num::NonZero;
use std::thread;

use clap::Args;
use earmark_engine::search::filter::{Filter, FilterError};

use super::LibraryArgs;

/// Which sounds of which library, and how many at a time.
#[derive(Args, Debug)]
pub(crate) struct ChoiceArgs {
    /// Only sounds that this holds for, as for `earmark find`.
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    pub filter: Option<String>,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Sounds worked on at a time [default: one a processor core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}

impl ChoiceArgs {
    /// The filter; all sounds pass where none was given.
    pub(crate) fn filter(&self) -> Result<Filter, FilterError> {
        Filter::parse(self.filter.as_deref().unwrap_or_default())
    }

    /// How many threads work.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.map_or_else(|| thread::available_parallelism().map_or(1, NonZero::get), usize::from)
    }
}

/// How the answer is printed.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FormatArgs {
    /// Print all of it as JSON.
    #[arg(long)]
    pub json: bool,
    /// Print a table as CSV.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}
