//! The submitter over a real socket, against servers that fail and servers that lie.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use support::{Log, MONITOR};
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};
use tonic_types::{ErrorDetails, StatusExt as _};
use trucelog_client::Error;
use trucelog_client::evidence::Evidence;
use trucelog_client::exit::Exit;
use trucelog_client::remote;
use trucelog_client::retry::Patience;
use trucelog_client::submit::{Outcome, Submitter, keep_evidence};
use trucelog_proto::pb;
use trucelog_proto::pb::submission_service_server::{SubmissionService, SubmissionServiceServer};
use trucelog_proto::pb::submit_stream_response::Result as Answer;

/// Answers the n-th submission, counted over all calls.
type Script = dyn Fn(usize, pb::Submission) -> Result<Vec<u8>, Status> + Send + Sync;

#[derive(Clone)]
struct Fake {
    script: Arc<Script>,
    count: Arc<Mutex<usize>>,
}

impl Fake {
    fn answer(&self, submission: Option<pb::Submission>) -> Result<pb::Receipt, Status> {
        let number = {
            let mut count = self.count.lock().unwrap();
            *count += 1;
            *count - 1
        };
        let tlog_proof = (self.script)(number, submission.unwrap())?;
        Ok(pb::Receipt {
            tlog_proof,
            ..pb::Receipt::default()
        })
    }
}

#[tonic::async_trait]
impl SubmissionService for Fake {
    type SubmitStreamStream = std::pin::Pin<
        Box<dyn tokio_stream::Stream<Item = Result<pb::SubmitStreamResponse, Status>> + Send>,
    >;

    async fn submit(
        &self,
        request: Request<pb::SubmitRequest>,
    ) -> Result<Response<pb::SubmitResponse>, Status> {
        let receipt = Some(self.answer(request.into_inner().submission)?);
        Ok(Response::new(pb::SubmitResponse { receipt }))
    }

    /// An item whose status is UNAVAILABLE breaks the stream.
    async fn submit_stream(
        &self,
        request: Request<Streaming<pb::SubmitStreamRequest>>,
    ) -> Result<Response<Self::SubmitStreamStream>, Status> {
        let fake = self.clone();
        let answers = request.into_inner().map(move |request| {
            let result = match fake.answer(request?.submission) {
                Ok(receipt) => Answer::Receipt(receipt),
                Err(status) if status.code() == tonic::Code::Unavailable => return Err(status),
                Err(status) => Answer::Status(prost::Message::decode(status.details()).unwrap()),
            };
            Ok(pb::SubmitStreamResponse {
                result: Some(result),
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

async fn submitter(
    log: &Log,
    script: impl Fn(usize, pb::Submission) -> Result<Vec<u8>, Status> + Send + Sync + 'static,
) -> Submitter {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let fake = Fake {
        script: Arc::new(script),
        count: Arc::default(),
    };
    let server = Server::builder().add_service(SubmissionServiceServer::new(fake));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    let patience = Patience(Duration::from_secs(2));
    Submitter::new(remote::connect(&url, None).unwrap(), log.trust(), patience)
}

fn refusal(reason: &str) -> Status {
    let facts = [
        ("field", "sequence"),
        ("remedy", "Mend it."),
        ("expected_sequence", "7"),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let details = ErrorDetails::with_error_info(reason, "trucelog", facts);
    Status::with_error_details(tonic::Code::FailedPrecondition, "no", details)
}

fn busy() -> Status {
    let mut details =
        ErrorDetails::with_error_info("QUEUE_FULL", "trucelog", std::collections::HashMap::new());
    details.set_retry_info(Some(Duration::from_millis(300)));
    Status::with_error_details(tonic::Code::ResourceExhausted, "full", details)
}

fn lies(log: &Log) -> Vec<(&'static str, Vec<u8>, Exit)> {
    let honest = log.receipt(4);
    let text = String::from_utf8(honest.clone()).unwrap();
    // The first line after `index` is the first hash of the proof; one of its bits is flipped.
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let other = if lines[3].starts_with('A') { "B" } else { "A" };
    lines[3].replace_range(..1, other);
    let mut forged = log.clone();
    forged.forge_narrative(4);
    vec![
        ("another record", log.receipt(3), Exit::False),
        ("a flipped hash", lines.join("\n").into_bytes(), Exit::False),
        (
            "another log key",
            log.receipt_by(4, MONITOR),
            Exit::NotEnough,
        ),
        ("a forged record", forged.receipt(4), Exit::False),
        ("nothing", Vec::new(), Exit::False),
    ]
}

#[tokio::test]
async fn a_lying_receipt_is_never_taken() {
    let log = Log::with_reports(3);
    let submission = log.report_at(3, "Three explosions.");
    for (what, receipt, exit) in lies(&log) {
        let sent = receipt.clone();
        let submitter = submitter(&log, move |_, _| Ok(sent.clone())).await;
        let error = submitter.submit(&submission).await.unwrap_err();
        assert_eq!(error.exit(), exit, "{what}: {error}");
        let Error::Receipt { bytes, .. } = &error else {
            panic!("{what}: {error}");
        };
        assert_eq!(*bytes, receipt);
        let directory = tempfile::tempdir().unwrap();
        match keep_evidence(error, &log.trust(), directory.path()) {
            Error::False(falsehood) => {
                assert_eq!(exit, Exit::False, "{what}");
                let evidence = Evidence::read(&falsehood.evidence).unwrap();
                let judgement = evidence.judge(&log.trust()).unwrap();
                assert_eq!(judgement.proven, what == "a forged record", "{what}");
            }
            error => assert_eq!(exit, Exit::NotEnough, "{what}: {error}"),
        }
        let all = submitter.submit_all(vec![submission.clone()], |_, _| panic!("{what} was taken"));
        assert_eq!(all.await.unwrap_err().exit(), exit, "{what}");
    }
    let honest = log.receipt(4);
    let submitter = submitter(&log, move |_, _| Ok(honest.clone())).await;
    assert_eq!(submitter.submit(&submission).await.unwrap().index.get(), 4);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_and_not_too_early() {
    let log = Log::with_reports(3);
    let receipt = log.receipt(4);
    let submitter = submitter(&log, move |number, _| match number {
        0 => Err(Status::unavailable("starting")),
        1 => Err(busy()),
        _ => Ok(receipt.clone()),
    })
    .await;
    let begun = std::time::Instant::now();
    submitter
        .submit(&log.report_at(3, "Three explosions."))
        .await
        .unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn patience_ends() {
    let log = Log::with_reports(3);
    let submitter = submitter(&log, |_, _| Err(Status::unavailable("down"))).await;
    let error = submitter.submit(&log.report_at(3, "x")).await.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error}");
    assert_eq!(error.exit(), Exit::NotChecked);
}

#[tokio::test]
async fn a_refusal_is_told_with_reason_field_facts_and_remedy_and_not_tried_again() {
    let log = Log::with_reports(3);
    let submitter = submitter(&log, |number, _| {
        assert_eq!(number, 0, "a refusal was tried again");
        Err(refusal("SEQUENCE_USED"))
    })
    .await;
    let Error::Refused(refused) = submitter.submit(&log.report_at(3, "x")).await.unwrap_err()
    else {
        panic!("not refused");
    };
    assert_eq!(
        (refused.reason.as_str(), refused.field.as_str()),
        ("SEQUENCE_USED", "sequence")
    );
    assert_eq!(refused.facts["expected_sequence"], "7");
    assert_eq!(refused.remedy, "Mend it.");
    assert_eq!(refused.code, "FAILED_PRECONDITION");
}

/// Three of ten records are refused, and the stream breaks twice: every record has one outcome, in order.
#[tokio::test]
async fn a_broken_stream_goes_on_where_it_stopped() {
    let log = Log::with_reports(10);
    let entries = log.clone();
    let submitter = submitter(&log, move |number, submission| {
        if number == 4 || number == 9 {
            return Err(Status::unavailable("broken"));
        }
        let digest = trucelog_client::station::digest_of(&submission);
        let position = (1..=10).position(|sequence| {
            trucelog_client::station::digest_of(&entries.report_at(sequence, "Three explosions."))
                == digest
        });
        match position.unwrap() {
            2 | 5 | 8 => Err(refusal("TIME_ORDER")),
            position => Ok(entries.receipt(position as u64 + 2)),
        }
    })
    .await;
    let submissions = (1..=10)
        .map(|sequence| log.report_at(sequence, "Three explosions."))
        .collect();
    let mut outcomes = Vec::new();
    submitter
        .submit_all(submissions, |number, outcome| {
            assert_eq!(number, outcomes.len());
            outcomes.push(matches!(outcome, Outcome::Logged(_)));
            Ok(())
        })
        .await
        .unwrap();
    let expected: Vec<bool> = (0..10).map(|number| ![2, 5, 8].contains(&number)).collect();
    assert_eq!(outcomes, expected);
}
