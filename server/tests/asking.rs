//! `IncidentService` of the real program over a real socket, and what becomes of its index.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use ed25519_dalek::SigningKey;
use prost::Message as _;
use support::{
    MEMBER, TestLog,
    client::{Client, Fixture},
    process::{Server, run},
};
use tonic::{Status, transport::Channel};
use trucelog_proto::{
    hash::{LeafIndex, RecordDigest},
    pb::{self, incident_service_client::IncidentServiceClient, record::Body},
    record::{self, record_digest},
};
use trucelog_server::store::{IndexBatch, Posting, Store};

/// A report by the station that the authority enrolled at `sequence`.
fn report(log: &TestLog, sequence: u64, kind: pb::IncidentKind) -> pb::Submission {
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&sequence.to_be_bytes());
    let report = pb::IncidentReport {
        kind: kind.into(),
        domain: pb::IncidentDomain::Land.into(),
        means: vec![pb::Means::Heard.into()],
        earliest_time: 1_767_220_000_000 + sequence,
        latest_time: 1_767_220_060_000 + sequence,
        time_precision: pb::TimePrecision::Minute.into(),
        ..pb::IncidentReport::default()
    };
    let record = pb::Record {
        member: MEMBER.into(),
        station: format!("monitor-{sequence}"),
        sequence: 1,
        created_time: 1_767_225_600_000,
        body: Some(Body::IncidentReport(report)),
        ..pb::Record::default()
    };
    let id = &log.identity.log;
    let key = SigningKey::from_bytes(&seed);
    pb::Submission {
        origin: id.origin.to_string(),
        charter_digest: id.charter.as_bytes().to_vec(),
        signed_record: Some(record::sign(record.encode_to_vec(), id, &key)),
    }
}

/// Asks until the index covers the newest head, as a client does that is told to try again.
async fn ask(
    client: &mut IncidentServiceClient<Channel>,
    size: u64,
    kinds: &[pb::IncidentKind],
) -> pb::ListIncidentsResponse {
    let request = pb::ListIncidentsRequest {
        as_of_size: size,
        filter: Some(pb::IncidentFilter {
            kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
            ..pb::IncidentFilter::default()
        }),
        ..pb::ListIncidentsRequest::default()
    };
    loop {
        let answer: Result<_, Status> = client.list_incidents(request.clone()).await;
        match answer {
            Ok(answer) => return answer.into_inner(),
            Err(status) if status.code() == tonic::Code::Unavailable => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(status) => panic!("{status:?}"),
        }
    }
}

#[tokio::test]
async fn incidents_are_answered_again_after_every_loss_of_the_index() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let mut reported = Vec::new();
    for sequence in 1..=4 {
        client.submit(fixture.log.enrolment_next()).await.unwrap();
        let kind = if sequence % 2 == 0 {
            pb::IncidentKind::Shot
        } else {
            pb::IncidentKind::Burst
        };
        let submission = report(&fixture.log, sequence, kind);
        let receipt = client.submit(submission).await.unwrap();
        reported.push((receipt.record_digest, receipt.index));
    }
    let size = client.size().await;
    let mut questions = IncidentServiceClient::new(server.channel().await);
    let shots = ask(&mut questions, size, &[pb::IncidentKind::Shot]).await;
    let found: Vec<_> = shots
        .incidents
        .iter()
        .map(|incident| {
            let index = incident.versions[0].stamp.as_ref().unwrap().index;
            (incident.incident.clone(), index)
        })
        .collect();
    assert_eq!(found, [reported[1].clone(), reported[3].clone()]);
    assert_eq!(shots.size, size);
    let earlier = ask(&mut questions, reported[1].1, &[]).await;
    assert_eq!(earlier.incidents.len(), 1, "{earlier:?}");

    let request = pb::ListChangesRequest {
        since_index: size - 2,
        ..pb::ListChangesRequest::default()
    };
    let changes = questions.list_changes(request).await.unwrap().into_inner();
    let bodies: Vec<_> = changes
        .changes
        .iter()
        .map(|change| change.body.as_str())
        .collect();
    assert_eq!(bodies, ["station_change", "incident_report"]);
    server.kill();
    assert_eq!(run(fixture.path(), "check").0, Some(0));

    let answers_again = async |size| {
        let server = Server::start(fixture.path());
        let mut questions = IncidentServiceClient::new(server.channel().await);
        let again = ask(&mut questions, size, &[pb::IncidentKind::Shot]).await;
        server.kill();
        again
    };
    assert_eq!(answers_again(size).await, shots);
    add_a_false_posting(&fixture);
    let (code, text) = run(fixture.path(), "check");
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("FALSE: index"), "{text}");
    assert_eq!(run(fixture.path(), "reindex").0, Some(0));
    assert_eq!(run(fixture.path(), "check").0, Some(0));
    assert_eq!(answers_again(size).await, shots);
    assert_eq!(run(fixture.path(), "check").0, Some(0));
}

fn add_a_false_posting(fixture: &Fixture) {
    let store = Store::open(&fixture.data(), Duration::from_secs(60)).unwrap();
    let posting = Posting {
        index: LeafIndex::new(3),
        digest: RecordDigest::from_bytes(*record_digest(b"no such record").as_bytes()),
    };
    let batch = IndexBatch {
        postings: vec![(vec![2, 1, 0], posting)],
        indexed: store.indexed().unwrap(),
        ..IndexBatch::default()
    };
    store.extend_index(&batch).unwrap();
}
