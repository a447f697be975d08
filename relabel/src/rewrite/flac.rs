//! FLAC files: the VORBIS_COMMENT block; all other blocks, padding among them, stay (RFC 9639 §8).

use std::ops::Range;

use super::recipe::{Audio, Recipe, bytes_at, length, read_at};
use super::values::Values;
use super::{Fault, Source, id3, malformed, unsupported, vorbis};

const VORBIS_COMMENT: u8 = 4;
const LAST: u8 = 0x80;
/// A block cannot be longer; its length has 24 bits.
const MAX_BLOCK: u64 = (1 << 24) - 1;
/// No honest file has more blocks.
const MAX_BLOCKS: usize = 4096;
/// Tags before the stream, which some programs put there.
const MAX_TAGS: usize = 8;

/// A metadata block.
struct Block {
    kind: u8,
    last: bool,
    /// Without its header of four bytes.
    content: Range<u64>,
}

/// Where the stream begins, perhaps behind ID3 tags.
pub(super) fn begins_at<S: Source>(source: &mut S) -> Result<Option<u64>, Fault> {
    let mut position = 0u64;
    for _ in 0..MAX_TAGS {
        let mut head = [0; 10];
        let got = read_at(source, position, &mut head)?;
        if head[..got].starts_with(b"fLaC") {
            return Ok(Some(position));
        }
        match id3::tag_len(&head[..got]) {
            Some(tag) => position = position.saturating_add(tag),
            None => break,
        }
    }
    Ok(None)
}

fn blocks<S: Source>(source: &mut S) -> Result<(u64, Vec<Block>), Fault> {
    let start = begins_at(source)?.ok_or_else(|| malformed("it is no FLAC stream"))?;
    let end = length(source)?;
    let mut blocks = Vec::new();
    let mut position = start + 4;
    while blocks.len() < MAX_BLOCKS {
        let mut head = [0; 4];
        if read_at(source, position, &mut head)? < 4 {
            return Err(malformed("it ends within its metadata"));
        }
        let content =
            position + 4..position + 4 + u64::from(u32::from_be_bytes([0, head[1], head[2], head[3]]));
        if content.end > end {
            return Err(malformed("it ends within its metadata"));
        }
        position = content.end;
        let last = head[0] & LAST != 0;
        blocks.push(Block { kind: head[0] & !LAST, last, content });
        if last {
            return Ok((start, blocks));
        }
    }
    Err(malformed("its metadata has no end"))
}

/// What is kept and what is new.
pub(super) fn recipe<S: Source>(source: &mut S, values: &Values) -> Result<Recipe, Fault> {
    let (start, blocks) = blocks(source)?;
    let mut recipe = Recipe::default();
    if start > 0 {
        // A tag before the stream must not contradict the comments.
        let old = bytes_at(source, 0..start, 64 << 20)?;
        let tag = id3::tag_len(&old).unwrap_or(0).min(start);
        recipe.add(&id3::update(Some(&old[..tag as usize]), values)?);
        recipe.keep(tag..start);
    }
    let comments = blocks.iter().find(|block| block.kind == VORBIS_COMMENT);
    let old = comments.map(|block| bytes_at(source, block.content.clone(), MAX_BLOCK)).transpose()?;
    let (mut new, rest) = vorbis::update(old.as_deref(), values)?;
    new.extend(rest);
    let size = u32::try_from(new.len()).ok().filter(|size| u64::from(*size) <= MAX_BLOCK);
    let size = size.ok_or_else(|| unsupported("comments of more than 16 MB"))?.to_be_bytes();
    let head = |last: bool| [VORBIS_COMMENT | if last { LAST } else { 0 }, size[1], size[2], size[3]];
    let end = length(source)?;
    match comments {
        Some(block) => {
            recipe.keep(start..block.content.start - 4);
            recipe.add(&head(block.last));
            recipe.add(&new);
            recipe.keep(block.content.end..end);
        }
        None => {
            let first = blocks.first().ok_or_else(|| malformed("it has no metadata"))?;
            recipe.keep(start..first.content.start - 4);
            if first.last {
                recipe.add(&[first.kind]);
                recipe.keep(first.content.start - 3..first.content.end);
            } else {
                recipe.keep(first.content.start - 4..first.content.end);
            }
            recipe.add(&head(first.last));
            recipe.add(&new);
            recipe.keep(first.content.end..end);
        }
    }
    Ok(recipe)
}

/// The frames, and all metadata blocks but the comments.
pub(super) fn audio<S: Source>(source: &mut S) -> Result<Audio, Fault> {
    let (_, blocks) = blocks(source)?;
    let mut audio = Audio::default();
    let mut end = 0;
    for block in blocks {
        if block.kind != VORBIS_COMMENT {
            audio.more.push(block.kind);
            audio.ranges.push(block.content.clone());
        }
        end = block.content.end;
    }
    audio.ranges.push(end..length(source)?);
    Ok(audio)
}
