//! Tiles: the stored form of the tree and of its entries, and how proofs read it.
//!
//! A tile holds up to 256 hashes of one level; levels are 8 apart. A store keeps one value per [`TileId`] and
//! overwrites it as the tile grows, so a reader at an older size may meet a tile that is wider than its tree: it uses
//! the first hashes only. Where tiles are stored, and the right to read them, are the programs' business.

use std::collections::BTreeMap;

use crate::{
    error::DecodeError,
    hash::{LeafHash, NodeHash, TreeSize, array},
    tree::{MAX_SIZE, RightEdge, node_hash},
};

pub use hashes::{TileError, TileHashes, TileReader};
pub use path::TilePath;

mod hashes;
mod path;

/// The number of hashes in a full tile, and of entries in a full bundle.
pub const FULL_WIDTH: u16 = 256;

/// The number of tile levels that any tree of fewer than 2^64 leaves has.
pub const LEVELS: u8 = 8;

/// The largest entry, in bytes, that an entry bundle can hold.
pub const MAX_ENTRY_LEN: usize = 65_535;

/// The place of a tile: its `level`, 0 to 7, and its `index` among the tiles of that level.
///
/// The tile covers the entries from `index × 256^(level+1)` up to, not including, `(index + 1) × 256^(level+1)`.
///
/// Source: `tile.md`; c2sp.org/tlog-tiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileId {
    level: u8,
    index: u64,
}

impl TileId {
    /// Checks and wraps a level and an index.
    ///
    /// # Errors
    ///
    /// If `level` exceeds 7, or the tile begins beyond entry 2^64 - 1.
    pub fn new(level: u8, index: u64) -> Result<Self, DecodeError> {
        check_range("tile level", u64::from(LEVELS - 1), u64::from(level))?;
        check_range("tile index", max_index(level), index)?;
        Ok(Self { level, index })
    }

    /// Returns the level, 0 to 7.
    #[must_use]
    pub fn level(self) -> u8 {
        self.level
    }

    /// Returns the index among the tiles of the level.
    #[must_use]
    pub fn index(self) -> u64 {
        self.index
    }
}

/// Returns the index of the tile that covers entry 2^64 - 1.
fn max_index(level: u8) -> u64 {
    u64::MAX
        .checked_shr(8 * (u32::from(level) + 1))
        .unwrap_or(0)
}

fn check_range(field: &'static str, max: u64, found: u64) -> Result<(), DecodeError> {
    if found <= max {
        return Ok(());
    }
    Err(DecodeError::OutOfRange {
        field,
        min: 0,
        max,
        found,
    })
}

/// Encodes entries as a bundle: each as its length, 2 bytes, big-endian, and its bytes.
///
/// # Errors
///
/// If there are no entries or more than 256, or one is longer than 65,535 bytes.
///
/// Source: `tile.md`; c2sp.org/tlog-tiles.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, DecodeError> {
    check_width("bundle width", entries.len())?;
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let len = u16::try_from(entry.len()).map_err(|_| DecodeError::TooLong {
            field: "bundle entry",
            limit: MAX_ENTRY_LEN,
            found: entry.len(),
        })?;
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// Decodes a bundle of exactly `width` entries, 1 to 256.
///
/// # Errors
///
/// If `width` is not in its range, the bytes end too early, or bytes follow the last entry.
///
/// Source: `tile.md`; c2sp.org/tlog-tiles.
pub fn decode_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, DecodeError> {
    check_width("bundle width", usize::from(width))?;
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(width));
    for _ in 0..width {
        let (entry, after) = split_entry(rest).ok_or(DecodeError::Truncated {
            field: "entry bundle",
        })?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() {
        return Ok(entries);
    }
    Err(DecodeError::Trailing {
        field: "entry bundle",
        found: rest.len(),
    })
}

fn check_width(field: &'static str, width: usize) -> Result<(), DecodeError> {
    if (1..=usize::from(FULL_WIDTH)).contains(&width) {
        return Ok(());
    }
    Err(DecodeError::OutOfRange {
        field,
        min: 1,
        max: u64::from(FULL_WIDTH),
        found: width as u64,
    })
}

fn split_entry(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))
}

/// Encodes the hashes of a tile, one after another.
///
/// Source: `tile.md`; c2sp.org/tlog-tiles.
#[must_use]
pub fn encode_tile(hashes: &[NodeHash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

/// Decodes the first `width` hashes of a tile; more may follow.
///
/// # Errors
///
/// If `width` is not between 1 and 256, the bytes hold fewer hashes, no whole number of them, or more than 256.
///
/// Source: `tile.md`; c2sp.org/tlog-tiles.
pub fn decode_tile(bytes: &[u8], width: u16) -> Result<Vec<NodeHash>, DecodeError> {
    check_width("tile width", usize::from(width))?;
    check_width("tile width", bytes.len().div_ceil(32))?;
    let hashes = bytes
        .chunks(32)
        .map(|hash| array(hash, "tile hash").map(NodeHash::from_bytes));
    let mut hashes = hashes.collect::<Result<Vec<_>, _>>()?;
    if hashes.len() < usize::from(width) {
        return Err(DecodeError::Truncated { field: "tile" });
    }
    hashes.truncate(usize::from(width));
    Ok(hashes)
}

/// Computes the root over hashes whose count is a power of two.
fn complete_root(hashes: &[NodeHash]) -> NodeHash {
    if let [hash] = hashes {
        return *hash;
    }
    let (left, right) = hashes.split_at(hashes.len() / 2);
    node_hash(&complete_root(left), &complete_root(right))
}

/// The rightmost partial tile of each level: what a log's writer keeps in memory to append and to write tiles.
///
/// Holds at most 8 × 255 hashes. It names the tiles that an append changed, and nothing is read to append.
///
/// Source: `tile.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightTiles {
    size: u64,
    /// The partial tile of each level, without its full predecessors; empty where the level ends with a full tile.
    partial: [Vec<NodeHash>; LEVELS as usize],
    /// The tiles that became full since the changes were last taken.
    full: BTreeMap<TileId, Vec<u8>>,
    /// The levels whose partial tile changed since the changes were last taken.
    changed: [bool; LEVELS as usize],
}

impl RightTiles {
    /// Returns the tiles of the tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self {
            size: 0,
            partial: Default::default(),
            full: BTreeMap::new(),
            changed: Default::default(),
        }
    }

    /// Reads the rightmost tiles of a tree of `size` leaves: at most one per level, so at most 8 whatever the size.
    ///
    /// # Errors
    ///
    /// If `size` exceeds [`MAX_SIZE`], or a tile cannot be read or is too narrow.
    pub fn read<R: TileReader>(size: TreeSize, tiles: &R) -> Result<Self, TileError<R::Error>> {
        check_range("tree size", MAX_SIZE.get(), size.get()).map_err(TileError::Range)?;
        let mut right = Self::new();
        right.size = size.get();
        for level in 0..LEVELS {
            let width = right.width(level);
            if width > 0 {
                let mut hashes = hashes::read_tile(tiles, right.id(level), width)?;
                hashes.truncate(usize::from(width));
                right.partial[usize::from(level)] = hashes;
            }
        }
        Ok(right)
    }

    /// Returns the width of the partial tile of a level: floor(size / 256^level) mod 256.
    fn width(&self, level: u8) -> u16 {
        u16::from(self.size.to_le_bytes()[usize::from(level)])
    }

    /// Returns the place of the partial tile of a level.
    fn id(&self, level: u8) -> TileId {
        let index = self
            .size
            .checked_shr(8 * (u32::from(level) + 1))
            .unwrap_or(0);
        TileId { level, index }
    }

    /// Appends one leaf; costs 255 node hashes for every 256th leaf and none otherwise.
    ///
    /// # Panics
    ///
    /// After 2^63 appended leaves.
    pub fn append(&mut self, leaf: LeafHash) {
        let mut hash = NodeHash::from(leaf);
        for level in 0..LEVELS {
            let id = self.id(level);
            let tile = &mut self.partial[usize::from(level)];
            tile.push(hash);
            self.changed[usize::from(level)] = true;
            if tile.len() < usize::from(FULL_WIDTH) {
                break;
            }
            hash = complete_root(tile);
            self.full.insert(id, encode_tile(tile));
            tile.clear();
        }
        self.size += 1;
    }

    /// Takes the tiles that have changed since the last call, full and partial, in the order of their places.
    pub fn take_changed(&mut self) -> Vec<(TileId, Vec<u8>)> {
        let mut tiles = std::mem::take(&mut self.full);
        let changed = std::mem::take(&mut self.changed);
        for level in (0..LEVELS).filter(|level| changed[usize::from(*level)]) {
            let tile = &self.partial[usize::from(level)];
            if !tile.is_empty() {
                tiles.insert(self.id(level), encode_tile(tile));
            }
        }
        tiles.into_iter().collect()
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// Computes the right edge of the same tree.
    ///
    /// # Panics
    ///
    /// Never: a partial tile has as many hashes as its digit of the size says, in base 256.
    #[must_use]
    pub fn right_edge(&self) -> RightEdge {
        let mut edge = Vec::new();
        for tile in self.partial.iter().rev() {
            let mut rest = tile.as_slice();
            while !rest.is_empty() {
                let (subtree, after) = rest.split_at(1 << rest.len().ilog2());
                edge.push(complete_root(subtree));
                rest = after;
            }
        }
        RightEdge::from_hashes(self.size(), edge).expect("one subtree for each bit set in the size")
    }
}

impl Default for RightTiles {
    fn default() -> Self {
        Self::new()
    }
}
