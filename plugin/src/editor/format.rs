//! Numbers and paths as people read them.

use std::path::Path;

/// A length: `0.42 s`, `12.3 s`, `2:13`, `1:02:13`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "–".into();
    }
    // Rounding must not turn 59.97 s into "60.0 s".
    if seconds < 9.995 {
        return format!("{seconds:.2} s");
    }
    if seconds < 59.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// A moment on a timeline, to a tenth of a second: `2:13.4`.
pub(super) fn moment(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round() as u64;
    let (hours, minutes) = (tenths / 36_000, tenths / 600 % 60);
    let (seconds, tenth) = (tenths / 10 % 60, tenths % 10);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}.{tenth}")
    } else {
        format!("{minutes}:{seconds:02}.{tenth}")
    }
}

/// A number with its thousands apart: `98,110`.
pub(super) fn count(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things: `1 sound`, `98,110 sounds`.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{} {many}", count(number)) }
}

/// How many channels: `mono`, `stereo`, `6 ch`.
pub(super) fn channels(channels: u16) -> String {
    match channels {
        1 => "mono".into(),
        2 => "stereo".into(),
        more => format!("{more} ch"),
    }
}

/// A gain: `-60.0 dB` is the softest there is and reads as silence.
pub(super) fn decibels(db: f32) -> String {
    format!("{db:+.1} dB").replace('-', "−")
}

/// The last folders of a path, enough to tell similar names apart.
pub(super) fn folder(path: &Path) -> String {
    let Some(parent) = path.parent() else { return String::new() };
    let parts: Vec<_> = parent.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    let kept = &parts[parts.len().saturating_sub(3)..];
    kept.join("/").replace("//", "/")
}

/// A text that fits a menu: its end is cut off beyond `most` characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_read_naturally_at_every_scale() {
        for (seconds, text) in [
            (0.0, "0.00 s"),
            (0.424, "0.42 s"),
            (9.999, "10.0 s"),
            (12.34, "12.3 s"),
            (59.97, "1:00"),
            (133.4, "2:13"),
            (3733.0, "1:02:13"),
            (f64::NAN, "–"),
            (-1.0, "–"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
        assert_eq!(moment(133.44), "2:13.4");
        assert_eq!(moment(3723.96), "1:02:04.0");
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in
            [(0, "0"), (999, "999"), (1000, "1,000"), (98_110, "98,110"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), text);
        }
        assert_eq!(counted(1, "sound", "sounds"), "1 sound");
    }

    #[test]
    fn a_folder_is_named_by_its_last_parts() {
        assert_eq!(folder(Path::new("/media/sfx/Doors/Wood/creak.wav")), "sfx/Doors/Wood");
        assert_eq!(folder(Path::new("/Doors/creak.wav")), "/Doors");
        assert_eq!(folder(Path::new("creak.wav")), "");
    }

    #[test]
    fn shortening_cuts_whole_characters() {
        assert_eq!(shortened("grün", 10), "grün");
        assert_eq!(shortened("grüngrün", 4), "grü…");
    }
}
