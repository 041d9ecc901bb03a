//! The Merkle tree: hashes of leaves and nodes, and the right edge from which a growing log computes its root.
//!
//! Proofs are in [`crate::proof`], the stored form of the tree in [`crate::tile`]. What an entry holds is not the
//! tree's business.
//!
//! ```text
//! leaf  = SHA-256(0x00 ‖ entry)
//! node  = SHA-256(0x01 ‖ left ‖ right)
//! empty = SHA-256("")
//! ```

use crate::{
    error::DecodeError,
    hash::{LeafHash, NodeHash, RootHash, TreeSize, array, sha256},
};

/// The largest size that a right edge may have, 2^63 - 1.
pub const MAX_SIZE: TreeSize = TreeSize::new(u64::MAX >> 1);

/// Hashes the bytes of one entry: SHA-256(0x00 ‖ entry).
///
/// Source: `tree.md`; RFC 6962 section 2.1.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> LeafHash {
    LeafHash::from_bytes(sha256(&[&[0x00], entry]))
}

/// Hashes two neighbouring subtrees: SHA-256(0x01 ‖ left ‖ right).
///
/// Source: `tree.md`; RFC 6962 section 2.1.
#[must_use]
pub fn node_hash(left: &NodeHash, right: &NodeHash) -> NodeHash {
    NodeHash::from_bytes(sha256(&[&[0x01], left.as_bytes(), right.as_bytes()]))
}

/// Returns the root of the tree without leaves: SHA-256 of nothing.
///
/// Source: `tree.md`; RFC 6962 section 2.1.
#[must_use]
pub fn empty_root() -> RootHash {
    RootHash::from_bytes(sha256(&[]))
}

/// A complete subtree: the leaves from `index << level` up to, not including, `(index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    /// The height of the subtree; 0 is a leaf; at most 63.
    pub level: u8,
    /// The position of the subtree among those of its level, from 0; at most `u64::MAX >> level`.
    pub index: u64,
}

/// Reads the hashes of complete subtrees.
///
/// Source: none.
pub trait HashReader {
    /// Why a hash could not be read.
    type Error;

    /// Reads the hash of one complete subtree; level 0 is the leaf hash.
    ///
    /// # Errors
    ///
    /// Whatever the reader meets; the subtree must be complete in the tree that it reads.
    fn node(&self, id: NodeId) -> Result<NodeHash, Self::Error>;
}

/// The roots of the complete subtrees that cover a tree, left to right, largest first.
///
/// A tree of `size` leaves has as many as `size` has bits set. They are all that is needed to append and to compute
/// the root.
///
/// Source: `tree.md`; RFC 9162 section 2.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightEdge {
    size: u64,
    hashes: Vec<NodeHash>,
}

impl RightEdge {
    /// Returns the right edge of the tree without leaves.
    #[must_use]
    pub fn new() -> Self {
        Self {
            size: 0,
            hashes: Vec::new(),
        }
    }

    /// Joins the subtree roots of a tree of `size` leaves.
    ///
    /// # Errors
    ///
    /// If `size` exceeds [`MAX_SIZE`], or the number of hashes is not the number of bits set in `size`.
    pub fn from_hashes(size: TreeSize, hashes: Vec<NodeHash>) -> Result<Self, DecodeError> {
        if size > MAX_SIZE {
            return Err(DecodeError::OutOfRange {
                field: "right edge size",
                min: 0,
                max: MAX_SIZE.get(),
                found: size.get(),
            });
        }
        let expected = size.get().count_ones() as usize;
        if hashes.len() != expected {
            return Err(DecodeError::Length {
                field: "right edge hashes",
                expected: 32 * expected,
                found: 32 * hashes.len(),
            });
        }
        Ok(Self {
            size: size.get(),
            hashes,
        })
    }

    /// Appends one leaf; costs one node hash on average.
    ///
    /// # Panics
    ///
    /// After 2^63 appended leaves.
    pub fn append(&mut self, leaf: LeafHash) {
        let mut node = NodeHash::from(leaf);
        for _ in 0..self.size.trailing_ones() {
            let left = self
                .hashes
                .pop()
                .expect("one hash for each bit set in size");
            node = node_hash(&left, &node);
        }
        self.hashes.push(node);
        self.size += 1;
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// Computes the root of the tree; costs one node hash less than there are hashes.
    #[must_use]
    pub fn root(&self) -> RootHash {
        let folded = self
            .hashes
            .iter()
            .copied()
            .rev()
            .reduce(|right, left| node_hash(&left, &right));
        folded.map_or_else(empty_root, RootHash::from)
    }

    /// Encodes the size as 8 bytes, big-endian, and the hashes, left to right.
    ///
    /// Source: `tree.md`.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        for hash in &self.hashes {
            bytes.extend_from_slice(hash.as_bytes());
        }
        bytes
    }

    /// Decodes what [`RightEdge::encode`] gives.
    ///
    /// # Errors
    ///
    /// If the size exceeds [`MAX_SIZE`], or the number of hashes is not the number of bits set in it.
    ///
    /// Source: `tree.md`.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let (size, rest) = bytes.split_first_chunk().ok_or(DecodeError::Truncated {
            field: "right edge",
        })?;
        let size = TreeSize::new(u64::from_be_bytes(*size));
        let hashes = rest
            .chunks(32)
            .map(|hash| array(hash, "right edge hash").map(NodeHash::from_bytes));
        Self::from_hashes(size, hashes.collect::<Result<_, _>>()?)
    }
}

impl Default for RightEdge {
    fn default() -> Self {
        Self::new()
    }
}
