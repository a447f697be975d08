//! What the editor's window shows and answers, driven by its accessible names, without a window.
#![allow(clippy::unwrap_used)]

mod asking;
mod controls;
mod filtering;
mod listing;
mod states;
#[path = "../support/mod.rs"]
mod support;

use earmark_plugin::exchange::Command;
use egui_kittest::kittest::Queryable as _;
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
