//! What must be known of a font file to choose it, read from its tables without loading it: a system has gigabytes of
//! fonts, of which a few kilobytes each say which characters they have.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use skrifa::raw::tables::cmap::Cmap;
use skrifa::raw::{FontData, FontRead};

/// Faces of a collection that are looked at.
const MOST_FACES: u32 = 64;
/// Longest table of characters that is read; the largest fonts have half a megabyte.
const MOST_CMAP: u32 = 8 << 20;

/// A face of a font file.
pub(super) struct Face {
    /// Its place in the file, from 0.
    pub(super) index: u32,
    /// Weight, 1 to 1000; 400 is regular (OpenType, OS/2 `usWeightClass`).
    pub(super) weight: u16,
    /// Width, 1 to 9; 5 is normal (OS/2 `usWidthClass`).
    pub(super) width: u16,
    /// Whether it is italic or oblique (OS/2 `fsSelection`).
    pub(super) italic: bool,
    /// Code pages that it was made for (OS/2 `ulCodePageRange1`).
    pub(super) code_pages: u32,
    /// Whether it has axes of variation.
    pub(super) variable: bool,
    cmap: Vec<u8>,
}

impl Face {
    /// Whether it has a glyph for a character.
    pub(super) fn has(&self, character: char) -> bool {
        Cmap::read(FontData::new(&self.cmap))
            .ok()
            .and_then(|cmap| cmap.map_codepoint(character))
            .is_some_and(|glyph| glyph.to_u32() != 0)
    }
}

/// The faces of a font file that can be drawn as outlines (OpenType 1.9, "Organization of an OpenType font").
///
/// # Errors
/// The file cannot be read or is no font.
pub(super) fn faces_of(path: &Path) -> io::Result<Vec<Face>> {
    let mut file = File::open(path)?;
    let mut head = [0; 12];
    file.read_exact(&mut head)?;
    if head[..4] != *b"ttcf" {
        return Ok(face_at(&mut file, 0, 0)?.into_iter().collect());
    }
    let count = be_u32(&head, 8).min(MOST_FACES);
    let mut offsets = vec![0; count as usize * 4];
    file.read_exact(&mut offsets)?;
    let mut faces = Vec::new();
    for index in 0..count {
        faces.extend(face_at(&mut file, be_u32(&offsets, index as usize * 4), index)?);
    }
    Ok(faces)
}

/// Where a table lies in the file.
#[derive(Clone, Copy)]
struct Table {
    offset: u32,
    length: u32,
}

fn face_at(file: &mut File, offset: u32, index: u32) -> io::Result<Option<Face>> {
    let mut head = [0; 12];
    file.seek(SeekFrom::Start(u64::from(offset)))?;
    file.read_exact(&mut head)?;
    let mut directory = vec![0; usize::from(u16::from_be_bytes([head[4], head[5]])) * 16];
    file.read_exact(&mut directory)?;
    let table = |tag: &[u8; 4]| {
        let record = directory.chunks_exact(16).find(|record| record[..4] == *tag)?;
        Some(Table { offset: be_u32(record, 8), length: be_u32(record, 12) })
    };
    // Fonts of bitmaps or colours alone cannot be drawn.
    let outlines = [b"glyf", b"CFF ", b"CFF2"].into_iter().any(|tag| table(tag).is_some());
    let (Some(cmap), true) = (table(b"cmap").filter(|cmap| cmap.length <= MOST_CMAP), outlines) else {
        return Ok(None);
    };
    let os2 = match table(b"OS/2") {
        Some(os2) if os2.length >= 82 => read(file, Table { length: 82, ..os2 })?,
        // Regular, normal, upright, for no code page in particular.
        _ => Vec::new(),
    };
    let u16_at = |at: usize, otherwise: u16| {
        os2.get(at..at + 2).map_or(otherwise, |bytes| u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    Ok(Some(Face {
        index,
        weight: u16_at(4, 400),
        width: u16_at(6, 5),
        italic: u16_at(62, 0) & 0x0201 != 0,
        code_pages: if os2.is_empty() { 0 } else { be_u32(&os2, 78) },
        variable: table(b"fvar").is_some(),
        cmap: read(file, cmap)?,
    }))
}

fn read(file: &mut File, table: Table) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(u64::from(table.offset)))?;
    let mut bytes = Vec::new();
    // What the directory claims may be more than there is.
    file.take(u64::from(table.length)).read_to_end(&mut bytes)?;
    if bytes.len() == table.length as usize { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn be_u32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).map_or(0, |four| u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
}
