//! `earmark`: indexes libraries of sound effects by ear and finds similar ones.
//!
//! A thin front: [`cli`] parses the arguments once, each subcommand is one file under [`commands`], and everything
//! that can be explained without a terminal lives in `earmark-engine`.

mod cli;
mod commands;
mod error;
mod findings;
mod interrupt;
mod judging;
mod library;
mod model;
mod output;
mod plans;
mod progress;
mod region;
mod report;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};
use error::Failure;

/// How a command ended, as the shell sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Done, something was found.
    Found,
    /// Done, nothing was found.
    Nothing,
    /// Done as far as possible; some of it went wrong and was reported.
    Partial,
    /// Stopped by Ctrl-C.
    Interrupted,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(match ending {
            Ending::Found => 0,
            Ending::Nothing => 1,
            Ending::Partial => 2,
            Ending::Interrupted => 130,
        })
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    output::start_tracing(cli.global.verbose);
    match run(cli) {
        Ok(ending) => ending.into(),
        // Whoever reads our output has seen enough: `earmark find … | head` is no error.
        Err(Failure::BrokenPipe) => ExitCode::SUCCESS,
        Err(failure) => {
            output::error(&failure.to_string());
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<Ending, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Index(args) => commands::index::run(global, args),
        Command::Find(args) => commands::find::run(global, args),
        Command::Duplicates(args) => commands::duplicates::run(global, args),
        Command::Tag(args) => commands::tag::run(global, args),
        Command::Audit(args) => commands::audit::run(global, args),
        Command::MapTaxonomy(args) => commands::map_taxonomy::run(global, args),
        Command::Embed(args) => commands::embed::run(global, args),
        Command::Info(args) => commands::info::run(global, args),
        Command::Report(args) => commands::report::run(global, args),
        Command::Verify(args) => commands::verify::run(global, args),
        Command::Forget(args) => commands::forget::run(global, args),
        Command::Watch(args) => commands::watch::run(global, args),
        Command::Relocate(args) => commands::relocate::run(global, args),
        Command::Convert(args) => commands::convert::run(global, args),
        Command::Serve(args) => commands::serve::run(global, args),
        Command::Rename(args) => commands::rename::run(global, args),
        Command::Write(args) => commands::write::run(global, args),
        Command::Undo(args) => commands::undo::run(global, args),
        Command::Dataset(args) => commands::dataset::run(global, args),
        Command::Evaluate(args) => commands::evaluate::run(global, args),
        Command::Train(args) => commands::train::run(global, &args),
        Command::Experiment(args) => commands::experiment::run(global, args),
        Command::Demo(args) => commands::demo::run(global, args),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}
