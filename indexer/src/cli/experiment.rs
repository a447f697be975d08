//! Arguments of `earmark experiment`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use earmark_trainer::training::DeviceChoice;

use super::training::parse_device;

/// Train and judge a whole grid of choices: losses, scenarios, mixing, regularisation, normalisation, data sets, seeds.
///
/// Every cell of the grid is computed once: stop it at any time, the same command goes on where it was. Several processes
/// may work on one folder of results. A cell that fails is recorded with its error, the others go on.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  earmark experiment grid.toml --dry-run          which cells there are, and which are done
  earmark experiment grid.toml                    compute them, into the folder grid
  earmark experiment report grid                  what came out, as a page: grid/report.html

A plan in TOML:
  data = [\"../sets/a\", \"../sets/b\"]               # relative to the plan
  references = [\"aisfx\", \"mfcc\"]                  # models to compare with
  [[grid]]                                        # all combinations; several parts may stand below each other
  losses = [\"cross-entropy\", \"contrastive\"]
  scenarios = [\"within\", \"ucs-transfer\", \"cross\"]
  mixings = [\"sequential\", \"joint\"]
  focal_gammas = [0, 1]
  normalisations = [\"shared\", \"per-data-set\"]
  seeds = [1, 2, 3]
  [training.model]                                # all else as in a plan of `earmark train`
  network = \"compact\"")]
pub(crate) struct ExperimentArgs {
    #[command(subcommand)]
    pub command: Option<ExperimentCommand>,
    #[command(flatten)]
    pub run: ExperimentRunArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ExperimentCommand {
    Report(ExperimentReportArgs),
}

/// What to compute.
#[derive(Args, Debug)]
pub(crate) struct ExperimentRunArgs {
    /// Plan of the experiment.
    #[arg(value_name = "PLAN", required = true, value_hint = ValueHint::FilePath)]
    pub plan: Option<PathBuf>,
    /// Folder of the results [default: that of the plan's name, beside it].
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    /// List the cells, and compute nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Compute cells that failed once more.
    #[arg(long)]
    pub retry_failed: bool,
    /// Where to compute: auto, cpu, gpu or gpu:N.
    #[arg(long, value_name = "DEVICE", default_value = "auto", value_parser = parse_device)]
    pub device: DeviceChoice,
    /// Folder that keeps spectrograms and embeddings [default: the platform's folder for caches].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cache: Option<PathBuf>,
}

/// Write what came out as a page that can be kept, sent and printed: answers in words, pictures, maps, tables.
///
/// It may be made while the experiment is going on, of what is done.
#[derive(Args, Debug)]
pub(crate) struct ExperimentReportArgs {
    /// Folder of the results.
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub results: PathBuf,
    /// File to write; an older report is replaced, nothing else is [default: report.html in the folder].
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Put the first second of each sound on the maps into the page, about 45 kB each; without it they are played from
    /// where they lie.
    #[arg(long)]
    pub embed_sounds: bool,
    /// Write the pictures into this folder, too.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub plots: Option<PathBuf>,
    /// Print the answers and the means of all models as JSON, too.
    #[arg(long)]
    pub json: bool,
}
