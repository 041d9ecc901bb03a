//! A gRPC server that gives proofs and entries out of memory: what the transport alone can do with the same bytes.

use std::sync::Arc;

use tokio_stream::Stream;
use tonic::transport::Server;
use tonic::{Request, Response, Status};
use trucelog_proto::pb;
use trucelog_proto::pb::log_service_server::{LogService, LogServiceServer};

use super::bare::{self, Bare};
use crate::Error;

/// Serves one inclusion proof for every request of one, and `runs` for every request of entries.
///
/// # Errors
/// [`Error::Io`].
pub async fn serve(
    proof: pb::GetInclusionProofResponse,
    runs: Vec<pb::StreamEntriesResponse>,
) -> Result<Bare, Error> {
    let service = LogServiceServer::new(Answers {
        proof,
        runs: Arc::new(runs),
    });
    Bare::serve(Server::builder().add_service(service)).await
}

struct Answers {
    proof: pb::GetInclusionProofResponse,
    runs: Arc<Vec<pb::StreamEntriesResponse>>,
}

type Run = Result<pb::StreamEntriesResponse, Status>;

fn not_here<T>() -> Result<Response<T>, Status> {
    Err(bare::not_here())
}

#[tonic::async_trait]
impl LogService for Answers {
    async fn get_inclusion_proof(
        &self,
        _: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::GetInclusionProofResponse>, Status> {
        Ok(Response::new(self.proof.clone()))
    }

    type StreamEntriesStream = Box<dyn Stream<Item = Run> + Send + Unpin>;

    async fn stream_entries(
        &self,
        _: Request<pb::StreamEntriesRequest>,
    ) -> Result<Response<Self::StreamEntriesStream>, Status> {
        let runs = Arc::clone(&self.runs);
        let runs = (0..runs.len()).map(move |run| Ok(runs[run].clone()));
        Ok(Response::new(Box::new(tokio_stream::iter(runs))))
    }

    async fn get_checkpoint(
        &self,
        _: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        not_here()
    }

    type WatchCheckpointsStream = tokio_stream::Empty<Result<pb::WatchCheckpointsResponse, Status>>;

    async fn watch_checkpoints(
        &self,
        _: Request<pb::WatchCheckpointsRequest>,
    ) -> Result<Response<Self::WatchCheckpointsStream>, Status> {
        not_here()
    }

    async fn get_entry(
        &self,
        _: Request<pb::GetEntryRequest>,
    ) -> Result<Response<pb::GetEntryResponse>, Status> {
        not_here()
    }

    async fn get_consistency_proof(
        &self,
        _: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        not_here()
    }

    async fn add_cosignature(
        &self,
        _: Request<pb::AddCosignatureRequest>,
    ) -> Result<Response<pb::AddCosignatureResponse>, Status> {
        not_here()
    }
}
