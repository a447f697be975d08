//! Whether a path leads to another computer: such drives tell nobody of changes and may vanish at any moment.
//!
//! # Why the unsafe code is sound
//! `statfs` gets a path that ends in a zero byte and a buffer of its own type, which is read only after it says that it
//! has filled it.
#![allow(unsafe_code)]

use std::path::Path;

/// Whether a file or folder lies on a network drive, as far as the system says so; not when it is not there.
#[cfg(unix)]
pub fn is_network_drive(path: &Path) -> bool {
    use std::ffi::CString;
    use std::mem::MaybeUninit;
    use std::os::unix::ffi::OsStrExt;
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    let mut stat = MaybeUninit::<libc::statfs>::zeroed();
    // SAFETY: see the module documentation.
    if unsafe { libc::statfs(path.as_ptr(), stat.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: filled by the successful call.
    let stat = unsafe { stat.assume_init() };
    #[cfg(target_os = "linux")]
    {
        // statfs(2), and linux/magic.h: AFS, Ceph, CIFS, Coda, FUSE (sshfs, rclone, …), NFS, SMB, SMB 2, 9P.
        const REMOTE: [u32; 9] = [
            0x5346_414f,
            0x00c3_6400,
            0xff53_4d42,
            0x7375_7245,
            0x6573_5546,
            0x6969,
            0x517b,
            0xfe53_4d42,
            0x0102_1997,
        ];
        REMOTE.contains(&(stat.f_type as u32))
    }
    #[cfg(target_vendor = "apple")]
    {
        stat.f_flags & libc::MNT_LOCAL as u32 == 0
    }
    #[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
    {
        let _ = stat;
        false
    }
}

/// Whether a file or folder lies on a network drive, also behind a drive letter.
#[cfg(not(unix))]
pub fn is_network_drive(path: &Path) -> bool {
    use std::path::{Component, Prefix};
    let Ok(resolved) = path.canonicalize() else { return false };
    let prefix = resolved.components().next();
    matches!(prefix, Some(Component::Prefix(prefix))
        if matches!(prefix.kind(), Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
}
