//! The verifier's state on disk, one log per directory.
//!
//! ```text
//! DIR/policy               the pinned policy (crate::trust)
//! DIR/lock                 held by the process that verifies
//! DIR/snapshot             state, tree edge and accepted checkpoint after the last complete check
//! DIR/progress             state and tree edge of entries verified since, so that a check can go on
//! DIR/checkpoint           the accepted checkpoint, as c2sp.org/tlog-tiles names it
//! DIR/tile/entries/…       the verified entries, c2sp.org/tlog-tiles bundles
//! DIR/evidence/…           what was found false (crate::evidence)
//! ```
//!
//! **Invariant:** `snapshot` is written after its entries, `checkpoint` after `snapshot`. So every entry below the size
//! of `checkpoint` is in the bundles and was verified.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use trucelog_proto::error::DecodeError;
use trucelog_proto::hash::{LeafIndex, NodeHash, TreeSize, sha256};
use trucelog_proto::proof;
use trucelog_proto::state::MemoryState;
use trucelog_proto::tile::{
    self, FULL_WIDTH, RightTiles, TileHashes, TileId, TilePath, TileReader,
};
use trucelog_proto::tree::{RightEdge, leaf_hash};

use crate::{Error, durable, station};

const WIDTH: u64 = FULL_WIDTH as u64;
const MAGIC: &[u8] = b"trucelog/snapshot/v1\n";

/// Entries in bundles below a directory.
#[derive(Clone, Debug)]
pub struct Bundles {
    directory: PathBuf,
}

impl Bundles {
    /// The bundles of the log whose state is in `directory`.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    fn path(&self, bundle: u64, width: u16) -> PathBuf {
        let path = TilePath::Entries {
            index: bundle,
            width,
        };
        self.directory.join(path.to_string())
    }

    /// Reads the entries of bundle `bundle` in a log of `size` entries.
    ///
    /// # Errors
    /// [`Error::Damaged`] when they are not there; [`Error::Io`].
    pub fn read(&self, bundle: u64, size: TreeSize) -> Result<Vec<Vec<u8>>, Error> {
        let width = width_in(bundle, size);
        // The exact width is what the accepted check wrote. Another process may since have replaced it by a wider one.
        let widths = [width, FULL_WIDTH].into_iter().chain(width + 1..FULL_WIDTH);
        for candidate in widths {
            let path = self.path(bundle, candidate);
            let Some(bytes) = durable::read_if_present(&path)? else {
                continue;
            };
            let entries = tile::decode_bundle(&bytes, candidate).map_err(damaged(&path))?;
            let entries = entries.into_iter().take(width.into());
            return Ok(entries.map(<[u8]>::to_vec).collect());
        }
        Err(Error::Damaged {
            path: self.path(bundle, width),
            problem: "the bundle is missing".to_owned(),
        })
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// As [`Self::read`]; [`Error::NotFound`] when `index` is not below `size`.
    ///
    /// # Panics
    /// Never: a bundle that was read holds as many entries as `size` gives it.
    pub fn entry(&self, index: LeafIndex, size: TreeSize) -> Result<Vec<u8>, Error> {
        if index.get() >= size.get() {
            return Err(Error::NotFound(format!("entry {index} in a log of {size}")));
        }
        let entries = self.read(index.get() / WIDTH, size)?;
        let place = usize::try_from(index.get() % WIDTH).expect("less than 256");
        Ok(entries[place].clone())
    }

    /// Reads the entry at `index` and builds its inclusion proof in the tree of the first `size` entries. Reads and
    /// hashes all of them.
    ///
    /// # Errors
    /// As [`Self::entry`].
    pub fn prove(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(Vec<u8>, Vec<NodeHash>), Error> {
        Ok((
            self.entry(index, size)?,
            StoredTree::read(self, size)?.prove(index)?,
        ))
    }

    /// Writes a bundle, unsynced, and then removes what was stored of it with fewer entries.
    fn write(&self, bundle: u64, entries: &[Vec<u8>]) -> Result<(), Error> {
        let width = u16::try_from(entries.len()).expect("callers give at most 256 entries");
        let path = self.path(bundle, width);
        let bytes = tile::encode_bundle(entries).map_err(damaged(&path))?;
        let temporary = path.with_extension("new");
        durable::create_directory(path.parent().expect("a bundle lies in a directory"))?;
        fs::write(&temporary, bytes).map_err(Error::io(&temporary))?;
        fs::rename(&temporary, &path).map_err(Error::io(&path))?;
        (1..width).try_for_each(|narrower| durable::remove(&self.path(bundle, narrower)))
    }
}

/// The tree over stored entries, for proofs. Holds one hash for each 256 entries; lower ones are computed when needed.
pub(crate) struct StoredTree<'a> {
    bundles: &'a Bundles,
    size: TreeSize,
    /// The tiles above level 0.
    tiles: BTreeMap<TileId, Vec<u8>>,
}

impl<'a> StoredTree<'a> {
    /// Reads and hashes the first `size` entries.
    ///
    /// # Errors
    /// As [`Bundles::read`].
    pub(crate) fn read(bundles: &'a Bundles, size: TreeSize) -> Result<Self, Error> {
        let mut right = RightTiles::new();
        let mut tiles = BTreeMap::new();
        for bundle in 0..bundle_count(size) {
            for entry in bundles.read(bundle, size)? {
                right.append(leaf_hash(&entry));
            }
            let changed = right.take_changed().into_iter();
            tiles.extend(changed.filter(|(id, _)| id.level() > 0));
        }
        Ok(Self {
            bundles,
            size,
            tiles,
        })
    }

    /// Builds the inclusion proof of the entry at `index`.
    ///
    /// # Errors
    /// As [`Bundles::read`].
    pub(crate) fn prove(&self, index: LeafIndex) -> Result<Vec<NodeHash>, Error> {
        proof::prove_inclusion(index, self.size, &TileHashes::new(self)).map_err(|error| {
            Error::Damaged {
                path: self.bundles.directory.join("tile/entries"),
                problem: error.to_string(),
            }
        })
    }
}

impl TileReader for StoredTree<'_> {
    type Error = Error;

    fn tile(&self, id: TileId, _: u16) -> Result<Vec<u8>, Error> {
        if let Some(tile) = self.tiles.get(&id) {
            return Ok(tile.clone());
        }
        let entries = self.bundles.read(id.index(), self.size)?;
        let leaves: Vec<NodeHash> = entries
            .iter()
            .map(|entry| leaf_hash(entry).into())
            .collect();
        Ok(tile::encode_tile(&leaves))
    }
}

/// Appends verified entries to bundles.
#[derive(Debug)]
pub(crate) struct BundleWriter {
    bundles: Bundles,
    /// The bundle that is being filled.
    bundle: u64,
    entries: Vec<Vec<u8>>,
}

impl BundleWriter {
    /// Goes on after the first `size` entries, which are stored.
    pub(crate) fn resume(bundles: Bundles, size: TreeSize) -> Result<Self, Error> {
        let bundle = size.get() / WIDTH;
        let entries = if width_in(bundle, size) == 0 {
            Vec::new()
        } else {
            bundles.read(bundle, size)?
        };
        Ok(Self {
            bundles,
            bundle,
            entries,
        })
    }

    pub(crate) fn push(&mut self, entry: Vec<u8>) -> Result<(), Error> {
        self.entries.push(entry);
        if self.entries.len() == usize::from(FULL_WIDTH) {
            self.bundles.write(self.bundle, &self.entries)?;
            self.entries.clear();
            self.bundle += 1;
        }
        Ok(())
    }

    /// Writes the bundle that is not full yet, and syncs all of them.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if !self.entries.is_empty() {
            self.bundles.write(self.bundle, &self.entries)?;
        }
        let directory = &self.bundles.directory;
        let file = fs::File::open(directory).map_err(Error::io(directory))?;
        rustix::fs::syncfs(&file).map_err(|error| Error::io(directory)(error.into()))
    }
}

/// Number of entries that bundle `bundle` has in a log of `size` entries.
fn width_in(bundle: u64, size: TreeSize) -> u16 {
    let rest = size.get().saturating_sub(bundle * WIDTH).min(WIDTH);
    u16::try_from(rest).expect("at most 256")
}

/// What a check leaves behind for the next one.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// Note of the accepted checkpoint; empty before the first one.
    pub note: Vec<u8>,
    /// Right edge of the tree over the verified entries.
    pub edge: RightEdge,
    /// State that the verified entries give.
    pub state: MemoryState,
}

impl Snapshot {
    /// Writes a snapshot. The header has a digest of its own, as the state has.
    fn write(path: &Path, note: &[u8], edge: &RightEdge, state: &MemoryState) -> Result<(), Error> {
        let edge = edge.encode();
        let len = |part: &[u8]| {
            u32::try_from(part.len())
                .expect("notes and edges are short")
                .to_be_bytes()
        };
        let header = [MAGIC, &len(note), note, &len(&edge), &edge].concat();
        durable::replace_parts(path, &[&header, &sha256(&[&header]), &state.save()])
    }

    fn read(path: &Path) -> Result<Option<Self>, Error> {
        let Some(bytes) = durable::read_if_present(path)? else {
            return Ok(None);
        };
        let (note, edge, state) = split(&bytes).ok_or_else(|| Error::Damaged {
            path: path.to_owned(),
            problem: "its digest does not fit".to_owned(),
        })?;
        Ok(Some(Self {
            note: note.to_vec(),
            edge: RightEdge::decode(edge).map_err(damaged(path))?,
            state: MemoryState::load(state).map_err(damaged(path))?,
        }))
    }
}

/// Note, edge and state of a snapshot whose header is whole.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (note, rest) = split_part(rest)?;
    let (edge, rest) = split_part(rest)?;
    let header = &bytes[..bytes.len() - rest.len()];
    let (digest, state) = rest.split_first_chunk::<32>()?;
    (sha256(&[header]) == *digest).then_some((note, edge, state))
}

fn split_part(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
}

fn damaged(path: &Path) -> impl Fn(DecodeError) -> Error {
    let path = path.to_owned();
    move |error| Error::Damaged {
        path: path.clone(),
        problem: error.to_string(),
    }
}

/// The state directory, held by one process at a time.
#[derive(Debug)]
pub struct Store {
    directory: PathBuf,
    _lock: fs::File,
}

impl Store {
    /// Opens the state directory, and creates it when it is not there.
    ///
    /// # Errors
    /// [`Error::Locked`]; [`Error::Io`].
    pub fn open(directory: &Path) -> Result<Self, Error> {
        durable::create_directory(directory)?;
        Ok(Self {
            directory: directory.to_owned(),
            _lock: station::lock(&directory.join("lock"))?,
        })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The verified entries.
    #[must_use]
    pub fn bundles(&self) -> Bundles {
        Bundles::new(&self.directory)
    }

    /// What the last complete check left; empty before the first one.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, Error> {
        read_snapshot(&self.directory)
    }

    /// What an interrupted check left.
    pub(crate) fn progress(&self) -> Result<Option<Snapshot>, Error> {
        Snapshot::read(&self.directory.join("progress"))
    }

    pub(crate) fn save_progress(
        &self,
        note: &[u8],
        edge: &RightEdge,
        state: &MemoryState,
    ) -> Result<(), Error> {
        Snapshot::write(&self.directory.join("progress"), note, edge, state)
    }

    pub(crate) fn discard_progress(&self) -> Result<(), Error> {
        durable::remove(&self.directory.join("progress"))
    }

    /// Accepts a checkpoint, after its entries have been flushed.
    pub(crate) fn accept(
        &self,
        note: &[u8],
        edge: &RightEdge,
        state: &MemoryState,
    ) -> Result<(), Error> {
        Snapshot::write(&self.directory.join("snapshot"), note, edge, state)?;
        durable::replace(&checkpoint_path(&self.directory), note)?;
        self.discard_progress()
    }
}

/// What the last complete check in `directory` left; empty before the first one.
pub(crate) fn read_snapshot(directory: &Path) -> Result<Snapshot, Error> {
    Ok(Snapshot::read(&directory.join("snapshot"))?.unwrap_or_default())
}

/// The accepted checkpoint of a state directory.
pub(crate) fn checkpoint_path(directory: &Path) -> PathBuf {
    directory.join("checkpoint")
}

/// Index of the bundles that hold the first `size` entries, from 0 up to, not including, the result.
pub(crate) fn bundle_count(size: TreeSize) -> u64 {
    size.get().div_ceil(WIDTH)
}
