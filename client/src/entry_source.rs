//! Where a verifier gets what it verifies. Nothing that comes from there is believed.

use trucelog_proto::hash::{LeafIndex, NodeHash, TreeSize};

use crate::Error;

/// Where the entries of a log come from.
pub trait EntrySource {
    /// Gives the next entries in order; none when none have come within a moment.
    ///
    /// # Errors
    /// When there is no answer. What was given before stands.
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error>;

    /// Gives the inclusion proof of the entry at `index` in the tree of `size` entries, if the source has it. It is not
    /// believed: evidence takes it when it holds.
    fn inclusion(&mut self, _index: LeafIndex, _size: TreeSize) -> Option<Vec<NodeHash>> {
        None
    }
}
