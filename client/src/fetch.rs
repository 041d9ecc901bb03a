//! Fetches checkpoints, entries and proofs from a server. Nothing here is believed; callers verify it.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tonic::transport::Channel;
use tonic::{Status, Streaming};
use trucelog_proto::hash::{LeafIndex, NodeHash, TreeSize};
use trucelog_proto::pb::log_service_client::LogServiceClient;
use trucelog_proto::pb::{self, CheckpointKind};

use crate::Error;
use crate::entry_source::EntrySource;
use crate::refused::{Failure, classify};
use crate::retry::{Patience, Retry, call};

/// Longest time for one answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Entries that are looked at together, unless they have more bytes than [`RUN_LEN`].
const RUN: usize = 1024;
/// Bytes of entries after which a run ends: no server can make one take more than this and one message.
pub const RUN_LEN: usize = 4 * 1024 * 1024;
/// How long a caller waits for entries before it looks around.
const MOMENT: Duration = Duration::from_millis(200);
/// Runs that may wait for the verifier.
const WAITING_RUNS: usize = 4;

/// Reads one log from a server.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: LogServiceClient<Channel>,
    patience: Patience,
}

impl Fetcher {
    /// Makes a fetcher.
    #[must_use]
    pub fn new(channel: Channel, patience: Patience) -> Self {
        Self {
            client: LogServiceClient::new(channel),
            patience,
        }
    }

    /// Fetches the newest checkpoint, a signed note.
    ///
    /// # Errors
    /// [`Error::Deadline`] or [`Error::Status`].
    pub async fn checkpoint(&self, kind: CheckpointKind) -> Result<Vec<u8>, Error> {
        let response = call(self.patience, async || {
            let mut request = tonic::Request::new(pb::GetCheckpointRequest { kind: kind.into() });
            request.set_timeout(ANSWER_TIMEOUT);
            self.client.clone().get_checkpoint(request).await
        });
        Ok(response.await?.checkpoint)
    }

    /// Hands in cosignatures, or a checkpoint that the log has forgotten.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::Deadline`] or [`Error::Status`].
    pub(crate) async fn add_cosignature(
        &self,
        checkpoint: Vec<u8>,
    ) -> Result<pb::AddCosignatureResponse, Error> {
        call(self.patience, async || {
            let mut request = tonic::Request::new(pb::AddCosignatureRequest {
                checkpoint: checkpoint.clone(),
            });
            request.set_timeout(ANSWER_TIMEOUT);
            self.client.clone().add_cosignature(request).await
        })
        .await
    }

    /// Begins to watch checkpoints of a kind, once.
    ///
    /// # Errors
    /// The server's status.
    pub(crate) async fn watch(
        &self,
        kind: CheckpointKind,
    ) -> Result<Streaming<pb::WatchCheckpointsResponse>, Status> {
        let request = pb::WatchCheckpointsRequest { kind: kind.into() };
        let begun = self.client.clone().watch_checkpoints(request).await?;
        Ok(begun.into_inner())
    }

    /// Fetches the proof that the tree of size `new` continues that of size `old`.
    ///
    /// # Errors
    /// [`Error::Deadline`] or [`Error::Status`]; [`Error::Answer`].
    pub async fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Vec<NodeHash>, Error> {
        let response = call(self.patience, async || {
            let mut request = tonic::Request::new(pb::GetConsistencyProofRequest {
                old_size: old.get(),
                new_size: new.get(),
            });
            request.set_timeout(ANSWER_TIMEOUT);
            self.client.clone().get_consistency_proof(request).await
        });
        node_hashes(&response.await?.hashes)
    }

    /// Fetches the proof that the entry at `index` is in the tree of `size` entries.
    ///
    /// # Errors
    /// [`Error::Deadline`] or [`Error::Status`]; [`Error::Answer`].
    pub async fn inclusion_proof(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<Vec<NodeHash>, Error> {
        let response = call(self.patience, async || {
            let mut request = tonic::Request::new(pb::GetInclusionProofRequest {
                index: index.get(),
                size: size.get(),
            });
            request.set_timeout(ANSWER_TIMEOUT);
            self.client.clone().get_inclusion_proof(request).await
        });
        node_hashes(&response.await?.hashes)
    }

    /// Fetches the entries from `start` up to, not including, `end`. Needs a tokio runtime; the result is read
    /// outside of its tasks, for example below `block_in_place`.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn entries(&self, start: LeafIndex, end: TreeSize) -> RemoteEntries {
        let (sender, runs) = mpsc::channel(WAITING_RUNS);
        let fetcher = self.clone();
        tokio::spawn(async move {
            if let Err(error) = fetcher.send_entries(start.get(), end.get(), &sender).await {
                // Nobody listens when the verifier has stopped already.
                drop(sender.send(Err(error)).await);
            }
        });
        RemoteEntries {
            runs,
            fetcher: self.clone(),
            runtime: Handle::current(),
        }
    }

    async fn send_entries(&self, start: u64, end: u64, sender: &Runs) -> Result<(), Error> {
        let mut next = start;
        let mut retry = Retry::new(self.patience);
        while next < end {
            let before = next;
            let ended = self.send_stream(&mut next, end, sender).await;
            if next > before {
                retry.progressed();
            }
            match ended.map_err(classify) {
                Ok(Sent::All) if next >= end => {}
                Ok(Sent::All) => {
                    let status = Status::unavailable("the stream ended early");
                    retry.wait(&status, None).await?;
                }
                Ok(Sent::Stopped) => return Ok(()),
                Err(Failure::Retry(status, asked)) => retry.wait(&status, asked).await?,
                Err(failure) => return Err(failure.into()),
            }
        }
        Ok(())
    }

    /// Passes on what one stream gives, in runs, and moves `next` on with each run.
    async fn send_stream(&self, next: &mut u64, end: u64, sender: &Runs) -> Result<Sent, Status> {
        let request = pb::StreamEntriesRequest {
            start_index: *next,
            end_index: end,
        };
        let mut stream = self
            .client
            .clone()
            .stream_entries(request)
            .await?
            .into_inner();
        let mut run = Vec::new();
        let mut len = 0;
        loop {
            let message = tokio::time::timeout(ANSWER_TIMEOUT, stream.message())
                .await
                .map_err(|_| Status::deadline_exceeded("no answer in time"))??;
            if message
                .as_ref()
                .is_some_and(|message| message.entries.is_empty())
            {
                return Err(Status::unavailable("a message without entries"));
            }
            let ended = message.is_none();
            let entries = message.map_or_else(Vec::new, |message| message.entries);
            len += entries.iter().map(Vec::len).sum::<usize>();
            run.extend(entries);
            if run.len() >= RUN || len >= RUN_LEN || (ended && !run.is_empty()) {
                *next += run.len() as u64;
                len = 0;
                if sender.send(Ok(std::mem::take(&mut run))).await.is_err() {
                    return Ok(Sent::Stopped);
                }
            }
            if ended {
                return Ok(Sent::All);
            }
        }
    }
}

pub(crate) fn node_hashes(hashes: &[Vec<u8>]) -> Result<Vec<NodeHash>, Error> {
    let hashes = hashes
        .iter()
        .map(|hash| NodeHash::try_from(hash.as_slice()));
    hashes.collect::<Result<_, _>>().map_err(Error::AnswerForm)
}

type Runs = mpsc::Sender<Result<Vec<Vec<u8>>, Error>>;

enum Sent {
    All,
    /// Nobody reads any more.
    Stopped,
}

/// Entries that a task fetches while earlier ones are verified.
#[derive(Debug)]
pub struct RemoteEntries {
    runs: mpsc::Receiver<Result<Vec<Vec<u8>>, Error>>,
    fetcher: Fetcher,
    runtime: Handle,
}

impl EntrySource for RemoteEntries {
    fn next(&mut self) -> Result<Vec<Vec<u8>>, Error> {
        let run = async { tokio::time::timeout(MOMENT, self.runs.recv()).await };
        match self.runtime.block_on(run) {
            Ok(Some(run)) => run,
            Ok(None) => Err(Error::Answer("it holds fewer entries than its checkpoint")),
            Err(_) => Ok(Vec::new()),
        }
    }

    fn inclusion(&mut self, index: LeafIndex, size: TreeSize) -> Option<Vec<NodeHash>> {
        let proof = self.fetcher.inclusion_proof(index, size);
        self.runtime.block_on(proof).ok()
    }
}
