//! The chunks of RIFF, RIFX, RF64/BW64 and AIFF files: replaced in place, added, everything else where it was.
//!
//! Rules by which odd files stay as they are:
//! * A replaced chunk keeps the parity of its length, an added one is even, so that what follows keeps its place relative
//!   to even positions: readers guess missing padding by it.
//! * Chunks are added at the end of a form whose sizes all agree. In any other (padding forgotten, sizes never filled in,
//!   cut short) they are added before the samples, so that no reader takes them for samples.
//! * What follows the end of the form is no business of ours and is kept.
//!
//! Sources: Microsoft/IBM *Multimedia Programming Interface 1.0*, EBU Tech 3306 v1.1 (RF64), Apple *AIFF 1.3*.

use std::ops::Range;

use earmark_engine::audio::riff::{self, Chunk, Dialect};
use xxhash_rust::xxh3::Xxh3;

use super::recipe::{Audio, Recipe, bytes_at, length, read_at};
use super::{Fault, Source, malformed, unsupported};

/// The largest size that 32 bits hold beside the mark for "elsewhere".
const MAX_FORM: u64 = u32::MAX as u64 - 1;
/// 32-bit sizes that stand for "not known" (see the engine's reader).
const STREAMED_SIZE: u32 = 0x7fff_0000;
/// The most that is read of a chunk of metadata.
const MAX_CONTENT: u64 = 64 << 20;
/// Content of a ds64 chunk without a table: sizes of form and samples, count of samples, length of the table.
const DS64_LEN: u64 = 28;

/// The chunks of a file, and how far its sizes agree.
pub(super) struct Form {
    dialect: Dialect,
    file_len: u64,
    /// The 32-bit size of the form.
    declared: u32,
    /// Where the content of ds64 is.
    ds64: Option<u64>,
    pub chunks: Vec<Chunk>,
    /// Chunks that belong to the form; the rest lies behind its end.
    inside: usize,
    /// The end of a form whose sizes all agree.
    clean_end: Option<u64>,
    max_form: u64,
    edits: Vec<(Range<u64>, Vec<u8>)>,
    added: Vec<u8>,
}

impl Form {
    pub(super) fn read<S: Source>(source: &mut S, dialect: Dialect) -> Result<Self, Fault> {
        let file_len = length(source)?;
        let layout = riff::walk(source)?.ok_or_else(|| malformed("it has no chunks"))?;
        let mut head = [0; 24];
        let got = read_at(source, 0, &mut head)?;
        let mut form = Self {
            dialect,
            file_len,
            declared: word(dialect, [head[4], head[5], head[6], head[7]]),
            ds64: None,
            chunks: layout.chunks,
            inside: 0,
            clean_end: None,
            max_form: MAX_FORM,
            edits: Vec::new(),
            added: Vec::new(),
        };
        let mut first = 12;
        let mut form_end = 8 + u64::from(form.declared);
        if dialect == Dialect::Rf64 && got >= 20 && &head[12..16] == b"ds64" {
            let size = u64::from(word(dialect, [head[16], head[17], head[18], head[19]]));
            let mut sizes = [0; 8];
            if size >= DS64_LEN - 4 && read_at(source, 20, &mut sizes)? == 8 {
                form.ds64 = Some(20);
                form_end = u64::from_le_bytes(sizes).saturating_add(8);
            }
            first = 20 + size + size % 2;
        }
        form.settle(first, form_end);
        Ok(form)
    }

    /// Finds out whether the sizes agree, and which chunks belong to the form.
    fn settle(&mut self, first: u64, form_end: u64) {
        let mut position = first;
        let mut agree = true;
        self.inside = self.chunks.len();
        for (at, chunk) in self.chunks.iter().enumerate() {
            if position == form_end {
                self.inside = at;
                break;
            }
            if chunk.start != position + 8 || chunk.claimed != Some(chunk.len) {
                agree = false;
                break;
            }
            position = chunk.start + chunk.len + chunk.len % 2;
        }
        let samples: &[u8; 4] = if self.is_aiff() { b"SSND" } else { b"data" };
        if !self.chunks[..self.inside].iter().any(|chunk| &chunk.id == samples) {
            // A size that leaves the samples out cannot be meant.
            self.inside = self.chunks.len();
        } else if agree && position == form_end && position <= self.file_len {
            self.clean_end = Some(position);
        }
    }

    /// The first chunk of the form with one of these codes.
    pub(super) fn find(&self, ids: &[&[u8; 4]]) -> Option<Chunk> {
        self.chunks[..self.inside].iter().find(|chunk| ids.contains(&&chunk.id)).copied()
    }

    /// Content of a chunk that is all there.
    pub(super) fn content<S: Source>(&self, source: &mut S, chunk: &Chunk) -> Result<Vec<u8>, Fault> {
        if chunk.claimed != Some(chunk.len) {
            let name = String::from_utf8_lossy(&chunk.id).into_owned();
            return Err(malformed(format!("its chunk {name:?} is cut short")));
        }
        bytes_at(source, chunk.start..chunk.start + chunk.len, MAX_CONTENT)
    }

    /// The first INFO list.
    pub(super) fn find_info<S: Source>(&self, source: &mut S) -> Result<Option<Chunk>, Fault> {
        for chunk in self.chunks[..self.inside].iter().filter(|chunk| &chunk.id == b"LIST") {
            let mut kind = [0; 4];
            if chunk.len >= 4 && read_at(source, chunk.start, &mut kind)? == 4 && &kind == b"INFO" {
                return Ok(Some(*chunk));
            }
        }
        Ok(None)
    }

    /// Gives a chunk other content; `filler` makes the parity of its length right. Nothing happens where that is what it
    /// has.
    pub(super) fn replace(&mut self, chunk: &Chunk, old: &[u8], mut content: Vec<u8>, filler: u8) {
        if !(content.len() as u64 + chunk.len).is_multiple_of(2) {
            content.push(filler);
        }
        if content == old {
            return;
        }
        let bytes = chunk_bytes(self.dialect, &chunk.id, &content);
        self.edits.push((chunk.start - 8..chunk.start + chunk.len, bytes));
    }

    /// Adds a chunk.
    pub(super) fn add(&mut self, id: &[u8; 4], mut content: Vec<u8>, filler: u8) {
        if content.len() % 2 == 1 {
            content.push(filler);
        }
        self.added.extend(chunk_bytes(self.dialect, id, &content));
    }

    /// Whether any chunk is to be another than it was.
    pub(super) fn is_changed(&self) -> bool {
        !self.edits.is_empty() || !self.added.is_empty()
    }

    #[cfg(test)]
    pub(super) fn set_max_form(&mut self, max_form: u64) {
        self.max_form = max_form;
    }

    /// The recipe of all changes.
    pub(super) fn recipe<S: Source>(mut self, source: &mut S) -> Result<Recipe, Fault> {
        let data_id = if self.is_aiff() { b"SSND" } else { b"data" };
        let data = self.find(&[data_id]).ok_or_else(|| malformed("it has no chunk with samples"))?;
        if !self.added.is_empty() {
            let at = self.clean_end.unwrap_or(data.start - 8);
            self.edits.push((at..at, std::mem::take(&mut self.added)));
        }
        let grown: i64 =
            self.edits.iter().map(|(range, new)| new.len() as i64 - (range.end - range.start) as i64).sum();
        self.set_sizes(source, &data, grown)?;
        // An edit that adds comes before one that replaces at the same place.
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut recipe = Recipe::default();
        let mut at = 0;
        for (range, new) in &self.edits {
            recipe.keep(at..range.start);
            recipe.add(new);
            at = range.end;
        }
        recipe.keep(at..self.file_len);
        Ok(recipe)
    }

    /// Says the new size of the form where sizes of forms stand.
    fn set_sizes<S: Source>(&mut self, source: &mut S, data: &Chunk, grown: i64) -> Result<(), Fault> {
        if let Some(ds64) = self.ds64 {
            let mut old = [0; 8];
            read_at(source, ds64, &mut old)?;
            let old = u64::from_le_bytes(old);
            // Sizes that were never filled in stay so.
            if old != 0 && old != u64::MAX {
                let new = old.saturating_add_signed(grown);
                self.edits.push((ds64..ds64 + 8, new.to_le_bytes().to_vec()));
            }
        }
        let beyond = 8 + u64::from(self.declared) > self.file_len;
        let unknown =
            self.declared == 0 || self.declared == u32::MAX || (self.declared >= STREAMED_SIZE && beyond);
        if unknown {
            return Ok(());
        }
        let new = u64::from(self.declared).saturating_add_signed(grown);
        if new <= self.max_form {
            let new = new as u32;
            let bytes = if self.dialect.is_big_endian() { new.to_be_bytes() } else { new.to_le_bytes() };
            self.edits.push((4..8, bytes.to_vec()));
            return Ok(());
        }
        if self.dialect != Dialect::Riff || self.clean_end.is_none() {
            return Err(unsupported("the file would grow beyond 4 GB, which this form of it cannot"));
        }
        self.become_rf64(source, data, new)
    }

    /// EBU Tech 3306: a ds64 chunk before all others has the sizes, the 32-bit ones are all ones.
    fn become_rf64<S: Source>(&mut self, source: &mut S, data: &Chunk, form: u64) -> Result<(), Fault> {
        let block = match self.find(&[b"fmt "]) {
            Some(fmt) => self
                .content(source, &fmt)?
                .get(12..14)
                .map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]])),
            None => 0,
        };
        let samples = data.len / u64::from(block.max(1));
        let mut ds64 = Vec::with_capacity(DS64_LEN as usize);
        for value in [form + 8 + DS64_LEN, data.len, samples] {
            ds64.extend(value.to_le_bytes());
        }
        ds64.extend(0u32.to_le_bytes());
        self.edits.push((0..8, b"RF64\xff\xff\xff\xff".to_vec()));
        self.edits.push((12..12, chunk_bytes(self.dialect, b"ds64", &ds64)));
        self.edits.push((data.start - 4..data.start, u32::MAX.to_le_bytes().to_vec()));
        Ok(())
    }

    fn is_aiff(&self) -> bool {
        matches!(self.dialect, Dialect::Aiff | Dialect::Aifc)
    }
}

/// The samples, and the fingerprints of all chunks that are not ours to change.
pub(super) fn audio<S: Source>(source: &mut S, dialect: Dialect) -> Result<Audio, Fault> {
    let layout = riff::walk(source)?.ok_or_else(|| malformed("it has no chunks"))?;
    let data_id = if matches!(dialect, Dialect::Aiff | Dialect::Aifc) { b"SSND" } else { b"data" };
    let mut audio = Audio::default();
    for chunk in &layout.chunks {
        let range = chunk.start..chunk.start + chunk.len;
        let mut kind = [0; 4];
        let is_info = &chunk.id == b"LIST"
            && read_at(source, chunk.start, &mut kind)?.min(chunk.len as usize) == 4
            && &kind == b"INFO";
        match &chunk.id {
            b"iXML" | b"ixml" | b"bext" | b"id3 " | b"ID3 " => {}
            _ if is_info => {}
            id if id == data_id => audio.ranges.push(range),
            id => {
                audio.more.extend(id);
                audio.more.extend(fingerprint(source, range)?.to_le_bytes());
            }
        }
    }
    if audio.ranges.is_empty() {
        return Err(malformed("it has no chunk with samples"));
    }
    Ok(audio)
}

fn fingerprint<S: Source>(source: &mut S, range: Range<u64>) -> Result<u128, Fault> {
    let mut hash = Xxh3::new();
    let mut at = range.start;
    let mut block = vec![0; 1 << 16];
    while at < range.end {
        let wanted = block.len().min(usize::try_from(range.end - at).unwrap_or(usize::MAX));
        let got = read_at(source, at, &mut block[..wanted])?;
        if got == 0 {
            break;
        }
        hash.update(&block[..got]);
        at += got as u64;
    }
    Ok(hash.digest128())
}

fn chunk_bytes(dialect: Dialect, id: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let size = content.len() as u32;
    let mut bytes = id.to_vec();
    bytes.extend(if dialect.is_big_endian() { size.to_be_bytes() } else { size.to_le_bytes() });
    bytes.extend_from_slice(content);
    bytes
}

fn word(dialect: Dialect, bytes: [u8; 4]) -> u32 {
    if dialect.is_big_endian() { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;
    use crate::rewrite::{Values, digest, wave};
    use std::io::Cursor;

    /// A WAV file of so many 16-bit samples of two channels, with a chunk behind them.
    fn file(samples: u32) -> Vec<u8> {
        let mut bytes =
            b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0data".to_vec();
        bytes.extend((samples * 4).to_le_bytes());
        bytes.extend((0..samples * 4).map(|at| (at / 3) as u8));
        bytes.extend(b"odd \x03\0\0\0abc\0");
        let size = bytes.len() as u32 - 8;
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        bytes
    }

    fn values() -> Values {
        let fields = Fields { cat_id: Some("DOORWood".into()), ..Fields::default() };
        Values::new(&fields, Default::default())
    }

    #[test]
    fn a_file_that_grows_beyond_32_bits_becomes_rf64() {
        let old = file(1000);
        let mut source = Cursor::new(&old);
        let mut form = Form::read(&mut source, Dialect::Riff).unwrap();
        form.set_max_form(old.len() as u64);
        wave::plan(&mut form, &mut source, Dialect::Riff, &values()).unwrap();
        let recipe = form.recipe(&mut source).unwrap();
        let mut new = Vec::new();
        recipe.write(&mut source, &mut new).unwrap();
        assert!(new.starts_with(b"RF64\xff\xff\xff\xffWAVEds64\x1c\0\0\0"));
        let long = |at: usize| u64::from_le_bytes(new[at..at + 8].try_into().unwrap());
        assert_eq!((long(20), long(28), long(36)), (new.len() as u64 - 8, 4000, 1000));
        let layout = riff::walk(&mut Cursor::new(&new)).unwrap().unwrap();
        let data = layout.find(b"data").unwrap();
        assert_eq!(data.claimed, Some(4000));
        assert_eq!(new[data.start as usize - 4..data.start as usize], [0xff; 4]);
        let proof = |bytes: &[u8], dialect| {
            let mut source = Cursor::new(bytes);
            let audio = audio(&mut source, dialect).unwrap();
            digest(&mut source, &audio).unwrap().1
        };
        assert_eq!(proof(&new, Dialect::Rf64), proof(&old, Dialect::Riff));
        let (inverse, saved) = recipe.inverse(old.len() as u64);
        let saved: Vec<u8> =
            saved.iter().flat_map(|range| &old[range.start as usize..range.end as usize]).copied().collect();
        let mut back = Vec::new();
        inverse.write(&mut Cursor::new(&new), &saved, &mut back).unwrap();
        assert!(back == old);
        // And from there on it grows as what it is.
        let mut source = Cursor::new(&new);
        let again = wave::recipe(&mut source, Dialect::Rf64, &values()).unwrap();
        let mut newer = Vec::new();
        again.write(&mut source, &mut newer).unwrap();
        assert_eq!(u64::from_le_bytes(newer[20..28].try_into().unwrap()), newer.len() as u64 - 8);
        assert_eq!(proof(&newer, Dialect::Rf64), proof(&old, Dialect::Riff));
    }

    #[test]
    fn what_cannot_become_rf64_is_not_let_grow() {
        let mut torn = file(1000);
        // The size of the form is not that of its chunks.
        torn[4] ^= 2;
        let mut source = Cursor::new(&torn);
        let mut form = Form::read(&mut source, Dialect::Riff).unwrap();
        form.set_max_form(torn.len() as u64);
        wave::plan(&mut form, &mut source, Dialect::Riff, &values()).unwrap();
        assert!(matches!(form.recipe(&mut source), Err(Fault::Unsupported(_))));
    }
}
