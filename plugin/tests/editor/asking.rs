//! How a question is put: modes, regions, files, earlier questions.

use std::path::PathBuf;
use std::sync::Arc;

use earmark_plugin::editor::{Choice, Request};
use earmark_plugin::exchange::{Command, Mode, QueryId, Region, View};
use egui::Key;
use egui_kittest::kittest::Queryable as _;

use crate::support::{Stage, views};
use crate::{click, results, spoken};

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
fn of_several_dropped_files_the_first_is_asked_about_and_that_is_said() {
    let mut stage = Stage::new(views::listening(Mode::Selection), 960.0, 640.0);
    stage.commands();
    stage.harness.state_mut().files_dropped(vec![PathBuf::from("/in/a.wav"), PathBuf::from("/in/b.wav")]);
    assert_eq!(stage.commands(), [Command::OpenFile("/in/a.wav".into())]);
    assert!(stage.harness.query_by_label("2 files were dropped; this is about the first").is_some());
}

#[test]
fn a_file_has_handles_at_its_ends_before_anything_is_selected() {
    let whole = Region { selected_s: None, ..views::file().region.unwrap().as_ref().clone() };
    let mut stage = Stage::new(View { region: Some(Arc::new(whole)), ..views::file() }, 960.0, 640.0);
    let wave = stage.rect("Waveform of the region, 0:00.4 to 0:20.2 is asked about");
    let x_at = |seconds: f32| wave.left() + 4.0 + seconds / 21.0 * (wave.width() - 18.0);
    stage.commands();
    stage.drag(egui::pos2(x_at(20.2), wave.center().y), egui::pos2(x_at(10.0), wave.center().y));
    let [Command::Select(Some(part))] = &stage.commands()[..] else { panic!("the end has moved") };
    assert!((part.start - 0.4).abs() < 1e-9 && (part.end - 10.0).abs() < 0.1, "{part:?}");
}

#[test]
fn the_threshold_of_silence_can_be_set_on_the_narrowest_window() {
    let mut stage = Stage::new(views::rolling(), 480.0, 360.0);
    let threshold = stage.rect("Trim threshold").center();
    stage.commands();
    stage.drag(threshold, threshold - egui::vec2(40.0, 0.0));
    let sent = stage.commands();
    let Some(Command::SetTrimThreshold(db)) = sent.last() else { panic!("{sent:?}") };
    assert!((-100.0..-60.0).contains(db), "{db}");
}

#[test]
fn the_length_that_the_session_has_kept_is_used() {
    let mut view = views::rolling();
    view.settings.last_seconds = 12.5;
    let mut stage = Stage::new(view, 960.0, 640.0);
    assert_eq!(click(&mut stage, "Use last"), [Command::UseLast { seconds: 12.5 }]);
    assert_eq!(click(&mut stage, "Use the last 12.5 s"), [Command::UseLast { seconds: 12.5 }]);
}

#[test]
fn holding_is_for_the_last_seconds_only() {
    let mut stage = results();
    stage.commands();
    stage.press(Key::H);
    assert_eq!(stage.commands(), [], "nothing rolls here that could be held");
    stage.show(views::rolling());
    stage.press(Key::H);
    assert_eq!(stage.commands(), [Command::SetHold(true)]);
}
