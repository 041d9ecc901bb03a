//! A mirror: it copies only what it verified, goes on where it stopped, and keeps evidence of a forked log.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    cell::{Cell, RefCell},
    fs,
    path::Path,
    rc::Rc,
    sync::Arc,
};

use support::{
    client::{Client, Fixture as Founded},
    local::{Fixture, OPEN_LIMIT, Running},
    process::{Server, run_mirror},
};
use tonic::Code;
use trucelog_client::{
    Error as ClientError, entry_source::EntrySource, evidence::Evidence, not_enough::NotEnough,
    trust::Trust,
};
use trucelog_proto::{
    hash::{LeafIndex, NodeHash, TreeSize},
    pb::get_entry_request::Name,
    policy::Policy,
};
use trucelog_server::{
    mirror::{Mirror, MirrorError, Upstream},
    reader::Reader,
    store::{CheckpointKind, LogStore, Meta, Store},
};

/// A log in this process as an upstream, with faults.
struct Local<'a> {
    reader: Reader<Store>,
    /// Entries after which the connection breaks.
    breaks_after: u64,
    /// What is done to the entries on their way.
    change: &'a dyn Fn(u64, Vec<u8>) -> Vec<u8>,
    /// The ranges that were asked for.
    asked: RefCell<Vec<(u64, u64)>>,
    false_proofs: bool,
}

impl Local<'_> {
    fn of(running: &Running) -> Local<'static> {
        Local {
            reader: Reader::new(Arc::clone(&running.store), running.sequencer.head()),
            breaks_after: u64::MAX,
            change: &|_, bytes| bytes,
            asked: RefCell::default(),
            false_proofs: false,
        }
    }

    fn note(&self) -> Vec<u8> {
        self.reader.head().note.clone()
    }
}

struct Entries(Vec<Result<Vec<u8>, ()>>);

impl EntrySource for Entries {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, ClientError> {
        // Uneven runs, as a network gives them.
        let rest = self.0.split_off(self.0.len().min(700));
        let run = std::mem::replace(&mut self.0, rest);
        let run: Result<Vec<_>, ()> = run.into_iter().collect();
        run.map_err(|()| ClientError::Answer("the connection broke"))
    }
}

impl Upstream for Local<'_> {
    type Entries = Entries;

    fn entries(&self, start: LeafIndex, end: TreeSize) -> Entries {
        self.asked.borrow_mut().push((start.get(), end.get()));
        let entries = (start.get()..end.get()).map(|index| {
            if index >= self.breaks_after {
                return Err(());
            }
            let bytes = self.reader.entry(LeafIndex::new(index)).unwrap();
            Ok((self.change)(index, bytes))
        });
        Entries(entries.collect())
    }

    fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Vec<NodeHash>, ClientError> {
        let mut hashes = self.reader.prove_consistency(old, new).unwrap();
        if self.false_proofs {
            hashes[0] = NodeHash::from_bytes([0; 32]);
        }
        Ok(hashes)
    }
}

/// A log whose entries are all far too large, as many as are asked for. It counts what it has sent.
struct Flood {
    note: Vec<u8>,
    sent: Rc<Cell<usize>>,
}

struct LargeEntries(Rc<Cell<usize>>);

impl EntrySource for LargeEntries {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, ClientError> {
        self.0.update(|sent| sent + 1);
        Ok(vec![vec![7; 3_000_000]])
    }
}

impl Upstream for Flood {
    type Entries = LargeEntries;

    fn entries(&self, _: LeafIndex, _: TreeSize) -> LargeEntries {
        LargeEntries(Rc::clone(&self.sent))
    }

    fn consistency_proof(&self, _: TreeSize, _: TreeSize) -> Result<Vec<NodeHash>, ClientError> {
        Err(ClientError::Answer("not used"))
    }
}

fn policy_text(log: &support::TestLog) -> String {
    let identity = &log.identity;
    let (charter, key) = (identity.log.charter, identity.verifier_key());
    format!("# trucelog-charter {charter}\nlog {key}\nquorum none\n")
}

fn trust(log: &support::TestLog) -> Trust {
    Trust::new(Policy::parse(policy_text(log).as_bytes()).unwrap())
}

/// Opens the mirror of `log` in `dir`, or begins it.
fn open(dir: &Path, log: &support::TestLog) -> Mirror<Store> {
    let data = dir.join("data");
    let store = if data.exists() {
        Store::open(&data, OPEN_LIMIT).unwrap()
    } else {
        let meta = Meta {
            log: log.identity.log.clone(),
        };
        Store::create(&data, meta).unwrap()
    };
    Mirror::open(Arc::new(store), trust(log), dir.to_owned()).unwrap()
}

fn accepted(mirror: &Mirror<Store>) -> Option<u64> {
    let accepted = mirror.accepted();
    let head = accepted.borrow();
    head.as_ref().map(|head| head.checkpoint.size.get())
}

/// What was stored in `dir`, and the head that covers it.
fn stored(dir: &Path) -> (u64, Option<Vec<u8>>) {
    let store = Store::open(&dir.join("data"), OPEN_LIMIT).unwrap();
    let upstream = store.checkpoint(CheckpointKind::Upstream).unwrap();
    (store.size().unwrap().get(), upstream)
}

#[tokio::test]
async fn an_interrupted_copy_goes_on_where_it_stopped() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    running.append(&mut fixture.log, 2999).await;
    let dir = tempfile::tempdir().unwrap();

    let mut upstream = Local::of(&running);
    upstream.breaks_after = 1500;
    let mut mirror = open(dir.path(), &fixture.log);
    let broken = mirror.take(&upstream.note(), &upstream);
    assert!(matches!(broken, Err(MirrorError::Client(_))), "{broken:?}");
    assert_eq!(accepted(&mirror), None);
    drop(mirror);
    assert_eq!(stored(dir.path()), (1024, Some(upstream.note())));

    upstream.breaks_after = u64::MAX;
    let mut mirror = open(dir.path(), &fixture.log);
    assert!(mirror.take(&upstream.note(), &upstream).unwrap());
    assert_eq!(accepted(&mirror), Some(3000));
    assert_eq!(upstream.asked.take(), [(0, 3000), (1024, 3000)]);

    // The same head again, and an older one, change nothing.
    let old = upstream.note();
    assert!(!mirror.take(&old, &upstream).unwrap());
    running.append(&mut fixture.log, 1).await;
    assert!(mirror.take(&upstream.note(), &upstream).unwrap());
    assert!(!mirror.take(&old, &upstream).unwrap());
    drop(mirror);
    let mirror = open(dir.path(), &fixture.log);
    assert_eq!(accepted(&mirror), Some(3001));
    drop(upstream);
    running.stop();
}

#[tokio::test]
async fn nothing_false_is_stored() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    running.append(&mut fixture.log, 2000).await;

    let flip = |at: u64| {
        move |index, mut bytes: Vec<u8>| {
            if index == at {
                *bytes.last_mut().unwrap() ^= 1;
            }
            bytes
        }
    };
    for (at, stored_before) in [(0, 0), (1023, 0), (1024, 1024), (2000, 1024)] {
        let dir = tempfile::tempdir().unwrap();
        let change = flip(at);
        let mut upstream = Local::of(&running);
        upstream.change = &change;
        let mut mirror = open(dir.path(), &fixture.log);
        let found = mirror.take(&upstream.note(), &upstream).unwrap_err();
        let MirrorError::Client(ClientError::False(found)) = found else {
            panic!("{found}");
        };
        assert_eq!(found.what.index(), Some(LeafIndex::new(at)));
        let evidence = Evidence::read(&found.evidence).unwrap();
        assert_eq!(evidence.note("served"), Some(upstream.note().as_slice()));
        let shown = evidence.entry(LeafIndex::new(at)).unwrap();
        let sent = change(at, upstream.reader.entry(LeafIndex::new(at)).unwrap());
        assert_eq!(shown, sent);
        assert_eq!(accepted(&mirror), None);
        drop(mirror);
        assert_eq!(stored(dir.path()).0, stored_before, "entry {at}");
    }

    // Good entries without a proof that the signed head covers them.
    let dir = tempfile::tempdir().unwrap();
    let mut upstream = Local::of(&running);
    upstream.false_proofs = true;
    let mut mirror = open(dir.path(), &fixture.log);
    let refused = mirror.take(&upstream.note(), &upstream).unwrap_err();
    let MirrorError::Client(ClientError::NotEnough(NotEnough::Consistency(_))) = refused else {
        panic!("{refused}");
    };
    drop(mirror);
    assert_eq!(stored(dir.path()), (0, None));
    drop(upstream);
    running.stop();
}

/// Entries are verified before many of them are in memory, however large they are.
#[tokio::test]
async fn entries_that_are_far_too_large_do_not_pile_up() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    running.append(&mut fixture.log, 1500).await;
    let dir = tempfile::tempdir().unwrap();
    let upstream = Flood {
        note: Local::of(&running).note(),
        sent: Rc::default(),
    };
    let mut mirror = open(dir.path(), &fixture.log);
    let found = mirror.take(&upstream.note, &upstream).unwrap_err();
    let MirrorError::Client(ClientError::False(found)) = found else {
        panic!("{found}");
    };
    assert_eq!(found.what.kind(), "bytes");
    assert_eq!(upstream.sent.get(), 2);
    running.stop();
}

#[tokio::test]
async fn a_fork_is_evidence_whatever_was_copied_before() {
    let mut fixture = Fixture::new();
    fixture.append(1500).await;
    let dir = tempfile::tempdir().unwrap();
    support::copy_dir(fixture.dir.path(), dir.path());
    let mut fork = Fixture {
        log: support::TestLog::new(1),
        dir,
    };
    for _ in 0..1500 {
        fork.next();
    }
    let (running, forked) = (fixture.start(), fork.start());
    running.append(&mut fixture.log, 1000).await;
    // The authority's sequence goes on in both, but the times differ, and so do the entries.
    forked.append(&mut fork.log, 2000).await;

    for breaks_after in [u64::MAX, 2200] {
        let dir = tempfile::tempdir().unwrap();
        let mut honest = Local::of(&running);
        honest.breaks_after = breaks_after;
        let lying = Local::of(&forked);
        let mut mirror = open(dir.path(), &fixture.log);
        assert_eq!(
            mirror.take(&honest.note(), &honest).is_ok(),
            breaks_after == u64::MAX
        );
        let (served, note) = (accepted(&mirror), honest.note());
        let found = mirror.take(&lying.note(), &lying).unwrap_err();
        let MirrorError::Client(ClientError::False(found)) = found else {
            panic!("{found}");
        };
        let evidence = Evidence::read(&found.evidence).unwrap();
        assert_eq!(evidence.note("accepted"), Some(note.as_slice()));
        assert_eq!(evidence.note("served"), Some(lying.note().as_slice()));
        assert_eq!(accepted(&mirror), served);
        drop(mirror);
        assert_eq!(stored(dir.path()).1, Some(note));
    }

    // The other way round: the fork is the shorter one.
    let dir = tempfile::tempdir().unwrap();
    let (honest, lying) = (Local::of(&forked), Local::of(&running));
    let mut mirror = open(dir.path(), &fixture.log);
    assert!(mirror.take(&honest.note(), &honest).unwrap());
    let found = mirror.take(&lying.note(), &lying).unwrap_err();
    assert!(
        matches!(found, MirrorError::Client(ClientError::False(_))),
        "{found}"
    );
    drop((honest, lying));
    running.stop();
    forked.stop();
}

/// Writes the configuration of a mirror of `server` below `dir`.
fn write_config(dir: &Path, log: &support::TestLog, server: &Server) {
    fs::write(dir.join("policy"), policy_text(log)).unwrap();
    let text = format!(
        "data_dir = \"data\"\nevidence_dir = \".\"\npolicy = \"policy\"\nupstream = \"http://{}\"\nlisten = \"127.0.0.1:0\"\npoll_s = 1\n",
        server.addr
    );
    fs::write(dir.join("mirror.toml"), text).unwrap();
}

/// Waits until the mirror serves the log's newest head.
async fn caught_up(mirror: &mut Client, log: &mut Client) {
    let newest = log.checkpoint().await;
    while mirror.checkpoint().await != newest {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_program_serves_what_the_log_serves_and_outlives_it() {
    let mut founded = Founded::new();
    founded.append(300).await;
    let server = Server::start(founded.path());
    let dir = tempfile::tempdir().unwrap();
    write_config(dir.path(), &founded.log, &server);
    let running = run_mirror(dir.path());
    let (mut log, mut mirror) = (
        Client::connect(&server).await,
        Client::connect(&running).await,
    );
    for _ in 0..5 {
        log.submit(founded.log.enrolment_next()).await.unwrap();
    }
    caught_up(&mut mirror, &mut log).await;
    for index in [0, 1, 255, 256, 305] {
        let name = || Name::Index(index);
        assert_eq!(
            mirror.entry(name()).await.unwrap(),
            log.entry(name()).await.unwrap()
        );
    }
    let refused = mirror
        .submit(founded.log.enrolment_next())
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);

    // The log is gone; the mirror was killed, too, and starts again.
    let note = log.checkpoint().await;
    server.kill();
    running.kill();
    let running = run_mirror(dir.path());
    let mut mirror = Client::connect(&running).await;
    assert_eq!(mirror.checkpoint().await, note);
    assert_eq!(mirror.entry(Name::Index(305)).await.unwrap().index, 305);
    assert_eq!(running.terminate(), Some(0));
}

#[tokio::test]
async fn the_program_serves_on_after_a_fork_and_ends_with_1() {
    let mut founded = Founded::new();
    founded.append(20).await;
    let server = Server::start(founded.path());
    let dir = tempfile::tempdir().unwrap();
    write_config(dir.path(), &founded.log, &server);
    run_mirror(dir.path()).terminate();
    server.kill();

    // The operator founds the same log again, with another history.
    for part in ["data", "anchor"] {
        fs::remove_dir_all(founded.path().join(part)).unwrap();
    }
    let mut forked = Founded::again(founded);
    forked.append(30).await;
    let server = Server::start(forked.path());
    write_config(dir.path(), &forked.log, &server);
    let running = run_mirror(dir.path());
    let mut mirror = Client::connect(&running).await;
    while !dir.path().join("evidence").exists() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let newest = forked.open(&mirror.checkpoint().await);
    assert_eq!(newest.size, TreeSize::new(21));
    assert_eq!(mirror.entry(Name::Index(20)).await.unwrap().index, 20);
    assert_eq!(running.terminate(), Some(1));
    let files: Vec<_> = fs::read_dir(dir.path().join("evidence")).unwrap().collect();
    assert_eq!(files.len(), 1);
}
