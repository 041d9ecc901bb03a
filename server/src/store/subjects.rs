//! Column family `subjects`: which entries a view is folded from, derived from the entries.
//!
//! ```text
//! key    subject (2 to 255 B, none begins another) ‖ index of an entry that concerns it u64 BE (8 B)
//! value  empty
//! ```
//!
//! [`crate::view::terms`] makes the names of the subjects.

use trucelog_proto::hash::LeafIndex;

use super::StoreError;

/// The name of the column family.
pub const NAME: &str = "subjects";

/// The key of an entry that concerns a subject.
pub(super) fn key(subject: &[u8], index: LeafIndex) -> Vec<u8> {
    [subject, index.get().to_be_bytes().as_slice()].concat()
}

/// The index in a key.
pub(super) fn index(key: &[u8]) -> Result<LeafIndex, StoreError> {
    key.last_chunk()
        .map(|bytes| LeafIndex::new(u64::from_be_bytes(*bytes)))
        .ok_or(StoreError::Malformed {
            family: NAME,
            what: "key",
        })
}
