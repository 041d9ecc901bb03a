//! Column family `tiles`: the hashes of the tree in tiles of 256.
//!
//! ```text
//! key    level u8 (0 = leaf hashes) ‖ index u64 BE (9 B)
//! value  1 to 256 hashes of 32 B each, left to right
//! ```
//!
//! Only the last tile of a level is shorter than 256 hashes. It is overwritten when it grows; a full one never changes.
//!
//! Source: c2sp.org/tlog-tiles.

use trucelog_proto::tile::{FULL_WIDTH, TileId};

use super::StoreError;

/// The name of the column family.
pub const NAME: &str = "tiles";

/// The length of one hash in bytes.
const HASH_LEN: usize = 32;

/// The key of a tile.
pub(super) fn key(id: TileId) -> [u8; 9] {
    let mut key = [0; 9];
    key[0] = id.level();
    key[1..].copy_from_slice(&id.index().to_be_bytes());
    key
}

/// Reads a key back.
pub(super) fn id(key: &[u8]) -> Result<TileId, StoreError> {
    let malformed = StoreError::Malformed {
        family: NAME,
        what: "key",
    };
    let Some(([level], index)) = key.split_first_chunk::<1>() else {
        return Err(malformed);
    };
    let index = index
        .try_into()
        .ok()
        .map(u64::from_be_bytes)
        .and_then(|index| TileId::new(*level, index).ok());
    index.ok_or(malformed)
}

/// Returns `hashes` if they have the form of a tile.
pub(super) fn checked(hashes: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let well_formed = !hashes.is_empty()
        && hashes.len().is_multiple_of(HASH_LEN)
        && hashes.len() <= usize::from(FULL_WIDTH) * HASH_LEN;
    if well_formed {
        Ok(hashes)
    } else {
        Err(StoreError::Malformed {
            family: NAME,
            what: "tile",
        })
    }
}
