//! Paths as a library stores and compares them.
//!
//! Stored are the bytes that the file system gave, `/` between components. Systems disagree about them: macOS hands
//! out decomposed characters (NFD) where Linux and Windows mostly have composed ones (NFC), and Windows separates with
//! `\` and does not tell upper from lower case. So paths are compared component by component in normal form C (Unicode
//! Standard Annex #15), and those of Windows without regard to case, on whatever system a library is opened.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::IndexError;

/// A path's bytes as the index stores them, `/` between components.
///
/// # Errors
/// On Windows, names that are not valid Unicode.
pub(crate) fn bytes_of_path(path: &Path) -> Result<Vec<u8>, IndexError> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(path.as_os_str().as_bytes().to_vec())
    }
    #[cfg(not(unix))]
    {
        let text = path
            .to_str()
            .ok_or_else(|| IndexError::Path { path: path.into(), what: "it is not valid Unicode" })?;
        Ok(text.replace('\\', "/").into_bytes())
    }
}

/// The path that [`bytes_of_path`] stored.
pub(crate) fn path_of_bytes(bytes: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
    }
    #[cfg(not(unix))]
    {
        PathBuf::from(String::from_utf8_lossy(bytes).as_ref())
    }
}

/// A folder's bytes as typed on any system: a Windows path gets `/` between components on others, too.
pub(crate) fn bytes_of_folder(path: &Path) -> Result<Vec<u8>, IndexError> {
    let mut bytes = bytes_of_path(path)?;
    if is_windows_path(&bytes) {
        bytes.iter_mut().filter(|byte| **byte == b'\\').for_each(|byte| *byte = b'/');
    }
    while bytes.len() > 1 && bytes.ends_with(b"/") {
        bytes.pop();
    }
    Ok(bytes)
}

/// The normal form C of a name or path; bytes that are not Unicode stay as they are.
pub(crate) fn composed(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.is_ascii() {
        return Cow::Borrowed(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if is_nfc_quick(text.chars()) != IsNormalized::Yes => {
            Cow::Owned(text.nfc().collect::<String>().into_bytes())
        }
        _ => Cow::Borrowed(bytes),
    }
}

/// A path as it is, and in the two normal forms that file systems use.
pub(crate) fn spellings(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![bytes.to_vec()];
    if let (false, Ok(text)) = (bytes.is_ascii(), std::str::from_utf8(bytes)) {
        all.push(text.nfc().collect::<String>().into_bytes());
        all.push(text.nfd().collect::<String>().into_bytes());
    }
    all
}

/// Text in the normal form C, in which words are looked up.
pub fn composed_text(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// Whether a path is a folder or lies below it, however either is spelled.
pub fn is_below(path: &Path, folder: &Path) -> bool {
    if path.starts_with(folder) {
        return true;
    }
    match (bytes_of_path(path), bytes_of_folder(folder)) {
        (Ok(path), Ok(folder)) => rest_below(&path, &folder).is_some(),
        _ => false,
    }
}

/// What of a stored path is left below a folder, in the path's own spelling; empty when it is the folder.
pub(crate) fn rest_below<'a>(path: &'a [u8], folder: &[u8]) -> Option<&'a [u8]> {
    let windows = is_windows_path(folder);
    if windows != is_windows_path(path) || path.starts_with(b"/") != folder.starts_with(b"/") {
        return None;
    }
    let separator = |byte: &u8| *byte == b'/' || windows && *byte == b'\\';
    let mut rest = path;
    for wanted in folder.split(separator).filter(|name| !name.is_empty()) {
        rest = skip(rest, separator);
        let end = rest.iter().position(separator).unwrap_or(rest.len());
        if !same_name(&rest[..end], wanted, windows) {
            return None;
        }
        rest = &rest[end..];
    }
    Some(skip(rest, separator))
}

fn skip(bytes: &[u8], separator: impl Fn(&u8) -> bool) -> &[u8] {
    &bytes[bytes.iter().take_while(|byte| separator(byte)).count()..]
}

fn same_name(a: &[u8], b: &[u8], windows: bool) -> bool {
    if a == b {
        return true;
    }
    let (a, b) = (composed(a), composed(b));
    let lower = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
    a == b || windows && lower(&a) == lower(&b)
}

/// Whether bytes are a path of Windows: `C:\…`, `C:/…`, `\\server\share`, `//server/share`.
fn is_windows_path(bytes: &[u8]) -> bool {
    let drive = matches!(bytes, [letter, b':', rest @ ..] if letter.is_ascii_alphabetic()
        && rest.first().is_none_or(|byte| matches!(byte, b'/' | b'\\')));
    drive || bytes.starts_with(b"\\\\") || bytes.starts_with(b"//")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rest(path: &str, folder: &str) -> Option<String> {
        let folder = bytes_of_folder(Path::new(folder)).unwrap();
        rest_below(path.as_bytes(), &folder).map(|rest| String::from_utf8(rest.to_vec()).unwrap())
    }

    #[test]
    fn what_is_left_below_a_folder_keeps_its_spelling() {
        assert_eq!(rest("/a/b/c d.wav", "/a/b"), Some("c d.wav".into()));
        assert_eq!(rest("/a/b", "/a/b/"), Some(String::new()));
        assert_eq!(rest("/a/b", "/"), Some("a/b".into()));
        assert_eq!(rest("/a/bc", "/a/b"), None);
        assert_eq!(rest("/a", "/a/b"), None);
        // é as one character and as e with an accent.
        assert_eq!(rest("/Ge\u{301}n/Bruit e\u{301}.wav", "/G\u{e9}n"), Some("Bruit e\u{301}.wav".into()));
        assert_eq!(rest("/G\u{e9}n/x", "/Ge\u{301}n"), Some("x".into()));
        assert_eq!(rest("/Gen/x", "/G\u{e9}n"), None);
    }

    #[test]
    fn paths_of_windows_are_known_on_every_system() {
        for folder in ["C:\\SFX\\Doors", "c:/sfx/doors/", "C:\\SFX/Doors\\"] {
            assert_eq!(rest("C:/SFX/Doors/Old/a.wav", folder), Some("Old/a.wav".into()), "{folder}");
        }
        assert_eq!(rest("//nas/sfx/a.wav", "\\\\NAS\\sfx"), Some("a.wav".into()));
        assert_eq!(rest("C:/SFX/a.wav", "C:"), Some("SFX/a.wav".into()));
        assert_eq!(rest("C:/SFX/a.wav", "D:\\SFX"), None);
        assert_eq!(rest("/C:/SFX/a.wav", "C:\\SFX"), None);
        // Elsewhere a backslash is a character like others, and case counts.
        assert_eq!(rest("/a\\b/c", "/a"), None);
        assert_eq!(rest("/A/b", "/a"), None);
    }

    #[test]
    fn bytes_that_are_no_text_are_compared_as_they_are() {
        assert_eq!(rest_below(b"/a\xff/b", b"/a\xff"), Some(b"b".as_slice()));
        assert_eq!(rest_below(b"/a\xff/b", b"/a\xfe"), None);
        assert_eq!(composed(b"\xff\xfe").as_ref(), b"\xff\xfe");
    }
}
