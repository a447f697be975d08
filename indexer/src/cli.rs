//! The arguments, as they are typed.

mod choice;
mod experiment;
mod judging;
mod labelling;
mod plans;
mod training;
mod upkeep;

use std::path::PathBuf;

pub(crate) use choice::{ChoiceArgs, FormatArgs};
pub(crate) use experiment::{ExperimentArgs, ExperimentCommand, ExperimentReportArgs, ExperimentRunArgs};
pub(crate) use plans::{Block, JournalsArgs, PlanArgs, ProposalArgs, RenameArgs, UndoArgs, WriteArgs};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};

pub(crate) use upkeep::{ConvertArgs, ForgetArgs, InfoArgs, RelocateArgs, ReportArgs, VerifyArgs, WatchArgs};

pub(crate) use judging::{
    DatasetArgs, DatasetCommand, DatasetInfoArgs, EvaluateArgs, GroupBy, K, LayoutArg, MetricArg,
    ReadingArgs, TiesArg,
};
pub(crate) use training::TrainArgs;

pub(crate) use labelling::{AuditArgs, By, Kind as AuditKind, MapTaxonomyArgs, Separator, TagArgs};

/// Indexes libraries of sound effects by ear: finds the closest sounds, with times, and names their UCS categories.
///
/// Everything runs on this computer; no audio leaves it.
#[derive(Debug, Parser)]
#[command(name = "earmark", version, max_term_width = 100)]
#[command(after_help = "\
Examples:
  earmark find creak.wav --in ~/Sounds        index a folder and find what is like creak.wav
  earmark index ~/Sounds /Volumes/Foley       index two folders into the default library
  earmark find scene.wav --from 12 --to 14.5  search with a region of a file
  earmark demo ~/earmark-demo                 no sounds yet? Synthesise a small library

Exit status: 0 something was found or done, 1 nothing was found, 2 an error (also when only part of the work \
failed), 130 interrupted.")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every subcommand takes.
#[derive(Args, Debug)]
pub(crate) struct Global {
    /// Say nothing but results and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; -vv even more. EARMARK_LOG takes filters such as `earmark_engine=debug`.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Index(IndexArgs),
    Find(FindArgs),
    Duplicates(DuplicatesArgs),
    Tag(TagArgs),
    Audit(AuditArgs),
    MapTaxonomy(MapTaxonomyArgs),
    Embed(EmbedArgs),
    Info(InfoArgs),
    Report(ReportArgs),
    Verify(VerifyArgs),
    Forget(ForgetArgs),
    Watch(WatchArgs),
    Relocate(RelocateArgs),
    Convert(ConvertArgs),
    Serve(ServeArgs),
    Rename(RenameArgs),
    Write(WriteArgs),
    Undo(UndoArgs),
    Dataset(DatasetArgs),
    Evaluate(EvaluateArgs),
    Train(Box<TrainArgs>),
    Experiment(ExperimentArgs),
    Demo(DemoArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Which library.
#[derive(Args, Debug)]
pub(crate) struct LibraryArgs {
    /// Folder that holds the index [default: $EARMARK_LIBRARY, else the platform's folder for local data].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub library: Option<PathBuf>,
}

/// Index folders of sounds, or bring the index up to date.
///
/// Unchanged files are not read again, moved and renamed ones are recognised, deleted ones disappear. Stop it at any
/// time: the next run goes on.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark index ~/Sounds                          into the default library
  earmark index                                   look again at all folders of the library
  earmark index ~/Sounds --labels ucs.csv         with labels from a table (Filename, CatID)
  find /mnt/sfx -name '*.wav' | earmark index --files-from -")]
pub(crate) struct IndexArgs {
    /// Folders (or single files); none: all folders that the library knows.
    #[arg(value_name = "FOLDER", value_hint = ValueHint::AnyPath)]
    pub folders: Vec<PathBuf>,
    /// Read paths to index from a file, one a line; `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files_from: Option<PathBuf>,
    #[command(flatten)]
    pub library: LibraryArgs,
    #[command(flatten)]
    pub work: WorkArgs,
    /// Print the summary as JSON.
    #[arg(long)]
    pub json: bool,
}

/// How to index.
#[derive(Args, Debug)]
pub(crate) struct WorkArgs {
    /// Files worked on at a time [default: one a processor core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Model: a name or a folder with a card.toml [default: the library's own, else aisfx].
    #[arg(short, long, value_name = "NAME")]
    pub model: Option<PathBuf>,
    /// CSV table of labels: a column Filename or FilePath, and CatID or Category and SubCategory.
    #[arg(long, value_name = "CSV", value_hint = ValueHint::FilePath)]
    pub labels: Option<PathBuf>,
}

/// Find the sounds closest to a sound or a region of it, and name its UCS categories.
///
/// Regions longer than about 40 seconds are compared by 32 frames spread evenly over them.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark find knock.wav                          in the default library
  earmark find knock.wav --in ~/Sounds            index ~/Sounds on the way and search only there
  earmark find take.wav --from 3.2 --to 5 -k 5    a region, five answers
  earmark find knock.wav --filter 'DOOR* -creak dur<5 ch=2'

Filters: words and \"phrases\" (name, description, category), CatIDs with * and ?, a|b for either, -x to exclude, \
dur, ch and rate with < <= = >= > and ranges (dur=1..3).")]
pub(crate) struct FindArgs {
    /// The sound asked about.
    #[arg(value_hint = ValueHint::FilePath)]
    pub audio: PathBuf,
    #[command(flatten)]
    pub region: RegionArgs,
    /// How many sounds to show.
    #[arg(short, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub k: u32,
    /// Index this folder first, and search only there.
    #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub within: Option<PathBuf>,
    /// Which sounds may be found.
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true)]
    pub filter: Option<String>,
    /// Let the sound asked about be an answer too.
    #[arg(long)]
    pub include_self: bool,
    /// Name categories from the library's own labels only, without the starter bank.
    #[arg(long)]
    pub no_bank: bool,
    /// The official UCS list (CSV), to show its explanations of the categories.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ucs: Option<PathBuf>,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Model: a name or a folder with a card.toml [default: the library's own, else aisfx].
    #[arg(short, long, value_name = "NAME")]
    pub model: Option<PathBuf>,
    /// With --in: files worked on at a time [default: one a processor core].
    #[arg(short, long, value_name = "N", requires = "within", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// With --in: CSV table of labels, as for `earmark index`.
    #[arg(long, value_name = "CSV", requires = "within", value_hint = ValueHint::FilePath)]
    pub labels: Option<PathBuf>,
    /// Print the answer as JSON.
    #[arg(long)]
    pub json: bool,
}

impl FindArgs {
    /// How to index on the way.
    pub(crate) fn work(&self) -> WorkArgs {
        WorkArgs { jobs: self.jobs, model: self.model.clone(), labels: self.labels.clone() }
    }
}

/// Find the sounds that a library holds more than once: identical files, the same audio, excerpts of longer takes.
///
/// A report: nothing is deleted or changed. Files of equal bytes are known from the index. For the rest every file is
/// read once: the same audio is found in other formats and at other rates, levels and offsets, with silence before it,
/// turned upside down, and as an excerpt of a longer take. Files that cannot be read are reported with what the index
/// alone tells.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark duplicates                              in the default library
  earmark duplicates --identical-only             by the index alone, reading no sound
  earmark duplicates --in ~/Sounds --filter 'DOOR*'
  earmark duplicates --csv > duplicates.csv       for a spreadsheet

The first sound of a group is its reference: the longest take, or of several the one of best quality. For each other: \
where it begins in the reference, its gain, what is left (dB) when the one is taken from the other, and how alike they \
are.")]
pub(crate) struct DuplicatesArgs {
    /// Compare only which files have the same bytes; no sound is read.
    #[arg(long)]
    pub identical_only: bool,
    /// Index this folder first, and look only there.
    #[arg(long = "in", value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub within: Option<PathBuf>,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

impl DuplicatesArgs {
    /// How to index on the way.
    pub(crate) fn work(&self) -> WorkArgs {
        WorkArgs { jobs: self.choice.jobs, model: None, labels: None }
    }
}

/// A part of a sound.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct RegionArgs {
    /// Where the region begins, seconds (or 1:02.5).
    #[arg(long, value_name = "S", value_parser = crate::region::parse_time_s)]
    pub from: Option<f64>,
    /// Where the region ends, seconds (or 1:02.5).
    #[arg(long, value_name = "S", value_parser = crate::region::parse_time_s)]
    pub to: Option<f64>,
}

/// Write the embeddings of sounds, for people who bring their own tools.
///
/// One file a sound, of the same base name: `.npy` is a float32 array [frames, embedding size] beside a `.times.csv`,
/// CSV and JSON hold times and components.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark embed *.wav -o embeddings               NumPy arrays, numpy.load reads them
  earmark embed take.wav --format json -o -       to standard output
  earmark embed take.wav --mel -o out             the mel spectrogram, too

The mel spectrogram is a float32 array [columns, bands]: take.mel.npy. Files that were not written by this command are \
not overwritten.")]
pub(crate) struct EmbedArgs {
    /// Sounds.
    #[arg(value_hint = ValueHint::FilePath)]
    pub audio: Vec<PathBuf>,
    /// Read paths from a file, one a line; `-` is standard input.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files_from: Option<PathBuf>,
    /// Folder to write to; `-` is standard output for a single sound as CSV or JSON.
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    pub output: PathBuf,
    /// How to write.
    #[arg(long, value_enum, default_value_t = EmbedFormat::Npy)]
    pub format: EmbedFormat,
    /// Write the mel spectrogram too, as the network sees it.
    #[arg(long)]
    pub mel: bool,
    #[command(flatten)]
    pub region: RegionArgs,
    /// Model: a name or a folder with a card.toml.
    #[arg(short, long, value_name = "NAME", default_value = crate::model::DEFAULT)]
    pub model: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum EmbedFormat {
    /// NumPy array.
    Npy,
    /// A row a frame: start_s, then the components.
    Csv,
    /// One object with the frames.
    Json,
}

/// Look at a library in the browser: search, listen, review labels, see the map.
///
/// Prints the address of a page that only this computer can open, and serves it until Ctrl-C. Nothing is sent anywhere
/// else, and nothing is fetched: the page works without a network.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark serve                                   open the printed address in a browser
  earmark serve --port 8765 --library /Volumes/Foley/earmark")]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Port of 127.0.0.1 to listen on; 0 takes any that is free.
    #[arg(short, long, value_name = "N", default_value_t = 0)]
    pub port: u16,
    /// Files dropped on the page may be so large, megabytes.
    #[arg(long, value_name = "MB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65536))]
    pub max_upload_mb: u32,
    /// Model: a name or a folder with a card.toml [default: the library's own, else aisfx].
    #[arg(short, long, value_name = "NAME")]
    pub model: Option<PathBuf>,
}

/// Synthesise a small library of UCS-named sounds to try things with.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark demo ~/earmark-demo
  earmark find ~/earmark-demo/*/DOOR*01*.wav --in ~/earmark-demo")]
pub(crate) struct DemoArgs {
    /// Folder to make; files that are there already must be the same.
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
    /// The same seed gives the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Print shell completions.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark completions bash > ~/.local/share/bash-completion/completions/earmark
  earmark completions zsh > ~/.zfunc/_earmark")]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Write the manual pages.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark man ~/.local/share/man/man1
  earmark man - | man -l -")]
pub(crate) struct ManArgs {
    /// Folder for earmark.1 and a page for each subcommand; `-` prints the main page.
    #[arg(value_hint = ValueHint::DirPath)]
    pub dir: PathBuf,
}
