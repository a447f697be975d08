//! How the sounds of the maps are heard: from where they lie, by a path relative to the page, or from the page itself.

use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use earmark_engine::audio::{AudioError, MonoStream};
use earmark_trainer::experiment::SetRecord;
use serde::Serialize;

use crate::output;
use crate::report::markup::base64;

/// Length and rate of an excerpt.
const EXCERPT_S: usize = 1;
const EXCERPT_HZ: u32 = 16_000;

/// The sounds that the page names.
pub(super) struct Sounds {
    roots: Vec<PathBuf>,
    /// The folder in which the page will lie.
    page: PathBuf,
    embed: bool,
    files: Vec<(usize, String)>,
    listed: Vec<Sound>,
}

/// A sound as the page's script finds it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sound {
    /// What is shown while it plays.
    name: String,
    /// Where it is.
    source: String,
}

impl Sounds {
    pub(super) fn new(sets: &[SetRecord], output: &Path, embed: bool) -> Self {
        let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self {
            roots: sets.iter().map(|set| resolved(Path::new(&set.root))).collect(),
            page: resolved(folder.unwrap_or(Path::new("."))),
            embed,
            files: Vec::new(),
            listed: Vec::new(),
        }
    }

    /// The number of a sound, by which the page refers to it.
    pub(super) fn number(&mut self, set: usize, file: &str) -> usize {
        let known = self.files.iter().position(|(other, name)| *other == set && name == file);
        known.unwrap_or_else(|| {
            let path = self.path(set, file);
            self.files.push((set, file.to_owned()));
            self.listed.push(Sound { name: file.to_owned(), source: relative_url(&self.page, &path) });
            self.files.len() - 1
        })
    }

    /// Puts excerpts in the place of paths, where they are asked for; whether it was not stopped.
    pub(super) fn embed(&mut self, stop: &AtomicBool) -> bool {
        if !self.embed {
            return true;
        }
        for at in 0..self.files.len() {
            if stop.load(Ordering::Relaxed) {
                return false;
            }
            let (set, file) = &self.files[at];
            match excerpt(&self.path(*set, file)) {
                Ok(wav) => self.listed[at].source = format!("data:audio/wav;base64,{}", base64(&wav)),
                Err(error) => output::warn(&error.to_string()),
            }
        }
        true
    }

    pub(super) fn list(&self) -> &[Sound] {
        &self.listed
    }

    fn path(&self, set: usize, file: &str) -> PathBuf {
        self.roots.get(set).map(|root| root.join(file)).unwrap_or_default()
    }
}

/// The path without links, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().or_else(|_| std::path::absolute(path)).unwrap_or_else(|_| path.to_owned())
}

/// A file's address as seen from a page in the folder `page`; both are absolute.
fn relative_url(page: &Path, file: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (page.components().collect(), file.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let mut parts: Vec<String> = Vec::new();
    if matches!(to.get(common), Some(Component::Prefix(_))) {
        // Another drive: there is no way from one to the other.
        parts.push("file://".into());
    } else {
        parts.extend(from[common..].iter().map(|_| "..".to_owned()));
    }
    parts.extend(to[common..].iter().filter(|part| **part != Component::RootDir).map(|part| {
        let drive = matches!(part, Component::Prefix(_));
        part.as_os_str().as_encoded_bytes().iter().map(|&byte| percent(byte, drive)).collect::<String>()
    }));
    // A first part such as "a:b" would be read as a scheme.
    if parts.first().is_some_and(|first| !first.starts_with("..") && !first.starts_with("file:")) {
        parts.insert(0, ".".into());
    }
    parts.join("/")
}

/// A byte as it stands in an address (RFC 3986, section 2.3).
fn percent(byte: u8, drive: bool) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        b':' if drive => ":".into(),
        _ => format!("%{byte:02X}"),
    }
}

/// The first moments of a sound as a 16-bit WAV file.
fn excerpt(path: &Path) -> Result<Vec<u8>, AudioError> {
    let mut stream = MonoStream::open(path, EXCERPT_HZ)?;
    let most = EXCERPT_S * EXCERPT_HZ as usize;
    let mut samples: Vec<f32> = Vec::with_capacity(most);
    while samples.len() < most {
        let Some(block) = stream.next_block()? else { break };
        samples.extend_from_slice(&block[..block.len().min(most - samples.len())]);
    }
    let data = 2 * samples.len() as u32;
    let mut wav = Vec::with_capacity(44 + data as usize);
    wav.extend(b"RIFF");
    wav.extend((36 + data).to_le_bytes());
    // PCM, one channel, two bytes a sample.
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(EXCERPT_HZ.to_le_bytes());
    wav.extend((2 * EXCERPT_HZ).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(data.to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| ((sample * 32_767.0) as i16).to_le_bytes()));
    Ok(wav)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_are_addressed_from_where_the_page_lies() {
        let from = Path::new("/home/me/results");
        let url = |file: &str| relative_url(from, Path::new(file));
        assert_eq!(url("/home/me/sets/a/x.wav"), "../sets/a/x.wav");
        assert_eq!(url("/home/me/results/a:b.wav"), "./a%3Ab.wav");
        assert_eq!(url("/home/me/sets/#1 \"?é.wav"), "../sets/%231%20%22%3F%C3%A9.wav");
        assert_eq!(url("/mnt/x.wav"), "../../../mnt/x.wav");
    }
}
