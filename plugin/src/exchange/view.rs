//! What the editor window shows: one immutable picture of an instance at a time.
//!
//! The analysis builds a [`View`] whenever something changes and publishes it by swapping a pointer (see
//! [`Exchange::view`](super::Exchange::view)). Whatever is large hangs on an [`Arc`], so that pictures share what did
//! not change and the window can tell by [`Arc::ptr_eq`] whether to draw something again.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::rows::{Rows, SoundKey};

/// How the region asked about is obtained. An offline render is listened to in every mode; see [`Origin::Offline`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// What plays inside the host's loop or cycle range.
    #[default]
    Selection,
    /// A rolling buffer of the last [`ROLLING_S`] seconds.
    LastSeconds,
    /// A file that was dropped on the window or opened.
    File,
}

/// Seconds that the rolling buffer of [`Mode::LastSeconds`] keeps.
pub const ROLLING_S: f64 = 30.0;
/// Longest region that is captured or read from a file, seconds; what comes later is left out, and
/// [`Region::cut_short`] says so.
pub const MAX_REGION_S: f64 = 300.0;

/// Everything that the window shows of one instance.
#[derive(Clone, Debug)]
pub struct View {
    /// Grows with every published picture.
    pub revision: u64,
    /// How the region is obtained.
    pub mode: Mode,
    /// What arrives from the host right now.
    pub input: Input,
    /// The audio on the waveform display; `None` before there is any.
    pub region: Option<Arc<Region>>,
    /// What the analysis is doing.
    pub work: Work,
    /// What was found for the latest question; the previous answer stays until the next is there.
    pub results: Arc<Results>,
    /// The library that is searched.
    pub library: Arc<Library>,
    /// What sounds through the plugin's output.
    pub audition: Audition,
    /// The filter in force and what is wrong with the text last typed.
    pub filter: Arc<FilterState>,
    /// Order of the results.
    pub sort: Sort,
    /// What the user has set.
    pub settings: Settings,
    /// Earlier questions, latest first.
    pub recent: Arc<[RecentQuery]>,
    /// Sounds marked as favourites, also those that are not among the results.
    pub favourites: Arc<HashSet<SoundKey>>,
    /// Small waveforms of sounds asked for with [`Command::WantPeaks`](super::Command::WantPeaks), as far as they are
    /// there.
    pub sound_peaks: Arc<HashMap<SoundKey, SoundPeaks>>,
    /// What went wrong last and still matters.
    pub problem: Option<Arc<Problem>>,
}

/// What arrives from the host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Input {
    /// Rate, Hz; 0 before the host has activated the plugin.
    pub sample_rate_hz: f32,
    /// Channels: 1, 2, or 0 before activation.
    pub channels: u32,
    /// Peak since the previous picture, full scale = 1.
    pub peak: f32,
    /// Whether the host has called with audio within the last half second.
    pub active: bool,
    /// Whether the transport runs.
    pub playing: bool,
    /// Whether the host renders offline.
    pub offline: bool,
    /// The host's loop range in seconds of the timeline, start before end; `None` when there is none.
    pub loop_range_s: Option<(f64, f64)>,
    /// Position on the timeline in seconds; `None` when the host does not say.
    pub position_s: Option<f64>,
    /// Samples that the analysis missed because it could not keep up. The audio itself is never touched.
    pub dropped_samples: u64,
}

/// Audio on the waveform display, of which all or a part is the question.
#[derive(Clone, Debug)]
pub struct Region {
    /// Where it comes from.
    pub origin: Origin,
    /// Length in seconds. Times below are seconds from its start.
    pub duration_s: f64,
    /// Its waveform; parts not heard yet are flat.
    pub peaks: Arc<Peaks>,
    /// The parts heard so far, ascending, not overlapping; for [`Origin::Selection`] this may have holes.
    pub heard_s: Vec<Range<f64>>,
    /// The part between leading and trailing silence, for [`Origin::LastSeconds`]; elsewhere all.
    pub trimmed_s: Range<f64>,
    /// The part that the user has selected; `None`: all of `trimmed_s`.
    pub selected_s: Option<Range<f64>>,
    /// Where the live position is, for [`Origin::Selection`] while playing.
    pub playhead_s: Option<f64>,
    /// Whether it stands still: heard completely, held, or a file. A live one grows or rolls.
    pub complete: bool,
    /// Whether the sound went on after [`MAX_REGION_S`].
    pub cut_short: bool,
}

impl Region {
    /// The part that is asked about.
    pub fn asked_s(&self) -> Range<f64> {
        self.selected_s.clone().unwrap_or_else(|| self.trimmed_s.clone())
    }
}

/// Where a question comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The host's loop range.
    Selection,
    /// An offline render or direct-offline process.
    Offline,
    /// The rolling buffer.
    LastSeconds,
    /// A file.
    File {
        /// Its path.
        path: PathBuf,
    },
    /// "More like this" (one sound) or "like A and B" (several): sounds of the library.
    Sounds {
        /// Their file names.
        names: Vec<String>,
    },
}

/// Lowest and highest value in a stretch of a waveform, full scale = 1.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Peak {
    /// Lowest value.
    pub low: f32,
    /// Highest value.
    pub high: f32,
}

/// A waveform to draw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Peaks {
    /// Equal stretches in order of time.
    pub stretches: Vec<Peak>,
}

/// A small waveform of a sound of the library.
#[derive(Clone, Debug)]
pub enum SoundPeaks {
    /// Being computed.
    Pending,
    /// There.
    Ready(Arc<Peaks>),
    /// The file cannot be read; the text says why and what to do.
    Failed(Arc<str>),
}

/// What the analysis is doing for this instance.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Work {
    /// Nothing: there is nothing new to ask.
    #[default]
    Idle,
    /// The network is being loaded.
    Loading,
    /// Waiting for audio: for what, the mode and [`Region::heard_s`] say.
    Listening,
    /// Computing embeddings.
    Analysing {
        /// Part done, 0 to 1.
        progress: f32,
    },
    /// Comparing with the library.
    Searching,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// Grows with every answer, also when only filter or order changed.
    pub revision: u64,
    /// What was asked; `None` before the first question.
    pub question: Option<Question>,
    /// The sounds in the order asked for; rows are read on demand and cost nothing until then.
    pub rows: Rows,
    /// How many sounds of the library pass the filter; when more than the rows,
    /// [`Command::ShowMore`](super::Command::ShowMore) brings some.
    pub passing: usize,
    /// The region's UCS categories, largest share first, those of at least 5 %. Empty: no idea.
    pub categories: Vec<CategoryShare>,
    /// The part of the vote that says "no idea", 0 to 1.
    pub unknown_share: f32,
    /// Whether the best result is so far off that the window should say "nothing close".
    pub nothing_close: bool,
    /// Whether these come from the saved session and the library has not been asked again yet.
    pub restored: bool,
    /// Whether only a part of the region has been compared yet; a better answer follows by itself.
    pub preliminary: bool,
}

/// What was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Where it comes from.
    pub origin: Origin,
    /// Length of the audio asked about, seconds.
    pub duration_s: f64,
    /// Its number among the recent queries.
    pub id: QueryId,
}

/// Names a question within the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct QueryId(pub u64);

/// An earlier question.
#[derive(Clone, Debug)]
pub struct RecentQuery {
    /// For [`Command::Recall`](super::Command::Recall).
    pub id: QueryId,
    /// What to show for it: the file's name, the loop range, …
    pub label: Arc<str>,
    /// Length of the audio asked about, seconds.
    pub duration_s: f64,
    /// Where it begins on the host's timeline, seconds, if it was taken from there.
    pub from_s: Option<f64>,
    /// Its likeliest CatID, if there is an idea.
    pub cat_id: Option<&'static str>,
}

/// A category's part in the vote.
#[derive(Clone, Debug, PartialEq)]
pub struct CategoryShare {
    /// CatID, such as `DOORWood`; a click filters by it with [`Command::FilterCategory`](super::Command::FilterCategory).
    pub cat_id: &'static str,
    /// Category, such as `DOORS`.
    pub category: &'static str,
    /// SubCategory, such as `WOOD`.
    pub subcategory: &'static str,
    /// Its share, 0 to 1.
    pub share: f32,
}

/// The library searched.
#[derive(Clone, Debug)]
pub struct Library {
    /// Its folder; `None` when there is no home folder and none was chosen.
    pub dir: Option<Arc<Path>>,
    /// How it is.
    pub state: LibraryState,
}

/// How the library is.
#[derive(Clone, Debug, PartialEq)]
pub enum LibraryState {
    /// Being opened for the first time.
    Opening,
    /// There is none; it is opened by itself as soon as it appears.
    Missing {
        /// A command that makes one, to show and copy.
        command: String,
    },
    /// Open.
    Open {
        /// Sounds in it.
        sounds: usize,
        /// Frames in it.
        frames: usize,
        /// The network that made it.
        model: String,
        /// Sounds that are out of reach because their segments are damaged; 0 when all is well.
        damaged_sounds: usize,
    },
    /// Cannot be used; the text says why and what to do. Tried again when it changes.
    Failed {
        /// Why, and what to do.
        message: String,
    },
}

/// The sound being auditioned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Audition {
    /// Which; `None`: nothing sounds.
    pub sound: Option<SoundKey>,
    /// How far it is.
    pub state: AuditionState,
    /// Position in the sound, seconds.
    pub position_s: f64,
}

/// How far an audition is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum AuditionState {
    /// Nothing sounds.
    #[default]
    Stopped,
    /// The file is being opened.
    Opening,
    /// Ready; waits for the transport to start.
    WaitingForTransport,
    /// Sounds.
    Playing,
    /// The file cannot be played; the text says why and what to do.
    Failed(Arc<str>),
}

/// The filter in force.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilterState {
    /// The text last sent, in the language of `earmark find --filter`.
    pub text: String,
    /// What is wrong with it; the last valid one stays in force.
    pub error: Option<FilterProblem>,
    /// Whether only favourites are shown.
    pub favourites_only: bool,
    /// CatID that was clicked, if any.
    pub cat_id: Option<String>,
}

/// Why a text is no filter.
#[derive(Clone, Debug, PartialEq)]
pub struct FilterProblem {
    /// Where in the text, in bytes from 0.
    pub position: usize,
    /// What is wrong there and what is expected.
    pub message: String,
}

/// Order of the results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Whether the natural order of that column (closest first, A to Z, shortest first) is turned round.
    pub reversed: bool,
}

/// What results are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// Closest first.
    #[default]
    Similarity,
    /// File name, A to Z.
    Name,
    /// CatID, A to Z; sounds without one last.
    Category,
    /// Shortest first.
    Duration,
    /// Fewest first.
    Channels,
}

/// What the user has set and the session keeps. Gain and bypass are parameters of the plugin, see
/// [`Parameters`](crate::parameters::Parameters).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What is softer counts as silence at the ends of a region, dBFS.
    pub trim_threshold_db: f32,
    /// Length used by "use the last N seconds".
    pub last_seconds: f32,
    /// Whether the rolling buffer is frozen.
    pub hold: bool,
    /// Whether an audition waits for the transport to start.
    pub sync: bool,
    /// Whether an audition starts at the matching moment rather than at the beginning.
    pub from_match: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { trim_threshold_db: -60.0, last_seconds: 5.0, hold: false, sync: false, from_match: true }
    }
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// What, and what to do.
    pub message: String,
}

impl Default for View {
    fn default() -> Self {
        Self {
            revision: 0,
            mode: Mode::default(),
            input: Input::default(),
            region: None,
            work: Work::Idle,
            results: Arc::default(),
            library: Arc::new(Library { dir: None, state: LibraryState::Opening }),
            audition: Audition::default(),
            filter: Arc::default(),
            sort: Sort::default(),
            settings: Settings::default(),
            recent: Arc::new([]),
            favourites: Arc::default(),
            sound_peaks: Arc::default(),
            problem: None,
        }
    }
}
