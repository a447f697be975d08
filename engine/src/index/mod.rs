//! The library on disk: immutable segment files and one small manifest that names them.
//!
//! A library is a folder. Each [`Segment`] holds some sounds with their quantised frame embeddings and never changes
//! once written; the [`Manifest`] lists the segments, the sounds in them that are gone (tombstones) and the folders
//! (roots) that sound paths are relative to. The manifest is replaced atomically, so that a reader always opens a
//! consistent [`Snapshot`] and a crash costs at most the segment being written. One [`LibraryWriter`] at a time holds
//! the lock; readers need none.
//!
//! ```text
//! library/
//!   manifest            magic, version, checksum, bincode body
//!   0000000000000007.segment
//!   lock                held by the writer, names its owner
//!   pause               held by who asks a watching writer to step aside
//!   .converting/        a library of another model that is to take this one's place
//!   .converting.lock    held by who makes it
//! ```

mod adopt;
mod codec;
mod drive;
mod error;
#[cfg(test)]
mod faults;
mod files;
mod guard;
mod layout;
mod location;
mod lock;
mod manifest;
mod mapping;
mod merge;
mod partition;
mod paths;
mod quantise;
mod record;
mod roots;
mod segment;
mod segment_writer;
mod snapshot;
mod spool;
#[cfg(test)]
mod trials;
mod verify;
mod writer;

pub use drive::is_network_drive;
pub use error::IndexError;
pub use layout::{FrameRow, SEGMENT_VERSION, SoundRow};
pub use location::default_library_dir;
pub use lock::PauseRequest;
pub use manifest::{MANIFEST_VERSION, Manifest, ModelId, Root, SegmentEntry};
pub use paths::{composed_text, is_below};
pub use quantise::{QuantisedFrame, Quantiser};
pub use record::{Details, SoundRecord};
pub use roots::{Outlook, Relocated};
pub use segment::{Segment, SoundRef};
pub use segment_writer::SegmentWriter;
pub use snapshot::{Damage, Snapshot, SoundId};
pub use verify::{VerifyReport, verify};
pub use writer::LibraryWriter;

pub(crate) use lock::ConversionLock;
pub(crate) use partition::{Centres, List, Partition, sound_of_word};
pub(crate) use paths::{bytes_of_path, composed};
pub(crate) use quantise::to_i8;
