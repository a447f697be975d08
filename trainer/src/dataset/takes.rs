//! Which files are takes of one recording, as far as their names tell.

use std::path::Path;

use earmark_engine::ucs::file_name::parse_tolerant;

use super::set::Grouping;

/// The group of the file at `path`, relative to the data set's folder.
///
/// By takes: names that differ in a number at the end alone (of the FXName in UCS names) are one group if they lie in
/// one folder, or bear the same UCS fields. A name that is nothing but a number, as of numbered collections, is a group
/// of its own. This errs on the side of large groups: a group too large wastes a little, one too small flatters.
pub(super) fn group_of(path: &Path, grouping: Grouping) -> String {
    let whole = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    if grouping == Grouping::Files {
        return whole;
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    if let Ok(parsed) = parse_tolerant(&stem) {
        let name = parsed.name;
        if let (false, Some(take)) = (name.fx_name.is_empty(), without_number(&name.title())) {
            return format!("{}_{take}_{}_{}", name.cat.cat_id(), name.creator_id, name.source_id);
        }
    }
    match without_number(&stem) {
        Some(take) => path.with_file_name(take).to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"),
        None => whole,
    }
}

/// A name without the number of the take at its end: `Door Slam 03`, `door-slam_3`, `Door Slam (2)`, `Door Slam take 2`;
/// `None` where nothing is left.
fn without_number(name: &str) -> Option<&str> {
    let marks = |c: char| matches!(c, ' ' | '_' | '-' | '.' | '#' | '(' | ')' | '[' | ']');
    let trimmed = name.trim_end_matches(marks);
    let numberless = trimmed.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut rest =
        if numberless.len() < trimmed.len() { numberless.trim_end_matches(marks) } else { trimmed };
    if numberless.len() < trimmed.len() {
        // "take 3" and "tk3" are the number's own words.
        for word in ["take", "tk"] {
            let at = rest.len().saturating_sub(word.len());
            let Some(end) = rest.get(at..).filter(|end| end.eq_ignore_ascii_case(word)) else { continue };
            let before = &rest[..rest.len() - end.len()];
            if before.is_empty() || before.ends_with(marks) {
                rest = before.trim_end_matches(marks);
            }
        }
    }
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_of_one_recording_are_one_group() {
        let group = |name: &str| group_of(Path::new(name), Grouping::Takes);
        for takes in [
            ["doors/slam 01.wav", "doors/slam 2.wav"],
            ["doors/slam.wav", "doors/slam_3.wav"],
            ["doors/slam (1).wav", "doors/slam-take 2.wav"],
            ["a/DOORWood_Creak 1_EMRK_DEMO.wav", "b/DOORWood_Creak 22_EMRK_DEMO.flac"],
        ] {
            assert_eq!(group(takes[0]), group(takes[1]));
        }
        for others in [
            ["doors/slam 01.wav", "cars/slam 02.wav"],
            ["doors/0001.wav", "doors/0002.wav"],
            ["doors/intake 1.wav", "doors/in 2.wav"],
            ["a/DOORWood_Creak 1_EMRK_DEMO.wav", "a/DOORWood_Creak 1_EMRK_OTHER.wav"],
        ] {
            assert_ne!(group(others[0]), group(others[1]));
        }
        assert_ne!(
            group_of(Path::new("a/x1.wav"), Grouping::Files),
            group_of(Path::new("a/x2.wav"), Grouping::Files)
        );
    }
}
