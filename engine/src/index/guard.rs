//! Keeps the process alive when a mapped file goes away, as systemd and libwayland do for theirs.
//!
//! The first mapping installs a handler of SIGBUS. It looks the faulting address up among the mappings registered here;
//! one of ours is replaced by zero pages as a whole (a dead server must not be asked again for every page) and marked
//! lost. Every other SIGBUS goes to whoever handled it before us, a host's crash reporter for example, or takes its
//! default course.
//!
//! # Why this is sound
//! - The handler calls nothing but `mmap`, a plain system call on Linux and macOS, `sigaction` and `raise`, and reads
//!   atomics; it allocates nothing and takes no lock. The table of mappings only grows, in blocks that are never freed.
//! - `mmap(MAP_FIXED)` replaces exactly the pages of a mapping that is still registered, hence still mapped: a mapping
//!   is taken off the table before it is unmapped ([`Guarded`] is dropped before its `Mmap`), and the fault itself
//!   proves that a reader holds it.
//! - Readers see bytes of plain data change to zeros. Nothing read from a segment is trusted: counts and offsets are
//!   checked when used, and results are thrown away once `is_lost` says so.
#![allow(unsafe_code)]

#[cfg(unix)]
pub(crate) use posix::Guarded;

/// Elsewhere nothing is guarded.
#[cfg(not(unix))]
#[derive(Debug)]
pub(crate) struct Guarded;

#[cfg(not(unix))]
impl Guarded {
    pub(crate) fn new(_: &[u8]) -> Self {
        Self
    }

    pub(crate) fn is_lost(&self) -> bool {
        false
    }
}

#[cfg(unix)]
mod posix {
    use std::mem::MaybeUninit;
    use std::ptr;
    use std::sync::Once;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

    use libc::{c_int, c_void, siginfo_t};

    const SLOTS: usize = 256;

    /// A place for one mapping; free while `start` is 0.
    struct Slot {
        taken: AtomicBool,
        start: AtomicUsize,
        end: AtomicUsize,
        lost: AtomicBool,
    }

    /// Places, chained as they become needed.
    struct Block {
        slots: [Slot; SLOTS],
        next: AtomicPtr<Block>,
    }

    impl Block {
        const fn new() -> Self {
            const FREE: Slot = Slot {
                taken: AtomicBool::new(false),
                start: AtomicUsize::new(0),
                end: AtomicUsize::new(0),
                lost: AtomicBool::new(false),
            };
            Self { slots: [FREE; SLOTS], next: AtomicPtr::new(ptr::null_mut()) }
        }

        fn next(&self) -> Option<&'static Self> {
            // SAFETY: blocks are leaked when they are chained, so the pointer is null or valid for ever.
            unsafe { self.next.load(Ordering::Acquire).as_ref() }
        }
    }

    static FIRST: Block = Block::new();
    static BEFORE: OnceLock<libc::sigaction> = OnceLock::new();

    fn blocks() -> impl Iterator<Item = &'static Block> {
        std::iter::successors(Some(&FIRST), |block| block.next())
    }

    /// A registered mapping.
    pub(crate) struct Guarded(&'static Slot);

    impl std::fmt::Debug for Guarded {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.debug_struct("Guarded").field("lost", &self.is_lost()).finish()
        }
    }

    impl Guarded {
        /// Registers a mapping; it must be dropped before the mapping is.
        pub(crate) fn new(mapping: &[u8]) -> Self {
            install();
            let slot = free_slot();
            slot.lost.store(false, Ordering::Relaxed);
            // The system maps whole pages, the last one a little beyond the end of the file.
            let end = (mapping.as_ptr() as usize + mapping.len()).next_multiple_of(page());
            slot.end.store(end, Ordering::Release);
            slot.start.store(mapping.as_ptr() as usize, Ordering::Release);
            Self(slot)
        }

        pub(crate) fn is_lost(&self) -> bool {
            self.0.lost.load(Ordering::Acquire)
        }
    }

    impl Drop for Guarded {
        fn drop(&mut self) {
            self.0.start.store(0, Ordering::Release);
            self.0.taken.store(false, Ordering::Release);
        }
    }

    fn free_slot() -> &'static Slot {
        let mut last = &FIRST;
        for block in blocks() {
            let free = |slot: &&Slot| !slot.taken.swap(true, Ordering::AcqRel);
            if let Some(slot) = block.slots.iter().find(free) {
                return slot;
            }
            last = block;
        }
        let fresh: &'static Block = Box::leak(Box::new(Block::new()));
        fresh.slots[0].taken.store(true, Ordering::Relaxed);
        let mut at = last;
        loop {
            let chained = at.next.compare_exchange(
                ptr::null_mut(),
                ptr::from_ref(fresh).cast_mut(),
                Ordering::AcqRel,
                Ordering::Acquire,
            );
            match (chained, at.next()) {
                // Another thread was quicker: ours comes after its block.
                (Err(_), Some(next)) => at = next,
                _ => return &fresh.slots[0],
            }
        }
    }

    fn page() -> usize {
        // SAFETY: sysconf has no preconditions.
        usize::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
    }

    fn install() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: an all-zero sigaction is valid; both pointers are valid for the calls; the handler keeps to what
            // the module documentation says. What was there before is kept before ours can be called.
            unsafe {
                let mut before: libc::sigaction = MaybeUninit::zeroed().assume_init();
                if libc::sigaction(libc::SIGBUS, ptr::null(), &mut before) != 0 {
                    return;
                }
                let _ = BEFORE.set(before);
                let mut ours: libc::sigaction = MaybeUninit::zeroed().assume_init();
                ours.sa_sigaction = handle as extern "C" fn(c_int, *mut siginfo_t, *mut c_void) as usize;
                ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
                libc::sigemptyset(&mut ours.sa_mask);
                libc::sigaction(libc::SIGBUS, &ours, ptr::null_mut());
            }
        });
    }

    extern "C" fn handle(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: the kernel passes a valid siginfo_t; for the causes of sigaction(2) that begin with BUS_, si_addr is
        // the address. A signal that a process sent has another cause and no address.
        let (cause, address) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
        if (1..=5).contains(&cause)
            && blocks().flat_map(|block| &block.slots).any(|slot| replace(slot, address))
        {
            return;
        }
        hand_on(signal, info, context);
    }

    /// Puts zeros in the place of a mapping that the address lies in.
    fn replace(slot: &Slot, address: usize) -> bool {
        let start = slot.start.load(Ordering::Acquire);
        let end = slot.end.load(Ordering::Acquire);
        if start == 0 || address < start || address >= end {
            return false;
        }
        slot.lost.store(true, Ordering::Release);
        // SAFETY: these pages are a mapping of ours, see the module documentation.
        let mapped = unsafe {
            libc::mmap(
                start as *mut c_void,
                end - start,
                libc::PROT_READ,
                libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANON,
                -1,
                0,
            )
        };
        mapped != libc::MAP_FAILED
    }

    /// To the handler that was there before ours, or the default course: the faulting instruction raises it again.
    fn hand_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        let before = BEFORE.get();
        let handler = before.map_or(libc::SIG_DFL, |before| before.sa_sigaction);
        // SAFETY: the former handler is called as it asked to be; resetting the disposition is async-signal-safe.
        unsafe {
            match handler {
                libc::SIG_DFL | libc::SIG_IGN => {
                    let mut default: libc::sigaction = MaybeUninit::zeroed().assume_init();
                    default.sa_sigaction = libc::SIG_DFL;
                    libc::sigaction(signal, &default, ptr::null_mut());
                    // A signal that somebody sent does not come again by itself.
                    libc::raise(signal);
                }
                _ if before.is_some_and(|before| before.sa_flags & libc::SA_SIGINFO != 0) => {
                    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) =
                        std::mem::transmute::<usize, _>(handler);
                    handler(signal, info, context);
                }
                _ => {
                    let handler: extern "C" fn(c_int) = std::mem::transmute::<usize, _>(handler);
                    handler(signal);
                }
            }
        }
    }
}
