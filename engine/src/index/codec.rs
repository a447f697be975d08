//! The bincode format, written and read through `wincode`.
//!
//! wincode limits preallocation to 4 MiB by default, on writing too. The manifest of a large library exceeds that, so
//! its limit is raised here but stays bounded: a flipped length must not become an allocation of exabytes. The small
//! records inside segments keep a tight limit, because they are read before their section's checksum is.

use wincode::config::Configuration;
use wincode::{ReadResult, SchemaRead, SchemaWrite, WriteResult};

/// Largest single allocation while coding a whole checksummed file body, bytes.
const BODY_LIMIT: usize = 1 << 28;
/// Largest single allocation while coding one sound's record, bytes.
const RECORD_LIMIT: usize = 4 << 20;

/// Configuration of checksummed file bodies.
pub(crate) type Body = Configuration<true, BODY_LIMIT>;
/// Configuration of records inside a segment.
pub(crate) type Record = Configuration<true, RECORD_LIMIT>;

pub(crate) fn body_to_bytes<T>(value: &T) -> WriteResult<Vec<u8>>
where
    T: SchemaWrite<Body, Src = T>,
{
    wincode::config::serialize(value, Configuration::default().with_preallocation_size_limit::<BODY_LIMIT>())
}

pub(crate) fn body_from_bytes<'de, T>(bytes: &'de [u8]) -> ReadResult<T>
where
    T: SchemaRead<'de, Body, Dst = T>,
{
    wincode::config::deserialize_exact(
        bytes,
        Configuration::default().with_preallocation_size_limit::<BODY_LIMIT>(),
    )
}

pub(crate) fn record_to_bytes<T>(value: &T) -> WriteResult<Vec<u8>>
where
    T: SchemaWrite<Record, Src = T>,
{
    wincode::config::serialize(
        value,
        Configuration::default().with_preallocation_size_limit::<RECORD_LIMIT>(),
    )
}

pub(crate) fn record_from_bytes<'de, T>(bytes: &'de [u8]) -> ReadResult<T>
where
    T: SchemaRead<'de, Record, Dst = T>,
{
    wincode::config::deserialize_exact(
        bytes,
        Configuration::default().with_preallocation_size_limit::<RECORD_LIMIT>(),
    )
}
