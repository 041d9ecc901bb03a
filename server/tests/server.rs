//! The real binary over a real socket.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::{Duration, Instant};

use prost::Message as _;
use support::{
    MEMBER,
    client::{Client, Fixture, record_of},
    http,
    process::Server,
};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};
use tonic_types::StatusExt as _;
use trucelog_proto::{
    hash::{LeafIndex, NodeHash},
    limits::MAX_RECORD_LEN,
    pb::{self, get_entry_request::Name, submit_stream_response::Result as Outcome},
    proof::{verify_consistency, verify_inclusion},
    record::record_digest,
    tile::decode_bundle,
    tlog_proof::TlogProof,
    tree::leaf_hash,
};

/// Checks a receipt as its holder would: signature, inclusion, and that the entry holds the record.
fn verify_receipt(fixture: &Fixture, receipt: &pb::Receipt, record: &[u8]) {
    let proof = TlogProof::parse(&receipt.tlog_proof).unwrap();
    let checkpoint = fixture.open(&proof.checkpoint_note);
    let entry = proof.extra.unwrap();
    assert_eq!(proof.index, LeafIndex::new(receipt.index));
    verify_inclusion(
        &leaf_hash(&entry),
        proof.index,
        checkpoint.size,
        &proof.hashes,
        &checkpoint.root,
    )
    .unwrap();
    let entry = pb::Entry::decode(entry.as_slice()).unwrap();
    assert_eq!(entry.signed_record.unwrap().record, record);
    assert_eq!(receipt.record_digest, record_digest(record).as_bytes());
    let accepted = receipt.accepted_time.unwrap();
    assert_eq!(
        u64::try_from(accepted.seconds).unwrap(),
        entry.accepted_time / 1000
    );
}

#[tokio::test]
async fn a_record_comes_back_with_proofs_that_hold() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let old = fixture.open(&client.checkpoint().await);
    let mut last = None;
    for _ in 0..9 {
        let submission = fixture.log.enrolment_next();
        let receipt = client.submit(submission.clone()).await.unwrap();
        verify_receipt(&fixture, &receipt, &record_of(&submission));
        last = Some((submission, receipt));
    }
    let (submission, receipt) = last.unwrap();
    let new = fixture.open(&client.checkpoint().await);
    assert_eq!(new.size.get(), 10);

    let again = client.submit(submission.clone()).await.unwrap();
    assert_eq!(
        (again.index, again.accepted_time),
        (receipt.index, receipt.accepted_time)
    );

    let by_index = client.entry(Name::Index(receipt.index)).await.unwrap();
    let digest = record_digest(&record_of(&submission)).as_bytes().to_vec();
    let by_digest = client.entry(Name::RecordDigest(digest)).await.unwrap();
    assert_eq!(by_index, by_digest);

    let request = pb::GetConsistencyProofRequest {
        old_size: old.size.get(),
        new_size: 0,
    };
    let proof = client
        .log
        .get_consistency_proof(request)
        .await
        .unwrap()
        .into_inner();
    verify_consistency(
        old.size,
        &old.root,
        new.size,
        &new.root,
        &hashes(&proof.hashes),
    )
    .unwrap();

    let request = pb::GetInclusionProofRequest { index: 3, size: 7 };
    let proof = client
        .log
        .get_inclusion_proof(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((proof.size, proof.hashes.len()), (7, 3));
}

fn hashes(bytes: &[Vec<u8>]) -> Vec<NodeHash> {
    bytes
        .iter()
        .map(|hash| NodeHash::try_from(hash.as_slice()).unwrap())
        .collect()
}

/// The reason, the fields of the request at fault, and the metadata of a refusal.
fn details(status: &Status) -> (String, Vec<String>) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, "trucelog");
    let requests = details
        .bad_request()
        .into_iter()
        .flat_map(|bad| &bad.field_violations);
    let preconditions = details
        .precondition_failure()
        .into_iter()
        .flat_map(|failure| &failure.violations);
    let fields = requests
        .map(|violation| violation.field.clone())
        .chain(preconditions.map(|violation| violation.subject.clone()))
        .collect();
    (info.reason.clone(), fields)
}

/// A name, what is spoiled, and the code, reason and field of the refusal.
type Case = (
    &'static str,
    fn(&mut pb::Submission),
    Code,
    &'static str,
    &'static str,
);

#[tokio::test]
async fn refusals_name_code_reason_and_field_and_the_mended_record_is_accepted() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let good = fixture.log.enrolment_next();
    let cases: [Case; 6] = [
        (
            "origin",
            |s| s.origin.push('x'),
            Code::InvalidArgument,
            "WRONG_ORIGIN",
            "origin",
        ),
        (
            "charter",
            |s| s.charter_digest[0] ^= 1,
            Code::InvalidArgument,
            "WRONG_CHARTER",
            "charter_digest",
        ),
        (
            "canonical",
            |s| signed(s).record.extend([0x08, 0x01]),
            Code::InvalidArgument,
            "NOT_CANONICAL",
            "",
        ),
        (
            "size",
            |s| signed(s).record = vec![0; MAX_RECORD_LEN + 1],
            Code::InvalidArgument,
            "RECORD_TOO_LARGE",
            "",
        ),
        (
            "signature",
            |s| signed(s).signature[5] ^= 1,
            Code::Unauthenticated,
            "SIGNATURE_INVALID",
            "",
        ),
        (
            "key",
            |s| signed(s).public_key = vec![0; 32],
            Code::InvalidArgument,
            "KEY_WEAK",
            "public_key",
        ),
    ];
    for (name, spoil, code, reason, field) in cases {
        let mut bad = good.clone();
        spoil(&mut bad);
        let status = client.submit(bad).await.unwrap_err();
        let (found, fields) = details(&status);
        assert_eq!(
            (status.code(), found.as_str()),
            (code, reason),
            "{name}: {status:?}"
        );
        if !field.is_empty() {
            assert_eq!(fields, [field], "{name}");
        }
    }
    let ahead = fixture.log.enrolment(2);
    let status = client.submit(ahead.clone()).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(
        details(&status),
        ("SEQUENCE_GAP".to_owned(), vec!["sequence".to_owned()])
    );

    assert_eq!(client.submit(good).await.unwrap().index, 1);
    assert_eq!(client.submit(ahead).await.unwrap().index, 2);
}

fn signed(submission: &mut pb::Submission) -> &mut pb::SignedRecord {
    submission.signed_record.as_mut().unwrap()
}

#[tokio::test]
async fn what_needs_witnesses_and_what_is_out_of_range_is_refused() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let request = pb::SubmitRequest {
        submission: Some(fixture.log.enrolment_next()),
        wait_for: pb::WaitFor::Witnessed.into(),
    };
    let status = client.submissions.submit(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert_eq!(
        details(&status),
        ("NO_WITNESSES".to_owned(), vec!["wait_for".to_owned()])
    );
    for kind in [pb::CheckpointKind::Witnessed, pb::CheckpointKind::Candidate] {
        let request = pb::GetCheckpointRequest { kind: kind.into() };
        let status = client.log.get_checkpoint(request).await.unwrap_err();
        assert_eq!(status.code(), Code::FailedPrecondition);
    }
    assert_eq!(
        client.entry(Name::Index(1)).await.unwrap_err().code(),
        Code::NotFound
    );
    let digest = Name::RecordDigest(vec![0; 32]);
    assert_eq!(
        client.entry(digest).await.unwrap_err().code(),
        Code::NotFound
    );
    let short = Name::RecordDigest(vec![0; 31]);
    assert_eq!(
        client.entry(short).await.unwrap_err().code(),
        Code::InvalidArgument
    );
    for (index, size, field) in [(0, 2, "size"), (1, 1, "index")] {
        let request = pb::GetInclusionProofRequest { index, size };
        let status = client.log.get_inclusion_proof(request).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange);
        assert_eq!(details(&status).1, [field]);
    }
}

#[tokio::test]
async fn a_stream_answers_in_order_and_goes_on_after_a_refusal() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let mut requests: Vec<_> = (0..1000)
        .map(|_| pb::SubmitStreamRequest {
            submission: Some(fixture.log.enrolment_next()),
            wait_for: 0,
        })
        .collect();
    let mut bad = requests[500].clone();
    bad.submission.as_mut().unwrap().origin.clear();
    requests.insert(500, bad);
    let stream = client
        .submissions
        .submit_stream(tokio_stream::iter(requests))
        .await
        .unwrap();
    let answers: Vec<_> = stream.into_inner().collect().await;
    assert_eq!(answers.len(), 1001);
    let mut expected = 1;
    for (position, answer) in answers.into_iter().enumerate() {
        match answer.unwrap().result.unwrap() {
            Outcome::Receipt(receipt) => {
                assert_eq!(receipt.index, expected);
                expected += 1;
            }
            Outcome::Status(status) => {
                assert_eq!((position, status.code), (500, Code::InvalidArgument as i32));
                assert!(!status.details.is_empty());
            }
        }
    }
    let request = pb::GetStationRequest {
        member: MEMBER.into(),
        station: "authority".into(),
    };
    let station = client
        .submissions
        .get_station(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(station.size, 1001);
    assert_eq!(station.keys[0].next_sequence, 1001);
    assert_eq!(
        station.keys[0].public_key,
        fixture.log.authority.verifying_key().to_bytes()
    );

    let request = pb::StreamEntriesRequest {
        start_index: 10,
        end_index: 0,
    };
    let mut stream = client
        .log
        .stream_entries(request)
        .await
        .unwrap()
        .into_inner();
    let mut next = 10;
    while let Some(run) = stream.next().await {
        let run = run.unwrap();
        assert_eq!(run.start_index, next);
        next += run.entries.len() as u64;
    }
    assert_eq!(next, 1001);
}

// The client answers the server's farewell while this thread waits for the server's end.
#[tokio::test(flavor = "multi_thread")]
async fn watching_brings_every_checkpoint_and_ends_with_the_server() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let request = pb::WatchCheckpointsRequest { kind: 0 };
    let mut heads = client
        .log
        .watch_checkpoints(request)
        .await
        .unwrap()
        .into_inner();
    for size in 1..5 {
        let note = heads.next().await.unwrap().unwrap().checkpoint;
        assert_eq!(fixture.open(&note).size.get(), size);
        client.submit(fixture.log.enrolment_next()).await.unwrap();
    }
    let started = Instant::now();
    assert_eq!(server.terminate(), Some(0));
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "an open stream held the server up"
    );
}

#[tokio::test]
async fn health_and_reflection_answer() {
    let fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let channel = server.channel().await;
    for service in [
        "",
        "trucelog.v1.SubmissionService",
        "trucelog.v1.LogService",
        "trucelog.v1.IncidentService",
    ] {
        let request = HealthCheckRequest {
            service: service.into(),
        };
        let status = HealthClient::new(channel.clone())
            .check(request)
            .await
            .unwrap();
        assert_eq!(status.into_inner().status(), ServingStatus::Serving);
    }
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(channel)
        .server_reflection_info(tokio_stream::once(request))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .next()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<_> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for name in [
        "trucelog.v1.SubmissionService",
        "trucelog.v1.LogService",
        "trucelog.v1.IncidentService",
        "grpc.health.v1.Health",
    ] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
}

#[tokio::test]
async fn the_log_is_served_as_tiles_over_http() {
    let mut fixture = Fixture::new();
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    let requests: Vec<_> = (0..299)
        .map(|_| pb::SubmitStreamRequest {
            submission: Some(fixture.log.enrolment_next()),
            wait_for: 0,
        })
        .collect();
    let stream = client
        .submissions
        .submit_stream(tokio_stream::iter(requests))
        .await
        .unwrap();
    assert_eq!(stream.into_inner().collect::<Vec<_>>().await.len(), 299);

    let (head, note) = http(server.addr, "GET", "/checkpoint");
    assert!(
        head.contains("200 OK") && head.contains("text/plain; charset=utf-8"),
        "{head}"
    );
    assert_eq!(fixture.open(&note).size.get(), 300);
    for (path, len) in [
        ("/tile/0/000", 256 * 32),
        ("/tile/0/001.p/44", 44 * 32),
        ("/tile/0/001.p/7", 7 * 32),
        ("/tile/1/000.p/1", 32),
    ] {
        let (head, body) = http(server.addr, "GET", path);
        assert!(
            head.contains("200 OK") && head.contains("immutable"),
            "{path}: {head}"
        );
        assert_eq!(body.len(), len, "{path}");
    }
    let (_, bundle) = http(server.addr, "GET", "/tile/entries/001.p/44");
    let entries = decode_bundle(&bundle, 44).unwrap();
    let (_, tile) = http(server.addr, "GET", "/tile/0/001.p/44");
    for (entry, hash) in entries.iter().zip(tile.chunks(32)) {
        assert_eq!(leaf_hash(entry).as_bytes(), hash);
    }
    for path in [
        "/tile/0/001",
        "/tile/0/001.p/45",
        "/tile/1/000.p/2",
        "/tile/0/1",
        "/tile/9/000",
        "/else",
        "/",
    ] {
        let (head, _) = http(server.addr, "GET", path);
        assert!(head.contains("404 Not Found"), "{path}: {head}");
    }
    for path in ["/livez", "/readyz"] {
        assert!(http(server.addr, "GET", path).0.contains("200 OK"));
    }
    assert!(http(server.addr, "POST", "/checkpoint").0.contains("405"));
}
