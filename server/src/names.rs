//! File names as they can be shown: whatever bytes they hold, they look like what they are.
//!
//! A name may hold control characters, marks that turn the direction of writing round (so that `exe.wav` reads as
//! `vaw.exe`), invisible characters, or bytes that are no text at all. These are written out; everything else stays as
//! it is. The page shows names as text alone, never as markup.

use std::path::Path;

/// A path for showing.
pub(crate) fn shown(path: &Path) -> String {
    shown_bytes(path.as_os_str().as_encoded_bytes())
}

/// Bytes of a path for showing.
pub(crate) fn shown_bytes(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_deceptive(character) {
                text.push_str(&format!("\u{2039}{:04X}\u{203a}", u32::from(character)));
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02X}"));
        }
    }
    text
}

/// Control characters, marks of direction (Unicode Standard Annex #9 §2), line separators and invisible characters.
fn is_deceptive(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_look_like_what_they_are() {
        assert_eq!(shown_bytes("Tür <b>\"zu\"</b>.wav".as_bytes()), "Tür <b>\"zu\"</b>.wav");
        assert_eq!(shown_bytes("gnp\u{202e}vaw.exe".as_bytes()), "gnp‹202E›vaw.exe");
        assert_eq!(shown_bytes(b"a\xff\xfe.wav"), "a\\xFF\\xFE.wav");
        assert_eq!(shown_bytes(b"a\nb\x1b[31m"), "a‹000A›b‹001B›[31m");
        // What Japanese, Arabic or a family of emoji needs stays.
        assert_eq!(shown_bytes("ドア باب 👨\u{200d}👩.wav".as_bytes()), "ドア باب 👨\u{200d}👩.wav");
    }
}
