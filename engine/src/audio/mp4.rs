//! The edit list of an MP4 audio track: how many samples of encoder lead-in to drop, how many to keep.
//!
//! Symphonia does not apply it, and without it AAC starts 21–48 ms late.
//! Source: ISO 14496-12 §4.2 (boxes), §8.2.2 `mvhd`, §8.4.2 `mdhd`, §8.4.3 `hdlr`, §8.6.6 `elst`.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::coded::Edit;
use super::riff::read_at;

/// Boxes that are looked at on one level.
const MAX_BOXES: usize = 512;

/// The edit of the first audio track, if the stream is an MP4 file with one.
pub(super) fn read_edit<R: Read + Seek + ?Sized>(stream: &mut R) -> io::Result<Option<Edit>> {
    let end = stream.seek(SeekFrom::End(0))?;
    let mut head = [0; 8];
    if read_at(stream, 0, &mut head)? < 8 || &head[4..] != b"ftyp" {
        return Ok(None);
    }
    let Some(movie) = find(stream, 0..end, b"moov")? else { return Ok(None) };
    let Some(movie_scale) = timescale(stream, movie.clone(), b"mvhd")? else { return Ok(None) };
    let mut rest = movie;
    for _ in 0..MAX_BOXES {
        let Some(track) = find(stream, rest.clone(), b"trak")? else { return Ok(None) };
        rest.start = track.end;
        if let Some(edit) = audio_edit(stream, track, movie_scale)? {
            return Ok(Some(edit));
        }
    }
    Ok(None)
}

fn audio_edit<R: Read + Seek + ?Sized>(
    stream: &mut R,
    track: Range<u64>,
    movie_scale: u32,
) -> io::Result<Option<Edit>> {
    let Some(media) = find(stream, track.clone(), b"mdia")? else { return Ok(None) };
    let mut handler = [0; 12];
    let Some(hdlr) = find(stream, media.clone(), b"hdlr")? else { return Ok(None) };
    if read_at(stream, hdlr.start, &mut handler)? < 12 || &handler[8..] != b"soun" {
        return Ok(None);
    }
    let Some(media_scale) = timescale(stream, media, b"mdhd")? else { return Ok(None) };
    let Some(edits) = find(stream, track, b"edts")? else { return Ok(None) };
    let Some(list) = find(stream, edits, b"elst")? else { return Ok(None) };
    let mut bytes = [0; 28];
    let got = read_at(stream, list.start, &mut bytes)?;
    // Only a single edit is applied; lists that splice a track are the business of editors.
    if got < 20 || bytes[4..8] != [0, 0, 0, 1] {
        return Ok(None);
    }
    let (duration, media_time) = match bytes[0] {
        0 => (u64::from(be32(&bytes[8..])), i64::from(be32(&bytes[12..]) as i32)),
        1 if got == 28 => (be64(&bytes[8..]), be64(&bytes[16..]) as i64),
        _ => return Ok(None),
    };
    let Ok(lead_in) = u64::try_from(media_time) else { return Ok(None) };
    let length = u128::from(duration) * u128::from(media_scale) / u128::from(movie_scale);
    // A coarse movie timescale cannot tell the end to the sample.
    let exact = movie_scale == media_scale && duration > 0;
    Ok(Some(Edit { lead_in, length: exact.then_some(length as u64) }))
}

/// The timescale of an `mvhd` or `mdhd` box.
fn timescale<R: Read + Seek + ?Sized>(
    stream: &mut R,
    within: Range<u64>,
    kind: &[u8; 4],
) -> io::Result<Option<u32>> {
    let Some(content) = find(stream, within, kind)? else { return Ok(None) };
    let mut bytes = [0; 24];
    let got = read_at(stream, content.start, &mut bytes)?;
    let at = if bytes[0] == 1 { 20 } else { 12 };
    Ok((got >= at + 4).then(|| be32(&bytes[at..])).filter(|&scale| scale > 0))
}

/// The content of the first box of a type among those of a range.
fn find<R: Read + Seek + ?Sized>(
    stream: &mut R,
    within: Range<u64>,
    kind: &[u8; 4],
) -> io::Result<Option<Range<u64>>> {
    let mut position = within.start;
    for _ in 0..MAX_BOXES {
        let mut head = [0; 16];
        let got = read_at(stream, position, &mut head)?;
        if got < 8 || position >= within.end {
            return Ok(None);
        }
        let (header, size) = match be32(&head) {
            0 => (8, within.end - position),
            1 if got == 16 => (16, be64(&head[8..])),
            size => (8, u64::from(size)),
        };
        if size < header {
            return Ok(None);
        }
        let end = position.saturating_add(size).min(within.end);
        if &head[4..8] == kind {
            return Ok(Some((position + header).min(end)..end));
        }
        position = end;
    }
    Ok(None)
}

fn be32(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |&four| u32::from_be_bytes(four))
}

fn be64(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |&eight| u64::from_be_bytes(eight))
}
