//! What was acknowledged is never lost without a word: lost files, older copies, and a server that is killed under
//! load.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{fs, time::Duration};

use support::{
    TestLog,
    client::{Client, Fixture, record_of},
    copy_dir,
    process::{Server, run},
};
use tokio_stream::StreamExt as _;
use trucelog_proto::{
    pb::{self, get_entry_request::Name, submit_stream_response::Result as Outcome},
    record::record_digest,
};

#[tokio::test]
async fn a_deleted_write_ahead_log_is_noticed() {
    let mut fixture = Fixture::new();
    fixture.append(20).await;
    let newest = fs::read_dir(fixture.data())
        .unwrap()
        .map(|item| item.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .max()
        .unwrap();
    fs::remove_file(newest).unwrap();
    for command in ["serve", "check"] {
        let (code, text) = run(fixture.path(), command);
        assert_eq!(code, Some(1), "{text}");
        assert!(
            text.contains("the anchor promised 21") || text.contains("no charter"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_older_copy_of_the_directory_is_noticed() {
    let mut fixture = Fixture::new();
    fixture.append(5).await;
    let copy = fixture.path().join("copy");
    copy_dir(&fixture.data(), &copy);
    fixture.append(5).await;
    fs::remove_dir_all(fixture.data()).unwrap();
    copy_dir(&copy, &fixture.data());
    let (code, text) = run(fixture.path(), "serve");
    assert_eq!(code, Some(1));
    assert!(
        text.contains("holds 6 entries, but the anchor promised 11"),
        "{text}"
    );
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_server_is_killed() {
    let fixture = Fixture::new();
    let mut acknowledged = 0;
    for round in 0..20 {
        let server = Server::start(fixture.path());
        let mut client = Client::connect(&server).await;
        let (loaded, under_load) = std::sync::mpsc::channel();
        let killer = std::thread::spawn(move || {
            under_load.recv().unwrap();
            std::thread::sleep(Duration::from_millis(3 * round));
            server.kill();
        });
        let sent = submit_until_it_breaks(&mut client, &fixture.log, acknowledged, &loaded).await;
        killer.join().unwrap();
        assert!(
            sent < acknowledged + LOAD,
            "round {round} was killed without load"
        );
        acknowledged = sent;
        if round % 5 == 4 {
            let (code, text) = run(fixture.path(), "check");
            assert_eq!(code, Some(0), "{text}");
        }
    }
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    for sequence in 1..=acknowledged {
        let submission = fixture.log.enrolment(sequence);
        let digest = record_digest(&record_of(&submission)).as_bytes().to_vec();
        let entry = client.entry(Name::RecordDigest(digest)).await.unwrap();
        assert_eq!(entry.index, sequence);
    }
}

/// Records that are on their way when the server is killed, at least some of them.
const LOAD: u64 = 2000;

/// Submits enrolments after `last` until the server is gone; returns the last acknowledged sequence. Tells `loaded` of
/// each acknowledgement.
async fn submit_until_it_breaks(
    client: &mut Client,
    log: &TestLog,
    last: u64,
    loaded: &std::sync::mpsc::Sender<()>,
) -> u64 {
    let requests: Vec<_> = (last + 1..=last + LOAD)
        .map(|sequence| pb::SubmitStreamRequest {
            submission: Some(log.enrolment(sequence)),
            wait_for: 0,
        })
        .collect();
    let mut acknowledged = last;
    let stream = client
        .submissions
        .submit_stream(tokio_stream::iter(requests));
    let mut answers = stream.await.unwrap().into_inner();
    while let Some(Ok(answer)) = answers.next().await {
        match answer.result.unwrap() {
            Outcome::Receipt(receipt) => {
                acknowledged += 1;
                assert_eq!(receipt.index, acknowledged);
                // The killer listens for the first one only.
                let _ = loaded.send(());
            }
            Outcome::Status(status) => panic!("{status:?}"),
        }
    }
    acknowledged
}
