//! The verified entries on disk, as c2sp.org/tlog-tiles bundles.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use trucelog_proto::hash::{LeafIndex, NodeHash, TreeSize};
use trucelog_proto::proof;
use trucelog_proto::tile::{
    self, FULL_WIDTH, RightTiles, TileHashes, TileId, TilePath, TileReader,
};
use trucelog_proto::tree::leaf_hash;

use super::damaged;
use crate::{Error, durable};

const WIDTH: u64 = FULL_WIDTH as u64;

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

    /// Writes a bundle, unsynced.
    fn write(&self, bundle: u64, entries: &[Vec<u8>]) -> Result<(), Error> {
        let width = u16::try_from(entries.len()).expect("callers give at most 256 entries");
        let path = self.path(bundle, width);
        let bytes = tile::encode_bundle(entries).map_err(damaged(&path))?;
        let temporary = path.with_extension("new");
        durable::create_directory(path.parent().expect("a bundle lies in a directory"))?;
        fs::write(&temporary, bytes).map_err(Error::io(&temporary))?;
        fs::rename(&temporary, &path).map_err(Error::io(&path))
    }

    fn remove_narrower(&self, bundle: u64, width: usize) -> Result<(), Error> {
        let partial = self.path(bundle, 1);
        let directory = partial.parent().expect("a bundle lies in a directory");
        if !directory.try_exists().map_err(Error::io(directory))? {
            return Ok(());
        }
        (1..FULL_WIDTH)
            .take_while(|narrower| usize::from(*narrower) < width)
            .try_for_each(|narrower| durable::remove(&self.path(bundle, narrower)))
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
    /// The first bundle that was written since the last flush.
    unsynced: u64,
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
            unsynced: bundle,
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

    /// Writes the bundle that is not full yet, syncs all of them, and only then removes what was stored of them with
    /// fewer entries.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if !self.entries.is_empty() {
            self.bundles.write(self.bundle, &self.entries)?;
        }
        let directory = &self.bundles.directory;
        let file = fs::File::open(directory).map_err(Error::io(directory))?;
        rustix::fs::syncfs(&file).map_err(|error| Error::io(directory)(error.into()))?;
        for full in self.unsynced..self.bundle {
            self.bundles.remove_narrower(full, FULL_WIDTH.into())?;
        }
        self.unsynced = self.bundle;
        self.bundles
            .remove_narrower(self.bundle, self.entries.len())
    }
}

/// Index of the bundles that hold the first `size` entries, from 0 up to, not including, the result.
pub(crate) fn bundle_count(size: TreeSize) -> u64 {
    size.get().div_ceil(WIDTH)
}

/// Number of entries that bundle `bundle` has in a log of `size` entries.
fn width_in(bundle: u64, size: TreeSize) -> u16 {
    let rest = size.get().saturating_sub(bundle * WIDTH).min(WIDTH);
    u16::try_from(rest).expect("at most 256")
}
