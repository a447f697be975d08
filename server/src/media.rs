//! Sounds for the browser's player: ranges of the file itself where browsers play it, else of a WAV made of it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use earmark_engine::audio::{AudioReader, Container};

use crate::body::{Feed, fed};
use crate::error::ApiError;
use crate::wav::VirtualWav;

/// Bytes read at a time.
const PIECE: usize = 64 << 10;

/// What is played.
enum Media {
    /// The file as it is.
    Raw(File),
    Made(VirtualWav, Box<AudioReader>),
}

/// A part of something that is `len` bytes long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    All,
    /// From the first to before the end.
    Range(u64, u64),
    Unsatisfiable,
}

/// Answers with a sound, or the part of it that the request asks for; blocks while it is opened.
///
/// Only what the engine takes for a sound is handed out, whatever stands in the library's place by now.
pub(crate) fn play(
    path: &Path,
    duration_s: f64,
    as_wav: bool,
    headers: &HeaderMap,
) -> Result<Response, ApiError> {
    let unplayable = |message: String| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "unplayable", message);
    let reader = AudioReader::open(path).map_err(|error| unplayable(error.to_string()))?;
    let kind = raw_kind(&reader).filter(|_| !as_wav);
    let (media, len) = match kind {
        Some(_) => {
            let file = File::open(path).map_err(|error| unplayable(error.to_string()))?;
            let len = file.metadata().map_err(|error| unplayable(error.to_string()))?.len();
            (Media::Raw(file), len)
        }
        None => {
            let wav = VirtualWav::of(&reader, duration_s);
            (Media::Made(wav, Box::new(reader)), wav.len())
        }
    };
    let wanted = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let part = wanted.map_or(Part::All, |range| Part::parse(range, len));
    let common = [(header::CONTENT_TYPE, kind.unwrap_or("audio/wav")), (header::ACCEPT_RANGES, "bytes")];
    Ok(match part {
        Part::Unsatisfiable => {
            let size = [(header::CONTENT_RANGE, format!("bytes */{len}"))];
            (StatusCode::RANGE_NOT_SATISFIABLE, common, size).into_response()
        }
        Part::All => {
            let size = [(header::CONTENT_LENGTH, len.to_string())];
            (StatusCode::OK, common, size, media.stream(0, len)).into_response()
        }
        Part::Range(first, end) => {
            let size = [
                (header::CONTENT_RANGE, format!("bytes {first}-{}/{len}", end - 1)),
                (header::CONTENT_LENGTH, (end - first).to_string()),
            ];
            (StatusCode::PARTIAL_CONTENT, common, size, media.stream(first, end)).into_response()
        }
    })
}

/// The media type of files that browsers play as they are.
fn raw_kind(reader: &AudioReader) -> Option<&'static str> {
    let format = reader.format();
    match format.container {
        Container::Mp3 => Some("audio/mpeg"),
        Container::Flac if format.channels <= 2 => Some("audio/flac"),
        Container::Ogg if format.channels <= 2 => Some("audio/ogg"),
        Container::Aac => Some("audio/aac"),
        // ALAC, which has bits a sample, is played by Safari alone.
        Container::M4a if format.bits_per_sample.is_none() => Some("audio/mp4"),
        _ => None,
    }
}

impl Part {
    /// RFC 9110 §14.1.2. What asks for several ranges, or for none that we understand, gets everything, as allowed.
    fn parse(header: &str, len: u64) -> Self {
        let Some(range) = header.strip_prefix("bytes=") else { return Self::All };
        let Some((first, last)) = range.trim().split_once('-') else { return Self::All };
        let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok());
        match (first, last) {
            ("", last) => match number(last).flatten() {
                Some(0) => Self::Unsatisfiable,
                Some(suffix) => Self::Range(len.saturating_sub(suffix), len).within(len),
                None => Self::All,
            },
            (first, "") => {
                number(first).flatten().map_or(Self::All, |first| Self::Range(first, len).within(len))
            }
            (first, last) => match (number(first).flatten(), number(last).flatten()) {
                (Some(first), Some(last)) if first <= last => {
                    Self::Range(first, u64::saturating_add(last, 1).min(len)).within(len)
                }
                _ => Self::All,
            },
        }
    }

    fn within(self, len: u64) -> Self {
        match self {
            Self::Range(first, _) if first >= len => Self::Unsatisfiable,
            other => other,
        }
    }
}

impl Media {
    /// The bytes from `first` to before `end`, read while the browser takes them.
    fn stream(self, first: u64, end: u64) -> Body {
        let (feed, body) = fed();
        tokio::task::spawn_blocking(move || {
            let outcome = match self {
                Self::Raw(file) => copy(file, first, end, &feed),
                Self::Made(wav, mut reader) => {
                    wav.write(&mut reader, first, end, &feed).map_err(io::Error::other)
                }
            };
            if let Err(error) = outcome {
                tracing::debug!("a sound ended early: {error}");
                feed.fail(error);
            }
        });
        body
    }
}

fn copy(mut file: File, first: u64, end: u64, feed: &Feed) -> io::Result<()> {
    file.seek(SeekFrom::Start(first))?;
    let mut left = end - first;
    while left > 0 {
        let mut piece = vec![0; usize::try_from(left).map_or(PIECE, |left| left.min(PIECE))];
        let got = file.read(&mut piece)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        piece.truncate(got);
        left -= got as u64;
        if !feed.send(piece) {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_says() {
        let parse = |header| Part::parse(header, 1000);
        assert_eq!(parse("bytes=0-"), Part::Range(0, 1000));
        assert_eq!(parse("bytes=0-0"), Part::Range(0, 1));
        assert_eq!(parse("bytes=500-5000"), Part::Range(500, 1000));
        assert_eq!(parse("bytes=-100"), Part::Range(900, 1000));
        assert_eq!(parse("bytes=-5000"), Part::Range(0, 1000));
        assert_eq!(parse("bytes=1000-"), Part::Unsatisfiable);
        assert_eq!(parse("bytes=-0"), Part::Unsatisfiable);
        for odd in ["bytes=5-2", "bytes=1-2,5-6", "bytes=", "bytes=a-b", "bytes=+1-2", "seconds=1-2", "0-1"] {
            assert_eq!(parse(odd), Part::All, "{odd}");
        }
        let most = u64::MAX.to_string();
        assert_eq!(Part::parse(&format!("bytes=1-{most}"), 1000), Part::Range(1, 1000));
        assert_eq!(Part::parse(&format!("bytes=1-{most}0"), 1000), Part::All);
    }
}
