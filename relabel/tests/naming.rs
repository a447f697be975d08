//! Names: collisions, swaps, cycles, hostile names, files that changed, and the way back.

#![allow(clippy::unwrap_used)]

mod support;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use earmark_relabel::{ChangeError, Entry, Fields, Outcome, Plan, RenameOptions, Suggestion, plan_rename};
use support::{Desk, all_done, all_undone, entry, fields};

fn rename(desk: &Desk, pairs: &[(&str, &str)]) -> Plan {
    let entries =
        pairs.iter().map(|(from, to)| entry(&desk.path(from), Some(to), Fields::default())).collect();
    Plan::new("names", entries)
}

fn contents(desk: &Desk) -> Vec<(String, String)> {
    let names = desk.names().into_iter();
    names.map(|name| (name.clone(), fs::read_to_string(desk.path(&name)).unwrap())).collect()
}

#[test]
fn swaps_cycles_and_chains_are_carried_out_and_taken_back() {
    let desk = Desk::new();
    for name in ["a", "b", "c", "d", "e", "f", "g"] {
        desk.write(&format!("{name}.wav"), name.as_bytes());
    }
    let before = contents(&desk);
    let plan = rename(
        &desk,
        &[
            ("a.wav", "b.wav"),
            ("b.wav", "a.wav"),
            ("c.wav", "d.wav"),
            ("d.wav", "e.wav"),
            ("e.wav", "c.wav"),
            ("f.wav", "g.wav"),
            ("g.wav", "h.wav"),
        ],
    );
    let applied = desk.apply(&plan);
    all_done(&applied);
    let expected = [("a", "b"), ("b", "a"), ("c", "e"), ("d", "c"), ("e", "d"), ("g", "f"), ("h", "g")];
    let expected: Vec<_> = expected.map(|(name, content)| (format!("{name}.wav"), content.to_owned())).into();
    assert_eq!(contents(&desk), expected);
    // The same plan again finds everything done, though a file of each old name is there.
    let again = desk.apply(&plan);
    assert!(again.outcomes.iter().all(|outcome| matches!(outcome, Outcome::Already)), "{again:?}");
    assert!(again.journal.is_none());
    all_undone(&desk.undo(&applied));
    assert_eq!(contents(&desk), before);
}

#[test]
fn a_long_chain_moves_up_by_one() {
    let desk = Desk::new();
    let name = |number: usize| format!("{number:04}.wav");
    let mut entries = Vec::new();
    for number in 0..1500 {
        desk.write(&name(number), number.to_string().as_bytes());
        let next = name((number + 1) % 1500);
        entries.push(entry(&desk.path(&name(number)), Some(&next), Fields::default()));
    }
    let applied = desk.apply(&Plan::new("chain", entries));
    all_done(&applied);
    assert_eq!(fs::read_to_string(desk.path("0000.wav")).unwrap(), "1499");
    assert_eq!(fs::read_to_string(desk.path("0001.wav")).unwrap(), "0");
    all_undone(&desk.undo(&applied));
    assert_eq!(fs::read_to_string(desk.path("0700.wav")).unwrap(), "700");
}

#[test]
fn names_that_collide_or_that_no_system_takes_are_refused_and_the_rest_is_done() {
    let desk = Desk::new();
    for name in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "Taken"] {
        desk.write(&format!("{name}.wav"), name.as_bytes());
    }
    let long = format!("{}.wav", "x".repeat(252));
    let plan = rename(
        &desk,
        &[
            ("a.wav", "same.wav"),
            ("b.wav", "SAME.wav"),
            ("c.wav", "taken.wav"),
            ("d.wav", "CON.wav"),
            ("e.wav", &long),
            ("f.wav", "f.mp3"),
            ("g.wav", "../g.wav"),
            ("h.wav", "fine.wav"),
        ],
    );
    let applied = desk.apply(&plan);
    let said: Vec<String> = applied
        .outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Failed(error) => error.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    for (said, word) in said.iter().zip([
        "another sound",
        "another sound",
        "Taken.wav",
        "CON",
        "255",
        "extension",
        "'/'",
        "Done",
    ]) {
        assert!(said.contains(word), "{said}");
    }
    let names = ["Taken", "a", "b", "c", "d", "e", "f", "fine", "g", "i"].map(|name| format!("{name}.wav"));
    assert_eq!(desk.names(), names);
}

#[test]
fn only_the_case_of_a_name_can_change() {
    let desk = Desk::new();
    desk.write("a.wav", b"a");
    let applied = desk.apply(&rename(&desk, &[("a.wav", "A.wav")]));
    all_done(&applied);
    assert_eq!(desk.names(), ["A.wav"]);
    all_undone(&desk.undo(&applied));
    assert_eq!(desk.names(), ["a.wav"]);
}

#[test]
fn names_that_differed_only_in_case_are_given_back() {
    let desk = Desk::new();
    desk.write("Ab.wav", b"1");
    if desk.path("ab.wav").exists() {
        eprintln!("skipped: this file system takes both spellings for one");
        return;
    }
    desk.write("ab.wav", b"22");
    let applied = desk.apply(&rename(&desk, &[("Ab.wav", "1.wav"), ("ab.wav", "2.wav")]));
    all_done(&applied);
    all_undone(&desk.undo(&applied));
    assert_eq!(
        contents(&desk),
        [("Ab.wav".to_owned(), "1".to_owned()), ("ab.wav".to_owned(), "22".to_owned())]
    );
}

#[test]
fn files_that_changed_since_are_left_alone_on_the_way_there_and_back() {
    let desk = Desk::new();
    for name in ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"] {
        desk.write(name, name.as_bytes());
    }
    let mut plan = rename(
        &desk,
        &[("a.wav", "1.wav"), ("b.wav", "2.wav"), ("c.wav", "3.wav"), ("d.wav", "4.wav"), ("e.wav", "5.wav")],
    );
    fs::write(desk.path("a.wav"), "longer now").unwrap();
    // Of the same length, at another time: its hash tells.
    let hash = xxhash_rust::xxh3::xxh3_128(b"b.wav");
    (plan.entries[1].state.hash, plan.entries[2].state.hash) = (Some(hash), Some(hash));
    fs::write(desk.path("b.wav"), "b.wav").unwrap();
    fs::write(desk.path("c.wav"), "other").unwrap();
    let applied = desk.apply(&plan);
    assert!(matches!(&applied.outcomes[0], Outcome::Failed(ChangeError::Changed { .. })), "{applied:?}");
    assert!(matches!(&applied.outcomes[1], Outcome::Done { .. }), "{applied:?}");
    assert!(matches!(&applied.outcomes[2], Outcome::Failed(ChangeError::Changed { .. })), "{applied:?}");
    fs::write(desk.path("4.wav"), "changed after").unwrap();
    // Somebody else has the old name of another.
    fs::write(desk.path("e.wav"), "new here").unwrap();
    let undone = desk.undo(&applied);
    let failed: Vec<String> = undone
        .outcomes
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            earmark_relabel::UndoOutcome::Failed(error) => Some(error.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].contains("4.wav") && failed[0].contains("changed"), "{failed:?}");
    assert!(failed[1].contains("5.wav") && failed[1].contains("e.wav"), "{failed:?}");
    assert_eq!(desk.names(), ["4.wav", "5.wav", "a.wav", "b.wav", "c.wav", "e.wav"]);
}

#[cfg(unix)]
#[test]
fn hostile_names_survive_plan_rename_and_undo() {
    use std::os::unix::ffi::OsStringExt;
    let desk = Desk::new();
    let long = [vec![b'L'; 251], b".wav".to_vec()].concat();
    let hostile: [&[u8]; 6] = [
        b"new\nline.wav",
        b"\"quoted' $(rm -rf) `x`.wav",
        "\u{5d0}\u{202e}txt.wav".as_bytes(),
        b"inv\xff\xfe\xed\xa0\x80lid.wav",
        &long,
        b"<script>alert(1)<.wav",
    ];
    let paths: Vec<PathBuf> = hostile
        .iter()
        .map(|name| {
            let path = desk.path("x").with_file_name(OsString::from_vec(name.to_vec()));
            fs::write(&path, name).unwrap();
            path
        })
        .collect();
    let suggestions = paths.iter().map(|path| Suggestion {
        path: path.clone(),
        fields: Fields { cat_id: Some("DOORWood".into()), ..Fields::default() },
        from: "test \u{202e}".into(),
        ..Suggestion::default()
    });
    let options = RenameOptions {
        creator_id: Some("JOE".into()),
        source_id: Some("SHOW".into()),
        ..RenameOptions::default()
    };
    let proposed = plan_rename(suggestions, &options, "hostile");
    assert_eq!(proposed.plan.problems(), 0, "{:#?}", proposed.plan);
    let file = desk.dir.path().join("plan.toml");
    proposed.plan.save(&file).unwrap();
    let plan = Plan::load(&file).unwrap();
    assert_eq!(plan, proposed.plan);
    let applied = desk.apply(&plan);
    all_done(&applied);
    assert!(desk.names().iter().all(|name| name.starts_with("DOORWood_") && name.ends_with("_JOE_SHOW.wav")));
    assert!(desk.names().iter().any(|name| name.contains("script")));
    all_undone(&desk.undo(&applied));
    for (path, name) in paths.iter().zip(hostile) {
        assert_eq!(fs::read(path).unwrap(), name);
    }
}

#[test]
fn names_are_proposed_after_what_is_known() {
    let desk = Desk::new();
    let suggestion = |name: &str, fields: Fields| Suggestion {
        path: desk.write(name, b"x"),
        fields,
        share: Some(0.9),
        from: "test".into(),
        known: None,
    };
    let cat = |cat_id: &str| Fields { cat_id: Some(cat_id.into()), ..Fields::default() };
    let options = RenameOptions {
        creator_id: Some("JOE".into()),
        source_id: Some("SHOW".into()),
        user_data: None,
        least_share: 0.5,
    };
    let suggestions = vec![
        suggestion("creaky_door-old 01.wav", cat("DOORWood")),
        suggestion("creaky door old 01.WAV", cat("DOORWood")),
        suggestion("creaky door-old 01.wav", cat("DOORWood")),
        suggestion("AIRBlow-EXT_Gust-Big One_TN_DORY_v2_x.wav", cat("WINDGust")),
        suggestion("DOORWood_Fine_A_B.wav", cat("DOORWood")),
        Suggestion { share: Some(0.4), ..suggestion("unsure.wav", cat("DOORWood")) },
        suggestion("nolabel.wav", Fields::default()),
        suggestion("named.wav", fields("DOORWood", "Creak: <very> loud_")),
    ];
    let proposed = plan_rename(suggestions, &options, "test");
    assert_eq!((proposed.right, proposed.undecided), (1, 2));
    let names: Vec<&str> =
        proposed.plan.entries.iter().map(|entry: &Entry| entry.name.as_deref().unwrap_or("?")).collect();
    assert_eq!(
        names,
        [
            "DOORWood_creaky door old 01_JOE_SHOW.wav",
            "DOORWood_creaky door old 01 02_JOE_SHOW.WAV",
            "DOORWood_creaky door old 01 03_JOE_SHOW.wav",
            "WINDGust-EXT_Gust-Big One_TN_DORY_v2_x.wav",
            "DOORWood_Creak very loud_JOE_SHOW.wav",
        ]
    );
}
