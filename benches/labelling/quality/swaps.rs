//! Finding labels that were swapped at random: one in twenty, seeded; five draws a set.
//!
//! Labels are the sets' own classes, each under some CatID: names tell nothing here, and only sounds are judged. Once as
//! an owner would ask, once with takes of one recording left out, which is harder.

use std::collections::{BTreeMap, BTreeSet};

use earmark_engine::index::{SegmentWriter, Snapshot, SoundId, SoundRef};
use earmark_engine::search::{Neighbourhood, Neighbours, neighbours};
use earmark_engine::ucs::CatIndex;
use earmark_labelling::audit::Confident;
use earmark_labelling::hearing::Heard;

use crate::sets::{Set, frames_of};

const DRAWS: u64 = 5;
const SWAPPED: f64 = 0.05;

/// SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

pub(crate) fn report(sets: &[Set]) {
    println!("\n## Labels swapped at random: precision at the number of swaps\n");
    println!("| set | sounds | classes | swapped | as asked | takes of the recording left out | by chance |");
    println!("|---|---|---|---|---|---|---|");
    let mut means = [0.0; 2];
    // Of notable doubts: how many, how many of them swapped, sum of probabilities.
    let mut bins = [(0usize, 0usize, 0.0f32); 10];
    let judged: Vec<&Set> = sets.iter().filter(|set| set.name != "oneclass").collect();
    for set in &judged {
        let classes: BTreeSet<&String> = set.classes.values().collect();
        let numbers: BTreeMap<&String, u16> = classes.iter().copied().zip(0u16..).collect();
        let truth: Vec<(SoundId, u16)> =
            set.classes.iter().map(|(id, class)| (*id, numbers[class])).collect();
        let swaps = (truth.len() as f64 * SWAPPED).round() as usize;
        let mut precision = [0.0; 2];
        for draw in 0..DRAWS {
            let mut random = Random(draw * 1000 + 17);
            let mut labels: Vec<u16> = truth.iter().map(|truth| truth.1).collect();
            let mut wrong = BTreeSet::new();
            while wrong.len() < swaps {
                let at = random.below(labels.len());
                if wrong.insert(at) {
                    let other = random.below(classes.len() - 1) as u16;
                    labels[at] = other + u16::from(other >= labels[at]);
                }
            }
            let snapshot = relabelled(set, &truth, &labels);
            let asked: Vec<SoundId> = snapshot.sounds().map(|(id, _)| id).collect();
            let group = |sound: &SoundRef<'_>| set.group(sound);
            let takes: &(dyn Fn(&SoundRef<'_>) -> u64 + Sync) = &group;
            for (precision, group) in precision.iter_mut().zip([None, Some(takes)]) {
                let around =
                    Neighbourhood { bank: None, votes: &|_, _| true, group, jobs: 2, stop: &|| false };
                let mut heard = vec![Heard::default(); asked.len()];
                neighbours(&snapshot, &asked, &around, &mut |at, near: Neighbours| {
                    heard[at] = Heard::new(&near, |_| true);
                });
                let labels: Vec<CatIndex> = labels.iter().map(|cat| CatIndex::new(*cat).unwrap()).collect();
                let confident = Confident::new(labels.iter().copied().zip(&heard));
                let mut order: Vec<usize> = (0..asked.len()).collect();
                let rank = |at: usize| confident.doubt(labels[at], &heard[at]).odds;
                order.sort_by(|a, b| rank(*b).total_cmp(&rank(*a)).then(a.cmp(b)));
                let found = order[..swaps].iter().filter(|at| wrong.contains(at)).count();
                if group.is_none() {
                    for at in 0..asked.len() {
                        let doubt = confident.doubt(labels[at], &heard[at]);
                        if doubt.is_notable() {
                            let bin = &mut bins[((doubt.probability() * 10.0) as usize).min(9)];
                            *bin = (
                                bin.0 + 1,
                                bin.1 + usize::from(wrong.contains(&at)),
                                bin.2 + doubt.probability(),
                            );
                        }
                    }
                }
                *precision += found as f64 / swaps as f64 / DRAWS as f64;
            }
        }
        means
            .iter_mut()
            .zip(precision)
            .for_each(|(mean, precision)| *mean += precision / judged.len() as f64);
        println!(
            "| {} | {} | {} | {swaps} | {:.2} | {:.2} | {:.2} |",
            set.name,
            truth.len(),
            classes.len(),
            precision[0],
            precision[1],
            swaps as f64 / truth.len() as f64
        );
    }
    println!("| mean | | | | {:.2} | {:.2} | 0.05 |", means[0], means[1]);
    let table: Vec<String> = bins
        .iter()
        .filter(|bin| bin.0 >= 20)
        .map(|(count, wrong, sum)| {
            let percent = |part: f64| part / *count as f64 * 100.0;
            format!("{:.0} → {:.0} ({count})", percent(f64::from(*sum)), percent(*wrong as f64))
        })
        .collect();
    println!("\nGain of doubtful labels → really swapped, as asked, all sets: {}", table.join(", "));
}

/// A library of the same sounds, in the order of `truth`, with other labels.
fn relabelled(set: &Set, truth: &[(SoundId, u16)], labels: &[u16]) -> Snapshot {
    let dir = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("labelled-sets/swapped");
    let _ = std::fs::remove_dir_all(&dir);
    let model = set.snapshot.manifest().model.clone();
    let mut writer = earmark_engine::index::LibraryWriter::open(&dir, &model).unwrap();
    let root = writer.root(std::path::Path::new("/swapped")).unwrap();
    let mut segment: SegmentWriter = writer.begin_segment().unwrap();
    for ((id, _), label) in truth.iter().zip(labels) {
        let sound = set.snapshot.get(*id).unwrap();
        let mut record = sound.record().unwrap();
        (record.root, record.cat) = (root, Some(*label));
        segment.add(&record, &frames_of(&sound)).unwrap();
    }
    writer.commit(Some(segment), &BTreeSet::new()).unwrap();
    drop(writer);
    Snapshot::open(&dir).unwrap()
}
