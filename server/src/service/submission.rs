//! `SubmissionService`: records on their way into the log.

use std::{sync::Arc, time::Duration};

use prost::Message as _;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout_at},
};
use tokio_stream::{StreamExt as _, wrappers::ReceiverStream};
use tonic::{Request, Response, Status, Streaming};
use trucelog_proto::{
    entry::Entry,
    hash::{LeafIndex, RecordDigest},
    pb::{
        self, submission_service_server::SubmissionService,
        submit_stream_response::Result as Outcome,
    },
    record::{KnownKeys, LogId},
};

use super::{Answers, read, status};
use crate::{
    reader::{ReadError, Reader, StationKey},
    sequencer::{Admitted, Head, Logged, Pending, Room, Sequencer, admit},
    store::LogStore,
};

/// Records of one stream that may be on their way at a time.
const PIPELINE: usize = 256;

/// The service over a sequencer and a reader of the same store.
#[derive(Debug)]
pub struct Submissions<S> {
    log: Arc<LogId>,
    keys: Arc<KnownKeys>,
    sequencer: Sequencer,
    reader: Reader<S>,
    quorum: Option<Quorum>,
}

/// Heads at quorum, and how long a record waits for one.
#[derive(Clone, Debug)]
pub struct Quorum {
    /// The newest head at quorum.
    pub witnessed: watch::Receiver<Option<Arc<Head>>>,
    /// How long a record waits.
    pub wait: Duration,
}

/// A record on its way, and what its submitter waits for.
struct Underway {
    digest: RecordDigest,
    pending: Pending,
    /// When the wait for a quorum ends, if there is one.
    until: Option<Instant>,
}

impl<S> Clone for Submissions<S> {
    fn clone(&self) -> Self {
        Self {
            log: Arc::clone(&self.log),
            keys: Arc::clone(&self.keys),
            sequencer: self.sequencer.clone(),
            reader: self.reader.clone(),
            quorum: self.quorum.clone(),
        }
    }
}

impl<S: LogStore> Submissions<S> {
    /// Makes the service of the log `log`, without `quorum` for a log without witnesses.
    #[must_use]
    pub fn new(
        log: LogId,
        sequencer: Sequencer,
        reader: Reader<S>,
        quorum: Option<Quorum>,
    ) -> Self {
        Self {
            log: Arc::new(log),
            keys: Arc::default(),
            sequencer,
            reader,
            quorum,
        }
    }

    /// Checks a submission and queues it. If there is no room, its signature is not looked at: whoever sends more than can
    /// be taken must not take the time of those who are served.
    fn enqueue(&self, request: pb::SubmitRequest) -> Result<Underway, Status> {
        let room = self.sequencer.room();
        let room = room.map_err(|error| status::submission(&error))?;
        self.enqueue_into(room, request.submission, request.wait_for)
    }

    /// As [`Self::enqueue`], but waits for room: refusing one record of a stream would make a gap before the next.
    async fn enqueue_in_order(&self, request: pb::SubmitStreamRequest) -> Result<Underway, Status> {
        let room = self.sequencer.wait_for_room().await;
        let room = room.map_err(|error| status::submission(&error))?;
        self.enqueue_into(room, request.submission, request.wait_for)
    }

    fn enqueue_into(
        &self,
        room: Room,
        submission: Option<pb::Submission>,
        wait_for: i32,
    ) -> Result<Underway, Status> {
        let until = self.wait_until(wait_for)?;
        let admitted = self.admit(submission)?;
        let digest = admitted.record.record.digest;
        let pending = self.sequencer.submit_into(room, admitted);
        let pending = pending.map_err(|error| status::submission(&error))?;
        Ok(Underway {
            digest,
            pending,
            until,
        })
    }

    fn admit(&self, submission: Option<pb::Submission>) -> Result<Admitted, Status> {
        let submission = submission.ok_or_else(|| status::malformed("submission", "is missing"))?;
        admit(submission, &self.log, &self.keys).map_err(|refusal| status::refused(&refusal))
    }

    /// When the wait for a quorum ends, counted from now; none if none is asked for.
    fn wait_until(&self, wait_for: i32) -> Result<Option<Instant>, Status> {
        match pb::WaitFor::try_from(wait_for) {
            Ok(pb::WaitFor::Unspecified | pb::WaitFor::Checkpointed) => Ok(None),
            Ok(pb::WaitFor::Witnessed) => match &self.quorum {
                Some(quorum) => Ok(Some(Instant::now() + quorum.wait)),
                None => Err(status::no_witnesses("wait_for")),
            },
            Err(_) => Err(status::malformed(
                "wait_for",
                "must be CHECKPOINTED or WITNESSED",
            )),
        }
    }

    /// Waits for what the submitter asked for and makes the receipt.
    async fn receipt(&self, underway: Result<Underway, Status>) -> Result<pb::Receipt, Status> {
        let Underway {
            digest,
            pending,
            until,
        } = underway?;
        let logged = pending
            .logged()
            .await
            .map_err(|error| status::submission(&error))?;
        let head = match until {
            Some(until) => self.witnessed(logged.index(), until).await?,
            None => self.reader.head(),
        };
        let (index, accepted_time, proof) = match logged {
            Logged::Now {
                index,
                accepted_time,
                entry,
            } => {
                let proof = self.reader.receipt(index, entry, &head);
                let proof = proof.map_err(|error| status::read(&error))?;
                (index, accepted_time, proof)
            }
            Logged::Before(index) => {
                read(&self.reader, move |reader| earlier(reader, index, &head)).await?
            }
        };
        Ok(pb::Receipt {
            record_digest: digest.as_bytes().to_vec(),
            index: index.get(),
            accepted_time: Some(timestamp(accepted_time)),
            tlog_proof: proof,
        })
    }

    /// Waits for a head at quorum that covers `index`.
    async fn witnessed(&self, index: LeafIndex, until: Instant) -> Result<Arc<Head>, Status> {
        let late = || status::not_witnessed(Some(index));
        let mut heads = self.quorum.clone().ok_or_else(late)?.witnessed;
        let covered = |head: &Option<Arc<Head>>| {
            head.as_ref()
                .is_some_and(|head| index.get() < head.checkpoint.size.get())
        };
        let head = timeout_at(until, heads.wait_for(covered))
            .await
            .map_err(|_| late())?;
        head.ok().and_then(|head| head.clone()).ok_or_else(late)
    }

    async fn outcome(&self, underway: Result<Underway, Status>) -> pb::SubmitStreamResponse {
        let result = match self.receipt(underway).await {
            Ok(receipt) => Outcome::Receipt(receipt),
            Err(refused) => Outcome::Status(message(&refused)),
        };
        pb::SubmitStreamResponse {
            result: Some(result),
        }
    }
}

#[tonic::async_trait]
impl<S: LogStore> SubmissionService for Submissions<S> {
    async fn submit(
        &self,
        request: Request<pb::SubmitRequest>,
    ) -> Result<Response<pb::SubmitResponse>, Status> {
        let underway = self.enqueue(request.into_inner());
        let receipt = self.receipt(underway).await?;
        Ok(Response::new(pb::SubmitResponse {
            receipt: Some(receipt),
        }))
    }

    type SubmitStreamStream = Answers<pb::SubmitStreamResponse>;

    async fn submit_stream(
        &self,
        request: Request<Streaming<pb::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let (sender, underway) = mpsc::channel(PIPELINE);
        let mut requests = request.into_inner();
        let service = self.clone();
        tokio::spawn(async move {
            while let Some(Ok(request)) = requests.next().await {
                let underway = service.enqueue_in_order(request).await;
                if sender.send(underway).await.is_err() {
                    return;
                }
            }
        });
        let service = self.clone();
        let answers = ReceiverStream::new(underway).then(move |underway| {
            let service = service.clone();
            async move { Ok(service.outcome(underway).await) }
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_station(
        &self,
        request: Request<pb::GetStationRequest>,
    ) -> Result<Response<pb::GetStationResponse>, Status> {
        let request = request.into_inner();
        let (keys, size) = read(&self.reader, move |reader| {
            reader.station(&request.member, &request.station)
        })
        .await?;
        Ok(Response::new(pb::GetStationResponse {
            keys: keys.into_iter().map(station_key).collect(),
            size: size.get(),
        }))
    }
}

/// Index, accepted time and receipt of an entry that was in the log before.
fn earlier<S: LogStore>(
    reader: &Reader<S>,
    index: LeafIndex,
    head: &Head,
) -> Result<(LeafIndex, u64, Vec<u8>), ReadError> {
    let bytes = reader.entry(index)?;
    let entry = Entry::decode(&bytes).map_err(|refusal| ReadError::Damaged(refusal.to_string()))?;
    let proof = reader.receipt(index, bytes, head)?;
    Ok((index, entry.accepted_time, proof))
}

fn timestamp(unix_ms: u64) -> prost_types::Timestamp {
    let nanos = i32::try_from(unix_ms % 1000 * 1_000_000).expect("less than 10^9");
    prost_types::Timestamp {
        seconds: i64::try_from(unix_ms / 1000)
            .expect("u64 milliseconds are less than i64::MAX seconds"),
        nanos,
    }
}

fn station_key(key: StationKey) -> pb::StationKey {
    pb::StationKey {
        public_key: key.public_key,
        role: key.state.role,
        enrolled_index: key.state.enrolled_index,
        revoked_index: key.state.revoked_index,
        compromised_since_index: key.state.compromised_since_index,
        next_sequence: key.state.last_sequence + 1,
    }
}

/// The status as a message, for one record of a stream.
fn message(status: &Status) -> pb::rpc::Status {
    pb::rpc::Status::decode(status.details()).unwrap_or_else(|_| pb::rpc::Status {
        code: status.code().into(),
        message: status.message().to_owned(),
        details: Vec::new(),
    })
}
