//! Load: records that were signed before, sent as fast as answers come or on a fixed schedule.
//!
//! On a schedule the latency of a record counts from the time at which it was to be sent, so that a server that falls
//! behind cannot make its own figures better by slowing the load down.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;
use trucelog_proto::hash::RecordDigest;
use trucelog_proto::pb::submission_service_client::SubmissionServiceClient;
use trucelog_proto::pb::submit_stream_response::Result as Answer;
use trucelog_proto::pb::{self, WaitFor};

use crate::Error;
use crate::demo::DemoError;
use crate::receipt;
use crate::refused::{Failure, classify, item_status};
use crate::station::digest_of;
use crate::trust::Trust;

/// One receipt of so many is verified in full; the record digest of every one is compared.
const VERIFY_EVERY: usize = 500;
/// Records of one stream that are on their way at a time, where no schedule says when to send.
const WINDOW: usize = 256;

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

/// What a flood has seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flooded {
    /// Records that have a receipt.
    pub accepted: usize,
    /// Calls that the server has put off.
    pub refused: usize,
    /// From the first call to the last answer.
    pub time: Duration,
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
    send_to(senders(connections, Some(trust)), records, way).await
}

/// As [`send`], to a server whose receipts prove nothing: of each, only the record's digest is compared.
///
/// # Errors
/// As [`send`].
pub async fn send_unproven(
    connections: &[Channel],
    records: Vec<Vec<pb::Submission>>,
    way: Way,
) -> Result<Seen, DemoError> {
    send_to(senders(connections, None), records, way).await
}

async fn send_to(
    senders: impl Iterator<Item = Sender>,
    records: Vec<Vec<pb::Submission>>,
    way: Way,
) -> Result<Seen, DemoError> {
    let stations = records.len();
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for ((number, records), sender) in records.into_iter().enumerate().zip(senders) {
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

/// Sends one record and gives its receipt.
///
/// # Errors
/// [`DemoError::Client`].
pub async fn send_one(
    connection: &Channel,
    submission: pb::Submission,
) -> Result<pb::Receipt, DemoError> {
    let request = pb::SubmitRequest {
        submission: Some(submission),
        wait_for: WaitFor::Checkpointed.into(),
    };
    let mut client = SubmissionServiceClient::new(connection.clone());
    let answer = client.submit(request).await;
    let answer = answer.map_err(|status| Error::from(classify(status)))?;
    let receipt = answer.into_inner().receipt;
    Ok(receipt.ok_or(Error::Answer("it holds no receipt"))?)
}

/// Calls for each station so often that there are `rate` calls a second in all, for as long as `time`, whether the server
/// follows or not. A record that is put off is sent again when the server says so; what is not sent by the end is left.
///
/// # Errors
/// [`DemoError::Client`] with the first answer that is neither a receipt that holds nor says when to try again.
pub async fn flood(
    connections: &[Channel],
    trust: &Trust,
    records: Vec<Vec<pb::Submission>>,
    rate: f64,
    time: Duration,
) -> Result<Flooded, DemoError> {
    let stations = records.len();
    let senders = senders(connections, Some(trust));
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    for ((number, records), sender) in records.into_iter().enumerate().zip(senders) {
        let schedule = Schedule::of(begun, rate, number, stations);
        tasks.spawn(sender.flood(records, schedule, begun + time));
    }
    let mut flooded = Flooded::default();
    while let Some(seen) = tasks.join_next().await {
        let seen = seen??;
        flooded.accepted += seen.accepted;
        flooded.refused += seen.refused;
    }
    flooded.time = begun.elapsed();
    Ok(flooded)
}

/// Senders that take turns with the connections, without end.
fn senders(connections: &[Channel], trust: Option<&Trust>) -> impl Iterator<Item = Sender> {
    let trust = trust.cloned().map(Arc::new);
    connections.iter().cycle().map(move |connection| Sender {
        client: SubmissionServiceClient::new(connection.clone()),
        trust: trust.clone(),
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
    trust: Option<Arc<Trust>>,
}

impl Sender {
    async fn stream(
        mut self,
        records: Vec<pb::Submission>,
        schedule: Option<Schedule>,
    ) -> Result<Vec<Duration>, Error> {
        let digests: Vec<_> = records.iter().map(digest_of).collect();
        let window = Arc::new(Semaphore::new(WINDOW));
        let free = Arc::clone(&window);
        let (waiting, requests) = mpsc::channel(WINDOW);
        let (sending, mut sent) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            for (number, submission) in records.into_iter().enumerate() {
                match schedule {
                    Some(schedule) => sleep_until(schedule.due(number).into()).await,
                    None => free
                        .acquire()
                        .await
                        .expect("nobody closes the window")
                        .forget(),
                }
                let time = schedule.map_or_else(Instant::now, |schedule| schedule.due(number));
                let request = pb::SubmitStreamRequest {
                    submission: Some(submission),
                    wait_for: WaitFor::Checkpointed.into(),
                };
                // Nobody listens any more after an error.
                if sending.send(time).is_err() || waiting.send(request).await.is_err() {
                    return;
                }
            }
        });
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
            if schedule.is_none() {
                window.add_permits(1);
            }
            let sent = sent.recv().await;
            latencies.push(sent.map_or(Duration::ZERO, |time| time.elapsed()));
            let receipt = match answer.and_then(|answer| answer.result) {
                Some(Answer::Receipt(receipt)) => receipt,
                Some(Answer::Status(status)) => return Err(classify(item_status(&status)).into()),
                None => return Err(Error::Answer("it holds neither receipt nor status")),
            };
            self.check(number, &receipt, digest)?;
        }
        Ok(latencies)
    }

    async fn flood(
        mut self,
        records: Vec<pb::Submission>,
        schedule: Schedule,
        until: Instant,
    ) -> Result<Flooded, Error> {
        let mut seen = Flooded::default();
        for (number, submission) in records.into_iter().enumerate() {
            let digest = digest_of(&submission);
            let request = pb::SubmitRequest {
                submission: Some(submission),
                wait_for: WaitFor::Checkpointed.into(),
            };
            let mut due = schedule.due(number);
            loop {
                sleep_until(due.min(until).into()).await;
                if Instant::now() >= until {
                    return Ok(seen);
                }
                match self.client.submit(request.clone()).await {
                    Ok(answer) => {
                        self.check_answer(number, answer.into_inner(), &digest)?;
                        seen.accepted += 1;
                        break;
                    }
                    Err(status) => {
                        seen.refused += 1;
                        due = Instant::now() + put_off(status)?;
                    }
                }
            }
        }
        Ok(seen)
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
            self.check_answer(number, answer.into_inner(), &digest)?;
        }
        Ok(latencies)
    }

    fn check_answer(
        &self,
        number: usize,
        answer: pb::SubmitResponse,
        digest: &RecordDigest,
    ) -> Result<(), Error> {
        let receipt = answer.receipt;
        let receipt = receipt.ok_or(Error::Answer("it holds no receipt"))?;
        self.check(number, &receipt, digest)
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
        let trust = self.trust.as_ref();
        if let Some(trust) = trust.filter(|_| number.is_multiple_of(VERIFY_EVERY)) {
            let verified = receipt::verify(&receipt.tlog_proof, trust, Some(digest));
            verified.map_err(|source| Error::Receipt {
                record: *digest,
                source: Box::new(source),
                bytes: receipt.tlog_proof.clone(),
            })?;
        }
        Ok(())
    }
}

/// How long the server asks to wait. An answer that does not say so is a failure.
fn put_off(status: Status) -> Result<Duration, Error> {
    match classify(status) {
        Failure::Retry(_, Some(delay)) => Ok(delay),
        failure => Err(failure.into()),
    }
}
