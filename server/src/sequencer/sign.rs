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
    /// Takes a batch through *publish*. `answer` gets the answers in the order of the submissions; a record that is logged
    /// is covered by a signed and anchored checkpoint. Batches come in the order in which they were committed, none left
    /// out.
    ///
    /// The checkpoint is stored when everybody has been answered: the write may have to wait until the next batch is
    /// committed, and a store that lacks the newest checkpoint is as it may be after a crash.
    ///
    /// After an error the signer must not be used again.
    ///
    /// # Panics
    ///
    /// Never: every new place has its entry in the batch.
    pub(super) fn publish(
        &mut self,
        batch: Committed,
        answer: impl FnOnce(Vec<Result<Logged, Refusal>>),
    ) -> Result<(), Fatal> {
        let entries = self.sign(&batch)?;
        let signed = !entries.is_empty();
        let mut entries = entries.into_iter();
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
        answer(places.map(|place| place.map(&mut logged)).collect());
        if signed {
            let head = Arc::clone(&self.head.borrow());
            self.store
                .put_checkpoint(CheckpointKind::Signed, &head.note)?;
        }
        Ok(())
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
        let last = Arc::clone(&self.head.borrow());
        self.anchor.replace(&last.note, &note)?;
        self.head.send_replace(Arc::new(Head { checkpoint, note }));
        Ok(entries)
    }

    /// Reads the entries from the last checkpoint up to `size` back.
    fn read_back(&self, size: TreeSize) -> Result<Vec<Vec<u8>>, Fatal> {
        let signed = self.signed.size();
        let entries = self.store.entries(signed, size)?;
        let read = signed.get() + entries.len() as u64;
        if read == size.get() {
            Ok(entries)
        } else {
            let index = LeafIndex::new(read);
            Err(Fatal::EntryLost { index })
        }
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
