//! The store: everything that the log keeps in its RocksDB directory.
//!
//! One module per column family, named after it, draws its key and value bytes. They fall into two groups:
//!
//! - *the log*: [`entries`], [`tiles`], [`checkpoints`]. What others hold proofs about.
//! - *derived from it*: [`state`], what the rules look up; [`postings`] and [`subjects`], from which questions are
//!   answered. `trucelogd check` recomputes them from the entries.
//!
//! [`meta`] says whose log the directory holds and in which format.
//!
//! Out of scope: whether the content is true (the sequencer's start-up and `check`), and whether it is complete
//! ([`crate::anchor`]).
//!
//! **Invariant:** entries, tiles and state of one batch reach the disk in one synced write, or not at all. Postings and
//! subjects follow later, in one write with how far they have come, and may be dropped at any time.
//!
//! Source: `docs/server.md`, "Storage".

pub mod checkpoints;
pub mod entries;
pub mod meta;
pub mod postings;
pub mod state;
pub mod subjects;
pub mod tiles;

mod options;

use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use rocksdb::{
    ColumnFamily, DB, Direction, IteratorMode, Options, ReadOptions, WriteBatch, statistics::Ticker,
};

use trucelog_proto::{
    hash::{LeafIndex, TreeSize},
    tile::{TileId, TileReader},
};

pub use self::{
    checkpoints::CheckpointKind,
    meta::{FormatVersion, Meta},
    postings::{Indexed, Posting},
};

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// RocksDB refused or failed.
    #[error("store: cannot {action}: {source}")]
    Rocks {
        /// What was tried.
        action: &'static str,
        /// The error of RocksDB.
        source: rocksdb::Error,
    },
    /// Opening took longer than the limit.
    #[error(
        "store {dir} did not open within {limit:?}: its write-ahead log may be damaged; look at its LOG file, or raise limits.open_timeout_s if the disk is slow"
    )]
    OpenTimeout {
        /// The directory.
        dir: PathBuf,
        /// The limit.
        limit: Duration,
    },
    /// There is no store where one is expected.
    #[error("no store at {dir}: run trucelogd init, or correct data_dir")]
    Missing {
        /// The directory.
        dir: PathBuf,
    },
    /// A store exists where a new one is to be made.
    #[error("{dir} holds a store already: choose another data_dir")]
    Exists {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory was written in a format that this software does not know.
    #[error(
        "store has format version {found}, this software knows {known}: use the software that wrote it, or a newer one"
    )]
    FormatVersion {
        /// What the store says; `None` if it says nothing legible.
        found: FormatVersion,
        /// The version that this software reads and writes.
        known: u32,
    },
    /// A value has not the form that its column family demands.
    #[error("store is damaged: {family} holds a malformed {what}")]
    Malformed {
        /// The column family.
        family: &'static str,
        /// What was read.
        what: &'static str,
    },
    /// The directory cannot be made or read.
    #[error("cannot {action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The directory.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
}

/// A key and its value.
pub type Item = (Box<[u8]>, Box<[u8]>);

/// Everything that one commit writes. It is applied whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// New entries by index.
    pub entries: Vec<(LeafIndex, Vec<u8>)>,
    /// New or grown tiles.
    pub tiles: Vec<(TileId, Vec<u8>)>,
    /// New values of the rules' state.
    pub state: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What the index adds at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexBatch {
    /// New postings with their terms.
    pub postings: Vec<(Vec<u8>, Posting)>,
    /// Subjects with the entries that concern them.
    pub subjects: Vec<(Vec<u8>, LeafIndex)>,
    /// How far the index has come with them.
    pub indexed: Indexed,
}

/// A key of the index with its column family, and the value.
pub type IndexItem = (&'static str, Item);

impl IndexBatch {
    /// What is written, without how far the index has come.
    pub fn items(&self) -> impl Iterator<Item = IndexItem> {
        let postings = self.postings.iter().map(|(term, posting)| {
            let value = posting.digest.as_bytes().as_slice();
            (postings::NAME, (posting.key(term).into(), value.into()))
        });
        let subjects = self.subjects.iter().map(|(subject, index)| {
            let value: &[u8] = &[];
            (
                subjects::NAME,
                (subjects::key(subject, *index).into(), value.into()),
            )
        });
        postings.chain(subjects)
    }
}

/// What the sequencer and the readers need from a store. [`Store`] is the real one; tests put faults in front of it.
pub trait LogStore: Send + Sync + 'static {
    /// The bytes of the entry at `index`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`]; absence is `None`.
    fn entry(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, StoreError>;

    /// The entries from `first` on, below `end`, in order; up to the first that is missing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`] or [`StoreError::Malformed`].
    fn entries(&self, first: TreeSize, end: TreeSize) -> Result<Vec<Vec<u8>>, StoreError> {
        (first.get()..end.get())
            .map_while(|index| self.entry(LeafIndex::new(index)).transpose())
            .collect()
    }

    /// The stored hashes of a tile, 1 to 256 of 32 bytes each.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`] or [`StoreError::Malformed`].
    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, StoreError>;

    /// A value of the rules' state.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`].
    fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The stored checkpoint note of a kind.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`].
    fn checkpoint(&self, kind: CheckpointKind) -> Result<Option<Vec<u8>>, StoreError>;

    /// The number of stored entries, from one look at the last key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`] or [`StoreError::Malformed`].
    fn size(&self) -> Result<TreeSize, StoreError>;

    /// Writes `batch` and waits until it is durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`]. After an error the batch may or may not be there: the caller must stop writing for good.
    fn commit(&self, batch: &Batch) -> Result<(), StoreError>;

    /// Writes a checkpoint note without waiting: it becomes durable with the next commit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`].
    fn put_checkpoint(&self, kind: CheckpointKind, note: &[u8]) -> Result<(), StoreError>;
}

/// The tiles of a store, as the functions of [`trucelog_proto::tile`] read them.
#[derive(Debug)]
pub struct StoredTiles<P>(pub P);

impl<P: Deref<Target: LogStore>> TileReader for StoredTiles<P> {
    type Error = StoreError;

    fn tile(&self, id: TileId, _min_width: u16) -> Result<Vec<u8>, StoreError> {
        self.0.tile(id)?.ok_or(StoreError::Malformed {
            family: tiles::NAME,
            what: "row of tiles: one is missing",
        })
    }
}

/// An open RocksDB directory.
pub struct Store {
    db: DB,
    options: Options,
    meta: Meta,
    keys_read: AtomicU64,
}

impl Store {
    /// Creates a store for a new log. `dir` must not exist or be empty.
    ///
    /// # Errors
    ///
    /// [`StoreError::Exists`], [`StoreError::Io`] or [`StoreError::Rocks`].
    pub fn create(dir: &Path, meta: Meta) -> Result<Self, StoreError> {
        if occupied(dir)? {
            return Err(StoreError::Exists {
                dir: dir.to_owned(),
            });
        }
        std::fs::create_dir_all(dir).map_err(|source| StoreError::Io {
            action: "create",
            path: dir.to_owned(),
            source,
        })?;
        let (db, options) = options::open(dir, options::Mode::Create)?;
        let mut batch = WriteBatch::default();
        meta.put(&mut batch, family(&db, meta::NAME));
        db.write_opt(batch, &options::synced())
            .map_err(rocks("write the format version"))?;
        Ok(Self::new(db, options, meta))
    }

    /// Opens an existing store, or fails when that takes longer than `limit`. A damaged write-ahead log can make
    /// RocksDB spin for ever; the thread that opens is then left behind, and the process is expected to end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`], [`StoreError::OpenTimeout`], [`StoreError::FormatVersion`], [`StoreError::Malformed`]
    /// or [`StoreError::Rocks`].
    pub fn open(dir: &Path, limit: Duration) -> Result<Self, StoreError> {
        if !occupied(dir)? {
            return Err(StoreError::Missing {
                dir: dir.to_owned(),
            });
        }
        let (sender, receiver) = mpsc::channel();
        let path = dir.to_owned();
        thread::spawn(move || {
            // The receiver is gone only after the limit, and then nobody waits for the answer.
            drop(sender.send(options::open(&path, options::Mode::Existing)));
        });
        let (db, options) =
            receiver
                .recv_timeout(limit)
                .map_err(|_| StoreError::OpenTimeout {
                    dir: dir.to_owned(),
                    limit,
                })??;
        let meta = Meta::read(|key| {
            db.get_cf(family(&db, meta::NAME), key)
                .map_err(rocks("read the format version"))
        })?;
        Ok(Self::new(db, options, meta))
    }

    fn new(db: DB, options: Options, meta: Meta) -> Self {
        Self {
            db,
            options,
            meta,
            keys_read: AtomicU64::new(0),
        }
    }

    /// Whose log this is.
    #[must_use]
    pub fn meta(&self) -> &Meta {
        &self.meta
    }

    /// How many keys were read since the store was opened.
    #[must_use]
    pub fn keys_read(&self) -> u64 {
        self.keys_read.load(Ordering::Relaxed)
    }

    /// How many times the write-ahead log was synced since the store was opened.
    #[must_use]
    pub fn wal_syncs(&self) -> u64 {
        self.options.get_ticker_count(Ticker::WalFileSynced)
    }

    /// All keys and values of the rules' state in key order, for `check`.
    ///
    /// # Errors
    ///
    /// Each item may be a [`StoreError::Rocks`].
    pub fn state_items(&self) -> impl Iterator<Item = Result<Item, StoreError>> {
        self.items(state::NAME)
    }

    /// All keys and values of the tiles in key order, for `check`.
    ///
    /// # Errors
    ///
    /// Each item may be a [`StoreError::Rocks`] or [`StoreError::Malformed`].
    pub fn tile_items(&self) -> impl Iterator<Item = Result<(TileId, Box<[u8]>), StoreError>> {
        self.items(tiles::NAME)
            .map(|item| item.and_then(|(key, hashes)| Ok((tiles::id(&key)?, hashes))))
    }

    /// The postings of a term from an index on, in order.
    ///
    /// # Errors
    ///
    /// Each item may be a [`StoreError::Rocks`] or [`StoreError::Malformed`].
    pub fn postings<'s>(
        &'s self,
        term: &[u8],
        from: LeafIndex,
    ) -> impl Iterator<Item = Result<Posting, StoreError>> + use<'s> {
        self.range(
            postings::NAME,
            &postings::key(term, from),
            postings::end(term),
        )
        .map(|item| item.and_then(|(key, value)| Posting::read(&key, &value)))
    }

    /// The indexes below `end` of the entries that concern a subject, in order.
    ///
    /// # Errors
    ///
    /// Each item may be a [`StoreError::Rocks`] or [`StoreError::Malformed`].
    pub fn subject_entries<'s>(
        &'s self,
        subject: &[u8],
        end: TreeSize,
    ) -> impl Iterator<Item = Result<LeafIndex, StoreError>> + use<'s> {
        let (first, end) = (LeafIndex::new(0), LeafIndex::new(end.get()));
        self.range(
            subjects::NAME,
            &subjects::key(subject, first),
            subjects::key(subject, end),
        )
        .map(|item| item.and_then(|(key, _)| subjects::index(&key)))
    }

    /// How far the index has come.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`] or [`StoreError::Malformed`].
    pub fn indexed(&self) -> Result<Indexed, StoreError> {
        let bytes = self.read(postings::NAME, &postings::INDEXED)?;
        bytes.map_or(Ok(Indexed::default()), |bytes| Indexed::decode(&bytes))
    }

    /// Adds to the index, without waiting: what is lost in a crash is derived again.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`].
    pub fn extend_index(&self, batch: &IndexBatch) -> Result<(), StoreError> {
        let mut write = WriteBatch::default();
        // RocksDB looks for the place of a key from that of the key before it.
        let mut items: Vec<_> = batch.items().collect();
        items.sort_unstable();
        for (name, (key, value)) in items {
            write.put_cf(family(&self.db, name), key, value);
        }
        let family = family(&self.db, postings::NAME);
        write.put_cf(family, postings::INDEXED, batch.indexed.encode());
        self.db.write(write).map_err(rocks("write the index"))
    }

    /// Drops the index.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rocks`].
    pub fn drop_index(&self) -> Result<(), StoreError> {
        let mut write = WriteBatch::default();
        for name in [postings::NAME, subjects::NAME] {
            write.delete_range_cf(
                family(&self.db, name),
                [0].as_slice(),
                [0xff; 300].as_slice(),
            );
        }
        self.db.write(write).map_err(rocks("drop the index"))
    }

    /// What the index holds, without how far it has come, for `check`.
    ///
    /// # Errors
    ///
    /// Each item may be a [`StoreError::Rocks`].
    pub fn index_items(&self) -> impl Iterator<Item = Result<IndexItem, StoreError>> {
        [postings::NAME, subjects::NAME]
            .into_iter()
            .flat_map(|name| {
                self.items(name)
                    .map(move |item| item.map(|item| (name, item)))
            })
            .filter(|item| !matches!(item, Ok((_, (key, _))) if **key == postings::INDEXED))
    }

    /// Keys and values from one key up to, not including, another one, in order.
    fn range<'s>(
        &'s self,
        name: &'static str,
        from: &[u8],
        end: Vec<u8>,
    ) -> impl Iterator<Item = Result<Item, StoreError>> + use<'s> {
        let mut options = ReadOptions::default();
        options.set_iterate_upper_bound(end);
        let mode = IteratorMode::From(from, Direction::Forward);
        self.db
            .iterator_cf_opt(family(&self.db, name), options, mode)
            .inspect(|_| {
                self.keys_read.fetch_add(1, Ordering::Relaxed);
            })
            .map(|item| item.map_err(rocks("read")))
    }

    fn items(&self, name: &'static str) -> impl Iterator<Item = Result<Item, StoreError>> {
        self.db
            .iterator_cf(family(&self.db, name), IteratorMode::Start)
            .map(|item| item.map_err(rocks("read")))
    }

    fn read(&self, name: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.keys_read.fetch_add(1, Ordering::Relaxed);
        self.db
            .get_cf(family(&self.db, name), key)
            .map_err(rocks("read"))
    }
}

impl LogStore for Store {
    fn entry(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(entries::NAME, &entries::key(index))
    }

    fn entries(&self, first: TreeSize, end: TreeSize) -> Result<Vec<Vec<u8>>, StoreError> {
        let keys = [first, end].map(|size| entries::key(LeafIndex::new(size.get())));
        let mut entries = Vec::new();
        for item in self.range(entries::NAME, &keys[0], keys[1].to_vec()) {
            let (key, entry) = item?;
            let size = entries::size_after(&key)?.get();
            if size != first.get() + entries.len() as u64 + 1 {
                break;
            }
            entries.push(entry.into());
        }
        Ok(entries)
    }

    fn tile(&self, id: TileId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(tiles::NAME, &tiles::key(id))?
            .map(tiles::checked)
            .transpose()
    }

    fn state(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(state::NAME, key)
    }

    fn checkpoint(&self, kind: CheckpointKind) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(checkpoints::NAME, kind.key())
    }

    fn size(&self) -> Result<TreeSize, StoreError> {
        self.keys_read.fetch_add(1, Ordering::Relaxed);
        let last = self
            .db
            .iterator_cf(family(&self.db, entries::NAME), IteratorMode::End)
            .next()
            .transpose()
            .map_err(rocks("read"))?;
        last.map_or(Ok(TreeSize::new(0)), |(key, _)| entries::size_after(&key))
    }

    fn commit(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut write = WriteBatch::default();
        for (index, entry) in &batch.entries {
            write.put_cf(family(&self.db, entries::NAME), entries::key(*index), entry);
        }
        for (id, hashes) in &batch.tiles {
            write.put_cf(family(&self.db, tiles::NAME), tiles::key(*id), hashes);
        }
        for (key, value) in &batch.state {
            write.put_cf(family(&self.db, state::NAME), key, value);
        }
        self.db
            .write_opt(write, &options::synced())
            .map_err(rocks("commit"))
    }

    fn put_checkpoint(&self, kind: CheckpointKind, note: &[u8]) -> Result<(), StoreError> {
        self.db
            .put_cf(family(&self.db, checkpoints::NAME), kind.key(), note)
            .map_err(rocks("write the checkpoint"))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("path", &self.db.path())
            .field("meta", &self.meta)
            .finish_non_exhaustive()
    }
}

/// Whether `dir` exists and holds anything.
fn occupied(dir: &Path) -> Result<bool, StoreError> {
    match std::fs::read_dir(dir) {
        Ok(mut items) => Ok(items.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StoreError::Io {
            action: "read",
            path: dir.to_owned(),
            source,
        }),
    }
}

fn family<'db>(db: &'db DB, name: &'static str) -> &'db ColumnFamily {
    db.cf_handle(name).expect(
        "options::open opens every column family of options::FAMILIES, and nothing drops one",
    )
}

fn rocks(action: &'static str) -> impl Fn(rocksdb::Error) -> StoreError {
    move |source| StoreError::Rocks { action, source }
}

#[cfg(test)]
mod tests;
