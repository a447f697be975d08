//! What the list of results does: rows, cursor, order, favourites.

use std::sync::Arc;

use earmark_plugin::editor::Request;
use earmark_plugin::exchange::{
    Audition, AuditionState, Command, QueryId, Results, Rows, Sort, SortBy, SoundKey,
};
use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use crate::support::{Stage, views};
use crate::{click, results, spoken};

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
