//! Whatever state it is in, the window says what to do, and stays as it is.

use earmark_plugin::editor::Request;
use earmark_plugin::exchange::{Command, Mode, Theme, View};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::{Stage, views};
use crate::{click, results, spoken};

#[test]
fn every_state_can_be_operated_by_name_at_every_size() {
    for (name, view) in views::every_state() {
        for (width, height) in
            [(480.0, 360.0), (720.0, 500.0), (960.0, 640.0), (1920.0, 1080.0), (3840.0, 2160.0)]
        {
            // The harness itself refuses widgets without a name and characters without a glyph.
            let stage = Stage::new(view.clone(), width, height);
            assert!(stage.harness.query_by_label("Settings").is_some(), "{name} at {width} × {height}");
        }
    }
}

#[test]
fn nothing_hangs_over_the_edge() {
    for (name, view) in views::every_state() {
        for (width, height) in [(480.0, 360.0), (640.0, 400.0), (960.0, 640.0)] {
            let stage = Stage::new(view.clone(), width, height);
            for node in stage.harness.get_all(egui_kittest::kittest::By::new().role(egui::Role::Button)) {
                let rect = node.rect();
                let scrolled = rect.top() >= height - 38.0 || rect.bottom() < 0.0;
                let strip = node.accesskit_node().label().is_some_and(|label| label.starts_with("Category"));
                assert!(
                    scrolled || strip || (rect.left() >= -1.0 && rect.right() <= width + 1.0),
                    "{name} at {width} × {height}: {:?} at {rect:?}",
                    node.accesskit_node().label()
                );
            }
        }
    }
}

#[test]
fn nothing_moves_while_results_arrive() {
    let mut stage = Stage::new(views::analysing(), 960.0, 640.0);
    let places =
        |stage: &Stage| ["Selection", "Filter", "Settings", "Favourites only"].map(|label| stage.rect(label));
    let before = places(&stage);
    stage.show(views::results(3));
    assert_eq!(places(&stage), before);
    let first = stage.harness.get_by_label_contains(&spoken(0)).rect();
    stage.show(views::problem());
    assert_eq!(places(&stage), before);
    assert_eq!(stage.harness.get_by_label_contains(&spoken(0)).rect(), first);
}

#[test]
fn every_state_says_what_to_do() {
    for (view, title, button) in [
        (views::no_library(), "No library yet", "Copy command"),
        (views::library_failed(), "The library cannot be used", "Try again"),
        (views::nothing_passes(), "Nothing passes the filter", "Clear the filters"),
        (views::nothing_close(), "Nothing close", "Show the nearest anyway"),
        (views::listening(Mode::File), "Drop a sound here", "Open a file…"),
    ] {
        let stage = Stage::new(view, 960.0, 640.0);
        assert!(stage.harness.query_all_by_label(title).next().is_some(), "{title}");
        assert!(stage.harness.query_by_label(button).is_some(), "{button}");
    }
    for (view, title) in [
        (views::no_loop_range(), "Set a loop range"),
        (views::half_heard(), "Play the loop range"),
        (views::rolling(), "Play something"),
        (views::analysing(), "Analysing"),
        (views::opening(), "Opening the library"),
    ] {
        let stage = Stage::new(view, 960.0, 640.0);
        assert!(stage.harness.query_all_by_label(title).next().is_some(), "{title}");
    }
}

#[test]
fn the_buttons_of_the_states_do_what_they_say() {
    let mut stage = Stage::new(views::nothing_passes(), 960.0, 640.0);
    assert_eq!(click(&mut stage, "Clear the filters"), [Command::SetFilter(String::new())]);
    let mut stage = Stage::new(views::library_failed(), 960.0, 640.0);
    assert_eq!(click(&mut stage, "Try again"), [Command::RetryLibrary]);
    let mut stage = Stage::new(views::nothing_close(), 960.0, 640.0);
    click(&mut stage, "Show the nearest anyway");
    assert!(stage.harness.query_by_label_contains(&spoken(0)).is_some());
    let mut stage = Stage::new(views::problem(), 960.0, 640.0);
    assert_eq!(click(&mut stage, "Dismiss"), [Command::DismissProblem]);
}

#[test]
fn zoom_and_theme_are_kept_for_the_session() {
    let mut stage = results();
    stage.press_with(Modifiers::COMMAND, Key::Plus);
    assert_eq!(stage.exchange.appearance().zoom, 1.25);
    for _ in 0..9 {
        stage.press_with(Modifiers::COMMAND, Key::Plus);
    }
    assert_eq!(stage.exchange.appearance().zoom, 2.0);
    stage.press_with(Modifiers::COMMAND, Key::Num0);
    assert_eq!(stage.exchange.appearance().zoom, 1.0);
    click(&mut stage, "Settings");
    click(&mut stage, "Light");
    assert_eq!(stage.exchange.appearance().theme, Theme::Light);
}

#[test]
fn the_keys_are_listed_and_escape_closes_the_list() {
    let mut stage = results();
    stage.press(Key::F1);
    assert!(stage.harness.query_by_label("Audition, or stop it").is_some());
    stage.press(Key::Escape);
    assert!(stage.harness.query_by_label("Audition, or stop it").is_none());
}

#[test]
fn the_gain_is_turned_with_one_gesture() {
    let mut stage = results();
    let slider = stage.rect("Audition gain");
    stage.harness.state_mut().take_requests();
    stage.drag(slider.center(), slider.center() + egui::vec2(20.0, 0.0));
    let requests = stage.harness.state_mut().take_requests();
    let lasts: Vec<bool> = requests
        .iter()
        .map(|request| match request {
            Request::SetGain { last, .. } => *last,
            other => panic!("{other:?}"),
        })
        .collect();
    assert!(lasts.len() >= 2);
    assert!(lasts.last() == Some(&true) && lasts.iter().filter(|last| **last).count() == 1, "{lasts:?}");
}

#[test]
fn an_idle_window_draws_nothing_by_itself() {
    for (name, view) in
        [("results", views::results(240)), ("empty", View::default()), ("no library", views::no_library())]
    {
        let mut stage = Stage::new(view, 960.0, 640.0);
        stage.harness.run_steps(3);
        let delay = stage.harness.output().viewport_output.values().next().unwrap().repaint_delay;
        assert_eq!(delay, std::time::Duration::MAX, "{name}");
    }
    // Also while somebody types: the cursor does not blink.
    let mut stage = results();
    stage.press(Key::Slash);
    stage.harness.run_steps(3);
    let delay = stage.harness.output().viewport_output.values().next().unwrap().repaint_delay;
    assert_eq!(delay, std::time::Duration::MAX, "typing");
}

#[test]
fn a_library_that_is_gone_says_how_to_make_one_beside_what_the_session_kept() {
    let mut stage = Stage::new(views::library_gone(), 960.0, 640.0);
    assert!(stage.harness.query_by_label_contains(&spoken(0)).is_some());
    assert!(stage.harness.query_by_label("No library yet").is_none());
    click(&mut stage, "No library");
    assert!(stage.harness.query_by_label("earmark index PATH/TO/YOUR/SOUNDS").is_some());
    stage.harness.get_by_label("Copy command").click();
    stage.harness.run();
    assert!(stage.harness.query_by_label("Command copied").is_some());
}

#[test]
fn the_missing_library_s_command_is_seen_whole_on_the_smallest_window() {
    let stage = Stage::new(views::no_library(), 480.0, 360.0);
    for label in ["earmark index PATH/TO/YOUR/SOUNDS", "Copy command"] {
        let rect = stage.rect(label);
        assert!(rect.left() >= 0.0 && rect.right() <= 480.0 && rect.bottom() <= 322.0, "{label} at {rect:?}");
    }
}

#[test]
fn the_list_has_the_keys_again_after_a_click_elsewhere() {
    for label in ["Favourites only", "Sort by length", "Category DOORWood, 52 %", "Play selected", "Settings"]
    {
        let mut stage = results();
        click(&mut stage, label);
        if label == "Settings" {
            stage.press(Key::Escape);
        }
        stage.press(Key::ArrowDown);
        stage.commands();
        stage.press(Key::F);
        let second = Command::ToggleFavourite(views::row(1).sound.key);
        assert_eq!(stage.commands(), [second], "after {label}");
    }
}

#[test]
fn a_window_smaller_than_any_is_drawn_without_harm() {
    for (name, view) in views::every_state() {
        for (width, height) in [(240.0, 180.0), (120.0, 40.0), (16.0, 16.0)] {
            let mut stage = Stage::new(view.clone(), width, height);
            stage.press(Key::End);
            let (wide, high, _) = stage.picture();
            assert_eq!((wide as f32, high as f32), (width, height), "{name}");
        }
    }
}
