//! ID3v2 tags: UCS fields as user-defined text frames (TXXX), the FXName as title; all other frames keep their bytes.
//!
//! Sources: *ID3 tag version 2.2.0*, *2.3.0*, *2.4.0 – Main Structure* and *Native Frames* (id3.org).

use super::values::{Values, folded};
use super::{Fault, malformed, unsupported};

/// Room left for the next change, so that it need not move the audio.
const PADDING: usize = 1024;
const UNSYNCHRONISED: u8 = 0x80;
const EXTENDED: u8 = 0x40;
const FOOTER: u8 = 0x10;

/// Length of the tag at the head of these bytes, header and footer included; they need only be its first ten.
pub(super) fn tag_len(bytes: &[u8]) -> Option<u64> {
    let head = bytes.get(..10)?;
    if !head.starts_with(b"ID3") || head[3] == 0xff || head[4] == 0xff {
        return None;
    }
    let size = synchsafe([head[6], head[7], head[8], head[9]])?;
    let footer = if head[3] >= 4 && head[5] & FOOTER != 0 { 10 } else { 0 };
    Some(10 + u64::from(size) + footer)
}

/// The tag with the fields; a new one where there is none. What follows the old tag in `old` is dropped.
pub(super) fn update(old: Option<&[u8]>, values: &Values) -> Result<Vec<u8>, Fault> {
    let mut tag = match old.filter(|old| old.iter().any(|byte| *byte != 0)) {
        Some(old) => Tag::parse(old)?,
        None => Tag { version: 3, flags: 0, frames: Vec::new(), room: 0 },
    };
    let named = values.named();
    let has_description = tag.frames.iter().any(|frame| tag.is_comment(frame));
    tag.frames.retain(|frame| match tag_name(tag.version, frame) {
        Some(name) => !named.iter().any(|named| named.user == name),
        None => true,
    });
    if let Some(title) = values.title() {
        let id: &[u8] = if tag.version == 2 { b"TT2" } else { b"TIT2" };
        let frame = tag.frame(id, &encoded(tag.version, &[title]));
        match tag.frames.iter().position(|frame| frame.starts_with(id)) {
            Some(at) => tag.frames[at] = frame,
            None => tag.frames.push(frame),
        }
    }
    // It stays where it is from then on: before what is taken out and put behind anew each time.
    if let Some(description) = values.description().filter(|_| !has_description) {
        let id: &[u8] = if tag.version == 2 { b"COM" } else { b"COMM" };
        let mut content = encoded(tag.version, &["", description]);
        // Between the encoding and the short name stands the language; this one is "undetermined".
        content.splice(1..1, *b"und");
        tag.frames.push(tag.frame(id, &content));
    }
    for named in &named {
        let id: &[u8] = if tag.version == 2 { b"TXX" } else { b"TXXX" };
        tag.frames.push(tag.frame(id, &encoded(tag.version, &[named.user, named.value])));
    }
    tag.write()
}

/// A tag taken apart.
struct Tag {
    version: u8,
    flags: u8,
    /// With their headers.
    frames: Vec<Vec<u8>>,
    /// Bytes that the old tag had for frames and padding.
    room: usize,
}

impl Tag {
    fn parse(bytes: &[u8]) -> Result<Self, Fault> {
        let cut = || malformed("its ID3 tag is cut short");
        let whole =
            usize::try_from(tag_len(bytes).ok_or_else(|| malformed("its ID3 tag has no valid header"))?)
                .map_err(|_| cut())?;
        let (version, flags) = (bytes[3], bytes[5]);
        if !(2..=4).contains(&version) {
            return Err(unsupported("an ID3 tag of a version that is not known"));
        }
        if version == 2 && flags & EXTENDED != 0 {
            return Err(unsupported("a compressed ID3 tag"));
        }
        let footer = if version == 4 && flags & FOOTER != 0 { 10 } else { 0 };
        let body = bytes.get(10..whole - footer).ok_or_else(cut)?;
        let mut kept_flags = 0;
        let resynchronised;
        let mut body = match version {
            2 | 3 if flags & UNSYNCHRONISED != 0 => {
                resynchronised = resynchronise(body);
                &resynchronised[..]
            }
            4 => {
                // Each frame says for itself how it is written.
                kept_flags = flags & UNSYNCHRONISED;
                body
            }
            _ => body,
        };
        let room = body.len();
        if version > 2 && flags & EXTENDED != 0 {
            // A checksum and restrictions of the tag as it was; it is not needed.
            let size = body.first_chunk::<4>().ok_or_else(cut)?;
            let size = match version {
                3 => u32::from_be_bytes(*size).saturating_add(4),
                _ => synchsafe(*size).ok_or_else(cut)?,
            };
            body = body.get(usize::try_from(size).map_err(|_| cut())?..).ok_or_else(cut)?;
        }
        let frames = split(version, body)?;
        Ok(Self { version, flags: kept_flags, frames, room })
    }

    /// A frame with its header.
    fn frame(&self, id: &[u8], content: &[u8]) -> Vec<u8> {
        let mut frame = id.to_vec();
        let size = content.len() as u32;
        match self.version {
            2 => frame.extend(&size.to_be_bytes()[1..]),
            3 => frame.extend(size.to_be_bytes()),
            _ => frame.extend(to_synchsafe(size)),
        }
        if self.version > 2 {
            frame.extend([0, 0]);
        }
        frame.extend(content);
        frame
    }

    /// Whether a frame is a comment without a short name, which is what players show.
    fn is_comment(&self, frame: &[u8]) -> bool {
        let id: &[u8] = if self.version == 2 { b"COM" } else { b"COMM" };
        frame.starts_with(id)
    }

    fn write(&self) -> Result<Vec<u8>, Fault> {
        let needed: usize = self.frames.iter().map(Vec::len).sum();
        let room = if needed <= self.room { self.room } else { needed + PADDING };
        let size = u32::try_from(room).ok().filter(|size| *size < 1 << 28);
        let size = size.ok_or_else(|| unsupported("an ID3 tag of more than 256 MB"))?;
        let mut bytes = b"ID3".to_vec();
        bytes.extend([self.version, 0, self.flags]);
        bytes.extend(to_synchsafe(size));
        self.frames.iter().for_each(|frame| bytes.extend(frame));
        bytes.resize(10 + room, 0);
        Ok(bytes)
    }
}

/// Frames with their headers, up to the padding.
fn split(version: u8, mut body: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let (id_len, head_len) = if version == 2 { (3, 6) } else { (4, 10) };
    let mut frames = Vec::new();
    while body.len() >= head_len && body[0] != 0 {
        if !body[..id_len].iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) {
            return Err(malformed("its ID3 tag holds a frame without a name"));
        }
        let size =
            frame_size(version, body).ok_or_else(|| malformed("a frame of its ID3 tag is cut short"))?;
        let (frame, rest) = body.split_at(head_len + size);
        frames.push(frame.to_vec());
        body = rest;
    }
    if body.iter().any(|byte| *byte != 0) {
        return Err(malformed("its ID3 tag has something behind its frames"));
    }
    Ok(frames)
}

/// Content bytes of the first frame; none when it would not fit.
fn frame_size(version: u8, body: &[u8]) -> Option<usize> {
    let fits = |size: u32, head: usize| {
        let size = usize::try_from(size).ok()?;
        (head + size <= body.len()).then_some(size)
    };
    match version {
        2 => fits(u32::from_be_bytes([0, body[3], body[4], body[5]]), 6),
        3 => fits(u32::from_be_bytes([body[4], body[5], body[6], body[7]]), 10),
        _ => {
            // Some writers of 2.4 forgot that its sizes have seven bits a byte: what follows must look like a frame.
            let bytes = [body[4], body[5], body[6], body[7]];
            let leads_on = |size: usize| {
                body.get(10 + size..).is_some_and(|rest| {
                    rest.first().is_none_or(|&byte| byte == 0 || byte.is_ascii_uppercase())
                })
            };
            let safe = synchsafe(bytes).and_then(|size| fits(size, 10)).filter(|&size| leads_on(size));
            safe.or_else(|| fits(u32::from_be_bytes(bytes), 10).filter(|&size| leads_on(size)))
        }
    }
}

/// Under which name a frame holds a field: the description of a user-defined text.
fn tag_name(version: u8, frame: &[u8]) -> Option<String> {
    let content = match version {
        2 => frame.strip_prefix(b"TXX")?.get(3..)?,
        _ => frame.strip_prefix(b"TXXX")?.get(6..)?,
    };
    let (encoding, text) = content.split_first()?;
    let name = match encoding {
        1 | 2 => {
            let big = *encoding == 2 || text.starts_with(&[0xfe, 0xff]);
            let units = text.chunks_exact(2).map(|pair| {
                if big {
                    u16::from_be_bytes([pair[0], pair[1]])
                } else {
                    u16::from_le_bytes([pair[0], pair[1]])
                }
            });
            String::from_utf16_lossy(&units.take_while(|unit| *unit != 0).collect::<Vec<_>>())
        }
        _ => text.iter().take_while(|byte| **byte != 0).map(|&byte| char::from(byte)).collect(),
    };
    Some(folded(&name))
}

/// An encoding and texts, a zero between them.
fn encoded(version: u8, texts: &[&str]) -> Vec<u8> {
    if version == 4 {
        // UTF-8, in which the byte that synchronisation is about does not occur.
        let mut content = vec![3];
        content.extend(texts.join("\0").into_bytes());
        return content;
    }
    if texts.iter().all(|text| text.is_ascii()) {
        let mut content = vec![0];
        content.extend(texts.join("\0").into_bytes());
        return content;
    }
    let mut content = vec![1];
    for (at, text) in texts.iter().enumerate() {
        if at > 0 {
            content.extend([0, 0]);
        }
        content.extend([0xff, 0xfe]);
        content.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
    content
}

/// Takes out the zeros that were put in behind every 0xFF (ID3v2.3 §5).
fn resynchronise(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut after_ff = false;
    for &byte in bytes {
        if !(after_ff && byte == 0) {
            out.push(byte);
        }
        after_ff = byte == 0xff;
    }
    out
}

fn synchsafe(bytes: [u8; 4]) -> Option<u32> {
    bytes
        .iter()
        .all(|byte| *byte < 0x80)
        .then(|| bytes.iter().fold(0, |size, byte| size << 7 | u32::from(*byte)))
}

fn to_synchsafe(size: u32) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    fn values(fx_name: &str) -> Values {
        let fields =
            Fields { cat_id: Some("DOORWood".into()), fx_name: Some(fx_name.into()), ..Fields::default() };
        Values::new(&fields, Default::default())
    }

    /// Names and contents of frames.
    fn frames(tag: &[u8]) -> Vec<(String, Vec<u8>)> {
        let tag = Tag::parse(tag).unwrap();
        let (id, head) = if tag.version == 2 { (3, 6) } else { (4, 10) };
        tag.frames
            .iter()
            .map(|frame| (String::from_utf8_lossy(&frame[..id]).into_owned(), frame[head..].to_vec()))
            .collect()
    }

    fn tag(version: u8, flags: u8, body: &[u8]) -> Vec<u8> {
        let mut bytes = b"ID3".to_vec();
        bytes.extend([version, 0, flags]);
        bytes.extend(to_synchsafe(body.len() as u32));
        bytes.extend(body);
        bytes
    }

    #[test]
    fn foreign_frames_keep_their_bytes_and_ours_are_replaced() {
        let body = b"TIT2\0\0\0\x04\0\0\0oldPRIV\0\0\0\x05\0\0\x00\xff\xe0\0zTXXX\0\0\0\x0f\0\0\0Cat ID\0AIRBlowAPIC\0\0\0\x02\x40\0ab\0\0\0\0";
        for version in [3, 4] {
            let new = update(Some(&tag(version, 0, body)), &values("Creak")).unwrap();
            let names: Vec<String> = frames(&new).into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["TIT2", "PRIV", "APIC", "TXXX", "TXXX", "TXXX", "TXXX"]);
            assert_eq!(frames(&new)[1].1, b"\x00\xff\xe0\0z");
            assert!(
                new.windows(11)
                    .any(|part| part == b"\0\0APIC\0\0\0\x02\x40" || part == b"APIC\0\0\0\x02\x40\0a")
            );
            assert!(new.windows(14).any(|part| part == b"CATID\0DOORWood"));
            assert_eq!(update(Some(&new), &values("Creak")).unwrap(), new, "a second time changes nothing");
        }
    }

    #[test]
    fn old_versions_and_unsynchronised_tags_are_understood() {
        let body = b"TT2\0\0\x04\0oldUFI\0\0\x02\xff\0\xe1";
        let new = update(Some(&tag(2, UNSYNCHRONISED, body)), &values("Tür")).unwrap();
        assert_eq!((new[3], new[5]), (2, 0));
        let frames = frames(&new);
        assert_eq!(frames[1], ("UFI".into(), vec![0xff, 0xe1]));
        assert_eq!(frames[0].1, b"\x01\xff\xfeT\0\xfc\0r\0");
        assert_eq!(frames.len(), 6);
    }

    #[test]
    fn a_damaged_tag_is_not_touched() {
        for body in [
            b"TIT2\0\0\xff\x04\0\0\0old".as_slice(),
            b"tit2\0\0\0\x01\0\0\0",
            b"TIT2\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0x",
        ] {
            assert!(update(Some(&tag(3, 0, body)), &values("x")).is_err());
        }
        let mut cut = tag(3, 0, b"TIT2\0\0\0\x04\0\0\0old");
        cut.truncate(15);
        assert!(update(Some(&cut), &values("x")).is_err());
    }
}
