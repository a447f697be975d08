//! What the editor's window shows and answers, driven by its accessible names, without a window.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::PathBuf;
use std::sync::Arc;

use earmark_plugin::editor::{Choice, Request};
use earmark_plugin::exchange::{
    Audition, AuditionState, Command, FilterState, Mode, QueryId, Results, Rows, Sort, SortBy, SoundKey,
    Theme, View,
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use support::{Stage, views};

fn results() -> Stage {
    Stage::new(views::results(240), 960.0, 640.0)
}

fn click(stage: &mut Stage, label: &str) -> Vec<Command> {
    stage.commands();
    stage.harness.get_by_label(label).click();
    stage.commands()
}

fn spoken(at: usize) -> String {
    let row = views::row(at);
    format!("{}, {:.0} %", row.name, row.similarity_percent)
}

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
fn arrows_move_space_plays_enter_reveals() {
    let mut stage = results();
    stage.commands();
    stage.press(Key::ArrowDown);
    stage.press(Key::ArrowDown);
    stage.press(Key::ArrowUp);
    stage.press(Key::Space);
    assert_eq!(stage.commands(), [Command::Audition(views::row(1).sound)]);
    stage.press(Key::Enter);
    let path = views::row(1).sound.path.to_path_buf();
    assert_eq!(stage.harness.state_mut().take_requests(), [Request::Reveal(path)]);
    let name = spoken(1);
    let selected = stage.harness.get_by_label_contains(&name).accesskit_node().toggled();
    assert_eq!(selected, Some(egui::accesskit::Toggled::True), "the row is the selected one");
}

#[test]
fn space_stops_what_it_started_and_moving_on_plays_on() {
    let mut stage = Stage::new(views::playing(), 960.0, 640.0);
    stage.commands();
    stage.press(Key::Space);
    assert_eq!(stage.commands(), [Command::StopAudition]);
    stage.press(Key::ArrowDown);
    assert_eq!(stage.commands(), [Command::Audition(views::row(1).sound)]);
}

#[test]
fn escape_first_stops_then_goes_back() {
    let mut stage = results();
    click(&mut stage, "More like this");
    let mut answer = views::results(240);
    let question = earmark_plugin::exchange::Question {
        origin: earmark_plugin::exchange::Origin::Sounds { names: vec!["a.wav".into()] },
        duration_s: 2.0,
        id: QueryId(2),
    };
    answer.results = Arc::new(Results { revision: 2, question: Some(question), ..views::answer(240) });
    let silent = answer.clone();
    answer.audition = Audition { sound: Some(SoundKey(1)), state: AuditionState::Playing, position_s: 0.0 };
    stage.show(answer);
    stage.commands();
    stage.press(Key::Escape);
    assert_eq!(stage.commands(), [Command::StopAudition]);
    stage.show(silent);
    stage.press(Key::Escape);
    assert_eq!(stage.commands(), [Command::Recall(QueryId(1))]);
    stage.press(Key::Escape);
    assert_eq!(stage.commands(), []);
}

#[test]
fn a_slash_begins_to_filter_and_escape_returns_to_the_list() {
    let mut stage = results();
    stage.press(Key::Slash);
    stage.harness.event(egui::Event::Text("/".into()));
    stage.commands();
    // The first slash only opened the field, this one is text.
    let field = stage.harness.get_by_label("Filter");
    assert!(field.is_focused());
    field.type_text("creak");
    let sent = stage.commands();
    assert_eq!(sent.last(), Some(&Command::SetFilter("/creak".into())));
    // Letters are text while the field has the focus.
    stage.press(Key::F);
    assert_eq!(stage.commands(), []);
    stage.press(Key::Escape);
    assert!(!stage.harness.get_by_label("Filter").is_focused());
    stage.press(Key::F);
    assert_eq!(stage.commands(), [Command::ToggleFavourite(SoundKey(1))]);
}

#[test]
fn the_slash_that_opens_the_field_is_not_typed_into_it() {
    let mut stage = results();
    stage.commands();
    stage.harness.input_mut().events.push(egui::Event::Key {
        key: Key::Slash,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::NONE,
    });
    stage.harness.input_mut().events.push(egui::Event::Text("/".into()));
    assert_eq!(stage.commands(), []);
    assert!(stage.harness.get_by_label("Filter").is_focused());
}

#[test]
fn a_filter_that_came_with_the_session_is_shown_and_its_mistake_explained() {
    let stage = Stage::new(views::bad_filter(), 960.0, 640.0);
    assert_eq!(stage.harness.get_by_label("Filter").value().as_deref(), Some("creak dur<"));
    assert!(stage.harness.query_by_label_contains("a number is missing").is_some());
}

#[test]
fn a_category_filters_and_a_second_click_lets_all_pass() {
    let mut stage = results();
    let all = click(&mut stage, "Category DOORWood, 52 %");
    assert_eq!(all, [Command::FilterCategory(Some("DOORWood".into()))]);
    let mut view = views::results(240);
    view.filter = Arc::new(FilterState { cat_id: Some("DOORWood".into()), ..FilterState::default() });
    stage.show(view);
    assert_eq!(click(&mut stage, "Category DOORWood, 52 %"), [Command::FilterCategory(None)]);
}

#[test]
fn categories_are_there_on_a_narrow_window_too() {
    let mut stage = Stage::new(views::results(240), 480.0, 400.0);
    let sent = click(&mut stage, "Category DOORWood, 52 %");
    assert_eq!(sent, [Command::FilterCategory(Some("DOORWood".into()))]);
}

#[test]
fn headers_sort_and_turn_the_order_round() {
    let mut stage = results();
    assert_eq!(
        click(&mut stage, "Sort by length"),
        [Command::SetSort(Sort { by: SortBy::Duration, reversed: false })]
    );
    let mut view = views::results(240);
    view.sort = Sort { by: SortBy::Duration, reversed: false };
    stage.show(view);
    let again = click(&mut stage, "Sort by length, sorted");
    assert_eq!(again, [Command::SetSort(Sort { by: SortBy::Duration, reversed: true })]);
}

#[test]
fn favourites_are_toggled_and_can_be_all_there_is() {
    let mut stage = results();
    let name = views::row(0).name;
    assert_eq!(click(&mut stage, &format!("Favourite {name}")), [Command::ToggleFavourite(SoundKey(1))]);
    assert_eq!(click(&mut stage, "Favourites only"), [Command::SetFavouritesOnly(true)]);
}

#[test]
fn more_like_this_and_like_several() {
    let mut stage = results();
    assert_eq!(click(&mut stage, "More like this"), [Command::MoreLike(views::row(0).sound)]);
    stage.press_with(Modifiers::SHIFT, Key::ArrowDown);
    let several = click(&mut stage, "Like these 2");
    assert_eq!(several, [Command::Combine(vec![views::row(0).sound, views::row(1).sound])]);
}

#[test]
fn control_click_selects_several_that_are_apart() {
    let mut stage = results();
    stage.commands();
    stage.harness.get_by_label_contains(&spoken(2)).click();
    stage.harness.run();
    stage.harness.get_by_label_contains(&spoken(5)).click_modifiers(Modifiers::COMMAND);
    stage.harness.run();
    let sent = click(&mut stage, "Like these 2");
    assert_eq!(sent, [Command::Combine(vec![views::row(2).sound, views::row(5).sound])]);
}

#[test]
fn recent_queries_are_asked_again() {
    let mut stage = results();
    click(&mut stage, "Recent");
    stage.harness.get_by_label_contains("Last seconds  ·").click();
    assert_eq!(stage.commands(), [Command::Recall(QueryId(6))]);
}

#[test]
fn modes_and_what_belongs_to_them() {
    let mut stage = results();
    assert_eq!(click(&mut stage, "Last seconds"), [Command::SetMode(Mode::LastSeconds)]);
    stage.show(views::rolling());
    assert_eq!(click(&mut stage, "Hold"), [Command::SetHold(true)]);
    assert_eq!(click(&mut stage, "Use last"), [Command::UseLast { seconds: 5.0 }]);
    assert!(stage.harness.query_by_label("Trim threshold").is_some());
    stage.show(views::listening(Mode::File));
    click(&mut stage, "Open file…");
    assert_eq!(stage.harness.state_mut().take_requests(), [Request::Choose(Choice::File)]);
}

#[test]
fn a_part_of_the_waveform_is_dragged_out_and_given_up() {
    let mut view = views::results(240);
    view.region = Some(Arc::new(views::region()));
    let mut stage = Stage::new(view, 960.0, 640.0);
    let wave = stage.rect("Waveform of the region, 0:00.0 to 0:06.2 is asked about");
    stage.commands();
    stage.drag(
        egui::pos2(wave.left() + wave.width() * 0.25, wave.center().y),
        egui::pos2(wave.left() + wave.width() * 0.75, wave.center().y),
    );
    let [Command::Select(Some(part))] = &stage.commands()[..] else { panic!("one part is selected") };
    assert!((part.start - 1.55).abs() < 0.1 && (part.end - 4.65).abs() < 0.1, "{part:?}");

    stage.show(views::results(240));
    assert_eq!(click(&mut stage, "Ask about the whole region"), [Command::Select(None)]);
}

#[test]
fn the_part_moves_with_the_keys() {
    let mut stage = results();
    let wave = stage.harness.get_by_label_contains("Waveform of the region");
    wave.focus();
    stage.harness.run();
    stage.commands();
    stage.press(Key::ArrowRight);
    let [Command::Select(Some(part))] = &stage.commands()[..] else { panic!("the part has moved") };
    assert!((part.start - 1.162).abs() < 1e-6 && (part.end - 4.462).abs() < 1e-6, "{part:?}");
}

#[test]
fn a_result_is_dragged_out_of_the_window() {
    let mut stage = results();
    let row = stage.harness.get_by_label_contains(&spoken(2)).rect();
    stage.harness.state_mut().take_requests();
    stage.drag(row.center(), row.center() + egui::vec2(0.0, 300.0));
    let files = vec![views::row(2).sound.path.to_path_buf()];
    assert_eq!(stage.harness.state_mut().take_requests(), [Request::DragOut(files)]);
}

#[test]
fn a_dropped_file_is_the_question() {
    let mut stage = Stage::new(views::listening(Mode::Selection), 960.0, 640.0);
    stage.harness.state_mut().files_hover(true);
    stage.harness.run();
    assert!(stage.harness.query_by_label("Drop to find what sounds like it").is_some());
    stage.commands();
    stage.harness.state_mut().files_dropped(vec![PathBuf::from("/in/a.wav")]);
    assert_eq!(stage.commands(), [Command::OpenFile("/in/a.wav".into())]);
    assert!(stage.harness.query_by_label("Drop to find what sounds like it").is_none());
}

#[test]
fn the_moment_that_is_clicked_is_played() {
    let mut stage = results();
    let row = views::row(0);
    stage.commands();
    stage.harness.get_by_label_contains(&format!("Play {} from a moment", row.name)).click();
    let [Command::AuditionFrom { sound, from_s }] = &stage.commands()[..] else { panic!("it plays") };
    assert_eq!(sound, &row.sound);
    assert!((from_s - row.duration_s / 2.0).abs() < row.duration_s * 0.05, "{from_s}");
}

#[test]
fn a_hundred_thousand_rows_cost_what_is_on_screen() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counted(Arc<AtomicUsize>, views::Invented);
    impl earmark_plugin::exchange::RowSource for Counted {
        fn len(&self) -> usize {
            self.1.rows
        }

        fn row(&self, at: usize) -> Option<earmark_plugin::exchange::Row> {
            self.0.fetch_add(1, Ordering::Relaxed);
            earmark_plugin::exchange::RowSource::row(&self.1, at)
        }
    }

    let made = Arc::new(AtomicUsize::new(0));
    let rows = Rows::new(Counted(Arc::clone(&made), views::Invented { rows: 100_000 }));
    let mut view = views::results(0);
    view.results = Arc::new(Results { rows, passing: 100_000, ..views::answer(0) });
    let mut stage = Stage::new(view, 960.0, 640.0);
    stage.press(Key::End);
    stage.commands();
    assert!(stage.harness.query_by_label_contains(&spoken(99_999)).is_some(), "the last row is seen");
    made.store(0, Ordering::Relaxed);
    stage.harness.step();
    let of_a_frame = made.load(Ordering::Relaxed);
    assert!((1..40).contains(&of_a_frame), "{of_a_frame} rows were made for one frame");
    let wanted = stage.wanted_peaks();
    assert!(wanted.is_none_or(|wanted| wanted < 20));
    stage.press(Key::Home);
    assert!(stage.harness.query_by_label_contains(&spoken(0)).is_some(), "the first row is seen");
}

#[test]
fn rows_stand_exactly_apart_at_the_far_end_of_a_long_list() {
    let mut stage = Stage::new(views::results(100_000), 960.0, 640.0);
    stage.press(Key::End);
    let place = |at: usize, stage: &Stage| stage.harness.get_by_label_contains(&spoken(at)).rect().top();
    for at in 99_994..99_999 {
        let distance = place(at + 1, &stage) - place(at, &stage);
        assert!((distance - 44.0).abs() < 0.01, "{distance}");
    }
}

#[test]
fn more_rows_are_asked_for_near_the_end_and_once_only() {
    let mut view = views::results(0);
    view.results = Arc::new(Results { passing: 98_000, ..views::answer(240) });
    let mut stage = Stage::new(view, 960.0, 640.0);
    assert!(!stage.commands().contains(&Command::ShowMore), "nobody has scrolled yet");
    stage.press(Key::End);
    stage.press(Key::ArrowUp);
    let asked = stage.commands().iter().filter(|command| **command == Command::ShowMore).count();
    assert_eq!(asked, 1);
}

#[test]
fn the_cursor_stays_with_its_sound_while_the_answer_is_refined() {
    struct Swapped;
    impl earmark_plugin::exchange::RowSource for Swapped {
        fn len(&self) -> usize {
            240
        }

        fn row(&self, at: usize) -> Option<earmark_plugin::exchange::Row> {
            earmark_plugin::exchange::RowSource::row(
                &views::Invented { rows: 240 },
                [3, 1, 2, 0].get(at).copied().unwrap_or(at),
            )
        }
    }
    let mut stage = results();
    stage.press(Key::ArrowDown);
    stage.press(Key::ArrowDown);
    stage.press(Key::ArrowDown);
    let mut view = views::results(240);
    view.results = Arc::new(Results { revision: 2, rows: Rows::new(Swapped), ..views::answer(240) });
    stage.show(view);
    stage.commands();
    stage.press(Key::Space);
    assert_eq!(stage.commands(), [Command::Audition(views::row(3).sound)], "now in the first row");
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
fn the_path_is_copied() {
    let mut stage = results();
    stage.harness.get_by_label("Copy path").click();
    let mut copied = None;
    for _ in 0..3 {
        stage.harness.step();
        for command in &stage.harness.output().platform_output.commands {
            if let egui::OutputCommand::CopyText(text) = command {
                copied = Some(text.clone());
            }
        }
    }
    assert_eq!(copied, Some(views::row(0).sound.path.display().to_string()));
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
