//! Column family `entries`: the leaves of the tree, byte for byte as they were hashed.
//!
//! ```text
//! key    index u64 BE (8 B)
//! value  canonical bytes of message Entry (1 to 65,535 B)
//! ```
//!
//! Keys are 0, 1, 2 … without a gap, so the last key tells the size.

use trucelog_proto::hash::{LeafIndex, TreeSize};

use super::StoreError;

/// The name of the column family.
pub const NAME: &str = "entries";

/// The key of the entry at `index`.
pub(super) fn key(index: LeafIndex) -> [u8; 8] {
    index.get().to_be_bytes()
}

/// The size of a log whose last entry has this key.
pub(super) fn size_after(key: &[u8]) -> Result<TreeSize, StoreError> {
    key.try_into()
        .ok()
        .and_then(|bytes| u64::from_be_bytes(bytes).checked_add(1))
        .map(TreeSize::new)
        .ok_or(StoreError::Malformed {
            family: NAME,
            what: "key",
        })
}
