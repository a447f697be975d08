//! `earmark watch`: keeps a library current while it runs.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use earmark_engine::index::{IndexError, Snapshot};
use earmark_engine::indexing::{self, News, WatchRequest, absolute};
use earmark_engine::ucs::LabelTable;
use serde::Serialize;

use crate::Ending;
use crate::cli::{Global, WatchArgs};
use crate::commands::index::{JsonSummary, problem_line, tally};
use crate::error::Failure;
use crate::interrupt;
use crate::library::report_damage;
use crate::model;
use crate::output::{self, JsonPath};

/// Longest time that is waited for anything, seconds.
const LONGEST_S: f64 = 1e6;

pub(crate) fn run(global: &Global, args: WatchArgs) -> Result<Ending, Failure> {
    // Before anything starts a thread, which would keep its priority.
    indexing::step_back();
    let library = args.library.dir()?;
    let existing = match Snapshot::open(&library) {
        Ok(snapshot) => {
            report_damage(&snapshot);
            Some(snapshot.manifest().model.clone())
        }
        Err(IndexError::NoLibrary { .. }) if !args.folders.is_empty() => None,
        Err(error) => return Err(error.into()),
    };
    let folders = args.folders.iter().map(|folder| {
        let found = absolute(folder).map_err(Failure::file(folder, "watch the folder"))?;
        if found.is_dir() {
            Ok(found)
        } else {
            Err(Failure::Usage(format!("{}: not a folder", folder.display())))
        }
    });
    let folders = folders.collect::<Result<Vec<_>, _>>()?;
    let labels = args.labels.as_deref().map(LabelTable::read_csv).transpose()?;
    for error in labels.iter().flat_map(LabelTable::errors) {
        output::warn(&error.to_string());
    }
    let model = model::load(args.model.as_deref(), existing.as_ref())?;
    let request = WatchRequest {
        library: &library,
        folders: &folders,
        network: &model.network,
        labels: labels.as_ref(),
        jobs: usize::from(args.jobs),
        settle: Duration::from_secs_f64(args.settle.min(LONGEST_S)),
        poll: Duration::from_secs_f64(args.poll.clamp(1.0, LONGEST_S)),
        poll_all: args.poll_all,
        cancel: interrupt::flag(),
    };
    let mut tell = |news: News| {
        let told = if args.json { tell_json(&library, &news) } else { tell_words(global, &news) };
        // The work goes on, whether anybody reads of it or not.
        if let Err(error) = told {
            tracing::debug!("news not told: {error}");
        }
    };
    indexing::watch(&request, &mut tell)?;
    Ok(Ending::Interrupted)
}

fn tell_words(global: &Global, news: &News) -> Result<(), Failure> {
    if let News::Trouble(trouble) = news {
        output::warn(trouble);
        return Ok(());
    }
    if let News::Updated(summary) = news {
        for problem in &summary.problems {
            output::warn(&problem_line(problem));
        }
    }
    if global.quiet {
        return Ok(());
    }
    let mut out = anstream::stdout().lock();
    let line = |text: String| output::one_line(&text);
    match news {
        News::Watching { folder, polled: false } => {
            writeln!(out, "{}", line(format!("watching {}", folder.display())))
        }
        News::Watching { folder, polled: true } => {
            writeln!(out, "{}", line(format!("looking now and then at {}", folder.display())))
        }
        News::Offline(folder) => {
            writeln!(out, "{}", line(format!("{} is offline, its sounds are kept", folder.display())))
        }
        News::Online(folder) => writeln!(out, "{}", line(format!("{} is back", folder.display()))),
        News::Updated(summary) => writeln!(out, "{}", tally(summary)),
        News::Paused => writeln!(out, "paused: another process asked for it"),
        News::Resumed => writeln!(out, "going on"),
        News::Trouble(_) => Ok(()),
    }?;
    Ok(out.flush()?)
}

#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum JsonNews<'a> {
    Watching {
        #[serde(flatten)]
        folder: JsonPath,
        polled: bool,
    },
    Offline {
        #[serde(flatten)]
        folder: JsonPath,
    },
    Online {
        #[serde(flatten)]
        folder: JsonPath,
    },
    Updated {
        #[serde(flatten)]
        summary: Box<JsonSummary<'a>>,
    },
    Paused,
    Resumed,
    Trouble {
        message: &'a str,
    },
}

fn tell_json(library: &Path, news: &News) -> Result<(), Failure> {
    let json = match news {
        News::Watching { folder, polled } => {
            JsonNews::Watching { folder: folder.as_path().into(), polled: *polled }
        }
        News::Offline(folder) => JsonNews::Offline { folder: folder.as_path().into() },
        News::Online(folder) => JsonNews::Online { folder: folder.as_path().into() },
        News::Updated(summary) => JsonNews::Updated { summary: Box::new(JsonSummary::new(library, summary)) },
        News::Paused => JsonNews::Paused,
        News::Resumed => JsonNews::Resumed,
        News::Trouble(message) => JsonNews::Trouble { message },
    };
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, &json)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
