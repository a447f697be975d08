//! Dragging on Windows and macOS.

use std::path::PathBuf;

use baseview::WindowContext;
use drag::{DragItem, DragResult, Image, Options};

use super::{Done, DragError};

/// What hangs on the pointer.
const PREVIEW: &[u8] = include_bytes!("preview.png");

/// See [`start`](super::start). On Windows this returns when the drag is over.
pub(super) fn start(window: &WindowContext, files: Vec<PathBuf>, done: Done) {
    let told = Done::clone(&done);
    let on_drop = move |result, _| told(Ok(matches!(result, DragResult::Dropped)));
    let preview = Image::Raw(PREVIEW.to_vec());
    if let Err(error) = drag::start_drag(window, DragItem::Files(files), preview, on_drop, Options::default())
    {
        done(Err(DragError::System(error.to_string())));
    }
}
