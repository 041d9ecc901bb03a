//! A mirror: a complete copy of a log of another operator, verified entry by entry, in this country's own store.
//!
//! In scope: copying and verifying. Out of scope: serving, which [`crate::server`] does for a mirror as for a log, up to
//! the newest head that the mirror accepted.
//!
//! A head is taken in these steps:
//!
//! 1. *judge*: the log's signature, the quorum of the pinned policy.
//! 2. *place*: a head that is not larger must have the root that the copy has at its size.
//! 3. *copy*, in runs: each entry is verified by the one rule set; then the tree so far must be consistent with the
//!    head, by a proof of the server's that is verified; only then is the run committed, in one synced write.
//! 4. *accept*: the root over all is the head's; the cosignatures are not older than the entries; then it is served.
//!
//! **Invariant:** every stored entry lies below a head that the log signed and that this mirror keeps. So the copy is
//! never ahead of what the log can be held to, and an interrupted one goes on where it stopped.
//!
//! **Invariant:** after something false nothing is copied any more. What was accepted is served on.
//!
//! Source: `proto/spec/verify.md`.

pub mod config;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rayon::prelude::*;
use tokio::sync::watch;
use trucelog_client::{
    Error as ClientError,
    entry_source::EntrySource,
    evidence::gather::{self, Found, Held, HeldHead, ShownEntry},
    exit::Exit,
    falsehood::False,
    fetch::RUN_LEN,
    not_enough::NotEnough,
    trust::Trust,
};
use trucelog_proto::{
    checkpoint::Checkpoint,
    error::{Error as ProtoError, VerifyError},
    hash::{LeafIndex, NodeHash, RootHash, TreeSize},
    policy::Verdict,
    proof::{self, ProveError},
    record::KnownKeys,
    state::Overlay,
    tile::{RightTiles, TileHashes},
    verify::{self, Finding, HeadPlace, StopError, Verifier, place_head},
};

use crate::{
    sequencer::{
        Head, StoredState,
        recover::{EntryProblem, RecoverError, rightmost_tiles},
    },
    store::{Batch, CheckpointKind, LogStore, StoreError, StoredTiles},
};

/// The most entries in one commit; fewer if they have [`RUN_LEN`] bytes.
const RUN: usize = 1024;

/// Why a mirror does not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MirrorError {
    /// Something false, not enough, or no answer.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored copy is not what was accepted.
    #[error(transparent)]
    Damaged(#[from] RecoverError),
}

impl MirrorError {
    /// The exit code of a mirror that ends with this error: 1 something false was seen, or the copy is not what was
    /// accepted.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Client(error) => error.exit().code(),
            Self::Store(_) | Self::Damaged(RecoverError::Store(_)) => Exit::NotChecked.code(),
            Self::Damaged(_) => Exit::False.code(),
        }
    }
}

impl MirrorError {
    /// The file of evidence, if something false was seen.
    #[must_use]
    pub fn evidence(&self) -> Option<&Path> {
        match self {
            Self::Client(ClientError::False(found)) => Some(&found.evidence),
            _ => None,
        }
    }

    /// Whether the entries do not give the tree that the head states, whatever they say themselves.
    fn is_inconsistency(&self) -> bool {
        matches!(
            self,
            Self::Client(ClientError::NotEnough(NotEnough::Consistency(_)))
        )
    }
}

impl From<NotEnough> for MirrorError {
    fn from(error: NotEnough) -> Self {
        Self::Client(error.into())
    }
}

/// Where the entries and proofs of the log come from.
pub trait Upstream {
    /// Entries in order.
    type Entries: EntrySource;

    /// Gives the entries from `start` up to, not including, `end`.
    fn entries(&self, start: LeafIndex, end: TreeSize) -> Self::Entries;

    /// Gives the proof that the tree of `new` continues that of `old`.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    fn consistency_proof(&self, old: TreeSize, new: TreeSize)
    -> Result<Vec<NodeHash>, ClientError>;
}

/// A verified copy of one log. It owns the right to write, and nothing else may write to its store.
#[derive(Debug)]
pub struct Mirror<S> {
    store: Arc<S>,
    trust: Trust,
    /// Where evidence goes.
    directory: PathBuf,
    /// The tree over all stored entries.
    tiles: RightTiles,
    keys: KnownKeys,
    accepted: watch::Sender<Option<Arc<Head>>>,
}

impl<S: LogStore> Mirror<S> {
    /// Opens the copy in `store` and compares it with the head that was accepted last. `directory` is where evidence
    /// goes.
    ///
    /// # Errors
    ///
    /// [`MirrorError::Damaged`] or [`MirrorError::Store`]; the copy must not be served.
    pub fn open(store: Arc<S>, trust: Trust, directory: PathBuf) -> Result<Self, MirrorError> {
        let tiles = rightmost_tiles(store.as_ref(), store.size()?)?;
        let note = store.checkpoint(CheckpointKind::Signed)?;
        let head = note.map(|note| stored_head(&trust, note)).transpose()?;
        let mirror = Self {
            store,
            trust,
            directory,
            tiles,
            keys: KnownKeys::default(),
            accepted: watch::Sender::new(None),
        };
        if let Some(head) = head {
            mirror.check_stored(&head.checkpoint)?;
            mirror.accepted.send_replace(Some(Arc::new(head)));
        }
        Ok(mirror)
    }

    /// The newest accepted head, and every newer one as it comes; none before the first.
    #[must_use]
    pub fn accepted(&self) -> watch::Receiver<Option<Arc<Head>>> {
        self.accepted.subscribe()
    }

    fn check_stored(&self, accepted: &Checkpoint) -> Result<(), MirrorError> {
        let stored = self.tiles.size();
        if stored < accepted.size {
            return Err(RecoverError::EntriesLost {
                stored,
                anchored: accepted.size,
            }
            .into());
        }
        let computed = self.root_at(accepted.size)?;
        if computed == accepted.root {
            return Ok(());
        }
        Err(RecoverError::RootDiffers {
            size: accepted.size,
            expected: accepted.root,
            computed,
        }
        .into())
    }

    fn root_at(&self, size: TreeSize) -> Result<RootHash, MirrorError> {
        if size == self.tiles.size() {
            return Ok(self.tiles.right_edge().root());
        }
        let tiles = StoredTiles(self.store.as_ref());
        let tiles = RightTiles::read(size, &tiles).map_err(RecoverError::from)?;
        Ok(tiles.right_edge().root())
    }

    /// Takes the head that the signed note `note` states. Tells whether it is newer than what was accepted before.
    ///
    /// # Errors
    ///
    /// [`MirrorError`]; after [`ClientError::False`], of which the evidence is kept, nothing may be taken any more.
    pub fn take<U: Upstream>(&mut self, note: &[u8], upstream: &U) -> Result<bool, MirrorError> {
        let ask = |start, end| Some(upstream.entries(start, end));
        let falsehood = match self.judge_and_copy(note, upstream) {
            Ok(newer) => return Ok(newer),
            Err(Stop::False(found)) => gather::keep(self, *found, note, ask)?,
            Err(Stop::Error(error)) if error.is_inconsistency() => {
                gather::keep_rewritten(self, note, ask)?.ok_or(error)?
            }
            Err(Stop::Error(error)) => return Err(error),
        };
        Err(ClientError::from(Box::new(falsehood)).into())
    }

    fn judge_and_copy<U: Upstream>(&mut self, note: &[u8], upstream: &U) -> Result<bool, Stop> {
        let verdict = self.judge(note)?;
        let head = verdict.checkpoint.checkpoint();
        let place = place_head(head, self.tiles.size(), |size| {
            self.root_at(size).map_err(Stop::Error)
        })?;
        let accepted = self
            .accepted
            .borrow()
            .as_ref()
            .map(|head| head.checkpoint.size);
        if place == HeadPlace::Older || accepted == Some(head.size) {
            return Ok(false);
        }
        if place == HeadPlace::Newer {
            self.copy(head, note, upstream)?;
        }
        self.accept(&verdict, note)?;
        Ok(true)
    }

    /// Step 1.
    fn judge(&self, note: &[u8]) -> Result<Verdict, Stop> {
        let verdict = self
            .trust
            .policy
            .evaluate(note)
            .map_err(|error| match error {
                ProtoError::Verify(VerifyError::NoKnownSignature { .. }) => {
                    Stop::from(MirrorError::from(NotEnough::UnknownKey))
                }
                ProtoError::Verify(error) => False::from(error).into(),
                error => MirrorError::from(ClientError::no_checkpoint(error)).into(),
            })?;
        match &verdict.quorum {
            Ok(()) => Ok(verdict),
            Err(error) => Err(MirrorError::from(NotEnough::Quorum(error.clone())).into()),
        }
    }

    /// Step 3, all runs.
    fn copy<U: Upstream>(
        &mut self,
        head: &Checkpoint,
        note: &[u8],
        upstream: &U,
    ) -> Result<(), Stop> {
        let start = LeafIndex::new(self.tiles.size().get());
        let mut source = upstream.entries(start, head.size);
        let mut run = Vec::new();
        while self.tiles.size() < head.size {
            let rest = usize::try_from(head.size.get() - self.tiles.size().get());
            let wanted = rest.unwrap_or(usize::MAX).min(RUN);
            while run.len() < wanted && run.iter().map(Vec::len).sum::<usize>() < RUN_LEN {
                run.extend(source.next().map_err(MirrorError::from)?);
            }
            let later = run.split_off(wanted.min(run.len()));
            let entries = std::mem::replace(&mut run, later);
            let (batch, tiles) = self.verify_run(entries, head, upstream)?;
            self.commit(&batch, tiles, note)?;
        }
        Ok(())
    }

    /// Verifies the next entries, and gives what is to be stored and the tree with them.
    fn verify_run<U: Upstream>(
        &self,
        entries: Vec<Vec<u8>>,
        head: &Checkpoint,
        upstream: &U,
    ) -> Result<(Batch, RightTiles), Stop> {
        let start = self.tiles.size().get();
        let entries: Vec<_> = (start..).map(LeafIndex::new).zip(entries).collect();
        let checked: Vec<_> = entries
            .par_iter()
            .map(|(index, bytes)| verify::check(&self.trust.id, &self.keys, *index, bytes))
            .collect();
        let (mut verifier, mut tiles) = (self.verifier()?, self.tiles.clone());
        for (position, checked) in checked.into_iter().enumerate() {
            let entry = verifier.append(checked);
            let entry = entry.map_err(|error| Stop::of(error).with_entry(&entries, position))?;
            tiles.append(entry.leaf);
        }
        check_tree(&tiles, head, upstream)?;
        let writes = verifier.into_state().into_writes();
        let batch = Batch {
            entries,
            tiles: tiles.take_changed(),
            state: writes
                .iter()
                .map(|(key, value)| (key.to_vec(), value.to_vec()))
                .collect(),
        };
        Ok((batch, tiles))
    }

    /// Stores entries below the head that `note` states. The note comes first: the synced write makes it durable, too.
    fn commit(&mut self, batch: &Batch, tiles: RightTiles, note: &[u8]) -> Result<(), MirrorError> {
        self.store.put_checkpoint(CheckpointKind::Upstream, note)?;
        self.store.commit(batch)?;
        self.tiles = tiles;
        Ok(())
    }

    /// A verifier that goes on after the stored entries.
    fn verifier(&self) -> Result<Verifier<Overlay<StoredState<S>>>, MirrorError> {
        let state = Overlay::new(StoredState(Arc::clone(&self.store)));
        let (id, edge) = (self.trust.id.clone(), self.tiles.right_edge());
        Verifier::resume(id, state, edge, self.tiles.size())
            .map_err(|error| ClientError::from(error).into())
    }

    /// Step 4.
    fn accept(&self, verdict: &Verdict, note: &[u8]) -> Result<(), Stop> {
        let head = verdict.checkpoint.checkpoint();
        let verifier = self.verifier()?;
        for cosigner in &verdict.cosigners {
            let timely = verifier.check_cosignature(cosigner.time);
            timely.map_err(Stop::of)?;
        }
        self.store
            .put_checkpoint(CheckpointKind::Signed, note)
            .map_err(MirrorError::Store)?;
        self.accepted.send_replace(Some(Arc::new(Head {
            checkpoint: head.clone(),
            note: note.to_vec(),
        })));
        Ok(())
    }
}

impl<S: LogStore> Held for Mirror<S> {
    type Error = MirrorError;

    fn trust(&self) -> &Trust {
        &self.trust
    }

    fn directory(&self) -> &Path {
        &self.directory
    }

    /// The head that covers what is stored; it is newer than the accepted one while a copy is under way.
    fn head_beside(&self, served: &[u8]) -> Result<Option<HeldHead>, MirrorError> {
        let kept = self.store.checkpoint(CheckpointKind::Upstream)?;
        let accepted = self.store.checkpoint(CheckpointKind::Signed)?;
        let note = kept.filter(|kept| kept != served).or(accepted);
        let head = note
            .map(|note| stored_head(&self.trust, note))
            .transpose()?;
        Ok(head.map(|head| HeldHead {
            size: head.checkpoint.size,
            note: head.note,
        }))
    }

    fn size(&self) -> TreeSize {
        self.tiles.size()
    }

    fn entry(&self, index: LeafIndex) -> Result<Vec<u8>, MirrorError> {
        let entry = self.store.entry(index)?;
        let problem = EntryProblem::Missing;
        entry.ok_or_else(|| RecoverError::Entry { index, problem }.into())
    }

    fn prove(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(Vec<u8>, Vec<NodeHash>), MirrorError> {
        let hashes = TileHashes::new(StoredTiles(self.store.as_ref()));
        let proof = proof::prove_inclusion(index, size, &hashes).map_err(|error| match error {
            ProveError::Read(error) => MirrorError::Damaged(error.into()),
            error => ClientError::NotFound(error.to_string()).into(),
        })?;
        Ok((self.entry(index)?, proof))
    }
}

/// Why a head is not taken, before evidence is kept.
enum Stop {
    False(Box<Found>),
    Error(MirrorError),
}

impl Stop {
    fn of(error: StopError) -> Self {
        match error {
            StopError::False(finding) => finding.into(),
            StopError::Newer { index, refusal } => {
                Self::Error(NotEnough::Newer { index, refusal }.into())
            }
            StopError::State(error) => Self::Error(ClientError::from(error).into()),
            _ => Self::Error(ClientError::Answer("it holds an entry that cannot be judged").into()),
        }
    }

    /// Blames the entry at `position` of a run.
    fn with_entry(self, run: &[ShownEntry], position: usize) -> Self {
        match self {
            Self::False(mut found) => {
                found.entry = run.get(position).cloned();
                found.before = position.checked_sub(1).map(|before| run[before].clone());
                Self::False(found)
            }
            Self::Error(error) => error.into(),
        }
    }
}

impl From<False> for Stop {
    fn from(what: False) -> Self {
        Self::False(Box::new(Found::new(what)))
    }
}

impl From<Finding> for Stop {
    fn from(finding: Finding) -> Self {
        False::from(finding).into()
    }
}

impl From<MirrorError> for Stop {
    fn from(error: MirrorError) -> Self {
        Self::Error(error)
    }
}

/// Compares the tree so far with the head: its root at the head's size, a proof before.
fn check_tree<U: Upstream>(
    tiles: &RightTiles,
    head: &Checkpoint,
    upstream: &U,
) -> Result<(), Stop> {
    let (size, root) = (tiles.size(), tiles.right_edge().root());
    if size == head.size {
        if root == head.root {
            return Ok(());
        }
        return Err(Finding::Root {
            size,
            stated: head.root,
            computed: root,
        }
        .into());
    }
    let hashes = upstream
        .consistency_proof(size, head.size)
        .map_err(MirrorError::from)?;
    proof::verify_consistency(size, &root, head.size, &head.root, &hashes)
        .map_err(|error| MirrorError::from(NotEnough::Consistency(error)).into())
}

fn stored_head(trust: &Trust, note: Vec<u8>) -> Result<Head, RecoverError> {
    let opened = Checkpoint::open(&note, trust.policy.log_key(), trust.policy.origin());
    let opened = opened.map_err(|error| RecoverError::Checkpoint {
        holder: "store",
        origin: trust.policy.origin().to_string(),
        error: Box::new(error),
    })?;
    Ok(Head {
        checkpoint: opened.checkpoint().clone(),
        note,
    })
}
