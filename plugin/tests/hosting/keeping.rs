//! What the session keeps, and the library as it comes, goes and changes.

use std::fs;
use std::path::Path;

use earmark_engine::network::Network;
use earmark_plugin::exchange::{Appearance, Command, LibraryState, Mode, Sort, SortBy, Theme, View};

use crate::fixture::{convert_library, fixture, make_library};
use crate::host::Host;

/// Names of the results, in order.
fn names(view: &View) -> Vec<String> {
    (0..view.results.rows.len()).map(|at| view.results.rows.get(at).unwrap().name).collect()
}

/// A state as the framework's CLAP side wants it: its length before it.
fn framed(json: &str) -> Vec<u8> {
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json.bytes());
    bytes
}

#[test]
fn the_state_survives_a_reload_with_question_and_results() {
    let fixture = fixture();
    let mut first = Host::with_library(&fixture.library, 48_000.0);
    first.open_window();
    first.send(Command::OpenFile(fixture.sound(1)));
    first.wait_for_answer();
    let sort = Sort { by: SortBy::Name, reversed: true };
    let appearance = Appearance { width: 1234.0, height: 777.0, zoom: 1.5, theme: Theme::Light };
    first.exchange().set_appearance(appearance);
    first.send(Command::SetSort(sort));
    first.send(Command::SetFilter("dur<100".into()));
    first.send(Command::SetTrimThreshold(-42.0));
    first.send(Command::SetSync(true));
    let before = first.wait_for("an answer to all of it", |view| {
        let names = names(view);
        view.settings.sync
            && view.filter.text == "dur<100"
            && view.sort == sort
            && names.len() == 7
            && names.iter().rev().map(|name| name.to_lowercase()).is_sorted()
    });
    let state = first.save();

    let mut second = Host::new();
    assert!(second.load(&state));
    assert_eq!(second.exchange().appearance(), appearance);
    assert!(second.save() == state, "saved before anything could happen");
    // Before the library is asked again, the saved results are shown.
    let restored = second.wait_for("the saved results", |view| view.results.question.is_some());
    assert_eq!(names(&restored), names(&before));
    assert!(second.save() == state, "saved before the library was opened");
    assert_eq!(restored.mode, Mode::File);
    assert_eq!((restored.settings.trim_threshold_db, restored.settings.sync), (-42.0, true));
    second.open_window();
    let asked = second.wait_for_answer();
    assert_eq!(names(&asked), names(&before));
    assert_eq!(asked.filter.text, "dur<100");
}

#[test]
fn what_the_user_changes_is_worth_saving_and_what_was_loaded_is_not() {
    let fixture = fixture();
    let mut first = Host::with_library(&fixture.library, 48_000.0);
    first.open_window();
    let counts = |host: &Host, what: &str, command: Command| {
        let seen = host.exchange().session_changes();
        host.send(command);
        host.wait_for(what, |_| host.exchange().session_changes() > seen);
    };
    first.wait_for("the library", |_| first.exchange().session_changes() == 1);
    counts(&first, "a question", Command::OpenFile(fixture.sound(1)));
    first.wait_for_answer();
    counts(&first, "the filter", Command::SetFilter("dur<100".into()));
    counts(&first, "the category", Command::FilterCategory(Some("BELLLrg".into())));
    counts(&first, "favourites", Command::SetFavouritesOnly(true));
    counts(&first, "the order", Command::SetSort(Sort { by: SortBy::Name, reversed: true }));
    counts(&first, "the threshold", Command::SetTrimThreshold(-42.0));
    counts(&first, "the mode", Command::SetMode(Mode::Selection));
    let seen = first.exchange().session_changes();
    // What has no part in the session, or is what it was.
    first.send(Command::SetMode(Mode::Selection));
    first.send(Command::SetHold(true));
    first.send(Command::SetTrimThreshold(-42.0));
    first.wait_for("hold", |view| view.settings.hold);
    assert_eq!(first.exchange().session_changes(), seen);
    let state = first.save();

    let mut second = Host::new();
    assert!(second.load(&state));
    second.open_window();
    second.wait_for_answer();
    assert_eq!(second.exchange().session_changes(), 0, "neither what was loaded nor the answer to it");
}

#[test]
fn states_that_are_none_are_refused_and_odd_ones_do_no_harm() {
    let mut host = Host::with_library(&fixture().library, 48_000.0);
    host.wait_for("the library's folder", |view| {
        view.library.dir.as_deref() == Some(fixture().library.as_path())
    });
    let state = host.save();
    let (empty, list, long) = (framed("{}"), framed("[1,2,3]"), u64::MAX.to_le_bytes());
    let mut flipped = state.clone();
    flipped[8] ^= 0x20;
    for garbage in [b"", &b"garbage"[..], &empty, &list, &long, &flipped, &state[..state.len() / 2]] {
        assert!(!host.load(garbage), "{:?}", String::from_utf8_lossy(garbage));
        assert_eq!(host.save(), state);
    }
    // From an older version, without the session; and with values that no window could have set.
    let old = r#"{"version":"0.0.1","params":{"gain":{"f32":0.5}},"fields":{}}"#;
    assert!(host.load(&framed(old)));
    let session = r#"{\"mode\":\"file\",\"appearance\":{\"width\":1e30,\"zoom\":-5},\"settings\":{\"last_seconds\":1e9},\"question\":{\"origin\":\"selection\",\"duration_s\":1e300,\"model\":\"x\",\"frames\":[{\"start_s\":0,\"scale\":1,\"values\":\"12345678\"}],\"results\":[{\"key\":\"nonsense\",\"path\":\"x\",\"similarity\":5,\"duration_s\":1,\"channels\":1,\"sample_rate_hz\":1,\"match_s\":0,\"match_length_s\":0}]}}"#;
    let odd = format!(
        r#"{{"version":"9.9.9","params":{{"gain":{{"f32":1e30}},"nonsense":{{"i32":1}}}},"fields":{{"session":"{session}"}}}}"#
    );
    assert!(host.load(&framed(&odd)));
    host.open_window();
    let view = host.wait_for("the mode", |view| view.mode == Mode::File);
    assert!(view.settings.last_seconds <= 30.0);
    let appearance = host.exchange().appearance();
    assert!(appearance.width <= 3840.0 && appearance.zoom >= 0.5);
    // Nothing that was loaded has broken it.
    assert!(host.load(&state));
    host.send(Command::OpenFile(fixture().sound(0)));
    host.wait_for_answer();
}

#[test]
fn a_missing_library_is_picked_up_when_it_appears_and_again_when_it_changes() {
    let fixture = fixture();
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("to come");
    let host = Host::with_library(&library, 48_000.0);
    host.open_window();
    let view = host
        .wait_for("that it is missing", |view| matches!(view.library.state, LibraryState::Missing { .. }));
    let LibraryState::Missing { command } = &view.library.state else { unreachable!() };
    assert!(command.starts_with("earmark index ") && command.contains("to come"), "{command}");
    host.send(Command::OpenFile(fixture.sound(0)));
    let sounds = dir.path().join("sounds");
    fs::create_dir(&sounds).unwrap();
    fs::copy(fixture.sound(1), sounds.join("one.wav")).unwrap();
    make_library(&library, &sounds, &fixture.network);
    host.wait_for("the first sound", |view| view.results.rows.len() == 1);
    fs::copy(fixture.sound(2), sounds.join("two.wav")).unwrap();
    make_library(&library, &sounds, &fixture.network);
    host.wait_for("the second sound", |view| view.results.rows.len() == 2);
}

#[test]
fn a_library_that_is_converted_meanwhile_is_asked_again_with_its_new_model() {
    let fixture = fixture();
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("library");
    make_library(&library, &fixture.sounds, &fixture.network);
    let host = Host::with_library(&library, 48_000.0);
    host.open_window();
    host.send(Command::OpenFile(fixture.sound(2)));
    let before = host.wait_for_answer();
    let small =
        Network::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/earmark-small")).unwrap();
    convert_library(&library, &small);
    let after = host.wait_for("an answer of the new model", |view| {
        matches!(&view.library.state, LibraryState::Open { model, .. } if model == "earmark-small")
            && view.results.revision > before.results.revision
    });
    let sorted = |view: &View| {
        let mut names = names(view);
        names.sort();
        names
    };
    assert_eq!(sorted(&after), sorted(&before));
}

#[test]
fn filters_categories_favourites_and_order_apply_to_the_answer() {
    let fixture = fixture();
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("library");
    fs::create_dir(&library).unwrap();
    for file in fs::read_dir(&fixture.library).unwrap().map(|entry| entry.unwrap().path()) {
        fs::copy(&file, library.join(file.file_name().unwrap())).unwrap();
    }
    let host = Host::with_library(&library, 48_000.0);
    host.open_window();
    host.send(Command::OpenFile(fixture.sound(0)));
    let all = host.wait_for_answer();
    assert_eq!((all.results.rows.len(), all.results.passing), (7, 7));
    host.send(Command::SetFilter("BELL*".into()));
    let bells = host.wait_for("bells", |view| view.results.rows.len() == 1);
    assert_eq!(bells.results.rows.get(0).unwrap().cat_id, Some("BELLLrg"));
    host.send(Command::SetFilter("dur<".into()));
    let wrong = host.wait_for("a word about the filter", |view| view.filter.error.is_some());
    assert_eq!(wrong.results.rows.len(), 1, "the last valid filter stays in force");
    host.send(Command::SetFilter(String::new()));
    host.send(Command::FilterCategory(Some("GLASBrk".into())));
    host.wait_for("glass", |view| {
        view.results.rows.len() == 1 && view.results.rows.get(0).unwrap().cat_id == Some("GLASBrk")
    });
    host.send(Command::FilterCategory(None));
    host.send(Command::SetSort(Sort { by: SortBy::Name, reversed: false }));
    let sorted = host.wait_for("names in order", |view| {
        let names: Vec<_> = (0..view.results.rows.len())
            .map(|at| view.results.rows.get(at).unwrap().name.to_lowercase())
            .collect();
        names.len() == 7 && names.is_sorted()
    });
    let favourite = sorted.results.rows.get(3).unwrap().sound;
    host.send(Command::ToggleFavourite(favourite.key));
    host.send(Command::SetFavouritesOnly(true));
    let view = host.wait_for("the favourite alone", |view| view.results.rows.len() == 1);
    assert_eq!(view.results.rows.get(0).unwrap().sound.key, favourite.key);
    // Another instance, or another session, knows it too.
    let other = Host::with_library(&library, 48_000.0);
    other.open_window();
    other.wait_for("the favourite", |view| view.favourites.contains(&favourite.key));
}
