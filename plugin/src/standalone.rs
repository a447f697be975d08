//! The plugin as a program of its own, to try it without a DAW: it takes the computer's audio input.

fn main() {
    nice_plug::prelude::nice_export_standalone::<earmark_plugin::Earmark>();
}
