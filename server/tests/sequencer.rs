//! The sequencer over a real store and a real anchor: order, duplicates, group commit, start-up.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use support::{TestLog, copy_dir};
use trucelog_proto::{
    entry::Entry,
    hash::{LeafIndex, TreeSize},
    refusal::Reason,
    tile::TileId,
};
use trucelog_server::{
    anchor::{Anchor, CheckpointAnchor as _, NewAnchor},
    commands::check::{CheckError, check},
    reader::Reader,
    sequencer::{
        Admitted, Bounds, Sequencer, StartError, SubmitError,
        clock::SystemClock,
        found,
        recover::{EntryProblem, RecoverError, recover},
        start,
    },
    store::{Batch, LogStore as _, Meta, Store},
};

const BOUNDS: Bounds = Bounds {
    queue: 4096,
    batch: 1024,
};
const OPEN_LIMIT: Duration = Duration::from_secs(60);

/// A log in a temporary directory.
struct Fixture {
    log: TestLog,
    dir: tempfile::TempDir,
}

/// A running sequencer with its store.
struct Running {
    sequencer: Sequencer,
    thread: JoinHandle<()>,
    store: Arc<Store>,
}

impl Fixture {
    /// Founds a log.
    fn new() -> Self {
        let fixture = Self {
            log: TestLog::new(1),
            dir: tempfile::tempdir().unwrap(),
        };
        let identity = fixture.log.identity.clone();
        let meta = Meta {
            log: identity.log.clone(),
        };
        let store = Arc::new(Store::create(&fixture.data(), meta).unwrap());
        let anchor = NewAnchor::prepare(&fixture.anchor()).unwrap();
        let charter = fixture.log.admitted_charter();
        found(identity, store, anchor, SystemClock::new(), charter)
            .unwrap()
            .unwrap();
        fixture
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn anchor(&self) -> PathBuf {
        self.dir.path().join("anchor")
    }

    fn start(&self) -> Running {
        self.try_start(BOUNDS).unwrap()
    }

    fn try_start(&self, bounds: Bounds) -> Result<Running, StartError> {
        let store = self.open_store();
        let anchor = Anchor::open(&self.anchor()).unwrap();
        let identity = self.log.identity.clone();
        let (sequencer, thread) = start(
            identity,
            Arc::clone(&store),
            anchor,
            SystemClock::new(),
            bounds,
        )?;
        Ok(Running {
            sequencer,
            thread,
            store,
        })
    }

    fn open_store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.data(), OPEN_LIMIT).unwrap())
    }

    /// Starts, submits `count` new records at once, waits for all, and stops.
    async fn append(&mut self, count: u64) {
        let running = self.start();
        running.append(&mut self.log, count).await;
        running.stop();
    }

    fn next(&mut self) -> Admitted {
        self.log.admitted_next()
    }

    /// Reads everything and recomputes it.
    fn check(&self) -> Result<TreeSize, CheckError> {
        let store = self.open_store();
        let anchor = Anchor::open(&self.anchor()).unwrap();
        let identity = &self.log.identity;
        let recovered = recover(
            store.as_ref(),
            anchor.note(),
            &identity.log,
            &identity.verifier_key(),
        )
        .unwrap();
        check(&store, identity, recovered.anchored, |_| {}).map(|checked| checked.size)
    }
}

impl Running {
    async fn append(&self, log: &mut TestLog, count: u64) {
        let pending: Vec<_> = (0..count)
            .map(|_| {
                let admitted = log.admitted_next();
                self.sequencer.submit(admitted).unwrap()
            })
            .collect();
        for pending in pending {
            pending.index().await.unwrap();
        }
    }

    fn stop(self) {
        drop(self.sequencer);
        self.thread.join().unwrap();
    }
}

#[tokio::test]
async fn answers_in_order_and_publishes_what_it_answered() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let reader = Reader::new(Arc::clone(&running.store), running.sequencer.head());
    for expected in 1..=20 {
        let admitted = fixture.next();
        let index = running
            .sequencer
            .submit(admitted)
            .unwrap()
            .index()
            .await
            .unwrap();
        assert_eq!(index, LeafIndex::new(expected));
        assert!(
            reader.size().get() > expected,
            "answered before it was published"
        );
        let entry = Entry::decode(&reader.entry(index).unwrap()).unwrap();
        assert_eq!(entry.index, index);
    }
    drop(reader);
    running.stop();
    assert_eq!(fixture.check().unwrap(), TreeSize::new(21));
}

#[tokio::test]
async fn a_known_record_gets_its_first_index_in_the_same_batch_and_later() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let first = fixture.next();
    let pending: Vec<_> = (0..1000)
        .map(|_| running.sequencer.submit(first.clone()).unwrap())
        .collect();
    for pending in pending {
        assert_eq!(pending.index().await.unwrap(), LeafIndex::new(1));
    }
    running.append(&mut fixture.log, 3).await;
    let again = running
        .sequencer
        .submit(first)
        .unwrap()
        .index()
        .await
        .unwrap();
    assert_eq!(again, LeafIndex::new(1));
    running.stop();
    assert_eq!(fixture.check().unwrap(), TreeSize::new(5));
}

#[tokio::test]
async fn a_refused_record_takes_no_index_and_names_the_expected_sequence() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let ahead = fixture.log.admitted(fixture.log.enrolment(2));
    let error = running
        .sequencer
        .submit(ahead.clone())
        .unwrap()
        .index()
        .await
        .unwrap_err();
    let SubmitError::Refused(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!(refusal.reason, Reason::SequenceGap);
    assert_eq!(refusal.field, "sequence");
    assert!(
        refusal.facts.iter().any(|(_, value)| value == "1"),
        "{refusal}"
    );
    running.append(&mut fixture.log, 1).await;
    let index = running
        .sequencer
        .submit(ahead)
        .unwrap()
        .index()
        .await
        .unwrap();
    assert_eq!(index, LeafIndex::new(2));
    running.stop();
    fixture.check().unwrap();
}

#[tokio::test]
async fn a_thousand_concurrent_records_cost_fewer_than_a_hundred_syncs() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let before = running.store.wal_syncs();
    running.append(&mut fixture.log, 1000).await;
    let syncs = running.store.wal_syncs() - before;
    assert!((1..100).contains(&syncs), "{syncs} syncs");
    running.stop();
    fixture.check().unwrap();
}

#[tokio::test]
async fn a_full_queue_is_busy() {
    let fixture = Fixture::new();
    let running = fixture.try_start(Bounds { queue: 1, batch: 1 }).unwrap();
    let record = fixture.log.admitted(fixture.log.enrolment(1));
    let mut busy = 0;
    let mut pending = Vec::new();
    for _ in 0..1000 {
        match running.sequencer.submit(record.clone()) {
            Ok(accepted) => pending.push(accepted),
            Err(error) => {
                assert_eq!(error, SubmitError::Busy);
                busy += 1;
            }
        }
    }
    assert!(busy > 0);
    for pending in pending {
        pending.index().await.unwrap();
    }
}

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
