//! The arguments of `rename`, `write` and `undo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::LibraryArgs;

/// Propose UCS file names, and give them once the plan is right.
///
/// Without --apply nothing is changed: the plan is shown, and written to a file with --output, where names can be
/// changed and sounds deleted. With --apply the plan is carried out a file at a time; no file is ever overwritten, and
/// `earmark undo` gives the old names back. The library learns of it at once: nothing is decoded again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark rename --creator JOE --source SHOW             from the labels of the library; only shown
  earmark rename --from tags.csv --at-least 80 -o plan.toml
  earmark rename --apply plan.toml                       carry it out
  earmark undo                                           take it back

Names are CatID_FXName_CreatorID_SourceID[_UserData]. What a UCS name says already is kept but for the CatID; of other \
names the whole becomes the FXName.")]
pub(crate) struct RenameArgs {
    #[command(flatten)]
    pub sounds: ProposalArgs,
    /// UserData of names that have none.
    #[arg(long, value_name = "TEXT")]
    pub user_data: Option<String>,
    #[command(flatten)]
    pub plan: PlanArgs,
}

/// Propose UCS fields to write into sounds, and write them once the plan is right.
///
/// Without --apply nothing is changed: the plan is shown, and written to a file with --output, where fields can be
/// changed and sounds deleted. With --apply each file is made anew beside the old one, its audio and every other part of
/// it proved the same, and put in its place in one step. `earmark undo` restores the old bytes. The library learns of it
/// at once: nothing is decoded again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark write --filter 'DOOR*' -o plan.toml            from the labels of the library
  earmark write --from tags.json --at-least 80 -o plan.toml
  earmark write --apply plan.toml --keep-times           carry it out
  earmark undo                                           take it back

WAV, RF64, BW64: iXML (USER and ASWG), bext (description kept, history appended), RIFF INFO, and ID3 where there is one. \
AIFF: ID3, and iXML where there is one. FLAC, Ogg Vorbis, Opus: Vorbis comments. MP3: ID3. MP4: iTunes tags.")]
pub(crate) struct WriteArgs {
    #[command(flatten)]
    pub sounds: ProposalArgs,
    /// Propose UCS names in the same plan; UserData of names that have none is left out.
    #[arg(long, conflicts_with = "apply")]
    pub rename: bool,
    #[command(flatten)]
    pub plan: PlanArgs,
    /// With --apply: files keep their modification times.
    #[arg(long, requires = "apply")]
    pub keep_times: bool,
    /// Blocks of WAV and AIFF files to write, made where there are none; the others are left as they are. Give it with
    /// --apply; without, sounds of which these blocks say everything are left out of the plan.
    #[arg(long, value_name = "BLOCKS", value_enum, value_delimiter = ',')]
    pub into: Vec<Block>,
}

/// Blocks of metadata in WAV and AIFF files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Block {
    /// iXML, with the blocks USER and ASWG.
    Ixml,
    /// Broadcast Wave extension.
    Bext,
    /// RIFF INFO.
    Info,
    /// ID3 in a chunk.
    Id3,
}

/// Which sounds, and what is proposed for them.
#[derive(Args, Debug)]
pub(crate) struct ProposalArgs {
    /// Only sounds in these folders (or these files).
    #[arg(value_name = "FOLDER", value_hint = ValueHint::AnyPath, conflicts_with = "apply")]
    pub folders: Vec<PathBuf>,
    /// Suggestions from a file, as `earmark tag` writes them (CSV or JSON) [default: the labels of the library].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "apply")]
    pub from: Option<PathBuf>,
    /// Only sounds that this holds for, as for `earmark find`.
    #[arg(short, long, value_name = "EXPR", allow_hyphen_values = true, conflicts_with_all = ["apply", "from"])]
    pub filter: Option<String>,
    /// Only suggestions that are at least so sure, percent.
    #[arg(long, value_name = "PERCENT", conflicts_with = "apply", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub at_least: Option<u8>,
    /// CreatorID of sounds that have none.
    #[arg(long, value_name = "ID", conflicts_with = "apply")]
    pub creator: Option<String>,
    /// SourceID of sounds that have none.
    #[arg(long, value_name = "ID", conflicts_with = "apply")]
    pub source: Option<String>,
    #[command(flatten)]
    pub library: LibraryArgs,
}

/// What happens to a plan.
#[derive(Args, Debug)]
pub(crate) struct PlanArgs {
    /// Write the plan to a file, to be edited and applied.
    #[arg(short, long, value_name = "PLAN", value_hint = ValueHint::FilePath, conflicts_with = "apply")]
    pub output: Option<PathBuf>,
    /// Carry out this plan.
    #[arg(long, value_name = "PLAN", value_hint = ValueHint::FilePath)]
    pub apply: Option<PathBuf>,
    #[command(flatten)]
    pub journals: JournalsArgs,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Where journals are.
#[derive(Args, Debug)]
pub(crate) struct JournalsArgs {
    /// Folder of the journals by which changes are taken back [default: the platform's folder for local data].
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub journals: Option<PathBuf>,
}

/// Take back what `earmark rename` and `earmark write` have done: names and bytes, exactly.
///
/// Files that have been changed since are left as they are and named. It can be stopped and done again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark undo --list                             what can be taken back
  earmark undo                                    the last of it
  earmark undo 2026-11-22T19-40-03Z               this one")]
pub(crate) struct UndoArgs {
    /// The journal: its folder, or its name in the list [default: the last that has something to take back].
    #[arg(value_hint = ValueHint::DirPath)]
    pub journal: Option<PathBuf>,
    /// Only list the journals.
    #[arg(long, conflicts_with = "journal")]
    pub list: bool,
    #[command(flatten)]
    pub journals: JournalsArgs,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub json: bool,
}
