//! Fonts of the system for characters that the window's own lack: names of sounds in Japanese, Korean, Arabic, Thai, …
//!
//! Bundling glyphs for all scripts would cost megabytes, and looking through the system's fonts takes longer than a
//! frame. So nothing is done until a character is drawn for which there is no glyph; then a thread looks for a font that
//! has it, egui's placeholder stands there meanwhile, and the window is told when there is something to draw anew. What
//! was found serves all windows of the process. The thread ends with the last instance that had a window.

mod face;
mod search;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};
use egui::{FallbackRequest, FontData, FontFamily, FontInsert, FontPriority, FontProvider, InsertFontFamily};

use crate::worker::{Worker, stopped};

/// Characters of one frame come one by one; those that come within this time are looked for together.
const TOGETHER: Duration = Duration::from_millis(8);
/// Fonts that are loaded at most: each may take megabytes.
const MOST_FONTS: usize = 12;

/// Wakes a window.
pub(super) type Wake = Arc<dyn Fn() + Send + Sync>;

/// The system's fonts, as far as they were needed.
pub(super) struct SystemFonts {
    found: Arc<Found>,
    /// Every character that was looked for or will be.
    asked: Mutex<HashSet<char>>,
    dirs: Vec<PathBuf>,
    // Dropped in this order: without a sender the thread ends.
    searcher: Mutex<Option<(Sender<char>, Worker)>>,
}

/// What the thread has found.
#[derive(Default)]
struct Found {
    fonts: Mutex<Vec<(String, FontData)>>,
    revision: AtomicU64,
    windows: Mutex<Vec<Weak<dyn Fn() + Send + Sync>>>,
}

impl SystemFonts {
    /// Those of this process: what one window has loaded serves the others. Looks at nothing yet.
    pub(super) fn of_process() -> Arc<Self> {
        static FONTS: Mutex<Weak<SystemFonts>> = Mutex::new(Weak::new());
        let mut fonts = lock(&FONTS);
        fonts.upgrade().unwrap_or_else(|| {
            let new = Arc::new(Self::in_dirs(search::system_dirs()));
            *fonts = Arc::downgrade(&new);
            new
        })
    }

    fn in_dirs(dirs: Vec<PathBuf>) -> Self {
        Self { found: Arc::default(), asked: Mutex::default(), dirs, searcher: Mutex::new(None) }
    }

    /// Grows when fonts were found: egui has to be given the provider anew then.
    pub(super) fn revision(&self) -> u64 {
        self.found.revision.load(Ordering::Acquire)
    }

    /// Calls `wake` when fonts were found, for as long as it lives.
    pub(super) fn tell(&self, wake: &Wake) {
        let mut windows = lock(&self.found.windows);
        windows.retain(|window| window.strong_count() > 0);
        windows.push(Arc::downgrade(wake));
    }

    fn look_for(&self, character: char) {
        if !lock(&self.asked).insert(character) {
            return;
        }
        let mut searcher = lock(&self.searcher);
        if searcher.is_none() {
            let (sender, wanted) = unbounded();
            let (found, dirs) = (Arc::clone(&self.found), self.dirs.clone());
            let worker = Worker::start("earmark-fonts", move |stop| {
                run(&wanted, &dirs, &found, &|| stopped(stop));
            });
            *searcher = worker.ok().map(|worker| (sender, worker));
        }
        if let Some((sender, _)) = searcher.as_ref() {
            // Without a thread the placeholder stays.
            let _ = sender.send(character);
        }
    }
}

impl FontProvider for SystemFonts {
    fn fonts_for_family(&self, family: &FontFamily) -> Vec<FontInsert> {
        let insert = |(name, data): &(String, FontData)| {
            let family = InsertFontFamily { family: family.clone(), priority: FontPriority::Lowest };
            FontInsert::new(name, data.clone(), vec![family])
        };
        lock(&self.found.fonts).iter().map(insert).collect()
    }

    fn font_for(&self, request: &FallbackRequest<'_>) -> Option<FontInsert> {
        // Asked in the middle of a frame: the answer comes with a later one.
        request.cluster.chars().filter(|character| !character.is_ascii()).for_each(|it| self.look_for(it));
        None
    }
}

fn run(wanted: &Receiver<char>, dirs: &[PathBuf], found: &Found, stop: &dyn Fn() -> bool) {
    while let Ok(first) = wanted.recv() {
        let mut characters = vec![first];
        while let Ok(next) = wanted.recv_timeout(TOGETHER) {
            characters.push(next);
        }
        let room = MOST_FONTS.saturating_sub(lock(&found.fonts).len());
        let fonts = search::fonts_with(&characters, dirs, room, stop);
        if fonts.is_empty() {
            continue;
        }
        lock(&found.fonts).extend(fonts);
        found.revision.fetch_add(1, Ordering::AcqRel);
        let windows: Vec<Wake> = lock(&found.windows).iter().filter_map(Weak::upgrade).collect();
        windows.iter().for_each(|wake| wake());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use egui::{Context, FontDefinitions, FontId};

    use super::*;

    /// In Ubuntu-Light, but not in Hack.
    const SCHWA: char = 'Ə';

    /// A folder with egui's own Ubuntu-Light, and a context that has Hack only.
    fn stage() -> (tempfile::TempDir, Context) {
        let folder = tempfile::tempdir().unwrap();
        let mut definitions = FontDefinitions::default();
        let ubuntu = Arc::clone(&definitions.font_data["Ubuntu-Light"]);
        std::fs::create_dir(folder.path().join("truetype")).unwrap();
        std::fs::write(folder.path().join("truetype/Light.ttf"), ubuntu.bytes()).unwrap();
        std::fs::write(folder.path().join("truetype/Broken.ttf"), &ubuntu.bytes()[..700]).unwrap();
        definitions.font_data.retain(|name, _| name == "Hack");
        definitions.families.values_mut().for_each(|fonts| *fonts = vec!["Hack".to_owned()]);
        let context = Context::default();
        context.set_fonts(definitions);
        (folder, context)
    }

    fn has(context: &Context, character: char) -> bool {
        let mut has = false;
        let mut output = context.run_ui(egui::RawInput::default(), |ui| {
            has = ui.fonts_mut(|fonts| fonts.has_glyph(&FontId::proportional(14.0), character));
        });
        output.textures_delta.clear();
        has
    }

    #[test]
    fn a_missing_character_is_found_in_the_systems_fonts_without_waiting_for_it() {
        let (folder, context) = stage();
        let fonts = Arc::new(SystemFonts::in_dirs(vec![folder.path().to_owned()]));
        let (woken, waits) = unbounded();
        let wake: Wake = Arc::new(move || woken.send(()).unwrap());
        fonts.tell(&wake);
        context.set_font_providers(vec![Arc::clone(&fonts) as _]);
        assert!(has(&context, 'a') && !has(&context, SCHWA));
        waits.recv_timeout(Duration::from_secs(20)).unwrap();
        assert_eq!(fonts.revision(), 1);
        context.set_font_providers(vec![Arc::clone(&fonts) as _]);
        assert!(has(&context, SCHWA));
        // What no font has is looked for once.
        assert!(!has(&context, '한'));
        assert!(waits.recv_timeout(Duration::from_millis(300)).is_err());
    }

    #[test]
    fn a_window_with_plain_names_starts_no_thread() {
        let (folder, context) = stage();
        let fonts = Arc::new(SystemFonts::in_dirs(vec![folder.path().to_owned()]));
        context.set_font_providers(vec![Arc::clone(&fonts) as _]);
        assert!(has(&context, 'ä'));
        assert!(lock(&fonts.searcher).is_none());
    }
}
