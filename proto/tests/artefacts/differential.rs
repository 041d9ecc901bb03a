//! The same inputs given to the crates `signed_note` and `tlog_tiles` give the same answers.

use base64ct::{Base64, Encoding};
use proptest::prelude::*;
use signed_note as theirs;
use tlog_tiles as tiles;
use trucelog_proto::{
    checkpoint::{Checkpoint, Origin},
    hash::{LeafIndex, NodeHash, RootHash, TreeSize},
    note::{KeyName, Note, NoteSignature, VerifierKey},
    proof::{prove_consistency, prove_inclusion, verify_consistency, verify_inclusion},
    signature::PublicKey,
    tile::{RightTiles, TileId, TilePath},
};

use crate::naive::NaiveTree;

fn text() -> impl Strategy<Value = String> {
    "[ -~é—\n]{0,80}\n"
}

fn name() -> impl Strategy<Value = String> {
    "[a-zA-Zé./_-]{1,20}"
}

fn signing_key(seed: [u8; 32]) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&seed)
}

/// A key in the text form of `signed_note`.
fn their_signer(name: &str, seed: [u8; 32]) -> theirs::StandardSigner {
    let public = [
        &[1],
        PublicKey::of(&signing_key(seed)).as_bytes().as_slice(),
    ]
    .concat();
    let private = Base64::encode_string(&[&[1], seed.as_slice()].concat());
    let id = theirs::key_id(name, &public);
    theirs::StandardSigner::new(&format!("PRIVATE+KEY+{name}+{id:08x}+{private}")).unwrap()
}

fn their_verifiers(key: &VerifierKey) -> theirs::VerifierList {
    theirs::VerifierList::new(vec![Box::new(
        theirs::StandardVerifier::new(&key.to_string()).unwrap(),
    )])
}

fn our_key(name: &str, seed: [u8; 32]) -> VerifierKey {
    VerifierKey::ed25519(name.parse().unwrap(), PublicKey::of(&signing_key(seed)))
}

proptest! {
    #[test]
    fn notes_that_we_sign_verify_there(text in text(), name in name(), seed: [u8; 32]) {
        let key_name: KeyName = name.parse().unwrap();
        let line = NoteSignature::sign(&text, &key_name, &signing_key(seed));
        let note = Note::new(&text, vec![line]).unwrap().format();
        let parsed = theirs::Note::from_bytes(&note).unwrap();
        let key = our_key(&name, seed);
        let (verified, unverified) = parsed.verify(&their_verifiers(&key)).unwrap();
        prop_assert_eq!((verified.len(), unverified.len()), (1, 0));
        prop_assert_eq!(parsed.text(), text.as_bytes());
        prop_assert_eq!(verified[0].id(), key.key_id());
    }

    #[test]
    fn notes_signed_there_verify_here(text in text(), name in name(), seed: [u8; 32]) {
        let mut note = theirs::Note::new(text.as_bytes(), &[]).unwrap();
        note.add_sigs(&[&their_signer(&name, seed)]).unwrap();
        let ours = Note::parse(&note.to_bytes()).unwrap();
        prop_assert_eq!(ours.text(), &text);
        prop_assert_eq!(ours.format(), note.to_bytes());
        let key = our_key(&name, seed);
        prop_assert_eq!(ours.verify(std::slice::from_ref(&key)).unwrap()[0].key, &key);
    }

    #[test]
    fn changed_notes_parse_in_both_or_in_neither(
        text in text(),
        seed: [u8; 32],
        at: prop::sample::Index,
        insert in "[\\PC\n\t]{0,3}",
        remove in 0..3_usize,
    ) {
        let key_name: KeyName = "name".parse().unwrap();
        let line = NoteSignature::sign(&text, &key_name, &signing_key(seed));
        let note = Note::new(&text, vec![line.clone(), line]).unwrap().format();
        let at = at.index(note.len());
        let end = (at + remove).min(note.len());
        let changed = [&note[..at], insert.as_bytes(), &note[end..]].concat();
        match (Note::parse(&changed), theirs::Note::from_bytes(&changed)) {
            (Ok(ours), Ok(theirs)) => prop_assert_eq!(ours.format(), theirs.to_bytes()),
            (ours, theirs) => prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", changed),
        }
    }

    #[test]
    fn verifier_keys_have_the_same_text(name in name(), seed: [u8; 32]) {
        let there = ed25519_text(&name, seed);
        prop_assert_eq!(our_key(&name, seed).to_string(), there.clone());
        prop_assert_eq!(there.parse(), Ok(our_key(&name, seed)));
    }

    #[test]
    fn checkpoints_have_the_same_text(size: u64, root: [u8; 32], origin in "[a-z0-9./_-]{1,40}") {
        let origin: Origin = origin.parse().unwrap();
        let ours = Checkpoint { origin, size: TreeSize::new(size), root: RootHash::from_bytes(root) };
        let there = tiles::Checkpoint::new(ours.origin.as_str(), size, tiles::Hash(root), "").unwrap();
        prop_assert_eq!(ours.format().into_bytes(), there.to_bytes());
        prop_assert_eq!(tiles::Checkpoint::from_bytes(ours.format().as_bytes()).unwrap(), there);
    }

    #[test]
    fn checkpoints_that_parse_here_parse_there(text in "[a-z]{0,2}\n[0-9]{0,3}\n[A-Za-z0-9+/]{42,43}={0,2}\n{0,2}") {
        let (ours, there) = (Checkpoint::parse(&text), tiles::Checkpoint::from_bytes(text.as_bytes()));
        prop_assert_eq!(ours.is_ok(), there.is_ok(), "{:?}", text);
    }

    #[test]
    fn tile_paths_are_the_same(level in 0..6_u8, index in 0..1_u64 << 16, width in 1..=256_u16) {
        let id = TileId::new(level, index).unwrap();
        let there = tiles::Tile::new(8, level, index, u32::from(width), false);
        let path = TilePath::Hashes { id, width }.to_string();
        prop_assert_eq!(path.replacen("tile/", "tile/8/", 1), there.path());
        prop_assert_eq!(path.parse(), Ok(TilePath::Hashes { id, width }));
    }

    #[test]
    fn tile_paths_that_parse_here_parse_there(path in "tile/[0-9]{1,2}/(x[0-9]{3}/){0,3}x?[0-9]{2,3}(\\.p/[0-9]{1,3})?") {
        if let Ok(TilePath::Hashes { id, width }) = path.parse() {
            // Asked only here, because their parser panics on a width of 0.
            let there = tiles::Tile::from_path(&path.replacen("tile/", "tile/8/", 1)).unwrap();
            prop_assert_eq!(
                (there.level(), there.level_index(), there.width()),
                (id.level(), id.index(), u32::from(width))
            );
        }
    }
}

fn ed25519_text(name: &str, seed: [u8; 32]) -> String {
    let signer = their_signer(name, seed);
    let key = [
        &[1],
        PublicKey::of(&signing_key(seed)).as_bytes().as_slice(),
    ]
    .concat();
    let id = theirs::Signer::key_id(&signer);
    format!("{name}+{id:08x}+{}", Base64::encode_string(&key))
}

/// Their storage of all hashes of the tree, in their order.
struct Stored(Vec<tiles::Hash>);

impl Stored {
    fn of(tree: &NaiveTree) -> Self {
        let mut stored = Self(Vec::new());
        for (n, leaf) in tree.leaves.iter().enumerate() {
            let hash = tiles::Hash(*leaf.as_bytes());
            let hashes = tiles::stored_hashes_for_record_hash(n as u64, hash, &stored).unwrap();
            stored.0.extend(hashes);
        }
        stored
    }
}

impl tiles::HashReader for Stored {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tiles::Hash>, tiles::Error> {
        Ok(indexes
            .iter()
            .map(|index| self.0[usize::try_from(*index).unwrap()])
            .collect())
    }
}

fn ours(proof: &[tiles::Hash]) -> Vec<NodeHash> {
    proof
        .iter()
        .map(|hash| NodeHash::from_bytes(hash.0))
        .collect()
}

fn there(root: RootHash) -> tiles::Hash {
    tiles::Hash(*root.as_bytes())
}

#[test]
fn proofs_are_the_same() {
    let tree = NaiveTree::new(70);
    let stored = Stored::of(&tree);
    for n in 1..=70_usize {
        let (size, root) = (TreeSize::new(n as u64), tree.root_at(n));
        assert_eq!(tiles::tree_hash(n as u64, &stored).unwrap(), there(root));
        for i in 0..n {
            let index = LeafIndex::new(i as u64);
            let proof = tiles::prove_record(n as u64, i as u64, &stored).unwrap();
            assert_eq!(prove_inclusion(index, size, &tree).unwrap(), ours(&proof));
            assert_eq!(
                verify_inclusion(&tree.leaves[i], index, size, &ours(&proof), &root),
                Ok(())
            );
            let (old, old_root) = (TreeSize::new(i as u64 + 1), tree.root_at(i + 1));
            let proof = tiles::prove_tree(n as u64, i as u64 + 1, &stored).unwrap();
            assert_eq!(prove_consistency(old, size, &tree).unwrap(), ours(&proof));
            assert_eq!(
                verify_consistency(old, &old_root, size, &root, &ours(&proof)),
                Ok(())
            );
        }
    }
}

#[test]
fn tiles_are_the_same() {
    let tree = NaiveTree::new(600);
    let stored = Stored::of(&tree);
    let mut right = RightTiles::new();
    for (batch, leaves) in tree.leaves.chunks(150).enumerate() {
        for leaf in leaves {
            right.append(*leaf);
        }
        let changed = right.take_changed();
        let old = 150 * batch as u64;
        let mut expected: Vec<_> = tiles::Tile::new_tiles(8, old, right.size().get())
            .into_iter()
            .map(|tile| {
                let id = TileId::new(tile.level(), tile.level_index()).unwrap();
                (id, tile.read_data(&stored).unwrap())
            })
            .collect();
        expected.sort();
        assert_eq!(changed, expected);
    }
}
