//! Reads what the verifier has verified, from disk, and nothing else: no network, no server's word.

use std::path::{Path, PathBuf};

use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::entry::Entry;
use trucelog_proto::hash::{LeafHash, LeafIndex, NodeHash, RecordDigest, RootHash, TreeSize};
use trucelog_proto::pb;
use trucelog_proto::record::DecodedRecord;
use trucelog_proto::rules::{self, Key, RecordState};
use trucelog_proto::state::MemoryState;
use trucelog_proto::tree::leaf_hash;

use crate::not_enough::NotEnough;
use crate::store::{Bundles, Extent, StoredTree, bundle_count, checkpoint_path, read_saved};
use crate::trust::Trust;
use crate::{Error, durable};

/// The verified log in a state directory, at the size that was accepted when it was opened.
#[derive(Clone, Debug)]
pub struct LocalLog {
    directory: PathBuf,
    bundles: Bundles,
    checkpoint: Checkpoint,
    note: Vec<u8>,
}

/// A verified entry with its record decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct LocalEntry {
    /// Its leaf hash.
    pub leaf: LeafHash,
    /// The entry.
    pub entry: Entry,
    /// The record in it.
    pub record: pb::Record,
    /// Digest of the record.
    pub digest: RecordDigest,
    /// The entry's bytes.
    pub bytes: Vec<u8>,
}

impl LocalLog {
    /// Opens the verified log in `directory`.
    ///
    /// # Errors
    /// [`NotEnough::NothingVerified`]; [`Error::Damaged`] when the accepted checkpoint is not by the pinned key;
    /// [`Error::Io`].
    pub fn open(directory: &Path, trust: &Trust) -> Result<Self, Error> {
        let path = checkpoint_path(directory);
        let Some(note) = durable::read_if_present(&path)? else {
            return Err(NotEnough::NothingVerified(directory.to_owned()).into());
        };
        let opened = Checkpoint::open(&note, trust.policy.log_key(), trust.policy.origin());
        let opened = opened.map_err(|error| Error::Damaged {
            path,
            problem: error.to_string(),
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            bundles: Bundles::new(directory),
            checkpoint: opened.checkpoint().clone(),
            note,
        })
    }

    /// The directory.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Number of verified entries.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.checkpoint.size
    }

    /// Root over the verified entries.
    #[must_use]
    pub fn root(&self) -> RootHash {
        self.checkpoint.root
    }

    /// The accepted checkpoint's note.
    #[must_use]
    pub fn note(&self) -> &[u8] {
        &self.note
    }

    /// The size to answer at: `asked`, or all that is verified.
    ///
    /// # Errors
    /// [`NotEnough::Size`] when less is verified.
    pub fn as_of(&self, asked: Option<u64>) -> Result<TreeSize, Error> {
        match asked {
            None => Ok(self.size()),
            Some(asked) if asked <= self.size().get() => Ok(TreeSize::new(asked)),
            Some(asked) => Err(NotEnough::Size {
                asked,
                verified: self.size(),
            }
            .into()),
        }
    }

    /// Reads one entry.
    ///
    /// # Errors
    /// [`Error::NotFound`] when `index` is beyond what is verified; [`Error::Damaged`]; [`Error::Io`].
    pub fn entry(&self, index: LeafIndex) -> Result<LocalEntry, Error> {
        self.decode(self.bundles.entry(index, self.size())?)
    }

    /// Reads the bytes of one entry and builds its inclusion proof under the accepted checkpoint. Reads and hashes the
    /// whole log.
    ///
    /// # Errors
    /// As [`Self::entry`].
    pub fn prove(&self, index: LeafIndex) -> Result<(Vec<u8>, Vec<NodeHash>), Error> {
        self.bundles.prove(index, self.size())
    }

    /// Builds the inclusion proofs of many entries under the accepted checkpoint. Reads and hashes the whole log, once.
    ///
    /// # Errors
    /// [`Error::Damaged`]; [`Error::Io`].
    pub fn prove_all(&self, indexes: &[LeafIndex]) -> Result<Vec<Vec<NodeHash>>, Error> {
        let tree = StoredTree::read(&self.bundles, self.size())?;
        indexes.iter().map(|index| tree.prove(*index)).collect()
    }

    /// Finds the entry that holds a record.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Damaged`]; [`Error::Io`].
    pub fn find(&self, digest: &RecordDigest) -> Result<LocalEntry, Error> {
        let record: Option<RecordState> =
            rules::load(&self.state()?, &Key::Record(digest.as_bytes()))?;
        let not_found = || Error::NotFound(format!("record {digest}"));
        self.entry(LeafIndex::new(record.ok_or_else(not_found)?.index))
    }

    /// The state that all verified entries give, which the rules look up.
    ///
    /// # Errors
    /// [`Error::Damaged`]; [`Error::Io`].
    pub fn state(&self) -> Result<MemoryState, Error> {
        Ok(read_saved(&self.directory, Extent::Accepted)?.state)
    }

    /// The bytes of the first `size` entries, in order.
    pub fn entries(&self, size: TreeSize) -> impl Iterator<Item = Result<Vec<u8>, Error>> {
        let bundles = (0..bundle_count(size)).map(move |bundle| self.bundles.read(bundle, size));
        bundles.flat_map(|bundle| match bundle {
            Ok(entries) => entries.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        })
    }

    /// Gives the first `size` entries to `each`, in order.
    ///
    /// # Errors
    /// [`Error::Damaged`]; [`Error::Io`]; whatever `each` returns.
    pub fn for_each(
        &self,
        size: TreeSize,
        mut each: impl FnMut(LocalEntry) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut rest = size.get();
        for bundle in 0..bundle_count(size) {
            for bytes in self.bundles.read(bundle, self.size())? {
                if rest == 0 {
                    return Ok(());
                }
                rest -= 1;
                each(self.decode(bytes)?)?;
            }
        }
        Ok(())
    }

    fn decode(&self, bytes: Vec<u8>) -> Result<LocalEntry, Error> {
        let damaged = |problem: &dyn std::fmt::Display| Error::Damaged {
            path: self.directory.join("tile/entries"),
            problem: problem.to_string(),
        };
        let entry = Entry::decode(&bytes).map_err(|error| damaged(&error))?;
        let record = DecodedRecord::decode(&entry.signed_record.record);
        let record = record.map_err(|error| damaged(&error))?;
        Ok(LocalEntry {
            leaf: leaf_hash(&bytes),
            entry,
            record: record.message,
            digest: record.digest,
            bytes,
        })
    }
}
