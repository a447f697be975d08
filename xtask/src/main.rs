//! Chores of the project, run as `cargo xtask …`.

mod files;
mod import_aisfx;
mod model_mean;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the project", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    ImportAisfx(import_aisfx::Arguments),
    ModelMean(model_mean::Arguments),
}

fn main() -> ExitCode {
    let done: Result<(), Box<dyn std::error::Error>> = match Arguments::parse().chore {
        Chore::ImportAisfx(arguments) => import_aisfx::run(&arguments).map_err(Into::into),
        Chore::ModelMean(arguments) => model_mean::run(&arguments).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
