//! The tree as RFC 9162 section 2.1 defines it, recursive and slow, to test the real one against.

use trucelog_proto::{
    hash::{LeafHash, NodeHash, RootHash, TreeSize},
    tree::{self, HashReader, NodeId, node_hash},
};

pub(crate) struct NaiveTree {
    pub(crate) leaves: Vec<LeafHash>,
}

impl NaiveTree {
    pub(crate) fn new(size: u64) -> Self {
        let leaves = (0..size)
            .map(|i| tree::leaf_hash(format!("entry {i}").as_bytes()))
            .collect();
        Self { leaves }
    }

    pub(crate) fn size(&self) -> TreeSize {
        TreeSize::new(self.leaves.len() as u64)
    }

    pub(crate) fn root_at(&self, size: usize) -> RootHash {
        match &self.leaves[..size] {
            [] => tree::empty_root(),
            leaves => subtree(leaves).into(),
        }
    }

    /// PATH(m, D[0:n])
    pub(crate) fn path(&self, index: usize, size: usize) -> Vec<NodeHash> {
        path(index, &self.leaves[..size])
    }

    /// PROOF(m, D[0:n])
    pub(crate) fn proof(&self, old: usize, new: usize) -> Vec<NodeHash> {
        subproof(old, &self.leaves[..new], true)
    }
}

impl HashReader for NaiveTree {
    type Error = NodeId;

    fn node(&self, id: NodeId) -> Result<NodeHash, NodeId> {
        let start = usize::try_from(id.index << id.level).unwrap();
        self.leaves
            .get(start..start + (1 << id.level))
            .map(subtree)
            .ok_or(id)
    }
}

fn split(len: usize) -> usize {
    len.next_power_of_two() / 2
}

fn subtree(leaves: &[LeafHash]) -> NodeHash {
    if let [leaf] = leaves {
        return (*leaf).into();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    node_hash(&subtree(left), &subtree(right))
}

fn path(index: usize, leaves: &[LeafHash]) -> Vec<NodeHash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    if index < k {
        [path(index, left), vec![subtree(right)]].concat()
    } else {
        [path(index - k, right), vec![subtree(left)]].concat()
    }
}

fn subproof(old: usize, leaves: &[LeafHash], whole: bool) -> Vec<NodeHash> {
    if old == leaves.len() {
        return if whole {
            Vec::new()
        } else {
            vec![subtree(leaves)]
        };
    }
    let k = split(leaves.len());
    let (left, right) = leaves.split_at(k);
    if old <= k {
        [subproof(old, left, whole), vec![subtree(right)]].concat()
    } else {
        [subproof(old - k, right, false), vec![subtree(left)]].concat()
    }
}
