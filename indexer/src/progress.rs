//! Progress of an indexing run: a bar on a terminal, plain lines elsewhere, nothing with `--quiet`.

use std::io::{self, IsTerminal};
use std::path::Path;
use std::time::{Duration, Instant};

use earmark_engine::indexing::Observer;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output;

/// How often a plain line is printed.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how a run goes on standard error.
pub(crate) struct Progress {
    shown: Shown,
    begun: Instant,
    last_line: Instant,
    files: usize,
    files_total: usize,
    bytes: u64,
    bytes_total: u64,
    audio_s: f64,
}

enum Shown {
    Bar(ProgressBar),
    Lines,
    Nothing,
}

impl Progress {
    pub(crate) fn new(quiet: bool) -> Self {
        let shown = if quiet {
            Shown::Nothing
        } else if io::stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            // The message keeps its place on narrow terminals; the bar takes what is left.
            let template = "{wide_bar} {percent:>3} %  {msg}";
            bar.set_style(
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
            );
            Shown::Bar(bar)
        } else {
            Shown::Lines
        };
        let now = Instant::now();
        Self {
            shown,
            begun: now,
            last_line: now,
            files: 0,
            files_total: 0,
            bytes: 0,
            bytes_total: 0,
            audio_s: 0.0,
        }
    }

    /// Clears the bar away.
    pub(crate) fn finish(&self) {
        if let Shown::Bar(bar) = &self.shown {
            bar.finish_and_clear();
        }
    }

    fn message(&self) -> String {
        let elapsed_s = self.begun.elapsed().as_secs_f64();
        let mut message = format!(
            "{} of {} files, {:.2} h of audio",
            output::thousands(self.files as u64),
            output::thousands(self.files_total as u64),
            self.audio_s / 3600.0
        );
        if elapsed_s > 1.0 && self.audio_s > 0.0 {
            message += &format!(", {:.0}× real time", self.audio_s / elapsed_s);
        }
        if elapsed_s > 2.0 && self.bytes > 0 {
            let left_s =
                elapsed_s * (self.bytes_total - self.bytes.min(self.bytes_total)) as f64 / self.bytes as f64;
            message += &format!(", {} left", output::span(left_s));
        }
        message
    }

    fn say(&self, line: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(|| output::warn(line)),
            Shown::Lines | Shown::Nothing => output::warn(line),
        }
    }
}

impl Observer for Progress {
    fn planned(&mut self, files: usize, bytes: u64) {
        (self.files_total, self.bytes_total) = (files, bytes);
        if let Shown::Bar(bar) = &self.shown {
            bar.set_length(bytes.max(1));
        }
    }

    fn looked_into(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    fn tick(&mut self, audio_s: f64) {
        self.audio_s = audio_s;
        match &self.shown {
            Shown::Bar(bar) => {
                bar.set_position(self.bytes);
                bar.set_message(self.message());
            }
            Shown::Lines if self.last_line.elapsed() >= LINE_EVERY => {
                self.last_line = Instant::now();
                output::say(&self.message());
            }
            Shown::Lines | Shown::Nothing => {}
        }
    }

    fn file_done(&mut self, path: &Path, _bytes: u64, problem: Option<&str>) {
        self.files += 1;
        tracing::debug!(path = %path.display(), "done");
        if let Some(problem) = problem {
            self.say(problem);
        }
    }
}
