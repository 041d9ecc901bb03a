//! What the log has acknowledged, kept outside of the server.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use trucelog_proto::hash::{LeafIndex, RecordDigest};
use trucelog_proto::pb;

use super::DemoError;
use crate::Error;
use crate::receipt::Receipt;
use crate::submit::{Outcome, Submitter};

/// Records of one station that are under way at a time, as over a link that breaks often.
const WINDOW: usize = 64;

/// The acknowledged records with their indexes, by their receipts. Shared by all submitting tasks.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    acknowledged: Mutex<Vec<(LeafIndex, RecordDigest)>>,
    grown: Notify,
}

impl Ledger {
    /// Notes a receipt that holds.
    pub(super) fn note(&self, receipt: &Receipt) {
        let line = (receipt.index, receipt.digest());
        self.lock().push(line);
        self.0.grown.notify_one();
    }

    /// All acknowledged records.
    #[must_use]
    pub(super) fn acknowledged(&self) -> Vec<(LeafIndex, RecordDigest)> {
        self.lock().clone()
    }

    /// Number of acknowledged records.
    #[must_use]
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(LeafIndex, RecordDigest)>> {
        self.0
            .acknowledged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Submits batches, each in its own order and all at once.
    ///
    /// # Errors
    /// [`DemoError::Client`] with the first refusal or failure.
    pub(super) async fn submit(
        &self,
        submitter: &Submitter,
        batches: Vec<Vec<pb::Submission>>,
    ) -> Result<(), DemoError> {
        self.submit_with(submitter, batches, &[], |_| Ok(())).await
    }

    /// As [`Self::submit`], and calls `event` with the number of acknowledged records each time that it has reached
    /// the next of `points`, while submission goes on.
    ///
    /// # Errors
    /// As [`Self::submit`]; whatever `event` returns.
    pub(super) async fn submit_with(
        &self,
        submitter: &Submitter,
        batches: Vec<Vec<pb::Submission>>,
        points: &[usize],
        mut event: impl FnMut(usize) -> Result<(), DemoError>,
    ) -> Result<(), DemoError> {
        let mut tasks = JoinSet::new();
        for batch in batches {
            tasks.spawn(self.clone().submit_batch(submitter.clone(), batch));
        }
        let mut points = points.iter().peekable();
        loop {
            tokio::select! {
                joined = tasks.join_next() => match joined {
                    None => return Ok(()),
                    Some(result) => result??,
                },
                () = self.0.grown.notified() => {
                    let count = self.count();
                    if points.next_if(|&&point| count >= point).is_some() {
                        event(count)?;
                    }
                }
            }
        }
    }

    async fn submit_batch(
        self,
        submitter: Submitter,
        batch: Vec<pb::Submission>,
    ) -> Result<(), Error> {
        for window in batch.chunks(WINDOW) {
            submitter
                .submit_all(window.to_vec(), |_, outcome| self.take(outcome))
                .await?;
        }
        Ok(())
    }

    fn take(&self, outcome: Outcome) -> Result<(), Error> {
        match outcome {
            Outcome::Logged(receipt) => {
                self.note(&receipt);
                Ok(())
            }
            Outcome::Refused(refused) => Err(Error::Refused(refused)),
        }
    }
}
