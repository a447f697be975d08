//! What the commands about data sets share: opening them with their spectrograms, progress, the cache's folder.

use std::io::{self, IsTerminal};
use std::num::NonZero;
use std::path::{Path, PathBuf};

use earmark_engine::network::Card;
use earmark_trainer::dataset::{
    CacheError, DataSet, Grouping, Layout, OpenOptions, Problem, Progress, Spectrograms, Work,
};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{GroupBy, LayoutArg, ReadingArgs};
use crate::error::Failure;
use crate::{interrupt, output};

/// Problems that are told of one set; the rest is counted.
const TOLD: usize = 20;

/// How data sets are read and worked on.
pub(crate) struct Reading {
    options: OpenOptions,
    pub cache: PathBuf,
    jobs: NonZero<usize>,
    bar: Option<ProgressBar>,
}

impl Reading {
    pub(crate) fn new(args: &ReadingArgs, quiet: bool, allow_one_class: bool) -> Result<Self, Failure> {
        let layout = args.layout.map(|layout| match layout {
            LayoutArg::Table => Layout::Table,
            LayoutArg::Folders => Layout::Folders,
            LayoutArg::Ucs => Layout::Ucs,
        });
        let grouping = match args.group_by {
            GroupBy::Take => Grouping::Takes,
            GroupBy::File => Grouping::Files,
        };
        let cache = args.cache.clone().map_or_else(default_cache, Ok)?;
        let jobs = args.jobs.and_then(|jobs| NonZero::new(usize::from(jobs)));
        let jobs =
            jobs.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
        let options = OpenOptions { layout, grouping, allow_one_class };
        Ok(Self { options, cache, jobs, bar: (!quiet && io::stderr().is_terminal()).then(bar) })
    }

    /// Does something with the threads, the bar and Ctrl-C.
    pub(crate) fn work<T>(
        &self,
        set: &str,
        does: impl FnOnce(&Work<'_>) -> Result<T, CacheError>,
    ) -> Result<T, CacheError> {
        let progress = |progress: Progress| {
            if let Some(bar) = &self.bar {
                bar.set_length(progress.total as u64);
                bar.set_position(progress.done as u64);
                bar.set_message(format!("{set}: {}", progress.what));
            }
        };
        let done = does(&Work { jobs: self.jobs, stop: interrupt::flag(), progress: &progress });
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        done
    }

    /// Opens a set; what is wrong with parts of it is told once it is closed with [`tell_problems`].
    pub(crate) fn open(&self, path: &Path) -> Result<DataSet, Failure> {
        Ok(DataSet::open_with(path, &self.options)?)
    }

    /// The columns of a set as a card makes them.
    pub(crate) fn spectrograms(&self, set: &mut DataSet, card: &Card) -> Result<Spectrograms, Failure> {
        let name = set.name.clone();
        Ok(self.work(&name, |work| Spectrograms::open(set, card, &self.cache, work))?)
    }
}

/// The platform's folder for spectrograms and embeddings.
pub(crate) fn default_cache() -> Result<PathBuf, Failure> {
    let platform = directories::ProjectDirs::from("", "", "Earmark");
    platform.map(|dirs| dirs.cache_dir().join("sets")).ok_or_else(|| {
        Failure::Usage("there is no home folder for the cache; say where with --cache DIR".into())
    })
}

/// Tells what was left out, each file in a line; returns whether there was anything.
pub(crate) fn tell_problems(problems: &[Problem]) -> bool {
    problems.iter().take(TOLD).for_each(|problem| output::warn(&problem.reason));
    if problems.len() > TOLD {
        output::warn(&format!("… and {} more", problems.len() - TOLD));
    }
    !problems.is_empty()
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {msg}, {eta} left");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}
