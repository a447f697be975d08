//! Chores of the project, run as `cargo xtask CHORE`.
//!
//! This program has what concerns the plugin's users, and few dependencies. Chores that want the engine or the trainer
//! are in `models`, a program of its own, which is built when one of them is called.

mod bundle;
mod files;
mod fuzz_smoke;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

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
    /// Make the plugin's CLAP and VST3 bundles
    Bundle(bundle::Arguments),
    /// Make the plugin's bundles and put them where hosts look
    Install(bundle::InstallArguments),
    FuzzSmoke(fuzz_smoke::Arguments),
    /// Write the binary seeds from which fuzzing sets out
    FuzzSeeds(HandedOn),
    /// Import the aiSFX network into a model folder
    ImportAisfx(HandedOn),
    /// Measure a model's mean embedding and write it into its card
    ModelMean(HandedOn),
    /// Embed openly licensed, labelled sounds into the bank that ships with a model
    StarterBank(HandedOn),
    /// Write the engine's UCS list from the official one
    UcsData(HandedOn),
}

/// Arguments of a chore of the other program, which knows what they mean.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
struct HandedOn {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    let done: Result<(), Box<dyn std::error::Error>> = match Cli::parse().chore {
        Chore::Bundle(arguments) => bundle::run(&arguments).map_err(Into::into),
        Chore::Install(arguments) => bundle::install(&arguments).map_err(Into::into),
        Chore::FuzzSmoke(arguments) => fuzz_smoke::run(&arguments).map_err(Into::into),
        Chore::FuzzSeeds(rest) => return hand_on("fuzz-seeds", &rest),
        Chore::ImportAisfx(rest) => return hand_on("import-aisfx", &rest),
        Chore::ModelMean(rest) => return hand_on("model-mean", &rest),
        Chore::StarterBank(rest) => return hand_on("starter-bank", &rest),
        Chore::UcsData(rest) => return hand_on("ucs-data", &rest),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(2)
        }
    }
}

/// Builds the other program and runs it.
fn hand_on(chore: &str, rest: &HandedOn) -> ExitCode {
    let run = ["run", "--package", "xtask", "--bin", "xtask-models", "--", chore];
    match Command::new(cargo()).args(run).args(&rest.arguments).status() {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        // The program itself, or cargo, has said why.
        Ok(_) => ExitCode::from(2),
        Err(error) => {
            eprintln!("xtask: cargo cannot be run: {error}");
            ExitCode::from(2)
        }
    }
}

/// The cargo that runs this program.
fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"))
}
