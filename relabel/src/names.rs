//! Which names every file system takes, and which of them are the same to some of them.

use std::ffi::OsStr;

use earmark_engine::index::composed_text;

/// Longest name that file systems take, bytes.
pub(crate) const MAX_NAME_BYTES: usize = 255;

/// Why a name is not given to a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// Nothing, `.` or `..`.
    #[error("{0:?} is no file name")]
    NoName(String),
    /// More bytes than file systems take.
    #[error("the name has {0} bytes; file systems take {MAX_NAME_BYTES}, so shorten it")]
    TooLong(usize),
    /// A character that not every file system takes.
    #[error("the name holds {0:?}, which not every file system takes; leave it out")]
    Character(char),
    /// Windows takes names such as `CON` and `LPT1` for devices, whatever the extension.
    #[error("Windows reserves the name {0:?}; choose another")]
    Reserved(String),
    /// Windows drops blanks and dots at the end.
    #[error("the name ends with {0:?}, which Windows drops; leave it out")]
    End(char),
}

/// Checks that every file system takes a name.
///
/// # Errors
/// The first fault found.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    if matches!(name, "" | "." | "..") {
        return Err(NameFault::NoName(name.to_owned()));
    }
    if let Some(character) = name.chars().find(|&character| is_refused(character)) {
        return Err(NameFault::Character(character));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameFault::TooLong(name.len()));
    }
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    if is_reserved(stem) {
        return Err(NameFault::Reserved(stem.to_owned()));
    }
    match name.chars().last() {
        Some(last @ (' ' | '.')) => Err(NameFault::End(last)),
        _ => Ok(()),
    }
}

/// Characters that Windows refuses in names; `/` and control characters are refused everywhere.
pub(crate) fn is_refused(character: char) -> bool {
    character.is_control() || matches!(character, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
}

/// Characters that cannot be seen, or that change how their neighbours are shown (Unicode: Cc, bidirectional controls,
/// line separators, zero widths).
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Microsoft, *Naming Files, Paths, and Namespaces*: reserved whatever the case and the extension.
fn is_reserved(stem: &str) -> bool {
    let upper = stem.to_uppercase();
    if matches!(upper.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let Some(port) = upper.strip_prefix("COM").or_else(|| upper.strip_prefix("LPT")) else { return false };
    let mut digits = port.chars();
    matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

/// What names of one folder are told apart by on every system: the case does not count, nor how accents are composed.
pub fn same_name_key(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) => composed_text(&text.to_lowercase()).into_owned(),
        // Names that are no text differ byte by byte; the mark keeps them from any that is text.
        None => format!("\0{:02x?}", name.as_encoded_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_some_system_refuses_are_refused_everywhere() {
        for name in ["a.wav", "DOORWood_Creak_CR_SRC.wav", "CONE.wav", "COM10.wav", ".hidden", "é.wav"] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        assert!(matches!(check_name(".."), Err(NameFault::NoName(_))));
        assert_eq!(check_name("a/b.wav"), Err(NameFault::Character('/')));
        assert_eq!(check_name("a\nb.wav"), Err(NameFault::Character('\n')));
        assert_eq!(check_name(&"x".repeat(256)), Err(NameFault::TooLong(256)));
        assert_eq!(check_name(&"x".repeat(255)), Ok(()));
        for name in ["con.wav", "NUL", "lpt1.tar.gz", "COM¹.wav", "aux .wav"] {
            assert!(matches!(check_name(name), Err(NameFault::Reserved(_))), "{name}");
        }
        assert_eq!(check_name("a.wav."), Err(NameFault::End('.')));
        assert_eq!(check_name("a.wav "), Err(NameFault::End(' ')));
    }

    #[test]
    fn names_that_some_system_takes_for_one_have_one_key() {
        let key = |name: &str| same_name_key(OsStr::new(name));
        assert_eq!(key("T\u{fc}r.WAV"), key("tu\u{308}r.wav"));
        assert_ne!(key("a.wav"), key("b.wav"));
    }

    #[cfg(unix)]
    #[test]
    fn names_that_are_no_text_have_keys_of_their_own() {
        use std::os::unix::ffi::OsStrExt;
        let key = |bytes| same_name_key(OsStr::from_bytes(bytes));
        assert_ne!(key(b"\xff.wav"), key(b"\xfe.wav"));
    }
}
