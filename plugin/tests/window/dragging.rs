//! Results are dragged out of the window, files are dropped into it.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use earmark_plugin::editor::theme;
use earmark_plugin::exchange::{Command, Results, Rows};

use crate::host::{Host, row_place};
use crate::server::on_a_server;
use crate::support::views;
use crate::target::Target;

#[test]
fn a_result_is_dragged_onto_another_window() {
    on_a_server("dragging::drags_out", 1);
}

#[test]
fn a_file_dropped_on_the_window_is_the_question() {
    on_a_server("dragging::takes_drops", 1);
}

fn drag_row(host: &Host, at: usize, to: (i16, i16)) {
    let (x, y) = row_place(at);
    host.move_pointer(x, y);
    host.press_button();
    for step in 1..=10 {
        host.move_pointer(x + (to.0 - x) / 10 * step, y + (to.1 - y) / 10 * step);
    }
    host.move_pointer(to.0, to.1);
    std::thread::sleep(Duration::from_millis(250));
}

#[test]
#[ignore = "run by the test that has a server"]
fn drags_out() {
    let host = Host::new();
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    let mut row = views::row(2);
    row.sound.path = Arc::from(Path::new("/media/sfx/Tür #2, 100% (ä)\n🚪 ドア.wav"));
    let mut view = views::results(3);
    view.results =
        Arc::new(Results { rows: Rows::new(vec![views::row(0), views::row(1), row]), ..views::answer(3) });
    host.exchange.publish(Arc::new(view));
    std::thread::sleep(Duration::from_millis(200));
    let target = Target::new(&host);
    drag_row(&host, 2, (1100, 150));
    let release = std::thread::scope(|scope| {
        let taking = scope.spawn(|| target.take());
        std::thread::sleep(Duration::from_millis(300));
        host.release_button();
        taking.join().unwrap()
    });
    assert_eq!(
        release,
        "file:///media/sfx/T%C3%BCr%20%232%2C%20100%25%20%28%C3%A4%29%0A%F0%9F%9A%AA%20%E3%83%89%E3%82%A2.wav\r\n"
    );
    // Afterwards the window still listens: the release that it never saw is not missed.
    let (x, y) = row_place(1);
    let mut clicked = None;
    host.wait("the row is selected", || {
        // Once is enough, unless the drag still has the pointer: the window sees nothing of it then.
        if clicked.is_none_or(|at: Instant| at.elapsed() > Duration::from_secs(2)) {
            host.move_pointer(x - 1, y);
            host.move_pointer(x, y);
            host.press_button();
            host.release_button();
            clicked = Some(Instant::now());
        }
        let selected = theme::DARK.row_selected.to_array();
        host.pixel(x + 250, y - 18) == [selected[0], selected[1], selected[2]]
    });
}

#[test]
#[ignore = "run by the test that has a server"]
fn takes_drops() {
    let host = Host::new();
    // A file that is really there: baseview looks.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap().join("Tür #2, 100% (ä) %41 ドア.wav");
    std::fs::write(&path, "a sound").unwrap();
    let mut row = views::row(2);
    row.sound.path = Arc::from(path.as_path());
    let mut view = views::results(3);
    view.results =
        Arc::new(Results { rows: Rows::new(vec![views::row(0), views::row(1), row]), ..views::answer(3) });
    host.exchange.publish(Arc::new(view));
    let _spawned = host.open();
    host.wait_for_frame(4, 4);
    // The window itself is as good a source as any: a result is dragged to its own waveform.
    drag_row(&host, 2, (400, 100));
    host.release_button();
    host.wait_for_command("the question", |command| *command == Command::OpenFile(path.clone()));
}
