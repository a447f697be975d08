//! What people see: messages, tables, numbers.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use tracing_subscriber::EnvFilter;

use crate::error::Failure;

/// For what matters most in a line.
pub(crate) const STRONG: Style = Style::new().bold();
/// For good values.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// For what may be overlooked.
pub(crate) const FAINT: Style = Style::new().dimmed();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();

/// Sends traces to standard error: `EARMARK_LOG`, or -v (info) and -vv (debug).
pub(crate) fn start_tracing(verbose: u8) {
    let level = match verbose {
        0 => "off",
        1 => "earmark=info,earmark_engine=info",
        _ => "earmark=debug,earmark_engine=debug",
    };
    let filter = EnvFilter::try_from_env("EARMARK_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let colour =
        io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let traces = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(io::stderr);
    // It would panic where standard error is closed.
    traces.log_internal_errors(false).init();
}

/// Says a line on standard error; when nobody reads it any more, the work goes on all the same.
pub(crate) fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// Says on standard error that something is odd.
pub(crate) fn warn(message: &str) {
    say(&format!("{WARNING}warning{WARNING:#}: {}", one_line(message)));
}

/// Says on standard error what went wrong.
pub(crate) fn error(message: &str) {
    say(&format!("earmark: {}", one_line(message)));
}

/// Prints a line on standard output, at once.
pub(crate) fn print_line(line: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Prints a value as JSON on standard output.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    Ok(())
}

/// Keeps a message on one line and control characters (of hostile file names) from the terminal.
pub(crate) fn one_line(message: &str) -> String {
    let mut line = String::with_capacity(message.len());
    for character in message.chars() {
        match character {
            '\n' | '\t' => line.push(' '),
            character if character.is_control() => line.extend(character.escape_default()),
            character => line.push(character),
        }
    }
    line
}

/// Writes a path to standard output: as its bytes where a program reads, readable where a person does.
///
/// It goes past the layer that takes colours away, which would take parts of odd names with them.
pub(crate) fn write_path(path: &Path) -> io::Result<()> {
    let mut out = io::stdout().lock();
    #[cfg(unix)]
    if !out.is_terminal() {
        use std::os::unix::ffi::OsStrExt;
        return out.write_all(path.as_os_str().as_bytes());
    }
    write!(out, "{}", one_line(&path.to_string_lossy()))
}

/// A path in JSON: text, and the bytes beside it where they are not UTF-8.
#[derive(Debug, serde::Serialize)]
pub(crate) struct JsonPath {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<Vec<u8>>,
}

impl JsonPath {
    /// The path as text, as far as it is text.
    pub(crate) fn text(&self) -> &str {
        &self.path
    }
}

impl From<&Path> for JsonPath {
    fn from(path: &Path) -> Self {
        let text = path.to_str();
        Self {
            path: path.to_string_lossy().into_owned(),
            path_bytes: text.is_none().then(|| path.as_os_str().as_encoded_bytes().to_vec()),
        }
    }
}

/// `1,234,567`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 sound`, `2,000 sounds`.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number as u64))
}

/// Bytes in the unit that suits them.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

/// A span of time: `42 s`, `3 min 20 s`, `5 h 12 min`.
pub(crate) fn span(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        _ if seconds < 10.0 => format!("{:.1} s", seconds.max(0.0)),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_messages_stay_on_a_line() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(counted(1, "sound"), "1 sound");
        assert_eq!(one_line("a\nb\u{1b}[31m"), "a b\\u{1b}[31m");
        assert_eq!(span(3.21), "3.2 s");
        assert_eq!(span(200.0), "3 min 20 s");
        assert_eq!(span(18_720.0), "5 h 12 min");
        assert_eq!(size(1_500_000), "1.5 MB");
    }
}
