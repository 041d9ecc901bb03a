//! Every write of the sequencer fails, or fails although it was written. Afterwards nothing acknowledged is missing and
//! the whole log is true.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
        mpsc,
    },
    time::Duration,
};

use support::TestLog;
use trucelog_proto::{
    hash::{LeafIndex, TreeSize},
    record::record_digest,
    tile::TileId,
};
use trucelog_server::{
    anchor::{Anchor, AnchorError, CheckpointAnchor, NewAnchor},
    commands::check::check,
    reader::Reader,
    sequencer::{
        Bounds, Status, SubmitError,
        clock::{Clock, Reading, SystemClock},
        found,
        recover::recover,
        start,
    },
    store::{Batch, CheckpointKind, LogStore, Meta, Store, StoreError},
};

const BOUNDS: Bounds = Bounds {
    queue: 4096,
    batch: 64,
};
const OPEN_LIMIT: Duration = Duration::from_secs(60);

/// What goes wrong with one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// It is not written.
    Fails,
    /// It is written, and reported as failed.
    FailsButPersists,
}

/// Lets a number of writes pass, then makes one go wrong. Store and anchor share it.
#[derive(Clone, Debug)]
struct Plan {
    passes: Arc<AtomicI64>,
    fault: Fault,
}

impl Plan {
    fn new(passes: i64, fault: Fault) -> Self {
        Self {
            passes: Arc::new(AtomicI64::new(passes)),
            fault,
        }
    }

    /// The fault of this write, if it is the one.
    fn strike(&self) -> Option<Fault> {
        (self.passes.fetch_sub(1, Ordering::SeqCst) == 0).then_some(self.fault)
    }

    /// Whether the fault has happened.
    fn has_struck(&self) -> bool {
        self.passes.load(Ordering::SeqCst) < 0
    }
}

/// A store whose writes may go wrong.
struct FaultyStore {
    store: Store,
    plan: Plan,
}

fn write_error() -> StoreError {
    StoreError::Io {
        action: "write",
        path: "injected".into(),
        source: std::io::Error::other("injected"),
    }
}

impl FaultyStore {
    fn write(&self, write: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        match self.plan.strike() {
            None => write(),
            Some(Fault::Fails) => Err(write_error()),
            Some(Fault::FailsButPersists) => write().and(Err(write_error())),
        }
    }
}

impl LogStore for FaultyStore {
    fn entry(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.entry(index)
    }

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.tile(id)
    }

    fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.state(key)
    }

    fn checkpoint(&self, kind: CheckpointKind) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.checkpoint(kind)
    }

    fn size(&self) -> Result<TreeSize, StoreError> {
        self.store.size()
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.write(|| self.store.commit(batch))
    }

    fn put_checkpoint(&self, kind: CheckpointKind, note: &[u8]) -> Result<(), StoreError> {
        self.write(|| self.store.put_checkpoint(kind, note))
    }
}

/// An anchor whose writes may go wrong.
struct FaultyAnchor {
    anchor: Anchor,
    plan: Plan,
}

impl CheckpointAnchor for FaultyAnchor {
    fn note(&self) -> &[u8] {
        self.anchor.note()
    }

    fn replace(&mut self, expected_last: &[u8], new: &[u8]) -> Result<(), AnchorError> {
        let injected = || AnchorError::Io {
            action: "write",
            path: "injected".into(),
            source: std::io::Error::other("injected"),
        };
        match self.plan.strike() {
            None => self.anchor.replace(expected_last, new),
            Some(Fault::Fails) => Err(injected()),
            Some(Fault::FailsButPersists) => {
                self.anchor.replace(expected_last, new).and(Err(injected()))
            }
        }
    }
}

fn found_log(log: &TestLog, dir: &Path) {
    let meta = Meta {
        log: log.identity.log.clone(),
    };
    let store = Arc::new(Store::create(&dir.join("data"), meta).unwrap());
    let anchor = NewAnchor::prepare(&dir.join("anchor")).unwrap();
    let charter = log.admitted_charter();
    found(
        log.identity.clone(),
        store,
        anchor,
        SystemClock::new(),
        charter,
    )
    .unwrap()
    .unwrap();
}

/// Submits records one after another until one is not acknowledged; returns the acknowledged ones.
async fn submit_until_stopped(
    log: &mut TestLog,
    dir: &Path,
    plan: &Plan,
) -> Vec<(LeafIndex, Vec<u8>)> {
    let store = Arc::new(FaultyStore {
        store: Store::open(&dir.join("data"), OPEN_LIMIT).unwrap(),
        plan: plan.clone(),
    });
    let anchor = FaultyAnchor {
        anchor: Anchor::open(&dir.join("anchor")).unwrap(),
        plan: plan.clone(),
    };
    let (sequencer, thread) = start(
        log.identity.clone(),
        Arc::clone(&store),
        anchor,
        SystemClock::new(),
        BOUNDS,
    )
    .unwrap();
    let reader = Reader::new(store, sequencer.head());
    let mut acknowledged = Vec::new();
    for _ in 0..50 {
        let admitted = log.admitted_next();
        let record = admitted.signed_record.record.clone();
        // The last write of a batch comes after its answers, so the next record may find the sequencer stopped.
        let outcome = match sequencer.submit(admitted) {
            Ok(pending) => pending.index().await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(index) => acknowledged.push((index, record)),
            Err(error) => {
                assert_eq!(error, SubmitError::Stopped);
                break;
            }
        }
    }
    assert!(
        plan.has_struck(),
        "a fault test without a fault proves nothing"
    );
    let mut status = sequencer.status();
    status
        .wait_for(|status| *status == Status::Stopped)
        .await
        .unwrap();
    // Nothing more is taken; reading goes on.
    let more = log.admitted_next();
    assert_eq!(sequencer.submit(more).unwrap_err(), SubmitError::Stopped);
    for (index, record) in &acknowledged {
        let digest = record_digest(record);
        assert_eq!(reader.index_of(&digest).unwrap(), *index);
        reader.proven_entry(*index).unwrap();
    }
    drop((sequencer, reader));
    thread.join().unwrap();
    acknowledged
}

/// Starts without faults and checks everything from the charter on.
async fn assert_recovers(log: &TestLog, dir: &Path, acknowledged: &[(LeafIndex, Vec<u8>)]) {
    let store = Arc::new(Store::open(&dir.join("data"), OPEN_LIMIT).unwrap());
    let anchor = Anchor::open(&dir.join("anchor")).unwrap();
    let (sequencer, thread) = start(
        log.identity.clone(),
        Arc::clone(&store),
        anchor,
        SystemClock::new(),
        BOUNDS,
    )
    .unwrap();
    let reader = Reader::new(Arc::clone(&store), sequencer.head());
    for (index, record) in acknowledged {
        assert_eq!(reader.index_of(&record_digest(record)).unwrap(), *index);
    }
    // Everything submitted before, acknowledged or not, can be submitted again.
    for sequence in 1..=acknowledged.len() as u64 + 2 {
        let again = log.admitted(log.enrolment(sequence));
        let index = sequencer.submit(again).unwrap().index().await.unwrap();
        assert_eq!(index.get(), sequence);
    }
    drop((sequencer, reader));
    thread.join().unwrap();
    let anchor = Anchor::open(&dir.join("anchor")).unwrap();
    let identity = &log.identity;
    let recovered = recover(
        store.as_ref(),
        anchor.note(),
        &identity.log,
        &identity.verifier_key(),
    )
    .unwrap();
    let checked = check(&store, identity, recovered.anchored, |_| {}).unwrap();
    assert_eq!(checked.size, checked.anchored.size);
    assert_eq!(checked.size.get(), acknowledged.len() as u64 + 3);
}

#[tokio::test]
async fn every_write_may_fail_or_fail_but_persist() {
    // Three writes for each record: commit and anchor, before it is acknowledged, and the checkpoint.
    for passes in 0..12 {
        for fault in [Fault::Fails, Fault::FailsButPersists] {
            let dir = tempfile::tempdir().unwrap();
            let mut log = TestLog::new(3);
            found_log(&log, dir.path());
            let plan = Plan::new(passes, fault);
            let acknowledged = submit_until_stopped(&mut log, dir.path(), &plan).await;
            assert_eq!(
                i64::try_from(acknowledged.len()).unwrap(),
                (passes + 1) / 3,
                "{passes} {fault:?}"
            );
            assert_recovers(&log, dir.path(), &acknowledged).await;
        }
    }
}

/// An anchor that waits for a word and then fails.
struct GatedAnchor {
    anchor: Anchor,
    gate: mpsc::Receiver<()>,
}

impl CheckpointAnchor for GatedAnchor {
    fn note(&self) -> &[u8] {
        self.anchor.note()
    }

    fn replace(&mut self, _: &[u8], _: &[u8]) -> Result<(), AnchorError> {
        self.gate.recv().unwrap();
        Err(AnchorError::Stopped {
            path: "gated".into(),
        })
    }
}

/// One batch fails, one waits to be signed, and one was being handed over: that is all that is written.
#[tokio::test]
async fn after_a_failure_only_the_batches_under_way_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = TestLog::new(6);
    found_log(&log, dir.path());
    let store = Arc::new(Store::open(&dir.path().join("data"), OPEN_LIMIT).unwrap());
    let (open, gate) = mpsc::channel();
    let anchor = GatedAnchor {
        anchor: Anchor::open(&dir.path().join("anchor")).unwrap(),
        gate,
    };
    let bounds = Bounds { batch: 1, ..BOUNDS };
    let (sequencer, thread) = start(
        log.identity.clone(),
        Arc::clone(&store),
        anchor,
        SystemClock::new(),
        bounds,
    )
    .unwrap();
    let pending: Vec<_> = (0..20)
        .map(|_| sequencer.submit(log.admitted_next()).unwrap())
        .collect();
    open.send(()).unwrap();
    for pending in pending {
        assert_eq!(pending.index().await, Err(SubmitError::Stopped));
    }
    assert_eq!(*sequencer.status().borrow(), Status::Stopped);
    assert_eq!(sequencer.head().borrow().checkpoint.size, TreeSize::new(1));
    drop(sequencer);
    thread.join().unwrap();
    let written = store.size().unwrap().get() - 1;
    assert!((1..=3).contains(&written), "{written} batches");
}

/// A clock that a test moves.
#[derive(Clone)]
struct SetClock(Arc<Mutex<Reading>>);

impl Clock for SetClock {
    fn read(&self) -> Reading {
        *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn a_jump_of_the_clock_stops_the_sequencer() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = TestLog::new(4);
    found_log(&log, dir.path());
    let clock = SetClock(Arc::new(Mutex::new(SystemClock::new().read())));
    let store = Arc::new(Store::open(&dir.path().join("data"), OPEN_LIMIT).unwrap());
    let anchor = Anchor::open(&dir.path().join("anchor")).unwrap();
    let (sequencer, _thread) =
        start(log.identity.clone(), store, anchor, clock.clone(), BOUNDS).unwrap();
    sequencer
        .submit(log.admitted_next())
        .unwrap()
        .index()
        .await
        .unwrap();
    clock.0.lock().unwrap().wall_ms += 61_000;
    let stopped = sequencer.submit(log.admitted_next()).unwrap().index().await;
    assert_eq!(stopped, Err(SubmitError::Stopped));
    assert_eq!(*sequencer.status().borrow(), Status::Stopped);
}

/// A store that gives back other bytes than were written.
struct ForgetfulStore(Store);

impl LogStore for ForgetfulStore {
    fn entry(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, StoreError> {
        let entry = self.0.entry(index)?;
        Ok(entry.map(|mut bytes| {
            if index.get() == 2 {
                bytes[20] ^= 1;
            }
            bytes
        }))
    }

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.tile(id)
    }

    fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.state(key)
    }

    fn checkpoint(&self, kind: CheckpointKind) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.checkpoint(kind)
    }

    fn size(&self) -> Result<TreeSize, StoreError> {
        self.0.size()
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        self.0.commit(batch)
    }

    fn put_checkpoint(&self, kind: CheckpointKind, note: &[u8]) -> Result<(), StoreError> {
        self.0.put_checkpoint(kind, note)
    }
}

#[tokio::test]
async fn bytes_that_come_back_changed_are_never_signed() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = TestLog::new(5);
    found_log(&log, dir.path());
    let store = Arc::new(ForgetfulStore(
        Store::open(&dir.path().join("data"), OPEN_LIMIT).unwrap(),
    ));
    let anchor = Anchor::open(&dir.path().join("anchor")).unwrap();
    let (sequencer, _thread) = start(
        log.identity.clone(),
        store,
        anchor,
        SystemClock::new(),
        BOUNDS,
    )
    .unwrap();
    sequencer
        .submit(log.admitted_next())
        .unwrap()
        .index()
        .await
        .unwrap();
    let refused = sequencer.submit(log.admitted_next()).unwrap().index().await;
    assert_eq!(refused, Err(SubmitError::Stopped));
    assert_eq!(sequencer.head().borrow().checkpoint.size, TreeSize::new(2));
}
