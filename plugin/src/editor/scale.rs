//! The scale of the desktop before there is a window.
//!
//! Hosts ask for the editor's size and make room for it before they let it open. baseview learns the scale with its
//! window: on X11 from the resource `Xft.dpi`, which this module reads the same way, so that both agree and nothing is
//! cut off. On Windows and macOS the window corrects itself when it opens.

/// The scale of the desktop, if the system has one for all its screens.
#[cfg(target_os = "linux")]
pub(super) fn of_system() -> Option<f64> {
    use std::sync::OnceLock;

    // A desktop changes its scale once in its life; a question to the X server for every size would be slower.
    static SCALE: OnceLock<Option<f64>> = OnceLock::new();
    *SCALE.get_or_init(|| {
        let (connection, _) = x11rb::connect(None).ok()?;
        let resources = x11rb::resource_manager::new_from_default(&connection).ok()?;
        let dpi: u32 = resources.get_value("Xft.dpi", "").ok().flatten()?;
        (dpi > 0).then(|| f64::from(dpi) / 96.0)
    })
}

/// The scale of the desktop, if the system has one for all its screens.
#[cfg(not(target_os = "linux"))]
pub(super) fn of_system() -> Option<f64> {
    None
}
