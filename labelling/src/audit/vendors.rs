//! Categories that one vendor uses for what the others file elsewhere.
//!
//! A vendor is a CreatorID, of the metadata or of a UCS file name, else the topmost folder. Each sound of a vendor and
//! category is judged by its closest neighbours of the other vendors alone; where most of a vendor's sounds of a category
//! are what the others call another, and hardly any what they call the same, the use differs.

use std::collections::{BTreeMap, HashMap};

use earmark_engine::index::{Snapshot, SoundId, SoundRef};
use earmark_engine::search::{Neighbour, Neighbours, Vote};
use earmark_engine::ucs::{CatIndex, file_name};

use super::versions::head;
use super::{Finding, FindingKind, related};
use crate::evidence::CatShare;
use crate::hearing::Heard;

/// Sounds of a vendor in a category that make a use.
const FEWEST: usize = 5;
/// Part of them that the others call by one other name.
const MOST: f32 = 0.6;
/// Part of them that the others call the same, at most.
const SAME: f32 = 0.2;
/// Share of the vote from which a sound counts as called by a name.
const CALLED: f32 = 0.25;
/// How likely one of the sounds is labelled anew because of it.
const GAIN_PER_SOUND: f32 = 0.3;
/// Sounds named.
const NAMED: usize = 10;

/// Who made a sound.
pub(super) fn vendor_of(sound: &SoundRef<'_>) -> Option<String> {
    let from_metadata = sound.details().ok().and_then(|details| details.creator_id);
    let path = sound.path().ok()?;
    let from_name = || {
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        let creator_id = match file_name::parse_tolerant(&stem) {
            Ok(read) => read.name.creator_id,
            // Its CatID is of another version, its blocks are the same.
            Err(_) => head(&stem).and_then(|_| stem.split('_').nth(2))?.trim().to_owned(),
        };
        Some(creator_id).filter(|creator| !creator.is_empty())
    };
    let from_folder = || {
        let mut parts = path.components();
        let first = parts.next()?.as_os_str().to_string_lossy().into_owned();
        parts.next().map(|_| first)
    };
    from_metadata.or_else(from_name).or_else(from_folder)
}

#[derive(Default)]
struct Use {
    sounds: Vec<SoundId>,
    judged: usize,
    same: usize,
    others: BTreeMap<CatIndex, usize>,
}

/// How vendors use categories, gathered sound by sound.
pub(super) struct Vendors {
    names: Vec<String>,
    of_sound: HashMap<SoundId, u32>,
    uses: BTreeMap<(u32, CatIndex), Use>,
}

impl Vendors {
    /// Of labelled sounds.
    pub(super) fn new(snapshot: &Snapshot, sounds: &[SoundId]) -> Self {
        let mut vendors = Self { names: Vec::new(), of_sound: HashMap::new(), uses: BTreeMap::new() };
        let mut numbers: HashMap<String, u32> = HashMap::new();
        for id in sounds {
            let Some(vendor) = snapshot.get(*id).and_then(|sound| vendor_of(&sound)) else { continue };
            let number = *numbers.entry(vendor).or_insert_with_key(|vendor| {
                vendors.names.push(vendor.clone());
                vendors.names.len() as u32 - 1
            });
            vendors.of_sound.insert(*id, number);
        }
        vendors
    }

    /// Takes a sound with its neighbours.
    pub(super) fn take(&mut self, id: SoundId, label: CatIndex, near: &Neighbours) {
        let Some(vendor) = self.of_sound.get(&id).filter(|_| self.names.len() > 1) else { return };
        let used = self.uses.entry((*vendor, label)).or_default();
        used.sounds.push(id);
        let of_others =
            |near: &&Neighbour| self.of_sound.get(&near.vote.sound).is_some_and(|other| other != vendor);
        let frames = near.frames.iter();
        let others = Neighbours {
            frames: frames
                .map(|(at, near)| (*at, near.iter().filter(of_others).copied().collect()))
                .collect(),
        };
        let heard = Heard::new(&others, |_: &Vote| true);
        let Some((called, share)) = heard.best().filter(|best| best.1 >= CALLED) else { return };
        used.judged += 1;
        if called == label || heard.of(label) > 0.5 * share {
            used.same += 1;
        } else {
            *used.others.entry(called).or_default() += 1;
        }
    }

    /// Findings about uses that differ.
    pub(super) fn findings(self, snapshot: &Snapshot) -> Vec<Finding> {
        let mut findings = Vec::new();
        for ((vendor, label), mut used) in self.uses {
            used.sounds.sort_unstable();
            let Some((called, count)) = used.others.iter().max_by_key(|(_, count)| **count) else { continue };
            let part = *count as f32 / used.judged.max(1) as f32;
            let same = used.same as f32 / used.judged.max(1) as f32;
            if used.judged < FEWEST || part < MOST || same > SAME {
                continue;
            }
            let name = &self.names[vendor as usize];
            let message = format!(
                "{name} files as {} what the others file as {} ({count} of {} sounds judged)",
                label.cat_id(),
                called.cat_id(),
                used.judged
            );
            let gain = GAIN_PER_SOUND * part * used.sounds.len() as f32;
            let mut finding = Finding::of(snapshot, used.sounds[0], FindingKind::Inconsistent, gain, message);
            finding.suggested.push(CatShare { cat: *called, share: part });
            finding
                .related
                .extend(used.sounds[1..].iter().take(NAMED).filter_map(|id| related(snapshot, *id)));
            findings.push(finding);
        }
        findings
    }
}
