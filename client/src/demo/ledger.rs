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

    /// Submits batches, each over its own stream, all at once.
    ///
    /// # Errors
    /// [`DemoError::Client`] with the first refusal or failure.
    pub(super) async fn submit(
        &self,
        submitter: &Submitter,
        batches: Vec<Vec<pb::Submission>>,
    ) -> Result<(), DemoError> {
        self.submit_with(submitter, batches, usize::MAX, |_| Ok(()))
            .await
    }

    /// As [`Self::submit`], and calls `event` once, with the number of acknowledged records, when that has reached
    /// `reached`, while submission goes on.
    ///
    /// # Errors
    /// As [`Self::submit`]; whatever `event` returns.
    pub(super) async fn submit_with(
        &self,
        submitter: &Submitter,
        batches: Vec<Vec<pb::Submission>>,
        reached: usize,
        event: impl FnOnce(usize) -> Result<(), DemoError>,
    ) -> Result<(), DemoError> {
        let mut tasks = JoinSet::new();
        for batch in batches {
            tasks.spawn(self.clone().submit_batch(submitter.clone(), batch));
        }
        let mut event = Some(event);
        loop {
            tokio::select! {
                joined = tasks.join_next() => match joined {
                    None => return Ok(()),
                    Some(result) => result??,
                },
                () = self.0.grown.notified(), if event.is_some() => {
                    let count = self.count();
                    if count >= reached && let Some(event) = event.take() {
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
        let done = |_, outcome| match outcome {
            Outcome::Logged(receipt) => {
                self.note(&receipt);
                Ok(())
            }
            Outcome::Refused(refused) => Err(Error::Refused(refused)),
        };
        submitter.submit_all(batch, done).await
    }
}
