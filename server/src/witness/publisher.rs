//! What is offered, what was cosigned, what is published, and whether the log may sign.
//!
//! Everything that a cosigner says comes in through [`Publisher::add`], whether it dialled in or was asked.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use trucelog_proto::{
    checkpoint::{Checkpoint, Origin},
    error::{DecodeError, Error, VerifyError},
    hash::TreeSize,
    note::{Note, NoteSignature, VerifiedSignature, VerifierKey},
};

use super::{policies::Policies, round::Round};
use crate::{
    reader::{ReadError, Reader},
    sequencer::{Head, Hold, Identity},
    store::{CheckpointKind, LogStore, StoreError},
};

/// Why cosignatures were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddError {
    /// The bytes are not a note.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
    /// The text is not that of the candidate.
    #[error("the checkpoint is not the one that is offered now, which has size {candidate}")]
    NotTheCandidate {
        /// The candidate's size.
        candidate: TreeSize,
    },
    /// No line names a key of the policies.
    #[error("no line is by one of the {known} keys in the log's policies")]
    UnknownCosigner {
        /// The number of keys.
        known: usize,
    },
    /// A line names a key of the policies and does not verify.
    #[error(transparent)]
    False(VerifyError),
    /// The log's key has signed another history than the store holds.
    #[error(
        "there is a checkpoint of size {size} with this log's signature, which the stored log of size {stored} does not continue: nothing more is signed"
    )]
    OtherHistory {
        /// The size of the checkpoint that was handed in.
        size: TreeSize,
        /// The size of the newest checkpoint that this server has signed.
        stored: TreeSize,
    },
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The cosignatures could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// The witnesses whose lines hold, by their names in the policies.
    pub stored: Vec<String>,
    /// Whether the checkpoint is at quorum.
    pub witnessed: bool,
}

/// The shared state of everything that has to do with witnesses.
#[derive(Debug)]
pub struct Publisher<S> {
    shared: Arc<Shared<S>>,
}

impl<S> Clone for Publisher<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

#[derive(Debug)]
struct Shared<S> {
    policies: Policies,
    origin: Origin,
    key: VerifierKey,
    store: Arc<S>,
    reader: Reader<S>,
    candidate: watch::Sender<Arc<Head>>,
    witnessed: watch::Sender<Option<Arc<Head>>>,
    /// Sent to after every answer of a cosigner that was taken.
    progress: watch::Sender<()>,
    // Held for a few writes to memory and one unsynced write to the store, never across a wait.
    desk: Mutex<Desk>,
}

/// What changes.
#[derive(Debug)]
struct Desk {
    current: Round,
    /// The newest round at quorum before `current`.
    published: Option<Round>,
    confirmation: Confirmation,
}

/// Which witnesses have confirmed the checkpoint that the log starts from.
#[derive(Debug)]
struct Confirmation {
    hold: Hold,
    /// Still waiting, for cosignatures that are not older than this, Unix seconds.
    since: Option<u64>,
    answered: BTreeSet<String>,
    /// URLs that have not been asked yet: any of them may know more than those that have answered.
    unasked: usize,
}

impl<S: LogStore> Publisher<S> {
    /// Starts from the anchored head of a log whose sequencer is held. `since` is the time now, Unix seconds:
    /// cosignatures made before it confirm nothing, because anybody may hand in an old one again.
    ///
    /// 1. If the store keeps a checkpoint of this log's key that it does not continue, signing is forbidden.
    /// 2. The newest head at quorum is published again, if it still is under these policies.
    /// 3. The anchored head is the first candidate.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the store cannot be read.
    pub fn start(
        policies: Policies,
        identity: &Identity,
        store: Arc<S>,
        reader: Reader<S>,
        hold: Hold,
        since: u64,
    ) -> Result<Self, ReadError> {
        let anchored = reader.head();
        let mut current = Round::open(&anchored.note, &policies).map_err(damaged)?;
        let mut last = witnessed_before(&policies, store.as_ref(), &reader)?;
        if let Some(same) = last.take_if(|round| round.text() == current.text()) {
            current = same;
        } else if let Some(note) = store.checkpoint(CheckpointKind::Candidate)? {
            let stored = Round::open(&note, &policies).map_err(damaged)?;
            if stored.text() == current.text() {
                current = stored;
            }
        }
        let unasked = policies.targets().len();
        let publisher = Self {
            shared: Arc::new(Shared {
                policies,
                origin: identity.log.origin.clone(),
                key: identity.verifier_key(),
                store,
                reader,
                candidate: watch::Sender::new(Arc::clone(current.head())),
                witnessed: watch::Sender::new(None),
                progress: watch::Sender::new(()),
                desk: Mutex::new(Desk {
                    current,
                    published: last,
                    confirmation: Confirmation {
                        hold,
                        since: Some(since),
                        answered: BTreeSet::new(),
                        unasked,
                    },
                }),
            }),
        };
        publisher.begin()?;
        Ok(publisher)
    }

    /// Looks for a reason to refuse, then for one to begin without waiting: a policy without quorum.
    fn begin(&self) -> Result<(), ReadError> {
        let shared = &self.shared;
        for kind in [CheckpointKind::Other, CheckpointKind::Witnessed] {
            let note = shared.store.checkpoint(kind)?;
            let Some(other) = note.and_then(|note| self.signed_by_us(&note)) else {
                continue;
            };
            if !shared.reader.continues(&other)? {
                let stored = shared.reader.size();
                self.forbid(&other_history(&other, stored).to_string());
            }
        }
        let mut desk = self.desk();
        self.settle(&mut desk)?;
        self.lift_when_confirmed(&mut desk);
        Ok(())
    }

    /// The policies.
    #[must_use]
    pub fn policies(&self) -> &Policies {
        &self.shared.policies
    }

    /// The view of the log that the candidates come from.
    #[must_use]
    pub fn reader(&self) -> &Reader<S> {
        &self.shared.reader
    }

    /// The head that is offered to cosigners, without cosignatures, and every one that is offered later.
    #[must_use]
    pub fn candidates(&self) -> watch::Receiver<Arc<Head>> {
        self.shared.candidate.subscribe()
    }

    /// The newest head at quorum, if there is one, and every newer one.
    #[must_use]
    pub fn witnessed(&self) -> watch::Receiver<Option<Arc<Head>>> {
        self.shared.witnessed.subscribe()
    }

    /// Takes the cosignatures in a note: the text of the candidate, or of the newest head at quorum, with lines.
    ///
    /// Any other checkpoint that carries this log's own signature must be one that the log continues. If it is not, it
    /// is kept, and the log signs nothing any more.
    ///
    /// # Errors
    ///
    /// [`AddError`]; after one nothing is stored but the proof in [`AddError::OtherHistory`].
    pub fn add(&self, note: &[u8]) -> Result<Added, AddError> {
        let note = Note::parse(note)?;
        let policies = &self.shared.policies;
        if self.desk().round(note.text()).is_none() {
            return Err(self.judge_other(&note));
        }
        let verified = note.verify(policies.keys()).map_err(|error| match error {
            VerifyError::NoKnownSignature { known } => AddError::UnknownCosigner { known },
            error => AddError::False(error),
        })?;
        let lines = note.signatures().iter();
        let lines: Vec<(usize, NoteSignature)> = lines
            .filter_map(|line| Some((policies.position(line)?, line.clone())))
            .collect();
        self.keep(note.text(), lines, &verified)
    }

    /// Stores verified lines and publishes what they bring to quorum.
    fn keep(
        &self,
        text: &str,
        lines: Vec<(usize, NoteSignature)>,
        verified: &[VerifiedSignature<'_>],
    ) -> Result<Added, AddError> {
        let mut desk = self.desk();
        let candidate = desk.current.head().checkpoint.size;
        // Another candidate may have come in the meantime.
        let round = desk
            .round(text)
            .ok_or(AddError::NotTheCandidate { candidate })?;
        let names: BTreeSet<&str> = lines
            .iter()
            .map(|(position, _)| self.shared.policies.name(*position))
            .collect();
        let stored = names.into_iter().map(str::to_owned).collect();
        let mut new = false;
        for (position, line) in lines {
            new |= round.add(position, line);
        }
        if new {
            self.settle(&mut desk)?;
        }
        if desk.current.text() == text {
            self.confirm(&mut desk, verified);
        }
        self.shared.progress.send_replace(());
        let witnessed = desk.round(text).is_some_and(|round| round.at_quorum);
        Ok(Added { stored, witnessed })
    }

    /// Persists the lines of the rounds and publishes the newest head at quorum.
    ///
    /// **Invariant:** nothing is published before the quorum of the policy was found in the very bytes that are served
    /// (I5), nor before they are persisted. The size of what is published never decreases.
    fn settle(&self, desk: &mut Desk) -> Result<(), StoreError> {
        let Shared {
            policies, store, ..
        } = self.shared.as_ref();
        let cosigned = desk.current.cosigned();
        if !is_at_quorum(policies, &cosigned.note) {
            store.put_checkpoint(CheckpointKind::Candidate, &cosigned.note)?;
            if let Some(published) = &desk.published {
                self.publish(published.cosigned())?;
            }
            return Ok(());
        }
        desk.current.at_quorum = true;
        self.publish(cosigned)
    }

    fn publish(&self, head: Head) -> Result<(), StoreError> {
        let Shared {
            policies,
            store,
            witnessed,
            ..
        } = self.shared.as_ref();
        let last = witnessed.borrow().clone();
        if last.as_deref() == Some(&head) {
            return Ok(());
        }
        assert!(
            is_at_quorum(policies, &head.note)
                && last.is_none_or(|last| last.checkpoint.size <= head.checkpoint.size),
            "only heads at quorum are published, in the order of their size"
        );
        store.put_checkpoint(CheckpointKind::Witnessed, &head.note)?;
        tracing::debug!(size = %head.checkpoint.size, "published at quorum");
        witnessed.send_replace(Some(Arc::new(head)));
        Ok(())
    }

    /// Notes who has confirmed the checkpoint that the log starts from.
    fn confirm(&self, desk: &mut Desk, verified: &[VerifiedSignature<'_>]) {
        let Some(since) = desk.confirmation.since else {
            return;
        };
        for witness in self.shared.policies.policy().witnesses() {
            let fresh = verified.iter().any(|line| {
                line.key == witness.key && line.time.is_some_and(|time| time.seconds() >= since)
            });
            if fresh && desk.confirmation.answered.insert(witness.name.to_owned()) {
                tracing::info!(witness = witness.name, "confirmed the newest checkpoint");
            }
        }
        self.lift_when_confirmed(desk);
    }

    fn lift_when_confirmed(&self, desk: &mut Desk) {
        let confirmation = &mut desk.confirmation;
        let policy = self.shared.policies.policy();
        let waiting = confirmation.since.is_some() && confirmation.unasked == 0;
        if waiting && policy.every_quorum_meets(&confirmation.answered) {
            confirmation.since = None;
            confirmation.hold.lift();
        }
    }

    /// Takes note that a URL was asked for the first time, with whatever result.
    pub(super) fn asked(&self) {
        let mut desk = self.desk();
        desk.confirmation.unasked = desk.confirmation.unasked.saturating_sub(1);
        self.lift_when_confirmed(&mut desk);
        self.shared.progress.send_replace(());
    }

    /// Whether the log still waits for its witnesses to confirm the checkpoint that it starts from.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.desk().confirmation.since.is_some()
    }

    /// Takes note that a witness knows another history, without proof. While the log is held it must not begin to sign
    /// then; later a witness alone cannot stop it.
    pub(super) fn claim(&self, witness: &str, claim: &str) {
        if self.is_held() {
            self.forbid(&format!("witness {witness}: {claim}"));
        }
    }

    /// Ends signing for good and says why.
    fn forbid(&self, why: &str) {
        tracing::error!(
            "{why}; the log takes no records. Read \"Restoring a backup\" in docs/server.md before anything else"
        );
        self.desk().confirmation.hold.forbid();
    }

    /// Judges a note that is not of a current round.
    fn judge_other(&self, note: &Note) -> AddError {
        let candidate = self.desk().current.head().checkpoint.size;
        let bytes = note.format();
        let Some(other) = self.signed_by_us(&bytes) else {
            return AddError::NotTheCandidate { candidate };
        };
        match self.shared.reader.continues(&other) {
            Ok(true) => AddError::NotTheCandidate { candidate },
            Ok(false) => self.stop_for(&other, &bytes),
            Err(error) => error.into(),
        }
    }

    fn stop_for(&self, other: &Checkpoint, note: &[u8]) -> AddError {
        let error = other_history(other, self.shared.reader.size());
        self.forbid(&error.to_string());
        match self
            .shared
            .store
            .put_checkpoint(CheckpointKind::Other, note)
        {
            Ok(()) => error,
            Err(error) => error.into(),
        }
    }

    /// The checkpoint in a note that carries the signature of this log.
    fn signed_by_us(&self, note: &[u8]) -> Option<Checkpoint> {
        let opened = Checkpoint::open(note, &self.shared.key, &self.shared.origin);
        opened.ok().map(|opened| opened.checkpoint().clone())
    }

    /// Tells of every answer of a cosigner that was taken.
    pub(super) fn progress(&self) -> watch::Receiver<()> {
        self.shared.progress.subscribe()
    }

    /// Whether the candidate is at quorum and nobody is waited for.
    pub(super) fn is_settled(&self) -> bool {
        let desk = self.desk();
        desk.current.at_quorum && desk.confirmation.since.is_none()
    }

    /// Offers `head` if it is larger than the candidate, or the candidate once more. Returns the size that is offered.
    pub(super) fn offer(&self, head: &Head) -> Result<TreeSize, ReadError> {
        let mut desk = self.desk();
        if head.checkpoint.size > desk.current.head().checkpoint.size {
            let next = Round::open(&head.note, &self.shared.policies).map_err(damaged)?;
            let last = std::mem::replace(&mut desk.current, next);
            if last.at_quorum {
                desk.published = Some(last);
            }
            self.settle(&mut desk)?;
        }
        let head = Arc::clone(desk.current.head());
        let size = head.checkpoint.size;
        self.shared.candidate.send_replace(head);
        Ok(size)
    }

    /// The witnesses of the policy that have not cosigned the candidate.
    pub(super) fn missing(&self) -> Vec<String> {
        let note = self.desk().current.cosigned().note;
        let verdict = self.shared.policies.policy().evaluate(&note);
        verdict.map(|verdict| verdict.missing).unwrap_or_default()
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Every change leaves the desk whole, so a panic elsewhere does not matter.
        self.shared
            .desk
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// The round that this text belongs to.
    fn round(&mut self, text: &str) -> Option<&mut Round> {
        let rounds = std::iter::once(&mut self.current).chain(&mut self.published);
        rounds.into_iter().find(|round| round.text() == text)
    }
}

fn other_history(other: &Checkpoint, stored: TreeSize) -> AddError {
    AddError::OtherHistory {
        size: other.size,
        stored,
    }
}

fn is_at_quorum(policies: &Policies, note: &[u8]) -> bool {
    let verdict = policies.policy().evaluate(note);
    verdict.is_ok_and(|verdict| verdict.quorum.is_ok())
}

/// The newest stored head at quorum, if the log continues it and the policies of today are satisfied.
fn witnessed_before<S: LogStore>(
    policies: &Policies,
    store: &S,
    reader: &Reader<S>,
) -> Result<Option<Round>, ReadError> {
    let Some(note) = store.checkpoint(CheckpointKind::Witnessed)? else {
        return Ok(None);
    };
    let checkpoint = Note::parse(&note).and_then(|note| Checkpoint::parse(note.text()))?;
    if !is_at_quorum(policies, &note) || !reader.continues(&checkpoint)? {
        tracing::warn!(size = %checkpoint.size, "the stored checkpoint at quorum does not satisfy the policy: waiting for a new one");
        return Ok(None);
    }
    let mut round = Round::open(&note, policies).map_err(damaged)?;
    round.at_quorum = true;
    Ok(Some(round))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: Error) -> ReadError {
    ReadError::Damaged(error.to_string())
}
