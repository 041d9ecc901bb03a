//! Start-up and `check` over a real store and a real anchor: what is continued, and what is refused.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
};

use support::{
    TestLog, copy_dir,
    local::{BOUNDS, Fixture},
};
use trucelog_proto::{
    entry::Entry,
    hash::{LeafIndex, TreeSize},
    tile::TileId,
};
use trucelog_server::{
    anchor::{Anchor, CheckpointAnchor as _},
    commands::check::CheckError,
    sequencer::{
        StartError,
        recover::{EntryProblem, RecoverError, recover},
    },
    store::{Batch, LogStore as _},
};

#[tokio::test]
async fn opening_reads_the_same_number_of_keys_at_every_size() {
    let mut fixture = Fixture::new();
    let mut reads = Vec::new();
    for size in [1_000, 100_000] {
        let running = fixture.start();
        let have = running.store.size().unwrap().get();
        for chunk in chunks(size - have, 4000) {
            running.append(&mut fixture.log, chunk).await;
        }
        running.stop();
        let running = fixture.start();
        assert_eq!(running.store.size().unwrap(), TreeSize::new(size + 1));
        reads.push(running.store.keys_read());
        running.stop();
    }
    assert_eq!(reads[0], reads[1]);
}

fn chunks(total: u64, most: u64) -> impl Iterator<Item = u64> {
    let full = std::iter::repeat_n(most, usize::try_from(total / most).unwrap());
    full.chain(Some(total % most + 1))
}

#[tokio::test]
async fn entries_above_the_anchor_are_checked_and_signed_at_start() {
    let mut fixture = Fixture::new();
    fixture.append(3).await;
    copy_dir(&fixture.anchor(), &fixture.dir.path().join("old-anchor"));
    let note = checkpoint_note(&fixture);
    fixture.append(300).await;
    roll_back_anchor(&fixture, &note);
    let running = fixture.start();
    assert_eq!(
        running.sequencer.head().borrow().checkpoint.size,
        TreeSize::new(304)
    );
    running.append(&mut fixture.log, 1).await;
    running.stop();
    assert_eq!(fixture.check().unwrap(), TreeSize::new(305));
}

#[tokio::test]
async fn a_changed_entry_above_the_anchor_is_refused() {
    let mut fixture = Fixture::new();
    fixture.append(3).await;
    copy_dir(&fixture.anchor(), &fixture.dir.path().join("old-anchor"));
    let note = checkpoint_note(&fixture);
    fixture.append(2).await;
    roll_back_anchor(&fixture, &note);
    let good = fixture
        .open_store()
        .entry(LeafIndex::new(4))
        .unwrap()
        .unwrap();
    let mut entry = Entry::decode(&good).unwrap();
    entry.signed_record.signature[0] ^= 1;
    put_entry(&fixture, 4, entry.encode());
    assert!(matches!(
        fixture.try_start(BOUNDS).map(|_| ()),
        Err(StartError::Recover(RecoverError::Entry {
            problem: EntryProblem::Refused(_),
            ..
        }))
    ));
    entry.signed_record.signature[0] ^= 1;
    entry.accepted_time += 1;
    put_entry(&fixture, 4, entry.encode());
    let refused = fixture.try_start(BOUNDS).map(|_| ());
    assert!(
        matches!(
            refused,
            Err(StartError::Recover(RecoverError::Entry {
                problem: EntryProblem::Previous,
                ..
            }))
        ),
        "{refused:?}"
    );
    put_entry(&fixture, 4, good);
    fixture.try_start(BOUNDS).unwrap().stop();
}

#[tokio::test]
async fn an_older_copy_of_the_store_is_refused() {
    let mut fixture = Fixture::new();
    fixture.append(3).await;
    let copy = fixture.dir.path().join("copy");
    copy_dir(&fixture.data(), &copy);
    fixture.append(3).await;
    fs::remove_dir_all(fixture.data()).unwrap();
    copy_dir(&copy, &fixture.data());
    match fixture.try_start(BOUNDS).map(|_| ()) {
        Err(StartError::Recover(RecoverError::EntriesLost { stored, anchored })) => {
            assert_eq!((stored.get(), anchored.get()), (4, 7));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn another_history_of_the_same_size_is_refused() {
    let mut fixture = Fixture::new();
    fixture.append(3).await;
    let store = fixture.open_store();
    let id = TileId::new(0, 0).unwrap();
    let mut tile = store.tile(id).unwrap().unwrap();
    tile[0] ^= 1;
    let batch = Batch {
        tiles: vec![(id, tile)],
        ..Batch::default()
    };
    store.commit(&batch).unwrap();
    drop(store);
    assert!(matches!(
        fixture.try_start(BOUNDS).map(|_| ()),
        Err(StartError::Recover(RecoverError::RootDiffers { .. }))
    ));
}

#[tokio::test]
async fn an_older_anchor_is_refused() {
    let mut fixture = Fixture::new();
    fixture.append(3).await;
    copy_dir(&fixture.anchor(), &fixture.dir.path().join("old-anchor"));
    fixture.append(3).await;
    fs::remove_dir_all(fixture.anchor()).unwrap();
    copy_dir(&fixture.dir.path().join("old-anchor"), &fixture.anchor());
    assert!(matches!(
        fixture.try_start(BOUNDS).map(|_| ()),
        Err(StartError::Recover(RecoverError::AnchorBehind { .. }))
    ));
}

#[tokio::test]
async fn the_anchor_of_another_log_is_refused() {
    let fixture = Fixture::new();
    let other = TestLog::new(2);
    let store = fixture.open_store();
    let anchor = Anchor::open(&fixture.anchor()).unwrap();
    let refused = recover(
        store.as_ref(),
        anchor.note(),
        &other.identity.log,
        &other.identity.verifier_key(),
    );
    assert!(matches!(
        refused.map(|_| ()),
        Err(RecoverError::Checkpoint {
            holder: "anchor",
            ..
        })
    ));
}

#[tokio::test]
async fn check_finds_a_changed_entry_tile_and_state() {
    let mut fixture = Fixture::new();
    fixture.append(600).await;
    fixture.check().unwrap();
    let store = fixture.open_store();
    let entry = store.entry(LeafIndex::new(5)).unwrap().unwrap();
    let id = TileId::new(0, 1).unwrap();
    let tile = store.tile(id).unwrap().unwrap();
    let (key, value) = store.state_items().next().unwrap().unwrap();
    drop(store);

    let mut changed = Entry::decode(&entry).unwrap();
    changed.accepted_time += 1;
    put_entry(&fixture, 5, changed.encode());
    assert!(
        matches!(fixture.check(), Err(CheckError::False(finding)) if finding.kind() == "previous")
    );
    put_entry(&fixture, 5, entry);

    let mut changed = tile.clone();
    changed[40] ^= 1;
    put(
        &fixture,
        &Batch {
            tiles: vec![(id, changed)],
            ..Batch::default()
        },
    );
    assert!(matches!(fixture.check(), Err(CheckError::Tile { .. })));
    put(
        &fixture,
        &Batch {
            tiles: vec![(id, tile)],
            ..Batch::default()
        },
    );

    let stray = TileId::new(1, 1).unwrap();
    let state = vec![(key.to_vec(), [&value[..], b"x"].concat())];
    put(
        &fixture,
        &Batch {
            state,
            ..Batch::default()
        },
    );
    assert!(matches!(fixture.check(), Err(CheckError::State { .. })));
    put(
        &fixture,
        &Batch {
            state: vec![(key.to_vec(), value.to_vec())],
            ..Batch::default()
        },
    );
    fixture.check().unwrap();

    put(
        &fixture,
        &Batch {
            tiles: vec![(stray, vec![0; 32])],
            ..Batch::default()
        },
    );
    assert!(matches!(fixture.check(), Err(CheckError::Tile { id }) if id == stray));
}

fn put(fixture: &Fixture, batch: &Batch) {
    fixture.open_store().commit(batch).unwrap();
}

fn put_entry(fixture: &Fixture, index: u64, bytes: Vec<u8>) {
    let entries = vec![(LeafIndex::new(index), bytes)];
    put(
        fixture,
        &Batch {
            entries,
            ..Batch::default()
        },
    );
}

/// The stored checkpoint.
fn checkpoint_note(fixture: &Fixture) -> Vec<u8> {
    let anchor = Anchor::open(&fixture.anchor()).unwrap();
    anchor.note().to_vec()
}

/// Makes anchor and stored checkpoint as old as `note`, as after a crash between the commit and the anchor.
fn roll_back_anchor(fixture: &Fixture, note: &[u8]) {
    fs::remove_dir_all(fixture.anchor()).unwrap();
    copy_dir(&old_anchor(fixture.dir.path()), &fixture.anchor());
    let kind = trucelog_server::store::CheckpointKind::Signed;
    fixture.open_store().put_checkpoint(kind, note).unwrap();
}

fn old_anchor(dir: &Path) -> PathBuf {
    dir.join("old-anchor")
}
