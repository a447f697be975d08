//! Checks a whole library: every checksum, offset and count.

use std::path::{Path, PathBuf};

use super::{IndexError, Snapshot, SoundId, SoundRef};

/// What [`verify`] found.
#[derive(Debug, Default)]
pub struct VerifyReport {
    /// Segments looked at.
    pub segments: usize,
    /// Sounds in good order.
    pub sounds: u64,
    /// Frames in good order.
    pub frames: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Files that are damaged, with what is wrong.
    pub problems: Vec<(PathBuf, String)>,
}

/// Reads every byte of a library and compares it with what the tables promise.
///
/// # Errors
/// Only when the manifest itself cannot be used; damaged segments are in the report.
pub fn verify(library: &Path) -> Result<VerifyReport, IndexError> {
    let snapshot = Snapshot::open(library)?;
    let mut report = VerifyReport { segments: snapshot.manifest().segments.len(), ..VerifyReport::default() };
    for damage in snapshot.damage() {
        report.problems.push((damage.path.clone(), damage.error.to_string()));
    }
    for (at, segment) in snapshot.segments() {
        report.bytes += segment.len_bytes();
        // The folder of a sound that is gone may have been forgotten with it.
        let is_live = |sound: &SoundRef<'_>| snapshot.is_live(SoundId { segment: at, sound: sound.number() });
        let checked = segment.verify().and_then(|()| {
            segment.sounds().filter(is_live).try_for_each(|sound| snapshot.full_path(&sound).map(|_| ()))
        });
        match checked {
            Ok(()) => {
                for sound in segment.sounds().filter(is_live) {
                    report.sounds += 1;
                    report.frames += u64::from(sound.row.frame_count);
                }
            }
            Err(error) => report.problems.push((segment.path().into(), error.to_string())),
        }
    }
    Ok(report)
}
