//! Ogg files of Vorbis, Opus and FLAC: the comment packet. Where it grows by whole pages, the pages behind it get other
//! numbers and checksums and keep everything else.
//!
//! Sources: RFC 3533 (pages), Xiph.org *Vorbis I* §4.2, RFC 7845 §5 (Opus), *Ogg FLAC mapping*.

use super::recipe::{Audio, Recipe, bytes_at, length, read_at};
use super::values::Values;
use super::{Fault, Source, malformed, unsupported, vorbis};

const HEADER: u64 = 27;
const CONTINUED: u8 = 1;
const FIRST: u8 = 2;
/// Header packets that are read at most, bytes.
const MAX_HEADERS: u64 = 64 << 20;
/// A granule position of "no packet ends here".
const NO_PACKET: u64 = u64::MAX;

/// A page's header.
#[derive(Clone, Debug)]
struct Page {
    start: u64,
    flags: u8,
    serial: u32,
    sequence: u32,
    lacing: Vec<u8>,
}

impl Page {
    fn read<S: Source>(source: &mut S, start: u64) -> Result<Option<Self>, Fault> {
        let mut head = [0; HEADER as usize];
        let got = read_at(source, start, &mut head)?;
        if got == 0 {
            return Ok(None);
        }
        if got < head.len() || !head.starts_with(b"OggS\0") {
            return Ok(None);
        }
        let mut lacing = vec![0; usize::from(head[26])];
        if read_at(source, start + HEADER, &mut lacing)? < lacing.len() {
            return Ok(None);
        }
        let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        Ok(Some(Self { start, flags: head[5], serial: word(14), sequence: word(18), lacing }))
    }

    fn body(&self) -> u64 {
        self.start + HEADER + self.lacing.len() as u64
    }

    fn end(&self) -> u64 {
        self.body() + self.lacing.iter().map(|lace| u64::from(*lace)).sum::<u64>()
    }

    /// All of the page, its checksum as stored, and the one that it should have; in the bytes it is 0.
    fn bytes<S: Source>(&self, source: &mut S) -> Result<(Vec<u8>, u32, u32), Fault> {
        let mut bytes = bytes_at(source, self.start..self.end(), HEADER + 255 + 65_025)?;
        let stored = u32::from_le_bytes([bytes[22], bytes[23], bytes[24], bytes[25]]);
        bytes[22..26].fill(0);
        let right = checksum(&bytes);
        Ok((bytes, stored, right))
    }

    /// The packets on a page of the headers, which must be whole: written anew, it would pass for it.
    fn header_body<S: Source>(&self, source: &mut S) -> Result<Vec<u8>, Fault> {
        let (bytes, stored, right) = self.bytes(source)?;
        if stored != right {
            return Err(malformed("the checksum of a page of its headers is wrong"));
        }
        Ok(bytes[(self.body() - self.start) as usize..].to_vec())
    }
}

/// The codec of a stream, by its first packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Vorbis,
    Opus,
    Flac,
}

/// The head of a file.
struct Head {
    codec: Codec,
    serial: u32,
    /// The first page's end.
    first_end: u64,
    /// Header packets behind the first.
    packets: Vec<Vec<u8>>,
    /// Pages that carry them.
    pages: u32,
    first_sequence: u32,
    /// Where the audio begins.
    audio: u64,
}

fn head<S: Source>(source: &mut S) -> Result<Head, Fault> {
    let cut = || malformed("it ends within its headers");
    let first = Page::read(source, 0)?.ok_or_else(cut)?;
    let ident = first.header_body(source)?;
    let (codec, wanted) = match &ident[..] {
        [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => (Codec::Vorbis, 2),
        [b'O', b'p', b'u', b's', b'H', b'e', b'a', b'd', ..] => (Codec::Opus, 1),
        // The number of header packets stands behind the version; 0 says that it is not known.
        [0x7f, b'F', b'L', b'A', b'C', _, _, high, low, ..] => {
            let packets = usize::from(u16::from_be_bytes([*high, *low]));
            (Codec::Flac, if packets == 0 { 1 } else { packets })
        }
        _ => return Err(unsupported("this kind of Ogg stream is not written to")),
    };
    if first.flags & FIRST == 0 || first.lacing.last() == Some(&255) {
        return Err(malformed("its first page is not one header"));
    }
    let mut head = Head {
        codec,
        serial: first.serial,
        first_end: first.end(),
        packets: Vec::new(),
        pages: 0,
        first_sequence: first.sequence.wrapping_add(1),
        audio: first.end(),
    };
    let mut packet = Vec::new();
    while head.packets.len() < wanted {
        let page = Page::read(source, head.audio)?.ok_or_else(cut)?;
        if page.serial != head.serial {
            return Err(unsupported("an Ogg file of several streams side by side"));
        }
        if head.audio - head.first_end > MAX_HEADERS {
            return Err(unsupported("more than 64 MB of headers"));
        }
        let mut body = &page.header_body(source)?[..];
        for lace in &page.lacing {
            if head.packets.len() == wanted {
                return Err(malformed("audio begins on a page of its headers"));
            }
            let (part, rest) = body.split_at(usize::from(*lace));
            packet.extend_from_slice(part);
            body = rest;
            if *lace < 255 {
                head.packets.push(std::mem::take(&mut packet));
            }
        }
        head.pages += 1;
        head.audio = page.end();
    }
    if !packet.is_empty() {
        return Err(malformed("audio begins on a page of its headers"));
    }
    Ok(head)
}

/// What is kept and what is new.
pub(super) fn recipe<S: Source>(source: &mut S, values: &Values) -> Result<Recipe, Fault> {
    let mut head = head(source)?;
    let magic: &[u8] = match head.codec {
        Codec::Vorbis => b"\x03vorbis",
        Codec::Opus => b"OpusTags",
        Codec::Flac => b"",
    };
    let comments = head.packets.first_mut().ok_or_else(|| malformed("it has no comments"))?;
    let mut new = magic.to_vec();
    if head.codec == Codec::Flac {
        let block = comments.get(4..).filter(|_| comments[0] & 0x7f == 4);
        let (block, rest) =
            vorbis::update(Some(block.ok_or_else(|| malformed("it has no comments"))?), values)?;
        let size = (block.len() + rest.len()) as u32;
        if size >= 1 << 24 {
            return Err(unsupported("comments of more than 16 MB"));
        }
        new.extend([comments[0], (size >> 16) as u8, (size >> 8) as u8, size as u8]);
        new.extend(block);
        new.extend(rest);
    } else {
        let block = comments.strip_prefix(magic).ok_or_else(|| malformed("it has no comments"))?;
        let (block, rest) = vorbis::update(Some(block), values)?;
        new.extend(block);
        new.extend(rest);
    }
    *comments = new;
    let pages = paginate(&head.packets, head.serial, head.first_sequence);
    let mut recipe = Recipe::default();
    recipe.keep(0..head.first_end);
    pages.iter().for_each(|page| recipe.add(page));
    let shift = (pages.len() as u32).wrapping_sub(head.pages);
    let end = length(source)?;
    if shift == 0 {
        recipe.keep(head.audio..end);
        return Ok(recipe);
    }
    let mut position = head.audio;
    while position < end {
        let Some(page) = Page::read(source, position)?.filter(|page| page.end() <= end) else { break };
        // Another stream may follow in a chain; it counts for itself.
        if page.serial != head.serial || page.flags & FIRST != 0 {
            break;
        }
        let (mut bytes, stored, right) = page.bytes(source)?;
        bytes[18..22].copy_from_slice(&page.sequence.wrapping_add(shift).to_le_bytes());
        // A damaged page stays one.
        let sum = (checksum(&bytes) ^ stored ^ right).to_le_bytes();
        recipe.keep(page.start..page.start + 18);
        recipe.add(&bytes[18..22]);
        recipe.add(&sum);
        recipe.keep(page.start + 26..page.end());
        position = page.end();
    }
    recipe.keep(position..end);
    Ok(recipe)
}

/// Pages of packets, the last of which ends its page.
fn paginate(packets: &[Vec<u8>], serial: u32, first_sequence: u32) -> Vec<Vec<u8>> {
    // Pieces of 255 bytes; the one that ends a packet is shorter.
    let mut laces: Vec<(u8, &[u8])> = Vec::new();
    for packet in packets {
        let whole = packet.chunks_exact(255);
        let rest = whole.remainder();
        laces.extend(whole.map(|piece| (255, piece)));
        laces.push((rest.len() as u8, rest));
    }
    let mut pages = Vec::new();
    let mut open = false;
    for (at, laces) in laces.chunks(255).enumerate() {
        let ends_packet = laces.iter().any(|(lace, _)| *lace < 255);
        let mut page = b"OggS\0".to_vec();
        page.push(if open { CONTINUED } else { 0 });
        // Headers stand at position 0 of the sound.
        page.extend(if ends_packet { 0 } else { NO_PACKET }.to_le_bytes());
        page.extend(serial.to_le_bytes());
        page.extend(first_sequence.wrapping_add(at as u32).to_le_bytes());
        page.extend([0; 4]);
        page.push(laces.len() as u8);
        page.extend(laces.iter().map(|(lace, _)| *lace));
        laces.iter().for_each(|(_, piece)| page.extend_from_slice(piece));
        let sum = checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        pages.push(page);
        open = laces.last().is_some_and(|(lace, _)| *lace == 255);
    }
    pages
}

/// RFC 3533 §6: CRC-32 of polynomial 0x04C11DB7, start and end 0, not reflected, its own field taken as 0.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut at = 0;
        while at < 256 {
            let mut value = (at as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                value = if value & 0x8000_0000 != 0 { value << 1 ^ 0x04c1_1db7 } else { value << 1 };
                bit += 1;
            }
            table[at] = value;
            at += 1;
        }
        table
    };
    bytes.iter().fold(0, |sum, byte| sum << 8 ^ TABLE[usize::from((sum >> 24) as u8 ^ byte)])
}

/// The first page, the header packets but the comments, and of all other pages everything but number and checksum.
pub(super) fn audio<S: Source>(source: &mut S) -> Result<Audio, Fault> {
    let head = head(source)?;
    let mut audio = Audio::default();
    audio.ranges.push(0..head.first_end);
    for packet in head.packets.iter().skip(1) {
        audio.more.extend((packet.len() as u64).to_le_bytes());
        audio.more.extend(packet);
    }
    let end = length(source)?;
    let mut position = head.audio;
    while position < end {
        let Some(page) = Page::read(source, position)?.filter(|page| page.end() <= end) else { break };
        if page.serial != head.serial || page.flags & FIRST != 0 {
            break;
        }
        audio.ranges.push(page.start..page.start + 18);
        audio.ranges.push(page.start + 26..page.end());
        // The sequence of the pages counts, where it begins does not.
        audio.more.extend(page.sequence.wrapping_sub(head.first_sequence + head.pages).to_le_bytes());
        position = page.end();
    }
    audio.ranges.push(position..end);
    Ok(audio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // CRC-32 of this polynomial, not reflected, start 0, no final inversion, over the customary check text.
        assert_eq!(checksum(b"123456789"), 0x89a1_897f);
    }

    #[test]
    fn packets_of_every_length_are_laced() {
        for length in [0usize, 1, 254, 255, 256, 510, 255 * 255 - 1, 255 * 255, 255 * 255 + 1, 200_000] {
            let packets = vec![vec![7; length], vec![8; 3]];
            let pages = paginate(&packets, 5, 1);
            let laces: Vec<u8> =
                pages.iter().flat_map(|page| page[27..27 + usize::from(page[26])].to_vec()).collect();
            let sizes: Vec<usize> = laces
                .split_inclusive(|lace| *lace < 255)
                .map(|packet| packet.iter().map(|lace| usize::from(*lace)).sum())
                .collect();
            assert_eq!(sizes, [length, 3]);
        }
    }
}
