//! The arguments of what looks after a library: `info`, `report`, `verify`, `forget`, `watch` and `relocate`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::LibraryArgs;

/// Show what a library holds.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark info
  earmark info --json | jq .categories")]
pub(crate) struct InfoArgs {
    #[command(flatten)]
    pub library: LibraryArgs,
    /// The official UCS list (CSV), to show its explanations of the categories.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ucs: Option<PathBuf>,
    /// Print it as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Write the state of a library as one page: coverage, label quality, duplicates, files and the map.
///
/// The page is a single HTML file that needs no network and can be kept, sent and printed. The first map of a large
/// library takes some minutes; it is kept beside the library for the next time.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark report                                  earmark-report.html in this folder
  earmark report --output state.html --plots .    and pictures (SVG, PNG) for other documents
  earmark report --listen                         decode every file, too: same audio, silence, clipping")]
pub(crate) struct ReportArgs {
    /// File to write; an older report is replaced, nothing else is.
    #[arg(short, long, value_name = "FILE", default_value = "earmark-report.html", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,
    /// Write pictures of coverage, lengths and the map into this folder, too, each as SVG and PNG.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub plots: Option<PathBuf>,
    /// Decode every file, to find the same audio in other formats, and silent, clipped or otherwise suspicious files.
    #[arg(long)]
    pub listen: bool,
    /// Most sounds on the map; of more, so many are drawn by lot; 0 leaves it out.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub map_sounds: u32,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// With --listen: files worked on at a time [default: one a processor core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
}

/// Check every checksum and offset of a library.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark verify
  earmark verify --library /Volumes/Foley/earmark --json
  earmark verify --repair && earmark index        drop what is damaged, index it again")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Drop damaged segments from the library, so that the next `earmark index` reads their sounds again.
    #[arg(long)]
    pub repair: bool,
    /// Print the outcome as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Drop folders from a library; the sounds themselves are not touched.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark forget ~/Sounds/Old --dry-run           what would be dropped
  earmark forget ~/Sounds/Old")]
pub(crate) struct ForgetArgs {
    /// Folders (or single files); they need not exist any more.
    #[arg(required = true, value_name = "FOLDER", value_hint = ValueHint::AnyPath)]
    pub folders: Vec<PathBuf>,
    /// Only say what would be dropped.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub library: LibraryArgs,
}

/// Keep a library current: notice what changes in its folders, and index it.
///
/// Runs until Ctrl-C, at low priority, and steps aside while another `earmark` writes to the library. Folders on network
/// drives are looked through every now and then instead of watched. The sounds of a drive that is unplugged are kept,
/// marked offline, and not decoded again when it is back.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark watch                                   all folders of the default library
  earmark watch ~/Sounds /Volumes/Foley           add these folders to it
  earmark watch --poll 60 --poll-all              look every minute, whatever the system tells")]
pub(crate) struct WatchArgs {
    /// Folders to add to the library.
    #[arg(value_name = "FOLDER", value_hint = ValueHint::DirPath)]
    pub folders: Vec<PathBuf>,
    /// How long a file has to be left alone before it is indexed, seconds.
    #[arg(long, value_name = "S", default_value = "2", value_parser = crate::region::parse_time_s)]
    pub settle: f64,
    /// How often to look through folders on network drives, seconds.
    #[arg(long, value_name = "S", default_value = "300", value_parser = crate::region::parse_time_s)]
    pub poll: f64,
    /// Look through local folders in that way, too.
    #[arg(long)]
    pub poll_all: bool,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Files worked on at a time.
    #[arg(short, long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,
    /// Model: a name or a folder with a card.toml [default: the library's own, else aisfx].
    #[arg(short, long, value_name = "NAME")]
    pub model: Option<PathBuf>,
    /// CSV table of labels, as for `earmark index`.
    #[arg(long, value_name = "CSV", value_hint = ValueHint::FilePath)]
    pub labels: Option<PathBuf>,
    /// Print what happens as JSON, one object a line.
    #[arg(long)]
    pub json: bool,
}

/// Make a library anew with another model, in the background.
///
/// All sounds are embedded again at low priority while the library stays in use as it is; then the new one takes its
/// place, and pages and plugins that show it go on with that. Stop it at any time: the same command goes on. Labels
/// that were given by tables are kept. Only `earmark watch` has to be started again when it is done: a watch keeps the
/// model that it began with, and ends when the library has another.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark convert earmark-small                   many times faster to index and to ask
  earmark convert models/mine --library /Volumes/Foley/earmark
  earmark convert --discard                       think better of it half-way")]
pub(crate) struct ConvertArgs {
    /// Model: a name or a folder with a card.toml.
    #[arg(required_unless_present = "discard", value_name = "MODEL")]
    pub model: Option<PathBuf>,
    /// Files worked on at a time [default: one a processor core].
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Put the new library in the old one's place although it lacks sounds that could not be read. Folders that are
    /// away stay known, and are embedded when they are back.
    #[arg(long)]
    pub leave_out: bool,
    /// Discard a conversion that was not finished.
    #[arg(long, conflicts_with_all = ["model", "leave_out"])]
    pub discard: bool,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Print what was done as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Tell a library that a folder has another path now, on this or another computer.
///
/// Nothing is decoded: only the folder's place in the library changes. OLD may be spelled in the way of any system, and
/// be a part of an indexed folder.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  earmark relocate /Volumes/SFX /mnt/sfx          from a Mac to Linux
  earmark relocate 'D:\\SFX' /Volumes/SFX          from Windows to a Mac
  earmark relocate ~/Sounds /Volumes/New/Sounds   after the folder was moved")]
pub(crate) struct RelocateArgs {
    /// The folder as the library knows it; `earmark info` lists them.
    #[arg(value_hint = ValueHint::DirPath)]
    pub old: PathBuf,
    /// Where it is now.
    #[arg(value_hint = ValueHint::DirPath)]
    pub new: PathBuf,
    /// Do it although the sounds are not there, because their drive is not plugged in yet.
    #[arg(long)]
    pub offline: bool,
    #[command(flatten)]
    pub library: LibraryArgs,
    /// Print what was done as JSON.
    #[arg(long)]
    pub json: bool,
}
