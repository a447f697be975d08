//! The language of `find --filter`.

#![allow(clippy::unwrap_used)]

use earmark_engine::search::filter::{Facts, Filter};
use earmark_engine::ucs::{CatIndex, Catalogue};
use proptest::prelude::*;

const CREAK: Facts<'static> = Facts {
    text: "/lib/doors/doorwood_creak close-up_xy_z.wav old barn door, room tone",
    cat: None,
    duration_s: 2.0004,
    channels: 2,
    sample_rate_hz: 96_000,
};

fn cat(cat_id: &str) -> Option<CatIndex> {
    Some(Catalogue::builtin().by_cat_id(cat_id).unwrap())
}

fn creak() -> Facts<'static> {
    Facts { cat: cat("DOORWood"), ..CREAK }
}

fn holds(expression: &str, facts: &Facts<'_>) -> bool {
    let filter = Filter::parse(expression).unwrap();
    let found = filter.matches(facts);
    // What is decided without the text must be what the text confirms.
    let without = filter.decide_without_text(&Facts { text: "", ..*facts });
    assert!(without.is_none_or(|decided| decided == found), "{expression}");
    assert!(filter.needs_text() || without.is_some(), "{expression}");
    found
}

#[test]
fn words_are_found_in_text_and_category_names() {
    for expression in
        ["creak", "CREAK", "oLd Barn", "doorw", "DOORS", "wood", "DOORWood", "close-up", "12\"|creak", ""]
    {
        assert!(holds(expression, &creak()), "{expression}");
    }
    for expression in ["metal", "creak metal", "barnold", "doors\nwood creaks"] {
        assert!(!holds(expression, &creak()), "{expression}");
    }
    // The text says nothing of it, the category does.
    let rain = Facts { text: "take 7", cat: cat("RAINConc"), ..CREAK };
    assert!(holds("concrete", &rain) && holds("rain", &rain) && !holds("door", &rain));
}

#[test]
fn phrases_are_found_as_a_whole() {
    assert!(holds("\"barn door\"", &creak()));
    assert!(holds("\"Doors Wood\"", &creak()));
    assert!(!holds("\"door barn\"", &creak()));
    assert!(!holds("\"barn*\"", &creak()));
    assert!(holds("\"dur<5\"", &Facts { text: "a dur<5 b", ..CREAK }));
}

#[test]
fn wildcards_match_cat_ids_in_any_case() {
    for expression in ["DOOR*", "door*", "*wood", "DOORW??d", "*"] {
        assert!(holds(expression, &creak()), "{expression}");
        assert!(!Filter::parse(expression).unwrap().needs_text(), "{expression}");
    }
    for expression in ["DOORM*", "RAIN*", "DOORW?d"] {
        assert!(!holds(expression, &creak()), "{expression}");
    }
    // No label, no CatID: the text does not count where CatIDs match.
    assert!(!holds("DOOR*", &CREAK));
    assert!(!holds("*", &CREAK));
}

#[test]
fn wildcards_that_match_no_cat_id_match_words_of_the_text() {
    for expression in ["bar*", "CR?AK", "*arn", "close-*", "*.wav", "b?rn"] {
        assert!(holds(expression, &creak()), "{expression}");
        assert!(Filter::parse(expression).unwrap().needs_text(), "{expression}");
    }
    for expression in ["crea?k", "reak*", "barn?", "*.mp3", "clos?-down*"] {
        assert!(!holds(expression, &creak()), "{expression}");
    }
}

#[test]
fn excluded_terms_must_not_hold() {
    assert!(!holds("-creak", &creak()));
    assert!(!holds("-\"room tone\"", &creak()));
    assert!(!holds("-DOOR*", &creak()));
    assert!(!holds("-dur<5", &creak()));
    assert!(!holds("-metal|creak", &creak()));
    assert!(holds("-metal|glass -RAIN* -dur>5 -ch=1", &creak()));
    assert!(holds("-DOOR*", &CREAK));
}

#[test]
fn durations_are_compared() {
    for expression in [
        "dur<5",
        "dur<=2.0004",
        "dur>2",
        "dur>=2",
        "dur=1..3",
        "DUR=2",
        "dur=2.00",
        "dur=..3",
        "dur=2..",
        "dur<1m30s",
        "dur>500ms",
        "dur=1500ms..2s500ms",
        "dur<1h",
        "dur<.5m",
        "dur<2s1ms",
        "dur=0m",
        "dur=2s0ms",
    ] {
        assert!(holds(expression, &creak()), "{expression}");
    }
    for expression in ["dur>5", "dur<2", "dur=3", "dur=2.001", "dur=3..5", "dur=..2", "dur>1m", "dur=1m"] {
        assert!(!holds(expression, &creak()), "{expression}");
    }
    let minute_and_half = Facts { duration_s: 90.2, ..CREAK };
    assert!(holds("dur=1m30s", &minute_and_half) && holds("dur>=1m30", &minute_and_half));
    let unknown = Facts { duration_s: f64::NAN, ..CREAK };
    assert!(!holds("dur>=0", &unknown) && !holds("dur<5", &unknown) && !holds("dur=..5", &unknown));
}

#[test]
fn channels_and_rates_are_compared() {
    for expression in [
        "ch=2",
        "ch>1",
        "ch<=2",
        "ch=1..2",
        "rate>=96000",
        "rate=96k",
        "rate=96kHz",
        "rate>44.1k",
        "rate=48k..192k",
        "rate=96000Hz",
    ] {
        assert!(holds(expression, &creak()), "{expression}");
    }
    for expression in ["ch=1", "ch>2", "ch<2", "rate<96k", "rate=44.1k", "rate=48k"] {
        assert!(!holds(expression, &creak()), "{expression}");
    }
    assert!(holds("rate=44.1k", &Facts { sample_rate_hz: 44_100, ..CREAK }));
}

#[test]
fn one_alternative_of_a_term_is_enough() {
    assert!(holds("metal|wood", &creak()));
    assert!(holds("\"glass door\"|\"barn door\"", &creak()));
    assert!(holds("RAIN*|DOOR*", &creak()));
    assert!(holds("dur<1|dur>1", &creak()));
    assert!(holds("RAIN*|barn dur<5", &creak()));
    assert!(!holds("metal|glass", &creak()));
}

#[test]
fn the_example_of_the_manual_holds() {
    let facts = Facts { text: "slam", ..creak() };
    assert!(holds("DOOR* -creak dur<5", &facts));
    assert!(!holds("DOOR* -creak dur<5", &creak()));
    assert!(!holds("DOOR* -creak dur<5", &Facts { duration_s: 5.0, ..facts }));
}

#[test]
fn text_is_asked_for_only_where_it_decides() {
    let decided =
        |expression, facts: &Facts<'_>| Filter::parse(expression).unwrap().decide_without_text(facts);
    assert!(!Filter::parse("DOOR* dur<5 ch=2 -RAIN*").unwrap().needs_text());
    assert_eq!(decided("barn dur>5", &creak()), Some(false));
    assert_eq!(decided("door", &creak()), Some(true), "the category's name decides");
    assert_eq!(decided("barn dur<5", &creak()), None);
    assert_eq!(decided("barn|dur<5", &creak()), Some(true));
    assert_eq!(decided("-barn|dur<5", &creak()), Some(false));
    assert!(Filter::parse("  ").unwrap().is_empty());
    assert!(!Filter::parse("a").unwrap().is_empty());
}

#[test]
fn errors_point_at_the_place_and_say_what_is_expected() {
    for (expression, column, expected) in [
        ("creak -", 8, "directly after the sign"),
        ("a - b", 4, "directly after the sign"),
        ("|a", 1, "before '|'"),
        ("a|", 3, "directly after the sign"),
        ("a||b", 3, "directly after the sign"),
        ("--a", 2, "'-' stands once"),
        ("a|-b", 3, "'-' stands once"),
        ("é \"open", 3, "not closed"),
        ("\"\"", 1, "between the quotation marks"),
        ("\"a\"b", 4, "blank or '|'"),
        ("dur < 5", 5, "without blanks"),
        ("duration<5", 1, "\"duration\" is no quantity"),
        ("a b=c", 3, "\"b\" is no quantity"),
        ("dur<", 5, "expected a duration"),
        ("dur<x", 5, "expected a duration"),
        ("dur<5x", 6, "expected a duration"),
        ("dur<5s1m", 8, "expected a duration"),
        ("dur<-1", 5, "expected a duration"),
        ("dur<1e9", 6, "expected a duration"),
        ("dur<inf", 5, "expected a duration"),
        ("dur<1..3", 5, "'=' only"),
        ("dur=3..1", 8, "greater end"),
        ("dur=..", 5, "expected a duration"),
        ("dur==5", 5, "expected a duration"),
        ("ch=1.5", 4, "number of channels"),
        ("ch=two", 4, "number of channels"),
        ("rate>96kb", 8, "sample rate"),
    ] {
        let error = Filter::parse(expression).unwrap_err();
        assert_eq!(error.column, column, "{expression}: {error}");
        assert!(error.problem.contains(expected), "{expression}: {error}");
        assert!(error.to_string().starts_with(&format!("filter, character {column}: ")));
        assert!(expression.is_char_boundary(error.position));
    }
    assert!(Filter::parse(&"é".repeat(4096)).unwrap_err().problem.contains("too long"));
}

proptest! {
    #[test]
    fn no_expression_makes_it_panic(
        expression in prop_oneof![
            any::<String>(),
            "[-a|\"*? <>=.]{0,12}",
            "(dur|ch|rate)(<|>|=|<=|>=)[0-9.smhkz]{0,8}",
        ],
        text in any::<String>(),
        position in any::<u16>(),
        duration_s in any::<f64>(),
    ) {
        let text = text.to_lowercase();
        let facts = Facts { text: &text, cat: CatIndex::new(position), duration_s, ..CREAK };
        match Filter::parse(&expression) {
            Ok(filter) => {
                let found = filter.matches(&facts);
                prop_assert!(filter.decide_without_text(&facts).is_none_or(|decided| decided == found));
            }
            Err(error) => prop_assert!(expression.is_char_boundary(error.position) || expression.len() > 4096),
        }
    }

    #[test]
    fn exclusion_turns_a_term_round(word in "[a-z]{1,3}|[a-zA-Z]{0,2}\\*|dur<[0-9]|ch=[1-3]", position in 0..753u16) {
        let facts = Facts { cat: CatIndex::new(position), ..CREAK };
        prop_assert_ne!(holds(&word, &facts), holds(&format!("-{word}"), &facts));
    }
}
