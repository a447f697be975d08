//! The editor window.
//!
//! [`App`] is what it shows: it draws a [`View`](crate::exchange::View), sends
//! [`Command`](crate::exchange::Command)s, and knows nothing of window systems, so that tests can drive it. Around it,
//! `window` is a window of baseview's that OpenGL draws. The framework's own bridge between the two would do that, too,
//! but ignores dropped files, forgets the window's size, and announces too small a window where the desktop is scaled.

mod actions;
mod app;
mod clipboard;
mod columns;
mod corner;
mod desktop;
mod drag_out;
mod fonts;
mod format;
mod gl;
mod handle;
mod icons;
mod input;
mod keys;
mod list;
mod overlays;
mod presence;
mod region_bar;
mod region_wave;
mod row;
mod scale;
mod search_bar;
mod shared;
mod sidebar;
mod states;
mod system_theme;
pub mod theme;
mod toolbar;
mod waveform;
mod window;

pub use app::{App, Choice, Request};
pub use handle::{EarmarkEditor, EarmarkHandle, EarmarkWindow, create};
