//! The chunk layer of WAV and its kin: RIFF, RIFX, RF64/BW64, Wave64 and AIFF/AIFC.
//!
//! [`walk`] lists the chunks without believing any size: every range it returns lies inside the stream, and
//! the number of chunks is bounded. What the chunks mean is read elsewhere.
//!
//! Sources: Microsoft/IBM *Multimedia Programming Interface 1.0* (RIFF), EBU Tech 3306 (RF64), ITU-R BS.2088
//! (BW64), Sonic Foundry *Wave64* (GUID chunks), Apple *AIFF 1.3* and *AIFF-C*.

use std::io::{self, Read, Seek, SeekFrom};

/// No honest file has more chunks; a hostile one could have one for every eight bytes.
const MAX_CHUNKS: usize = 4096;
/// ds64 table entries that are looked at (EBU Tech 3306 uses a handful).
const MAX_DS64_ENTRIES: u64 = 256;
/// 32-bit sizes from here on that lie beyond the end stand for "not known yet": 0xFFFFFFFF by convention, the
/// others are what SoX (0x7FFFFxxx), arecord (0x80000000) and FFmpeg write into a pipe.
const STREAMED_SIZE: u64 = 0x7FFF_0000;

/// Ids by which a missing padding byte is recognised.
const COMMON_IDS: [&[u8; 4]; 18] = [
    b"data", b"fmt ", b"LIST", b"bext", b"iXML", b"id3 ", b"ID3 ", b"fact", b"cue ", b"smpl", b"JUNK",
    b"PEAK", b"SSND", b"COMM", b"MARK", b"NAME", b"ANNO", b"AUTH",
];

/// "riff" as a Wave64 chunk id: bytes 4–15 (66666972-912E-11CF-A5D6-28DB04C10000).
const W64_RIFF_TAIL: [u8; 12] = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00];
/// The tail of "list" as Wave64 spells it (7473696C-912F-11CF-A5D6-28DB04C10000).
const W64_LIST_TAIL: [u8; 12] = [0x2F, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00];
/// The tail of every other Wave64 chunk id (xxxxxxxx-ACF3-11D3-8CD1-00C04F8EDB8A).
const W64_TAIL: [u8; 12] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];

/// Which chunk dialect a stream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// RIFF/WAVE, little-endian, 32-bit sizes.
    Riff,
    /// RIFX/WAVE, the big-endian twin.
    Rifx,
    /// RF64 or BW64: RIFF with 64-bit sizes in a `ds64` chunk.
    Rf64,
    /// Sony Wave64: GUID ids, 64-bit sizes that include the 24-byte chunk header.
    Wave64,
    /// FORM/AIFF, big-endian.
    Aiff,
    /// FORM/AIFC, big-endian, with a compression type.
    Aifc,
}

/// One chunk; its range lies inside the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Four-character code, as RIFF spells it (Wave64 ids are mapped to it).
    pub id: [u8; 4],
    /// Position of the first content byte.
    pub start: u64,
    /// Content bytes that the stream holds.
    pub len: u64,
    /// Content bytes that the header claims; `None` where it says "until the end".
    pub claimed: Option<u64>,
}

/// The chunks of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The dialect.
    pub dialect: Dialect,
    /// In file order; ds64 itself is not listed.
    pub chunks: Vec<Chunk>,
}

impl Layout {
    /// The first chunk with this four-character code.
    pub fn find(&self, id: &[u8; 4]) -> Option<&Chunk> {
        self.chunks.iter().find(|chunk| &chunk.id == id)
    }
}

impl Dialect {
    /// Recognises a dialect by a stream's first bytes (40 are enough for all of them).
    pub fn sniff(head: &[u8]) -> Option<Self> {
        let form = head.get(8..12)?;
        match (head.get(..4)?, form) {
            (b"RIFF", b"WAVE") => Some(Self::Riff),
            (b"RIFX", b"WAVE") => Some(Self::Rifx),
            (b"RF64" | b"BW64", b"WAVE") => Some(Self::Rf64),
            (b"FORM", b"AIFF") => Some(Self::Aiff),
            (b"FORM", b"AIFC") => Some(Self::Aifc),
            (b"riff", _) => {
                let is_wave64 = head.get(4..16)? == W64_RIFF_TAIL
                    && head.get(24..28)? == b"wave"
                    && head.get(28..40)? == W64_TAIL;
                is_wave64.then_some(Self::Wave64)
            }
            _ => None,
        }
    }

    /// Whether sizes and samples are big-endian.
    pub fn is_big_endian(self) -> bool {
        matches!(self, Self::Rifx | Self::Aiff | Self::Aifc)
    }

    fn is_audio_data(self, id: &[u8; 4]) -> bool {
        match self {
            Self::Aiff | Self::Aifc => id == b"SSND",
            _ => id == b"data",
        }
    }
}

/// 64-bit sizes from `ds64` (EBU Tech 3306 §3).
#[derive(Default)]
struct Ds64 {
    data_len: Option<u64>,
    table: Vec<([u8; 4], u64)>,
}

/// Lists the chunks of a RIFF, RIFX, RF64, BW64, Wave64 or AIFF stream; `None` for anything else.
///
/// Stops quietly at the first header that makes no sense: what came before is used.
///
/// # Errors
/// Only those of the stream itself.
pub fn walk<R: Read + Seek + ?Sized>(stream: &mut R) -> io::Result<Option<Layout>> {
    let end = stream.seek(SeekFrom::End(0))?;
    let mut head = [0; 40];
    let got = read_at(stream, 0, &mut head)?;
    let Some(dialect) = Dialect::sniff(&head[..got]) else { return Ok(None) };
    let mut walker = Walker { stream, end, dialect, ds64: Ds64::default(), chunks: Vec::new() };
    if dialect == Dialect::Wave64 {
        walker.wave64()?
    } else {
        walker.riff(&head)?
    }
    Ok(Some(Layout { dialect, chunks: walker.chunks }))
}

/// Reads a chunk's content, at most `limit` bytes of it.
///
/// # Errors
/// Only those of the stream itself; a stream that became shorter gives fewer bytes.
pub fn content<R: Read + Seek + ?Sized>(stream: &mut R, chunk: &Chunk, limit: usize) -> io::Result<Vec<u8>> {
    let len = usize::try_from(chunk.len).unwrap_or(usize::MAX).min(limit);
    let mut bytes = vec![0; len];
    let got = read_at(stream, chunk.start, &mut bytes)?;
    bytes.truncate(got);
    Ok(bytes)
}

struct Walker<'a, R: ?Sized> {
    stream: &'a mut R,
    end: u64,
    dialect: Dialect,
    ds64: Ds64,
    chunks: Vec<Chunk>,
}

impl<R: Read + Seek + ?Sized> Walker<'_, R> {
    fn riff(&mut self, head: &[u8; 40]) -> io::Result<()> {
        let form_end = 8 + u64::from(self.u32([head[4], head[5], head[6], head[7]]));
        let mut position = 12;
        let mut header = [0; 8];
        for _ in 0..MAX_CHUNKS {
            if position >= self.end || read_at(self.stream, position, &mut header)? < header.len() {
                break;
            }
            let id = [header[0], header[1], header[2], header[3]];
            let size = u64::from(self.u32([header[4], header[5], header[6], header[7]]));
            let start = position + 8;
            if !id.iter().all(|byte| (0x20..0x7F).contains(byte)) {
                break;
            }
            if &id == b"ds64" && self.dialect == Dialect::Rf64 {
                self.read_ds64(start, size)?;
                position = start.saturating_add(size).saturating_add(size & 1);
                continue;
            }
            let claimed = self.claimed(&id, size, start, form_end);
            let next = self.list(id, start, claimed);
            position = self.after_padding(next)?;
        }
        Ok(())
    }

    /// What the size field means: a length, or `None` for "until the end of the file".
    fn claimed(&self, id: &[u8; 4], size: u64, start: u64, form_end: u64) -> Option<u64> {
        if self.dialect == Dialect::Rf64 && size == u64::from(u32::MAX) {
            let wide = if id == b"data" {
                self.ds64.data_len
            } else {
                self.ds64.table.iter().find(|(entry, _)| entry == id).map(|&(_, len)| len)
            };
            return wide.filter(|&len| len != 0);
        }
        if !self.dialect.is_audio_data(id) {
            return Some(size);
        }
        let beyond = start.saturating_add(size) > self.end;
        // A recorder that died, or one that writes into a pipe, never went back to fill in the sizes.
        let never_filled_in = size == 0 && form_end <= start;
        if (size >= STREAMED_SIZE && beyond) || never_filled_in { None } else { Some(size) }
    }

    fn wave64(&mut self) -> io::Result<()> {
        let mut position = 40;
        let mut header = [0; 24];
        while self.chunks.len() < MAX_CHUNKS
            && position < self.end
            && read_at(self.stream, position, &mut header)? == header.len()
        {
            let tail = &header[4..16];
            if tail != W64_TAIL && tail != W64_LIST_TAIL && tail != W64_RIFF_TAIL {
                break;
            }
            let mut id = [header[0], header[1], header[2], header[3]];
            if &id == b"list" {
                id = *b"LIST";
            }
            let mut wide = [0; 8];
            wide.copy_from_slice(&header[16..24]);
            let size = u64::from_le_bytes(wide);
            let claimed = match size {
                0 | u64::MAX if &id == b"data" => None,
                24.. => Some(size - 24),
                _ => break,
            };
            let next = self.list(id, position + 24, claimed);
            position = next.saturating_add(7) & !7;
        }
        Ok(())
    }

    /// Notes a chunk and returns where its content ends.
    fn list(&mut self, id: [u8; 4], start: u64, claimed: Option<u64>) -> u64 {
        let room = self.end.saturating_sub(start);
        let len = claimed.map_or(room, |len| len.min(room));
        self.chunks.push(Chunk { id, start, len, claimed });
        claimed.map_or(self.end, |len| start.saturating_add(len))
    }

    /// Chunks start at even positions, but some writers forget the padding byte.
    fn after_padding(&mut self, content_end: u64) -> io::Result<u64> {
        if content_end & 1 == 0 || content_end >= self.end {
            return Ok(content_end);
        }
        let mut peek = [0; 4];
        let got = read_at(self.stream, content_end, &mut peek)?;
        let unpadded = got == 4 && COMMON_IDS.contains(&&peek);
        Ok(if unpadded { content_end } else { content_end + 1 })
    }

    fn read_ds64(&mut self, start: u64, size: u64) -> io::Result<()> {
        // riffSize, dataSize, sampleCount: 8 bytes each; tableLength: 4; then entries of 12.
        let mut fixed = [0; 28];
        if self.ds64.data_len.is_some() || size < 24 || read_at(self.stream, start, &mut fixed)? < 24 {
            return Ok(());
        }
        let mut wide = [0; 8];
        wide.copy_from_slice(&fixed[8..16]);
        self.ds64.data_len = Some(u64::from_le_bytes(wide));
        let entries = u64::from(u32::from_le_bytes([fixed[24], fixed[25], fixed[26], fixed[27]]));
        let room = size.saturating_sub(28) / 12;
        for index in 0..entries.min(room).min(MAX_DS64_ENTRIES) {
            let mut entry = [0; 12];
            if read_at(self.stream, start + 28 + 12 * index, &mut entry)? < 12 {
                break;
            }
            wide.copy_from_slice(&entry[4..12]);
            self.ds64.table.push(([entry[0], entry[1], entry[2], entry[3]], u64::from_le_bytes(wide)));
        }
        Ok(())
    }

    fn u32(&self, bytes: [u8; 4]) -> u32 {
        if self.dialect.is_big_endian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Fills `bytes` from `position` on, as far as the stream goes; returns how many there were.
pub(super) fn read_at<R: Read + Seek + ?Sized>(
    stream: &mut R,
    position: u64,
    bytes: &mut [u8],
) -> io::Result<usize> {
    stream.seek(SeekFrom::Start(position))?;
    read_full(stream, bytes)
}

/// Fills `bytes` from here on, as far as the stream goes; returns how many there were.
pub(super) fn read_full<R: Read + ?Sized>(stream: &mut R, bytes: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < bytes.len() {
        match stream.read(&mut bytes[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}
