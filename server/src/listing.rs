//! Sounds by words: those that pass a filter, names that hold the words first.

use earmark_engine::index::SoundId;
use earmark_engine::search::filter::Filter;

use crate::library::View;

/// Some of the sounds that pass, and how many do.
pub(crate) struct Listing {
    pub ids: Vec<SoundId>,
    pub total: usize,
}

/// Lists the sounds that pass `filter`, from the one at `offset` on: first those with most of the expression's words
/// in their file names, then by path.
pub(crate) fn list(view: &View, filter: &Filter, expression: &str, offset: usize, count: usize) -> Listing {
    let words = words(expression);
    let mut found: Vec<(usize, &[u8], SoundId)> = Vec::new();
    for (id, sound) in view.snapshot.sounds() {
        if !filter.passes(&sound) {
            continue;
        }
        let Ok(path) = sound.path_bytes() else { continue };
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let held = words.iter().filter(|word| contains(name, word)).count();
        found.push((words.len() - held, path, id));
    }
    let total = found.len();
    let end = offset.saturating_add(count).min(total);
    let offset = offset.min(end);
    // Only what is shown is put in order.
    if end < total && end > 0 {
        found.select_nth_unstable(end - 1);
    }
    found.truncate(end);
    found.sort_unstable();
    Listing { ids: found[offset..].iter().map(|(_, _, id)| *id).collect(), total }
}

/// The words of an expression that sounds must have, in small letters.
fn words(expression: &str) -> Vec<Vec<u8>> {
    let wanted = expression.split_whitespace().filter(|term| !term.starts_with('-'));
    let words = wanted.flat_map(|term| term.split('|')).map(|word| word.trim_matches(['"', '*', '?']));
    let plain = words.filter(|word| !word.is_empty() && !word.contains(['<', '>', '=', '*', '?']));
    plain.map(|word| word.to_ascii_lowercase().into_bytes()).collect()
}

/// Whether a name holds a word, whatever the case of ASCII letters.
fn contains(name: &[u8], word: &[u8]) -> bool {
    name.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word))
}
