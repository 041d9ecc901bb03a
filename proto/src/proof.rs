//! Proofs that an entry is in a tree, and that a tree continues an older one.
//!
//! `prove_*` builds a proof from a [`HashReader`]; `verify_*` checks one against roots that the caller has from a
//! signed checkpoint. A proof is always checked against a root; no part of the entries' hash chain stands in for one.
//! Sizes may be any `u64`.

use crate::{
    error::VerifyError,
    hash::{LeafHash, LeafIndex, NodeHash, RootHash, TreeSize},
    tree::{HashReader, NodeId, empty_root, node_hash},
};

/// Says why a proof could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError<E> {
    /// There is no such proof: the index lies outside the tree, or the old size exceeds the new one.
    #[error(transparent)]
    Range(VerifyError),
    /// A hash could not be read.
    #[error("a hash of the tree could not be read: {0}")]
    Read(E),
}

impl<E> From<E> for ProveError<E> {
    fn from(error: E) -> Self {
        Self::Read(error)
    }
}

/// Builds the proof that the leaf at `index` is in the tree of `size` leaves, from the leaf's sibling up to the root's
/// child.
///
/// Needs `index < size`; reads at most 2 × 64 hashes.
///
/// # Errors
///
/// If `index` is not below `size`, or the reader fails.
///
/// Source: `proof.md`; RFC 9162 section 2.1.3.1.
pub fn prove_inclusion<R: HashReader>(
    index: LeafIndex,
    size: TreeSize,
    reader: &R,
) -> Result<Vec<NodeHash>, ProveError<R::Error>> {
    if index.get() >= size.get() {
        return Err(ProveError::Range(VerifyError::IndexOutOfRange {
            index,
            size,
        }));
    }
    let mut proof = Vec::new();
    let mut leaves = Leaves::of(size);
    while leaves.count() > 1 {
        let (left, right) = leaves.split();
        let (path, sibling) = if index.get() < right.start {
            (left, right)
        } else {
            (right, left)
        };
        proof.push(sibling.hash(reader)?);
        leaves = path;
    }
    proof.reverse();
    Ok(proof)
}

/// Builds the proof that the tree of `new` leaves continues the tree of `old` leaves.
///
/// Needs `old <= new`. The proof is empty if `old` is 0 or equals `new`.
///
/// # Errors
///
/// If `old` exceeds `new`, or the reader fails.
///
/// Source: `proof.md`; RFC 9162 section 2.1.4.1.
pub fn prove_consistency<R: HashReader>(
    old: TreeSize,
    new: TreeSize,
    reader: &R,
) -> Result<Vec<NodeHash>, ProveError<R::Error>> {
    if old > new {
        return Err(ProveError::Range(VerifyError::SizeOrder { old, new }));
    }
    let mut proof = Vec::new();
    if old.get() == 0 {
        return Ok(proof);
    }
    let mut leaves = Leaves::of(new);
    while leaves.end != old.get() {
        let (left, right) = leaves.split();
        let (path, other) = if old.get() <= right.start {
            (left, right)
        } else {
            (right, left)
        };
        proof.push(other.hash(reader)?);
        leaves = path;
    }
    // The verifier has the old root, so a subtree that is the whole old tree is left out.
    if leaves.start != 0 {
        proof.push(leaves.hash(reader)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Verifies that the leaf at `index` is in the tree of `size` leaves with this `root`.
///
/// # Errors
///
/// If `index` is not below `size`, the proof has any other than the exact number of hashes, or the root differs.
///
/// Source: `proof.md`; RFC 9162 section 2.1.3.2.
pub fn verify_inclusion(
    leaf: &LeafHash,
    index: LeafIndex,
    size: TreeSize,
    proof: &[NodeHash],
    root: &RootHash,
) -> Result<(), VerifyError> {
    // 1. Compare the index with the size: it must be smaller.
    if index.get() >= size.get() {
        return Err(VerifyError::IndexOutOfRange { index, size });
    }
    let wrong_length = || VerifyError::ProofLength {
        expected: inclusion_proof_len(index, size),
        found: proof.len(),
    };
    // 2. fn is the index, sn the size less one. 3. r is the leaf hash.
    let (mut fn_, mut sn) = (index.get(), size.get() - 1);
    let mut r = NodeHash::from(*leaf);
    // 4. For each hash p of the proof:
    for p in proof {
        // 4.1. If sn is 0, the proof is too long.
        if sn == 0 {
            return Err(wrong_length());
        }
        // 4.2. p is the left sibling if the lowest bit of fn is set or fn equals sn, otherwise the right one.
        if fn_ & 1 == 1 || fn_ == sn {
            r = node_hash(p, &r);
            skip_levels_without_sibling(&mut fn_, &mut sn);
        } else {
            r = node_hash(&r, p);
        }
        // 4.3. Go up one level.
        fn_ >>= 1;
        sn >>= 1;
    }
    // 5. sn must be 0 (otherwise the proof is too short) and r the root.
    if sn != 0 {
        return Err(wrong_length());
    }
    check_root(size, root, r)
}

/// Computes the root of the first `index` leaves from an inclusion proof of the leaf at `index`: the proof's left
/// siblings are the complete subtrees that cover those leaves.
///
/// Says nothing about the proof; [`verify_inclusion`] does, and must have.
///
/// # Errors
///
/// If `index` is not below `size`, or the proof has any other than the exact number of hashes.
///
/// Source: `proof.md`, "The tree before a leaf".
pub fn root_before(
    index: LeafIndex,
    size: TreeSize,
    proof: &[NodeHash],
) -> Result<RootHash, VerifyError> {
    if index.get() >= size.get() {
        return Err(VerifyError::IndexOutOfRange { index, size });
    }
    let expected = inclusion_proof_len(index, size);
    if proof.len() != expected {
        return Err(VerifyError::ProofLength {
            expected,
            found: proof.len(),
        });
    }
    let (mut fn_, mut sn) = (index.get(), size.get() - 1);
    let mut left = Vec::new();
    for p in proof {
        if fn_ & 1 == 1 || fn_ == sn {
            left.push(*p);
            skip_levels_without_sibling(&mut fn_, &mut sn);
        }
        fn_ >>= 1;
        sn >>= 1;
    }
    // From the smallest subtree, the rightmost, to the largest.
    let folded = left
        .into_iter()
        .reduce(|right, left| node_hash(&left, &right));
    Ok(folded.map_or_else(empty_root, RootHash::from))
}

/// Verifies that the tree of `new` leaves with root `new_root` continues the tree of `old` leaves with `old_root`.
///
/// With `old` 0 the proof must be empty and `old_root` the empty root; every tree continues the empty one. With `old`
/// equal to `new` the proof must be empty and the roots equal.
///
/// # Errors
///
/// If `old` exceeds `new`, the proof has any other than the exact number of hashes, or a root differs.
///
/// Source: `proof.md`; RFC 9162 section 2.1.4.2.
pub fn verify_consistency(
    old: TreeSize,
    old_root: &RootHash,
    new: TreeSize,
    new_root: &RootHash,
    proof: &[NodeHash],
) -> Result<(), VerifyError> {
    if old > new {
        return Err(VerifyError::SizeOrder { old, new });
    }
    if new.get() == 0 {
        check_root(
            new,
            new_root,
            NodeHash::from_bytes(*empty_root().as_bytes()),
        )?;
    }
    if old.get() == 0 {
        check_root(
            old,
            old_root,
            NodeHash::from_bytes(*empty_root().as_bytes()),
        )?;
    }
    if old.get() == 0 || old == new {
        return verify_without_proof(old, old_root, new, new_root, proof);
    }
    verify_growth(old, old_root, new, new_root, proof)
}

/// Covers the cases that RFC 9162 leaves to the caller: nothing to continue, or nothing new.
fn verify_without_proof(
    old: TreeSize,
    old_root: &RootHash,
    new: TreeSize,
    new_root: &RootHash,
    proof: &[NodeHash],
) -> Result<(), VerifyError> {
    if !proof.is_empty() {
        return Err(VerifyError::ProofLength {
            expected: 0,
            found: proof.len(),
        });
    }
    if old == new {
        check_root(old, old_root, NodeHash::from_bytes(*new_root.as_bytes()))?;
    }
    Ok(())
}

/// Covers 0 < old < new.
fn verify_growth(
    old: TreeSize,
    old_root: &RootHash,
    new: TreeSize,
    new_root: &RootHash,
    proof: &[NodeHash],
) -> Result<(), VerifyError> {
    let wrong_length = || VerifyError::ProofLength {
        expected: consistency_proof_len(old, new),
        found: proof.len(),
    };
    // 1. An empty proof fails. 2. If the old size is a power of 2, the old root stands before the proof's hashes.
    let old_node = NodeHash::from_bytes(*old_root.as_bytes());
    let (first, rest) = if old.get().is_power_of_two() {
        (&old_node, proof)
    } else {
        proof.split_first().ok_or_else(wrong_length)?
    };
    // 3. fn is the old size less one, sn the new size less one.
    // 4. While the lowest bit of fn is set, shift both right.
    let shift = (old.get() - 1).trailing_ones();
    let (mut fn_, mut sn) = ((old.get() - 1) >> shift, (new.get() - 1) >> shift);
    // 5. fr and sr are the first hash.
    let (mut fr, mut sr) = (*first, *first);
    // 6. For each further hash c:
    for c in rest {
        // 6.1. If sn is 0, the proof is too long.
        if sn == 0 {
            return Err(wrong_length());
        }
        // 6.2. c is a left sibling, of the old tree too, if the lowest bit of fn is set or fn equals sn; otherwise it
        // is a right sibling and only in the new tree.
        if fn_ & 1 == 1 || fn_ == sn {
            fr = node_hash(c, &fr);
            sr = node_hash(c, &sr);
            skip_levels_without_sibling(&mut fn_, &mut sn);
        } else {
            sr = node_hash(&sr, c);
        }
        // 6.3. Go up one level.
        fn_ >>= 1;
        sn >>= 1;
    }
    // 7. sn must be 0 (otherwise the proof is too short), fr the old root and sr the new root.
    if sn != 0 {
        return Err(wrong_length());
    }
    check_root(old, old_root, fr)?;
    check_root(new, new_root, sr)
}

/// Shifts both numbers right until the lowest bit of `fn_` is set or `fn_` is 0: on those levels the node is the last
/// one and has no sibling.
fn skip_levels_without_sibling(fn_: &mut u64, sn: &mut u64) {
    while *fn_ & 1 == 0 && *fn_ != 0 {
        *fn_ >>= 1;
        *sn >>= 1;
    }
}

fn check_root(size: TreeSize, expected: &RootHash, computed: NodeHash) -> Result<(), VerifyError> {
    let computed = RootHash::from(computed);
    if computed == *expected {
        return Ok(());
    }
    Err(VerifyError::Root {
        size,
        expected: *expected,
        computed,
    })
}

/// Counts the hashes of an inclusion proof for `index < size`.
///
/// Below the level where the paths to `index` and to the last leaf part, every level has a sibling; above it, only
/// those where the path turns right.
fn inclusion_proof_len(index: LeafIndex, size: TreeSize) -> usize {
    let parting = u64::BITS - (index.get() ^ (size.get() - 1)).leading_zeros();
    let above = index.get().checked_shr(parting).unwrap_or(0);
    (parting + above.count_ones()) as usize
}

/// Counts the hashes of a consistency proof for `0 < old < new`.
fn consistency_proof_len(old: TreeSize, new: TreeSize) -> usize {
    let level = (old.get() - 1).trailing_ones();
    let (last_old, last_new) = ((old.get() - 1) >> level, (new.get() - 1) >> level);
    // The path starts at the node that ends the old tree; its own hash comes first, unless it is the old root.
    let first = usize::from(!old.get().is_power_of_two());
    let parting = u64::BITS - (last_old ^ last_new).leading_zeros();
    let above = last_old.checked_shr(parting).unwrap_or(0);
    first + (parting + above.count_ones()) as usize
}

/// The leaves from `start` up to, not including, `end`, as a subtree in the RFC's recursive definition.
#[derive(Clone, Copy)]
struct Leaves {
    start: u64,
    end: u64,
}

impl Leaves {
    fn of(size: TreeSize) -> Self {
        Self {
            start: 0,
            end: size.get(),
        }
    }

    fn count(self) -> u64 {
        self.end - self.start
    }

    /// Splits at the largest power of two below the count; needs a count of at least 2.
    fn split(self) -> (Self, Self) {
        let middle = self.start + (1 << (self.count() - 1).ilog2());
        let left = Self {
            end: middle,
            ..self
        };
        let right = Self {
            start: middle,
            ..self
        };
        (left, right)
    }

    /// Computes the hash of these leaves, at least one: complete subtrees, largest first, joined from the right.
    fn hash<R: HashReader>(self, reader: &R) -> Result<NodeHash, R::Error> {
        let mut lefts = Vec::new();
        let mut rest = self;
        while !rest.count().is_power_of_two() {
            let (left, right) = rest.split();
            lefts.push(left.read(reader)?);
            rest = right;
        }
        let last = rest.read(reader)?;
        Ok(lefts
            .iter()
            .rev()
            .fold(last, |right, left| node_hash(left, &right)))
    }

    /// Reads the hash of these leaves, whose count is a power of two that divides `start`.
    fn read<R: HashReader>(self, reader: &R) -> Result<NodeHash, R::Error> {
        let level = self.count().trailing_zeros();
        let index = self.start >> level;
        let level =
            u8::try_from(level).expect("a u64 has at most 63 trailing zeros unless it is 0");
        reader.node(NodeId { level, index })
    }
}
