//! Checks a whole library: every checksum, offset and count.

use std::path::Path;
use std::sync::Arc;

use super::{Damage, IndexError, Snapshot, SoundId, SoundRef};

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
    /// Segments that cannot be used, with what is wrong.
    pub problems: Vec<Arc<Damage>>,
}

/// Reads every byte of a library and compares it with what the tables promise.
///
/// # Errors
/// Only when the manifest itself cannot be used; damaged segments are in the report.
pub fn verify(library: &Path) -> Result<VerifyReport, IndexError> {
    let snapshot = Snapshot::open(library)?;
    let mut report = VerifyReport { segments: snapshot.manifest().segments.len(), ..VerifyReport::default() };
    for damage in snapshot.damage() {
        report.problems.push(Arc::clone(damage));
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
            Err(error) => {
                let sounds = segment.sounds().filter(is_live).count() as u32;
                report.problems.push(Arc::new(Damage { path: segment.path().into(), sounds, error }));
            }
        }
    }
    Ok(report)
}
