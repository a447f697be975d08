//! UCS file names, read and written.

#![allow(clippy::unwrap_used)]

use earmark_engine::ucs::file_name::{Block, Deviation, parse, parse_tolerant};
use earmark_engine::ucs::{CatIndex, Catalogue, UcsName, UcsNameError};
use proptest::prelude::*;

fn cat(cat_id: &str) -> CatIndex {
    Catalogue::builtin().by_cat_id(cat_id).unwrap()
}

fn name(cat_id: &str, fx_name: &str) -> UcsName {
    UcsName {
        cat: cat(cat_id),
        user_category: None,
        vendor_category: None,
        fx_name: fx_name.into(),
        creator_id: "TN".into(),
        source_id: "DORY".into(),
        user_data: None,
    }
}

/// The examples of the convention itself.
#[test]
fn the_examples_of_the_convention_are_read() {
    let plain = parse("GUNAuto_Uzi 9mm Rapid Fire Close Up Short Bursts_TN_DORY").unwrap();
    assert_eq!(plain, name("GUNAuto", "Uzi 9mm Rapid Fire Close Up Short Bursts"));

    let user = parse("GUNAuto-INT_UZI 9mm Rapid Fire_TN_DORY").unwrap();
    assert_eq!(user, UcsName { user_category: Some("INT".into()), ..name("GUNAuto", "UZI 9mm Rapid Fire") });

    let vendor = parse("GUNAuto_UZI 9mm-Rapid Fire Close Up_TN_DORY").unwrap();
    assert_eq!(
        vendor,
        UcsName { vendor_category: Some("UZI 9mm".into()), ..name("GUNAuto", "Rapid Fire Close Up") }
    );
    assert_eq!(vendor.title(), "UZI 9mm-Rapid Fire Close Up");

    let full = parse("GUNAuto-EXT_UZI 9mm-Rapid Fire_TN_NONE_416-MKH8040-DualMono").unwrap();
    assert_eq!(full.user_category.as_deref(), Some("EXT"));
    assert_eq!(full.vendor_category.as_deref(), Some("UZI 9mm"));
    assert_eq!(full.source_id, "NONE");
    assert_eq!(full.user_data.as_deref(), Some("416-MKH8040-DualMono"));
}

#[test]
fn the_first_hyphen_divides_and_later_ones_belong_to_the_fx_name() {
    let read = parse("DOORGate_Wide-Open-Gate_A-B_C-D_e_f_g").unwrap();
    assert_eq!(read.vendor_category.as_deref(), Some("Wide"));
    assert_eq!(read.fx_name, "Open-Gate");
    assert_eq!((&*read.creator_id, &*read.source_id), ("A-B", "C-D"));
    assert_eq!(read.user_data.as_deref(), Some("e_f_g"));
    assert_eq!(parse("DOORGate-A-B_Creak_X_Y").unwrap().user_category.as_deref(), Some("A-B"));
}

#[test]
fn a_wrong_case_is_told_with_the_right_one() {
    let error = parse("DOORwood_Creak_X_Y").unwrap_err();
    let deviation = Deviation::CatIdCase { found: "DOORwood".into(), right: cat("DOORWood") };
    assert_eq!(error, UcsNameError::NotExact(deviation.clone()));
    assert_eq!(error.to_string(), "CatID \"DOORwood\" is spelt DOORWood");
    let read = parse_tolerant("DOORwood_Creak_X_Y").unwrap();
    assert_eq!((read.name.cat, read.deviations), (cat("DOORWood"), vec![deviation]));
}

#[test]
fn an_unknown_cat_id_is_told_with_its_neighbours() {
    let error = parse_tolerant("DOORWod_Creak_X_Y").unwrap_err();
    assert!(
        error.to_string().starts_with("\"DOORWod\" is no CatID of UCS v8.2.1; did you mean DOORWood"),
        "{error}"
    );
    let UcsNameError::UnknownCatId { suggestions, .. } = error else { panic!("{error}") };
    assert_eq!(suggestions[0], cat("DOORWood"));
    assert!(matches!(parse_tolerant(""), Err(UcsNameError::UnknownCatId { .. })));
    assert!(matches!(parse_tolerant("Door slam"), Err(UcsNameError::UnknownCatId { .. })));
}

#[test]
fn the_tolerant_reader_tells_every_deviation_from_left_to_right() {
    let deviations = |stem| parse_tolerant(stem).unwrap().deviations;
    use Deviation::{BlanksAround, Character, Empty, Missing};
    assert_eq!(deviations("DOORWood"), [Block::FxName, Block::CreatorId, Block::SourceId].map(Missing));
    assert_eq!(deviations("DOORWood_Creak"), [Block::CreatorId, Block::SourceId].map(Missing));
    assert_eq!(deviations("DOORWood_Creak_X"), [Missing(Block::SourceId)]);
    assert_eq!(deviations(" DOORWood_Creak_X_Y "), [Block::CatId, Block::SourceId].map(BlanksAround));
    assert_eq!(deviations("DOORWood-_Creak_X_Y"), [Empty(Block::UserCategory)]);
    assert_eq!(deviations("DOORWood__X_Y_"), [Block::FxName, Block::UserData].map(Empty));
    assert_eq!(deviations("DOORWood_-Creak_X_Y"), [Empty(Block::VendorCategory)]);
    assert_eq!(deviations("DOORWood_Creak?_X_Y"), [Character { block: Block::FxName, character: '?' }]);

    let blanks = parse_tolerant("DOORWood_Gate - Creak_X_Y").unwrap();
    assert_eq!(blanks.deviations, [Block::VendorCategory, Block::FxName].map(BlanksAround));
    assert_eq!(blanks.name.title(), "Gate-Creak");
    let dangling = parse_tolerant("DOORWood_Creak-_X_Y").unwrap();
    assert_eq!((dangling.name.vendor_category, &*dangling.name.fx_name), (None, "Creak"));
}

#[test]
fn the_writer_refuses_what_would_be_read_back_differently() {
    let good = name("DOORWood", "Creak");
    assert_eq!(good.write().unwrap(), "DOORWood_Creak_TN_DORY");
    let separator = |block, separator| Err(UcsNameError::Separator { block, separator });
    assert_eq!(name("DOORWood", "Wide-Open").write(), separator(Block::FxName, '-'));
    assert_eq!(name("DOORWood", "a_b").write(), separator(Block::FxName, '_'));
    let with = |change: fn(&mut UcsName)| {
        let mut changed = good.clone();
        change(&mut changed);
        changed.write()
    };
    assert_eq!(with(|n| n.vendor_category = Some("a-b".into())), separator(Block::VendorCategory, '-'));
    assert_eq!(with(|n| n.user_category = Some("a_b".into())), separator(Block::UserCategory, '_'));
    assert_eq!(with(|n| n.creator_id = "a_b".into()), separator(Block::CreatorId, '_'));
    assert_eq!(with(|n| n.source_id = "a_b".into()), separator(Block::SourceId, '_'));
    assert_eq!(with(|n| n.user_data = Some("a_b-c".into())).unwrap(), "DOORWood_Creak_TN_DORY_a_b-c");
    assert_eq!(with(|n| n.creator_id = " ".into()), Err(Deviation::Empty(Block::CreatorId).into()));
    assert_eq!(with(|n| n.user_data = Some(String::new())), Err(Deviation::Empty(Block::UserData).into()));
    assert_eq!(with(|n| n.source_id = " x".into()), Err(Deviation::BlanksAround(Block::SourceId).into()));
}

#[test]
fn the_writer_refuses_characters_that_not_every_file_system_takes() {
    for character in "/\\:*?\"<>|\0\n\u{7f}".chars() {
        let error = name("DOORWood", &format!("a{character}b")).write().unwrap_err();
        assert_eq!(error, Deviation::Character { block: Block::FxName, character }.into());
    }
    assert!(name("DOORWood", "Tür, groß & schwer (1.5)").write().is_ok());
}

#[test]
fn the_extension_is_added_with_or_without_its_dot() {
    let good = name("DOORWood", "Creak");
    assert_eq!(good.file_name("wav").unwrap(), "DOORWood_Creak_TN_DORY.wav");
    assert_eq!(good.file_name(".WAV").unwrap(), "DOORWood_Creak_TN_DORY.WAV");
    for wrong in ["", ".", "a/b", "..wav"] {
        assert_eq!(good.file_name(wrong), Err(UcsNameError::Extension(wrong.into())));
    }
    assert_eq!(name("DOORWood", &"x".repeat(300)).file_name("wav"), Err(UcsNameError::TooLong(321)));
}

/// Text that can stand in a block, with `signs` besides.
fn block(signs: &str) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!(
        "[a-zA-Z0-9{signs}äß.,&']{{1,6}}( [a-zA-Z0-9{signs}]{{1,6}}){{0,2}}"
    ))
    .unwrap()
}

fn names() -> impl Strategy<Value = UcsName> {
    let title =
        prop_oneof![(proptest::option::of(block("")), block("")), (block("").prop_map(Some), block(r"\-")),];
    let cats = (0..CatIndex::COUNT as u16).prop_map(|position| CatIndex::new(position).unwrap());
    let user_category = proptest::option::of(block(r"\-"));
    (cats, user_category, title, block(r"\-"), block(r"\-"), proptest::option::of(block(r"\-_"))).prop_map(
        |(cat, user_category, (vendor_category, fx_name), creator_id, source_id, user_data)| UcsName {
            cat,
            user_category,
            vendor_category,
            fx_name,
            creator_id,
            source_id,
            user_data,
        },
    )
}

/// Texts near to names, so that readers get past the CatID.
fn near_names() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        Just("DOORWood".to_owned()),
        Just("rain".to_owned()),
        Just("_".to_owned()),
        Just("-".to_owned()),
        Just(" ".to_owned()),
        "[a-zA-Z?\u{0}é]{0,4}",
    ];
    proptest::collection::vec(part, 0..14).prop_map(|parts| format!("DOORWood{}", parts.concat()))
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(name in names()) {
        let written = name.write().unwrap();
        prop_assert_eq!(parse(&written).unwrap(), name);
    }

    #[test]
    fn what_is_read_exactly_is_written_back(stem in near_names()) {
        if let Ok(name) = parse(&stem) {
            prop_assert_eq!(name.write().unwrap(), stem);
        }
    }

    #[test]
    fn both_readers_agree_and_never_panic(stem in prop_oneof![near_names(), any::<String>()]) {
        match (parse(&stem), parse_tolerant(&stem)) {
            (Ok(name), Ok(tolerant)) => {
                prop_assert_eq!(name, tolerant.name);
                prop_assert!(tolerant.deviations.is_empty());
            }
            (Err(UcsNameError::NotExact(first)), Ok(tolerant)) => {
                prop_assert_eq!(Some(&first), tolerant.deviations.first());
            }
            (Err(exact), Err(tolerant)) => prop_assert_eq!(exact, tolerant),
            (exact, tolerant) => prop_assert!(false, "{:?} but {:?}", exact, tolerant),
        }
    }
}
