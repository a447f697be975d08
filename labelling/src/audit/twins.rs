//! Sounds that are as good as the same with different labels: equal bytes, or embeddings alike frame by frame.

use std::collections::{BTreeSet, HashMap};

use earmark_engine::index::{Snapshot, SoundId};
use earmark_engine::search::Neighbours;
use earmark_engine::ucs::CatIndex;

use super::{Finding, FindingKind, Judged, related};
use crate::evidence::CatShare;

/// Cosine from which a neighbour's frame may be that of a twin; the whole is compared then.
const LIKELY: f32 = 0.97;
/// Mean cosine of frames in order from which sounds are twins.
const TWIN: f32 = 0.985;
/// Lengths differ by no more of the longer one.
const LENGTH: f64 = 0.02;
/// Frames compared at most.
const FRAMES: usize = 64;
/// One of the two labels is wrong; which, is not known.
const GAIN: f32 = 0.5;

/// Neighbours with another label that may be twins.
pub(super) fn likely(label: CatIndex, near: &Neighbours) -> Vec<(SoundId, CatIndex)> {
    let near = near.frames.iter().flat_map(|(_, near)| near);
    let likely = near.filter(|near| near.vote.cosine >= LIKELY && near.vote.cat != label.to_u16());
    let others: BTreeSet<(SoundId, u16)> = likely.map(|near| (near.vote.sound, near.vote.cat)).collect();
    others.into_iter().filter_map(|(sound, cat)| Some((sound, CatIndex::new(cat)?))).collect()
}

/// Findings about twins, one for each pair.
pub(super) fn disagreeing(snapshot: &Snapshot, judged: &[Judged]) -> Vec<Finding> {
    let mut pairs: BTreeSet<(SoundId, SoundId)> = BTreeSet::new();
    let mut findings = Vec::new();
    let mut by_bytes: HashMap<(u64, u64), Vec<&Judged>> = HashMap::new();
    for sound in judged {
        let Some(row) = snapshot.get(sound.id).map(|sound| sound.row) else { continue };
        by_bytes.entry((row.hash_low, row.hash_high)).or_default().push(sound);
    }
    let mut copies: Vec<Vec<&Judged>> = by_bytes.into_values().filter(|copies| copies.len() > 1).collect();
    copies.sort_by_key(|copies| copies[0].id);
    for copies in copies {
        let first = copies[0];
        for other in copies.iter().filter(|other| other.label != first.label) {
            pairs.insert((first.id, other.id));
            findings.push(finding(snapshot, first, (other.id, other.label), "has the same bytes as", 1.0));
        }
    }
    for sound in judged {
        for (other, cat) in sound.likely_twins.iter().copied() {
            let pair = (sound.id.min(other), sound.id.max(other));
            if pairs.contains(&pair) {
                continue;
            }
            let Some(cosine) = likeness(snapshot, sound.id, other).filter(|cosine| *cosine >= TWIN) else {
                continue;
            };
            pairs.insert(pair);
            findings.push(finding(snapshot, sound, (other, cat), "is as good as the same as", cosine));
        }
    }
    findings
}

fn finding(
    snapshot: &Snapshot,
    sound: &Judged,
    (other, cat): (SoundId, CatIndex),
    how: &str,
    cosine: f32,
) -> Finding {
    let own = sound.label.cat_id();
    let other = related(snapshot, other);
    let name = other
        .as_ref()
        .map(|other| other.path.0.file_name().unwrap_or_default().to_string_lossy().into_owned());
    let message =
        format!("labelled {own}, but {how} {}, labelled {}", name.unwrap_or_default(), cat.cat_id());
    let mut finding = Finding::of(
        snapshot,
        sound.id,
        FindingKind::TwinsDisagree,
        GAIN + 0.4 * cosine.clamp(0.0, 1.0),
        message,
    );
    // Both labels, with what the neighbours of both say for them.
    let (own, others) = (sound.heard.of(sound.label), sound.heard.of(cat));
    finding.suggested.push(CatShare { cat, share: others });
    finding.suggested.push(CatShare { cat: sound.label, share: own });
    finding.suggested.sort_by(|a, b| b.share.total_cmp(&a.share));
    finding.related.extend(other);
    finding
}

/// Mean cosine of the frames of two sounds in order; `None` where these do not correspond.
fn likeness(snapshot: &Snapshot, a: SoundId, b: SoundId) -> Option<f32> {
    let (a, b) = (snapshot.get(a)?, snapshot.get(b)?);
    let longer = a.row.duration_s.max(b.row.duration_s);
    if (a.row.duration_s - b.row.duration_s).abs() > LENGTH * longer || a.row.frame_count != b.row.frame_count
    {
        return None;
    }
    let (a, b) = (a.frames().ok()?, b.frames().ok()?);
    let count = a.len().min(FRAMES);
    if count == 0 {
        return None;
    }
    let mut sum = 0.0;
    for ((row_a, a), (row_b, b)) in a.zip(b).take(count) {
        let dot: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
        sum += dot as f32 * row_a.scale * row_b.scale;
    }
    Some(sum / count as f32)
}
