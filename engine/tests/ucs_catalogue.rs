//! The UCS list as the program holds it, and the official list that a user may add.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use earmark_engine::ucs::{CatIndex, Catalogue, UcsError};

fn official_list() -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/ucs/ucs_v8.2.1.csv");
    let found = path.exists();
    if !found {
        eprintln!("skipped: no official list at {}", path.display());
    }
    found.then_some(path)
}

#[test]
fn the_list_has_753_complete_rows() {
    let list = Catalogue::builtin();
    assert_eq!((list.len(), CatIndex::COUNT, list.version()), (753, 753, "8.2.1"));
    assert!(!list.is_empty());
    let mut cat_ids = HashSet::new();
    for (index, entry) in list.iter() {
        assert_eq!(list.get(index), entry);
        assert_eq!(index.cat_id(), entry.cat_id);
        assert!(
            entry.cat_id.starts_with(&*entry.cat_short)
                || entry.category == "ARCHIVED"
                || entry.category == "WEATHER"
                || entry.category == "SWOOSHES",
            "{entry:?}"
        );
        for name in [&entry.category, &entry.subcategory] {
            assert!(!name.is_empty() && **name == name.to_uppercase(), "{entry:?}");
        }
        assert!(
            !entry.keywords.is_empty() && entry.keywords.iter().all(|word| word.trim() == word),
            "{entry:?}"
        );
        assert!(entry.explanation.is_none());
        assert!(
            cat_ids.insert(entry.cat_id.to_lowercase()),
            "{} differs from another in case alone",
            entry.cat_id
        );
    }
    assert_eq!(list.iter().map(|(_, entry)| &entry.category).collect::<HashSet<_>>().len(), 82);
}

#[test]
fn positions_survive_a_fixed_width_table() {
    for (index, _) in Catalogue::builtin().iter() {
        assert_eq!(CatIndex::new(index.to_u16()), Some(index));
    }
    assert_eq!(CatIndex::new(CatIndex::NONE), None);
    assert_eq!(CatIndex::new(753), None);
    // Indexes on disk hold positions: these may never change.
    for (position, cat_id) in [(0, "AIRBlow"), (13, "AERORadio"), (752, "WOODTonl")] {
        assert_eq!(CatIndex::new(position).unwrap().cat_id(), cat_id);
    }
}

#[test]
fn cat_ids_and_names_are_looked_up() {
    let list = Catalogue::builtin();
    let wood = list.by_cat_id("DOORWood").unwrap();
    let entry = list.get(wood);
    assert_eq!((&*entry.category, &*entry.subcategory, &*entry.cat_short), ("DOORS", "WOOD", "DOOR"));
    assert_eq!(list.by_cat_id("doorwood"), None);
    assert_eq!(list.by_cat_id_any_case("doorWOOD"), Some(wood));
    assert_eq!(list.by_names("Doors", " wood "), Some(wood));
    assert_eq!(list.by_names("aircraft", "radio  controlled").unwrap().cat_id(), "AERORadio");
    assert_eq!(list.by_names("DOORS", "PAPER"), None);
    assert_eq!(list.by_cat_id_any_case(""), None);
}

#[test]
fn wildcards_match_cat_ids_in_any_case() {
    let list = Catalogue::builtin();
    let found = |pattern| list.matching(pattern).into_iter().map(CatIndex::cat_id).collect::<Vec<_>>();
    assert_eq!(found("door*").len(), 22);
    assert!(found("DOOR*").iter().all(|cat_id| cat_id.starts_with("DOOR")));
    assert_eq!(found("UI?lick"), ["UIClick"]);
    assert_eq!(found("*wood"), ["DOORWood", "DRWRWood", "RAINWood", "WNDWWood"]);
    assert_eq!(found("*").len(), 753);
    assert!(found("DOOR").is_empty());
}

#[test]
fn a_misspelt_cat_id_finds_its_neighbours() {
    let closest = |text| Catalogue::builtin().closest(text).first().map(|cat| cat.cat_id());
    assert_eq!(closest("DOORWod"), Some("DOORWood"));
    assert_eq!(closest("DORWood"), Some("DOORWood"));
    assert_eq!(closest("DOORWodo"), Some("DOORWood"));
    assert_eq!(closest("GUNAudio"), Some("GUNAuto"));
    assert_eq!(closest("HORN"), Some("HORNAir"));
    assert_eq!(closest("completely else"), None);
    assert_eq!(closest(""), None);
    assert_eq!(closest(&"x".repeat(100_000)), None);
}

#[test]
fn the_built_in_list_is_the_official_one_without_its_sentences() {
    let Some(path) = official_list() else { return };
    let official = Catalogue::from_official_csv(&path).unwrap();
    let built_in_text = include_str!("../src/ucs/ucs_v8.2.1.csv");
    assert!(official.unknown_cat_ids().is_empty());
    let mut reader = csv::Reader::from_path(&path).unwrap();
    for (record, (index, entry)) in reader.records().zip(official.iter()) {
        let record = record.unwrap();
        let built_in = Catalogue::builtin().get(index);
        let names = [&*built_in.category, &*built_in.subcategory, &*built_in.cat_id, &*built_in.cat_short];
        assert_eq!(names, [&record[0], &record[1], &record[2], &record[3]]);
        let explanation = entry.explanation.as_deref().unwrap();
        assert_eq!(explanation, record[4].trim());
        assert!(!built_in_text.contains(explanation) || !explanation.contains(' '), "{explanation}");
    }
}

#[test]
fn an_official_list_with_a_title_and_new_cat_ids_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    let text = "UCS v9;;;\nCategory;SubCategory;CatID;Explanations;Synonyms\n\
                DOORS;WOOD;DOORWood;\"Any wooden door; not gates.\";Creak, Slam\nDOORS;ICE;DOORIce;Cold.;\n";
    std::fs::write(&path, format!("\u{feff}{text}")).unwrap();
    let list = Catalogue::from_official_csv(&path).unwrap();
    let wood = list.get(list.by_cat_id("DOORWood").unwrap());
    assert_eq!(wood.explanation.as_deref(), Some("Any wooden door; not gates."));
    assert_eq!(wood.keywords, ["Creak", "Slam"]);
    assert_eq!(list.unknown_cat_ids(), ["DOORIce"]);
    assert_eq!(list.len(), 753);
    assert_eq!(list.get(list.by_cat_id("RAIN").unwrap()).explanation, None);
}

#[test]
fn what_is_not_the_official_list_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.csv");
    assert!(matches!(Catalogue::from_official_csv(&path), Err(UcsError::Io { .. })));
    for text in ["", "a,b\n1,2\n", "CatID,Category\nDOORWood,DOORS\n", "\"CatID"] {
        std::fs::write(&path, text).unwrap();
        let error = Catalogue::from_official_csv(&path).unwrap_err();
        assert!(matches!(error, UcsError::Headings { .. }), "{error}");
        assert!(error.to_string().contains("list.csv"));
    }
    std::fs::write(&path, "CatID,Explanations\nXYZ,none\n").unwrap();
    assert!(matches!(Catalogue::from_official_csv(&path), Err(UcsError::NoCatId { .. })));
}
