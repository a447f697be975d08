//! `earmark man`: manual pages.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::Ending;
use crate::cli::{Cli, ManArgs};
use crate::error::Failure;

pub(crate) fn run(args: ManArgs) -> Result<Ending, Failure> {
    let mut command = Cli::command();
    command.build();
    if args.dir == Path::new("-") {
        io::stdout().lock().write_all(&page(command)?)?;
        return Ok(Ending::Found);
    }
    fs::create_dir_all(&args.dir).map_err(Failure::file(&args.dir, "create the folder"))?;
    let write = |name: String, page: Vec<u8>| {
        let path = args.dir.join(name);
        fs::write(&path, page).map_err(Failure::file(&path, "write"))
    };
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        write(format!("earmark-{}.1", subcommand.get_name()), page(subcommand.clone())?)?;
    }
    write("earmark.1".to_owned(), page(command)?)?;
    Ok(Ending::Found)
}

fn page(command: clap::Command) -> Result<Vec<u8>, Failure> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}
