//! A server whose operator shows what a test wants, over a real socket.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio_stream::wrappers::{TcpListenerStream, WatchStream};
use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};
use trucelog_proto::hash::{NodeHash, TreeSize};
use trucelog_proto::limits::MAX_ENTRY_LEN;
use trucelog_proto::pb::log_service_server::{LogService, LogServiceServer};
use trucelog_proto::pb::submission_service_server::{SubmissionService, SubmissionServiceServer};
use trucelog_proto::pb::submit_stream_response::Result as Answer;
use trucelog_proto::pb::{self, CheckpointKind};
use trucelog_proto::proof::prove_consistency;

use super::Log;

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

/// What the operator shows: entries, and a checkpoint over them for every kind.
#[derive(Clone)]
pub struct Shown {
    pub log: Log,
    pub checkpoint: Vec<u8>,
    /// The hashes in every answer that should be a proof; none for the log's own proofs.
    pub proof: Option<Vec<Vec<u8>>>,
    /// The receipt for every record.
    pub receipt: Vec<u8>,
    /// Streams of checkpoints that began before another connection number was set are cut.
    connection: u64,
}

/// The operator of a served log.
pub struct Operator {
    pub url: String,
    shown: watch::Sender<Shown>,
    /// Entries that were sent.
    streamed: AtomicU64,
    /// What cosigners have handed in.
    handed_in: Mutex<Vec<HandedIn>>,
    /// A file that is read whenever something is handed in.
    watched: Mutex<PathBuf>,
    /// Whether cosigners wait for their answer for ever.
    silent: AtomicBool,
}

/// What a cosigner has handed in.
#[derive(Clone, Debug)]
pub struct HandedIn {
    pub note: Vec<u8>,
    /// The watched file at that moment.
    pub file: Vec<u8>,
}

impl Operator {
    /// Serves `log` until the runtime ends.
    pub async fn serve(log: Log) -> Arc<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let checkpoint = log.note();
        let shown = Shown {
            log,
            checkpoint,
            proof: None,
            receipt: Vec::new(),
            connection: 0,
        };
        let operator = Arc::new(Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            shown: watch::Sender::new(shown),
            streamed: AtomicU64::new(0),
            handed_in: Mutex::new(Vec::new()),
            watched: Mutex::new(PathBuf::new()),
            silent: AtomicBool::new(false),
        });
        let serving = Server::builder()
            .add_service(LogServiceServer::new(Service(operator.clone())))
            .add_service(SubmissionServiceServer::new(Service(operator.clone())))
            .serve_with_incoming(TcpListenerStream::new(listener));
        tokio::spawn(serving);
        operator
    }

    /// Shows another log, or the same one grown, with its checkpoint.
    pub fn show(&self, log: Log) {
        let checkpoint = log.note();
        self.show_note(log, checkpoint);
    }

    /// Shows a log with any checkpoint.
    pub fn show_note(&self, log: Log, checkpoint: Vec<u8>) {
        self.shown.send_modify(|shown| {
            shown.log = log;
            shown.checkpoint = checkpoint;
        });
    }

    /// Answers every request for a proof with these hashes.
    pub fn answer_proofs(&self, hashes: Vec<Vec<u8>>) {
        self.shown.send_modify(|shown| shown.proof = Some(hashes));
    }

    /// Answers every record with this receipt.
    pub fn answer_records(&self, receipt: Vec<u8>) {
        self.shown.send_modify(|shown| shown.receipt = receipt);
    }

    /// Breaks all streams of checkpoints.
    pub fn cut(&self) {
        self.shown.send_modify(|shown| shown.connection += 1);
    }

    pub fn streamed(&self) -> u64 {
        self.streamed.load(Ordering::SeqCst)
    }

    pub fn handed_in(&self) -> Vec<HandedIn> {
        self.handed_in.lock().unwrap().clone()
    }

    pub fn watch_file(&self, path: PathBuf) {
        *self.watched.lock().unwrap() = path;
    }

    pub fn be_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }
}

struct Service(Arc<Operator>);

#[tonic::async_trait]
impl LogService for Service {
    type StreamEntriesStream = Answers<pb::StreamEntriesResponse>;
    type WatchCheckpointsStream = Answers<pb::WatchCheckpointsResponse>;

    async fn get_checkpoint(
        &self,
        _: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        let checkpoint = self.0.shown.borrow().checkpoint.clone();
        Ok(Response::new(pb::GetCheckpointResponse { checkpoint }))
    }

    async fn watch_checkpoints(
        &self,
        request: Request<pb::WatchCheckpointsRequest>,
    ) -> Result<Response<Self::WatchCheckpointsStream>, Status> {
        assert_ne!(request.into_inner().kind(), CheckpointKind::Unspecified);
        let shown = self.0.shown.subscribe();
        let connection = shown.borrow().connection;
        let answers = WatchStream::new(shown).map(move |shown| {
            if shown.connection != connection {
                return Err(Status::unavailable("cut"));
            }
            Ok(pb::WatchCheckpointsResponse {
                checkpoint: shown.checkpoint,
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn stream_entries(
        &self,
        request: Request<pb::StreamEntriesRequest>,
    ) -> Result<Response<Self::StreamEntriesStream>, Status> {
        let request = request.into_inner();
        let [start, end] =
            [request.start_index, request.end_index].map(|index| usize::try_from(index).unwrap());
        let shown = self.0.shown.borrow();
        let entries = shown.log.entries.get(start..end);
        let entries = entries.ok_or_else(|| Status::out_of_range("beyond the log"))?;
        self.0
            .streamed
            .fetch_add(entries.len() as u64, Ordering::SeqCst);
        let large = entries.iter().any(|entry| entry.len() > MAX_ENTRY_LEN);
        let answers: Vec<_> = entries
            .chunks(if large { 1 } else { 100 })
            .map(|chunk| {
                Ok(pb::StreamEntriesResponse {
                    entries: chunk.to_vec(),
                    ..pb::StreamEntriesResponse::default()
                })
            })
            .collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(answers))))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        let request = request.into_inner();
        let shown = self.0.shown.borrow();
        let (old, new) = (
            TreeSize::new(request.old_size),
            TreeSize::new(request.new_size),
        );
        let hashes = shown.proof.clone();
        let own = || bytes(&prove_consistency(old, new, &shown.log).unwrap());
        Ok(Response::new(pb::GetConsistencyProofResponse {
            new_size: request.new_size,
            hashes: hashes.unwrap_or_else(own),
        }))
    }

    async fn add_cosignature(
        &self,
        request: Request<pb::AddCosignatureRequest>,
    ) -> Result<Response<pb::AddCosignatureResponse>, Status> {
        let note = request.into_inner().checkpoint;
        let file = std::fs::read(&*self.0.watched.lock().unwrap()).unwrap_or_default();
        let handed_in = HandedIn { note, file };
        self.0.handed_in.lock().unwrap().push(handed_in);
        while self.0.silent.load(Ordering::SeqCst) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        Ok(Response::new(pb::AddCosignatureResponse::default()))
    }

    async fn get_entry(
        &self,
        _: Request<pb::GetEntryRequest>,
    ) -> Result<Response<pb::GetEntryResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::GetInclusionProofResponse>, Status> {
        let request = request.into_inner();
        let shown = self.0.shown.borrow();
        let hashes = shown.proof.clone();
        let own = || bytes(&shown.log.inclusion(request.index, request.size));
        Ok(Response::new(pb::GetInclusionProofResponse {
            hashes: hashes.unwrap_or_else(own),
            ..pb::GetInclusionProofResponse::default()
        }))
    }
}

fn bytes(hashes: &[NodeHash]) -> Vec<Vec<u8>> {
    hashes.iter().map(|hash| hash.as_bytes().to_vec()).collect()
}

#[tonic::async_trait]
impl SubmissionService for Service {
    type SubmitStreamStream = Answers<pb::SubmitStreamResponse>;

    async fn submit(
        &self,
        _: Request<pb::SubmitRequest>,
    ) -> Result<Response<pb::SubmitResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }

    async fn submit_stream(
        &self,
        request: Request<Streaming<pb::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let operator = self.0.clone();
        let answers = request.into_inner().map(move |request| {
            request?;
            let receipt = pb::Receipt {
                tlog_proof: operator.shown.borrow().receipt.clone(),
                ..pb::Receipt::default()
            };
            Ok(pb::SubmitStreamResponse {
                result: Some(Answer::Receipt(receipt)),
            })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn get_station(
        &self,
        _: Request<pb::GetStationRequest>,
    ) -> Result<Response<pb::GetStationResponse>, Status> {
        Err(Status::unimplemented("not used"))
    }
}
