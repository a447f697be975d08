//! What a data set holds, and what about it will hurt.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::set::{DataSet, Layout};
use super::spectrograms::Spectrograms;

/// Fewer groups than this cannot be trained on, chosen by and judged by.
const FEW_GROUPS: usize = 3;
/// Sounds shorter than this say little to a network that listens for seconds.
const SHORT_S: f64 = 0.05;
/// Sets of fewer sounds give intervals wider than most differences.
const FEW_CLIPS: usize = 100;
/// A class of fewer sounds is noise in the macro F1.
const FEW_OF_CLASS: usize = 5;
/// A group with more than this part of its class decides alone about it.
const DOMINANT: f64 = 0.5;
/// Largest class beside the smallest, from which macro and plain figures part.
const IMBALANCED: f64 = 20.0;
/// Classes or files that a warning names.
const NAMED: usize = 5;

/// The numbers of a data set, as the paper reports them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistics {
    /// Name of the set.
    pub name: String,
    /// Where its labels are.
    pub layout: Layout,
    /// Sounds.
    pub clips: usize,
    /// Frames of the front end asked about.
    pub frames: usize,
    /// Length of all sounds.
    pub hours: f64,
    /// Groups: takes of one recording are one.
    pub groups: usize,
    /// Sounds with a CatID.
    pub with_cat_id: usize,
    /// Sounds of a UCS library without a label.
    pub unlabelled: usize,
    /// Its classes, the largest first.
    pub classes: Vec<ClassCount>,
    /// Clips of the largest class by those of the smallest.
    pub imbalance: f64,
    /// Entropy of the classes by clips, nats.
    pub entropy_nats: f64,
    /// Effective number of classes, exp(entropy): that of as many classes of one size.
    pub effective_classes: f64,
    /// What will hurt.
    pub warnings: Vec<Warning>,
}

/// A class in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassCount {
    /// Name.
    pub class: String,
    /// Sounds.
    pub clips: usize,
    /// Frames.
    pub frames: usize,
    /// Groups with a sound of it.
    pub groups: usize,
}

/// Something that will hurt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What kind, in a word or two joined by `_`.
    pub kind: String,
    /// What and how to mend it.
    pub message: String,
}

impl Statistics {
    /// Counts a set whose spectrograms are at hand.
    pub fn of(set: &DataSet, spectrograms: &Spectrograms) -> Self {
        let classes = count_classes(set, spectrograms);
        let part = |count: &ClassCount| count.clips as f64 / set.clips.len().max(1) as f64;
        // From 0 up: the sum of nothing is minus zero.
        let entropy_nats = classes.iter().map(|it| -part(it) * part(it).ln()).fold(0.0, |a, b| a + b);
        let (most, least) =
            (classes.first().map_or(0, |it| it.clips), classes.last().map_or(1, |it| it.clips));
        let imbalance = most as f64 / least.max(1) as f64;
        let mut statistics = Self {
            name: set.name.clone(),
            layout: set.layout,
            clips: set.clips.len(),
            frames: spectrograms.total_frames(),
            hours: (0..set.clips.len()).map(|clip| spectrograms.duration_s(clip)).sum::<f64>() / 3600.0,
            groups: set.groups.len(),
            with_cat_id: set.clips.iter().filter(|clip| clip.cat_id.is_some()).count(),
            unlabelled: set.unlabelled,
            imbalance,
            entropy_nats,
            effective_classes: entropy_nats.exp(),
            classes,
            warnings: Vec::new(),
        };
        statistics.warnings = warnings(set, spectrograms, &statistics);
        statistics
    }
}

fn count_classes(set: &DataSet, spectrograms: &Spectrograms) -> Vec<ClassCount> {
    let mut groups: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); set.classes.len()];
    let mut frames = vec![0; set.classes.len()];
    for (at, clip) in set.clips.iter().enumerate() {
        groups[clip.class].insert(clip.group);
        frames[clip.class] += spectrograms.frame_count(at);
    }
    let clips = set.clips_per_class();
    let count = |(at, class): (usize, &String)| ClassCount {
        class: class.clone(),
        clips: clips[at],
        frames: frames[at],
        groups: groups[at].len(),
    };
    let mut counts: Vec<ClassCount> = set.classes.iter().enumerate().map(count).collect();
    counts.sort_by(|a, b| b.clips.cmp(&a.clips).then_with(|| a.class.cmp(&b.class)));
    counts
}

fn warnings(set: &DataSet, spectrograms: &Spectrograms, statistics: &Statistics) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn = |kind: &str, message: String| warnings.push(Warning { kind: kind.to_owned(), message });
    let classes = &statistics.classes;
    if classes.len() < 2 {
        warn("one_class", "there is one class alone: nothing can be told apart; add another".into());
    }
    if set.clips.len() < FEW_CLIPS {
        let clips = set.clips.len();
        warn("tiny", format!("{clips} sounds are few: intervals will be wider than most differences"));
    }
    let few: Vec<String> = classes
        .iter()
        .filter(|it| it.groups < FEW_GROUPS)
        .map(|it| format!("{} ({})", it.class, it.groups))
        .collect();
    if !few.is_empty() {
        let listed = listed(&few);
        warn(
            "few_groups",
            format!(
                "{} with fewer than {FEW_GROUPS} groups cannot be on every side of a split, and those with one cannot be \
             recognised when it is left out: {listed}",
                counted(few.len(), "class", "classes")
            ),
        );
    }
    let small: Vec<String> = classes
        .iter()
        .filter(|it| it.clips < FEW_OF_CLASS)
        .map(|it| format!("{} ({})", it.class, it.clips))
        .collect();
    if !small.is_empty() {
        let listed = listed(&small);
        warn(
            "small_classes",
            format!(
                "{} with fewer than {FEW_OF_CLASS} sounds weigh as much in the macro F1 as any: {listed}",
                counted(small.len(), "class", "classes")
            ),
        );
    }
    let dominated = dominated_classes(set);
    if !dominated.is_empty() {
        warn(
            "dominant_group",
            format!(
                "one recording makes up more than half of {}: {}; more recordings of them would help",
                counted(dominated.len(), "class", "classes"),
                listed(&dominated)
            ),
        );
    }
    let mixed = groups_of_several_classes(set);
    if !mixed.is_empty() {
        warn(
            "group_across_classes",
            format!(
                "{} across classes, whose sounds differ in no more than the take: {}",
                counted(mixed.len(), "group stretches", "groups stretch"),
                listed(&mixed)
            ),
        );
    }
    if statistics.imbalance >= IMBALANCED {
        let imbalance = statistics.imbalance;
        warn(
            "imbalanced",
            format!(
                "the largest class has {imbalance:.0} times the sounds of the smallest; balance the batches or weigh the loss"
            ),
        );
    }
    let short: Vec<String> = (0..set.clips.len())
        .filter(|&clip| spectrograms.duration_s(clip) < SHORT_S)
        .map(|clip| set.relative(clip))
        .collect();
    if !short.is_empty() {
        warn(
            "very_short",
            format!(
                "{} shorter than {:.0} ms, little for a frame of seconds: {}",
                counted(short.len(), "sound is", "sounds are"),
                1e3 * SHORT_S,
                listed(&short)
            ),
        );
    }
    duplicates(set, spectrograms, &mut warn);
    if set.unlabelled > 0 {
        let unlabelled = counted(set.unlabelled, "sound bears", "sounds bear");
        warn("unlabelled", format!("{unlabelled} no CatID and are left out"));
    }
    warnings
}

/// Classes in which one group has the most of the clips, where there are others.
fn dominated_classes(set: &DataSet) -> Vec<String> {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    set.clips.iter().for_each(|clip| *counts.entry((clip.class, clip.group)).or_default() += 1);
    let totals = set.clips_per_class();
    let dominant = counts.into_iter().filter(|((class, _), count)| {
        *count > 1 && *count < totals[*class] && *count as f64 > DOMINANT * totals[*class] as f64
    });
    dominant.map(|((class, group), _)| format!("{} ({})", set.classes[class], set.groups[group])).collect()
}

fn groups_of_several_classes(set: &DataSet) -> Vec<String> {
    let mut classes: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); set.groups.len()];
    for clip in &set.clips {
        classes[clip.group].insert(clip.class);
    }
    let names = |classes: &BTreeSet<usize>| {
        classes.iter().map(|&class| set.classes[class].as_str()).collect::<Vec<_>>().join(" and ")
    };
    let several = classes.iter().enumerate().filter(|(_, classes)| classes.len() > 1);
    several.map(|(group, classes)| format!("{} ({})", set.groups[group], names(classes))).collect()
}

/// Files of the same bytes in several classes, and in several groups of one class.
fn duplicates(set: &DataSet, spectrograms: &Spectrograms, warn: &mut impl FnMut(&str, String)) {
    let mut same: BTreeMap<u128, Vec<usize>> = BTreeMap::new();
    (0..set.clips.len()).for_each(|clip| same.entry(spectrograms.content_hash(clip)).or_default().push(clip));
    let differ =
        |clips: &[usize], of: &dyn Fn(usize) -> usize| clips.iter().any(|&clip| of(clip) != of(clips[0]));
    let (mut classes, mut groups) = (Vec::new(), Vec::new());
    for clips in same.values().filter(|clips| clips.len() > 1) {
        let names = clips.iter().map(|&clip| set.relative(clip)).collect::<Vec<_>>().join(" = ");
        if differ(clips, &|clip| set.clips[clip].class) {
            classes.push(names);
        } else if differ(clips, &|clip| set.clips[clip].group) {
            groups.push(names);
        }
    }
    if !classes.is_empty() {
        warn(
            "same_sound_in_classes",
            format!(
                "{} in several classes, one of which is wrong: {}",
                counted(classes.len(), "file is", "files are"),
                listed(&classes)
            ),
        );
    }
    if !groups.is_empty() {
        warn(
            "same_sound_in_groups",
            format!(
                "{} in several groups, so that the same sound is trained on and judged by: {}",
                counted(groups.len(), "file is", "files are"),
                listed(&groups)
            ),
        );
    }
}

/// Warnings about sounds that two sets share by content; `sets` are those of one experiment.
pub fn shared_content(sets: &[(&DataSet, &Spectrograms)]) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (at, (first, theirs)) in sets.iter().enumerate() {
        let known: BTreeMap<u128, usize> =
            (0..theirs.len()).map(|clip| (theirs.content_hash(clip), clip)).collect();
        for (second, ours) in &sets[at + 1..] {
            let shared: Vec<String> = (0..ours.len())
                .filter_map(|clip| {
                    let other = known.get(&ours.content_hash(clip))?;
                    Some(format!("{} = {}", first.relative(*other), second.relative(clip)))
                })
                .collect();
            if !shared.is_empty() {
                let message = format!(
                    "{} and {} share {}: {}; do not train on one and judge by the other",
                    first.name,
                    second.name,
                    counted(shared.len(), "file", "files"),
                    listed(&shared)
                );
                warnings.push(Warning { kind: "shared_between_sets".into(), message });
            }
        }
    }
    warnings
}

fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// The first few of many.
fn listed(names: &[String]) -> String {
    let mut text = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text += &format!(" and {} more", names.len() - NAMED);
    }
    text
}
