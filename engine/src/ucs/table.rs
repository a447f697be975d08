//! Tables as people's tools export them: any of the usual separators and encodings.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// A table larger than this is refused: 256 MiB is some millions of rows.
const MAX_BYTES: u64 = 256 << 20;

/// Reads the file at `path` as text, whatever its encoding.
///
/// # Errors
/// Those of the system, and that the file is larger than 256 MiB.
pub fn read_text(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("larger than 256 MiB; split the table"));
    }
    Ok(decode(&bytes))
}

/// UTF-8 with or without a byte order mark, UTF-16 with one (as spreadsheets write), else Latin-1.
pub fn decode(bytes: &[u8]) -> String {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
            }
        }
    }
}

/// A reader of `text` that takes every record, the headings included, as a row.
///
/// The separator is the one of `,`, `;` and tab that `heading_line` holds most often.
pub fn rows<'t>(text: &'t str, heading_line: &str) -> csv::Reader<&'t [u8]> {
    csv::ReaderBuilder::new()
        .delimiter(separator(heading_line))
        .flexible(true)
        .has_headers(false)
        .from_reader(text.as_bytes())
}

/// A heading as it is compared: lower case, letters and digits alone (`Sub Category` = `sub_category`).
pub fn heading(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn separator(line: &str) -> u8 {
    let mut counts = [(0usize, b','), (0, b';'), (0, b'\t')];
    let mut quoted = false;
    for byte in line.bytes() {
        quoted ^= byte == b'"';
        for (count, separator) in &mut counts {
            *count += usize::from(!quoted && byte == *separator);
        }
    }
    // The first of equals, so that a single column counts as comma-separated.
    counts.iter().rev().max_by_key(|(count, _)| *count).map_or(b',', |(_, separator)| *separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_encoding_is_read() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("é,b".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [&b"\xc3\xa9,b"[..], b"\xef\xbb\xbf\xc3\xa9,b", b"\xe9,b", &utf16] {
            assert_eq!(decode(bytes), "é,b");
        }
    }

    #[test]
    fn the_most_frequent_separator_wins_outside_quotes() {
        assert_eq!(separator("a,b;c,d"), b',');
        assert_eq!(separator("a;\"b,c,d\";e"), b';');
        assert_eq!(separator("a\tb"), b'\t');
        assert_eq!(separator("file"), b',');
    }
}
