//! A gRPC server that gives every record the same receipt: what the transport alone can do with the same bytes.

use tokio_stream::{Stream, StreamExt as _};
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};
use trucelog_proto::pb;
use trucelog_proto::pb::submission_service_server::{SubmissionService, SubmissionServiceServer};
use trucelog_proto::pb::submit_stream_response::Result as Answer;
use trucelog_proto::record::record_digest;

use super::bare::{self, Bare};
use crate::Error;

/// Serves receipts that are like `receipt`, but name the record that was sent.
///
/// # Errors
/// [`Error::Io`].
pub async fn serve(receipt: pb::Receipt) -> Result<Bare, Error> {
    let service = SubmissionServiceServer::new(Receipts(receipt));
    Bare::serve(Server::builder().add_service(service)).await
}

#[derive(Clone)]
struct Receipts(pb::Receipt);

impl Receipts {
    fn of(&self, submission: Option<pb::Submission>) -> pb::Receipt {
        let signed = submission.and_then(|submission| submission.signed_record);
        let record = signed.unwrap_or_default().record;
        pb::Receipt {
            record_digest: record_digest(&record).as_bytes().to_vec(),
            ..self.0.clone()
        }
    }
}

type Answered = Result<pb::SubmitStreamResponse, Status>;

#[tonic::async_trait]
impl SubmissionService for Receipts {
    async fn submit(
        &self,
        request: Request<pb::SubmitRequest>,
    ) -> Result<Response<pb::SubmitResponse>, Status> {
        Ok(Response::new(pb::SubmitResponse {
            receipt: Some(self.of(request.into_inner().submission)),
        }))
    }

    type SubmitStreamStream = Box<dyn Stream<Item = Answered> + Send + Unpin>;

    async fn submit_stream(
        &self,
        requests: Request<Streaming<pb::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let receipts = self.clone();
        let answers = requests.into_inner().map(move |request| {
            Ok(pb::SubmitStreamResponse {
                result: Some(Answer::Receipt(receipts.of(request?.submission))),
            })
        });
        Ok(Response::new(Box::new(answers)))
    }

    async fn get_station(
        &self,
        _: Request<pb::GetStationRequest>,
    ) -> Result<Response<pb::GetStationResponse>, Status> {
        Err(bare::not_here())
    }
}
