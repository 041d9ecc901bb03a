//! `trucelogd check`: reads the whole log and recomputes everything that is derived from it.
//!
//! 1. Every entry, by the verifier that members run: canonical bytes, index, link to the entry before, signature,
//!    rules.
//! 2. The root at the size of the anchor.
//! 3. Every tile of the tree over the entries, and no other tile.
//! 4. The state that the rules give, key by key, and no other key.
//! 5. The index of what it covers, key by key, and no other key.
//!
//! Start-up has compared the anchor's signature and the stored checkpoint before ([`crate::sequencer::recover`]). Holds
//! the anchor's lock, so it runs only while `serve` does not. Changes nothing.

use std::{
    collections::{BTreeMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use trucelog_proto::{
    checkpoint::Checkpoint,
    hash::{LeafIndex, RootHash, TreeSize},
    record::KnownKeys,
    state::{MemoryState, State, StateError},
    tile::{RightTiles, TileId},
    verify::{self, Finding, StopError, Verifier},
};

use super::{CommandError, OpenLog, open_log};
use crate::{
    anchor::CheckpointAnchor as _,
    config::Config,
    sequencer::{Identity, recover::recover},
    store::{IndexBatch, IndexItem, Indexed, LogStore as _, Store, StoreError},
    view::{error::IndexError, terms},
};

/// Entries between two reports of progress.
const REPORT_EVERY: u64 = 4096;

/// What a check found to be false, or why it could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// An entry is missing.
    #[error("FALSE: entry {index}: it is missing")]
    Missing {
        /// Its index.
        index: LeafIndex,
    },
    /// An entry, or the root over all, is false.
    #[error("FALSE: {0}")]
    False(#[from] Finding),
    /// A tile is not what the entries give.
    #[error("FALSE: tile {}/{}: it is not what the entries give", id.level(), id.index())]
    Tile {
        /// Which one.
        id: TileId,
    },
    /// The state is not what the entries give.
    #[error("FALSE: state: {what}")]
    State {
        /// How it differs.
        what: String,
    },
    /// The index is not what the entries give.
    #[error("FALSE: index: {what}; trucelogd reindex has it made anew")]
    Index {
        /// How it differs.
        what: String,
    },
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// This software cannot judge the log.
    #[error(transparent)]
    Stopped(StopError),
    /// The state in memory failed.
    #[error(transparent)]
    Memory(#[from] StateError),
}

impl From<IndexError> for CheckError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Store(error) => Self::Store(error),
            IndexError::State(error) => Self::Memory(error),
            other => Self::Index {
                what: other.to_string(),
            },
        }
    }
}

impl From<StopError> for CheckError {
    fn from(error: StopError) -> Self {
        match error {
            StopError::False(finding) => Self::False(finding),
            other => Self::Stopped(other),
        }
    }
}

impl CheckError {
    /// 1 false, 3 newer software is needed, 5 the check could not be done.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Stopped(StopError::Newer { .. }) => 3,
            Self::Stopped(_) | Self::Memory(_) => 5,
            Self::Store(error) if !matches!(error, StoreError::Malformed { .. }) => 5,
            _ => 1,
        }
    }
}

/// What was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Entries in the store.
    pub size: TreeSize,
    /// The root over all of them.
    pub root: RootHash,
    /// The checkpoint in the anchor.
    pub anchored: Checkpoint,
}

/// Checks the log of `config`; `progress` is called with the number of checked entries now and then.
///
/// # Errors
///
/// [`CommandError`], with [`CheckError`] for the first false thing.
pub fn run(config: &Config, progress: impl FnMut(u64)) -> Result<Checked, CommandError> {
    let OpenLog {
        identity,
        store,
        anchor,
    } = open_log(config)?;
    let anchored = recover(
        store.as_ref(),
        anchor.note(),
        &identity.log,
        &identity.verifier_key(),
    )?
    .anchored;
    Ok(check(&store, &identity, anchored, progress)?)
}

/// Checks a store against the checkpoint that its anchor holds.
///
/// # Errors
///
/// [`CheckError`].
pub fn check(
    store: &Store,
    identity: &Identity,
    anchored: Checkpoint,
    mut progress: impl FnMut(u64),
) -> Result<Checked, CheckError> {
    let size = store.size()?;
    let mut verifier = Verifier::new(identity.log.clone());
    let mut right = RightTiles::new();
    let mut tiles = BTreeMap::new();
    let mut index_check = IndexCheck::begin(store)?;
    let keys = KnownKeys::default();
    for index in (0..size.get()).map(LeafIndex::new) {
        let bytes = store.entry(index)?.ok_or(CheckError::Missing { index })?;
        let entry = verifier.append(verify::check(&identity.log, &keys, index, &bytes))?;
        right.append(entry.leaf);
        index_check.append(verifier.state(), index, &bytes)?;
        if verifier.size() == anchored.size {
            verifier.finish(&anchored)?;
        }
        if verifier.size().get().is_multiple_of(REPORT_EVERY) {
            tiles.extend(right.take_changed());
            progress(verifier.size().get());
        }
    }
    tiles.extend(right.take_changed());
    check_tiles(store, &tiles)?;
    check_state(store, verifier.state())?;
    index_check.finish(store, size)?;
    Ok(Checked {
        size,
        root: verifier.edge().root(),
        anchored,
    })
}

fn check_tiles(store: &Store, computed: &BTreeMap<TileId, Vec<u8>>) -> Result<(), CheckError> {
    for (id, hashes) in computed {
        if store.tile(*id)?.as_ref() != Some(hashes) {
            return Err(CheckError::Tile { id: *id });
        }
    }
    for item in store.tile_items() {
        let (id, _) = item?;
        if !computed.contains_key(&id) {
            return Err(CheckError::Tile { id });
        }
    }
    Ok(())
}

fn check_state(store: &Store, computed: &MemoryState) -> Result<(), CheckError> {
    let mut count = 0;
    for item in store.state_items() {
        let (key, value) = item?;
        if computed.get(&key)?.as_deref() != Some(&*value) {
            let key = String::from_utf8_lossy(&key).into_owned();
            return Err(CheckError::State {
                what: format!("the value of {key:?} is not what the entries give"),
            });
        }
        count += 1;
    }
    if count == computed.len() {
        return Ok(());
    }
    Err(CheckError::State {
        what: format!("it has {count} keys, the entries give {}", computed.len()),
    })
}

/// What the index must hold, as hashes of its keys and values: they take less room than these.
struct IndexCheck {
    /// How far the stored index has come; nothing is checked of one of another version, which is made anew.
    stored: Indexed,
    expected: HashSet<u64>,
    latest_time: u64,
}

impl IndexCheck {
    fn begin(store: &Store) -> Result<Self, CheckError> {
        let stored = store.indexed()?;
        Ok(Self {
            stored: if stored.version == terms::VERSION {
                stored
            } else {
                Indexed::default()
            },
            expected: HashSet::new(),
            latest_time: 0,
        })
    }

    fn append(
        &mut self,
        state: &dyn State,
        index: LeafIndex,
        entry: &[u8],
    ) -> Result<(), CheckError> {
        if index.get() >= self.stored.size {
            return Ok(());
        }
        let mut batch = IndexBatch::default();
        terms::index_entry(&mut batch, state, index, entry)?;
        self.expected.extend(batch.items().map(|item| hash(&item)));
        self.latest_time = self.latest_time.max(batch.indexed.latest_time);
        Ok(())
    }

    fn finish(self, store: &Store, size: TreeSize) -> Result<(), CheckError> {
        let differs = |what: String| Err(CheckError::Index { what });
        if self.stored.version != terms::VERSION {
            return Ok(());
        }
        if self.stored.size > size.get() || self.stored.latest_time != self.latest_time {
            return differs(format!("it says {:?} of {size} entries", self.stored));
        }
        let mut count = 0;
        for item in store.index_items() {
            let item = item?;
            if !self.expected.contains(&hash(&item)) {
                return differs(format!("{} holds what the entries do not give", item.0));
            }
            count += 1;
        }
        if count == self.expected.len() {
            return Ok(());
        }
        differs(format!(
            "it has {count} keys, the entries give {}",
            self.expected.len()
        ))
    }
}

fn hash(item: &IndexItem) -> u64 {
    let mut hasher = DefaultHasher::new();
    item.hash(&mut hasher);
    hasher.finish()
}
