//! What the editor window asks for.

use std::ops::Range;
use std::path::PathBuf;

use super::rows::{Sound, SoundKey};
use super::view::{Mode, QueryId, Sort};

/// A wish of the window, sent with [`Exchange::send`](super::Exchange::send). None is answered directly; what comes of
/// it appears in a later [`View`](super::View).
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Obtain the region in another way.
    SetMode(Mode),
    /// Freeze the rolling buffer, or let it roll on.
    SetHold(bool),
    /// Ask about the last N seconds of the rolling buffer (or of what is held).
    UseLast {
        /// Seconds, clamped to 0.1 to [`ROLLING_S`](super::ROLLING_S).
        seconds: f32,
    },
    /// What is softer counts as silence at the ends of a region, dBFS, clamped to −100 to −10.
    SetTrimThreshold(f32),
    /// Ask about a part of the region on display, in seconds from its start; `None`: all of it.
    Select(Option<Range<f64>>),
    /// Forget the region on display and listen anew.
    Clear,
    /// Ask about a file, and switch to [`Mode::File`].
    OpenFile(PathBuf),
    /// Use the library in another folder; `None`: the default one.
    SetLibrary(Option<PathBuf>),
    /// Look for the library again now; it is watched anyway.
    RetryLibrary,
    /// Show only sounds that pass, in the language of `earmark find --filter`.
    SetFilter(String),
    /// Show only sounds of a CatID besides what the filter's text says; `None`: of all.
    FilterCategory(Option<String>),
    /// Show only favourites.
    SetFavouritesOnly(bool),
    /// Order the results.
    SetSort(Sort),
    /// Bring more results; send it when the list is scrolled near its end and
    /// [`Results::passing`](super::Results::passing) is more than its rows.
    ShowMore,
    /// Mark a sound as a favourite, or no longer.
    ToggleFavourite(SoundKey),
    /// Ask about a sound of the library.
    MoreLike(Sound),
    /// Ask for sounds that are like all of these.
    Combine(Vec<Sound>),
    /// Ask an earlier question again.
    Recall(QueryId),
    /// Play a sound through the plugin's output, from its match or its beginning as the settings say.
    Audition(Sound),
    /// Play a sound from a moment on.
    AuditionFrom {
        /// Which.
        sound: Sound,
        /// Seconds from its beginning.
        from_s: f64,
    },
    /// Stop the audition.
    StopAudition,
    /// Whether an audition waits for the transport to start.
    SetSync(bool),
    /// Whether an audition starts at the matching moment.
    SetFromMatch(bool),
    /// Compute the small waveforms of these sounds: those on screen, in order. A later wish replaces an earlier one, and
    /// what is there is not computed again, so that it may be sent with every scroll.
    WantPeaks(Vec<Sound>),
    /// Take away [`View::problem`](super::View::problem).
    DismissProblem,
}
