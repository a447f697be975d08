//! A new file in the place of an old one, with the old one's rights and marks: temporary file beside it, sync, rename.

use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use xxhash_rust::xxh3::xxh3_64;

use crate::files::{self, OutFile};

/// The name of the temporary file of a path: hidden, in the same folder, the same each time, so that what a killed run
/// left behind is found again.
pub(crate) fn temporary_of(path: &Path) -> PathBuf {
    let mark = xxh3_64(path.as_os_str().as_encoded_bytes());
    path.with_file_name(format!(".earmark-{mark:016x}.tmp"))
}

/// Where a file steps aside while another takes its name. Never the name of a temporary file: what stands here is
/// somebody's sound.
pub(crate) fn aside_of(path: &Path) -> PathBuf {
    temporary_of(path).with_extension("aside")
}

/// A file that takes the place of another once it is finished; until then it goes when it is dropped.
pub(crate) struct Replacement {
    path: PathBuf,
    temporary: PathBuf,
    pub out: OutFile,
    finished: bool,
}

impl Replacement {
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let temporary = temporary_of(path);
        match fs::symlink_metadata(&temporary) {
            // What a run that was killed has left.
            Ok(found) if found.is_file() => files::remove(&temporary)?,
            _ => {}
        }
        let out = OutFile::create(&temporary)?;
        Ok(Self { path: path.into(), temporary, out, finished: false })
    }

    pub(crate) fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// Gives the new file rights, owner, marks and, where wanted, times of the old one, and makes it durable.
    pub(crate) fn dress(&self, old: &File, like: &Metadata, modified_ns: Option<i64>) -> io::Result<()> {
        copy_marks(old, self.out.file());
        copy_owner(like, self.out.file());
        self.out.file().set_permissions(like.permissions())?;
        if let Some(modified_ns) = modified_ns {
            self.out.file().set_times(times(like, modified_ns))?;
        }
        self.out.sync()
    }

    /// Takes the place.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        files::replace(&self.temporary, &self.path)?;
        self.finished = true;
        // The place is taken; only a power cut could still lose that, and then the old file is there.
        let _ = self.path.parent().map(files::sync_folder);
        Ok(())
    }
}

impl Drop for Replacement {
    fn drop(&mut self) {
        if !self.finished {
            let _ = files::remove(&self.temporary);
        }
    }
}

fn times(like: &Metadata, modified_ns: i64) -> FileTimes {
    let moment = |ns: i64| match u64::try_from(ns) {
        Ok(ns) => SystemTime::UNIX_EPOCH + Duration::from_nanos(ns),
        Err(_) => SystemTime::UNIX_EPOCH - Duration::from_nanos(ns.unsigned_abs()),
    };
    let times = FileTimes::new().set_modified(moment(modified_ns));
    let times = match like.accessed() {
        Ok(accessed) => times.set_accessed(accessed),
        Err(_) => times,
    };
    #[cfg(target_vendor = "apple")]
    if let Ok(created) = like.created() {
        use std::os::darwin::fs::FileTimesExt;
        return times.set_created(created);
    }
    #[cfg(windows)]
    if let Ok(created) = like.created() {
        use std::os::windows::fs::FileTimesExt;
        return times.set_created(created);
    }
    times
}

/// The owner stays where that is allowed; for all others the one who writes owns the file.
fn copy_owner(like: &Metadata, new: &File) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(new, Some(like.uid()), Some(like.gid()));
    }
    #[cfg(not(unix))]
    let _ = (like, new);
}

/// Extended attributes: colours and tags of file managers, access lists. A file system without them loses none.
fn copy_marks(old: &File, new: &File) {
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    {
        use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};
        // More than any system allows for all names together, and for one value.
        const MOST: usize = 64 << 10;
        let mut names = vec![0u8; MOST];
        let Ok(length) = flistxattr(old, &mut names[..]) else { return };
        for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            let mut value = vec![0u8; MOST];
            if let Ok(length) = fgetxattr(old, name, &mut value[..]) {
                let _ = fsetxattr(new, name, &value[..length], XattrFlags::empty());
            }
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
    let _ = (old, new);
}
