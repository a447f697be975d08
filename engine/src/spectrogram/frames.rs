//! Mel columns in, frames out.

use super::front_end::{FrameRule, ShortRule, TailRule};

/// One analysis block of consecutive mel columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame<'a> {
    /// Index of the frame's first column in the sound.
    pub start_column: u32,
    /// `[columns, bands]`, row-major.
    pub mel: &'a [f32],
}

/// Cuts a stream of columns into overlapping frames.
///
/// Keeps the last columns only, so memory is two frames whatever the length of the sound.
#[derive(Debug, Clone)]
pub struct FrameAssembler {
    rule: FrameRule,
    bands: usize,
    /// The latest columns, at most two frames of them.
    recent: Vec<f32>,
    /// Columns received so far.
    columns: u64,
    /// First column of the next regular frame.
    next_start: u64,
}

impl FrameAssembler {
    /// Starts with a rule that [validates](FrameRule::validate), for columns of `bands` values.
    pub fn new(rule: FrameRule, bands: usize) -> Self {
        let recent = Vec::with_capacity(2 * rule.columns as usize * bands);
        Self { rule, bands, recent, columns: 0, next_start: 0 }
    }

    /// Columns received since the start of the sound.
    pub fn columns(&self) -> u64 {
        self.columns
    }

    /// Adds a column `[bands]`; returns the frame that it completes, if it completes one.
    ///
    /// A column of another length is cut or filled up with zeros.
    pub fn push(&mut self, column: &[f32]) -> Option<Frame<'_>> {
        let length = self.rule.columns as usize;
        if self.columns == 0 {
            // What the sound before has left.
            self.recent.clear();
        }
        if self.recent.len() == 2 * length * self.bands {
            self.recent.drain(..length * self.bands);
        }
        let end = self.recent.len() + self.bands;
        self.recent.extend_from_slice(&column[..column.len().min(self.bands)]);
        self.recent.resize(end, 0.0);
        self.columns += 1;
        if self.columns < self.next_start + length as u64 {
            return None;
        }
        let start_column = self.next_start;
        self.next_start += u64::from(self.rule.hop_columns);
        Some(self.latest(start_column))
    }

    /// Ends the sound: returns the frame that the rule makes of what is left, if any. The next column starts another
    /// sound.
    pub fn finish(&mut self) -> Option<Frame<'_>> {
        let length = u64::from(self.rule.columns);
        let columns = std::mem::take(&mut self.columns);
        let covered = std::mem::take(&mut self.next_start) + length - u64::from(self.rule.hop_columns);
        if columns == 0 {
            return None;
        }
        if columns < length {
            let ShortRule::ZeroPad = self.rule.short;
            self.recent.resize(length as usize * self.bands, 0.0);
            return Some(self.latest(0));
        }
        if self.rule.tail == TailRule::AlignToEnd && columns > covered {
            return Some(self.latest(columns - length));
        }
        None
    }

    /// Forgets the sound in work.
    pub fn reset(&mut self) {
        (self.columns, self.next_start) = (0, 0);
    }

    fn latest(&self, start_column: u64) -> Frame<'_> {
        let length = self.rule.columns as usize * self.bands;
        let mel = &self.recent[self.recent.len() - length..];
        Frame { start_column: u32::try_from(start_column).unwrap_or(u32::MAX), mel }
    }
}
