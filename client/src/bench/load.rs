//! Load: records that were signed before, sent as fast as answers come or on a fixed schedule.
//!
//! On a schedule the latency of a record counts from the time at which it was to be sent, so that a server that falls
//! behind cannot make its own figures better by slowing the load down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Channel;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::submission_service_client::SubmissionServiceClient;
use trucelog_proto::pb::submit_stream_response::Result as Answer;
use trucelog_proto::pb::{self, WaitFor};

use crate::Error;
use crate::demo::DemoError;
use crate::receipt;
use crate::refused::{classify, item_status};
use crate::station::digest_of;
use crate::trust::Trust;

/// One receipt of so many is verified in full; the record digest of every one is compared.
const VERIFY_EVERY: usize = 500;
/// Records of one stream that wait for the connection.
const WAITING: usize = 256;

/// What a load has seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Number of records that have a receipt.
    pub records: usize,
    /// From the first record sent to the last receipt.
    pub time: Duration,
    /// One for each record.
    pub latencies: Vec<Duration>,
}

/// How a load is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// Over a stream for each station, as fast as it takes them.
    Streams,
    /// Over a stream for each station, so many records a second in all.
    Scheduled(f64),
    /// One unary call after the other for each station.
    Unary,
}

/// Sends the records of each station in order, the stations beside each other.
///
/// # Errors
/// [`DemoError::Client`] with the first refusal, failure, or receipt that does not hold.
pub async fn send(
    connections: &[Channel],
    trust: &Trust,
    records: Vec<Vec<pb::Submission>>,
    way: Way,
) -> Result<Seen, DemoError> {
    let trust = Arc::new(trust.clone());
    let stations = records.len();
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, records) in records.into_iter().enumerate() {
        let client = SubmissionServiceClient::new(connections[number % connections.len()].clone());
        let sender = Sender {
            client,
            trust: Arc::clone(&trust),
        };
        match way {
            Way::Streams => tasks.spawn(sender.stream(records, None)),
            Way::Scheduled(rate) => tasks
                .spawn(sender.stream(records, Some(Schedule::of(begun, rate, number, stations)))),
            Way::Unary => tasks.spawn(sender.unary(records)),
        };
    }
    let mut latencies = Vec::new();
    while let Some(seen) = tasks.join_next().await {
        latencies.extend(seen??);
    }
    Ok(Seen {
        records: latencies.len(),
        time: begun.elapsed(),
        latencies,
    })
}

/// When the records of one station are to be sent.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    first: Instant,
    interval: Duration,
}

impl Schedule {
    /// The stations take turns.
    #[expect(clippy::cast_precision_loss, reason = "there are few stations")]
    fn of(begun: Instant, rate: f64, number: usize, stations: usize) -> Self {
        let turn = Duration::from_secs_f64(number as f64 / rate);
        Self {
            first: begun + turn,
            interval: Duration::from_secs_f64(stations as f64 / rate),
        }
    }

    fn due(self, number: usize) -> Instant {
        self.first + self.interval * u32::try_from(number).unwrap_or(u32::MAX)
    }
}

/// One station's way to the server.
struct Sender {
    client: SubmissionServiceClient<Channel>,
    trust: Arc<Trust>,
}

impl Sender {
    async fn stream(
        mut self,
        records: Vec<pb::Submission>,
        schedule: Option<Schedule>,
    ) -> Result<Vec<Duration>, Error> {
        let digests: Vec<_> = records.iter().map(digest_of).collect();
        let (waiting, requests) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            for (number, submission) in records.into_iter().enumerate() {
                if let Some(schedule) = schedule {
                    sleep_until(schedule.due(number).into()).await;
                }
                let request = pb::SubmitStreamRequest {
                    submission: Some(submission),
                    wait_for: WaitFor::Checkpointed.into(),
                };
                // Nobody listens any more after an error.
                if waiting.send(request).await.is_err() {
                    return;
                }
            }
        });
        let begun = Instant::now();
        let requests = ReceiverStream::new(requests);
        let answers = self
            .client
            .submit_stream(requests)
            .await
            .map_err(classify)?;
        let mut answers = answers.into_inner();
        let mut latencies = Vec::with_capacity(digests.len());
        for (number, digest) in digests.iter().enumerate() {
            let answer = answers.message().await.map_err(classify)?;
            let since = schedule.map_or(begun, |schedule| schedule.due(number));
            latencies.push(since.elapsed());
            let receipt = match answer.and_then(|answer| answer.result) {
                Some(Answer::Receipt(receipt)) => receipt,
                Some(Answer::Status(status)) => return Err(classify(item_status(&status)).into()),
                None => return Err(Error::Answer("it holds neither receipt nor status")),
            };
            self.check(number, &receipt, digest)?;
        }
        Ok(latencies)
    }

    async fn unary(mut self, records: Vec<pb::Submission>) -> Result<Vec<Duration>, Error> {
        let mut latencies = Vec::with_capacity(records.len());
        for (number, submission) in records.into_iter().enumerate() {
            let digest = digest_of(&submission);
            let request = pb::SubmitRequest {
                submission: Some(submission),
                wait_for: WaitFor::Checkpointed.into(),
            };
            let begun = Instant::now();
            let answer = self.client.submit(request).await.map_err(classify)?;
            latencies.push(begun.elapsed());
            let receipt = answer.into_inner().receipt;
            let receipt = receipt.ok_or(Error::Answer("it holds no receipt"))?;
            self.check(number, &receipt, &digest)?;
        }
        Ok(latencies)
    }

    fn check(
        &self,
        number: usize,
        receipt: &pb::Receipt,
        digest: &RecordDigest,
    ) -> Result<(), Error> {
        if receipt.record_digest != digest.as_bytes() {
            return Err(Error::Answer("it holds the receipt of another record"));
        }
        if number.is_multiple_of(VERIFY_EVERY) {
            let verified = receipt::verify(&receipt.tlog_proof, &self.trust, Some(digest));
            verified.map_err(|source| Error::Receipt {
                record: *digest,
                source: Box::new(source),
                bytes: receipt.tlog_proof.clone(),
            })?;
        }
        Ok(())
    }
}
