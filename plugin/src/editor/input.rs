//! Turns the window system's events into egui's.

use baseview::{Event, MouseButton, MouseEvent, ScrollDelta, WindowEvent};
use egui::{MouseWheelSource, MouseWheelUnit, PointerButton, Pos2, TouchPhase};
use keyboard_types::{Key, KeyState, KeyboardEvent};
use nice_plug::prelude::{Modifiers as HostModifiers, VirtualKeyCode};

/// What is known about pointer and keys between events.
#[derive(Debug, Default)]
pub(super) struct Input {
    pointer: Option<Pos2>,
    modifiers: egui::Modifiers,
}

/// A key of the clipboard, which egui wants as events of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClipboardKey {
    /// Ctrl+C or ⌘C.
    Copy,
    /// Ctrl+X or ⌘X.
    Cut,
    /// Ctrl+V or ⌘V.
    Paste,
}

impl Input {
    /// Appends what `event` means to `events`. `points_per_px` converts the pointer's pixels to egui's points.
    ///
    /// Returns whether egui should draw a frame for it, and which clipboard key it was, if any: the text to paste lies
    /// with the window.
    pub(super) fn translate(
        &mut self,
        event: &Event,
        points_per_px: f32,
        events: &mut Vec<egui::Event>,
    ) -> (bool, Option<ClipboardKey>) {
        match event {
            Event::Mouse(event) => (self.mouse(event, points_per_px, events), None),
            Event::Keyboard(event) => (true, self.key(event, events)),
            Event::Window(WindowEvent::Focused) => {
                events.push(egui::Event::WindowFocused(true));
                (true, None)
            }
            Event::Window(WindowEvent::Unfocused) => {
                // Keys released elsewhere would otherwise count as held.
                self.set_modifiers(egui::Modifiers::NONE, events);
                events.push(egui::Event::WindowFocused(false));
                (true, None)
            }
            _ => (false, None),
        }
    }

    fn mouse(&mut self, event: &MouseEvent, points_per_px: f32, events: &mut Vec<egui::Event>) -> bool {
        match event {
            MouseEvent::CursorMoved { position, modifiers } => {
                self.set_modifiers(translate_modifiers(*modifiers), events);
                let position = Pos2::new(position.x as f32, position.y as f32) * points_per_px;
                self.pointer = Some(position);
                events.push(egui::Event::PointerMoved(position));
                true
            }
            MouseEvent::ButtonPressed { button, modifiers } => self.button(*button, true, *modifiers, events),
            MouseEvent::ButtonReleased { button, modifiers } => {
                self.button(*button, false, *modifiers, events)
            }
            MouseEvent::WheelScrolled { delta, modifiers } => {
                self.set_modifiers(translate_modifiers(*modifiers), events);
                let (unit, delta) = match *delta {
                    ScrollDelta::Lines { x, y } => (MouseWheelUnit::Line, egui::vec2(x, y)),
                    ScrollDelta::Pixels { x, y } => (MouseWheelUnit::Point, egui::vec2(x, y) * points_per_px),
                };
                events.push(egui::Event::MouseWheel {
                    unit,
                    delta,
                    phase: TouchPhase::Move,
                    source: MouseWheelSource::Unknown,
                    modifiers: self.modifiers,
                });
                true
            }
            MouseEvent::CursorLeft => {
                self.pointer = None;
                events.push(egui::Event::PointerGone);
                true
            }
            _ => false,
        }
    }

    fn button(
        &mut self,
        button: MouseButton,
        pressed: bool,
        modifiers: keyboard_types::Modifiers,
        events: &mut Vec<egui::Event>,
    ) -> bool {
        self.set_modifiers(translate_modifiers(modifiers), events);
        let button = match button {
            MouseButton::Left => PointerButton::Primary,
            MouseButton::Right => PointerButton::Secondary,
            MouseButton::Middle => PointerButton::Middle,
            MouseButton::Back => PointerButton::Extra1,
            MouseButton::Forward => PointerButton::Extra2,
            _ => return false,
        };
        let Some(pos) = self.pointer else { return false };
        events.push(egui::Event::PointerButton { pos, button, pressed, modifiers: self.modifiers });
        true
    }

    /// The modifiers held.
    pub(super) fn modifiers(&self) -> egui::Modifiers {
        self.modifiers
    }

    /// A drag to another window ends with a release that this window may never hear of.
    pub(super) fn release_pointer(&mut self, events: &mut Vec<egui::Event>) {
        let pos = self.pointer.take().unwrap_or_default();
        events.push(egui::Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed: false,
            modifiers: self.modifiers,
        });
        events.push(egui::Event::PointerGone);
    }

    fn key(&mut self, event: &KeyboardEvent, events: &mut Vec<egui::Event>) -> Option<ClipboardKey> {
        self.set_modifiers(translate_modifiers(event.modifiers), events);
        let pressed = event.state == KeyState::Down;
        let key = translate_key(&event.key);
        if let Some(key) = key {
            events.push(egui::Event::Key {
                key,
                physical_key: None,
                pressed,
                repeat: event.repeat,
                modifiers: self.modifiers,
            });
        }
        if !pressed {
            return None;
        }
        if self.modifiers.command && !self.modifiers.alt {
            return match key {
                Some(egui::Key::C) => Some(ClipboardKey::Copy),
                Some(egui::Key::X) => Some(ClipboardKey::Cut),
                Some(egui::Key::V) => Some(ClipboardKey::Paste),
                _ => None,
            };
        }
        if let Key::Character(text) = &event.key
            && !self.modifiers.ctrl
            && !self.modifiers.mac_cmd
            && !text.chars().any(char::is_control)
        {
            events.push(egui::Event::Text(text.clone()));
        }
        None
    }

    fn set_modifiers(&mut self, modifiers: egui::Modifiers, events: &mut Vec<egui::Event>) {
        if self.modifiers != modifiers {
            self.modifiers = modifiers;
            events.push(egui::Event::ModifiersChanged(modifiers));
        }
    }
}

/// Cuts events after each press or release of a button.
///
/// egui looks once a pass where the pointer is, after all events of the pass. On a slow computer a press and the
/// movement after it come in one frame, and the press would hit what lies at the movement's end.
pub(super) fn split_at_buttons(events: Vec<egui::Event>) -> Vec<Vec<egui::Event>> {
    let mut parts = vec![Vec::new()];
    let last = events.len().saturating_sub(1);
    for (at, event) in events.into_iter().enumerate() {
        let button = matches!(event, egui::Event::PointerButton { .. });
        if let Some(part) = parts.last_mut() {
            part.push(event);
        }
        if button && at != last {
            parts.push(Vec::new());
        }
    }
    parts
}

fn translate_modifiers(modifiers: keyboard_types::Modifiers) -> egui::Modifiers {
    let mac = cfg!(target_os = "macos");
    egui::Modifiers {
        alt: modifiers.alt(),
        ctrl: modifiers.ctrl(),
        shift: modifiers.shift(),
        mac_cmd: mac && modifiers.meta(),
        command: if mac { modifiers.meta() } else { modifiers.ctrl() },
    }
}

/// egui's name of a key. egui knows the W3C names that `keyboard-types` writes.
pub(super) fn translate_key(key: &Key) -> Option<egui::Key> {
    match key {
        Key::Character(text) => egui::Key::from_name(text),
        Key::Named(named) => egui::Key::from_name(&named.to_string()),
    }
}

/// egui's name of a key that the host passes on, for those that hosts take from the window before it sees them.
pub(super) fn translate_host_key(key: VirtualKeyCode) -> Option<egui::Key> {
    Some(match key {
        VirtualKeyCode::Backspace => egui::Key::Backspace,
        VirtualKeyCode::Tab => egui::Key::Tab,
        VirtualKeyCode::Return | VirtualKeyCode::NumpadEnter => egui::Key::Enter,
        VirtualKeyCode::Escape => egui::Key::Escape,
        VirtualKeyCode::Space => egui::Key::Space,
        VirtualKeyCode::End => egui::Key::End,
        VirtualKeyCode::Home => egui::Key::Home,
        VirtualKeyCode::ArrowLeft => egui::Key::ArrowLeft,
        VirtualKeyCode::ArrowUp => egui::Key::ArrowUp,
        VirtualKeyCode::ArrowRight => egui::Key::ArrowRight,
        VirtualKeyCode::ArrowDown => egui::Key::ArrowDown,
        VirtualKeyCode::PageUp => egui::Key::PageUp,
        VirtualKeyCode::PageDown => egui::Key::PageDown,
        VirtualKeyCode::Delete => egui::Key::Delete,
        VirtualKeyCode::F1 => egui::Key::F1,
        _ => return None,
    })
}

/// The host's modifiers in egui's words.
pub(super) fn translate_host_modifiers(modifiers: HostModifiers) -> egui::Modifiers {
    let command = modifiers.contains(HostModifiers::COMMAND);
    let ctrl = modifiers.contains(HostModifiers::CONTROL);
    egui::Modifiers {
        alt: modifiers.contains(HostModifiers::ALT),
        // Steinberg calls the main accelerator "command", which is Ctrl but on macOS.
        ctrl: if cfg!(target_os = "macos") { ctrl } else { ctrl || command },
        shift: modifiers.contains(HostModifiers::SHIFT),
        mac_cmd: cfg!(target_os = "macos") && command,
        command: command || (!cfg!(target_os = "macos") && ctrl),
    }
}

/// The baseview cursor that comes closest to egui's.
pub(super) fn translate_cursor(cursor: egui::CursorIcon) -> baseview::MouseCursor {
    use baseview::MouseCursor as Cursor;
    use egui::CursorIcon as Icon;
    match cursor {
        Icon::None => Cursor::Hidden,
        Icon::Help => Cursor::Help,
        Icon::PointingHand | Icon::Grab => Cursor::Hand,
        Icon::Grabbing => Cursor::HandGrabbing,
        Icon::Progress => Cursor::PtrWorking,
        Icon::Wait => Cursor::Working,
        Icon::Crosshair => Cursor::Crosshair,
        Icon::Text => Cursor::Text,
        Icon::Copy => Cursor::Copy,
        Icon::Move => Cursor::Move,
        Icon::NoDrop | Icon::NotAllowed => Cursor::NotAllowed,
        Icon::AllScroll => Cursor::AllScroll,
        Icon::ResizeHorizontal => Cursor::EwResize,
        Icon::ResizeVertical => Cursor::NsResize,
        Icon::ResizeNwSe | Icon::ResizeSouthEast | Icon::ResizeNorthWest => Cursor::NwseResize,
        Icon::ResizeNeSw | Icon::ResizeNorthEast | Icon::ResizeSouthWest => Cursor::NeswResize,
        Icon::ResizeEast | Icon::ResizeWest => Cursor::EwResize,
        Icon::ResizeNorth | Icon::ResizeSouth => Cursor::NsResize,
        Icon::ResizeColumn => Cursor::ColResize,
        Icon::ResizeRow => Cursor::RowResize,
        _ => Cursor::Default,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use keyboard_types::{Code, NamedKey};

    fn press(key: Key, modifiers: keyboard_types::Modifiers) -> Event {
        Event::Keyboard(KeyboardEvent {
            state: KeyState::Down,
            key,
            code: Code::Unidentified,
            modifiers,
            ..Default::default()
        })
    }

    #[test]
    fn the_keys_of_the_editor_reach_egui() {
        for (key, expected) in [
            (Key::Named(NamedKey::ArrowDown), egui::Key::ArrowDown),
            (Key::Named(NamedKey::Enter), egui::Key::Enter),
            (Key::Named(NamedKey::Escape), egui::Key::Escape),
            (Key::Named(NamedKey::PageUp), egui::Key::PageUp),
            (Key::Named(NamedKey::F1), egui::Key::F1),
            (Key::Character(" ".into()), egui::Key::Space),
            (Key::Character("/".into()), egui::Key::Slash),
            (Key::Character("f".into()), egui::Key::F),
            (Key::Character("F".into()), egui::Key::F),
        ] {
            assert_eq!(translate_key(&key), Some(expected), "{key:?}");
        }
    }

    #[test]
    fn a_character_is_typed_unless_it_is_a_shortcut() {
        let mut input = Input::default();
        let mut events = Vec::new();
        input.translate(
            &press(Key::Character("é".into()), keyboard_types::Modifiers::empty()),
            1.0,
            &mut events,
        );
        assert!(events.contains(&egui::Event::Text("é".into())));

        events.clear();
        let control = if cfg!(target_os = "macos") {
            keyboard_types::Modifiers::META
        } else {
            keyboard_types::Modifiers::CONTROL
        };
        let (_, clipboard) = input.translate(&press(Key::Character("c".into()), control), 1.0, &mut events);
        assert_eq!(clipboard, Some(ClipboardKey::Copy));
        assert!(!events.iter().any(|event| matches!(event, egui::Event::Text(_))));
    }

    #[test]
    fn the_pointer_is_scaled_to_points() {
        let mut input = Input::default();
        let mut events = Vec::new();
        let moved = Event::Mouse(MouseEvent::CursorMoved {
            position: baseview::dpi::PhysicalPosition::new(300.0, 90.0),
            modifiers: keyboard_types::Modifiers::empty(),
        });
        input.translate(&moved, 1.0 / 3.0, &mut events);
        let Some(egui::Event::PointerMoved(position)) = events.pop() else { panic!("no movement") };
        assert!((position - Pos2::new(100.0, 30.0)).length() < 1e-3);
    }

    #[test]
    fn a_press_is_seen_before_the_movement_after_it() {
        let button = |pressed| egui::Event::PointerButton {
            pos: Pos2::ZERO,
            button: PointerButton::Primary,
            pressed,
            modifiers: egui::Modifiers::NONE,
        };
        let moved = || egui::Event::PointerMoved(Pos2::ZERO);
        let parts = split_at_buttons(vec![moved(), button(true), moved(), moved(), button(false)]);
        assert_eq!(parts, [vec![moved(), button(true)], vec![moved(), moved(), button(false)]]);
        assert_eq!(split_at_buttons(vec![moved()]), [vec![moved()]]);
        assert_eq!(split_at_buttons(Vec::new()), [Vec::new()]);
    }

    #[test]
    fn losing_the_focus_lets_go_of_the_modifiers() {
        let mut input = Input::default();
        let mut events = Vec::new();
        input.translate(
            &press(Key::Named(NamedKey::Shift), keyboard_types::Modifiers::SHIFT),
            1.0,
            &mut events,
        );
        events.clear();
        input.translate(&Event::Window(WindowEvent::Unfocused), 1.0, &mut events);
        assert_eq!(events.first(), Some(&egui::Event::ModifiersChanged(egui::Modifiers::NONE)));
    }
}
