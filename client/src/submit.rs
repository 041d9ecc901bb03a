//! Submits signed records, and keeps only receipts that hold.
//!
//! Submission is idempotent: the log answers a record that it holds with its first receipt. So after any failure the
//! same records are simply sent again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tonic::Status;
use tonic::transport::Channel;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::submission_service_client::SubmissionServiceClient;
use trucelog_proto::pb::submit_stream_response::Result as Answer;
use trucelog_proto::pb::{self, CheckpointKind, WaitFor};

use crate::Error;
use crate::evidence::Evidence;
use crate::exit::Exit;
use crate::falsehood::{False, Falsehood};
use crate::receipt::{self, Receipt, ReceiptError};
use crate::refused::{Failure, Refused, classify, item_status};
use crate::retry::{Notice, Patience, Retry, call};
use crate::station::digest_of;
use crate::trust::Trust;

/// Longest time for the answer to one record.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// What became of one record.
#[derive(Debug)]
pub enum Outcome {
    /// The log holds it.
    Logged(Box<Receipt>),
    /// The server has refused it.
    Refused(Box<Refused>),
}

/// Submits records to one log.
#[derive(Clone, Debug)]
pub struct Submitter {
    client: SubmissionServiceClient<Channel>,
    trust: Trust,
    patience: Patience,
    wait_for: WaitFor,
    notice: Notice,
}

impl Submitter {
    /// Makes a submitter for the log that is pinned. It waits for receipts as [`default_wait`] says.
    #[must_use]
    pub fn new(channel: Channel, trust: Trust, patience: Patience) -> Self {
        Self {
            client: SubmissionServiceClient::new(channel),
            wait_for: default_wait(&trust),
            trust,
            patience,
            notice: Notice::default(),
        }
    }

    /// Waits for receipts of another kind.
    #[must_use]
    pub fn waiting_for(mut self, wait_for: WaitFor) -> Self {
        self.wait_for = wait_for;
        self
    }

    /// Tells of every failed attempt to submit many records that is followed by another.
    #[must_use]
    pub fn telling(mut self, notice: Notice) -> Self {
        self.notice = notice;
        self
    }

    /// The log that is pinned.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Submits one record, with retries, and checks its receipt.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Receipt`] when the server answers with a receipt that does not hold;
    /// [`Error::Deadline`] or [`Error::Status`] when there is no answer.
    pub async fn submit(&self, submission: &pb::Submission) -> Result<Receipt, Error> {
        let response = call(self.patience, async || {
            let mut request = tonic::Request::new(pb::SubmitRequest {
                submission: Some(submission.clone()),
                wait_for: self.wait_for.into(),
            });
            request.set_timeout(ANSWER_TIMEOUT);
            self.client.clone().submit(request).await
        })
        .await?;
        let receipt = response
            .receipt
            .ok_or(Error::Answer("it holds no receipt"))?;
        self.check(receipt, &digest_of(submission))
    }

    /// Submits many records over one stream, in order, with retries, and checks their receipts. `done` is told of each
    /// record's outcome, in order; a refusal does not end the stream.
    ///
    /// # Errors
    /// As [`Self::submit`], but refusals are outcomes; whatever `done` returns. What was told to `done` stands.
    pub async fn submit_all(
        &self,
        submissions: Vec<pb::Submission>,
        mut done: impl FnMut(usize, Outcome) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let submissions: Arc<[pb::Submission]> = submissions.into();
        let mut retry = Retry::new(self.patience).telling(self.notice.clone());
        let mut next = 0;
        while next < submissions.len() {
            let before = next;
            match self.stream(&submissions, &mut next, &mut done).await {
                Ok(()) => return Ok(()),
                Err(StreamEnd::Failed(error)) => return Err(error),
                Err(StreamEnd::Broken(status, asked)) => {
                    if next > before {
                        retry.progressed();
                    }
                    retry.wait(&status, asked).await?;
                }
            }
        }
        Ok(())
    }

    /// Sends the records from `next` on and moves `next` on with each outcome.
    async fn stream(
        &self,
        submissions: &Arc<[pb::Submission]>,
        next: &mut usize,
        done: &mut impl FnMut(usize, Outcome) -> Result<(), Error>,
    ) -> Result<(), StreamEnd> {
        let items = Arc::clone(submissions);
        let wait_for = self.wait_for.into();
        let requests = (*next..items.len()).map(move |position| pb::SubmitStreamRequest {
            submission: Some(items[position].clone()),
            wait_for,
        });
        let response = self
            .client
            .clone()
            .submit_stream(tokio_stream::iter(requests))
            .await?;
        let mut answers = response.into_inner();
        while *next < submissions.len() {
            let answer = tokio::time::timeout(ANSWER_TIMEOUT, answers.message())
                .await
                .map_err(|_| Status::deadline_exceeded("no answer in time"))??
                .ok_or_else(|| Status::unavailable("the stream ended early"))?;
            let outcome = self.outcome(answer, &submissions[*next])?;
            done(*next, outcome).map_err(StreamEnd::Failed)?;
            *next += 1;
        }
        Ok(())
    }

    fn outcome(
        &self,
        answer: pb::SubmitStreamResponse,
        submission: &pb::Submission,
    ) -> Result<Outcome, StreamEnd> {
        match answer.result {
            Some(Answer::Receipt(receipt)) => {
                let receipt = self.check(receipt, &digest_of(submission));
                let receipt = receipt.map_err(StreamEnd::Failed)?;
                Ok(Outcome::Logged(Box::new(receipt)))
            }
            Some(Answer::Status(status)) => match classify(item_status(&status)) {
                Failure::Refused(refused) => Ok(Outcome::Refused(refused)),
                failure => Err(failure.into()),
            },
            None => Err(StreamEnd::Failed(Error::Answer(
                "it holds neither receipt nor status",
            ))),
        }
    }

    /// Nothing that the server says beside the proof is used.
    fn check(&self, receipt: pb::Receipt, expected: &RecordDigest) -> Result<Receipt, Error> {
        let bytes = receipt.tlog_proof;
        receipt::verify(&bytes, &self.trust, Some(expected)).map_err(|source| Error::Receipt {
            record: *expected,
            source: Box::new(source),
            bytes,
        })
    }
}

/// The receipt that the policies need: at quorum, if one of them has one.
#[must_use]
pub fn default_wait(trust: &Trust) -> WaitFor {
    match trust.head_kind() {
        CheckpointKind::Witnessed => WaitFor::Witnessed,
        _ => WaitFor::Checkpointed,
    }
}

/// Keeps a receipt that is false as evidence below `directory`. Any other error stays as it is.
#[must_use]
pub fn keep_evidence(error: Error, trust: &Trust, directory: &Path) -> Error {
    let Error::Receipt {
        record,
        source,
        bytes,
    } = &error
    else {
        return error;
    };
    if source.exit() != Exit::False {
        return error;
    }
    let what = False::Receipt(ReceiptError::clone(source));
    let evidence =
        Evidence::new(what.kind(), None, &what, &trust.policy).with_receipt(bytes, record);
    match evidence.keep(directory) {
        Ok(evidence) => Box::new(Falsehood { what, evidence }).into(),
        Err(error) => error,
    }
}

/// Why a stream ended before all records were answered.
enum StreamEnd {
    /// It may be opened again.
    Broken(Box<Status>, Option<Duration>),
    /// It may not.
    Failed(Error),
}

impl From<Status> for StreamEnd {
    fn from(status: Status) -> Self {
        classify(status).into()
    }
}

impl From<Failure> for StreamEnd {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Retry(status, asked) => Self::Broken(status, asked),
            failure => Self::Failed(failure.into()),
        }
    }
}
