//! The one file of a library that is replaced: which segments count, which of their sounds are gone, which folders
//! the paths are relative to.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wincode::{SchemaRead, SchemaWrite};
use xxhash_rust::xxh3::xxh3_64;

use super::files::replace_file;
use super::paths::path_of_bytes;
use super::{IndexError, codec};

const MAGIC: [u8; 8] = *b"EARMLIB\0";
/// Newest manifest format that this program reads and the one it writes.
pub const MANIFEST_VERSION: u32 = 2;
const FILE_NAME: &str = "manifest";
/// Magic, version, reserved, checksum.
const HEAD: usize = 24;

/// Which network made the embeddings.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct ModelId {
    /// The card's name.
    pub name: String,
    /// The card's version.
    pub version: String,
    /// SHA-256 of the ONNX file, hexadecimal.
    pub sha256: String,
    /// Components of an embedding.
    pub embedding_size: u32,
}

impl std::fmt::Display for ModelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({:.8})", self.name, self.version, self.sha256)
    }
}

/// A folder that was indexed.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Root {
    /// Number that sound rows refer to; never used again for another folder.
    pub id: u16,
    /// Absolute path, as bytes.
    pub path: Vec<u8>,
    /// Whether the whole folder was asked for, not only files in it.
    pub whole: bool,
    /// Whether it was not there when last looked for: its drive is not plugged in, and its sounds wait for it.
    pub offline: bool,
}

impl Root {
    /// The folder.
    pub fn path(&self) -> PathBuf {
        path_of_bytes(&self.path)
    }
}

/// A segment that counts.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct SegmentEntry {
    /// File name inside the library folder.
    pub file: String,
    /// Size of the file, bytes.
    pub bytes: u64,
    /// Sounds in it, gone ones included.
    pub sounds: u32,
    /// Frames in it, those of gone sounds included.
    pub frames: u32,
    /// Sounds in it that are gone or live on in a later segment, ascending.
    pub tombstones: Vec<u32>,
}

/// The state of a library at one moment.
#[derive(Clone, Debug, PartialEq, Eq, SchemaRead, SchemaWrite)]
pub struct Manifest {
    /// Counts the states; each commit adds one. File names of segments carry it.
    pub generation: u64,
    /// The model that made every embedding in the library.
    pub model: ModelId,
    /// Indexed folders.
    pub roots: Vec<Root>,
    /// Number that the next new folder gets; those of forgotten ones are not used again.
    pub next_root: u16,
    /// Segments, oldest first.
    pub segments: Vec<SegmentEntry>,
}

impl Manifest {
    /// Of a library that holds nothing yet.
    pub fn empty(model: ModelId) -> Self {
        Self { generation: 0, model, roots: Vec::new(), next_root: 0, segments: Vec::new() }
    }

    /// Reads and checks the manifest of a library folder.
    ///
    /// # Errors
    /// [`IndexError::NoLibrary`] when there is none, [`IndexError::NewerVersion`], [`IndexError::CorruptManifest`] or `Io`.
    pub fn read(library: &Path) -> Result<Self, IndexError> {
        let path = library.join(FILE_NAME);
        let bytes = fs::read(&path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                IndexError::NoLibrary { path: library.into() }
            }
            _ => IndexError::io(&path, "read", source),
        })?;
        Self::from_bytes(&bytes, &path)
    }

    /// Time and size of the manifest of a library folder: another one has others.
    pub fn stamp(library: &Path) -> Option<(SystemTime, u64)> {
        let metadata = fs::metadata(library.join(FILE_NAME)).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    }

    /// Decodes a manifest; `path` is for messages.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, IndexError> {
        if bytes.len() < HEAD || bytes[..8] != MAGIC {
            return Err(IndexError::corrupt_manifest(path, "not a library manifest"));
        }
        let word = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let version = word(8);
        if version > MANIFEST_VERSION {
            return Err(IndexError::NewerVersion {
                path: path.into(),
                found: version,
                supported: MANIFEST_VERSION,
            });
        }
        let checksum = u64::from(word(16)) | u64::from(word(20)) << 32;
        if version == 0 || word(12) != 0 || checksum != xxh3_64(&bytes[HEAD..]) {
            return Err(IndexError::corrupt_manifest(path, "checksum does not match"));
        }
        let body = &bytes[HEAD..];
        let manifest: Self = match version {
            1 => codec::body_from_bytes::<first::Manifest>(body).map(Self::from),
            _ => codec::body_from_bytes(body),
        }
        .map_err(|error| IndexError::corrupt_manifest(path, error.to_string()))?;
        manifest.check(path)?;
        Ok(manifest)
    }

    fn check(&self, path: &Path) -> Result<(), IndexError> {
        let mut files = BTreeSet::new();
        for segment in &self.segments {
            // A name with a separator would reach outside the library folder.
            let plain = !segment.file.is_empty()
                && segment.file.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-')
                && !segment.file.starts_with('.');
            let ascending = segment.tombstones.windows(2).all(|pair| pair[0] < pair[1]);
            let inside = segment.tombstones.last().is_none_or(|last| *last < segment.sounds);
            if !plain || !ascending || !inside || !files.insert(&segment.file) {
                return Err(IndexError::corrupt_manifest(
                    path,
                    format!("entry of segment {:?} is not valid", segment.file),
                ));
            }
        }
        let ids: BTreeSet<u16> = self.roots.iter().map(|root| root.id).collect();
        if ids.len() != self.roots.len() || ids.last().is_some_and(|last| *last >= self.next_root) {
            return Err(IndexError::corrupt_manifest(path, "numbers of folders are not valid"));
        }
        Ok(())
    }

    /// Replaces the manifest of a library folder atomically.
    ///
    /// # Errors
    /// `Io` or `DiskFull`; the old manifest is then still in force.
    pub(crate) fn write(&self, library: &Path) -> Result<(), IndexError> {
        let path = library.join(FILE_NAME);
        let body = codec::body_to_bytes(self)
            .map_err(|error| IndexError::corrupt_manifest(&path, error.to_string()))?;
        let mut bytes = Vec::with_capacity(HEAD + body.len());
        bytes.extend(MAGIC);
        bytes.extend(MANIFEST_VERSION.to_le_bytes());
        bytes.extend(0u32.to_le_bytes());
        bytes.extend(xxh3_64(&body).to_le_bytes());
        bytes.extend(body);
        replace_file(&path, &bytes)
    }

    /// The root with this number.
    pub fn root(&self, id: u16) -> Option<&Root> {
        self.roots.iter().find(|root| root.id == id)
    }
}

/// Version 1, which did not know of folders that are offline. The next commit writes the newest version in its place.
mod first {
    use wincode::SchemaRead;

    use super::{ModelId, SegmentEntry};

    #[derive(SchemaRead)]
    #[cfg_attr(test, derive(wincode::SchemaWrite))]
    pub(super) struct Root {
        id: u16,
        path: Vec<u8>,
        whole: bool,
    }

    #[derive(SchemaRead)]
    #[cfg_attr(test, derive(wincode::SchemaWrite))]
    pub(super) struct Manifest {
        generation: u64,
        model: ModelId,
        roots: Vec<Root>,
        next_root: u16,
        segments: Vec<SegmentEntry>,
    }

    #[cfg(test)]
    impl Manifest {
        /// As the first version wrote it in its ninth state.
        pub(super) fn for_test(model: ModelId, roots: Vec<(u16, Vec<u8>, bool)>) -> Self {
            let roots: Vec<Root> =
                roots.into_iter().map(|(id, path, whole)| Root { id, path, whole }).collect();
            let next_root = roots.iter().map(|root| root.id + 1).max().unwrap_or_default();
            Self { generation: 9, model, roots, next_root, segments: Vec::new() }
        }
    }

    impl From<Manifest> for super::Manifest {
        fn from(old: Manifest) -> Self {
            let root =
                |root: Root| super::Root { id: root.id, path: root.path, whole: root.whole, offline: false };
            Self {
                generation: old.generation,
                model: old.model,
                roots: old.roots.into_iter().map(root).collect(),
                next_root: old.next_root,
                segments: old.segments,
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_of_the_first_version_is_read_and_written_anew_with_the_next_commit() {
        let model = ModelId { name: "m".into(), version: "1".into(), sha256: "ab".into(), embedding_size: 4 };
        let old = first::Manifest::for_test(model.clone(), vec![(3, b"/sounds".to_vec(), true)]);
        let body = codec::body_to_bytes(&old).unwrap();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(1u64.to_le_bytes());
        bytes.extend(xxh3_64(&body).to_le_bytes());
        bytes.extend(body);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FILE_NAME), &bytes).unwrap();

        let read = Manifest::read(dir.path()).unwrap();
        assert_eq!(read.roots, [Root { id: 3, path: b"/sounds".to_vec(), whole: true, offline: false }]);
        assert_eq!((read.generation, read.next_root, &read.model), (9, 4, &model));
        // Opening for writing changes nothing; a commit does.
        let mut writer = crate::index::LibraryWriter::open(dir.path(), &model).unwrap();
        assert_eq!(fs::read(dir.path().join(FILE_NAME)).unwrap(), bytes);
        assert!(writer.note_offline(3, true));
        writer.commit(None, &BTreeSet::new()).unwrap();
        let written = fs::read(dir.path().join(FILE_NAME)).unwrap();
        assert_eq!(u32::from_le_bytes(written[8..12].try_into().unwrap()), MANIFEST_VERSION);
        let now = Manifest::read(dir.path()).unwrap();
        assert_eq!((now.generation, now.roots[0].offline), (10, true));
    }
}
