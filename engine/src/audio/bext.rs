//! The `bext` chunk of Broadcast Wave (EBU Tech 3285) and the text chunks of RIFF INFO and AIFF.

use super::metadata::{Metadata, lenient_text};

/// Reads the description (256 bytes) and originator (32 bytes) of a `bext` chunk.
pub(super) fn read_bext(bytes: &[u8], metadata: &mut Metadata) {
    if let Some(description) = bytes.get(..bytes.len().min(256)) {
        metadata.offer("description", &until_nul(description));
    }
    if let Some(originator) = bytes.get(256..288) {
        metadata.offer("originator", &until_nul(originator));
    }
}

/// Reads the entries of a `LIST` chunk of type INFO: a code, a size and a text, at even positions.
pub(super) fn read_info(bytes: &[u8], big_endian: bool, metadata: &mut Metadata) {
    let Some(mut rest) = bytes.strip_prefix(b"INFO") else { return };
    while let Some((header, content)) = rest.split_first_chunk::<8>() {
        let [a, b, c, d, size @ ..] = *header;
        let size = if big_endian { u32::from_be_bytes(size) } else { u32::from_le_bytes(size) };
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(content.len());
        if let Ok(name) = std::str::from_utf8(&[a, b, c, d]) {
            metadata.offer(name, &until_nul(&content[..size]));
        }
        rest = content.get(size.next_multiple_of(2)..).unwrap_or_default();
    }
}

/// A text that ends at its first zero byte.
pub(super) fn until_nul(bytes: &[u8]) -> String {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return lenient_text(bytes);
    }
    lenient_text(bytes.split(|&byte| byte == 0).next().unwrap_or_default())
}
