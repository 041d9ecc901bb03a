//! Tiles: writing, opening at a size, and proofs from tiles that have grown since.

use std::{cell::Cell, collections::BTreeMap};

use trucelog_proto::{
    error::DecodeError,
    hash::{LeafHash, LeafIndex, RootHash, TreeSize},
    proof::{prove_consistency, prove_inclusion, verify_consistency, verify_inclusion},
    tile::{
        RightTiles, TileError, TileHashes, TileId, TilePath, TileReader, decode_bundle,
        decode_tile, encode_bundle,
    },
    tree::{self, RightEdge},
};

/// A store with one value per tile, overwritten as the tile grows.
#[derive(Default)]
struct Store {
    tiles: BTreeMap<TileId, Vec<u8>>,
    reads: Cell<usize>,
}

impl Store {
    fn write(&mut self, right: &mut RightTiles) {
        self.tiles.extend(right.take_changed());
    }
}

impl TileReader for Store {
    type Error = TileId;

    fn tile(&self, id: TileId, _min_width: u16) -> Result<Vec<u8>, TileId> {
        self.reads.set(self.reads.get() + 1);
        self.tiles.get(&id).cloned().ok_or(id)
    }
}

/// A store that gives no more hashes than it is asked for.
struct Narrow<'a>(&'a Store);

impl TileReader for Narrow<'_> {
    type Error = TileId;

    fn tile(&self, id: TileId, min_width: u16) -> Result<Vec<u8>, TileId> {
        let mut bytes = self.0.tile(id, min_width)?;
        bytes.truncate(32 * usize::from(min_width));
        Ok(bytes)
    }
}

fn leaf(index: u64) -> LeafHash {
    tree::leaf_hash(&index.to_be_bytes())
}

/// Writes a log of `size` leaves in batches of `batch` and returns its tiles and the right edge at every size.
fn write_log(size: u64, batch: u64) -> (Store, Vec<RightEdge>) {
    let (mut store, mut right) = (Store::default(), RightTiles::new());
    let mut edges = vec![RightEdge::new()];
    for index in 0..size {
        let mut edge = edges[edges.len() - 1].clone();
        edge.append(leaf(index));
        right.append(leaf(index));
        assert_eq!(right.size(), edge.size());
        if index % batch == batch - 1 || index == size - 1 {
            assert_eq!(right.right_edge(), edge);
            store.write(&mut right);
            assert_eq!(RightTiles::read(edge.size(), &store), Ok(right.clone()));
        }
        edges.push(edge);
    }
    (store, edges)
}

#[test]
fn a_log_opens_at_every_size_from_tiles_that_have_grown() {
    let (store, edges) = write_log(1500, 7);
    for edge in &edges {
        store.reads.set(0);
        let opened = RightTiles::read(edge.size(), &store).unwrap();
        assert_eq!(&opened.right_edge(), edge);
        assert!(store.reads.get() <= 2, "at most one tile per level");
    }
}

#[test]
fn an_opened_log_continues_like_one_that_never_closed() {
    let (store, edges) = write_log(700, 50);
    let mut right = RightTiles::read(TreeSize::new(300), &store).unwrap();
    assert_eq!(right.take_changed(), [], "nothing has changed yet");
    (300..700).for_each(|index| right.append(leaf(index)));
    assert_eq!(right.right_edge(), edges[700]);
    for (id, bytes) in right.take_changed() {
        assert_eq!(store.tiles[&id], bytes);
    }
}

#[test]
fn three_levels_hold_the_widths_of_the_specification() {
    let (store, edges) = write_log(70_000, 1000);
    let width = |level, index| store.tiles[&TileId::new(level, index).unwrap()].len() / 32;
    let widths = [
        width(0, 272),
        width(0, 273),
        width(1, 0),
        width(1, 1),
        width(2, 0),
    ];
    assert_eq!(widths, [256, 112, 256, 17, 1]);
    assert_eq!(store.tiles.len(), 274 + 2 + 1);
    check_proofs(&store, &edges, &[65_535, 65_536, 65_537, 69_999, 70_000]);
}

#[test]
fn proofs_at_older_sizes_use_the_prefix_of_wider_tiles() {
    let (store, edges) = write_log(600, 600);
    check_proofs(
        &store,
        &edges,
        &[1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 599, 600],
    );
}

fn check_proofs(store: &Store, edges: &[RightEdge], sizes: &[u64]) {
    let root = |size: u64| edges[usize::try_from(size).unwrap()].root();
    for &size in sizes {
        for index in [0, 1, size / 2, size - 1]
            .into_iter()
            .filter(|index| *index < size)
        {
            check_inclusion(store, index, size, &root(size));
        }
        for &old in sizes.iter().filter(|old| **old <= size) {
            let (old_size, new_size) = (TreeSize::new(old), TreeSize::new(size));
            let proof = prove_consistency(old_size, new_size, &TileHashes::new(store)).unwrap();
            assert_eq!(
                verify_consistency(old_size, &root(old), new_size, &root(size), &proof),
                Ok(())
            );
        }
    }
}

fn check_inclusion(store: &Store, index: u64, size: u64, root: &RootHash) {
    let (position, size) = (LeafIndex::new(index), TreeSize::new(size));
    store.reads.set(0);
    let proof = prove_inclusion(position, size, &TileHashes::new(store)).unwrap();
    assert_eq!(
        verify_inclusion(&leaf(index), position, size, &proof, root),
        Ok(())
    );
    assert!(store.reads.get() <= 8, "{} reads", store.reads.get());
    let narrow = Narrow(store);
    assert_eq!(
        prove_inclusion(position, size, &TileHashes::new(&narrow)),
        Ok(proof)
    );
}

#[test]
fn a_missing_or_narrow_tile_is_an_error() {
    let (mut store, _) = write_log(600, 600);
    let id = TileId::new(0, 2).unwrap();
    let bytes = store.tiles[&id].clone();
    let narrow = |error| TileError::Decode { id, error };
    store.tiles.insert(id, bytes[..32].to_vec());
    let opened = RightTiles::read(TreeSize::new(600), &store);
    assert_eq!(
        opened,
        Err(narrow(DecodeError::Truncated { field: "tile" }))
    );
    store.tiles.insert(id, bytes[..33].to_vec());
    assert!(RightTiles::read(TreeSize::new(600), &store).is_err());
    store.tiles.remove(&id);
    let opened = RightTiles::read(TreeSize::new(600), &store);
    assert_eq!(opened, Err(TileError::Read { id, error: id }));
}

#[test]
fn roundtrip_paths() {
    for path in [
        "tile/0/000",
        "tile/0/x001/x234/067",
        "tile/0/x001/x234/067.p/1",
        "tile/2/999.p/255",
        "tile/7/000",
        "tile/entries/000",
        "tile/entries/x001/000.p/17",
        "tile/0/x072/x057/x594/x037/x927/935",
    ] {
        assert_eq!(path.parse::<TilePath>().unwrap().to_string(), path);
    }
}

#[test]
fn rejects_paths_that_are_not_canonical() {
    for path in [
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/+0/000",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/x000/001",
        "tile/0/001/001",
        "tile/0/x001",
        "tile/0/x001/x001",
        "tile/0/xx01/001",
        "tile/0/-01",
        "tile/0/ 01",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p/1.p/1",
        "tile/0/000.p",
        "tile/8/000",
        "tile/7/001",
        "tile/256/000",
        "tile/0/x072/x057/x594/x037/x927/936",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/data/000",
        "tile/entries",
        "tile/entries/1",
        "tile/Entries/000",
        "tile/entries/x072/x057/x594/x037/x927/936",
        "tile/0/٠٠٠",
    ] {
        assert!(path.parse::<TilePath>().is_err(), "{path}");
    }
}

#[test]
fn roundtrip_bundles() {
    let entries: Vec<Vec<u8>> = (0..256_usize).map(|len| vec![1; len]).collect();
    for width in [1_u16, 2, 255, 256] {
        let entries = &entries[..usize::from(width)];
        let bytes = encode_bundle(entries).unwrap();
        assert_eq!(decode_bundle(&bytes, width).unwrap(), entries);
        assert!(decode_bundle(&bytes, width + 1).is_err());
        assert!(decode_bundle(&bytes, width - 1).is_err());
        for len in 0..bytes.len() {
            assert!(decode_bundle(&bytes[..len], width).is_err());
        }
        assert!(decode_bundle(&[&bytes[..], b"x"].concat(), width).is_err());
    }
    assert!(encode_bundle(&[vec![0; 65_535]]).is_ok());
    assert!(encode_bundle(&[vec![0; 65_536]]).is_err());
    assert!(encode_bundle::<Vec<u8>>(&[]).is_err());
    assert!(encode_bundle(&[[]; 257]).is_err());
}

#[test]
fn a_tile_is_read_at_any_width_up_to_its_own() {
    let bytes = [[1; 32], [2; 32], [3; 32]].concat();
    assert_eq!(decode_tile(&bytes, 2).unwrap().len(), 2);
    assert!(decode_tile(&bytes, 4).is_err());
    assert!(decode_tile(&bytes, 0).is_err());
    assert!(decode_tile(&bytes[..95], 2).is_err());
    assert!(decode_tile(&[0; 257 * 32], 2).is_err());
}
