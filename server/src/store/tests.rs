#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;

use trucelog_proto::{hash::CharterDigest, record::LogId};

use super::*;

const LIMIT: Duration = Duration::from_secs(60);

fn meta() -> Meta {
    Meta {
        log: LogId {
            origin: "test.example/log".parse().unwrap(),
            charter: CharterDigest::from_bytes([7; 32]),
        },
    }
}

fn tile(level: u8, index: u64) -> TileId {
    TileId::new(level, index).unwrap()
}

fn batch(from: u64, to: u64) -> Batch {
    Batch {
        entries: (from..to)
            .map(|index| (LeafIndex::new(index), format!("entry {index}").into_bytes()))
            .collect(),
        tiles: vec![(tile(0, 0), vec![1; 32])],
        state: vec![(b"key".to_vec(), to.to_be_bytes().to_vec())],
    }
}

/// Creates a store with `count` entries, one per commit, and closes it.
fn store_with(dir: &Path, count: u64) {
    let store = Store::create(dir, meta()).unwrap();
    for index in 0..count {
        store.commit(&batch(index, index + 1)).unwrap();
    }
}

/// The write-ahead log files of a store that are not empty, oldest first.
fn wal_files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "log"))
        .filter(|path| fs::metadata(path).unwrap().len() > 0)
        .collect();
    files.sort();
    files
}

#[test]
fn keeps_everything_over_reopening() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    store_with(&dir, 3);
    let store = Store::open(&dir, LIMIT).unwrap();
    assert_eq!(*store.meta(), meta());
    assert_eq!(store.size().unwrap(), TreeSize::new(3));
    assert_eq!(store.entry(LeafIndex::new(2)).unwrap().unwrap(), b"entry 2");
    assert_eq!(store.entry(LeafIndex::new(3)).unwrap(), None);
    let entries = |first, end| store.entries(TreeSize::new(first), TreeSize::new(end));
    assert_eq!(entries(1, 3).unwrap(), [b"entry 1", b"entry 2"]);
    assert_eq!(entries(2, 9).unwrap(), [b"entry 2"]);
    assert!(entries(3, 9).unwrap().is_empty());
    assert_eq!(
        store.state(b"key").unwrap().unwrap(),
        3_u64.to_be_bytes().to_vec()
    );
    assert_eq!(store.tile(tile(0, 0)).unwrap().unwrap(), vec![1; 32]);
    store
        .put_checkpoint(CheckpointKind::Signed, b"note")
        .unwrap();
    assert_eq!(
        store.checkpoint(CheckpointKind::Signed).unwrap().unwrap(),
        b"note"
    );
    assert_eq!(store.checkpoint(CheckpointKind::Witnessed).unwrap(), None);
}

#[test]
fn one_commit_is_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("db"), meta()).unwrap();
    let before = store.wal_syncs();
    for round in 0..10 {
        store
            .commit(&batch(round * 100, (round + 1) * 100))
            .unwrap();
        store
            .put_checkpoint(CheckpointKind::Signed, b"note")
            .unwrap();
    }
    assert_eq!(store.wal_syncs() - before, 10);
}

#[test]
fn rejects_a_missing_and_an_existing_directory() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    assert!(matches!(
        Store::open(&dir, LIMIT),
        Err(StoreError::Missing { .. })
    ));
    store_with(&dir, 1);
    assert!(matches!(
        Store::create(&dir, meta()),
        Err(StoreError::Exists { .. })
    ));
}

#[test]
fn rejects_an_unknown_format_version() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    store_with(&dir, 1);
    for (written, found) in [
        (2_u32.to_be_bytes().to_vec(), Some(2)),
        (b"x".to_vec(), None),
    ] {
        let (db, _) = options::open(&dir, options::Mode::Existing).unwrap();
        db.put_cf(family(&db, meta::NAME), b"format_version", written)
            .unwrap();
        drop(db);
        match Store::open(&dir, LIMIT) {
            Err(StoreError::FormatVersion {
                found: version,
                known: 1,
            }) => assert_eq!(version.0, found),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn reports_an_open_that_takes_too_long() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    store_with(&dir, 1);
    assert!(matches!(
        Store::open(&dir, Duration::ZERO),
        Err(StoreError::OpenTimeout { .. })
    ));
}

/// RocksDB's default recovery mode opens such a directory without a word.
#[test]
fn rejects_a_flipped_bit_before_the_tail_of_the_write_ahead_log() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    store_with(&dir, 50);
    let wal = wal_files(&dir).pop().unwrap();
    let mut bytes = fs::read(&wal).unwrap();
    let at = bytes
        .windows(8)
        .position(|window| window == b"entry 20")
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&wal, bytes).unwrap();
    assert!(matches!(
        Store::open(&dir, LIMIT),
        Err(StoreError::Rocks { action: "open", .. })
    ));
}

#[test]
fn accepts_a_torn_tail_of_the_write_ahead_log() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("db");
    store_with(&dir, 50);
    let wal = wal_files(&dir).pop().unwrap();
    let file = fs::OpenOptions::new().write(true).open(&wal).unwrap();
    file.set_len(file.metadata().unwrap().len() - 3).unwrap();
    let store = Store::open(&dir, LIMIT).unwrap();
    assert_eq!(store.size().unwrap(), TreeSize::new(49));
}

#[test]
fn rejects_a_malformed_tile_and_index() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create(&dir.path().join("db"), meta()).unwrap();
    for len in [0, 31, 257 * 32] {
        let key = tile(1, 2);
        let stored = Batch {
            tiles: vec![(key, vec![0; len])],
            ..Batch::default()
        };
        store.commit(&stored).unwrap();
        assert!(
            matches!(store.tile(key), Err(StoreError::Malformed { .. })),
            "{len}"
        );
    }
    store
        .db
        .put_cf(family(&store.db, entries::NAME), [255; 9], b"")
        .unwrap();
    assert!(matches!(store.size(), Err(StoreError::Malformed { .. })));
}

#[test]
fn tile_keys_roundtrip_in_order() {
    let ids = [(0, 0), (0, 1), (0, 256), (1, 0), (6, 255)].map(|(level, index)| tile(level, index));
    assert!(ids.map(tiles::key).is_sorted());
    for id in ids {
        assert_eq!(tiles::id(&tiles::key(id)).unwrap(), id);
    }
    for key in [&[0; 8][..], &[0; 10], &[], &[8, 0, 0, 0, 0, 0, 0, 0, 0]] {
        assert!(tiles::id(key).is_err(), "{key:?}");
    }
}
