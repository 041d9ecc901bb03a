//! Step 6: what was committed is read back, signed, anchored and shown.

use std::sync::Arc;

use tokio::sync::watch;
use trucelog_proto::{
    checkpoint::{Checkpoint, Origin},
    hash::{LeafIndex, RootHash, TreeSize},
    note::SignerKeys,
    refusal::Refusal,
    tree::{RightEdge, leaf_hash},
};

use super::{
    Fatal,
    commit::{Committed, Place},
};
use crate::{
    anchor::CheckpointAnchor,
    store::{CheckpointKind, LogStore},
};

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

/// Signs batches. It owns the right to sign and to replace the anchor, whose lock it holds as long as it lives.
pub(super) struct Signer<S, A> {
    pub(super) origin: Origin,
    pub(super) keys: SignerKeys,
    pub(super) store: Arc<S>,
    pub(super) anchor: A,
    /// The tree up to the last signed checkpoint.
    pub(super) signed: RightEdge,
    pub(super) head: watch::Sender<Arc<Head>>,
}

impl<S: LogStore, A: CheckpointAnchor> Signer<S, A> {
    /// Takes a batch through *publish*. The answers are in the order of the submissions; a record that is logged is covered
    /// by a signed and anchored checkpoint. Batches come in the order in which they were committed, none left out.
    ///
    /// After an error the signer must not be used again.
    ///
    /// # Panics
    ///
    /// Never: every new place has its entry in the batch.
    pub(super) fn publish(
        &mut self,
        batch: Committed,
    ) -> Result<Vec<Result<Logged, Refusal>>, Fatal> {
        let mut entries = self.sign(&batch)?.into_iter();
        let mut logged = |place| match place {
            Place::Known(index) => Logged::Before(index),
            Place::New(index) => Logged::Now {
                index,
                accepted_time: batch.accepted_time,
                entry: entries
                    .next()
                    .expect("every new place has its entry in the batch"),
            },
        };
        let places = batch.places.into_iter();
        Ok(places.map(|place| place.map(&mut logged)).collect())
    }

    /// Signs the tree over what the store returns, makes the anchor hold it, and only then shows it to anybody. Gives the
    /// entries that this checkpoint is the first to cover; without any, nothing is signed.
    fn sign(&mut self, batch: &Committed) -> Result<Vec<Vec<u8>>, Fatal> {
        if batch.size == self.signed.size() {
            return Ok(Vec::new());
        }
        let entries = self.read_back(batch.size)?;
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            root: self.recompute_root(&entries, batch.root)?,
            size: self.signed.size(),
        };
        let note = checkpoint.sign(&self.keys);
        let last = self.head.borrow().note.clone();
        self.anchor.replace(&last, &note)?;
        self.store.put_checkpoint(CheckpointKind::Signed, &note)?;
        self.head.send_replace(Arc::new(Head { checkpoint, note }));
        Ok(entries)
    }

    /// Reads the entries from the last checkpoint up to `size` back.
    fn read_back(&self, size: TreeSize) -> Result<Vec<Vec<u8>>, Fatal> {
        let indexes = self.signed.size().get()..size.get();
        let entries = indexes.map(LeafIndex::new).map(|index| {
            let entry = self.store.entry(index)?;
            entry.ok_or(Fatal::EntryLost { index })
        });
        entries.collect()
    }

    /// Hashes what was read back onto the right edge of the last checkpoint, and compares with what was written.
    fn recompute_root(
        &mut self,
        entries: &[Vec<u8>],
        expected: RootHash,
    ) -> Result<RootHash, Fatal> {
        for entry in entries {
            self.signed.append(leaf_hash(entry));
        }
        let computed = self.signed.root();
        if computed == expected {
            Ok(computed)
        } else {
            Err(Fatal::RootDiffers { expected, computed })
        }
    }
}
