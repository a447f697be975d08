//! Dragging files out of the window, behind one small interface.
//!
//! Windows and macOS: the `drag` crate. Linux: the crate there would want GTK's main loop, which a plugin has not;
//! [`xdnd`] speaks the protocol itself.

use std::path::PathBuf;
use std::sync::Arc;

use baseview::WindowContext;

#[cfg(not(target_os = "linux"))]
mod native;
#[cfg(target_os = "linux")]
mod xdnd;

/// Why files cannot be dragged.
#[derive(Debug, thiserror::Error)]
pub(super) enum DragError {
    /// The X server did not answer as it should.
    #[cfg(target_os = "linux")]
    #[error("dragging needs the X server: {0}")]
    Server(String),
    /// Another program holds the selection that drags go through.
    #[cfg(target_os = "linux")]
    #[error("another drag is going on; try again")]
    Busy,
    /// The system refused.
    #[cfg(not(target_os = "linux"))]
    #[error("dragging failed: {0}")]
    System(String),
}

/// Hears how a drag ended, perhaps on another thread: whether the files were dropped somewhere.
pub(super) type Done = Arc<dyn Fn(Result<bool, DragError>) + Send + Sync>;

/// Begins to drag `files` while the primary button is held. `done` may be called before this function
/// returns.
pub(super) fn start(window: &WindowContext, files: Vec<PathBuf>, done: Done) {
    #[cfg(target_os = "linux")]
    {
        let _ = window;
        xdnd::start(files, done);
    }
    #[cfg(not(target_os = "linux"))]
    native::start(window, files, done);
}

/// A path as a `file:` URI (RFC 8089), bytes that a URI cannot hold percent-encoded (RFC 3986).
#[cfg(target_os = "linux")]
pub(super) fn file_uri(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;

    let mut uri = String::from("file://");
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;

    #[test]
    fn a_uri_holds_any_path() {
        assert_eq!(
            file_uri(Path::new("/sfx/Door creak #2 (ä).wav")),
            "file:///sfx/Door%20creak%20%232%20%28%C3%A4%29.wav"
        );
        assert_eq!(file_uri(Path::new("/100%/a,b\n%41.wav")), "file:///100%25/a%2Cb%0A%2541.wav");
        // A name need not be text.
        let odd = std::ffi::OsStr::from_bytes(b"/sfx/\xff.wav");
        assert_eq!(file_uri(Path::new(odd)), "file:///sfx/%FF.wav");
    }
}
