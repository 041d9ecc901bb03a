//! The only writer of the log: one batch at a time through assign, hash, judge, stage, commit, sign, anchor and
//! publish.

use std::{mem, sync::Arc};

use tokio::sync::watch;
use trucelog_proto::{
    checkpoint::Checkpoint,
    entry::{Entry, genesis_hash},
    hash::{LeafHash, LeafIndex, RecordDigest, RootHash, TreeSize},
    note::SignerKeys,
    pb,
    record::{LogId, VerifiedRecord},
    refusal::Refusal,
    rules::{self, Key, Placed, RecordState, RuleError},
    state::{Overlay, State, StateError},
    tile::RightTiles,
    tree::{RightEdge, leaf_hash},
};

use super::{
    clock::{AcceptedTimes, Clock, ClockMoved},
    recover::Recovered,
};
use crate::{
    anchor::{AnchorError, CheckpointAnchor},
    store::{Batch, CheckpointKind, LogStore, StoreError},
};

/// A record whose form and signature were checked, with the bytes that become part of the entry.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The record as it was submitted.
    pub signed_record: pb::SignedRecord,
    /// The same record, decoded and verified.
    pub record: VerifiedRecord,
}

/// The newest signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it states.
    pub checkpoint: Checkpoint,
    /// The signed note.
    pub note: Vec<u8>,
}

/// Where a submitted record is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logged {
    /// This submission put it there.
    Now {
        /// Index of its entry.
        index: LeafIndex,
        /// When it was accepted, Unix milliseconds.
        accepted_time: u64,
        /// The entry's bytes, as the store returns them.
        entry: Vec<u8>,
    },
    /// The log held it already, or an equal one of the same batch came first.
    Before(LeafIndex),
}

impl Logged {
    /// Index of the record's entry.
    #[must_use]
    pub fn index(&self) -> LeafIndex {
        match self {
            Self::Now { index, .. } | Self::Before(index) => *index,
        }
    }
}

/// Why the sequencer stopped for good. Nothing more is accepted until the process is started again; reads go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fatal {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor failed.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The clock jumped.
    #[error(transparent)]
    Clock(#[from] ClockMoved),
    /// The rules could not read their state.
    #[error(transparent)]
    State(#[from] StateError),
    /// An entry that was just committed is not there.
    #[error(
        "entry {index} was committed but the store does not return it: the storage cannot be trusted"
    )]
    EntryLost {
        /// Its index.
        index: LeafIndex,
    },
    /// The store returns other bytes than were committed.
    #[error(
        "the root over the entries that the store returns is {computed}, but {expected} was written: the storage cannot be trusted"
    )]
    RootDiffers {
        /// The root over what was written.
        expected: RootHash,
        /// The root over what was read back.
        computed: RootHash,
    },
}

/// The state of the sequencer thread. It owns the right to write, and nothing else may write to `store`.
pub(super) struct Writer<S, A, C> {
    log: LogId,
    keys: SignerKeys,
    store: Arc<S>,
    anchor: A,
    times: AcceptedTimes<C>,
    /// The tree with everything staged.
    tiles: RightTiles,
    /// The tree up to the last signed checkpoint.
    signed: RightEdge,
    /// The leaf hash of the last staged entry.
    previous: LeafHash,
    head: watch::Sender<Arc<Head>>,
}

/// What a batch will write, and how each submission in it will be answered.
struct Staged<S> {
    state: Overlay<S>,
    entries: Vec<(LeafIndex, Vec<u8>)>,
    answers: Vec<Result<Place, Refusal>>,
}

/// Where a submission has come to stand in a batch.
enum Place {
    /// It gets the next entry of the batch.
    New(LeafIndex),
    /// The log or the batch holds it.
    Known(LeafIndex),
}

/// The rules' view of the store.
#[derive(Debug)]
pub(crate) struct StoredState<S>(pub(crate) Arc<S>);

impl<S: LogStore> State for StoredState<S> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.0
            .state(key)
            .map_err(|error| StateError(error.to_string()))
    }
}

/// The parts that a writer is made of.
pub(super) struct Parts<S, A, C> {
    pub(super) log: LogId,
    pub(super) keys: SignerKeys,
    pub(super) store: Arc<S>,
    pub(super) anchor: A,
    pub(super) clock: C,
}

impl<S: LogStore, A: CheckpointAnchor, C: Clock> Writer<S, A, C> {
    /// A writer that continues a recovered log. Entries above the anchor are signed by [`Self::sign_what_is_stored`].
    pub(super) fn resume(
        parts: Parts<S, A, C>,
        recovered: Recovered,
    ) -> (Self, watch::Receiver<Arc<Head>>) {
        let (head, receiver) = watch::channel(Arc::new(Head {
            checkpoint: recovered.anchored,
            note: parts.anchor.note().to_vec(),
        }));
        let writer = Self {
            times: AcceptedTimes::new(parts.clock, recovered.last_time),
            tiles: recovered.tiles,
            signed: recovered.anchored_tiles.right_edge(),
            previous: recovered.previous,
            log: parts.log,
            keys: parts.keys,
            store: parts.store,
            anchor: parts.anchor,
            head,
        };
        (writer, receiver)
    }

    /// A writer for a log without entries.
    pub(super) fn found(parts: Parts<S, A, C>) -> (Self, watch::Receiver<Arc<Head>>) {
        let empty = Recovered {
            anchored: Checkpoint {
                origin: parts.log.origin.clone(),
                size: TreeSize::new(0),
                root: RightEdge::new().root(),
            },
            anchored_tiles: RightTiles::new(),
            tiles: RightTiles::new(),
            previous: genesis_hash(&parts.log.origin),
            last_time: 0,
        };
        Self::resume(parts, empty)
    }

    /// Takes a batch through all steps. The answers are in the order of the submissions; a record that is logged is
    /// covered by a signed and anchored checkpoint.
    ///
    /// After an error the writer must not be used again.
    ///
    /// # Panics
    ///
    /// Never: every new place has its entry in the batch.
    pub(super) fn process(
        &mut self,
        batch: Vec<Admitted>,
    ) -> Result<Vec<Result<Logged, Refusal>>, Fatal> {
        let accepted_time = self.times.accept()?;
        let mut staged = Staged {
            state: Overlay::new(StoredState(Arc::clone(&self.store))),
            entries: Vec::with_capacity(batch.len()),
            answers: Vec::with_capacity(batch.len()),
        };
        for admitted in batch {
            let answer = match known_index(&staged.state, &admitted.record.record.digest)? {
                Some(index) => Ok(Place::Known(index)),
                None => self
                    .stage(admitted, accepted_time, &mut staged)?
                    .map(Place::New),
            };
            staged.answers.push(answer);
        }
        let answers = mem::take(&mut staged.answers);
        let mut entries = Vec::new();
        if !staged.entries.is_empty() {
            self.commit(staged)?;
            entries = self.sign_and_publish()?;
        }
        let mut entries = entries.into_iter();
        let mut logged = |place| match place {
            Place::Known(index) => Logged::Before(index),
            Place::New(index) => Logged::Now {
                index,
                accepted_time,
                entry: entries
                    .next()
                    .expect("every new place has its entry in the batch"),
            },
        };
        let answers = answers.into_iter();
        Ok(answers.map(|answer| answer.map(&mut logged)).collect())
    }

    /// Assigns index and time, hashes the entry, asks the rules, and adds it to the batch unless they refuse it.
    fn stage(
        &mut self,
        admitted: Admitted,
        accepted_time: u64,
        staged: &mut Staged<StoredState<S>>,
    ) -> Result<Result<LeafIndex, Refusal>, Fatal> {
        let index = LeafIndex::new(self.tiles.size().get());
        let entry = Entry {
            index,
            previous: self.previous,
            accepted_time,
            signed_record: admitted.signed_record,
        };
        let bytes = entry.encode();
        let leaf = leaf_hash(&bytes);
        let placed = Placed {
            index,
            accepted_time,
            leaf,
            record: &admitted.record,
        };
        let writes = match rules::apply(&staged.state, placed) {
            Ok(writes) => writes,
            Err(RuleError::Refused(refusal)) => return Ok(Err(refusal)),
            Err(RuleError::State(error)) => return Err(error.into()),
        };
        staged.state.extend(writes);
        staged.entries.push((index, bytes));
        self.tiles.append(leaf);
        self.previous = leaf;
        Ok(Ok(index))
    }

    /// Writes everything that the batch changes in one synced write.
    fn commit(&mut self, staged: Staged<StoredState<S>>) -> Result<(), Fatal> {
        let writes = staged.state.into_writes();
        let batch = Batch {
            entries: staged.entries,
            tiles: self.tiles.take_changed(),
            state: writes
                .iter()
                .map(|(key, value)| (key.to_vec(), value.to_vec()))
                .collect(),
        };
        Ok(self.store.commit(&batch)?)
    }

    /// Signs the tree over what the store returns, makes the anchor hold it, and only then shows it to anybody. Gives the
    /// entries that this checkpoint is the first to cover.
    fn sign_and_publish(&mut self) -> Result<Vec<Vec<u8>>, Fatal> {
        let entries = self.read_back()?;
        let checkpoint = Checkpoint {
            origin: self.log.origin.clone(),
            root: self.recompute_root(&entries)?,
            size: self.signed.size(),
        };
        let note = checkpoint.sign(&self.keys);
        let last = self.head.borrow().note.clone();
        self.anchor.replace(&last, &note)?;
        self.store.put_checkpoint(CheckpointKind::Signed, &note)?;
        self.head.send_replace(Arc::new(Head { checkpoint, note }));
        Ok(entries)
    }

    /// Reads the entries since the last checkpoint back.
    fn read_back(&self) -> Result<Vec<Vec<u8>>, Fatal> {
        let indexes = self.signed.size().get()..self.tiles.size().get();
        let entries = indexes.map(LeafIndex::new).map(|index| {
            let entry = self.store.entry(index)?;
            entry.ok_or(Fatal::EntryLost { index })
        });
        entries.collect()
    }

    /// Hashes what was read back onto the right edge of the last checkpoint, and compares with the tree that was staged.
    fn recompute_root(&mut self, entries: &[Vec<u8>]) -> Result<RootHash, Fatal> {
        for entry in entries {
            self.signed.append(leaf_hash(entry));
        }
        let (computed, expected) = (self.signed.root(), self.tiles.right_edge().root());
        if computed == expected {
            Ok(computed)
        } else {
            Err(Fatal::RootDiffers { expected, computed })
        }
    }

    /// Signs the entries that are stored and that no checkpoint covers, if there are any.
    pub(super) fn sign_what_is_stored(&mut self) -> Result<(), Fatal> {
        if self.signed.size() < self.tiles.size() {
            self.sign_and_publish()?;
        }
        Ok(())
    }
}

/// The index of a record that the log or the batch holds already.
fn known_index(state: &dyn State, digest: &RecordDigest) -> Result<Option<LeafIndex>, StateError> {
    let known: Option<RecordState> = rules::load(state, &Key::Record(digest.as_bytes()))?;
    Ok(known.map(|record| LeafIndex::new(record.index)))
}
