//! Those who judge a history: a server on its database, a member's verifier on its disk, and a fold of the entries.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::runtime::Runtime;
use trucelog_client::{
    Error as ClientError, entry_source::EntrySource, store::Store as VerifierStore, trust::Trust,
    verifier::LogVerifier,
};
use trucelog_proto::{
    entry::Entry,
    fold::{Fold, Views},
    hash::{LeafIndex, TreeSize},
    pb,
    policy::Policy,
    record::{self, KnownKeys},
    refusal::Refusal,
    state::{MemoryState, State as _, StateError},
    verify::{Finding, StopError, Verifier, check},
};
use trucelog_server::{
    anchor::{Anchor, CheckpointAnchor as _, NewAnchor},
    commands::check,
    reader::Reader,
    sequencer::{
        Admitted, Bounds, Identity, Sequencer, SubmitError, admit,
        clock::{Clock, Reading},
        found, recover, start,
    },
    store::{LogStore as _, Meta, Store},
    view::{AsOf, Index, indexer},
};

use crate::Sent;
use crate::occurred::Occurred;
use crate::protocol::{START, key, rng::Rng, story::Story};

const BOUNDS: Bounds = Bounds {
    queue: 4096,
    batch: 16,
};
/// Views of one kind that are compared at one size.
const SAMPLE: usize = 12;

/// A clock that the test sets.
#[derive(Clone)]
struct SetClock(Arc<AtomicU64>);

impl Clock for SetClock {
    fn read(&self) -> Reading {
        let wall_ms = self.0.load(Ordering::SeqCst);
        Reading {
            wall_ms,
            monotonic: Duration::from_millis(wall_ms - START),
        }
    }
}

/// All entries below a size, from the server's database.
struct FromStore {
    store: Arc<Store>,
    indexes: std::ops::Range<u64>,
}

impl EntrySource for FromStore {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, ClientError> {
        let some = self.indexes.by_ref().take(300);
        Ok(some.map(|index| stored(&self.store, index)).collect())
    }
}

fn stored(store: &Store, index: u64) -> Vec<u8> {
    store.entry(LeafIndex::new(index)).unwrap().unwrap()
}

pub(crate) fn signed_record(entry: &[u8]) -> pb::SignedRecord {
    Entry::decode(entry).unwrap().signed_record
}

/// What the server makes of the entries that it has listed for a subject.
fn loaded<T>(as_of: &AsOf, load: impl FnOnce() -> Result<T, StateError>) -> T {
    as_of.item("", || Ok(load()?)).unwrap().0
}

pub(crate) struct Everyone {
    dir: tempfile::TempDir,
    runtime: Runtime,
    identity: Identity,
    clock: SetClock,
    sequencer: Sequencer,
    thread: JoinHandle<()>,
    store: Arc<Store>,
    index: Index,
    /// A verifier that judges each record as it comes.
    verifier: Verifier<MemoryState>,
    /// What a member pins.
    trust: Trust,
}

impl Everyone {
    /// Founds the story's log, and brings everyone to where the story is.
    pub(crate) fn found(first: &Story) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let identity = Identity {
            log: first.log.id.clone(),
            keys: key("log").into(),
        };
        let meta = Meta {
            log: identity.log.clone(),
        };
        let (data, anchor) = (dir.path().join("data"), dir.path().join("anchor"));
        let clock = SetClock(Arc::new(AtomicU64::new(START)));
        let store = Arc::new(Store::create(&data, meta).unwrap());
        let new_anchor = NewAnchor::prepare(&anchor).unwrap();
        let charter = signed_record(&first.log.entries[0]);
        let charter = Admitted {
            record: record::verify(&charter, &identity.log).unwrap(),
            signed_record: charter,
        };
        let (keys, founding) = (identity.clone(), Arc::clone(&store));
        found(keys, founding, new_anchor, clock.clone(), charter)
            .unwrap()
            .unwrap();
        let (sequencer, thread) = start(
            identity.clone(),
            Arc::clone(&store),
            Anchor::open(&anchor).unwrap(),
            clock.clone(),
            BOUNDS,
        )
        .unwrap();
        let reader = Reader::new(Arc::clone(&store), sequencer.head());
        let policy = format!(
            "# trucelog-charter {}\nlog {}\nquorum none\n",
            identity.log.charter,
            identity.verifier_key()
        );
        let mut everyone = Self {
            index: Index::new(Arc::clone(&store), reader),
            verifier: Verifier::new(identity.log.clone()),
            trust: Trust::new(Policy::parse(policy.as_bytes()).unwrap()),
            dir,
            runtime: Runtime::new().unwrap(),
            identity,
            clock,
            sequencer,
            thread,
            store,
        };
        everyone.judge(0, &first.log.entries[0]).unwrap();
        let entries = first.log.entries.iter().enumerate().skip(1);
        let sent: Vec<Sent> = entries
            .map(|(index, entry)| Sent::Lawful(signed_record(entry), index))
            .collect();
        everyone.take(first, &sent, &mut Occurred::default());
        everyone
    }

    /// Submits records at the story's time, all at once, and has the verifier judge the entries that would hold them.
    pub(crate) fn take(&mut self, story: &Story, sent: &[Sent], occurred: &mut Occurred) {
        self.clock.0.store(story.log.now, Ordering::SeqCst);
        let answers = self.submit(sent);
        for (sent, answer) in sent.iter().zip(answers) {
            match sent {
                Sent::Lawful(_, index) => {
                    let entry = &story.log.entries[*index];
                    let at = LeafIndex::new(*index as u64);
                    assert_eq!(answer, Ok(at), "the server refuses what is lawful");
                    assert_eq!(stored(&self.store, at.get()), *entry);
                    self.judge(at.get(), entry).unwrap();
                }
                Sent::Unlawful(signed_record) => {
                    let refusal = answer.expect_err("the server accepts what is unlawful");
                    let finding = self.finds(story, signed_record);
                    occurred.note_refusal(refusal.reason);
                    assert_eq!(finding.reason, refusal.reason, "{finding} / {refusal}");
                    assert!(finding.field.ends_with(&refusal.field));
                    assert_eq!(finding.facts, refusal.facts);
                }
            }
        }
    }

    /// Everything waits before anything is answered.
    fn submit(&self, sent: &[Sent]) -> Vec<Result<LeafIndex, Refusal>> {
        let log = &self.identity.log;
        let pending: Vec<_> = sent
            .iter()
            .map(|sent| {
                let (Sent::Lawful(signed_record, _) | Sent::Unlawful(signed_record)) = sent;
                let submission = pb::Submission {
                    origin: log.origin.to_string(),
                    charter_digest: log.charter.as_bytes().to_vec(),
                    signed_record: Some(signed_record.clone()),
                };
                admit(submission, log, &KnownKeys::default())
                    .map(|admitted| self.sequencer.submit(admitted).unwrap())
            })
            .collect();
        let answers = pending.into_iter().map(|pending| {
            self.runtime
                .block_on(pending?.index())
                .map_err(|error| match error {
                    SubmitError::Refused(refusal) => refusal,
                    other => panic!("{other}"),
                })
        });
        answers.collect()
    }

    fn judge(&mut self, index: u64, entry: &[u8]) -> Result<(), StopError> {
        let checked = check(
            &self.identity.log,
            &KnownKeys::default(),
            LeafIndex::new(index),
            entry,
        );
        self.verifier.append(checked).map(drop)
    }

    /// What the verifier finds false about the next entry if it holds this record.
    fn finds(&mut self, story: &Story, signed_record: &pb::SignedRecord) -> Refusal {
        let index = self.verifier.size().get();
        let previous = stored(&self.store, index - 1);
        let entry = Entry {
            index: LeafIndex::new(index),
            previous: trucelog_proto::tree::leaf_hash(&previous),
            accepted_time: story.log.now,
            signed_record: signed_record.clone(),
        };
        match self.judge(index, &entry.encode()) {
            Err(StopError::False(
                Finding::Rule { refusal, .. }
                | Finding::Bytes { refusal, .. }
                | Finding::Signature { refusal, .. },
            )) => refusal,
            other => panic!("the verifier says {other:?} where the server refuses"),
        }
    }

    /// Compares what everyone keeps and says, as of now and as of an earlier size.
    pub(crate) fn compare(&mut self, story: &Story, rng: &mut Rng) {
        self.compare_states(story);
        let size = story.log.entries.len();
        for size in [size, 1 + rng.below(size)] {
            self.compare_views(story, size, |len| {
                (0..SAMPLE.min(len)).map(|_| rng.below(len)).collect()
            });
        }
    }

    /// Compares the states, and every view as of now.
    pub(crate) fn compare_all(&mut self, story: &Story) {
        self.compare_states(story);
        self.compare_views(story, story.log.entries.len(), |len| (0..len).collect());
    }

    fn compare_states(&mut self, story: &Story) {
        let head = self.sequencer.head().borrow().clone();
        self.verifier.finish(&head.checkpoint).unwrap();
        let state = self.verifier.state();
        assert!(state.save() == story.log.state.save());
        assert!(state.save() == self.verified_state(&head.note).save());
        let mut count = 0;
        for item in self.store.state_items() {
            let (key, value) = item.unwrap();
            assert_eq!(state.get(&key).unwrap().as_deref(), Some(&*value));
            count += 1;
        }
        assert_eq!(count, state.len());
    }

    /// The state of a member that goes on with what its disk holds, verifies what is new, and keeps that.
    fn verified_state(&self, note: &[u8]) -> MemoryState {
        let directory: PathBuf = self.dir.path().join("verifier");
        let open = |from: LeafIndex, size: TreeSize| {
            Ok(FromStore {
                store: Arc::clone(&self.store),
                indexes: from.get()..size.get(),
            })
        };
        let resume = || {
            let store = VerifierStore::open(&directory).unwrap();
            LogVerifier::open(store, self.trust.clone()).unwrap()
        };
        let mut verifier = resume();
        let report = verifier.check(note, open, |_| {}, &AtomicBool::new(false));
        verifier.keep(&report.unwrap()).unwrap();
        drop(verifier);
        resume().state().clone()
    }

    /// Compares what the server folds for each subject with a fold of all entries below a size. `some` gives the
    /// positions to look at among so many.
    fn compare_views(&self, story: &Story, size: usize, mut some: impl FnMut(usize) -> Vec<usize>) {
        indexer::catch_up(&self.store, TreeSize::new(story.log.size())).unwrap();
        let as_of = self.index.as_of(size as u64).unwrap();
        let mut fold = Fold::default();
        for entry in &story.log.entries[..size] {
            fold.append_entry(entry).unwrap();
        }
        assert_eq!(as_of.now(), fold.now());
        for at in some(fold.incidents().len()) {
            let incident = &fold.incidents()[at];
            let served = loaded(&as_of, || as_of.load_incident(&incident.digest()));
            assert_eq!(served.as_deref(), Some(incident));
        }
        for at in some(fold.cases().len()) {
            let case = &fold.cases()[at];
            let served = loaded(&as_of, || as_of.load_case(&case.digest()));
            assert_eq!(served.as_deref(), Some(case));
        }
        for at in some(fold.proposals().len()) {
            let proposal = &fold.proposals()[at];
            let served = loaded(&as_of, || as_of.load_proposal(&proposal.digest()));
            assert_eq!(served.as_deref(), Some(proposal));
        }
        let stations = story.stations();
        for at in some(stations.len()) {
            let (member, station) = stations[at];
            let served = loaded(&as_of, || as_of.load_station(member, station));
            assert_eq!(served, fold.load_station(member, station).unwrap());
        }
        let served = loaded(&as_of, || as_of.load_constitution());
        assert_eq!(served.as_deref(), fold.constitution());
    }

    /// Stops the server, and has its operator recompute everything from the charter on.
    pub(crate) fn end(self) {
        drop(self.sequencer);
        self.thread.join().unwrap();
        let anchor = Anchor::open(&self.dir.path().join("anchor")).unwrap();
        let (log, key) = (&self.identity.log, self.identity.verifier_key());
        let recovered = recover::recover(self.store.as_ref(), anchor.note(), log, &key).unwrap();
        let checked = check::check(&self.store, &self.identity, recovered.anchored, |_| {});
        assert_eq!(checked.unwrap().size, self.verifier.size());
    }
}
