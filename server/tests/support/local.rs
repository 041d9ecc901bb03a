//! A log whose sequencer runs in the test's own process.

use std::{path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use trucelog_proto::hash::TreeSize;
use trucelog_server::{
    anchor::{Anchor, CheckpointAnchor as _, NewAnchor},
    commands::check::{CheckError, check},
    sequencer::{
        Admitted, Bounds, Sequencer, StartError, clock::SystemClock, found, recover::recover, start,
    },
    store::{Meta, Store},
};

use super::TestLog;

pub(crate) const BOUNDS: Bounds = Bounds {
    queue: 4096,
    batch: 1024,
};
pub(crate) const OPEN_LIMIT: Duration = Duration::from_secs(60);

/// A log in a temporary directory.
pub(crate) struct Fixture {
    pub(crate) log: TestLog,
    pub(crate) dir: tempfile::TempDir,
}

/// A running sequencer with its store.
pub(crate) struct Running {
    pub(crate) sequencer: Sequencer,
    pub(crate) thread: JoinHandle<()>,
    pub(crate) store: Arc<Store>,
}

impl Fixture {
    /// Founds a log.
    pub(crate) fn new() -> Self {
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

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub(crate) fn anchor(&self) -> PathBuf {
        self.dir.path().join("anchor")
    }

    pub(crate) fn start(&self) -> Running {
        self.try_start(BOUNDS).unwrap()
    }

    pub(crate) fn try_start(&self, bounds: Bounds) -> Result<Running, StartError> {
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

    pub(crate) fn open_store(&self) -> Arc<Store> {
        Arc::new(Store::open(&self.data(), OPEN_LIMIT).unwrap())
    }

    /// Starts, submits `count` new records at once, waits for all, and stops.
    pub(crate) async fn append(&mut self, count: u64) {
        let running = self.start();
        running.append(&mut self.log, count).await;
        running.stop();
    }

    pub(crate) fn next(&mut self) -> Admitted {
        self.log.admitted_next()
    }

    /// Reads everything and recomputes it.
    pub(crate) fn check(&self) -> Result<TreeSize, CheckError> {
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
    /// Submits `count` new records and waits for all. They are made first, so that all of them wait at once.
    pub(crate) async fn append(&self, log: &mut TestLog, count: u64) {
        let admitted: Vec<_> = (0..count).map(|_| log.admitted_next()).collect();
        let pending: Vec<_> = admitted
            .into_iter()
            .map(|admitted| self.sequencer.submit(admitted).unwrap())
            .collect();
        for pending in pending {
            pending.index().await.unwrap();
        }
    }

    pub(crate) fn stop(self) {
        drop(self.sequencer);
        self.thread.join().unwrap();
    }
}
