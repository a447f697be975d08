//! Bytes of an unknown encoding as text, without losing any of them.

/// How text stood in its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// Latin-1, or a mixture: every byte is one character.
    Bytes,
    Utf16Le,
    Utf16Be,
}

/// Reads text so that [`encode`] gives the same bytes again; `None` where that cannot be.
pub(super) fn decode(bytes: &[u8]) -> Option<(String, Encoding)> {
    let utf16 = |rest: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, odd) = rest.as_chunks::<2>();
        let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
        text.ok().filter(|_| odd.is_empty())
    };
    match bytes {
        [0xff, 0xfe, ..] => utf16(bytes, u16::from_le_bytes).map(|text| (text, Encoding::Utf16Le)),
        [0xfe, 0xff, ..] => utf16(bytes, u16::from_be_bytes).map(|text| (text, Encoding::Utf16Be)),
        _ => Some(match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), Encoding::Utf8),
            Err(_) => (bytes.iter().map(|&byte| char::from(byte)).collect(), Encoding::Bytes),
        }),
    }
}

/// The bytes of a text; in [`Encoding::Bytes`] characters beyond Latin-1 must have been written in another way.
pub(super) fn encode(text: &str, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Utf8 => text.as_bytes().to_vec(),
        Encoding::Bytes => {
            text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
        }
        Encoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_every_encoding_come_back() {
        let utf16 = "\u{feff}Tür 🚪".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for bytes in [b"T\xfcr \x80".as_slice(), "Tür".as_bytes(), b"T\xc3\xbcr \xff", &utf16, b""] {
            let (text, encoding) = decode(bytes).unwrap();
            assert_eq!(encode(&text, encoding), bytes, "{text}");
        }
        assert_eq!(decode(b"\xff\xfe\x00"), None);
    }
}
