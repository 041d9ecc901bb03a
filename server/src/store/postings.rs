//! Column family `postings`: which subjects a filter may mean, derived from the entries.
//!
//! ```text
//! key    term (1 to 255 B, no term begins another) ‖ index of the entry that founded the subject u64 BE (8 B)
//! value  digest of the record in that entry (32 B)
//!
//! key    0 (1 B)
//! value  version of the index u32 BE (4 B) ‖ entries indexed u64 BE (8 B) ‖ latest time of a report u64 BE (8 B)
//! ```
//!
//! [`crate::view::terms`] makes the terms. A subject may be posted under a term that it had once and has no longer:
//! postings name candidates, and nothing is answered from them alone.

use trucelog_proto::hash::{LeafIndex, RecordDigest};

use super::StoreError;

/// The name of the column family.
pub const NAME: &str = "postings";

/// The key of [`Indexed`], which no term begins.
pub(super) const INDEXED: [u8; 1] = [0];

/// A subject under a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Posting {
    /// Index of the entry that founded it. Lists are in this order.
    pub index: LeafIndex,
    /// Digest of the record in that entry, the name of the subject.
    pub digest: RecordDigest,
}

impl Posting {
    pub(super) fn key(&self, term: &[u8]) -> Vec<u8> {
        key(term, self.index)
    }

    pub(super) fn read(key: &[u8], value: &[u8]) -> Result<Self, StoreError> {
        let index = key.last_chunk().map(|bytes| u64::from_be_bytes(*bytes));
        let digest = RecordDigest::try_from(value).ok();
        let (index, digest) = index.zip(digest).ok_or_else(malformed)?;
        Ok(Self {
            index: LeafIndex::new(index),
            digest,
        })
    }
}

/// The key of the posting of a term that has this index.
pub(super) fn key(term: &[u8], index: LeafIndex) -> Vec<u8> {
    [term, index.get().to_be_bytes().as_slice()].concat()
}

/// A key above all postings of a term.
pub(super) fn end(term: &[u8]) -> Vec<u8> {
    [term, [0xff; 9].as_slice()].concat()
}

/// How far the index has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Indexed {
    /// Version of the index.
    pub version: u32,
    /// Number of entries that it covers.
    pub size: u64,
    /// The latest time that a posted report states, Unix milliseconds.
    pub latest_time: u64,
}

impl Indexed {
    pub(super) fn encode(self) -> Vec<u8> {
        let (version, size) = (self.version.to_be_bytes(), self.size.to_be_bytes());
        [
            version.as_slice(),
            size.as_slice(),
            self.latest_time.to_be_bytes().as_slice(),
        ]
        .concat()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let (version, rest) = bytes.split_first_chunk().ok_or_else(malformed)?;
        let (size, rest) = rest.split_first_chunk().ok_or_else(malformed)?;
        let latest_time = rest.try_into().map_err(|_| malformed())?;
        Ok(Self {
            version: u32::from_be_bytes(*version),
            size: u64::from_be_bytes(*size),
            latest_time: u64::from_be_bytes(latest_time),
        })
    }
}

fn malformed() -> StoreError {
    StoreError::Malformed {
        family: NAME,
        what: "key or value",
    }
}
