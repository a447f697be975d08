//! Every control has a name, and does what the name says.

use std::sync::Arc;

use earmark_plugin::editor::{Choice, Request};
use earmark_plugin::exchange::{Command, FilterState, Mode, Sort, SortBy, View};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::support::{Stage, views};
use crate::{click, results, spoken};

fn filtered() -> View {
    let filter =
        FilterState { text: "creak".into(), cat_id: Some("DOORWood".into()), ..FilterState::default() };
    View { filter: Arc::new(filter), ..views::results(240) }
}

#[test]
fn a_click_sends_what_the_control_is_called() {
    let first = views::row(0);
    let stop = format!("Stop {}", first.name);
    let play = format!("Play {}", first.name);
    let listening = views::listening;
    for (view, label, wanted) in [
        (views::results(240), "Selection", None),
        (views::results(240), "File", Some(Command::SetMode(Mode::File))),
        (views::results(240), "Forget this region", Some(Command::Clear)),
        (views::results(240), "Play selected", Some(Command::Audition(first.sound.clone()))),
        (views::playing(), "Stop audition", Some(Command::StopAudition)),
        (views::results(240), play.as_str(), Some(Command::Audition(first.sound.clone()))),
        (views::playing(), stop.as_str(), Some(Command::StopAudition)),
        (views::results(240), "From match", Some(Command::SetFromMatch(false))),
        (views::results(240), "With transport", Some(Command::SetSync(true))),
        (filtered(), "Empty the filter", Some(Command::SetFilter(String::new()))),
        (filtered(), "Show all categories again", Some(Command::FilterCategory(None))),
        (filtered(), "All", Some(Command::FilterCategory(None))),
        (listening(Mode::LastSeconds), "Hold", Some(Command::SetHold(true))),
    ] {
        let mut stage = Stage::new(view, 960.0, 640.0);
        let sent = click(&mut stage, label);
        assert_eq!(sent, wanted.into_iter().collect::<Vec<_>>(), "{label}");
    }
}

#[test]
fn a_click_asks_the_window_for_what_only_it_can_do() {
    let show = Request::Reveal(views::row(0).sound.path.to_path_buf());
    for (view, label, wanted) in [
        (views::results(240), "Show file", show),
        (views::listening(Mode::File), "Open file…", Request::Choose(Choice::File)),
        (views::listening(Mode::File), "Open a file…", Request::Choose(Choice::File)),
        (views::no_library(), "Choose a library’s folder…", Request::Choose(Choice::Library)),
        (views::library_failed(), "Choose another folder…", Request::Choose(Choice::Library)),
    ] {
        let mut stage = Stage::new(view, 960.0, 640.0);
        stage.click(label);
        assert_eq!(stage.harness.state_mut().take_requests(), [wanted], "{label}");
    }
}

#[test]
fn the_settings_say_what_they_set() {
    for (label, wanted) in [
        ("Start at the matching moment", Command::SetFromMatch(false)),
        ("Wait for the transport", Command::SetSync(true)),
        ("Default", Command::SetLibrary(None)),
    ] {
        let mut stage = results();
        stage.click("Settings");
        assert_eq!(click(&mut stage, label), [wanted], "{label}");
    }
    let mut stage = results();
    stage.click("Settings");
    stage.click("Larger");
    assert_eq!(stage.exchange.appearance().zoom, 1.25);
    stage.click("Smaller");
    assert_eq!(stage.exchange.appearance().zoom, 1.0);
    stage.click("Choose folder…");
    assert_eq!(stage.harness.state_mut().take_requests(), [Request::Choose(Choice::Library)]);
}

#[test]
fn a_narrow_window_has_everything_in_menus() {
    let narrow = || Stage::new(views::results(240), 480.0, 360.0);
    let mut stage = narrow();
    stage.click("Sort");
    assert_eq!(click(&mut stage, "By name"), [Command::SetSort(Sort { by: SortBy::Name, reversed: false })]);
    let mut stage = narrow();
    stage.click("More…");
    stage.click("Show file");
    let path = views::row(0).sound.path.to_path_buf();
    assert_eq!(stage.harness.state_mut().take_requests(), [Request::Reveal(path)]);
}

#[test]
fn the_way_back_is_a_button_too() {
    let mut stage = results();
    assert!(stage.harness.query_by_label("Back to the question before").is_none());
    stage.press(Key::L);
    stage.commands();
    let [Command::Recall(_)] = &click(&mut stage, "Back to the question before")[..] else {
        panic!("it goes back");
    };
}

#[test]
fn a_row_plays_at_a_double_click() {
    let mut stage = results();
    let row = stage.harness.get_by_label_contains(&spoken(3)).rect();
    let place = egui::pos2(row.left() + 200.0, row.center().y);
    stage.commands();
    stage.harness.hover_at(place);
    for _ in 0..2 {
        stage.harness.drag_at(place);
        stage.harness.drop_at(place);
    }
    assert!(stage.commands().contains(&Command::Audition(views::row(3).sound)));
}

#[test]
fn the_bar_and_the_keys_mean_all_that_is_selected() {
    let mut stage = results();
    stage.press_with(Modifiers::SHIFT, Key::ArrowDown);
    stage.commands();
    let both = [0, 1].map(|at| Command::ToggleFavourite(views::row(at).sound.key));
    stage.press(Key::F);
    assert_eq!(stage.commands(), both);
    stage.press(Key::Escape);
    assert_eq!(stage.commands(), [], "only the selection shrinks");
    stage.press(Key::F);
    assert_eq!(stage.commands(), [both[1].clone()]);
}

#[test]
fn the_help_and_problems_are_closed_by_their_own_buttons() {
    let mut stage = results();
    stage.click("Keys (F1)");
    stage.click("Close the keys");
    assert!(stage.harness.query_by_label("Audition, or stop it").is_none());
}
