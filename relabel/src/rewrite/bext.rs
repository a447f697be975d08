//! The Broadcast Wave extension (EBU Tech 3285): the description stays, what was done is noted in the history.

use super::values::Values;

/// Fixed fields before the coding history.
const FIXED: usize = 602;

/// What the `fmt ` chunk says, for the history.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SampleFacts {
    pub tag: u16,
    pub channels: u16,
    pub rate_hz: u32,
    pub bits: u16,
}

impl SampleFacts {
    pub(super) fn of_fmt(bytes: &[u8], big_endian: bool) -> Option<Self> {
        let u16_at = |at: usize| {
            let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
            Some(if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) })
        };
        let (first, second) = (u32::from(u16_at(4)?), u32::from(u16_at(6)?));
        let rate_hz = if big_endian { first << 16 | second } else { second << 16 | first };
        Some(Self { tag: u16_at(0)?, channels: u16_at(2)?, rate_hz, bits: u16_at(14)? })
    }
}

/// The chunk with another line of history, and with a description where it had none; `None` leaves a chunk alone that is
/// shorter than the standard has it, or where there is nothing to tell, neither of it nor of the others (`changed`).
pub(super) fn update(
    old: &[u8],
    facts: Option<SampleFacts>,
    values: &Values,
    changed: bool,
) -> Option<Vec<u8>> {
    let (fixed, history) = old.split_at_checked(FIXED)?;
    let mut new = fixed.to_vec();
    if let Some(description) = values.description()
        && fixed[..256].iter().all(|byte| *byte == 0 || byte.is_ascii_whitespace())
    {
        put(&mut new[..256], description);
    }
    if !changed && new == fixed {
        return None;
    }
    // What follows the text is filling.
    let text = &history[..history.iter().position(|byte| *byte == 0).unwrap_or(history.len())];
    new.extend_from_slice(text);
    if !text.is_empty() && !text.ends_with(b"\n") {
        new.extend_from_slice(b"\r\n");
    }
    new.extend_from_slice(history_line(facts).as_bytes());
    Some(new)
}

/// A chunk for a file that has none.
pub(super) fn new(facts: Option<SampleFacts>, values: &Values) -> Vec<u8> {
    let mut new = vec![0; FIXED];
    if let Some(description) = values.description().or(values.title()) {
        put(&mut new[..256], description);
    }
    if let Some(originator) = values.fields.creator_id.as_deref() {
        put(&mut new[256..288], originator);
    }
    // Version 1: a UMID, which may be all zeros, and no loudness values.
    new[346..348].copy_from_slice(&1u16.to_le_bytes());
    new.extend_from_slice(history_line(facts).as_bytes());
    new
}

/// A line of history (EBU R 98).
fn history_line(facts: Option<SampleFacts>) -> String {
    let program = concat!("T=Earmark ", env!("CARGO_PKG_VERSION"), "; UCS fields written");
    let Some(facts) = facts else { return format!("{program}\r\n") };
    let coding = match facts.tag {
        1 | 3 | 0xfffe => "A=PCM,",
        0x50 => "A=MPEG1L2,",
        0x55 => "A=MPEG1L3,",
        _ => "",
    };
    let mode = match facts.channels {
        1 => "mono",
        2 => "stereo",
        _ => "multitrack",
    };
    let width = if coding == "A=PCM," { format!("W={},", facts.bits) } else { String::new() };
    format!("{coding}F={},{width}M={mode},{program}\r\n", facts.rate_hz)
}

/// Fills a field of fixed width with as much of a text as fits whole characters.
fn put(field: &mut [u8], text: &str) {
    let text = &text[..text.floor_char_boundary(field.len())];
    field.fill(0);
    field[..text.len()].copy_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields::Fields;

    fn values(description: &str) -> Values {
        let fields = Fields { description: Some(description.into()), ..Fields::default() };
        Values::new(&fields, Default::default())
    }

    #[test]
    fn the_description_stays_and_the_history_grows() {
        let mut old = vec![7; FIXED];
        old.extend(b"A=PCM,F=44100,W=16,M=mono,T=Nagra\0\0\0");
        let facts = SampleFacts { tag: 1, channels: 2, rate_hz: 48_000, bits: 24 };
        let new = update(&old, Some(facts), &values("other"), true).unwrap();
        assert_eq!(new[..FIXED], old[..FIXED]);
        let history = std::str::from_utf8(&new[FIXED..]).unwrap();
        let lines: Vec<&str> = history.lines().collect();
        assert_eq!(lines[0], "A=PCM,F=44100,W=16,M=mono,T=Nagra");
        assert!(lines[1].starts_with("A=PCM,F=48000,W=24,M=stereo,T=Earmark "), "{history}");
        assert!(update(&old[..601], None, &values("x"), true).is_none());
        assert!(update(&old, Some(facts), &values("other"), false).is_none(), "there is nothing to tell");
    }

    #[test]
    fn a_description_is_given_where_there_is_none_and_never_cut_within_a_character() {
        let new = update(&vec![0; FIXED], None, &values(&"é".repeat(200)), false).unwrap();
        assert_eq!(std::str::from_utf8(&new[..256]).unwrap(), "é".repeat(128));
        let odd = super::new(None, &values(&format!("a{}", "é".repeat(200))));
        assert_eq!(odd[255], 0);
        assert_eq!(std::str::from_utf8(&odd[..255]).unwrap(), format!("a{}", "é".repeat(127)));
    }
}
