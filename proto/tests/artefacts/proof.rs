//! Proofs against the naive tree, and every mutated proof refused.

use trucelog_proto::{
    error::VerifyError,
    hash::{LeafHash, LeafIndex, NodeHash, RootHash, TreeSize},
    proof::{ProveError, prove_consistency, prove_inclusion, verify_consistency, verify_inclusion},
    tree::{self, HashReader, NodeId, RightEdge, node_hash},
};

use crate::naive::NaiveTree;

const SIZES: u64 = 256;

fn index(value: usize) -> LeafIndex {
    LeafIndex::new(value as u64)
}

fn size(value: usize) -> TreeSize {
    TreeSize::new(value as u64)
}

fn roots(tree: &NaiveTree) -> Vec<RootHash> {
    (0..=tree.leaves.len()).map(|n| tree.root_at(n)).collect()
}

/// Every proof that differs from `proof` by one hash flipped, dropped, added or swapped with its neighbour.
fn mutations(proof: &[NodeHash]) -> Vec<Vec<NodeHash>> {
    let mut mutated = Vec::new();
    for at in 0..proof.len() {
        let mut flipped = proof.to_vec();
        let mut bytes = *flipped[at].as_bytes();
        bytes[at % 32] ^= 1 << (at % 8);
        flipped[at] = NodeHash::from_bytes(bytes);
        mutated.push(flipped);
        let mut dropped = proof.to_vec();
        dropped.remove(at);
        mutated.push(dropped);
        if at > 0 {
            let mut swapped = proof.to_vec();
            swapped.swap(at - 1, at);
            mutated.push(swapped);
        }
    }
    for at in 0..=proof.len() {
        let mut added = proof.to_vec();
        added.insert(at, NodeHash::from_bytes([7; 32]));
        mutated.push(added);
    }
    mutated
}

fn check_right_length(verdict: Result<(), VerifyError>, right: usize, mutated: usize) {
    let found = match verdict.unwrap_err() {
        VerifyError::ProofLength { expected, found } => {
            assert_eq!(expected, right);
            found
        }
        VerifyError::Root { .. } => right,
        error => panic!("{error}"),
    };
    assert_eq!(found, mutated);
}

#[test]
fn right_edge_gives_the_root_of_every_size() {
    let tree = NaiveTree::new(SIZES);
    let mut edge = RightEdge::new();
    for (n, root) in roots(&tree).into_iter().enumerate() {
        assert_eq!((edge.size(), edge.root()), (size(n), root));
        assert_eq!(RightEdge::decode(&edge.encode()), Ok(edge.clone()));
        if let Some(leaf) = tree.leaves.get(n) {
            edge.append(*leaf);
        }
    }
}

#[test]
fn right_edge_rejects_a_wrong_count_of_hashes() {
    let tree = NaiveTree::new(7);
    let mut edge = RightEdge::new();
    tree.leaves.iter().for_each(|leaf| edge.append(*leaf));
    let bytes = edge.encode();
    for len in 0..bytes.len() {
        assert!(RightEdge::decode(&bytes[..len]).is_err(), "{len}");
    }
    assert!(RightEdge::decode(&[&bytes[..], &[0; 32]].concat()).is_err());
    let too_large = [(1_u64 << 63).to_be_bytes().as_slice(), &[0; 32]].concat();
    assert!(RightEdge::decode(&too_large).is_err());
}

#[test]
fn inclusion_holds_for_every_index_and_size_and_for_no_mutated_proof() {
    let tree = NaiveTree::new(SIZES);
    for (n, root) in roots(&tree).iter().enumerate() {
        for i in 0..n {
            let leaf = &tree.leaves[i];
            let proof = prove_inclusion(index(i), size(n), &tree).unwrap();
            assert_eq!(proof, tree.path(i, n), "index {i}, size {n}");
            assert_eq!(
                verify_inclusion(leaf, index(i), size(n), &proof, root),
                Ok(())
            );
            for mutated in mutations(&proof) {
                let verdict = verify_inclusion(leaf, index(i), size(n), &mutated, root);
                check_right_length(verdict, proof.len(), mutated.len());
            }
        }
    }
}

#[test]
fn inclusion_rejects_another_index_leaf_size_and_root() {
    let tree = NaiveTree::new(100);
    let root = tree.root_at(100);
    let proof = tree.path(40, 100);
    for i in (0..100).filter(|i| *i != 40) {
        assert!(verify_inclusion(&tree.leaves[40], index(i), size(100), &proof, &root).is_err());
        assert!(verify_inclusion(&tree.leaves[i], index(40), size(100), &proof, &root).is_err());
    }
    assert!(verify_inclusion(&tree.leaves[40], index(40), size(64), &proof, &root).is_err());
    assert!(
        verify_inclusion(
            &tree.leaves[40],
            index(40),
            size(100),
            &proof,
            &tree.root_at(99)
        )
        .is_err()
    );
}

#[test]
fn rejects_an_index_outside_the_tree() {
    let tree = NaiveTree::new(4);
    for (i, n) in [(0, 0), (4, 4), (5, 4)] {
        let error = VerifyError::IndexOutOfRange {
            index: index(i),
            size: size(n),
        };
        assert_eq!(
            prove_inclusion(index(i), size(n), &tree),
            Err(ProveError::Range(error.clone()))
        );
        let verdict = verify_inclusion(&tree.leaves[0], index(i), size(n), &[], &tree.root_at(n));
        assert_eq!(verdict, Err(error));
    }
}

#[test]
fn consistency_holds_for_every_two_sizes_and_for_no_mutated_proof() {
    let tree = NaiveTree::new(SIZES);
    let roots = roots(&tree);
    for new in 0..roots.len() {
        for old in 0..=new {
            let proof = prove_consistency(size(old), size(new), &tree).unwrap();
            if old > 0 {
                assert_eq!(proof, tree.proof(old, new), "{old} to {new}");
            }
            let verify = |proof: &[NodeHash]| {
                verify_consistency(size(old), &roots[old], size(new), &roots[new], proof)
            };
            assert_eq!(verify(&proof), Ok(()), "{old} to {new}");
            for mutated in mutations(&proof) {
                check_right_length(verify(&mutated), proof.len(), mutated.len());
            }
        }
    }
}

#[test]
fn consistency_rejects_other_roots_and_sizes() {
    let tree = NaiveTree::new(64);
    let roots = roots(&tree);
    for new in 1..roots.len() {
        for old in 1..=new {
            let proof = prove_consistency(size(old), size(new), &tree).unwrap();
            let other = &roots[0];
            let wrong_old = verify_consistency(size(old), other, size(new), &roots[new], &proof);
            let wrong_new = verify_consistency(size(old), &roots[old], size(new), other, &proof);
            assert!(
                matches!(wrong_old, Err(VerifyError::Root { .. })),
                "{wrong_old:?}"
            );
            assert!(
                matches!(wrong_new, Err(VerifyError::Root { .. })),
                "{wrong_new:?}"
            );
        }
    }
    let order = VerifyError::SizeOrder {
        old: size(9),
        new: size(8),
    };
    assert_eq!(
        verify_consistency(size(9), &roots[9], size(8), &roots[8], &[]),
        Err(order.clone())
    );
    assert_eq!(
        prove_consistency(size(9), size(8), &tree),
        Err(ProveError::Range(order))
    );
}

#[test]
fn the_empty_tree_is_continued_by_every_tree_and_has_one_root() {
    let tree = NaiveTree::new(3);
    let (empty, root) = (tree.root_at(0), tree.root_at(3));
    assert_eq!(
        verify_consistency(size(0), &empty, size(3), &root, &[]),
        Ok(())
    );
    assert_eq!(
        verify_consistency(size(0), &empty, size(0), &empty, &[]),
        Ok(())
    );
    assert!(verify_consistency(size(0), &root, size(3), &root, &[]).is_err());
    assert!(verify_consistency(size(0), &root, size(0), &root, &[]).is_err());
    assert!(verify_consistency(size(0), &empty, size(0), &root, &[]).is_err());
}

/// A tree whose leaves are all the same, so that trees of any size can be computed.
struct UniformTree {
    levels: Vec<NodeHash>,
}

impl UniformTree {
    fn new() -> Self {
        let mut levels = vec![NodeHash::from(tree::leaf_hash(b"same"))];
        for level in 0..63 {
            levels.push(node_hash(&levels[level], &levels[level]));
        }
        Self { levels }
    }

    fn root(&self, size: u64) -> RootHash {
        let subtrees = (0..64)
            .filter(|level| size >> level & 1 == 1)
            .map(|level| self.levels[level]);
        subtrees
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap()
            .into()
    }
}

impl HashReader for UniformTree {
    type Error = std::convert::Infallible;

    fn node(&self, id: NodeId) -> Result<NodeHash, Self::Error> {
        Ok(self.levels[usize::from(id.level)])
    }
}

fn interesting_sizes() -> Vec<u64> {
    let mut sizes = vec![
        1,
        2,
        3,
        1 << 62,
        (1 << 63) + (1 << 62),
        u64::MAX - 1,
        u64::MAX,
    ];
    for level in [8, 31, 32, 62, 63] {
        let power = 1_u64 << level;
        sizes.extend([power - 1, power, power + 1]);
    }
    sizes
}

#[test]
fn proofs_hold_for_sizes_up_to_the_largest() {
    let tree = UniformTree::new();
    let leaf = tree::leaf_hash(b"same");
    for n in interesting_sizes() {
        for i in [0, 1, n / 2, n - n.min(2), n - 1]
            .into_iter()
            .filter(|i| *i < n)
        {
            let proof = prove_inclusion(LeafIndex::new(i), TreeSize::new(n), &tree).unwrap();
            let verify = |proof: &[NodeHash]| {
                verify_inclusion(
                    &leaf,
                    LeafIndex::new(i),
                    TreeSize::new(n),
                    proof,
                    &tree.root(n),
                )
            };
            check_with_every_mutation(&proof, verify);
        }
    }
}

#[test]
fn consistency_holds_for_sizes_up_to_the_largest() {
    let tree = UniformTree::new();
    for new in interesting_sizes() {
        for old in interesting_sizes().into_iter().filter(|old| *old <= new) {
            let (old_size, new_size) = (TreeSize::new(old), TreeSize::new(new));
            let proof = prove_consistency(old_size, new_size, &tree).unwrap();
            let (old_root, new_root) = (tree.root(old), tree.root(new));
            check_with_every_mutation(&proof, |proof| {
                verify_consistency(old_size, &old_root, new_size, &new_root, proof)
            });
        }
    }
}

fn check_with_every_mutation(
    proof: &[NodeHash],
    verify: impl Fn(&[NodeHash]) -> Result<(), VerifyError>,
) {
    assert_eq!(verify(proof), Ok(()));
    // Where all leaves are the same, neighbours in a proof can be the same, too.
    for mutated in mutations(proof)
        .into_iter()
        .filter(|mutated| mutated != proof)
    {
        check_right_length(verify(&mutated), proof.len(), mutated.len());
    }
}

/// What is hashed to a node, and the node itself, stand for no leaf, at no place and with no part of its proof.
#[test]
fn a_node_is_no_leaf() {
    let tree = NaiveTree::new(33);
    for n in 2..=33 {
        let root = tree.root_at(n);
        for i in (0..n - 1).step_by(2) {
            let [left, right] = [i, i + 1].map(|i| NodeHash::from(tree.leaves[i]));
            let preimage = [left.as_bytes().as_slice(), right.as_bytes()].concat();
            let node = LeafHash::from_bytes(*node_hash(&left, &right).as_bytes());
            let path = tree.path(i, n);
            for leaf in [tree::leaf_hash(&preimage), node] {
                for at in 0..n {
                    for path in [&path[..], &path[1..]] {
                        let verdict = verify_inclusion(&leaf, index(at), size(n), path, &root);
                        assert!(verdict.is_err(), "node over {i} at {at} of {n}");
                    }
                }
            }
        }
    }
}

/// The leaf hashes between two places, which entries name one after the other, are no proof, however many of them.
#[test]
fn a_piece_of_the_chain_is_no_proof() {
    let tree = NaiveTree::new(33);
    let roots = roots(&tree);
    for n in 3..=33 {
        let chain: Vec<NodeHash> = tree.leaves[..n].iter().map(|leaf| (*leaf).into()).collect();
        for i in 0..n {
            for start in 0..n {
                for end in start..=n {
                    let piece = &chain[start..end];
                    if piece != tree.path(i, n) {
                        let leaf = &tree.leaves[i];
                        let verdict = verify_inclusion(leaf, index(i), size(n), piece, &roots[n]);
                        assert!(verdict.is_err(), "{start}..{end} for {i} of {n}");
                    }
                    if i > 0 && piece != tree.proof(i, n) {
                        let verdict =
                            verify_consistency(size(i), &roots[i], size(n), &roots[n], piece);
                        assert!(verdict.is_err(), "{start}..{end} from {i} to {n}");
                    }
                }
            }
        }
    }
}
