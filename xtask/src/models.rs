//! Chores that want the engine or the trainer; `cargo xtask` calls this program for them.

mod files;
mod fuzz_seeds;
mod import_aisfx;
mod model_mean;
mod starter_bank;
mod ucs_data;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Chores of the project.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    ImportAisfx(import_aisfx::Arguments),
    /// Write the engine's UCS list from the official one
    UcsData(ucs_data::Args),
    ModelMean(model_mean::Arguments),
    StarterBank(starter_bank::Arguments),
    FuzzSeeds(fuzz_seeds::Arguments),
}

fn main() -> ExitCode {
    let done: Result<(), Box<dyn std::error::Error>> = match Cli::parse().chore {
        Chore::ImportAisfx(arguments) => import_aisfx::run(&arguments).map_err(Into::into),
        Chore::UcsData(args) => ucs_data::run(&args).map_err(Into::into),
        Chore::ModelMean(arguments) => model_mean::run(&arguments).map_err(Into::into),
        Chore::StarterBank(arguments) => starter_bank::run(&arguments).map_err(Into::into),
        Chore::FuzzSeeds(arguments) => fuzz_seeds::run(&arguments).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}
