//! The keyboard.
//!
//! Keys act on the list unless a text is typed, a menu is open or another control has the focus. [`KEYS`] is both what
//! the help shows and what the host is not told about.

use egui::{Context, Event, Key, Modifiers, Popup};

use super::actions::{self, Action};
use super::app::App;
use super::{list, search_bar};
use crate::exchange::{Command, Mode, View};

/// Keys and what they do, as the help lists them.
pub(super) const KEYS: [(&str, &str); 16] = [
    ("Arrow up, arrow down", "Move through the results"),
    ("Shift and arrows", "Select several"),
    ("Page Up, Page Down, Home, End", "Move far"),
    ("Space", "Audition, or stop it"),
    ("Enter", "Show in the file manager"),
    ("F", "Favourite, or no longer"),
    ("L", "More like this; with several selected: like all of them"),
    ("Ctrl C", "Copy the path"),
    ("/", "Filter"),
    ("C", "Clear the filters"),
    ("H", "Hold the last seconds, or let them roll"),
    ("Tab", "To the next control"),
    ("Arrow left, arrow right", "Move the part on the waveform; Shift: its end, Alt: its beginning"),
    ("Esc", "Back: to the list, to the question before"),
    ("Ctrl and +, − or 0", "Zoom"),
    ("F1", "These keys"),
];

/// Whether a key without a text field does something here.
pub(super) fn known(key: Key, modifiers: Modifiers) -> bool {
    if modifiers.command {
        return matches!(key, Key::C | Key::Plus | Key::Equals | Key::Minus | Key::Num0);
    }
    if modifiers.alt {
        return false;
    }
    matches!(
        key,
        Key::ArrowUp
            | Key::ArrowDown
            | Key::PageUp
            | Key::PageDown
            | Key::Home
            | Key::End
            | Key::Space
            | Key::Enter
            | Key::F
            | Key::L
            | Key::Slash
            | Key::C
            | Key::H
            | Key::Escape
            | Key::Tab
            | Key::F1
    )
}

/// Answers the keys of this frame.
pub(super) fn handle(app: &mut App, context: &Context, view: &View) {
    zoom(app, context);
    if pressed(context, Modifiers::NONE, Key::F1) {
        app.help_open = !app.help_open;
    }
    if app.help_open {
        if pressed(context, Modifiers::NONE, Key::Escape) {
            app.help_open = false;
        }
        return;
    }
    // Who types or has opened a menu means that. egui takes the focus from a field at Escape before we are asked,
    // which is why the last frame counts, too.
    if app.was_typing || context.text_edit_focused() {
        leave_search(context);
        return;
    }
    if Popup::is_any_open(context) {
        return;
    }
    if pressed(context, Modifiers::NONE, Key::Slash) {
        search_bar::focus(context);
        // The same key press comes as text; the field must not get it.
        context.input_mut(|input| {
            input.events.retain(|event| !matches!(event, Event::Text(text) if text == "/"))
        });
        return;
    }
    let focused = context.memory(|memory| memory.focused());
    if focused.is_some_and(|id| id != list::focus_id()) {
        return;
    }
    if pressed(context, Modifiers::NONE, Key::Escape) {
        escape(app, view);
    }
    movement(app, context, view);
    actions_of_row(app, context, view);
}

fn zoom(app: &mut App, context: &Context) {
    if pressed(context, Modifiers::COMMAND, Key::Plus) || pressed(context, Modifiers::COMMAND, Key::Equals) {
        app.zoom(context, 1.0);
    }
    if pressed(context, Modifiers::COMMAND, Key::Minus) {
        app.zoom(context, -1.0);
    }
    if pressed(context, Modifiers::COMMAND, Key::Num0) {
        let appearance = crate::exchange::Appearance { zoom: 1.0, ..app.appearance() };
        app.set_appearance(context, appearance);
    }
}

/// Enter and arrow down lead from the search field to the list.
fn leave_search(context: &Context) {
    if !context.memory(|memory| memory.has_focus(search_bar::field_id())) {
        return;
    }
    if pressed(context, Modifiers::NONE, Key::Enter) || pressed(context, Modifiers::NONE, Key::ArrowDown) {
        context.memory_mut(|memory| memory.request_focus(list::focus_id()));
    }
}

/// One step back: from the audition, from several selected, to the question before.
fn escape(app: &mut App, view: &View) {
    if view.audition.sound.is_some() {
        app.send(Command::StopAudition);
    } else if app.list.has_several() {
        app.list.select_only_cursor();
    } else {
        app.go_back();
    }
}

fn movement(app: &mut App, context: &Context, view: &View) {
    let page = app.list.rows_per_page() as isize;
    let all = isize::MAX;
    for (key, step) in [
        (Key::ArrowDown, 1),
        (Key::ArrowUp, -1),
        (Key::PageDown, page),
        (Key::PageUp, -page),
        (Key::End, all),
        (Key::Home, -all),
    ] {
        let extend = pressed(context, Modifiers::SHIFT, key);
        if extend || pressed(context, Modifiers::NONE, key) {
            app.list.step(step, extend, &view.results.rows);
            actions::follow_with_audition(app, view);
        }
    }
}

fn actions_of_row(app: &mut App, context: &Context, view: &View) {
    for (key, action) in [
        (Key::Space, Action::Audition),
        (Key::Enter, Action::Reveal),
        (Key::F, Action::Favourite),
        (Key::L, Action::MoreLike),
    ] {
        if pressed(context, Modifiers::NONE, key) {
            actions::perform(app, context, view, action);
        }
    }
    if context.input(|input| input.events.contains(&Event::Copy)) {
        actions::perform(app, context, view, Action::CopyPath);
    }
    if pressed(context, Modifiers::NONE, Key::C) {
        search_bar::clear_filters(app, view);
    }
    if view.mode == Mode::LastSeconds && pressed(context, Modifiers::NONE, Key::H) {
        app.send(Command::SetHold(!view.settings.hold));
    }
}

/// Whether exactly this was pressed; takes the key away from everybody else. egui's own test ignores Shift.
fn pressed(context: &Context, modifiers: Modifiers, key: Key) -> bool {
    context.input_mut(|input| {
        let exact = input.modifiers.shift == modifiers.shift;
        // Where "+" is on the Shift level, Shift belongs to the key.
        let shift_free = matches!(key, Key::Plus | Key::Slash | Key::Equals);
        (exact || shift_free)
            && (input.consume_key(modifiers, key)
                || (shift_free && input.consume_key(modifiers | Modifiers::SHIFT, key)))
    })
}
