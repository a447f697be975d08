//! The report's groups: who belongs to whom, references first, in the order of paths.

use std::collections::{BTreeMap, BTreeSet};

use super::settle::Settled;
use super::unheard::Likely;
use super::{Class, Evidence, Group, Kind, Member, Proof, Relation, Sound, path_key, path_of};
use crate::index::Snapshot;

/// Groups of what was found.
pub(super) fn of(
    sounds: &[Sound],
    classes: &[Class],
    settled: &Settled,
    likely: &[Likely],
    snapshot: &Snapshot,
) -> Vec<Group> {
    let list = |class: u32, relation, proof, evidence| {
        members(sounds, &classes[class as usize], relation, proof, evidence)
    };
    let mut groups = Vec::new();
    let mut grouped: BTreeSet<u32> = BTreeSet::new();
    let mut same: BTreeMap<u32, Vec<(u32, Proof, Evidence)>> = BTreeMap::new();
    for (reference, members) in &settled.same {
        let of_reference = same.entry(*reference).or_default();
        of_reference.extend(members.iter().map(|(class, evidence)| (*class, Proof::Audio, *evidence)));
    }
    add_likely(&mut same, likely);
    let mut copies: BTreeMap<u32, usize> = BTreeMap::new();
    for (reference, of_reference) in &same {
        let mut group = list(*reference, Relation::Reference, Proof::Bytes, Evidence::EQUAL);
        grouped.insert(*reference);
        for (class, proof, evidence) in of_reference {
            grouped.insert(*class);
            group.extend(list(*class, Relation::SameAudio, *proof, *evidence));
        }
        copies.insert(*reference, group.len() - 1);
        groups.push(Group { kind: Kind::SameAudio, members: group });
    }
    for (number, class) in (0u32..).zip(classes) {
        if class.sounds.len() > 1 && !grouped.contains(&number) {
            let group = list(number, Relation::Reference, Proof::Bytes, Evidence::EQUAL);
            groups.push(Group { kind: Kind::Identical, members: group });
        }
    }
    let copies_of =
        |class: u32| copies.get(&class).copied().unwrap_or(classes[class as usize].sounds.len() - 1);
    let mut wholes: BTreeMap<u32, Vec<(u32, Evidence)>> = BTreeMap::new();
    for (part, whole, evidence) in &settled.parts {
        wholes.entry(*whole).or_default().push((*part, *evidence));
    }
    for (whole, mut parts) in wholes {
        parts.sort_by(|a, b| a.1.offset_s.total_cmp(&b.1.offset_s).then(a.0.cmp(&b.0)));
        let one = |class: u32, relation, proof, evidence| {
            list(class, relation, proof, evidence)
                .into_iter()
                .take(1)
                .map(move |member| Member { copies: copies_of(class), ..member })
        };
        let mut group: Vec<Member> = one(whole, Relation::Reference, Proof::Bytes, Evidence::EQUAL).collect();
        for (part, evidence) in parts {
            group.extend(one(part, Relation::Contained, Proof::Audio, evidence));
        }
        groups.push(Group { kind: Kind::Contained, members: group });
    }
    groups.sort_by_cached_key(|group| {
        (group.kind, path_key(path_of(snapshot, group.members[0].id).as_deref()))
    });
    groups
}

/// Unheard sounds go where what they are like is, or found a group with it.
fn add_likely(same: &mut BTreeMap<u32, Vec<(u32, Proof, Evidence)>>, likely: &[Likely]) {
    let mut home: BTreeMap<u32, u32> = BTreeMap::new();
    for (reference, members) in same.iter() {
        home.insert(*reference, *reference);
        home.extend(members.iter().map(|(class, ..)| (*class, *reference)));
    }
    for found in likely {
        if home.contains_key(&found.class) {
            continue;
        }
        let reference = home.get(&found.reference).copied().unwrap_or(found.reference);
        same.entry(reference).or_default().push((found.class, Proof::Index, found.evidence));
        home.insert(reference, reference);
        home.insert(found.class, reference);
    }
}

/// All files of a class; the first carries the relation, the others have its bytes.
fn members(
    sounds: &[Sound],
    class: &Class,
    relation: Relation,
    proof: Proof,
    evidence: Evidence,
) -> Vec<Member> {
    let member = |(at, number): (usize, &u32)| {
        let is_copy = at > 0 && relation == Relation::Reference;
        Member {
            id: sounds[*number as usize].id,
            relation: if is_copy { Relation::Identical } else { relation },
            proof: if is_copy { Proof::Bytes } else { proof },
            evidence,
            copies: 0,
        }
    };
    class.sounds.iter().enumerate().map(member).collect()
}
