//! What is measured in a process of its own: opening, and the first question after a cold start.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use earmark_engine::index::{Quantiser, Snapshot};
use earmark_engine::search::{Query, Scope, search};

use crate::{QUERY_FRAMES, RESULTS, resident_mb};

/// Opens a library and says what that took.
pub(crate) fn open(dir: &Path) {
    let before = resident_mb();
    let begun = Instant::now();
    let snapshot = Snapshot::open(dir).unwrap();
    println!(
        "open {:.2?}, resident {:.1} MB, {:.1} MB before; {} segments",
        begun.elapsed(),
        resident_mb(),
        before,
        snapshot.segments().count()
    );
}

/// The first question after a start with none of the library in the page cache.
pub(crate) fn cold(dir: &Path) {
    let bytes = std::fs::read(dir.with_extension("questions")).unwrap();
    let floats: Vec<f32> = bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let size = floats.len() / (QUERY_FRAMES + 1);
    let (mean, frames) = floats.split_at(size);
    let pairs: Vec<(f64, &[f32])> = frames.chunks(size).map(|frame| (0.0, frame)).collect();
    let query = Query::new(&Quantiser::new(mean), pairs.into_iter());
    let dropped = Command::new("sh").args(["-c", "sync; echo 3 > /proc/sys/vm/drop_caches"]).status();
    let dropped = dropped.is_ok_and(|status| status.success());
    let begun = Instant::now();
    let snapshot = Snapshot::open(dir).unwrap();
    if std::env::var_os("EARMARK_BENCH_UNWARMED").is_none() {
        snapshot.prewarm();
    }
    let scope = Scope { k: RESULTS, passing: None, votes: true, is_query: &|_| false };
    let hits = search(&snapshot, &query, &scope).hits.len();
    println!(
        "first question{} {:.1?}, {hits} hits, resident {:.0} MB; the second {:.1?}",
        if dropped { ", page cache dropped" } else { "" },
        begun.elapsed(),
        resident_mb(),
        {
            let begun = Instant::now();
            search(&snapshot, &query, &scope);
            begun.elapsed()
        }
    );
}
