//! Start-up: what the store holds must be what the anchor says was promised.
//!
//! 1. The anchor's note is a checkpoint of this log, signed by its key.
//! 2. The stored size is at least the anchor's size.
//! 3. The root recomputed from the stored tiles at the anchor's size is the anchor's root.
//! 4. The stored checkpoint is not newer than the anchor. An older one is normal after a crash.
//! 5. Entries above the anchor were promised to nobody. Each is checked for form, place, link, time and signature; the
//!    root over them must be that of the stored tiles. The sequencer signs them before it takes anything new.
//!
//! The number of keys read does not depend on the size of the log. Out of scope: the entries below the anchor
//! (`trucelogd check` reads them), and the rules for the entries above it, which were applied before they were stored.
//!
//! Source: `docs/server.md`, "Start-up".

use std::collections::BTreeMap;

use trucelog_proto::{
    checkpoint::{Checkpoint, Origin},
    entry::{Entry, genesis_hash},
    error::{DecodeError, Error},
    hash::{LeafHash, LeafIndex, RootHash, TreeSize},
    note::VerifierKey,
    record::{self, LogId},
    refusal::Refusal,
    tile::{LEVELS, RightTiles, TileError, TileId, TileReader},
    tree::{empty_root, leaf_hash},
};

use crate::store::{CheckpointKind, LogStore, StoreError};

/// Why the log cannot be continued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecoverError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor or the stored checkpoint is not a checkpoint that this log's key signed.
    #[error(
        "the {holder} holds no checkpoint of {origin} signed by log_key ({error}): data_dir, anchor_dir and log_key must belong to one log"
    )]
    Checkpoint {
        /// "anchor" or "store".
        holder: &'static str,
        /// The log's origin.
        origin: String,
        /// What is wrong.
        error: Box<Error>,
    },
    /// Entries that were promised are gone.
    #[error(
        "the store holds {stored} entries, but the anchor promised {anchored}: the newest data is lost or data_dir is an older copy; bring back the data directory that belongs to this anchor"
    )]
    EntriesLost {
        /// Entries in the store.
        stored: TreeSize,
        /// The anchor's size.
        anchored: TreeSize,
    },
    /// The store holds another history than the anchor.
    #[error(
        "the root of the first {size} stored entries is {computed}, but {expected} was promised: the store was changed or belongs to another log; bring back the data directory that belongs to this anchor"
    )]
    RootDiffers {
        /// The size.
        size: TreeSize,
        /// What was promised.
        expected: RootHash,
        /// What the store gives.
        computed: RootHash,
    },
    /// The anchor is older than a checkpoint that the store knows.
    #[error(
        "the stored checkpoint covers {stored} entries, but the anchor only {anchored}: the anchor is an older copy; bring back the anchor that belongs to this data directory"
    )]
    AnchorBehind {
        /// The stored checkpoint's size.
        stored: TreeSize,
        /// The anchor's size.
        anchored: TreeSize,
    },
    /// An entry is not what the log would have written.
    #[error("entry {index} in the store is damaged: {problem}")]
    Entry {
        /// Its index.
        index: LeafIndex,
        /// What is wrong with it.
        problem: EntryProblem,
    },
    /// A tile is missing or malformed.
    #[error("the stored tree is damaged: {0}")]
    Tile(DecodeError),
    /// The log is empty, which only an interrupted `init` leaves behind.
    #[error(
        "the log has no charter: its creation was interrupted; remove data_dir and anchor_dir and run trucelogd init again"
    )]
    Empty,
}

/// What is wrong with a stored entry.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntryProblem {
    /// It is not there.
    #[error("it is missing")]
    Missing,
    /// Its form or signature is wrong.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It states another index.
    #[error("it states index {0}")]
    Index(LeafIndex),
    /// It does not link to the entry before.
    #[error("it does not name the leaf hash of the entry before")]
    Previous,
    /// It was accepted before the entry before.
    #[error("its accepted time is before that of the entry before")]
    Time,
    /// Its hash is not the one in the tree.
    #[error("its leaf hash is not the one in the tree")]
    LeafHash,
}

/// A log that may be continued.
#[derive(Debug)]
pub struct Recovered {
    /// The anchored checkpoint.
    pub anchored: Checkpoint,
    /// The rightmost tiles at the anchored size.
    pub anchored_tiles: RightTiles,
    /// The rightmost tiles at the stored size.
    pub tiles: RightTiles,
    /// The leaf hash of the last stored entry.
    pub previous: LeafHash,
    /// The accepted time of the last stored entry, Unix milliseconds.
    pub last_time: u64,
}

impl Recovered {
    /// The log `origin` before its first entry.
    pub(super) fn nothing(origin: &Origin) -> Self {
        Self {
            anchored: Checkpoint {
                origin: origin.clone(),
                size: TreeSize::new(0),
                root: empty_root(),
            },
            anchored_tiles: RightTiles::new(),
            tiles: RightTiles::new(),
            previous: genesis_hash(origin),
            last_time: 0,
        }
    }
}

/// Compares store and anchor as the module head says.
///
/// # Errors
///
/// [`RecoverError`]; the log must not be continued.
pub fn recover<S: LogStore>(
    store: &S,
    anchor_note: &[u8],
    log: &LogId,
    key: &VerifierKey,
) -> Result<Recovered, RecoverError> {
    let anchored = open_checkpoint("anchor", anchor_note, log, key)?;
    if anchored.size.get() == 0 {
        return Err(RecoverError::Empty);
    }
    let stored = store.size()?;
    if stored < anchored.size {
        return Err(RecoverError::EntriesLost {
            stored,
            anchored: anchored.size,
        });
    }
    check_stored_checkpoint(store, &anchored, log, key)?;
    let anchored_tiles = rightmost_tiles(store, anchored.size)?;
    check_root(&anchored_tiles, anchored.root)?;
    let last = last_entry(store, anchored.size)?;
    let mut recovered = Recovered {
        tiles: anchored_tiles.clone(),
        anchored_tiles,
        anchored,
        previous: last.leaf_hash,
        last_time: last.accepted_time,
    };
    if stored > recovered.anchored.size {
        adopt_unsigned_entries(store, stored, log, &mut recovered)?;
    }
    Ok(recovered)
}

/// Steps 1 and 4: opens a note that this log's key must have signed.
fn open_checkpoint(
    holder: &'static str,
    note: &[u8],
    log: &LogId,
    key: &VerifierKey,
) -> Result<Checkpoint, RecoverError> {
    Checkpoint::open(note, key, &log.origin)
        .map(|signed| signed.checkpoint().clone())
        .map_err(|error| RecoverError::Checkpoint {
            holder,
            origin: log.origin.to_string(),
            error: Box::new(error),
        })
}

fn check_stored_checkpoint<S: LogStore>(
    store: &S,
    anchored: &Checkpoint,
    log: &LogId,
    key: &VerifierKey,
) -> Result<(), RecoverError> {
    let Some(note) = store.checkpoint(CheckpointKind::Signed)? else {
        return Ok(());
    };
    let stored = open_checkpoint("store", &note, log, key)?;
    if stored.size > anchored.size {
        return Err(RecoverError::AnchorBehind {
            stored: stored.size,
            anchored: anchored.size,
        });
    }
    if stored.size == anchored.size && stored.root != anchored.root {
        return Err(RecoverError::RootDiffers {
            size: stored.size,
            expected: anchored.root,
            computed: stored.root,
        });
    }
    Ok(())
}

/// Reads the rightmost tile of all eight levels, also of those that the tree does not have yet: the same number of keys
/// at every size.
pub(crate) fn rightmost_tiles<S: LogStore>(
    store: &S,
    size: TreeSize,
) -> Result<RightTiles, RecoverError> {
    let mut tiles = BTreeMap::new();
    for level in 0..LEVELS {
        let index = size
            .get()
            .checked_shr(8 * (u32::from(level) + 1))
            .unwrap_or(0);
        let id = TileId::new(level, index).map_err(RecoverError::Tile)?;
        if let Some(hashes) = store.tile(id)? {
            tiles.insert(id, hashes);
        }
    }
    Ok(RightTiles::read(size, &Prefetched(tiles))?)
}

/// Tiles that were read before.
struct Prefetched(BTreeMap<TileId, Vec<u8>>);

impl TileReader for Prefetched {
    type Error = StoreError;

    fn tile(&self, id: TileId, _min_width: u16) -> Result<Vec<u8>, StoreError> {
        self.0.get(&id).cloned().ok_or(StoreError::Malformed {
            family: crate::store::tiles::NAME,
            what: "right edge: a tile is missing",
        })
    }
}

impl From<TileError<StoreError>> for RecoverError {
    fn from(error: TileError<StoreError>) -> Self {
        match error {
            TileError::Read { error, .. } => Self::Store(error),
            TileError::Decode { error, .. } | TileError::Range(error) => Self::Tile(error),
            _ => Self::Tile(DecodeError::Truncated { field: "tile" }),
        }
    }
}

fn check_root(tiles: &RightTiles, expected: RootHash) -> Result<(), RecoverError> {
    let computed = tiles.right_edge().root();
    if computed == expected {
        return Ok(());
    }
    Err(RecoverError::RootDiffers {
        size: tiles.size(),
        expected,
        computed,
    })
}

/// What the next entry needs to know of the one before.
struct Link {
    leaf_hash: LeafHash,
    accepted_time: u64,
}

/// Reads the last entry below `size` and compares it with its leaf hash in the tree. `size` must not be 0.
fn last_entry<S: LogStore>(store: &S, size: TreeSize) -> Result<Link, RecoverError> {
    let index = LeafIndex::new(size.get() - 1);
    let (entry, leaf_hash) = read_entry(store, index)?;
    let tile = TileId::new(0, index.get() >> 8).map_err(RecoverError::Tile)?;
    let hashes = store.tile(tile)?.unwrap_or_default();
    let place = usize::from(index.get().to_le_bytes()[0]);
    if hashes.chunks(32).nth(place) != Some(leaf_hash.as_bytes()) {
        return Err(RecoverError::Entry {
            index,
            problem: EntryProblem::LeafHash,
        });
    }
    Ok(Link {
        leaf_hash,
        accepted_time: entry.accepted_time,
    })
}

fn read_entry<S: LogStore>(store: &S, index: LeafIndex) -> Result<(Entry, LeafHash), RecoverError> {
    let at = |problem| RecoverError::Entry { index, problem };
    let bytes = store
        .entry(index)?
        .ok_or_else(|| at(EntryProblem::Missing))?;
    let entry = Entry::decode(&bytes).map_err(|refusal| at(EntryProblem::Refused(refusal)))?;
    Ok((entry, leaf_hash(&bytes)))
}

/// Step 5.
fn adopt_unsigned_entries<S: LogStore>(
    store: &S,
    stored: TreeSize,
    log: &LogId,
    recovered: &mut Recovered,
) -> Result<(), RecoverError> {
    for index in (recovered.anchored.size.get()..stored.get()).map(LeafIndex::new) {
        let (entry, leaf_hash) = read_entry(store, index)?;
        check_entry(&entry, index, log, recovered)
            .map_err(|problem| RecoverError::Entry { index, problem })?;
        recovered.tiles.append(leaf_hash);
        recovered.previous = leaf_hash;
        recovered.last_time = entry.accepted_time;
    }
    // They are stored already.
    recovered.tiles.take_changed();
    let computed = recovered.tiles.right_edge().root();
    check_root(&rightmost_tiles(store, stored)?, computed)
}

fn check_entry(
    entry: &Entry,
    index: LeafIndex,
    log: &LogId,
    before: &Recovered,
) -> Result<(), EntryProblem> {
    if entry.index != index {
        return Err(EntryProblem::Index(entry.index));
    }
    if entry.previous != before.previous {
        return Err(EntryProblem::Previous);
    }
    if entry.accepted_time < before.last_time {
        return Err(EntryProblem::Time);
    }
    record::verify(&entry.signed_record, log)?;
    Ok(())
}
