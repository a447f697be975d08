//! Times as people write them, and the audio they ask about.

use std::path::Path;

use earmark_engine::audio::{AudioReader, MonoStream};

use crate::cli::RegionArgs;
use crate::error::Failure;

impl RegionArgs {
    /// Opens the region of a file, mono, at a rate.
    pub(crate) fn open(self, audio: &Path, rate_hz: u32) -> Result<MonoStream, Failure> {
        let from_s = self.from.unwrap_or(0.0);
        if let Some(to_s) = self.to.filter(|to_s| *to_s <= from_s) {
            return Err(Failure::Usage(format!("--to {to_s} must be later than --from {from_s}")));
        }
        Ok(MonoStream::from_reader(AudioReader::open(audio)?, rate_hz, from_s, self.to)?)
    }
}

/// Parses `12`, `12.5`, `1:02.5` or `1:00:02.5`.
pub(crate) fn parse_time_s(text: &str) -> Result<f64, String> {
    let wrong = || format!("'{text}' is not a time: write seconds (12.5) or minutes (1:02.5)");
    let mut total = 0.0;
    for part in text.split(':') {
        let plain = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let part: f64 = part.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
        total = total * 60.0 + part;
    }
    if text.matches(':').count() > 2 { Err(wrong()) } else { Ok(total) }
}

/// Formats a time as `0:02.5` or `1:00:02.5`.
pub(crate) fn clock(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (hours, minutes, seconds) = (tenths / 36_000, tenths / 600 % 60, tenths % 600);
    match hours {
        0 => format!("{minutes}:{:02}.{}", seconds / 10, seconds % 10),
        _ => format!("{hours}:{minutes:02}:{:02}.{}", seconds / 10, seconds % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        assert_eq!(parse_time_s("12.5"), Ok(12.5));
        assert_eq!(parse_time_s("1:02.5"), Ok(62.5));
        assert_eq!(parse_time_s("1:00:02"), Ok(3602.0));
        for wrong in ["", "-1", "nan", "1:", ":1", "1:2:3:4", "1e3", "two"] {
            assert!(parse_time_s(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_are_shown_to_a_tenth() {
        assert_eq!(clock(0.0), "0:00.0");
        assert_eq!(clock(133.25), "2:13.3");
        assert_eq!(clock(59.96), "1:00.0");
        assert_eq!(clock(3602.5), "1:00:02.5");
    }
}
