//! Words and categories narrow what is shown.

use std::sync::Arc;

use earmark_plugin::exchange::{Command, FilterState, SoundKey};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use crate::support::{Stage, views};
use crate::{click, results};

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
