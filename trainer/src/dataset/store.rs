//! Rows of numbers of each clip of a data set, kept in one memory-mapped file: mel columns, embeddings.
//!
//! A file is magic, header and rows. The header is JSON: the key (everything that the rows depend on but the sounds),
//! the width of a row, and of each clip its name, size, time, content hash, number of rows and their checksum. Rows
//! follow at a multiple of 64 bytes, in the machine's own byte order, which the magic holds, too. A file that does
//! not fit in any point is made anew; rows of sounds that have not changed are taken over. New files are written
//! beside the old one and renamed.
//!
//! Memory is constant: workers write rows to spools as they come, which are put together in the clips' order.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use earmark_engine::indexing::{content_hash, modified_ns};
use memmap2::Mmap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::error::CacheError;
use super::mapping;
use super::spool::Spool;
use super::work::{Progress, Work};

/// Begins every file; holds the format's version, and comes out differently in another byte order.
const MAGIC: u64 = 0x4541_524d_524f_5701;
/// Magic, length of the header, checksum of the header.
const PREAMBLE_BYTES: usize = 24;
const ALIGNMENT: usize = 64;
/// Largest header that is read: some millions of clips.
const MAX_HEADER_BYTES: u64 = 1 << 30;
/// A file changed so shortly before the cache was written may have changed again within the clock's tick.
const RACY_NS: i64 = 2_000_000_000;

/// Rows of width `width` of each clip.
#[derive(Debug)]
pub(crate) struct Rows {
    map: Mmap,
    header: Header,
    data_at: usize,
    /// First row of each clip, and one more: the number of all.
    firsts: Vec<usize>,
}

/// A clip that rows are wanted of.
pub(crate) struct Source {
    /// What it is known by in the file.
    pub name: String,
    pub path: PathBuf,
    /// Its content, if that is known for certain; else the file is looked at.
    pub hash: Option<u128>,
}

/// What is wanted, and where it is kept.
pub(crate) struct Request<'a> {
    pub file: &'a Path,
    pub key: String,
    pub width: usize,
    pub sources: &'a [Source],
    pub what: &'static str,
    pub work: &'a Work<'a>,
}

/// Computes the rows of a clip, handing them out in pieces of whole rows; an error concerns this clip alone unless it
/// is a [`CacheError`].
pub(crate) type Compute<'a> = dyn FnMut(usize, &mut dyn FnMut(&[f32])) -> Result<(), Failure> + 'a;

/// Why a clip has no rows.
pub(crate) enum Failure {
    /// This clip cannot be used.
    Clip(String),
    /// Nothing can.
    All(CacheError),
}

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    key: String,
    width: usize,
    written_ns: i64,
    clips: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Entry {
    name: String,
    size: u64,
    modified_ns: i64,
    hash: u128,
    rows: usize,
    checksum: u64,
}

/// Where the rows of a clip come from when a file is put together.
#[derive(Clone, Copy)]
enum Place {
    /// Rows of the old file.
    Old(usize),
    /// Rows in a spool, from a byte on.
    Spool(usize, u64),
}

/// The rows of all clips that have any, in their order; and of the others why not.
pub(crate) struct Opened {
    pub rows: Rows,
    /// Position among the sources, and the reason.
    pub failed: Vec<(usize, String)>,
}

impl Rows {
    /// Opens the file if it fits, makes what is missing.
    pub(crate) fn open_or_make<'a>(
        request: &Request<'_>,
        worker: &(dyn Fn() -> Result<Box<Compute<'a>>, CacheError> + Sync),
    ) -> Result<Opened, CacheError> {
        let folder = request.file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(CacheError::io(folder, "make the cache's folder"))?;
        let old = Self::open(request.file, &request.key, request.width).ok();
        let maker = Maker::new(request, old.as_ref());
        let made = maker.run(worker)?;
        let kept: Vec<(Entry, Place)> = made.iter().filter_map(|it| it.as_ref().ok()).cloned().collect();
        let failed: Vec<(usize, String)> =
            made.iter().enumerate().filter_map(|(at, it)| Some((at, it.as_ref().err()?.clone()))).collect();
        let fits = old.as_ref().is_some_and(|old| {
            old.header.clips.len() == kept.len()
                && kept.iter().zip(&old.header.clips).enumerate().all(|(at, ((entry, place), known))| {
                    entry == known && matches!(place, Place::Old(from) if *from == at)
                })
        });
        if !fits {
            maker.write(&kept, old.as_ref())?;
        }
        drop(maker);
        if let (true, Some(rows)) = (fits, old) {
            return Ok(Opened { rows, failed });
        }
        let rows = Self::open(request.file, &request.key, request.width)
            .map_err(CacheError::io(request.file, "read back what was just written"))?;
        Ok(Opened { rows, failed })
    }

    /// Opens a file and checks all of it.
    fn open(path: &Path, key: &str, width: usize) -> io::Result<Self> {
        let unfit = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let map = mapping::map(path)?;
        let word = |at: usize| {
            let bytes = map.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
            bytes.map(u64::from_ne_bytes).ok_or_else(|| unfit("cut short"))
        };
        let (magic, length, checksum) = (word(0)?, word(8)?, word(16)?);
        if magic != MAGIC || length > MAX_HEADER_BYTES {
            return Err(unfit("not a file of this version"));
        }
        let end = PREAMBLE_BYTES + length as usize;
        let header = map.get(PREAMBLE_BYTES..end).ok_or_else(|| unfit("cut short"))?;
        if xxh3_64(header) != checksum {
            return Err(unfit("damaged header"));
        }
        let header: Header = serde_json::from_slice(header)?;
        if header.key != key || header.width != width || width == 0 {
            return Err(unfit("made in another way"));
        }
        let data_at = end.next_multiple_of(ALIGNMENT);
        let mut firsts = vec![0_usize];
        for entry in &header.clips {
            let next = firsts[firsts.len() - 1].checked_add(entry.rows);
            firsts.push(next.ok_or_else(|| unfit("impossible header"))?);
        }
        let bytes = firsts[firsts.len() - 1].checked_mul(width * 4).and_then(|it| it.checked_add(data_at));
        if bytes != Some(map.len()) {
            return Err(unfit("cut short"));
        }
        let rows = Self { map, header, data_at, firsts };
        let intact = |at: usize| xxh3_64(bytemuck::cast_slice(rows.of(at))) == rows.header.clips[at].checksum;
        if !(0..rows.len()).all(intact) {
            return Err(unfit("damaged rows"));
        }
        Ok(rows)
    }

    /// Number of clips.
    pub(crate) fn len(&self) -> usize {
        self.header.clips.len()
    }

    /// Rows of a clip, `[rows, width]`.
    pub(crate) fn of(&self, clip: usize) -> &[f32] {
        let width = 4 * self.header.width;
        let bytes = &self.map[self.data_at..][self.firsts[clip] * width..self.firsts[clip + 1] * width];
        bytemuck::cast_slice(bytes)
    }

    /// Number of rows of a clip.
    pub(crate) fn count(&self, clip: usize) -> usize {
        self.header.clips[clip].rows
    }

    /// Number of all rows.
    pub(crate) fn total(&self) -> usize {
        self.firsts[self.len()]
    }

    /// Content hash of a clip.
    pub(crate) fn hash(&self, clip: usize) -> u128 {
        self.header.clips[clip].hash
    }
}

/// One making of a file.
struct Maker<'a> {
    request: &'a Request<'a>,
    old: Option<&'a Rows>,
    by_name: HashMap<&'a str, usize>,
    by_hash: HashMap<u128, usize>,
    spools: Mutex<Vec<File>>,
}

type Made = Result<(Entry, Place), String>;

impl<'a> Maker<'a> {
    fn new(request: &'a Request<'a>, old: Option<&'a Rows>) -> Self {
        let clips = old.map_or(&[][..], |old| &old.header.clips);
        Self {
            request,
            old,
            by_name: clips.iter().enumerate().map(|(at, clip)| (clip.name.as_str(), at)).collect(),
            by_hash: clips.iter().enumerate().map(|(at, clip)| (clip.hash, at)).collect(),
            spools: Mutex::new(Vec::new()),
        }
    }

    /// Looks at every clip and computes the rows that are missing.
    fn run<'w>(
        &self,
        worker: &(dyn Fn() -> Result<Box<Compute<'w>>, CacheError> + Sync),
    ) -> Result<Vec<Made>, CacheError> {
        let total = self.request.sources.len();
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let made: Mutex<Vec<Option<Made>>> = Mutex::new((0..total).map(|_| None).collect());
        let failure: Mutex<Option<CacheError>> = Mutex::new(None);
        let give_up = |error: CacheError| {
            next.store(total, Ordering::Relaxed);
            lock(&failure).get_or_insert(error);
        };
        let drain = || {
            // Both only where something must be computed.
            let mut compute: Option<(Box<Compute<'w>>, Spool)> = None;
            loop {
                if self.request.work.stopped() {
                    return give_up(CacheError::Stopped);
                }
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= total {
                    break;
                }
                match self.one(at, &mut compute, worker) {
                    Ok(one) => lock(&made)[at] = Some(one),
                    Err(error) => return give_up(error),
                }
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                (self.request.work.progress)(Progress { what: self.request.what, done, total });
            }
            if let Some((_, spool)) = compute
                && let Err(error) = self.keep(spool)
            {
                give_up(error);
            }
        };
        thread::scope(|scope| {
            (1..self.request.work.jobs.get().min(total.max(1))).for_each(|_| drop(scope.spawn(drain)));
            drain();
        });
        if let Some(error) = lock(&failure).take() {
            return Err(error);
        }
        let made = made.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        Ok(made.into_iter().flatten().collect())
    }

    /// The rows of one clip: known, or computed.
    fn one<'w>(
        &self,
        at: usize,
        compute: &mut Option<(Box<Compute<'w>>, Spool)>,
        worker: &(dyn Fn() -> Result<Box<Compute<'w>>, CacheError> + Sync),
    ) -> Result<Made, CacheError> {
        let source = &self.request.sources[at];
        let (mut entry, known) = match self.look(source) {
            Ok(found) => found,
            Err(reason) => return Ok(Err(reason)),
        };
        if let (Some(old), Some(from)) = (self.old, known) {
            let Entry { rows, checksum, .. } = old.header.clips[from];
            return Ok(Ok((Entry { rows, checksum, ..entry }, Place::Old(from))));
        }
        if compute.is_none() {
            *compute = Some((worker()?, self.spool()?));
        }
        let Some((compute, spool)) = compute else { return Err(CacheError::Stopped) };
        let begin = spool.begin();
        match compute(at, &mut |rows| spool.take(rows)) {
            Ok(()) => {
                (entry.rows, entry.checksum) =
                    spool.end(self.request.width).map_err(self.failed("write to"))?;
                if entry.rows == 0 {
                    return Ok(Err(format!("{}: holds no audio", source.path.display())));
                }
                Ok(Ok((entry, Place::Spool(spool.number(), begin))))
            }
            Err(Failure::Clip(reason)) => Ok(Err(reason)),
            Err(Failure::All(error)) => Err(error),
        }
    }

    /// What a clip is now, and where the old file has its rows.
    fn look(&self, source: &Source) -> Result<(Entry, Option<usize>), String> {
        let mut entry =
            Entry { name: source.name.clone(), size: 0, modified_ns: 0, hash: 0, rows: 0, checksum: 0 };
        if let Some(hash) = source.hash {
            entry.hash = hash;
            let known = self.of_content(source, hash);
            return Ok((entry, known));
        }
        let unreadable =
            |error: io::Error| format!("{}: cannot be read: {error}; it is left out", source.path.display());
        let metadata = fs::metadata(&source.path).map_err(unreadable)?;
        (entry.size, entry.modified_ns) = (metadata.len(), modified_ns(&metadata));
        let known = self.by_name.get(source.name.as_str()).copied();
        if let (Some(old), Some(at)) = (self.old, known) {
            let then = &old.header.clips[at];
            let settled = then.modified_ns < old.header.written_ns - RACY_NS;
            if settled && (then.size, then.modified_ns) == (entry.size, entry.modified_ns) {
                entry.hash = then.hash;
                return Ok((entry, Some(at)));
            }
        }
        let hash = content_hash(&source.path, &|| self.request.work.stopped()).map_err(unreadable)?;
        // Stopped: whatever stands here is not used any more.
        entry.hash = hash.unwrap_or_default();
        let known = self.of_content(source, entry.hash);
        Ok((entry, known))
    }

    /// A clip of the old file with this content: the one of the same name, if there are several.
    fn of_content(&self, source: &Source, hash: u128) -> Option<usize> {
        let clips = self.old.map_or(&[][..], |old| &old.header.clips);
        let same_name = self.by_name.get(source.name.as_str()).filter(|&&at| clips[at].hash == hash);
        same_name.or_else(|| self.by_hash.get(&hash)).copied()
    }

    fn spool(&self) -> Result<Spool, CacheError> {
        let folder = self.request.file.parent().unwrap_or(Path::new("."));
        let file =
            tempfile::tempfile_in(folder).map_err(CacheError::io(folder, "write to the cache's folder"))?;
        let mut spools = lock(&self.spools);
        let kept = file.try_clone().map_err(CacheError::io(folder, "write to the cache's folder"))?;
        spools.push(kept);
        Ok(Spool::new(spools.len() - 1, file))
    }

    fn keep(&self, mut spool: Spool) -> Result<(), CacheError> {
        spool.flush().map_err(self.failed("write to"))
    }

    /// Puts the file together and in the old one's place.
    fn write(&self, kept: &[(Entry, Place)], old: Option<&Rows>) -> Result<(), CacheError> {
        let clips: Vec<Entry> = kept.iter().map(|(entry, _)| entry.clone()).collect();
        let written_ns = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |after| after.as_nanos());
        let Request { file, key, width, .. } = self.request;
        let written_ns = i64::try_from(written_ns).unwrap_or(i64::MAX);
        let header = Header { key: key.clone(), width: *width, written_ns, clips };
        let folder = file.parent().unwrap_or(Path::new("."));
        let put_together = || -> io::Result<()> {
            let header = serde_json::to_vec(&header)?;
            let temporary = tempfile::NamedTempFile::new_in(folder)?;
            let mut out = BufWriter::with_capacity(1 << 20, temporary);
            for word in [MAGIC, header.len() as u64, xxh3_64(&header)] {
                out.write_all(&word.to_ne_bytes())?;
            }
            out.write_all(&header)?;
            let end = PREAMBLE_BYTES + header.len();
            out.write_all(&[0; ALIGNMENT][..end.next_multiple_of(ALIGNMENT) - end])?;
            let mut spools = lock(&self.spools);
            for (entry, place) in kept {
                match place {
                    Place::Old(from) => {
                        let rows = old.map_or(&[][..], |old| old.of(*from));
                        out.write_all(bytemuck::cast_slice(rows))?;
                    }
                    Place::Spool(spool, from) => {
                        let spool = &mut spools[*spool];
                        spool.seek(SeekFrom::Start(*from))?;
                        io::copy(&mut spool.take(entry.rows as u64 * *width as u64 * 4), &mut out)?;
                    }
                }
            }
            let temporary = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            temporary.as_file().sync_all()?;
            temporary.persist(file).map_err(|error| error.error)?;
            Ok(())
        };
        put_together().map_err(self.failed("write"))
    }

    fn failed(&self, action: &'static str) -> impl FnOnce(io::Error) -> CacheError + use<> {
        CacheError::io(self.request.file, action)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
