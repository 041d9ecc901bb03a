//! Column family `meta`: whose log the directory holds and in which format. Written once, when the store is created.
//!
//! ```text
//! key                value
//! "format_version"   u32 BE (4 B)
//! "origin"           1 to 255 B of text
//! "charter_digest"   32 B
//! ```

use std::fmt;

use rocksdb::{ColumnFamily, WriteBatch};
use trucelog_proto::{hash::CharterDigest, record::LogId};

use super::StoreError;

/// The name of the column family.
pub const NAME: &str = "meta";

/// The format version that this software reads and writes.
const KNOWN_VERSION: u32 = 1;

const FORMAT_VERSION: &[u8] = b"format_version";
const ORIGIN: &[u8] = b"origin";
const CHARTER_DIGEST: &[u8] = b"charter_digest";

/// Whose log a store holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Origin and charter digest.
    pub log: LogId,
}

/// The format version that a store claims, if it claims one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatVersion(pub Option<u32>);

impl fmt::Display for FormatVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(version) => version.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

impl Meta {
    pub(super) fn put(&self, batch: &mut WriteBatch, family: &ColumnFamily) {
        batch.put_cf(family, FORMAT_VERSION, KNOWN_VERSION.to_be_bytes());
        batch.put_cf(family, ORIGIN, self.log.origin.as_str());
        batch.put_cf(family, CHARTER_DIGEST, self.log.charter.as_bytes());
    }

    /// Reads what [`Meta::put`] wrote. The version comes first: nothing else is read from an unknown format.
    pub(super) fn read(
        get: impl Fn(&[u8]) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Self, StoreError> {
        let version = get(FORMAT_VERSION)?
            .and_then(|bytes| bytes.try_into().ok())
            .map(u32::from_be_bytes);
        if version != Some(KNOWN_VERSION) {
            return Err(StoreError::FormatVersion {
                found: FormatVersion(version),
                known: KNOWN_VERSION,
            });
        }
        let origin = get(ORIGIN)?
            .and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok())
            .ok_or(malformed("origin"))?;
        let charter = get(CHARTER_DIGEST)?
            .and_then(|bytes| CharterDigest::try_from(bytes.as_slice()).ok())
            .ok_or(malformed("charter digest"))?;
        Ok(Self {
            log: LogId { origin, charter },
        })
    }
}

fn malformed(what: &'static str) -> StoreError {
    StoreError::Malformed { family: NAME, what }
}
