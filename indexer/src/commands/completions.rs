//! `earmark completions`: shell completions on standard output.

use std::io::{self, Write};

use clap::CommandFactory;

use crate::Ending;
use crate::cli::{Cli, CompletionsArgs};
use crate::error::Failure;

pub(crate) fn run(args: CompletionsArgs) -> Result<Ending, Failure> {
    // Into memory first: the generator panics on a closed pipe.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "earmark", &mut script);
    io::stdout().lock().write_all(&script)?;
    Ok(Ending::Found)
}
