//! Verifying a log from its charter on: bytes in, verdict and changes out.
//!
//! In scope: the steps that every verifier takes, whatever it reads from and wherever it keeps its state. Out of
//! scope: reading entries and keeping state, which the programs do, and the quorum ([`crate::policy`]).
//!
//! 1. [`Checkpoint::open`] checks the checkpoint's signature under the pinned log key and origin.
//! 2. [`place_head`] compares it with the last head that this verifier accepted.
//! 3. [`check`] looks at each new entry on its own, on any core; [`Verifier::append`] then judges it in order.
//! 4. [`Verifier::finish`] compares the root over all leaves with the checkpoint's.
//! 5. [`crate::policy`] judges the quorum, [`Verifier::check_cosignature`] the times of the cosignatures.
//! 6. Only then may the program keep the new state and the new head.
//!
//! Source: `proto/spec/verify.md`.

use thiserror::Error;

use crate::checkpoint::Checkpoint;
use crate::cosignature::CosignatureTime;
use crate::entry::{Entry, genesis_hash};
use crate::error::DecodeError;
use crate::hash::{CharterDigest, LeafHash, LeafIndex, RecordDigest, RootHash, TreeSize};
use crate::note::VerifierKey;
use crate::pb;
use crate::record::{self, DecodedRecord, KnownKeys, LogId, VerifiedRecord};
use crate::refusal::{Reason, Refusal};
use crate::rules::{self, Head, Judge, Key, Placed, RuleError};
use crate::state::{MemoryState, StateError, StateMut};
use crate::tree::{RightEdge, leaf_hash};

/// What a verifier pins before it asks a server anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Origin and charter digest of the log.
    pub id: LogId,
    /// The log's key.
    pub log_key: VerifierKey,
}

/// Something false that the log's key or an entry stands for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Finding {
    /// The bytes of an entry or of its record are not canonical.
    #[error("entry {index}: bytes: {refusal}")]
    Bytes {
        /// Index at which the entry was served.
        index: LeafIndex,
        /// What is wrong.
        refusal: Refusal,
    },
    /// An entry states another index than its own.
    #[error("entry {index}: index: it states {found}")]
    Index {
        /// Index at which the entry was served.
        index: LeafIndex,
        /// Index that it states.
        found: LeafIndex,
    },
    /// An entry does not name the entry before it.
    #[error("entry {index}: previous: it names {found}, the entry before is {expected}")]
    Previous {
        /// Index of the entry.
        index: LeafIndex,
        /// Leaf hash of the entry before.
        expected: LeafHash,
        /// Leaf hash that it names.
        found: LeafHash,
    },
    /// Entry 0 is not the charter that was pinned.
    #[error("entry 0: charter: its digest is {found}, pinned is {pinned}")]
    Charter {
        /// The digest that was pinned.
        pinned: CharterDigest,
        /// The digest of the record found.
        found: RecordDigest,
    },
    /// A record's signature or key is not good.
    #[error("entry {index}: signature: {refusal}")]
    Signature {
        /// Index of the entry.
        index: LeafIndex,
        /// What is wrong.
        refusal: Refusal,
    },
    /// The rules do not allow a record at its place.
    #[error("entry {index}: rule: {refusal}")]
    Rule {
        /// Index of the entry.
        index: LeafIndex,
        /// The rule that it breaks.
        refusal: Refusal,
    },
    /// An entry says that it was accepted after a cosigner had signed a checkpoint over it.
    #[error(
        "entry {index}: time: accepted at {accepted_time} ms, but cosigned at {cosigned_time} s"
    )]
    AcceptedAhead {
        /// Index of the newest entry under the cosignature.
        index: LeafIndex,
        /// When the log says that it accepted the entry, Unix milliseconds.
        accepted_time: u64,
        /// Time of the cosignature, Unix seconds.
        cosigned_time: u64,
    },
    /// The log shows a history that does not continue the one it showed before.
    #[error("inconsistent: the history up to size {size} is not the one that was accepted before")]
    Inconsistent {
        /// A size at which the two histories differ.
        size: TreeSize,
    },
    /// The entries do not give the root that the checkpoint states.
    #[error("root: the checkpoint of size {size} states {stated}, the entries give {computed}")]
    Root {
        /// Size of the checkpoint.
        size: TreeSize,
        /// Root that it states.
        stated: RootHash,
        /// Root over the entries.
        computed: RootHash,
    },
}

impl Finding {
    /// One word for what is false.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Bytes { .. } => "bytes",
            Self::Index { .. } => "index",
            Self::Previous { .. } => "previous",
            Self::Charter { .. } => "charter",
            Self::Signature { .. } => "signature",
            Self::Rule { .. } => "rule",
            Self::AcceptedAhead { .. } => "time",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Root { .. } => "root",
        }
    }

    /// Index of the first false entry, where one entry is to blame.
    #[must_use]
    pub fn index(&self) -> Option<LeafIndex> {
        match self {
            Self::Bytes { index, .. }
            | Self::Index { index, .. }
            | Self::Previous { index, .. }
            | Self::Signature { index, .. }
            | Self::Rule { index, .. }
            | Self::AcceptedAhead { index, .. } => Some(*index),
            Self::Charter { .. } => Some(LeafIndex::new(0)),
            Self::Inconsistent { .. } | Self::Root { .. } => None,
        }
    }
}

/// A verifier cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StopError {
    /// Something is false.
    #[error(transparent)]
    False(#[from] Finding),
    /// An entry is of a kind or version that this software does not judge. Nothing false was seen.
    #[error("entry {index}: newer software is needed: {refusal}")]
    Newer {
        /// Index of the entry.
        index: LeafIndex,
        /// What is not supported.
        refusal: Refusal,
    },
    /// The verifier's own state failed. Nothing is said about the log.
    #[error(transparent)]
    State(#[from] StateError),
}

/// How a checkpoint relates to the last head that a verifier accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadPlace {
    /// It is larger: the entries from the accepted size on are to be verified.
    Newer,
    /// It has the accepted size and root.
    Same,
    /// It is smaller, and its root is our own at that size.
    Older,
}

/// Step 2: places a signed checkpoint against the accepted head of `size`. `own_root` gives the verifier's own root
/// at the checkpoint's size and is asked only when that is not larger.
///
/// # Errors
/// [`Finding::Inconsistent`] when the roots differ, [`Finding::Root`] at size 0; whatever `own_root` returns.
///
/// Source: `proto/spec/verify.md`, step 2.
pub fn place_head<E: From<Finding>>(
    checkpoint: &Checkpoint,
    size: TreeSize,
    own_root: impl FnOnce(TreeSize) -> Result<RootHash, E>,
) -> Result<HeadPlace, E> {
    if checkpoint.size > size {
        return Ok(HeadPlace::Newer);
    }
    let computed = own_root(checkpoint.size)?;
    if computed != checkpoint.root {
        return Err(other_root(checkpoint, computed).into());
    }
    Ok(if checkpoint.size == size {
        HeadPlace::Same
    } else {
        HeadPlace::Older
    })
}

/// No history stands behind size 0, so that nothing is inconsistent there.
fn other_root(checkpoint: &Checkpoint, computed: RootHash) -> Finding {
    let size = checkpoint.size;
    if size.get() > 0 {
        return Finding::Inconsistent { size };
    }
    Finding::Root {
        size,
        stated: checkpoint.root,
        computed,
    }
}

/// An entry that was looked at on its own.
#[derive(Clone, Debug)]
pub struct CheckedEntry {
    index: LeafIndex,
    leaf: LeafHash,
    looked: Result<Looked, Refusal>,
}

#[derive(Clone, Debug)]
struct Looked {
    place: Place,
    digest: RecordDigest,
    record: Result<VerifiedRecord, Refusal>,
}

/// What an entry states beside its record.
#[derive(Clone, Copy, Debug)]
struct Place {
    index: LeafIndex,
    previous: LeafHash,
    accepted_time: u64,
}

/// Step 3, first half: looks at one entry on its own: canonical bytes, leaf hash, signature. Needs no state, so
/// that many entries can be looked at at once. What it finds is told by [`Verifier::append`], in order. A key that is one
/// of `keys` is not parsed again.
///
/// Source: `proto/spec/verify.md`, step 3.
#[must_use]
pub fn check(id: &LogId, keys: &KnownKeys, index: LeafIndex, bytes: &[u8]) -> CheckedEntry {
    CheckedEntry {
        index,
        leaf: leaf_hash(bytes),
        looked: look(id, keys, bytes),
    }
}

fn look(id: &LogId, keys: &KnownKeys, bytes: &[u8]) -> Result<Looked, Refusal> {
    let entry = Entry::decode(bytes)?;
    let decoded = DecodedRecord::decode(&entry.signed_record.record)
        .map_err(|refusal| refusal.below("signed_record.record"))?;
    let digest = decoded.digest;
    let record = record::verify_signature(decoded, &entry.signed_record, id, keys)
        .map_err(|refusal| refusal.below("signed_record"));
    Ok(Looked {
        place: Place {
            index: entry.index,
            previous: entry.previous,
            accepted_time: entry.accepted_time,
        },
        digest,
        record,
    })
}

impl CheckedEntry {
    /// What is false about the entry whatever the entries before it are: its bytes, its index, its signature, or a
    /// charter other than the pinned one.
    ///
    /// # Errors
    /// The first [`Finding`] of these kinds, in the order of [`Verifier::append`].
    ///
    /// Source: `proto/spec/verify.md`, step 3.
    pub fn verify_alone(&self, charter: &CharterDigest) -> Result<(), Finding> {
        let index = self.index;
        let bytes = |refusal: &Refusal| Finding::Bytes {
            index,
            refusal: refusal.clone(),
        };
        let signature = |refusal: &Refusal| Finding::Signature {
            index,
            refusal: refusal.clone(),
        };
        let looked = self.looked.as_ref().map_err(bytes)?;
        check_index(index, looked.place)?;
        check_charter(index, charter, looked.digest)?;
        looked.record.as_ref().map_err(signature)?;
        Ok(())
    }
}

fn check_index(index: LeafIndex, place: Place) -> Result<(), Finding> {
    if place.index == index {
        return Ok(());
    }
    Err(Finding::Index {
        index,
        found: place.index,
    })
}

fn check_charter(
    index: LeafIndex,
    pinned: &CharterDigest,
    found: RecordDigest,
) -> Result<(), Finding> {
    if index.get() > 0 || found.as_bytes() == pinned.as_bytes() {
        return Ok(());
    }
    Err(Finding::Charter {
        pinned: *pinned,
        found,
    })
}

/// An entry that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedEntry {
    /// Its index.
    pub index: LeafIndex,
    /// When the log accepted it, Unix milliseconds, the operator's claim.
    pub accepted_time: u64,
    /// Its leaf hash.
    pub leaf: LeafHash,
    /// Digest of its record.
    pub digest: RecordDigest,
    /// Its record.
    pub record: pb::Record,
}

/// A verifier of one log: the state that the entries so far give, and the right edge of their tree.
#[derive(Clone, Debug)]
pub struct Verifier<S> {
    id: LogId,
    state: S,
    edge: RightEdge,
    previous: LeafHash,
    judge: Judge,
    /// Size of the head that was accepted when this verifier was resumed.
    accepted: TreeSize,
}

impl Verifier<MemoryState> {
    /// Starts before the charter, with empty state in memory.
    #[must_use]
    pub fn new(id: LogId) -> Self {
        let previous = genesis_hash(&id.origin);
        Self {
            id,
            state: MemoryState::default(),
            edge: RightEdge::new(),
            previous,
            judge: Judge::default(),
            accepted: TreeSize::new(0),
        }
    }
}

impl<S: StateMut> Verifier<S> {
    /// Goes on from state and right edge that this verifier left earlier, and the head accepted last, of size
    /// `accepted`, 0 for none.
    ///
    /// # Errors
    /// [`StateError`] when the state fails, is of another log, or does not have the size of the edge.
    pub fn resume(
        id: LogId,
        state: S,
        edge: RightEdge,
        accepted: TreeSize,
    ) -> Result<Self, StateError> {
        let head: Head = rules::load(&state, &Key::Head)?.unwrap_or_default();
        let mismatch = |what: &str| StateError(format!("saved state is damaged: {what}"));
        if head.size != edge.size().get() || accepted > edge.size() {
            return Err(mismatch("its sizes differ"));
        }
        if head.size == 0 {
            let previous = genesis_hash(&id.origin);
            return Ok(Self {
                id,
                state,
                edge,
                previous,
                judge: Judge::default(),
                accepted,
            });
        }
        if rules::charter_digest(&state)? != Some(id.charter) {
            return Err(mismatch("it is of another log"));
        }
        let previous = LeafHash::try_from(head.leaf.as_slice())
            .map_err(|error: DecodeError| mismatch(&error.to_string()))?;
        Ok(Self {
            id,
            state,
            edge,
            previous,
            judge: Judge::default(),
            accepted,
        })
    }

    /// Number of entries that hold so far.
    #[must_use]
    pub fn size(&self) -> TreeSize {
        self.edge.size()
    }

    /// The right edge of the tree over the entries so far.
    #[must_use]
    pub fn edge(&self) -> &RightEdge {
        &self.edge
    }

    /// The state that the entries so far give.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// Gives the state up, to be stored.
    #[must_use]
    pub fn into_state(self) -> S {
        self.state
    }

    /// The state, for a store that keeps what has changed. Only [`Self::append`] changes what the rules look up.
    pub fn state_mut(&mut self) -> &mut S {
        &mut self.state
    }

    /// Step 3, second half: judges the next entry. Order of the checks: bytes, index, previous, charter,
    /// signature, rules. After an error the verifier is as it was before.
    ///
    /// # Errors
    /// [`StopError`] with what is false, not supported, or failed.
    ///
    /// Source: `proto/spec/verify.md`, step 3.
    pub fn append(&mut self, checked: CheckedEntry) -> Result<VerifiedEntry, StopError> {
        let CheckedEntry {
            index,
            leaf,
            looked,
        } = checked;
        let Looked {
            place,
            digest,
            record,
        } = looked.map_err(|refusal| Finding::Bytes { index, refusal })?;
        self.check_place(index, place)?;
        check_charter(index, &self.id.charter, digest)?;
        let record = record.map_err(|refusal| Finding::Signature { index, refusal })?;
        let placed = Placed {
            index,
            accepted_time: place.accepted_time,
            leaf,
            record: &record,
        };
        let writes = self.judge.apply(&self.state, placed);
        let writes = writes.map_err(|error| blame(index, error))?;
        self.state.apply(&writes)?;
        self.edge.append(leaf);
        self.previous = leaf;
        Ok(VerifiedEntry {
            index,
            accepted_time: place.accepted_time,
            leaf,
            digest,
            record: record.record.message,
        })
    }

    fn check_place(&self, index: LeafIndex, place: Place) -> Result<(), Finding> {
        if index.get() != self.size().get() {
            return Err(Finding::Index {
                index: LeafIndex::new(self.size().get()),
                found: place.index,
            });
        }
        check_index(index, place)?;
        if place.previous == self.previous {
            return Ok(());
        }
        // The first entry after an accepted head shows whether the history before it is still the same.
        if self.size() == self.accepted && self.size().get() > 0 {
            return Err(Finding::Inconsistent {
                size: self.accepted,
            });
        }
        Err(Finding::Previous {
            index,
            expected: self.previous,
            found: place.previous,
        })
    }

    /// Step 4: compares the root over all entries so far with the checkpoint's, at the same size.
    ///
    /// # Errors
    /// [`Finding::Root`] when they differ.
    ///
    /// Source: `proto/spec/verify.md`, step 4.
    pub fn finish(&mut self, checkpoint: &Checkpoint) -> Result<(), Finding> {
        let computed = self.edge.root();
        if checkpoint.size != self.size() || checkpoint.root != computed {
            return Err(Finding::Root {
                size: checkpoint.size,
                stated: checkpoint.root,
                computed,
            });
        }
        self.accepted = checkpoint.size;
        Ok(())
    }

    /// Step 5: refuses entries that were accepted later than a cosignature over them was made, by more than the
    /// tolerance of the rules. Accepted times never decrease, so that the newest entry's tells.
    ///
    /// # Errors
    /// [`Finding::AcceptedAhead`], or [`StopError::State`] when the state fails.
    ///
    /// Source: `proto/spec/verify.md`, step 5.
    pub fn check_cosignature(&self, cosigned: CosignatureTime) -> Result<(), StopError> {
        let head: Head = rules::load(&self.state, &Key::Head)?.unwrap_or_default();
        let rules: pb::Rules = rules::load(&self.state, &Key::Rules)?.unwrap_or_default();
        let cosigned_ms = cosigned.seconds().saturating_mul(1_000);
        if head.accepted_time <= cosigned_ms.saturating_add(rules.clock_tolerance) {
            return Ok(());
        }
        Err(Finding::AcceptedAhead {
            index: LeafIndex::new(head.size.saturating_sub(1)),
            accepted_time: head.accepted_time,
            cosigned_time: cosigned.seconds(),
        }
        .into())
    }
}

fn blame(index: LeafIndex, error: RuleError) -> StopError {
    match error {
        RuleError::State(error) => error.into(),
        RuleError::Refused(refusal) if refusal.reason == Reason::NotSupported => {
            StopError::Newer { index, refusal }
        }
        RuleError::Refused(refusal) => Finding::Rule { index, refusal }.into(),
    }
}
