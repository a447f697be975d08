//! From a file and fields to the file as it is to be: a [`Recipe`] of what is kept and what is new.
//!
//! Each format says two things: the recipe, and where its audio lies. The audio is located anew in the finished file, so
//! that equal hashes before and after prove it untouched whatever the recipe did.

mod aiff_form;
mod bext;
mod flac;
mod id3;
mod info;
mod ixml;
mod mp3;
mod mp4;
mod ogg;
mod recipe;
mod riff;
mod text;
mod values;
mod vorbis;
mod wave;

use std::io::{self, Read, Seek};

use earmark_engine::audio::riff::Dialect;

pub(crate) use recipe::{Audio, Inverse, Recipe, digest};
pub(crate) use values::Values;
pub use values::{Place, Targets};

/// What a file is read from.
pub(crate) trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// Why fields cannot be written into a file.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The file could not be read.
    Io(io::Error),
    /// The format, or this kind of it, is not written to.
    Unsupported(String),
    /// The content contradicts its format, so that nothing in it is safe to move.
    Malformed(String),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Which way a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Wave(Dialect),
    Aiff(Dialect),
    Flac,
    Ogg,
    Mp3,
    Mp4,
}

impl Format {
    /// Finds out by the content.
    pub(crate) fn of<S: Source>(source: &mut S) -> Result<Self, Fault> {
        let mut head = [0; 40];
        let got = recipe::read_at(source, 0, &mut head)?;
        let head = &head[..got];
        match Dialect::sniff(head) {
            Some(dialect @ (Dialect::Riff | Dialect::Rifx | Dialect::Rf64)) => {
                return Ok(Self::Wave(dialect));
            }
            Some(dialect @ (Dialect::Aiff | Dialect::Aifc)) => return Ok(Self::Aiff(dialect)),
            Some(Dialect::Wave64) => return Err(unsupported("Wave64 has no agreed place for UCS fields")),
            None => {}
        }
        match head {
            [b'c', b'a', b'f', b'f', ..] => {
                Err(unsupported("CAF has no place that other tools look for UCS fields"))
            }
            [b'O', b'g', b'g', b'S', ..] => Ok(Self::Ogg),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] => Ok(Self::Mp4),
            _ => match flac::begins_at(source)? {
                Some(_) => Ok(Self::Flac),
                None if mp3::is_mpeg(source)? => Ok(Self::Mp3),
                None => Err(unsupported("this format is not written to")),
            },
        }
    }

    /// What is kept and what is new.
    pub(crate) fn recipe<S: Source>(self, source: &mut S, values: &Values) -> Result<Recipe, Fault> {
        match self {
            Self::Wave(dialect) => wave::recipe(source, dialect, values),
            Self::Aiff(dialect) => aiff_form::recipe(source, dialect, values),
            Self::Flac => flac::recipe(source, values),
            Self::Ogg => ogg::recipe(source, values),
            Self::Mp3 => mp3::recipe(source, values),
            Self::Mp4 => mp4::recipe(source, values),
        }
    }

    /// Where the audio lies.
    pub(crate) fn audio<S: Source>(self, source: &mut S) -> Result<Audio, Fault> {
        match self {
            Self::Wave(dialect) | Self::Aiff(dialect) => riff::audio(source, dialect),
            Self::Flac => flac::audio(source),
            Self::Ogg => ogg::audio(source),
            Self::Mp3 => mp3::audio(source),
            Self::Mp4 => mp4::audio(source),
        }
    }

    /// Whether a file of this format, once written, may call itself `other`: RIFF beyond 4 GB becomes RF64.
    pub(crate) fn may_become(self, other: Self) -> bool {
        self == other || (self == Self::Wave(Dialect::Riff) && other == Self::Wave(Dialect::Rf64))
    }
}

fn unsupported(what: &str) -> Fault {
    Fault::Unsupported(what.to_owned())
}

fn malformed(what: impl Into<String>) -> Fault {
    Fault::Malformed(what.into())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use earmark_demo::{Audio as Sound, Bext, Chunks, SampleFormat, aiff, flac, wav};

    use super::*;
    use crate::fields::Fields;

    /// SplitMix64: the same mutations in every run.
    fn next(state: &mut u64) -> usize {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let value = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((value ^ (value >> 27)) >> 16) as usize
    }

    /// A box of MP4.
    fn boxed(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
        [&(content.len() as u32 + 8).to_be_bytes()[..], kind, content].concat()
    }

    fn mp4() -> Vec<u8> {
        let stco = boxed(b"stco", &[&[0; 4][..], &1u32.to_be_bytes(), &200u32.to_be_bytes()].concat());
        let co64 = boxed(b"co64", &[&[0; 4][..], &1u32.to_be_bytes(), &210u64.to_be_bytes()].concat());
        let stbl = boxed(b"stbl", &[stco, co64].concat());
        let trak = boxed(b"trak", &boxed(b"mdia", &boxed(b"minf", &stbl)));
        let hdlr = boxed(b"hdlr", &[&[0; 8][..], b"mdirappl", &[0; 9]].concat());
        let name = [
            boxed(b"mean", b"\0\0\0\0x"),
            boxed(b"name", b"\0\0\0\0CatID"),
            boxed(b"data", b"\0\0\0\x01\0\0\0\0AIRBlow"),
        ];
        let ilst = boxed(b"ilst", &boxed(b"----", &name.concat()));
        let meta = boxed(b"meta", &[&[0; 4][..], &hdlr, &ilst].concat());
        let moov = boxed(b"moov", &[trak, boxed(b"udta", &meta)].concat());
        [boxed(b"ftyp", b"M4A \0\0\0\0"), moov, boxed(b"mdat", &[7; 64])].concat()
    }

    /// An Ogg page.
    fn page(flags: u8, sequence: u8, packets: &[&[u8]]) -> Vec<u8> {
        let mut page = b"OggS\0".to_vec();
        page.extend([flags, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, sequence, 0, 0, 0, 0, 0, 0, 0]);
        page.push(packets.len() as u8);
        page.extend(packets.iter().map(|packet| packet.len() as u8));
        page.extend(packets.concat());
        let sum = ogg::checksum(&page);
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        page
    }

    fn ogg() -> Vec<u8> {
        let comments = b"\x03vorbis\x01\0\0\0v\x01\0\0\0\x05\0\0\0CATID\x01";
        let first = page(2, 0, &[b"\x01vorbis and so on"]);
        let second = page(0, 1, &[comments, b"\x05vorbis setup"]);
        [first, second, page(0, 2, &[b"audio", b"more"]), page(4, 3, &[b"end"])].concat()
    }

    #[test]
    fn damaged_ogg_headers_are_refused_and_damaged_audio_stays_so() {
        let fields = Fields { cat_id: Some("DOORWood".repeat(9000)), ..Fields::default() };
        let values = Values::new(&fields, Targets::default());
        let whole = ogg();
        let start = |number: usize| {
            let starts = whole.windows(4).enumerate().filter(|(_, word)| word == b"OggS");
            starts.map(|(at, _)| at).nth(number).expect("there are four pages")
        };
        let mut bytes = whole.clone();
        bytes[start(1) + 40] ^= 1;
        assert!(matches!(write(&bytes, &values), Err(Fault::Malformed(_))));
        // The first page of audio, which gets another number as the comments take more pages.
        let mut bytes = whole.clone();
        bytes[start(3) - 1] ^= 1;
        let is_right = |file: &[u8], from_end: usize| {
            let starts: Vec<usize> =
                file.windows(4).enumerate().filter(|(_, w)| w == b"OggS").map(|(at, _)| at).collect();
            let at = starts[starts.len() - from_end];
            let end = starts.get(starts.len() - from_end + 1).copied().unwrap_or(file.len());
            let mut page = file[at..end].to_vec();
            let stored = page[22..26].to_vec();
            page[22..26].fill(0);
            ogg::checksum(&page).to_le_bytes() == stored[..]
        };
        let new = new_file(&bytes, &values).expect("its headers are whole");
        assert!(!is_right(&new, 2) && is_right(&new, 1) && is_right(&new, 3));
        assert!(is_right(&new_file(&whole, &values).expect("it is whole"), 2));
    }

    #[test]
    fn no_damage_makes_a_writer_panic_and_what_it_writes_can_be_turned_around() {
        let tone = (0..120).map(|at| (at as f32 / 9.0).sin()).collect();
        let sound = Sound { sample_rate_hz: 8000, channels: vec![tone] };
        let ixml = "<BWFXML><USER><CATID>AIRBlow</CATID></USER></BWFXML>".to_owned();
        let chunks = Chunks {
            bext: Some(Bext { coding_history: "A=PCM\r\n".into(), ..Bext::default() }),
            ixml: Some(ixml),
            info: vec![(*b"INAM", "x".into()), (*b"ICMT", "yy".into())],
        };
        let id3 =
            b"ID3\x04\0\0\0\0\0\x1dTXXX\0\0\0\x0b\0\0\x03CATID\0x\0\0\0\0\0\0\0\0\0\0\0\xff\xfb\x90\x64audio"
                .to_vec();
        let files = [
            wav::encode(&sound, SampleFormat::I16, &chunks),
            wav::encode_64(&sound, SampleFormat::I16, &chunks, wav::Id64::Rf64),
            aiff::encode(&sound, SampleFormat::I16, &chunks),
            flac::encode(&sound, SampleFormat::I16, &chunks),
            id3,
            mp4(),
            ogg(),
        ];
        let fields = Fields {
            cat_id: Some("DOORWood".into()),
            fx_name: Some("x".into()),
            description: Some("An old door".into()),
            ..Fields::default()
        };
        let all = Place::Always;
        let values = Values::new(&fields, Targets { ixml: all, bext: all, info: all, id3: all });
        let mut state = 5;
        let (mut written, mut refused) = (0, 0);
        for file in &files {
            let whole = write(file, &values);
            assert!(whole.is_ok(), "{:?} of {}", whole.err(), file[..12].escape_ascii());
            let once = new_file(file, &values).expect("it was written before");
            assert_ne!(&once, file);
            let again = new_file(&once, &values).expect("it was written before");
            assert!(again == once, "{} is written to again", file[..12].escape_ascii());
            for _ in 0..1500 {
                let mut bytes = file.clone();
                for _ in 0..1 + next(&mut state) % 3 {
                    // Most damage is done where sizes and names are.
                    let reach =
                        if next(&mut state).is_multiple_of(2) { bytes.len() } else { bytes.len().min(160) };
                    let at = next(&mut state) % reach;
                    bytes[at] = [0, 0xff, 0x7f, bytes[at] ^ 1, next(&mut state) as u8][next(&mut state) % 5];
                }
                if next(&mut state).is_multiple_of(4) {
                    bytes.truncate(next(&mut state) % bytes.len());
                }
                match write(&bytes, &values) {
                    Ok(()) => written += 1,
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(written > 1000 && refused > 1000, "{written} written, {refused} refused");
    }

    /// The file with the fields.
    fn new_file(bytes: &[u8], values: &Values) -> Result<Vec<u8>, Fault> {
        let mut source = Cursor::new(bytes);
        let recipe = Format::of(&mut source)?.recipe(&mut source, values)?;
        let mut new = Vec::new();
        recipe.write(&mut source, &mut new)?;
        assert_eq!(recipe.changes_nothing(&mut source)?, new == bytes);
        Ok(new)
    }

    fn write(bytes: &[u8], values: &Values) -> Result<(), Fault> {
        let mut source = Cursor::new(bytes);
        let format = Format::of(&mut source)?;
        let audio = format.audio(&mut source)?;
        digest(&mut source, &audio)?;
        let recipe = format.recipe(&mut source, values)?;
        let mut new = Vec::new();
        recipe.write(&mut source, &mut new)?;
        let (inverse, saved) = recipe.inverse(bytes.len() as u64);
        let saved: Vec<u8> = saved
            .iter()
            .flat_map(|range| &bytes[range.start as usize..range.end as usize])
            .copied()
            .collect();
        let mut back = Vec::new();
        inverse.write(&mut Cursor::new(&new), &saved, &mut back)?;
        assert!(back == bytes);
        assert_eq!(recipe.changes_nothing(&mut Cursor::new(bytes))?, new == bytes);
        Ok(())
    }
}
