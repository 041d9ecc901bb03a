//! The fetcher over a real socket, against a server whose streams break.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use support::Log;
use tokio_stream::Stream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use trucelog_client::Error;
use trucelog_client::exit::Exit;
use trucelog_client::fetch::Fetcher;
use trucelog_client::remote;
use trucelog_client::retry::Patience;
use trucelog_client::store::Store;
use trucelog_client::verifier::{Report, verify_log};
use trucelog_proto::pb::log_service_server::{LogService, LogServiceServer};
use trucelog_proto::pb::{self, CheckpointKind};

/// Serves a log; each of its first streams ends before all entries that it was asked for are sent.
struct Breaking {
    log: Log,
    /// How the first streams end: with an error, or silently.
    breaks: Vec<bool>,
    /// Entries that a stream gives before it breaks.
    before: usize,
    streams: AtomicUsize,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

fn unused<T>() -> Result<T, Status> {
    Err(Status::unimplemented("not used"))
}

#[tonic::async_trait]
impl LogService for Breaking {
    type StreamEntriesStream = Answers<pb::StreamEntriesResponse>;
    type WatchCheckpointsStream = Answers<pb::WatchCheckpointsResponse>;

    async fn get_checkpoint(
        &self,
        _: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        let checkpoint = self.log.note();
        Ok(Response::new(pb::GetCheckpointResponse { checkpoint }))
    }

    async fn stream_entries(
        &self,
        request: Request<pb::StreamEntriesRequest>,
    ) -> Result<Response<Self::StreamEntriesStream>, Status> {
        let request = request.into_inner();
        let range = usize::try_from(request.start_index).unwrap()
            ..usize::try_from(request.end_index).unwrap();
        let entries = &self.log.entries[range];
        let stream = self.streams.fetch_add(1, Ordering::Relaxed);
        let breaks = self.breaks.get(stream);
        let sent = breaks.map_or(entries.len(), |_| self.before.min(entries.len()));
        let mut answers: Vec<Result<pb::StreamEntriesResponse, Status>> = entries[..sent]
            .chunks(100)
            .map(|chunk| {
                Ok(pb::StreamEntriesResponse {
                    entries: chunk.to_vec(),
                    ..pb::StreamEntriesResponse::default()
                })
            })
            .collect();
        if breaks == Some(&true) {
            answers.push(Err(Status::unavailable("broken")));
        }
        Ok(Response::new(Box::pin(tokio_stream::iter(answers))))
    }

    async fn watch_checkpoints(
        &self,
        _: Request<pb::WatchCheckpointsRequest>,
    ) -> Result<Response<Self::WatchCheckpointsStream>, Status> {
        unused()
    }

    async fn get_entry(
        &self,
        _: Request<pb::GetEntryRequest>,
    ) -> Result<Response<pb::GetEntryResponse>, Status> {
        unused()
    }

    async fn get_inclusion_proof(
        &self,
        _: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::GetInclusionProofResponse>, Status> {
        unused()
    }

    async fn get_consistency_proof(
        &self,
        _: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        unused()
    }

    async fn add_cosignature(
        &self,
        _: Request<pb::AddCosignatureRequest>,
    ) -> Result<Response<pb::AddCosignatureResponse>, Status> {
        unused()
    }
}

/// Verifies the log of a server whose streams break as `breaks` says, after `before` entries.
async fn verify(log: &Log, breaks: Vec<bool>, before: usize) -> Result<Report, Error> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let service = LogServiceServer::new(Breaking {
        log: log.clone(),
        breaks,
        before,
        streams: AtomicUsize::new(0),
    });
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let patience = Patience(Duration::from_secs(2));
    let fetcher = Fetcher::new(remote::connect(&url, None).unwrap(), patience);
    let note = fetcher.checkpoint(CheckpointKind::Signed).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let stop = AtomicBool::new(false);
    let open = |start, end| Ok(fetcher.entries(start, end));
    tokio::task::block_in_place(|| verify_log(&store, &log.trust(), &note, open, |_| {}, &stop))
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_streams_go_on_where_they_stopped() {
    let log = Log::with_reports(4000);
    let report = verify(&log, vec![true, false], 1500).await.unwrap();
    assert_eq!(report.entries_verified, 4002);
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_without_entries_end_the_check() {
    let log = Log::with_reports(4000);
    let error = verify(&log, vec![false; 1000], 0).await.unwrap_err();
    assert_eq!(error.exit(), Exit::NotChecked);
}
