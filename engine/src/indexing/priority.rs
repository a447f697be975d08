//! Makes this process step back behind others: an editor's session must not notice that a library is being watched.
//!
//! # Why the unsafe code is sound
//! The calls take plain numbers and have no preconditions; a refusal is ignored, since work at normal priority is no
//! error.
#![allow(unsafe_code)]

/// Lowers the priority of this thread and those that it starts, for the processor and for drives. It cannot be taken
/// back.
pub fn step_back() {
    #[cfg(target_os = "linux")]
    {
        // ioprio_set(2): class idle for the calling thread, inherited by threads started later.
        const WHO_PROCESS: libc::c_int = 1;
        const CLASS_IDLE: libc::c_int = 3 << 13;
        // SAFETY: see the module documentation.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, 0, 19);
            libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE);
        }
    }
    #[cfg(target_vendor = "apple")]
    {
        // setpriority(2): the background state lowers the priority for processor, disk and network at once.
        const PRIO_DARWIN_PROCESS: libc::c_int = 4;
        const PRIO_DARWIN_BG: libc::c_int = 0x1000;
        // SAFETY: see the module documentation.
        unsafe {
            libc::setpriority(PRIO_DARWIN_PROCESS, 0, PRIO_DARWIN_BG);
        }
    }
    #[cfg(windows)]
    {
        use windows_sys::Win32::System::Threading::{
            GetCurrentProcess, PROCESS_MODE_BACKGROUND_BEGIN, SetPriorityClass,
        };
        // SAFETY: see the module documentation.
        unsafe {
            SetPriorityClass(GetCurrentProcess(), PROCESS_MODE_BACKGROUND_BEGIN);
        }
    }
}
