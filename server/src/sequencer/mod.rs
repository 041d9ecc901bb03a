//! The sequencer: the only writer and signer of the log, on two threads of its own.
//!
//! A submission takes these steps; the first runs where the request is served, 2 to 5 on the thread that commits
//! ([`commit`]), the last on the thread that signs ([`sign`]):
//!
//! 1. *admit*: size, form, origin, charter and signature ([`admit`]). A record that the log holds gets its first index.
//! 2. *assign*: the next index, the hash of the entry before, and an accepted time that never decreases.
//! 3. *hash*: the entry's bytes are the leaf of the tree.
//! 4. *stage*: the rules judge the record on top of the batch so far; a refused one takes no index.
//! 5. *commit*: entries, tiles and state in one synced write.
//! 6. *publish*: read back, recompute the root, sign, replace the anchor, then answer.
//!
//! A batch is what is queued when the last commit returns, up to a bound. Nothing waits for more: an idle log answers in
//! the time of two syncs, and under load the batches fill by themselves. While a batch is signed and anchored, the next one
//! is committed; one more may wait between the two.
//!
//! **Invariant:** nothing signed leaves this module, and no index is answered, before the anchor holds the checkpoint
//! that covers it.
//!
//! **Invariant:** after the first error of store, anchor or clock nothing is written again, but a batch that the other
//! thread has begun. It is answered only if it is signed and anchored. Reads go on.
//!
//! **Invariant:** a sequencer that is [held](start_held) signs nothing before its [`Hold`] is lifted. It waits for no
//! witness otherwise.
//!
//! Source: `docs/server.md`, "Sign path".

pub mod clock;
mod commit;
pub mod recover;
mod sign;
mod threads;

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use trucelog_proto::{
    hash::{LeafIndex, RootHash},
    mldsa::MlDsaPublicKey,
    note::{SignerKeys, VerifierKey},
    pb,
    record::{self, KnownKeys, LogId},
    refusal::Refusal,
    signature::PublicKey,
    state::StateError,
};

pub(crate) use self::commit::StoredState;
use self::{
    clock::{Clock, ClockMoved},
    recover::{RecoverError, Recovered, recover},
    threads::{Halves, refuse_everything, run, run_lifted},
};
pub use self::{
    commit::Admitted,
    sign::{Head, Logged},
};
use crate::{
    anchor::{AnchorError, CheckpointAnchor},
    store::{LogStore, StoreError},
};

/// Why a submission has no index.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The record is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// As many records wait as may wait.
    #[error("the queue is full: try again in a moment")]
    Busy,
    /// Witnesses have not confirmed yet that the store is the newest. The record is not in the log.
    #[error(
        "the log takes no records before enough witnesses have confirmed the checkpoint that it starts from; reading goes on"
    )]
    AwaitingWitnesses,
    /// A witness knows another history. Whether the record is in the log is not known.
    #[error(
        "a witness knows a larger or another history of this log than its store holds: nothing more is signed; reading goes on"
    )]
    OtherHistory,
    /// The sequencer has stopped. Whether the record is in the log is not known: submit it again later.
    #[error("the log takes no records until its operator has repaired it; reading goes on")]
    Stopped,
}

/// Whether the log takes records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Not before its [`Hold`] is lifted.
    Held,
    /// It does.
    Running,
    /// Never again in this process: a witness knows another history than the store.
    OtherHistory,
    /// Never again in this process: store, anchor or clock failed.
    Stopped,
}

/// Why the sequencer stopped for good. Nothing more is accepted until the process is started again; reads go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fatal {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The anchor failed.
    #[error(transparent)]
    Anchor(#[from] AnchorError),
    /// The clock jumped.
    #[error(transparent)]
    Clock(#[from] ClockMoved),
    /// The rules could not read their state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The operating system gives no thread to sign on.
    #[error("cannot start the signing thread: {0}")]
    Thread(#[from] std::io::Error),
    /// An entry that was just committed is not there.
    #[error(
        "entry {index} was committed but the store does not return it: the storage cannot be trusted"
    )]
    EntryLost {
        /// Its index.
        index: LeafIndex,
    },
    /// The store returns other bytes than were committed.
    #[error(
        "the root over the entries that the store returns is {computed}, but {expected} was written: the storage cannot be trusted"
    )]
    RootDiffers {
        /// The root over what was written.
        expected: RootHash,
        /// The root over what was read back.
        computed: RootHash,
    },
}

/// Why the sequencer does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The log cannot be continued.
    #[error(transparent)]
    Recover(#[from] RecoverError),
    /// Signing what was not signed before failed.
    #[error(transparent)]
    Fatal(#[from] Fatal),
    /// The operating system gives no thread.
    #[error("cannot start the sequencer thread: {0}")]
    Thread(#[from] std::io::Error),
}

/// Whose log is written, and with which keys.
#[derive(Clone)]
pub struct Identity {
    /// Origin and charter digest.
    pub log: LogId,
    /// The log's private keys.
    pub keys: SignerKeys,
}

impl Identity {
    /// The key with which others verify the log's checkpoints.
    #[must_use]
    pub fn verifier_key(&self) -> VerifierKey {
        VerifierKey::ed25519(
            self.log.origin.key_name().clone(),
            PublicKey::of(&self.keys.ed25519),
        )
    }

    /// The ML-DSA-44 key with which others verify them, if the log has one.
    #[must_use]
    pub fn verifier_key_pq(&self) -> Option<VerifierKey> {
        let key = MlDsaPublicKey::of(self.keys.ml_dsa.as_ref()?);
        Some(VerifierKey::ml_dsa_44(
            self.log.origin.key_name().clone(),
            key,
        ))
    }
}

/// Bounds on what waits and on what is committed at once; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Records that may wait.
    pub queue: usize,
    /// Records in one commit.
    pub batch: usize,
}

type Answer = oneshot::Sender<Result<Logged, SubmitError>>;

struct Queued {
    admitted: Admitted,
    answer: Answer,
    room: OwnedSemaphorePermit,
}

/// Room for one record in the queue. Whoever drops it makes room for another one.
#[derive(Debug)]
pub struct Room(OwnedSemaphorePermit);

/// The handle with which requests reach the sequencer. The thread ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Sequencer {
    queue: mpsc::Sender<Queued>,
    /// As many permits as records may wait; each record that waits holds one.
    rooms: Arc<Semaphore>,
    head: watch::Receiver<Arc<Head>>,
    status: watch::Receiver<Status>,
}

/// Keeps a sequencer from signing, until it is lifted or for good. A sequencer whose hold is dropped ends.
#[derive(Debug)]
pub struct Hold {
    status: watch::Sender<Status>,
    lift: Option<oneshot::Sender<()>>,
}

impl Hold {
    /// Lets the sequencer sign. Does nothing the second time, or after [`Self::forbid`].
    pub fn lift(&mut self) {
        if let Some(lift) = self.lift.take() {
            // The thread may have ended.
            let _ = lift.send(());
        }
    }

    /// Ends signing for good: before the first signature, or after the batch that is being signed.
    pub fn forbid(&mut self) {
        self.status.send_if_modified(|status| {
            let goes_on = matches!(status, Status::Held | Status::Running);
            if goes_on {
                *status = Status::OtherHistory;
            }
            goes_on
        });
        self.lift = None;
    }
}

/// Checks what can be checked of a submission without the log's state: size, form, origin, charter, key and signature,
/// in this order. Keys that `keys` knows are not parsed again.
///
/// # Errors
///
/// The first [`Refusal`].
pub fn admit(
    submission: pb::Submission,
    log: &LogId,
    keys: &KnownKeys,
) -> Result<Admitted, Refusal> {
    let record = record::verify_submission(&submission, log, keys)?;
    Ok(Admitted {
        signed_record: submission.signed_record.unwrap_or_default(),
        record,
    })
}

/// Compares store and anchor, signs what was not signed before, and starts the thread.
///
/// # Errors
///
/// [`StartError`]; the log must not be served.
pub fn start<S, A, C>(
    identity: Identity,
    store: Arc<S>,
    anchor: A,
    clock: C,
    bounds: Bounds,
) -> Result<(Sequencer, JoinHandle<()>), StartError>
where
    S: LogStore,
    A: CheckpointAnchor + 'static,
    C: Clock + 'static,
{
    let (mut halves, head) = resume(identity, store, anchor, clock)?;
    halves.sign_what_is_stored()?;
    let (queue, queued) = mpsc::channel();
    let (status, receiver) = watch::channel(Status::Running);
    let thread = spawn(move || run(halves, &queued, bounds.batch, &status))?;
    let sequencer = Sequencer {
        queue,
        rooms: Arc::new(Semaphore::new(bounds.queue)),
        head,
        status: receiver,
    };
    Ok((sequencer, thread))
}

/// As [`start`], but signs nothing, not even what was not signed before, until the [`Hold`] is lifted.
///
/// # Errors
///
/// [`StartError::Recover`] or [`StartError::Thread`]; the log must not be served.
pub fn start_held<S, A, C>(
    identity: Identity,
    store: Arc<S>,
    anchor: A,
    clock: C,
    bounds: Bounds,
) -> Result<(Sequencer, JoinHandle<()>, Hold), StartError>
where
    S: LogStore,
    A: CheckpointAnchor + 'static,
    C: Clock + 'static,
{
    let (halves, head) = resume(identity, store, anchor, clock)?;
    let (queue, queued) = mpsc::channel();
    let (lift, lifted) = oneshot::channel();
    let (status, receiver) = watch::channel(Status::Held);
    let hold = Hold {
        status: status.clone(),
        lift: Some(lift),
    };
    let thread = spawn(move || {
        if lifted.blocking_recv().is_ok() {
            run_lifted(halves, &queued, bounds.batch, &status);
        } else {
            refuse_everything(&queued);
        }
    })?;
    let sequencer = Sequencer {
        queue,
        rooms: Arc::new(Semaphore::new(bounds.queue)),
        head,
        status: receiver,
    };
    Ok((sequencer, thread, hold))
}

type Resumed<S, A, C> = (Halves<S, A, C>, watch::Receiver<Arc<Head>>);

fn resume<S, A, C>(
    identity: Identity,
    store: Arc<S>,
    anchor: A,
    clock: C,
) -> Result<Resumed<S, A, C>, RecoverError>
where
    S: LogStore,
    A: CheckpointAnchor,
    C: Clock,
{
    let recovered = recover(
        store.as_ref(),
        anchor.note(),
        &identity.log,
        &identity.verifier_key(),
    )?;
    Ok(Halves::new(identity, store, anchor, clock, recovered))
}

fn spawn(body: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StartError> {
    let thread = thread::Builder::new().name("sequencer".into());
    Ok(thread.spawn(body)?)
}

/// Founds a new log: writes its charter as entry 0 and signs the first checkpoint into `anchor`.
///
/// # Errors
///
/// [`Fatal`], or the [`Refusal`] of the charter inside. The store and the anchor are useless after an error.
pub fn found<S, A, C>(
    identity: Identity,
    store: Arc<S>,
    anchor: A,
    clock: C,
    charter: Admitted,
) -> Result<Result<Arc<Head>, Refusal>, Fatal>
where
    S: LogStore,
    A: CheckpointAnchor,
    C: Clock,
{
    let nothing = Recovered::nothing(&identity.log.origin);
    let (mut halves, head) = Halves::new(identity, store, anchor, clock, nothing);
    let answers = halves.process(vec![charter])?;
    let refusal = answers.into_iter().find_map(Result::err);
    Ok(refusal.map_or_else(|| Ok(head.borrow().clone()), Err))
}

impl Sequencer {
    /// Takes room for one record. Whoever has none need not look at the record.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Busy`].
    pub fn room(&self) -> Result<Room, SubmitError> {
        let permit = Arc::clone(&self.rooms).try_acquire_owned();
        permit.map(Room).map_err(|_| SubmitError::Busy)
    }

    /// Waits for room for one record. Whoever has waited longest gets it first.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Stopped`].
    pub async fn wait_for_room(&self) -> Result<Room, SubmitError> {
        let permit = Arc::clone(&self.rooms).acquire_owned().await;
        permit.map(Room).map_err(|_| SubmitError::Stopped)
    }

    /// Queues an admitted record. The answer comes when a signed checkpoint covers it, or when the rules refuse it.
    ///
    /// # Errors
    ///
    /// Any [`SubmitError`] but [`SubmitError::Refused`], at once.
    pub fn submit(&self, admitted: Admitted) -> Result<Pending, SubmitError> {
        self.submit_into(self.room()?, admitted)
    }

    /// As [`Self::submit`], with room that was taken before.
    ///
    /// # Errors
    ///
    /// Any [`SubmitError`] but [`SubmitError::Refused`] and [`SubmitError::Busy`], at once.
    pub fn submit_into(&self, room: Room, admitted: Admitted) -> Result<Pending, SubmitError> {
        match *self.status.borrow() {
            Status::Running => {}
            Status::Held => return Err(SubmitError::AwaitingWitnesses),
            Status::OtherHistory => return Err(SubmitError::OtherHistory),
            Status::Stopped => return Err(SubmitError::Stopped),
        }
        let (answer, pending) = oneshot::channel();
        let queued = Queued {
            admitted,
            answer,
            room: room.0,
        };
        match self.queue.send(queued) {
            Ok(()) => Ok(Pending(pending)),
            Err(_) => Err(SubmitError::Stopped),
        }
    }

    /// The newest signed checkpoint, and every newer one as it comes.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Arc<Head>> {
        self.head.clone()
    }

    /// Whether records are taken, and every change of it.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }
}

/// A record on its way into the log.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<Logged, SubmitError>>);

impl Pending {
    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Refused`] or [`SubmitError::Stopped`].
    pub async fn logged(self) -> Result<Logged, SubmitError> {
        self.0.await.unwrap_or(Err(SubmitError::Stopped))
    }

    /// Waits for the answer, of which only the index is of interest.
    ///
    /// # Errors
    ///
    /// As [`Self::logged`].
    pub async fn index(self) -> Result<LeafIndex, SubmitError> {
        Ok(self.logged().await?.index())
    }
}
