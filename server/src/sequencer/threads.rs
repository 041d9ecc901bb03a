//! The two threads: one commits, one signs what the other has committed.

use std::{
    iter,
    sync::{Arc, mpsc},
    thread,
};

use tokio::sync::watch;
use trucelog_proto::{refusal::Refusal, rules::Judge};

use super::{
    Admitted, Answer, Fatal, Head, Identity, Logged, Queued, Status, SubmitError,
    clock::{AcceptedTimes, Clock},
    commit::{Committed, Committer},
    recover::Recovered,
    sign::Signer,
};
use crate::{anchor::CheckpointAnchor, store::LogStore};

/// Batches that are committed and wait to be signed, beside the one that is being signed.
const WAITING: usize = 1;

/// The half that commits and the half that signs.
pub(super) struct Halves<S, A, C> {
    committer: Committer<S, C>,
    signer: Signer<S, A>,
}

impl<S: LogStore, A: CheckpointAnchor, C: Clock> Halves<S, A, C> {
    /// Continues a recovered log. Entries above the anchor are signed by [`Self::sign_what_is_stored`].
    pub(super) fn new(
        identity: Identity,
        store: Arc<S>,
        anchor: A,
        clock: C,
        recovered: Recovered,
    ) -> (Self, watch::Receiver<Arc<Head>>) {
        let (head, receiver) = watch::channel(Arc::new(Head {
            checkpoint: recovered.anchored,
            note: anchor.note().to_vec(),
        }));
        let halves = Self {
            committer: Committer {
                store: Arc::clone(&store),
                times: AcceptedTimes::new(clock, recovered.last_time),
                judge: Judge::default(),
                tiles: recovered.tiles,
                previous: recovered.previous,
            },
            signer: Signer {
                origin: identity.log.origin,
                keys: identity.keys,
                store,
                anchor,
                signed: recovered.anchored_tiles.right_edge(),
                head,
            },
        };
        (halves, receiver)
    }

    /// Signs the entries that are stored and that no checkpoint covers, if there are any.
    pub(super) fn sign_what_is_stored(&mut self) -> Result<(), Fatal> {
        self.signer.publish(self.committer.stored(), drop)
    }

    /// Takes a batch through all steps, on this thread.
    pub(super) fn process(
        &mut self,
        batch: Vec<Admitted>,
    ) -> Result<Vec<Result<Logged, Refusal>>, Fatal> {
        let mut answers = Vec::new();
        let batch = self.committer.commit(batch)?;
        self.signer.publish(batch, |outcomes| answers = outcomes)?;
        Ok(answers)
    }
}

/// A committed batch on its way to the thread that signs, with those who wait for it.
type Handover = (Committed, Vec<Answer>);

/// As [`run`], from the moment when it may sign.
pub(super) fn run_lifted<S: LogStore, A: CheckpointAnchor + 'static, C: Clock>(
    mut halves: Halves<S, A, C>,
    queue: &mpsc::Receiver<Queued>,
    batch: usize,
    status: &watch::Sender<Status>,
) {
    if let Err(fatal) = halves.sign_what_is_stored() {
        stop(&fatal, status);
        return refuse_everything(queue);
    }
    status.send_if_modified(|status| {
        let held = *status == Status::Held;
        if held {
            *status = Status::Running;
        }
        held
    });
    run(halves, queue, batch, status);
}

/// Commits on this thread and signs on another, until nobody can submit any more. Both end with it.
pub(super) fn run<S: LogStore, A: CheckpointAnchor + 'static, C: Clock>(
    halves: Halves<S, A, C>,
    queue: &mpsc::Receiver<Queued>,
    batch: usize,
    status: &watch::Sender<Status>,
) {
    let Halves { committer, signer } = halves;
    let (handover, batches) = mpsc::sync_channel(WAITING);
    let signing = thread::Builder::new().name("signer".into()).spawn({
        let status = status.clone();
        move || sign(signer, &batches, &status)
    });
    let signing = match signing {
        Ok(signing) => signing,
        Err(error) => {
            stop(&error.into(), status);
            return refuse_everything(queue);
        }
    };
    commit(committer, queue, batch, &handover, status);
    drop(handover);
    // A panic over there has been told by its own message.
    drop(signing.join());
}

/// Commits batches until nobody can submit any more.
fn commit<S: LogStore, C: Clock>(
    mut committer: Committer<S, C>,
    queue: &mpsc::Receiver<Queued>,
    limit: usize,
    handover: &mpsc::SyncSender<Handover>,
    status: &watch::Sender<Status>,
) {
    while let Some((admitted, answers)) = take(queue, limit) {
        let now = *status.borrow();
        match now {
            Status::OtherHistory => refuse(answers, &SubmitError::OtherHistory),
            Status::Stopped => {
                drop(answers);
                return refuse_everything(queue);
            }
            Status::Held | Status::Running => {
                let batch = match committer.commit(admitted) {
                    Ok(batch) => batch,
                    Err(fatal) => {
                        stop(&fatal, status);
                        drop(answers);
                        return refuse_everything(queue);
                    }
                };
                // The other thread ends after this one, unless it has panicked; then nobody is answered.
                if handover.send((batch, answers)).is_err() {
                    status.send_replace(Status::Stopped);
                    return refuse_everything(queue);
                }
            }
        }
    }
}

/// Signs committed batches and answers. It keeps the signer, and with it the lock of the anchor, also after it has stopped
/// signing.
fn sign<S: LogStore, A: CheckpointAnchor>(
    mut signer: Signer<S, A>,
    batches: &mpsc::Receiver<Handover>,
    status: &watch::Sender<Status>,
) {
    while let Ok((batch, answers)) = batches.recv() {
        if *status.borrow() == Status::OtherHistory {
            refuse(answers, &SubmitError::OtherHistory);
            continue;
        }
        let mut answers = Some(answers);
        let published = signer.publish(batch, |outcomes| {
            let outcomes = outcomes.into_iter();
            let answers = answers.take().unwrap_or_default();
            answer_all(answers, outcomes.map(|o| o.map_err(SubmitError::Refused)));
        });
        if let Err(fatal) = published {
            stop(&fatal, status);
            drop(answers);
            // Dropping what comes tells its submitters that the sequencer has stopped.
            while batches.recv().is_ok() {}
            return;
        }
    }
}

fn stop(fatal: &Fatal, status: &watch::Sender<Status>) {
    tracing::error!(error = %fatal, "the sequencer has stopped");
    status.send_replace(Status::Stopped);
}

/// Waits for one record and takes what else is queued, up to `batch` in all. `None` when nobody can submit any more. Their
/// room is given back at once, so that whoever waits for it is woken once for all.
fn take(queue: &mpsc::Receiver<Queued>, batch: usize) -> Option<(Vec<Admitted>, Vec<Answer>)> {
    let Queued {
        admitted,
        answer,
        mut room,
    } = queue.recv().ok()?;
    let (mut records, mut answers) = (vec![admitted], vec![answer]);
    for queued in queue.try_iter().take(batch - 1) {
        records.push(queued.admitted);
        answers.push(queued.answer);
        room.merge(queued.room);
    }
    Some((records, answers))
}

fn refuse(answers: Vec<Answer>, error: &SubmitError) {
    answer_all(answers, iter::repeat_with(|| Err(error.clone())));
}

fn answer_all(answers: Vec<Answer>, outcomes: impl Iterator<Item = Result<Logged, SubmitError>>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        // The submitter may have gone away; the record is in the log all the same.
        drop(answer.send(outcome));
    }
}

/// Dropping an answer tells its submitter that the sequencer has stopped.
pub(super) fn refuse_everything(queue: &mpsc::Receiver<Queued>) {
    while queue.recv().is_ok() {}
}
