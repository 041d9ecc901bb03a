//! The sequencer over a real store and a real anchor: order, duplicates, refusals, group commit.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use support::local::Fixture;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;
use trucelog_proto::{
    entry::Entry,
    hash::{LeafIndex, TreeSize},
    pb::{self, submission_service_server::SubmissionService as _},
    refusal::Reason,
};
use trucelog_server::{
    reader::Reader,
    sequencer::{Bounds, SubmitError},
    service::submission::Submissions,
};

#[tokio::test]
async fn answers_in_order_and_publishes_what_it_answered() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let reader = Reader::new(Arc::clone(&running.store), running.sequencer.head());
    for expected in 1..=20 {
        let admitted = fixture.next();
        let index = running
            .sequencer
            .submit(admitted)
            .unwrap()
            .index()
            .await
            .unwrap();
        assert_eq!(index, LeafIndex::new(expected));
        assert!(
            reader.size().get() > expected,
            "answered before it was published"
        );
        let entry = Entry::decode(&reader.entry(index).unwrap()).unwrap();
        assert_eq!(entry.index, index);
    }
    drop(reader);
    running.stop();
    assert_eq!(fixture.check().unwrap(), TreeSize::new(21));
}

#[tokio::test]
async fn a_known_record_gets_its_first_index_in_the_same_batch_and_later() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let first = fixture.next();
    let pending: Vec<_> = (0..1000)
        .map(|_| running.sequencer.submit(first.clone()).unwrap())
        .collect();
    for pending in pending {
        assert_eq!(pending.index().await.unwrap(), LeafIndex::new(1));
    }
    running.append(&mut fixture.log, 3).await;
    let again = running
        .sequencer
        .submit(first)
        .unwrap()
        .index()
        .await
        .unwrap();
    assert_eq!(again, LeafIndex::new(1));
    running.stop();
    assert_eq!(fixture.check().unwrap(), TreeSize::new(5));
}

#[tokio::test]
async fn a_refused_record_takes_no_index_and_names_the_expected_sequence() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let ahead = fixture.log.admitted(fixture.log.enrolment(2));
    let error = running
        .sequencer
        .submit(ahead.clone())
        .unwrap()
        .index()
        .await
        .unwrap_err();
    let SubmitError::Refused(refusal) = error else {
        panic!("{error}")
    };
    assert_eq!(refusal.reason, Reason::SequenceGap);
    assert_eq!(refusal.field, "sequence");
    assert!(
        refusal.facts.iter().any(|(_, value)| value == "1"),
        "{refusal}"
    );
    running.append(&mut fixture.log, 1).await;
    let index = running
        .sequencer
        .submit(ahead)
        .unwrap()
        .index()
        .await
        .unwrap();
    assert_eq!(index, LeafIndex::new(2));
    running.stop();
    fixture.check().unwrap();
}

#[tokio::test]
async fn a_thousand_concurrent_records_cost_fewer_than_a_hundred_syncs() {
    let mut fixture = Fixture::new();
    let running = fixture.start();
    let before = running.store.wal_syncs();
    running.append(&mut fixture.log, 1000).await;
    let syncs = running.store.wal_syncs() - before;
    assert!((1..100).contains(&syncs), "{syncs} syncs");
    running.stop();
    fixture.check().unwrap();
}

#[tokio::test]
async fn a_full_queue_is_busy() {
    let fixture = Fixture::new();
    let running = fixture.try_start(Bounds { queue: 1, batch: 1 }).unwrap();
    let record = fixture.log.admitted(fixture.log.enrolment(1));
    let mut busy = 0;
    let mut pending = Vec::new();
    for _ in 0..1000 {
        match running.sequencer.submit(record.clone()) {
            Ok(accepted) => pending.push(accepted),
            Err(error) => {
                assert_eq!(error, SubmitError::Busy);
                busy += 1;
            }
        }
    }
    assert!(busy > 0);
    for pending in pending {
        pending.index().await.unwrap();
    }
}

#[tokio::test]
async fn without_room_no_signature_is_looked_at() {
    let fixture = Fixture::new();
    let running = fixture.try_start(Bounds { queue: 1, batch: 1 }).unwrap();
    let reader = Reader::new(Arc::clone(&running.store), running.sequencer.head());
    let log = fixture.log.identity.log.clone();
    let service = Submissions::new(log, running.sequencer.clone(), reader, None);
    let mut submission = fixture.log.enrolment(1);
    submission.signed_record.as_mut().unwrap().signature = vec![0; 64];
    let submit = || {
        let submission = Some(submission.clone());
        let request = pb::SubmitRequest {
            submission,
            wait_for: 0,
        };
        service.submit(Request::new(request))
    };
    let room = running.sequencer.room().unwrap();
    let busy = submit().await.unwrap_err();
    assert_eq!(busy.code(), Code::ResourceExhausted);
    assert!(busy.get_error_details().retry_info().is_some());
    drop(room);
    let refused = submit().await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
}
