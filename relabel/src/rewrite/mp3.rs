//! MPEG audio files: the ID3v2 tag before the frames. What follows them (ID3v1, APE) is kept.

use super::recipe::{Audio, Recipe, bytes_at, length, read_at};
use super::values::Values;
use super::{Fault, Source, id3};

/// How far behind a tag the first frame is looked for.
const SEARCHED: usize = 1 << 16;
/// The most that is read of a tag.
const MAX_TAG: u64 = 64 << 20;

/// Whether MPEG audio frames begin the stream, perhaps behind a tag.
pub(super) fn is_mpeg<S: Source>(source: &mut S) -> Result<bool, Fault> {
    let tag = tag_end(source)?;
    let mut bytes = vec![0; SEARCHED];
    let got = read_at(source, tag, &mut bytes)?;
    let mut headers = bytes[..got].windows(4);
    // Without a tag only a frame at the very start tells.
    Ok(if tag == 0 { headers.next().is_some_and(is_frame) } else { headers.any(is_frame) })
}

/// ISO 11172-3 §2.4.2.3: synchronisation, a layer, a bit rate and a sampling rate.
fn is_frame(head: &[u8]) -> bool {
    let layer = head[1] >> 1 & 3;
    head[0] == 0xff
        && head[1] & 0xe0 == 0xe0
        && head[1] >> 3 & 3 != 1
        && layer != 0
        && head[2] >> 4 != 0xf
        && head[2] >> 2 & 3 != 3
}

fn tag_end<S: Source>(source: &mut S) -> Result<u64, Fault> {
    let mut head = [0; 10];
    let got = read_at(source, 0, &mut head)?;
    let end = id3::tag_len(&head[..got]).unwrap_or(0);
    Ok(end.min(length(source)?))
}

/// What is kept and what is new.
pub(super) fn recipe<S: Source>(source: &mut S, values: &Values) -> Result<Recipe, Fault> {
    let end = tag_end(source)?;
    let old = bytes_at(source, 0..end, MAX_TAG)?;
    let mut recipe = Recipe::default();
    recipe.add(&id3::update((!old.is_empty()).then_some(&old[..]), values)?);
    recipe.keep(end..length(source)?);
    Ok(recipe)
}

/// Everything behind the tag.
pub(super) fn audio<S: Source>(source: &mut S) -> Result<Audio, Fault> {
    let range = tag_end(source)?..length(source)?;
    Ok(Audio { ranges: vec![range], more: Vec::new() })
}
