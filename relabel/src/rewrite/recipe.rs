//! A file made of another: what is kept of it, what is new, and how to turn that around.

use std::io::{self, SeekFrom, Write};
use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use super::{Fault, Source};

/// Bytes copied at a time.
const BLOCK: usize = 1 << 18;

/// A part of the file to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// These bytes of the original.
    Keep(Range<u64>),
    /// New bytes.
    New(Vec<u8>),
}

/// The file to be made, piece by piece; what is kept is in the order of the original.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipe {
    pub pieces: Vec<Piece>,
}

/// How the original is made again of the new file and of saved bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Inverse {
    /// Ranges of the new file (`true`) or of the saved bytes (`false`), in the order of the original.
    pub parts: Vec<(bool, Range<u64>)>,
}

/// Where the audio of a file lies, in order, and what belongs to it that has no place of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Audio {
    pub ranges: Vec<Range<u64>>,
    pub more: Vec<u8>,
}

impl Recipe {
    pub(crate) fn keep(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        match self.pieces.last_mut() {
            Some(Piece::Keep(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Keep(range)),
        }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        match self.pieces.last_mut() {
            _ if bytes.is_empty() => {}
            Some(Piece::New(last)) => last.extend_from_slice(bytes),
            _ => self.pieces.push(Piece::New(bytes.to_vec())),
        }
    }

    /// The way back, and which ranges of an original of this length have to be saved for it, in order.
    pub(crate) fn inverse(&self, original_len: u64) -> (Inverse, Vec<Range<u64>>) {
        let mut inverse = Inverse::default();
        let (mut saved, mut saved_len) = (Vec::new(), 0);
        let (mut in_new, mut in_original) = (0, 0);
        let mut save = |inverse: &mut Inverse, range: Range<u64>| {
            if !range.is_empty() {
                let length = range.end - range.start;
                inverse.parts.push((false, saved_len..saved_len + length));
                saved_len += length;
                saved.push(range);
            }
        };
        for piece in &self.pieces {
            match piece {
                Piece::New(bytes) => in_new += bytes.len() as u64,
                Piece::Keep(range) => {
                    save(&mut inverse, in_original..range.start);
                    let length = range.end - range.start;
                    inverse.parts.push((true, in_new..in_new + length));
                    in_new += length;
                    in_original = range.end;
                }
            }
        }
        save(&mut inverse, in_original..original_len);
        (inverse, saved)
    }

    /// Whether the file that it makes is the original.
    pub(crate) fn changes_nothing<S: Source>(&self, source: &mut S) -> io::Result<bool> {
        let mut position = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Keep(range) if range.start != position => return Ok(false),
                Piece::Keep(range) => position = range.end,
                Piece::New(bytes) => {
                    for block in bytes.chunks(BLOCK) {
                        let mut old = vec![0; block.len()];
                        if read_at(source, position, &mut old)? < block.len() || old != block {
                            return Ok(false);
                        }
                        position += block.len() as u64;
                    }
                }
            }
        }
        Ok(position == length(source)?)
    }

    /// Writes the file; returns xxh3-128 of what was written.
    pub(crate) fn write<S: Source>(&self, source: &mut S, out: &mut dyn Write) -> io::Result<u128> {
        let mut hash = Xxh3::new();
        for piece in &self.pieces {
            match piece {
                Piece::New(bytes) => {
                    hash.update(bytes);
                    out.write_all(bytes)?;
                }
                Piece::Keep(range) => copy(source, range, out, &mut hash)?,
            }
        }
        Ok(hash.digest128())
    }
}

impl Inverse {
    /// Writes the original; returns xxh3-128 of what was written.
    pub(crate) fn write<S: Source>(
        &self,
        new: &mut S,
        saved: &[u8],
        out: &mut dyn Write,
    ) -> io::Result<u128> {
        let mut hash = Xxh3::new();
        for (from_new, range) in &self.parts {
            if *from_new {
                copy(new, range, out, &mut hash)?;
                continue;
            }
            let bytes = usize::try_from(range.start)
                .ok()
                .zip(usize::try_from(range.end).ok())
                .and_then(|(start, end)| saved.get(start..end))
                .ok_or_else(|| io::Error::other("the journal's saved bytes are cut short"))?;
            hash.update(bytes);
            out.write_all(bytes)?;
        }
        Ok(hash.digest128())
    }
}

fn copy<S: Source>(
    source: &mut S,
    range: &Range<u64>,
    out: &mut dyn Write,
    hash: &mut Xxh3,
) -> io::Result<()> {
    source.seek(SeekFrom::Start(range.start))?;
    let mut left = range.end - range.start;
    let mut block = vec![0; BLOCK.min(usize::try_from(left).unwrap_or(BLOCK))];
    while left > 0 {
        let wanted = block.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        source.read_exact(&mut block[..wanted])?;
        hash.update(&block[..wanted]);
        out.write_all(&block[..wanted])?;
        left -= wanted as u64;
    }
    Ok(())
}

/// xxh3-128 of all bytes and of the audio alone, in one pass.
pub(crate) fn digest<S: Source>(source: &mut S, audio: &Audio) -> io::Result<(u128, u128)> {
    let (mut whole, mut sound) = (Xxh3::new(), Xxh3::new());
    let mut block = vec![0; BLOCK];
    let mut ranges = audio.ranges.iter().peekable();
    let mut position = 0u64;
    source.rewind()?;
    loop {
        let got = match source.read(&mut block) {
            Ok(0) => break,
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        whole.update(&block[..got]);
        let end = position + got as u64;
        while let Some(range) = ranges.peek() {
            let (from, to) = (range.start.max(position), range.end.min(end));
            if from < to {
                sound.update(&block[(from - position) as usize..(to - position) as usize]);
            }
            if range.end > end {
                break;
            }
            ranges.next();
        }
        position = end;
    }
    sound.update(&audio.more);
    let length: u64 = audio.ranges.iter().map(|range| range.end - range.start).sum();
    sound.update(&length.to_le_bytes());
    Ok((whole.digest128(), sound.digest128()))
}

/// Fills `bytes` from `position` on, as far as the source goes; returns how many there were.
pub(super) fn read_at<S: Source>(source: &mut S, position: u64, bytes: &mut [u8]) -> io::Result<usize> {
    source.seek(SeekFrom::Start(position))?;
    let mut got = 0;
    while got < bytes.len() {
        match source.read(&mut bytes[got..]) {
            Ok(0) => break,
            Ok(read) => got += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// These bytes, all of them; a claim beyond `limit` is refused.
pub(super) fn bytes_at<S: Source>(source: &mut S, range: Range<u64>, limit: u64) -> Result<Vec<u8>, Fault> {
    let length = range.end.saturating_sub(range.start);
    if length > limit {
        return Err(Fault::Unsupported(format!(
            "{length} bytes of metadata in one place, more than {limit}"
        )));
    }
    let mut bytes = vec![0; length as usize];
    let got = read_at(source, range.start, &mut bytes)?;
    if got < bytes.len() {
        return Err(Fault::Malformed("it ends within its metadata".into()));
    }
    Ok(bytes)
}

/// Length of a source.
pub(super) fn length<S: Source>(source: &mut S) -> io::Result<u64> {
    source.seek(SeekFrom::End(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    #[test]
    fn a_recipe_can_be_turned_around() {
        let original: Vec<u8> = (0..100).collect();
        let mut recipe = Recipe::default();
        recipe.add(b"head");
        recipe.keep(3..20);
        recipe.keep(20..21);
        recipe.add(b"");
        recipe.add(b"middle");
        recipe.keep(50..97);
        let mut made = Vec::new();
        let hash = recipe.write(&mut Cursor::new(&original), &mut made).unwrap();
        assert_eq!(hash, xxhash_rust::xxh3::xxh3_128(&made));
        let (inverse, saved) = recipe.inverse(100);
        assert_eq!(saved, [0..3, 21..50, 97..100]);
        let saved: Vec<u8> = saved
            .iter()
            .flat_map(|range| &original[range.start as usize..range.end as usize])
            .copied()
            .collect();
        let mut back = Vec::new();
        inverse.write(&mut Cursor::new(&made), &saved, &mut back).unwrap();
        assert_eq!(back, original);
    }

    #[test]
    fn a_recipe_knows_whether_it_changes_anything() {
        let original: Vec<u8> = (0..100).collect();
        let changes_nothing = |pieces: &[Piece]| {
            Recipe { pieces: pieces.to_vec() }.changes_nothing(&mut Cursor::new(&original)).unwrap()
        };
        let same = [Piece::Keep(0..10), Piece::New((10..20).collect()), Piece::Keep(20..100)];
        assert!(changes_nothing(&same));
        assert!(!changes_nothing(&same[..2]), "the end is missing");
        assert!(!changes_nothing(&[Piece::New(vec![1]), Piece::Keep(1..100)]));
        assert!(!changes_nothing(&[Piece::Keep(0..50), Piece::Keep(60..100)]));
        assert!(!changes_nothing(&[Piece::Keep(0..100), Piece::New(vec![0])]));
    }

    #[test]
    fn the_audio_is_hashed_apart_from_the_rest() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * BLOCK).collect();
        let far = (BLOCK + 7) as u64;
        let audio = Audio { ranges: vec![4..9, far..far + BLOCK as u64], more: b"x".to_vec() };
        let (whole, sound) = digest(&mut Cursor::new(&bytes), &audio).unwrap();
        assert_eq!(whole, xxhash_rust::xxh3::xxh3_128(&bytes));
        let mut other = bytes.clone();
        other[2] ^= 1;
        assert_eq!(digest(&mut Cursor::new(&other), &audio).unwrap().1, sound);
        other[8] ^= 1;
        assert_ne!(digest(&mut Cursor::new(&other), &audio).unwrap().1, sound);
    }
}
