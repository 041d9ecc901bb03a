//! `LogService`: checkpoints, entries and proofs.

use std::sync::Arc;

use tokio::{
    sync::{mpsc, watch},
    task::spawn_blocking,
};
use tokio_stream::{
    StreamExt as _,
    wrappers::{ReceiverStream, WatchStream},
};
use tonic::{Request, Response, Status};
use trucelog_proto::{
    hash::{LeafIndex, NodeHash, RecordDigest, TreeSize},
    pb::{self, get_entry_request::Name, log_service_server::LogService},
};

use super::{Answers, read, status};
use crate::{
    reader::{ReadError, Reader},
    sequencer::Head,
    store::LogStore,
    witness::Publisher,
};

/// Entries in one message of a stream, unless they are long.
const RUN_COUNT: u64 = 256;
/// Bytes after which a message of a stream is full.
const RUN_LEN: usize = 256 * 1024;
/// Messages of a stream that are read ahead.
const READ_AHEAD: usize = 4;

/// The service over a reader.
#[derive(Debug)]
pub struct Log<S> {
    reader: Reader<S>,
    witnessed: Option<watch::Receiver<Option<Arc<Head>>>>,
    publisher: Option<Publisher<S>>,
    stopping: watch::Receiver<bool>,
}

impl<S> Clone for Log<S> {
    fn clone(&self) -> Self {
        Self {
            reader: self.reader.clone(),
            witnessed: self.witnessed.clone(),
            publisher: self.publisher.clone(),
            stopping: self.stopping.clone(),
        }
    }
}

impl<S: LogStore> Log<S> {
    /// Makes the service, without `witnessed` where nobody says what a quorum is, and without a publisher where nobody
    /// cosigns. Endless streams end when `stopping` becomes true.
    #[must_use]
    pub fn new(
        reader: Reader<S>,
        witnessed: Option<watch::Receiver<Option<Arc<Head>>>>,
        publisher: Option<Publisher<S>>,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            reader,
            witnessed,
            publisher,
            stopping,
        }
    }

    /// The publisher, which answers what `field` asks for.
    fn publisher(&self, field: &'static str) -> Result<&Publisher<S>, Status> {
        self.publisher
            .as_ref()
            .ok_or_else(|| status::no_witnesses(field))
    }

    /// The newest head of a kind, if there is one, and every newer one.
    fn heads(&self, kind: i32) -> Result<Heads, Status> {
        match pb::CheckpointKind::try_from(kind) {
            Ok(pb::CheckpointKind::Unspecified | pb::CheckpointKind::Signed) => {
                Ok(Heads::Each(self.reader.heads()))
            }
            Ok(pb::CheckpointKind::Candidate) => {
                Ok(Heads::Each(self.publisher("kind")?.candidates()))
            }
            Ok(pb::CheckpointKind::Witnessed) => {
                let witnessed = self.witnessed.clone();
                let witnessed = witnessed.ok_or_else(|| status::no_witnesses("kind"))?;
                Ok(Heads::Some(witnessed))
            }
            Err(_) => Err(status::malformed("kind", "SIGNED, CANDIDATE or WITNESSED")),
        }
    }
}

#[tonic::async_trait]
impl<S: LogStore> LogService for Log<S> {
    async fn get_checkpoint(
        &self,
        request: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        let newest = match self.heads(request.into_inner().kind)? {
            Heads::Each(heads) => Some(Arc::clone(&heads.borrow())),
            Heads::Some(heads) => heads.borrow().clone(),
        };
        let head = newest.ok_or_else(|| status::not_witnessed(None))?;
        Ok(Response::new(pb::GetCheckpointResponse {
            checkpoint: head.note.clone(),
        }))
    }

    type WatchCheckpointsStream = Answers<pb::WatchCheckpointsResponse>;

    async fn watch_checkpoints(
        &self,
        request: Request<pb::WatchCheckpointsRequest>,
    ) -> Result<Response<Self::WatchCheckpointsStream>, Status> {
        let heads: Answers<Arc<Head>> = match self.heads(request.into_inner().kind)? {
            Heads::Each(heads) => Box::pin(WatchStream::new(heads).map(Ok)),
            Heads::Some(heads) => Box::pin(WatchStream::new(heads).filter_map(|head| head.map(Ok))),
        };
        let stopping = WatchStream::new(self.stopping.clone())
            .filter(|stopping| *stopping)
            .map(|_| None);
        let answers = heads.map(Some).merge(stopping).map_while(|head| {
            head.map(|head| {
                Ok(pb::WatchCheckpointsResponse {
                    checkpoint: head?.note.clone(),
                })
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_entry(
        &self,
        request: Request<pb::GetEntryRequest>,
    ) -> Result<Response<pb::GetEntryResponse>, Status> {
        let name = request
            .into_inner()
            .name
            .ok_or_else(|| status::malformed("name", "index or record_digest"))?;
        let name = match name {
            Name::Index(index) => EntryName::Index(LeafIndex::new(index)),
            Name::RecordDigest(digest) => EntryName::Digest(
                RecordDigest::try_from(digest.as_slice())
                    .map_err(|_| status::malformed("record_digest", "32 bytes"))?,
            ),
        };
        let proven = read(&self.reader, move |reader| {
            let index = match name {
                EntryName::Index(index) => index,
                EntryName::Digest(digest) => reader.index_of(&digest)?,
            };
            reader.proven_entry(index)
        })
        .await?;
        Ok(Response::new(pb::GetEntryResponse {
            index: proven.index.get(),
            entry: proven.entry,
            tlog_proof: proven.tlog_proof,
        }))
    }

    type StreamEntriesStream = Answers<pb::StreamEntriesResponse>;

    async fn stream_entries(
        &self,
        request: Request<pb::StreamEntriesRequest>,
    ) -> Result<Response<Self::StreamEntriesStream>, Status> {
        let request = request.into_inner();
        let size = self.reader.size().get();
        let end = if request.end_index == 0 {
            size
        } else {
            request.end_index
        };
        check_range("end_index", end, size)?;
        check_range("start_index", request.start_index, end)?;
        let (sender, answers) = mpsc::channel(READ_AHEAD);
        let reader = self.reader.clone();
        tokio::spawn(send_runs(reader, request.start_index, end, sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::GetInclusionProofResponse>, Status> {
        let request = request.into_inner();
        let size = self.size_or_newest(request.size);
        let index = LeafIndex::new(request.index);
        let hashes = read(&self.reader, move |reader| {
            reader.prove_inclusion(index, size)
        })
        .await?;
        Ok(Response::new(pb::GetInclusionProofResponse {
            size: size.get(),
            hashes: bytes(&hashes),
        }))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        let request = request.into_inner();
        let new = self.size_or_newest(request.new_size);
        let old = TreeSize::new(request.old_size);
        let hashes = read(&self.reader, move |reader| {
            reader.prove_consistency(old, new)
        })
        .await?;
        Ok(Response::new(pb::GetConsistencyProofResponse {
            new_size: new.get(),
            hashes: bytes(&hashes),
        }))
    }

    async fn add_cosignature(
        &self,
        request: Request<pb::AddCosignatureRequest>,
    ) -> Result<Response<pb::AddCosignatureResponse>, Status> {
        let publisher = self.publisher("checkpoint")?.clone();
        let note = request.into_inner().checkpoint;
        let added = spawn_blocking(move || publisher.add(&note))
            .await
            .map_err(|error| Status::internal(error.to_string()))?
            .map_err(|error| status::cosignatures(&error))?;
        Ok(Response::new(pb::AddCosignatureResponse {
            stored: added.stored,
            witnessed: added.witnessed,
        }))
    }
}

impl<S: LogStore> Log<S> {
    fn size_or_newest(&self, size: u64) -> TreeSize {
        if size == 0 {
            self.reader.size()
        } else {
            TreeSize::new(size)
        }
    }
}

enum EntryName {
    Index(LeafIndex),
    Digest(RecordDigest),
}

/// Heads as they come. There may be none at quorum yet.
enum Heads {
    Each(watch::Receiver<Arc<Head>>),
    Some(watch::Receiver<Option<Arc<Head>>>),
}

fn check_range(field: &'static str, found: u64, max: u64) -> Result<(), Status> {
    if found <= max {
        return Ok(());
    }
    Err(status::read(&ReadError::OutOfRange {
        field,
        min: 0,
        max,
        found,
    }))
}

/// Reads the entries from `start` up to, not including, `end`, and sends them in runs until nobody listens.
async fn send_runs<S: LogStore>(
    reader: Reader<S>,
    mut start: u64,
    end: u64,
    sender: mpsc::Sender<Result<pb::StreamEntriesResponse, Status>>,
) {
    while start < end {
        let run = read(&reader, move |reader| read_run(reader, start, end)).await;
        start = run
            .as_ref()
            .map_or(end, |run| start + run.entries.len() as u64);
        if sender.send(run).await.is_err() {
            return;
        }
    }
}

/// Reads at least one entry and at most a message full of them.
fn read_run<S: LogStore>(
    reader: &Reader<S>,
    start: u64,
    end: u64,
) -> Result<pb::StreamEntriesResponse, ReadError> {
    let mut entries = reader.entries(start, end.min(start + RUN_COUNT))?;
    let mut len = 0;
    let short = entries.iter().take_while(|entry| {
        let full = len >= RUN_LEN;
        len += entry.len();
        !full
    });
    let count = short.count();
    entries.truncate(count);
    Ok(pb::StreamEntriesResponse {
        start_index: start,
        entries,
    })
}

fn bytes(hashes: &[NodeHash]) -> Vec<Vec<u8>> {
    hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}
