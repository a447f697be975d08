//! Which fonts of the system are the best for some characters.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};

use egui::epaint::text::VariationCoords;
use egui::{FontData, FontTweak};
use walkdir::WalkDir;

use super::face::{Face, faces_of};

/// Font files that are looked at.
const MOST_FILES: usize = 20_000;
/// Largest font file that is loaded, bytes. Collections of all East Asian fonts in all weights are larger.
const MOST_BYTES: u64 = 64 << 20;

/// Where this system keeps fonts; those of the user first.
pub(super) fn system_dirs() -> Vec<PathBuf> {
    let base = directories::BaseDirs::new();
    let mut dirs: Vec<PathBuf> = Vec::new();
    if cfg!(target_os = "macos") {
        dirs.extend(base.map(|base| base.home_dir().join("Library/Fonts")));
        dirs.extend(["/Library/Fonts", "/System/Library/Fonts"].map(PathBuf::from));
    } else if cfg!(target_os = "windows") {
        dirs.extend(base.map(|base| base.data_local_dir().join("Microsoft\\Windows\\Fonts")));
        let windows = std::env::var_os("SystemRoot").map_or_else(|| "C:\\Windows".into(), PathBuf::from);
        dirs.push(windows.join("Fonts"));
    } else {
        if let Some(base) = base {
            dirs.push(base.data_local_dir().join("fonts"));
            dirs.push(base.home_dir().join(".fonts"));
        }
        let data = std::env::var_os("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
        dirs.extend(std::env::split_paths(&data).map(|dir| dir.join("fonts")));
        // Also where a sandboxed host has other ideas of that: Flatpak shows the system's under /run/host.
        let always =
            ["/usr/share/fonts", "/usr/local/share/fonts", "/run/host/fonts", "/run/host/user-fonts"];
        dirs.extend(always.map(PathBuf::from));
        dirs.push("/run/current-system/sw/share/X11/fonts".into());
    }
    let mut seen = std::collections::HashSet::new();
    dirs.retain(|dir| seen.insert(dir.clone()));
    dirs
}

/// A face that has some of the characters.
struct Candidate {
    path: PathBuf,
    face: Face,
    covers: Vec<char>,
}

/// Loads the fonts that together have as many of the characters as any do, at most `most` of them. A name for egui with
/// each.
pub(super) fn fonts_with(
    characters: &[char],
    dirs: &[PathBuf],
    most: usize,
    stop: &dyn Fn() -> bool,
) -> Vec<(String, FontData)> {
    let mut candidates = candidates(characters, dirs, stop);
    let wanted_page = code_page(characters);
    let mut missing: Vec<char> = characters.to_vec();
    let mut fonts = Vec::new();
    while fonts.len() < most && !stop() {
        candidates.iter_mut().for_each(|candidate| candidate.covers.retain(|it| missing.contains(it)));
        candidates.retain(|candidate| !candidate.covers.is_empty());
        let best = candidates.iter().enumerate().min_by_key(|(_, candidate)| rank(candidate, wanted_page));
        let Some((at, _)) = best else { break };
        let best = candidates.swap_remove(at);
        // One that cannot be loaded leaves its characters to the next.
        if let Some(font) = load(&best) {
            missing.retain(|character| !best.covers.contains(character));
            fonts.push(font);
        }
    }
    fonts
}

fn candidates(characters: &[char], dirs: &[PathBuf], stop: &dyn Fn() -> bool) -> Vec<Candidate> {
    let files = dirs.iter().flat_map(|dir| {
        let walk = WalkDir::new(dir).follow_links(true).max_depth(8).sort_by_file_name();
        walk.into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file())
    });
    let mut candidates = Vec::new();
    for entry in files.take(MOST_FILES) {
        if stop() {
            return Vec::new();
        }
        if !is_font(entry.path()) {
            continue;
        }
        // What is no font is nobody's fault here.
        for face in faces_of(entry.path()).unwrap_or_default() {
            let covers: Vec<char> = characters.iter().copied().filter(|it| face.has(*it)).collect();
            if !covers.is_empty() {
                candidates.push(Candidate { path: entry.path().to_owned(), face, covers });
            }
        }
    }
    candidates
}

fn is_font(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    ["ttf", "otf", "ttc", "otc"].iter().any(|known| extension.eq_ignore_ascii_case(known))
}

/// The better, the smaller: what has most of the characters, made for the text's language, plain and upright.
fn rank(candidate: &Candidate, wanted_page: u32) -> (bool, Reverse<usize>, bool, u32) {
    let name = candidate.path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let named = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let face = &candidate.face;
    // Fonts that have every character and are fit for none.
    let last_resort = named(&["unifont", "lastresort", "code2000"]);
    let other_language = wanted_page != 0 && face.code_pages & wanted_page == 0;
    let weight = if face.variable { 0 } else { u32::from(face.weight.abs_diff(400)) };
    let mut away = weight + u32::from(face.width.abs_diff(5)) * 100;
    away += if face.italic { 1000 } else { 0 };
    away += if named(&["mono", "typewriter", "code"]) { 300 } else { 0 };
    away += if named(&["serif", "ming", "song", "batang", "naskh", "nastaliq", "kai"]) { 250 } else { 0 };
    (last_resort, Reverse(candidate.covers.len()), other_language, away)
}

/// The East Asian code page of a text, as a bit of OS/2's `ulCodePageRange1`; 0 where that does not matter. Chinese,
/// Japanese and Korean share characters that each writes a little differently.
fn code_page(characters: &[char]) -> u32 {
    const JAPANESE: u32 = 1 << 17;
    const SIMPLIFIED: u32 = 1 << 18;
    const KOREAN: u32 = 1 << 19;
    const TRADITIONAL: u32 = 1 << 20;
    let any = |from: char, to: char| characters.iter().any(|character| (from..=to).contains(character));
    if any('\u{3040}', '\u{30ff}') {
        return JAPANESE;
    }
    if any('\u{ac00}', '\u{d7a3}') {
        return KOREAN;
    }
    if !any('\u{3400}', '\u{9fff}') {
        return 0;
    }
    let variables = ["LC_ALL", "LC_CTYPE", "LANG"];
    let locale = variables.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    match locale.unwrap_or_default() {
        locale if locale.starts_with("ja") => JAPANESE,
        locale if locale.starts_with("ko") => KOREAN,
        locale if ["zh_TW", "zh_HK", "zh_MO"].iter().any(|it| locale.starts_with(it)) => TRADITIONAL,
        _ => SIMPLIFIED,
    }
}

fn load(candidate: &Candidate) -> Option<(String, FontData)> {
    let Candidate { path, face, .. } = candidate;
    if fs::metadata(path).ok()?.len() > MOST_BYTES {
        return None;
    }
    let mut data = FontData::from_owned(fs::read(path).ok()?);
    data.index = face.index;
    if face.variable {
        // Some begin at their thinnest.
        let coords = VariationCoords::new([(b"wght", 400.0)]);
        data.tweak = FontTweak { coords, ..FontTweak::default() };
    }
    Some((format!("{}#{}", path.display(), face.index), data))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_text_tells_its_language() {
        let page = |text: &str| code_page(&text.chars().collect::<Vec<_>>());
        assert_eq!(page("ドア 扉"), 1 << 17);
        assert_eq!(page("문 門"), 1 << 19);
        assert_eq!(page("дверь باب"), 0);
        assert_ne!(page("門"), 0);
    }

    #[test]
    fn the_systems_own_fonts_have_arabic_where_any_is_installed() {
        let fonts = fonts_with(&['ب', 'ا'], &system_dirs(), 4, &|| false);
        let Some((name, data)) = fonts.first() else {
            eprintln!("skipped: no font with Arabic letters is installed");
            return;
        };
        assert!(data.bytes().len() > 1000, "{name}");
        assert!(!name.to_lowercase().contains("bold"), "{name}: there is a plainer one");
    }

    #[test]
    fn a_search_stops_when_it_is_told_to() {
        assert!(fonts_with(&['ب'], &system_dirs(), 4, &|| true).is_empty());
    }
}
