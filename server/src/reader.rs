//! Reading the log: everything that is served is covered by the newest signed checkpoint.
//!
//! In scope: entries, tiles, proofs and receipts for gRPC and HTTP. Out of scope: writing ([`crate::sequencer`]).
//!
//! Answers need no trust: whoever gets them verifies them against a checkpoint.

use std::sync::Arc;

use tokio::sync::watch;
use trucelog_proto::{
    checkpoint::Checkpoint,
    error::DecodeError,
    hash::{LeafIndex, NodeHash, RecordDigest, TreeSize},
    proof::{self, ProveError},
    rules::{self, Key, KeyState, RecordState, StationState},
    state::{State, StateError},
    tile::{self, RightTiles, TileError, TileHashes, TileId, TilePath},
    tlog_proof::TlogProof,
};

use crate::{
    sequencer::{Head, StoredState},
    store::{LogStore, StoreError, StoredTiles},
};

/// Why something cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The log does not hold it at the size that is served.
    #[error("the log has no {what}; its size is {size}")]
    NotFound {
        /// What was asked for.
        what: &'static str,
        /// The newest signed size.
        size: TreeSize,
    },
    /// A number lies outside its range.
    #[error("{field} is {found}, allowed is {min} to {max}")]
    OutOfRange {
        /// The field of the request.
        field: &'static str,
        /// The least allowed value.
        min: u64,
        /// The greatest allowed value.
        max: u64,
        /// What was asked for.
        found: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The store holds something that does not fit together.
    #[error("the stored log is damaged: {0}")]
    Damaged(String),
}

impl From<TileError<StoreError>> for ReadError {
    fn from(error: TileError<StoreError>) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<DecodeError> for ReadError {
    fn from(error: DecodeError) -> Self {
        Self::Damaged(error.to_string())
    }
}

impl From<ProveError<TileError<StoreError>>> for ReadError {
    fn from(error: ProveError<TileError<StoreError>>) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// An entry with what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenEntry {
    /// Its index.
    pub index: LeafIndex,
    /// Canonical bytes of the Entry.
    pub entry: Vec<u8>,
    /// A `.tlog-proof` file.
    pub tlog_proof: Vec<u8>,
}

/// What the log holds of one station key.
#[derive(Clone, Debug, PartialEq)]
pub struct StationKey {
    /// The key, 32 bytes.
    pub public_key: Vec<u8>,
    /// What the rules know of it.
    pub state: KeyState,
}

/// A view of the log that any number of requests share.
#[derive(Debug)]
pub struct Reader<S> {
    store: Arc<S>,
    hashes: Arc<TileHashes<StoredTiles<Arc<S>>>>,
    head: watch::Receiver<Arc<Head>>,
}

impl<S> Clone for Reader<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            hashes: Arc::clone(&self.hashes),
            head: self.head.clone(),
        }
    }
}

impl<S: LogStore> Reader<S> {
    /// Reads `store` up to the checkpoints that `head` brings.
    #[must_use]
    pub fn new(store: Arc<S>, head: watch::Receiver<Arc<Head>>) -> Self {
        let hashes = Arc::new(TileHashes::new(StoredTiles(Arc::clone(&store))));
        Self {
            store,
            hashes,
            head,
        }
    }

    /// The newest signed checkpoint.
    #[must_use]
    pub fn head(&self) -> Arc<Head> {
        Arc::clone(&self.head.borrow())
    }

    /// The newest signed checkpoint and every newer one as it comes.
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<Arc<Head>> {
        self.head.clone()
    }

    /// The size of the newest signed checkpoint.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.head.borrow().checkpoint.size
    }

    /// Canonical bytes of an entry.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotFound`] at and above the size; [`ReadError::Store`].
    pub fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, ReadError> {
        let size = self.size();
        if index.get() >= size.get() {
            return Err(ReadError::NotFound {
                what: "such entry",
                size,
            });
        }
        self.store
            .entry(index)?
            .ok_or_else(|| ReadError::Damaged(format!("entry {index} is missing")))
    }

    /// The entries from `first` on, below `end`, in order, read in one pass.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotFound`] when `end` is above the size; [`ReadError::Damaged`] when one is missing;
    /// [`ReadError::Store`].
    pub fn entries(&self, first: u64, end: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let size = self.size();
        if end > size.get() {
            return Err(ReadError::NotFound {
                what: "such entry",
                size,
            });
        }
        let entries = self
            .store
            .entries(TreeSize::new(first), TreeSize::new(end))?;
        let missing = first + entries.len() as u64;
        if missing < end {
            return Err(ReadError::Damaged(format!("entry {missing} is missing")));
        }
        Ok(entries)
    }

    /// The index of a record by its digest.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotFound`] or [`ReadError::State`].
    pub fn index_of(&self, digest: &RecordDigest) -> Result<LeafIndex, ReadError> {
        let size = self.size();
        let record: Option<RecordState> =
            rules::load(&self.state(), &Key::Record(digest.as_bytes()))?;
        record
            .filter(|record| record.index < size.get())
            .map(|record| LeafIndex::new(record.index))
            .ok_or(ReadError::NotFound {
                what: "record with this digest",
                size,
            })
    }

    /// An entry with its receipt at the newest signed checkpoint.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn proven_entry(&self, index: LeafIndex) -> Result<ProvenEntry, ReadError> {
        let entry = self.entry(index)?;
        let tlog_proof = self.receipt(index, entry.clone(), &self.head())?;
        Ok(ProvenEntry {
            index,
            entry,
            tlog_proof,
        })
    }

    /// The receipt of an entry at `head`, which must cover `index` and be one of this log's own heads: a `.tlog-proof`
    /// file. Reads what the proof needs and is not in memory.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    pub fn receipt(
        &self,
        index: LeafIndex,
        entry: Vec<u8>,
        head: &Head,
    ) -> Result<Vec<u8>, ReadError> {
        let receipt = TlogProof {
            extra: Some(entry),
            index,
            hashes: self.prove_inclusion(index, head.checkpoint.size)?,
            checkpoint_note: head.note.clone(),
        };
        Ok(receipt.format()?)
    }

    /// The inclusion proof for `index < size`, where `size` is at most the newest signed one.
    ///
    /// # Errors
    ///
    /// [`ReadError::OutOfRange`] or [`ReadError::Damaged`].
    pub fn prove_inclusion(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<Vec<NodeHash>, ReadError> {
        check_range("size", size.get(), 1, self.size().get())?;
        check_range("index", index.get(), 0, size.get() - 1)?;
        Ok(proof::prove_inclusion(index, size, self.hashes.as_ref())?)
    }

    /// The proof that the tree of `new` continues the tree of `old`, where `old ≤ new`, at most the newest signed size.
    ///
    /// # Errors
    ///
    /// [`ReadError::OutOfRange`] or [`ReadError::Damaged`].
    pub fn prove_consistency(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Vec<NodeHash>, ReadError> {
        check_range("new_size", new.get(), 0, self.size().get())?;
        check_range("old_size", old.get(), 0, new.get())?;
        Ok(proof::prove_consistency(old, new, self.hashes.as_ref())?)
    }

    /// Whether the log as it is served continues `checkpoint`: it is as large at least, and has this root at its size.
    ///
    /// # Errors
    ///
    /// [`ReadError::Damaged`].
    pub fn continues(&self, checkpoint: &Checkpoint) -> Result<bool, ReadError> {
        if checkpoint.size > self.size() {
            return Ok(false);
        }
        let tiles = StoredTiles(self.store.as_ref());
        let tiles = RightTiles::read(checkpoint.size, &tiles)?;
        Ok(tiles.right_edge().root() == checkpoint.root)
    }

    /// The bytes of a tile or bundle as HTTP serves them; partial ones as wide as asked for.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotFound`] if the newest signed tree does not reach that far; [`ReadError::Store`].
    pub fn tile(&self, path: TilePath) -> Result<Vec<u8>, ReadError> {
        match path {
            TilePath::Hashes { id, width } => self.hash_tile(id, width),
            TilePath::Entries { index, width } => self.entry_bundle(index, width),
        }
    }

    fn hash_tile(&self, id: TileId, width: u16) -> Result<Vec<u8>, ReadError> {
        let size = self.size();
        let complete = size
            .get()
            .checked_shr(8 * u32::from(id.level()))
            .unwrap_or(0);
        check_reach(id.index(), width, complete, size)?;
        let mut hashes = self.store.tile(id)?.ok_or_else(|| {
            ReadError::Damaged(format!("tile {}/{} is missing", id.level(), id.index()))
        })?;
        tile::decode_tile(&hashes, width)?;
        hashes.truncate(32 * usize::from(width));
        Ok(hashes)
    }

    fn entry_bundle(&self, index: u64, width: u16) -> Result<Vec<u8>, ReadError> {
        let size = self.size();
        check_reach(index, width, size.get(), size)?;
        let first = index * u64::from(tile::FULL_WIDTH);
        let entries = self.entries(first, first + u64::from(width))?;
        Ok(tile::encode_bundle(&entries)?)
    }

    /// The keys of a station, oldest first, and the size that the answer covers at least.
    ///
    /// # Errors
    ///
    /// [`ReadError::NotFound`] or [`ReadError::State`].
    pub fn station(
        &self,
        member: &str,
        station: &str,
    ) -> Result<(Vec<StationKey>, TreeSize), ReadError> {
        let size = self.size();
        let state = self.state();
        let keys: StationState =
            rules::load(&state, &Key::Station(member, station))?.ok_or(ReadError::NotFound {
                what: "such station",
                size,
            })?;
        let keys = keys.keys.into_iter().map(|key| station_key(&state, key));
        Ok((keys.collect::<Result<_, _>>()?, size))
    }

    fn state(&self) -> StoredState<S> {
        StoredState(Arc::clone(&self.store))
    }
}

fn station_key(state: &dyn State, public_key: Vec<u8>) -> Result<StationKey, ReadError> {
    let known: Option<KeyState> = rules::load(state, &Key::PublicKey(&public_key))?;
    known
        .map(|state| StationKey { public_key, state })
        .ok_or_else(|| {
            ReadError::Damaged("a station has a key that the state does not know".to_owned())
        })
}

fn check_range(field: &'static str, found: u64, min: u64, max: u64) -> Result<(), ReadError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(ReadError::OutOfRange {
        field,
        min,
        max,
        found,
    })
}

/// Fails unless `complete` items reach to the end of a tile of this index and width.
fn check_reach(index: u64, width: u16, complete: u64, size: TreeSize) -> Result<(), ReadError> {
    let end = index
        .checked_mul(u64::from(tile::FULL_WIDTH))
        .and_then(|start| start.checked_add(u64::from(width)));
    if end.is_some_and(|end| end <= complete) {
        return Ok(());
    }
    Err(ReadError::NotFound {
        what: "such tile yet",
        size,
    })
}
