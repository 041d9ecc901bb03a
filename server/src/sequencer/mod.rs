//! The sequencer: the only writer of the log, on a thread of its own.
//!
//! A submission takes these steps; the first runs where the request is served, the others on the sequencer's thread:
//!
//! 1. *admit*: size, form, origin, charter and signature ([`admit`]). A record that the log holds gets its first index.
//! 2. *assign*: the next index, the hash of the entry before, and an accepted time that never decreases.
//! 3. *hash*: the entry's bytes are the leaf of the tree.
//! 4. *stage*: the rules judge the record on top of the batch so far; a refused one takes no index.
//! 5. *commit*: entries, tiles and state in one synced write.
//! 6. *publish*: read back, recompute the root, sign, replace the anchor, then answer.
//!
//! A batch is what is queued when the last commit returns, up to a bound. The thread never waits for more: an idle log
//! answers in the time of one commit, and under load the batches fill by themselves.
//!
//! **Invariant:** nothing signed leaves this module, and no index is answered, before the anchor holds the checkpoint
//! that covers it.
//!
//! **Invariant:** after the first error of store, anchor or clock nothing is written again. Reads go on.
//!
//! Source: `docs/server.md`, "Sign path".

pub mod clock;
pub mod recover;
mod writer;

use std::{
    sync::{
        Arc,
        mpsc::{self, TrySendError},
    },
    thread::{self, JoinHandle},
};

use tokio::sync::{oneshot, watch};
use trucelog_proto::{
    hash::LeafIndex,
    note::{SignerKeys, VerifierKey},
    pb,
    record::{self, LogId},
    refusal::Refusal,
    signature::PublicKey,
};

pub(crate) use self::writer::StoredState;
pub use self::writer::{Admitted, Fatal, Head};
use self::{
    clock::Clock,
    recover::{RecoverError, recover},
    writer::{Parts, Writer},
};
use crate::{anchor::CheckpointAnchor, store::LogStore};

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
    /// The sequencer has stopped. Whether the record is in the log is not known: submit it again later.
    #[error("the log takes no records until its operator has repaired it; reading goes on")]
    Stopped,
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

/// Whose log is written, and with which key.
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
}

/// Bounds on what waits and on what is committed at once; both at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Records that may wait.
    pub queue: usize,
    /// Records in one commit.
    pub batch: usize,
}

type Answer = oneshot::Sender<Result<LeafIndex, SubmitError>>;

struct Queued {
    admitted: Admitted,
    answer: Answer,
}

/// The handle with which requests reach the sequencer. The thread ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct Sequencer {
    queue: mpsc::SyncSender<Queued>,
    head: watch::Receiver<Arc<Head>>,
    running: watch::Receiver<bool>,
}

/// Checks what can be checked of a submission without the log's state: size, form, origin, charter, key and signature,
/// in this order.
///
/// # Errors
///
/// The first [`Refusal`].
pub fn admit(submission: pb::Submission, log: &LogId) -> Result<Admitted, Refusal> {
    let record = record::verify_submission(&submission, log)?;
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
    let recovered = recover(
        store.as_ref(),
        anchor.note(),
        &identity.log,
        &identity.verifier_key(),
    )?;
    let (mut writer, head) = Writer::resume(parts(identity, store, anchor, clock), recovered);
    if writer.has_unsigned_entries() {
        writer.sign_and_publish()?;
    }
    let (queue, queued) = mpsc::sync_channel(bounds.queue);
    let (running, status) = watch::channel(true);
    let thread = thread::Builder::new()
        .name("sequencer".into())
        .spawn(move || run(writer, &queued, bounds.batch, &running))?;
    let sequencer = Sequencer {
        queue,
        head,
        running: status,
    };
    Ok((sequencer, thread))
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
    let (mut writer, head) = Writer::found(parts(identity, store, anchor, clock));
    let answers = writer.process(vec![charter])?;
    let refusal = answers.into_iter().find_map(Result::err);
    Ok(refusal.map_or_else(|| Ok(head.borrow().clone()), Err))
}

fn parts<S, A, C>(identity: Identity, store: Arc<S>, anchor: A, clock: C) -> Parts<S, A, C> {
    Parts {
        log: identity.log,
        keys: identity.keys,
        store,
        anchor,
        clock,
    }
}

impl Sequencer {
    /// Queues an admitted record. The answer comes when a signed checkpoint covers it, or when the rules refuse it.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Busy`] or [`SubmitError::Stopped`] at once.
    pub fn submit(&self, admitted: Admitted) -> Result<Pending, SubmitError> {
        let (answer, pending) = oneshot::channel();
        match self.queue.try_send(Queued { admitted, answer }) {
            Ok(()) => Ok(Pending(pending)),
            Err(TrySendError::Full(_)) => Err(SubmitError::Busy),
            Err(TrySendError::Disconnected(_)) => Err(SubmitError::Stopped),
        }
    }

    /// The newest signed checkpoint, and every newer one as it comes.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<Arc<Head>> {
        self.head.clone()
    }

    /// True until the sequencer stops for good.
    #[must_use]
    pub fn running(&self) -> watch::Receiver<bool> {
        self.running.clone()
    }
}

/// A record on its way into the log.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Result<LeafIndex, SubmitError>>);

impl Pending {
    /// Waits for the answer.
    ///
    /// # Errors
    ///
    /// [`SubmitError::Refused`] or [`SubmitError::Stopped`].
    pub async fn index(self) -> Result<LeafIndex, SubmitError> {
        self.0.await.unwrap_or(Err(SubmitError::Stopped))
    }
}

/// The loop of the sequencer thread. It keeps the writer, and with it the lock of the anchor, also after it has stopped
/// writing.
fn run<S: LogStore, A: CheckpointAnchor, C: Clock>(
    mut writer: Writer<S, A, C>,
    queue: &mpsc::Receiver<Queued>,
    batch: usize,
    running: &watch::Sender<bool>,
) {
    while let Some((admitted, answers)) = take(queue, batch) {
        match writer.process(admitted) {
            Ok(outcomes) => answer_all(answers, outcomes),
            Err(fatal) => {
                tracing::error!(error = %fatal, "the sequencer has stopped");
                running.send_replace(false);
                drop(answers);
                refuse_everything(queue);
                return;
            }
        }
    }
}

/// Waits for one record and takes what else is queued, up to `batch` in all. `None` when nobody can submit any more.
fn take(queue: &mpsc::Receiver<Queued>, batch: usize) -> Option<(Vec<Admitted>, Vec<Answer>)> {
    let first = queue.recv().ok()?;
    let taken = std::iter::once(first).chain(queue.try_iter().take(batch - 1));
    Some(taken.map(|queued| (queued.admitted, queued.answer)).unzip())
}

fn answer_all(answers: Vec<Answer>, outcomes: Vec<Result<LeafIndex, Refusal>>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // The submitter may have gone away; the record is in the log all the same.
        drop(answer.send(outcome.map_err(SubmitError::Refused)));
    }
}

/// Dropping an answer tells its submitter that the sequencer has stopped.
fn refuse_everything(queue: &mpsc::Receiver<Queued>) {
    while queue.recv().is_ok() {}
}
