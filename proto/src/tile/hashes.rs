//! The hash of any complete subtree, from stored tiles.

use std::sync::Arc;

use super::{TileId, check_range, decode_tile};
use crate::{
    error::DecodeError,
    generations::Generations,
    hash::NodeHash,
    tree::{HashReader, NodeId, node_hash},
};

/// Tiles of one generation, each of at most 16 KiB with its subtrees.
const GENERATION_LEN: usize = 2048;

/// Reads stored tiles.
///
/// Source: none.
pub trait TileReader {
    /// Why a tile could not be read.
    type Error;

    /// Reads a tile of at least `min_width` hashes, so at least `32 × min_width` bytes.
    ///
    /// # Errors
    ///
    /// If there is no such tile, or whatever the reader meets.
    fn tile(&self, id: TileId, min_width: u16) -> Result<Vec<u8>, Self::Error>;
}

impl<R: TileReader> TileReader for &R {
    type Error = R::Error;

    fn tile(&self, id: TileId, min_width: u16) -> Result<Vec<u8>, Self::Error> {
        (**self).tile(id, min_width)
    }
}

/// Says why hashes could not be had from tiles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TileError<E> {
    /// The tile reader failed.
    #[error("tile {}/{} could not be read: {error}", id.level, id.index)]
    Read {
        /// The tile.
        id: TileId,
        /// What the reader says.
        error: E,
    },
    /// The stored bytes are not a tile of the width that was asked for.
    #[error("tile {}/{} is not valid: {error}", id.level, id.index)]
    Decode {
        /// The tile.
        id: TileId,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// The place of a subtree or the size of a tree is out of range.
    #[error(transparent)]
    Range(DecodeError),
}

/// Reads all hashes of a stored tile, at least `min_width`.
pub(super) fn read_tile<R: TileReader>(
    tiles: &R,
    id: TileId,
    min_width: u16,
) -> Result<Vec<NodeHash>, TileError<R::Error>> {
    let bytes = tiles
        .tile(id, min_width)
        .map_err(|error| TileError::Read { id, error })?;
    let width = u16::try_from(bytes.len() / 32).unwrap_or(u16::MAX);
    decode_tile(&bytes, width.max(min_width)).map_err(|error| TileError::Decode { id, error })
}

/// Serves the hash of any complete subtree from tiles. A tile is read once, and the subtrees over its hashes are computed
/// once, as long as it is among those used last; any number of threads share what was read.
///
/// A complete subtree never changes, so what was read from a tile that has grown since still holds.
///
/// Hashes are not checked against a root: proofs built from them are checked by whoever gets them.
///
/// Source: `tile.md`.
#[derive(Debug)]
pub struct TileHashes<R> {
    tiles: R,
    used: Generations<TileId, Arc<TileTree>>,
}

impl<R: TileReader> TileHashes<R> {
    /// Wraps a reader of tiles.
    #[must_use]
    pub fn new(tiles: R) -> Self {
        Self {
            tiles,
            used: Generations::of(GENERATION_LEN),
        }
    }

    /// Gives a tile that holds at least `width` hashes.
    fn tile(&self, id: TileId, width: u16) -> Result<Arc<TileTree>, TileError<R::Error>> {
        if let Some(known) = self.used.get(&id).filter(|known| known.width() >= width) {
            return Ok(known);
        }
        let hashes = read_tile(&self.tiles, id, width)?;
        let tree = Arc::new(TileTree::of(hashes));
        self.used.insert(id, Arc::clone(&tree));
        Ok(tree)
    }
}

impl<R: TileReader> HashReader for TileHashes<R> {
    type Error = TileError<R::Error>;

    fn node(&self, node: NodeId) -> Result<NodeHash, Self::Error> {
        check_range("subtree level", 63, u64::from(node.level)).map_err(TileError::Range)?;
        check_range("subtree index", u64::MAX >> node.level, node.index)
            .map_err(TileError::Range)?;
        // The subtree's leaves within the tile are 2^height hashes from `first` on.
        let (level, height) = (node.level / 8, node.level % 8);
        let first = node.index << height;
        let id = TileId::new(level, first >> 8).map_err(TileError::Range)?;
        let start = u16::from(first.to_le_bytes()[0]);
        Ok(self.tile(id, start + (1 << height))?.node(height, start))
    }
}

/// The hashes of a tile, and the roots of the complete subtrees over them: level *h* has one for every 2^*h* hashes.
#[derive(Debug)]
struct TileTree(Vec<Vec<NodeHash>>);

impl TileTree {
    fn of(hashes: Vec<NodeHash>) -> Self {
        let mut levels = vec![hashes];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let pairs = below.chunks_exact(2);
            let above = pairs.map(|pair| node_hash(&pair[0], &pair[1])).collect();
            levels.push(above);
        }
        Self(levels)
    }

    /// How many hashes the tile has, 1 to 256.
    fn width(&self) -> u16 {
        u16::try_from(self.0[0].len()).expect("decode_tile gives at most 256 hashes")
    }

    /// The root over the 2^`height` hashes from `start` on, all of which the tile has.
    fn node(&self, height: u8, start: u16) -> NodeHash {
        self.0[usize::from(height)][usize::from(start >> height)]
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::cell::Cell;

    use super::*;
    use crate::tile::encode_tile;

    /// Counts what is read. A tile is as wide as needed, at least 4.
    #[derive(Default)]
    struct Counting(Cell<usize>);

    impl TileReader for Counting {
        type Error = DecodeError;

        fn tile(&self, _: TileId, min_width: u16) -> Result<Vec<u8>, DecodeError> {
            self.0.set(self.0.get() + 1);
            let hash = NodeHash::from_bytes([7; 32]);
            Ok(encode_tile(&vec![hash; usize::from(min_width.max(4))]))
        }
    }

    fn leaf(index: u64) -> NodeId {
        NodeId { level: 0, index }
    }

    #[test]
    fn a_tile_is_read_once_for_all_its_subtrees() {
        let hashes = TileHashes::new(Counting::default());
        for index in (0..256).rev() {
            hashes.node(leaf(index)).unwrap();
        }
        hashes.node(NodeId { level: 7, index: 1 }).unwrap();
        assert_eq!(hashes.tiles.0.get(), 1);
    }

    #[test]
    fn a_tile_is_read_again_only_when_it_has_grown() {
        let hashes = TileHashes::new(Counting::default());
        for index in [0, 3, 4, 2] {
            hashes.node(leaf(index)).unwrap();
        }
        assert_eq!(hashes.tiles.0.get(), 2);
    }
}
