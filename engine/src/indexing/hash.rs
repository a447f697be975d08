//! Content hashes: how a moved or copied file is known again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

/// xxh3-128 of a file's bytes, read in blocks; `None` when `stop` said so before the end.
///
/// # Errors
/// Whatever reading the file gives.
pub fn content_hash(path: &Path, stop: &dyn Fn() -> bool) -> io::Result<Option<u128>> {
    let mut file = File::open(path)?;
    let mut hash = Xxh3::new();
    let mut block = vec![0; 1 << 18];
    while !stop() {
        match file.read(&mut block) {
            Ok(0) => return Ok(Some(hash.digest128())),
            Ok(read) => hash.update(&block[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}
