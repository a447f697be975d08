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
