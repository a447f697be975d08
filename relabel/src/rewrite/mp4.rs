//! MP4 files (M4A, ALAC and kin): free-form tags of iTunes; where the samples move, their offsets are moved with them.
//!
//! Sources: ISO 14496-12 §4.2 (boxes), §8.7.5 (`stco`, `co64`), §8.11 (`meta`); Apple *QuickTime File Format*, metadata.

use std::ops::Range;

use super::recipe::{Audio, Recipe, bytes_at, length, read_at};
use super::values::{Values, folded};
use super::{Fault, Source, malformed, unsupported};

/// The most that is read of the description of a movie.
const MAX_MOOV: u64 = 512 << 20;
/// Boxes that are looked at on one level.
const MAX_BOXES: usize = 1 << 16;
/// Boxes on the way to the tables of offsets.
const CONTAINERS: [&[u8; 4]; 4] = [b"trak", b"mdia", b"minf", b"stbl"];
/// Boxes within boxes on that way; hostile files have more.
const MAX_DEPTH: usize = 8;
const MEAN: &[u8] = b"com.apple.iTunes";

/// A box of a file.
struct FileBox {
    kind: [u8; 4],
    whole: Range<u64>,
    content: Range<u64>,
}

fn file_boxes<S: Source>(source: &mut S) -> Result<Vec<FileBox>, Fault> {
    let end = length(source)?;
    let mut boxes = Vec::new();
    let mut position = 0;
    while position < end {
        let mut head = [0; 16];
        let got = read_at(source, position, &mut head)?;
        let kind = [head[4], head[5], head[6], head[7]];
        let size = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
        let (header, size) = match size {
            _ if got < 8 || boxes.len() == MAX_BOXES => return Err(malformed("its boxes have no end")),
            0 => (8, end - position),
            1 if got == 16 => {
                let mut wide = [0; 8];
                wide.copy_from_slice(&head[8..]);
                (16, u64::from_be_bytes(wide))
            }
            size => (8, size),
        };
        let stop = position.checked_add(size).filter(|stop| size >= header && *stop <= end);
        let stop = stop.ok_or_else(|| malformed("one of its boxes goes beyond its end"))?;
        boxes.push(FileBox { kind, whole: position..stop, content: position + header..stop });
        position = stop;
    }
    Ok(boxes)
}

/// A box within bytes.
struct InnerBox {
    kind: [u8; 4],
    whole: Range<usize>,
    content: Range<usize>,
}

/// Boxes within bytes. What follows the last (a zero, padding) is no box.
fn inner_boxes(bytes: &[u8]) -> Result<Vec<InnerBox>, Fault> {
    let mut boxes = Vec::new();
    let mut position = 0;
    while let Some(head) = bytes.get(position..position + 8) {
        let size = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        if size == 0 {
            break;
        }
        let end = position.checked_add(size).filter(|end| size >= 8 && *end <= bytes.len());
        let end = end.ok_or_else(|| malformed("a box within another goes beyond its end"))?;
        let kind = [head[4], head[5], head[6], head[7]];
        boxes.push(InnerBox { kind, whole: position..end, content: position + 8..end });
        position = end;
    }
    Ok(boxes)
}

fn find(bytes: &[u8], kind: &[u8; 4]) -> Result<Option<InnerBox>, Fault> {
    Ok(inner_boxes(bytes)?.into_iter().find(|found| &found.kind == kind))
}

/// A box of this content.
fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let size = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = (size as u32).to_be_bytes().to_vec();
    bytes.extend(kind);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// Gives a box within bytes other content, or adds it behind the last box.
fn with_box(bytes: &[u8], kind: &[u8; 4], new: &[u8]) -> Result<Vec<u8>, Fault> {
    let range = match find(bytes, kind)? {
        Some(found) => found.whole,
        None => {
            let end = inner_boxes(bytes)?.last().map_or(0, |last| last.whole.end);
            end..end
        }
    };
    Ok([&bytes[..range.start], new, &bytes[range.end..]].concat())
}

/// What is kept and what is new.
pub(super) fn recipe<S: Source>(source: &mut S, values: &Values) -> Result<Recipe, Fault> {
    let boxes = file_boxes(source)?;
    if boxes.iter().any(|found| &found.kind == b"moof") {
        return Err(unsupported("a fragmented MP4 file is not written to; remux it"));
    }
    let moov = movie(&boxes)?;
    let old = bytes_at(source, moov.content.clone(), MAX_MOOV)?;
    let udta = match find(&old, b"udta")? {
        Some(found) => user_data(&old[found.content], values)?,
        None => user_data(&[], values)?,
    };
    let mut new = with_box(&old, b"udta", &udta)?;
    let whole = boxed(b"moov", &[]).len() as u64 + new.len() as u64;
    if whole > u64::from(u32::MAX) {
        return Err(unsupported("a description of more than 4 GB"));
    }
    let shift = whole as i64 - (moov.whole.end - moov.whole.start) as i64;
    let end = moov.whole.end;
    patch_offsets(&mut new, &|offset| {
        if offset >= end { offset.checked_add_signed(shift) } else { Some(offset) }
    })?;
    let mut recipe = Recipe::default();
    recipe.keep(0..moov.whole.start);
    recipe.add(&boxed(b"moov", &[&new]));
    recipe.keep(moov.whole.end..length(source)?);
    Ok(recipe)
}

fn movie(boxes: &[FileBox]) -> Result<&FileBox, Fault> {
    boxes.iter().find(|found| &found.kind == b"moov").ok_or_else(|| malformed("it has no movie box"))
}

/// The box of user data.
fn user_data(old: &[u8], values: &Values) -> Result<Vec<u8>, Fault> {
    let meta = match find(old, b"meta")? {
        Some(found) => metadata(&old[found.content], values)?,
        None => {
            // "Metadata item list", as iTunes has it.
            let hdlr = boxed(b"hdlr", &[&[0; 8], b"mdirappl", &[0; 9]]);
            let list = boxed(b"ilst", &[&items(&[], values)?]);
            boxed(b"meta", &[&[0; 4], &hdlr, &list])
        }
    };
    Ok(boxed(b"udta", &[&with_box(old, b"meta", &meta)?]))
}

fn metadata(old: &[u8], values: &Values) -> Result<Vec<u8>, Fault> {
    // ISO files have version and flags here, those of QuickTime have none.
    let (version, rest) =
        if old.get(4..8) == Some(b"hdlr") { old.split_at(0) } else { old.split_at(4.min(old.len())) };
    if let Some(hdlr) = find(rest, b"hdlr")?
        && rest[hdlr.content].get(8..12) != Some(b"mdir")
    {
        return Err(unsupported("tags of another kind than iTunes has"));
    }
    let list = match find(rest, b"ilst")? {
        Some(found) => items(&rest[found.content], values)?,
        None => items(&[], values)?,
    };
    Ok(boxed(b"meta", &[version, &with_box(rest, b"ilst", &boxed(b"ilst", &[&list]))?]))
}

/// The items with the fields; those that are not ours keep their bytes.
fn items(old: &[u8], values: &Values) -> Result<Vec<u8>, Fault> {
    let named = values.named();
    let mut new = Vec::new();
    let mut described = false;
    let mut end = 0;
    for InnerBox { kind, whole, content } in inner_boxes(old)? {
        described |= matches!(&kind, b"desc" | b"ldes" | b"\xa9cmt");
        let ours = match &kind {
            b"----" => {
                name_of(&old[content])?.is_some_and(|name| named.iter().any(|named| named.user == name))
            }
            b"\xa9nam" => values.title().is_some(),
            _ => false,
        };
        if !ours {
            new.extend_from_slice(&old[whole.clone()]);
        }
        end = whole.end;
    }
    // It stays where it is from then on: before what is taken out and put behind anew each time.
    if let Some(description) = values.description().filter(|_| !described) {
        new.extend(boxed(b"desc", &[&text(description)]));
    }
    for named in &named {
        let mean = boxed(b"mean", &[&[0; 4], MEAN]);
        let name = boxed(b"name", &[&[0; 4], named.user.as_bytes()]);
        new.extend(boxed(b"----", &[&mean, &name, &text(named.value)]));
    }
    if let Some(title) = values.title() {
        new.extend(boxed(b"\xa9nam", &[&text(title)]));
    }
    new.extend_from_slice(&old[end..]);
    Ok(new)
}

/// A value of the kind UTF-8, without a language.
fn text(value: &str) -> Vec<u8> {
    boxed(b"data", &[&1u32.to_be_bytes(), &[0; 4], value.as_bytes()])
}

/// Under which name a free-form item holds a field.
fn name_of(item: &[u8]) -> Result<Option<String>, Fault> {
    let name = find(item, b"name")?.and_then(|found| item[found.content].get(4..));
    Ok(name.map(|name| folded(&String::from_utf8_lossy(name))))
}

/// Changes every offset of samples in the content of a movie box.
fn patch_offsets(bytes: &mut [u8], change: &dyn Fn(u64) -> Option<u64>) -> Result<(), Fault> {
    patch_within(bytes, change, 0)
}

fn patch_within(bytes: &mut [u8], change: &dyn Fn(u64) -> Option<u64>, depth: usize) -> Result<(), Fault> {
    if depth > MAX_DEPTH {
        return Err(malformed("its boxes are nested too deep"));
    }
    let far = || unsupported("its samples would move beyond what its tables can say");
    for InnerBox { kind, content, .. } in inner_boxes(bytes)? {
        let table = &mut bytes[content];
        match &kind {
            kind if CONTAINERS.contains(&kind) => patch_within(table, change, depth + 1)?,
            b"stco" => {
                for entry in entries(table, 4)? {
                    let offset = u32::from_be_bytes([entry[0], entry[1], entry[2], entry[3]]);
                    let new =
                        change(offset.into()).and_then(|new| u32::try_from(new).ok()).ok_or_else(far)?;
                    entry.copy_from_slice(&new.to_be_bytes());
                }
            }
            b"co64" => {
                for entry in entries(table, 8)? {
                    let mut wide = [0; 8];
                    wide.copy_from_slice(entry);
                    let new = change(u64::from_be_bytes(wide)).ok_or_else(far)?;
                    entry.copy_from_slice(&new.to_be_bytes());
                }
            }
            b"saio" => return Err(unsupported("an encrypted MP4 file is not written to")),
            _ => {}
        }
    }
    Ok(())
}

/// Entries of a table: version and flags, a count, then so many of this width.
fn entries(table: &mut [u8], width: usize) -> Result<std::slice::ChunksExactMut<'_, u8>, Fault> {
    let cut = || malformed("a table of offsets is cut short");
    let count = table.get(4..8).ok_or_else(cut)?;
    let count = u32::from_be_bytes([count[0], count[1], count[2], count[3]]) as usize;
    let end = count.checked_mul(width).and_then(|length| length.checked_add(8)).ok_or_else(cut)?;
    Ok(table.get_mut(8..end).ok_or_else(cut)?.chunks_exact_mut(width))
}

/// The samples, and of the description all but the user data, offsets counted from where their samples begin.
pub(super) fn audio<S: Source>(source: &mut S) -> Result<Audio, Fault> {
    let boxes = file_boxes(source)?;
    let mut audio = Audio::default();
    for found in boxes.iter().filter(|found| &found.kind != b"moov") {
        audio.more.extend(found.kind);
        audio.ranges.push(found.content.clone());
    }
    let mut movie = bytes_at(source, movie(&boxes)?.content.clone(), MAX_MOOV)?;
    if let Some(found) = find(&movie, b"udta")? {
        movie.drain(found.whole);
    }
    patch_offsets(&mut movie, &|offset| {
        let inside = boxes.iter().position(|found| found.content.contains(&offset));
        // The number of the box keeps offsets into several of them apart.
        Some(inside.map_or(offset, |at| (offset - boxes[at].content.start) ^ at as u64))
    })?;
    audio.more.extend(movie);
    Ok(audio)
}
