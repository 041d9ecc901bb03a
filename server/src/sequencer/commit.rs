//! Steps 2 to 5: a batch gets its indexes, the rules judge it, and it is committed in one synced write.

use std::{mem, sync::Arc};

use trucelog_proto::{
    entry::Entry,
    hash::{LeafHash, LeafIndex, RecordDigest, RootHash, TreeSize},
    pb,
    record::VerifiedRecord,
    refusal::Refusal,
    rules::{self, Judge, Key, Placed, RecordState, RuleError},
    state::{Overlay, State, StateError},
    tile::RightTiles,
    tree::leaf_hash,
};

use super::{
    Fatal,
    clock::{AcceptedTimes, Clock},
};
use crate::store::{Batch, LogStore};

/// A record whose form and signature were checked, with the bytes that become part of the entry.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The record as it was submitted.
    pub signed_record: pb::SignedRecord,
    /// The same record, decoded and verified.
    pub record: VerifiedRecord,
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

/// Writes batches. It owns the right to write entries, tiles and state, and nothing else may.
pub(super) struct Committer<S, C> {
    pub(super) store: Arc<S>,
    pub(super) times: AcceptedTimes<C>,
    pub(super) judge: Judge,
    /// The tree with everything committed.
    pub(super) tiles: RightTiles,
    /// The leaf hash of the last committed entry.
    pub(super) previous: LeafHash,
}

/// A batch that is durable and not signed yet.
pub(super) struct Committed {
    /// Number of entries with it.
    pub(super) size: TreeSize,
    /// The root over what was written.
    pub(super) root: RootHash,
    /// The accepted time of its entries, Unix milliseconds.
    pub(super) accepted_time: u64,
    /// What became of each submission, in their order.
    pub(super) places: Vec<Result<Place, Refusal>>,
}

/// Where a submission has come to stand.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    /// In the next entry of the batch.
    New(LeafIndex),
    /// In an entry that was there before, maybe of the same batch.
    Known(LeafIndex),
}

/// What a batch will write, and what becomes of each submission in it.
struct Staged<S> {
    state: Overlay<S>,
    entries: Vec<(LeafIndex, Vec<u8>)>,
    places: Vec<Result<Place, Refusal>>,
}

impl<S: LogStore, C: Clock> Committer<S, C> {
    /// Takes a batch from *assign* to *commit*. After an error the committer must not be used again.
    pub(super) fn commit(&mut self, batch: Vec<Admitted>) -> Result<Committed, Fatal> {
        let accepted_time = self.times.accept()?;
        let mut staged = Staged {
            state: Overlay::new(StoredState(Arc::clone(&self.store))),
            entries: Vec::with_capacity(batch.len()),
            places: Vec::with_capacity(batch.len()),
        };
        for admitted in batch {
            let place = match known_index(&staged.state, &admitted.record.record.digest)? {
                Some(index) => Ok(Place::Known(index)),
                None => self
                    .stage(admitted, accepted_time, &mut staged)?
                    .map(Place::New),
            };
            staged.places.push(place);
        }
        let places = mem::take(&mut staged.places);
        self.write(staged)?;
        Ok(Committed {
            accepted_time,
            places,
            ..self.stored()
        })
    }

    /// Everything that is stored, as a batch without submissions.
    pub(super) fn stored(&self) -> Committed {
        Committed {
            size: self.tiles.size(),
            root: self.tiles.right_edge().root(),
            accepted_time: 0,
            places: Vec::new(),
        }
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
        let writes = match self.judge.apply(&staged.state, placed) {
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

    /// Writes everything that the batch changes in one synced write, if there is anything.
    fn write(&mut self, staged: Staged<StoredState<S>>) -> Result<(), Fatal> {
        if staged.entries.is_empty() {
            return Ok(());
        }
        let batch = Batch {
            entries: staged.entries,
            tiles: self.tiles.take_changed(),
            state: staged.state.into_writes().into_items(),
        };
        Ok(self.store.commit(&batch)?)
    }
}

/// The index of a record that the log or the batch holds already.
fn known_index(state: &dyn State, digest: &RecordDigest) -> Result<Option<LeafIndex>, StateError> {
    let known: Option<RecordState> = rules::load(state, &Key::Record(digest.as_bytes()))?;
    Ok(known.map(|record| LeafIndex::new(record.index)))
}
