//! Arguments of the commands about labelled data sets and the quality of models.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};

/// Look at labelled data sets, as they are trained on and judged by.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark dataset info ~/sets/esc10               statistics and warnings
  earmark dataset info ~/Sounds --layout ucs --json

A data set is a folder with a labels.csv (columns file and label; wanted split_group, optional cat_id and split), a folder \
with a folder a class, or a library of sounds that bear CatIDs in their names or metadata.")]
pub(crate) struct DatasetArgs {
    #[command(subcommand)]
    pub command: DatasetCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    Info(DatasetInfoArgs),
}

/// Print clips, frames, hours, classes and imbalance of data sets, and what about them will hurt.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark dataset info ~/sets/*                   several at once, with the files that they share
  earmark dataset info ~/Foley --layout folders --group-by file")]
pub(crate) struct DatasetInfoArgs {
    /// Data sets: folders, or tables of labels.
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub sets: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Model whose frames are counted: a name or a folder with a card.toml.
    #[arg(short, long, value_name = "NAME", default_value = crate::model::DEFAULT)]
    pub model: PathBuf,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How data sets are read.
#[derive(Args, Debug)]
pub(crate) struct ReadingArgs {
    /// Where the labels are [default: a labels.csv, else CatIDs if half of the names have one, else folders].
    #[arg(long, value_enum, value_name = "WHERE")]
    pub layout: Option<LayoutArg>,
    /// What is one recording where no table says it: names that differ in a number at the end, or each file.
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = GroupBy::Take)]
    pub group_by: GroupBy,
    /// Folder that keeps spectrograms and embeddings [default: the platform's folder for caches].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cache: Option<PathBuf>,
    /// Threads to work on [default: one a processor core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}

/// Where labels are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LayoutArg {
    /// In a labels.csv.
    Table,
    /// In the names of folders.
    Folders,
    /// In CatIDs of file names and metadata.
    Ucs,
}

/// What is one recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GroupBy {
    /// Files whose names differ in a number at the end alone.
    Take,
    /// Each file.
    File,
}

/// Judge models by labelled data sets: nearest neighbours, separation of classes, retrieval, with intervals.
///
/// Each frame is labelled by its nearest neighbours among other recordings (leave-group-out), each sound by its frames.
/// Macro F1 of both, Davies-Bouldin index, mean average precision of the first ten of each sound's list, per-class
/// figures and confusions; 95 % intervals by the bootstrap over groups; every model is compared with the first one, paired.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark evaluate aisfx mfcc --data ~/sets/esc10
                                                  a network beside what can be had without one
  earmark evaluate aisfx models/mine --data ~/sets/a --data ~/sets/b -o results
                                                  tables, JSON and pictures in the folder results
  earmark evaluate aisfx --data ~/Sounds --layout ucs --k 5 --json")]
pub(crate) struct EvaluateArgs {
    /// Models: names, folders with a card.toml, or `mfcc` (mean and deviation of MFCCs).
    #[arg(value_name = "MODEL", required = true)]
    pub models: Vec<PathBuf>,
    /// A data set: a folder, or a table of labels; may be given several times.
    #[arg(long, value_name = "SET", required = true, num_args = 1.., value_hint = ValueHint::AnyPath)]
    pub data: Vec<PathBuf>,
    /// Neighbours that vote: numbers, and `auto` to choose on the rest of the set.
    #[arg(long, value_name = "K", value_delimiter = ',', default_value = "1,5,auto", value_parser = k_choice)]
    pub k: Vec<K>,
    /// How far frames are apart.
    #[arg(long, value_enum, default_value_t = MetricArg::Euclidean)]
    pub metric: MetricArg,
    /// Which label a sound gets where several have most of its frames.
    #[arg(long, value_enum, default_value_t = TiesArg::Nearest)]
    pub ties: TiesArg,
    /// Samples of the bootstrap; 0 for no intervals.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub bootstrap: u32,
    /// The same seed gives the same intervals.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for results.json, tables (CSV) and pictures (SVG).
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// Print all of it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How many neighbours vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum K {
    Fixed(usize),
    Auto,
}

/// How far frames are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricArg {
    Euclidean,
    Cosine,
}

/// Which of several labels a sound gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TiesArg {
    /// That of the frame with the nearest neighbour.
    Nearest,
    /// The first by name, as in the published figures of aiSFX.
    ClassOrder,
}

fn k_choice(text: &str) -> Result<K, String> {
    match text.trim() {
        "auto" => Ok(K::Auto),
        number => match number.parse::<usize>() {
            Ok(k @ 1..=1000) => Ok(K::Fixed(k)),
            _ => Err(format!("\"{text}\" is no number of neighbours; 1 to 1000 or auto are")),
        },
    }
}
