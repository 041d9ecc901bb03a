//! Inclusion and consistency proofs.

use trucelog_proto::{
    hash::{LeafIndex, NodeHash, RootHash},
    proof::{prove_consistency, prove_inclusion, verify_consistency, verify_inclusion},
    tree::{self, HashReader, NodeId},
};

use super::{Artefact, Case, Failed, Inputs, Leaves, OK, SIZE, VERIFY, case, edge, leaf, size};

pub(crate) const ARTEFACT: Artefact = Artefact {
    name: "proof",
    cases,
    replay,
    seed,
};

fn replay(inputs: &Inputs) -> Result<(), Failed> {
    let proof = inputs.hashes("proof");
    if inputs.has("leaf_hash") {
        let (leaf, root) = (
            inputs.get("leaf_hash").parse()?,
            inputs.get("root").parse()?,
        );
        let index = LeafIndex::new(inputs.number("index"));
        return Ok(verify_inclusion(
            &leaf,
            index,
            size(inputs.number("size")),
            &proof,
            &root,
        )?);
    }
    let (old, new) = (
        size(inputs.number("old_size")),
        size(inputs.number("new_size")),
    );
    let (old_root, new_root) = (
        inputs.get("old_root").parse()?,
        inputs.get("new_root").parse()?,
    );
    Ok(verify_consistency(old, &old_root, new, &new_root, &proof)?)
}

fn seed(inputs: &Inputs) -> Option<Vec<u8>> {
    let (first, second, root) = if inputs.has("index") {
        ("index", "size", "root")
    } else {
        ("old_size", "new_size", "new_root")
    };
    let root: RootHash = inputs.get(root).parse().ok()?;
    let mut seed = [
        inputs.number(first).to_be_bytes(),
        inputs.number(second).to_be_bytes(),
    ]
    .concat();
    seed.extend(root.as_bytes());
    seed.extend(
        inputs
            .hashes("proof")
            .iter()
            .flat_map(|hash| *hash.as_bytes()),
    );
    Some(seed)
}

fn inclusion(index: u64, tree_size: u64, proof: &[NodeHash]) -> Inputs {
    Inputs::default()
        .text("leaf_hash", leaf(index))
        .text("index", index)
        .text("size", tree_size)
        .text("root", edge(tree_size).root())
        .list("proof", proof)
}

fn consistency(old: u64, new: u64, proof: &[NodeHash]) -> Inputs {
    Inputs::default()
        .text("old_size", old)
        .text("old_root", edge(old).root())
        .text("new_size", new)
        .text("new_root", edge(new).root())
        .list("proof", proof)
}

pub(crate) fn path(index: u64, tree_size: u64) -> Vec<NodeHash> {
    prove_inclusion(LeafIndex::new(index), size(tree_size), &Leaves).unwrap()
}

pub(crate) fn growth(old: u64, new: u64) -> Vec<NodeHash> {
    prove_consistency(size(old), size(new), &Leaves).unwrap()
}

fn flipped(mut proof: Vec<NodeHash>) -> Vec<NodeHash> {
    let mut bytes = *proof[1].as_bytes();
    bytes[31] ^= 1;
    proof[1] = NodeHash::from_bytes(bytes);
    proof
}

fn swapped(mut proof: Vec<NodeHash>) -> Vec<NodeHash> {
    proof.swap(0, 1);
    proof
}

fn added(mut proof: Vec<NodeHash>) -> Vec<NodeHash> {
    proof.push(NodeHash::from_bytes([0; 32]));
    proof
}

fn dropped(mut proof: Vec<NodeHash>) -> Vec<NodeHash> {
    proof.pop();
    proof
}

/// A tree of any size, all of whose entries are `same`.
struct Uniform(Vec<NodeHash>);

impl Uniform {
    fn new() -> Self {
        let mut levels = vec![NodeHash::from(tree::leaf_hash(b"same"))];
        for level in 0..63 {
            levels.push(tree::node_hash(&levels[level], &levels[level]));
        }
        Self(levels)
    }

    fn root(&self, tree_size: u64) -> RootHash {
        let subtrees = (0..64)
            .filter(|level| tree_size >> level & 1 == 1)
            .map(|level| self.0[level]);
        subtrees
            .reduce(|right, left| tree::node_hash(&left, &right))
            .unwrap()
            .into()
    }

    fn inclusion(&self, index: u64, tree_size: u64) -> Inputs {
        let proof = prove_inclusion(LeafIndex::new(index), size(tree_size), self).unwrap();
        Inputs::default()
            .text("leaf_hash", tree::leaf_hash(b"same"))
            .text("index", index)
            .text("size", tree_size)
            .text("root", self.root(tree_size))
            .list("proof", &proof)
    }

    fn consistency(&self, old: u64, new: u64) -> Inputs {
        let proof = prove_consistency(size(old), size(new), self).unwrap();
        Inputs::default()
            .text("old_size", old)
            .text("old_root", self.root(old))
            .text("new_size", new)
            .text("new_root", self.root(new))
            .list("proof", &proof)
    }
}

impl HashReader for Uniform {
    type Error = std::convert::Infallible;

    fn node(&self, id: NodeId) -> Result<NodeHash, Self::Error> {
        Ok(self.0[usize::from(id.level)])
    }
}

fn cases() -> Vec<Case> {
    [inclusion_cases(), consistency_cases(), large_cases()]
        .into_iter()
        .flatten()
        .collect()
}

fn inclusion_cases() -> Vec<Case> {
    let proof = path(3, SIZE);
    let with =
        |change: fn(Vec<NodeHash>) -> Vec<NodeHash>| inclusion(3, SIZE, &change(path(3, SIZE)));
    vec![
        case(
            "worked-example",
            OK,
            "Entry 3 of the tree of seven entries in proof.md.",
            inclusion(3, SIZE, &proof),
        ),
        case(
            "inclusion-only-leaf",
            OK,
            "The proof in a tree of one leaf is empty.",
            inclusion(0, 1, &[]),
        ),
        case(
            "inclusion-last-leaf",
            OK,
            "The last leaf of seven: two levels have no sibling.",
            inclusion(6, SIZE, &path(6, SIZE)),
        ),
        case(
            "inclusion-flipped-bit",
            VERIFY,
            "One bit of the second hash is flipped.",
            with(flipped),
        ),
        case(
            "inclusion-swapped",
            VERIFY,
            "The first two hashes change places.",
            with(swapped),
        ),
        case(
            "inclusion-hash-added",
            VERIFY,
            "A hash is added at the end.",
            with(added),
        ),
        case(
            "inclusion-hash-dropped",
            VERIFY,
            "The last hash is dropped.",
            with(dropped),
        ),
        case(
            "inclusion-wrong-index",
            VERIFY,
            "The proof of entry 3 for index 2.",
            inclusion(3, SIZE, &proof).text("index", 2),
        ),
        case(
            "inclusion-wrong-leaf",
            VERIFY,
            "The proof of entry 3 with the leaf hash of entry 2.",
            inclusion(3, SIZE, &proof).text("leaf_hash", leaf(2)),
        ),
        case(
            "inclusion-wrong-root",
            VERIFY,
            "The root of the tree of six entries.",
            inclusion(3, SIZE, &proof).text("root", edge(6).root()),
        ),
        case(
            "inclusion-index-equals-size",
            VERIFY,
            "There is no index 7 in a tree of seven.",
            inclusion(3, SIZE, &proof).text("index", 7),
        ),
        case(
            "inclusion-empty-tree",
            VERIFY,
            "Nothing is in the empty tree.",
            inclusion(0, 0, &[]),
        ),
    ]
}

fn consistency_cases() -> Vec<Case> {
    let with =
        |change: fn(Vec<NodeHash>) -> Vec<NodeHash>| consistency(3, SIZE, &change(growth(3, SIZE)));
    let (empty, seven) = (edge(0).root(), edge(SIZE).root());
    vec![
        case(
            "consistency",
            OK,
            "From three entries to seven.",
            consistency(3, SIZE, &growth(3, SIZE)),
        ),
        case(
            "consistency-power-of-two",
            OK,
            "From four entries: the old root is not in the proof.",
            consistency(4, SIZE, &growth(4, SIZE)),
        ),
        case(
            "consistency-same-size",
            OK,
            "Nothing new: the proof is empty.",
            consistency(SIZE, SIZE, &[]),
        ),
        case(
            "consistency-from-empty",
            OK,
            "Every tree continues the empty one.",
            consistency(0, SIZE, &[]),
        ),
        case(
            "consistency-both-empty",
            OK,
            "The empty tree continues itself.",
            consistency(0, 0, &[]),
        ),
        case(
            "consistency-flipped-bit",
            VERIFY,
            "One bit of the second hash is flipped.",
            with(flipped),
        ),
        case(
            "consistency-swapped",
            VERIFY,
            "The first two hashes change places.",
            with(swapped),
        ),
        case(
            "consistency-hash-added",
            VERIFY,
            "A hash is added at the end.",
            with(added),
        ),
        case(
            "consistency-hash-dropped",
            VERIFY,
            "The last hash is dropped.",
            with(dropped),
        ),
        case(
            "consistency-no-hashes",
            VERIFY,
            "The proof is empty though the tree has grown.",
            consistency(3, SIZE, &[]),
        ),
        case(
            "consistency-sizes-reversed",
            VERIFY,
            "The old tree is the larger one.",
            consistency(SIZE, 3, &growth(3, SIZE)),
        ),
        case(
            "consistency-same-size-other-root",
            VERIFY,
            "Two roots at one size.",
            consistency(SIZE, SIZE, &[]).text("old_root", edge(6).root()),
        ),
        case(
            "consistency-same-size-with-proof",
            VERIFY,
            "A proof where none belongs.",
            consistency(SIZE, SIZE, &[NodeHash::from_bytes([0; 32])]),
        ),
        case(
            "consistency-from-empty-other-root",
            VERIFY,
            "The old tree is empty, but its root is not.",
            consistency(0, SIZE, &[]).text("old_root", seven),
        ),
        case(
            "consistency-from-empty-with-proof",
            VERIFY,
            "A proof where none belongs.",
            consistency(0, SIZE, &growth(3, SIZE)),
        ),
        case("consistency-wrong-old-root", VERIFY, "Another old root.", {
            consistency(3, SIZE, &growth(3, SIZE)).text("old_root", empty)
        }),
        case("consistency-wrong-new-root", VERIFY, "Another new root.", {
            consistency(3, SIZE, &growth(3, SIZE)).text("new_root", empty)
        }),
    ]
}

fn large_cases() -> Vec<Case> {
    let tree = Uniform::new();
    let half = 1_u64 << 63;
    vec![
        case(
            "large-inclusion-last",
            OK,
            "The last leaf of 2^64 - 1.",
            tree.inclusion(u64::MAX - 1, u64::MAX),
        ),
        case(
            "large-inclusion-above-half",
            OK,
            "The leaf at 2^63 of 2^63 + 1.",
            tree.inclusion(half, half + 1),
        ),
        case(
            "large-consistency",
            OK,
            "From 2^63 - 1 to 2^64 - 1.",
            tree.consistency(half - 1, u64::MAX),
        ),
        case(
            "large-consistency-from-half",
            OK,
            "From 2^63 to 2^63 + 1.",
            tree.consistency(half, half + 1),
        ),
    ]
}
