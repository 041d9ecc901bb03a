//! Checkpoints at quorum: witnesses that are asked, cosigners that dial in, and what the server does when they know
//! more than its store.

#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{fs, path::Path, sync::Arc};

use rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer};
use support::{
    TestLog,
    client::{Client, Fixture, record_of},
    copy_dir, http,
    local::OPEN_LIMIT,
    process::{Server, run},
    witness::{Cosigner, Mode, Witness, asked, configure, cosigners, eventually, policy},
};
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use trucelog_proto::{
    note::{Note, VerifierKey},
    pb::{
        self, CheckpointKind, WaitFor, get_entry_request::Name,
        submit_stream_response::Result as Outcome,
    },
    record::record_digest,
    tlog_proof::TlogProof,
};
use trucelog_server::store::{self, LogStore as _, Store};

/// A log with witnesses that are asked, and its policy.
struct Watched {
    fixture: Fixture,
    witnesses: Vec<Witness>,
    policy: String,
}

impl Watched {
    /// `count` witnesses, of which `threshold` are a quorum.
    fn new(count: u8, threshold: usize) -> Self {
        let fixture = Fixture::new();
        let witnesses: Vec<Witness> = (0..count)
            .map(|number| Witness::start(Cosigner::new(number), &fixture.log, None))
            .collect();
        let lines: Vec<String> = witnesses
            .iter()
            .enumerate()
            .map(|(position, witness)| asked(position, witness, "http"))
            .collect();
        let names: Vec<String> = (0..count).map(|number| format!("w{number}")).collect();
        let rest = format!("group g {threshold} {}\nquorum g\n", names.join(" "));
        let key = fixture.log.identity.verifier_key();
        let policy = policy(&fixture.log, &key, &lines, &rest);
        configure(fixture.path(), &policy, "candidate_s = 1\n");
        Self {
            fixture,
            witnesses,
            policy,
        }
    }

    fn start(&self) -> Server {
        Server::start(self.fixture.path())
    }

    /// Starts the server and waits until it takes records.
    async fn start_running(&self) -> (Server, Client) {
        let server = self.start();
        let client = Client::connect(&server).await;
        ready(&server).await;
        (server, client)
    }

    async fn submit_witnessed(&mut self, client: &mut Client) -> pb::Receipt {
        let submission = self.fixture.log.enrolment_next();
        client
            .submit_and_wait(submission, WaitFor::Witnessed)
            .await
            .unwrap()
    }

    fn set_all(&self, mode: Mode) {
        for witness in &self.witnesses {
            witness.set(mode);
        }
    }

    fn assert_no_forks(&self) {
        for witness in &self.witnesses {
            assert!(
                witness.state().forks.is_empty(),
                "{:?}",
                witness.state().forks
            );
        }
    }

    fn size(&self, note: &[u8]) -> u64 {
        self.fixture.open(note).size.get()
    }

    fn anchor(&self) -> Vec<u8> {
        fs::read(self.fixture.path().join("anchor/anchor")).unwrap()
    }
}

/// Waits until the server takes records.
async fn ready(server: &Server) {
    eventually("the server takes records", || async {
        get(server, "/readyz").await.0.contains("200").then_some(())
    })
    .await;
}

/// Waits until the server's log, which is read beside it, holds words.
async fn says(server: &Server, words: &str) {
    eventually(words, || async {
        server.log().contains(words).then_some(())
    })
    .await;
}

/// Head and body of an answer over HTTP.
async fn get(server: &Server, path: &'static str) -> (String, Vec<u8>) {
    let addr = server.addr;
    tokio::task::spawn_blocking(move || http(addr, "GET", path))
        .await
        .unwrap()
}

fn reason(status: &Status) -> (Code, String) {
    let details = status.get_error_details();
    (status.code(), details.error_info().unwrap().reason.clone())
}

fn refused(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

#[tokio::test]
async fn a_checkpoint_at_quorum_is_published_and_survives_a_restart() {
    let mut log = Watched::new(3, 2);
    let (server, mut client) = log.start_running().await;
    let mut watch = client
        .log
        .watch_checkpoints(pb::WatchCheckpointsRequest {
            kind: CheckpointKind::Witnessed.into(),
        })
        .await
        .unwrap()
        .into_inner();
    for _ in 0..3 {
        let receipt = log.submit_witnessed(&mut client).await;
        let proof = TlogProof::parse(&receipt.tlog_proof).unwrap();
        assert!(cosigners(&log.policy, &proof.checkpoint_note).len() >= 2);
        assert!(receipt.index < log.size(&proof.checkpoint_note));
        let published = get(&server, "/checkpoint").await.1;
        cosigners(&log.policy, &published);
        assert!(log.size(&published) > receipt.index);
    }
    loop {
        let note = watch.next().await.unwrap().unwrap().checkpoint;
        cosigners(&log.policy, &note);
        if log.size(&note) == 4 {
            break;
        }
    }
    // The next head stays below the quorum; the one at quorum stays published.
    log.set_all(Mode::Down);
    client
        .submit(log.fixture.log.enrolment_next())
        .await
        .unwrap();
    for kind in [CheckpointKind::Signed, CheckpointKind::Candidate] {
        eventually("it is offered", || {
            let mut log_client = client.log.clone();
            let log = &log;
            async move {
                let request = pb::GetCheckpointRequest { kind: kind.into() };
                let note = log_client.get_checkpoint(request).await.unwrap();
                (log.size(&note.into_inner().checkpoint) == 5).then_some(())
            }
        })
        .await;
    }
    server.kill();

    let server = log.start();
    let mut client = Client::connect(&server).await;
    let witnessed = client
        .checkpoint_of(CheckpointKind::Witnessed)
        .await
        .unwrap();
    assert_eq!(log.size(&witnessed), 4);
    assert!(cosigners(&log.policy, &witnessed).len() >= 2);
    assert_eq!(get(&server, "/checkpoint").await.1, witnessed);
    log.assert_no_forks();
}

#[tokio::test]
async fn nothing_is_signed_before_enough_witnesses_have_answered() {
    let mut log = Watched::new(3, 2);
    let founding = log.anchor();
    let (server, mut client) = log.start_running().await;
    let signed = client.checkpoint().await;
    log.set_all(Mode::Down);
    client
        .submit(log.fixture.log.enrolment_next())
        .await
        .unwrap();
    server.kill();
    // As after a crash between the commit and the anchor.
    fs::write(log.fixture.path().join("anchor/anchor"), &founding).unwrap();
    let store = Store::open(&log.fixture.data(), OPEN_LIMIT).unwrap();
    store
        .put_checkpoint(store::CheckpointKind::Signed, &signed)
        .unwrap();
    drop(store);

    log.witnesses[0].set(Mode::Honest);
    let server = log.start();
    let mut client = Client::connect(&server).await;
    eventually("the first witness has confirmed", || async {
        server.log().contains("witness=\"w0\"").then_some(())
    })
    .await;
    // Two of three are a quorum, so two must answer; one has.
    let submission = log.fixture.log.enrolment_next();
    let status = client.submit(submission.clone()).await.unwrap_err();
    assert_eq!(
        reason(&status),
        refused(Code::Unavailable, "AWAITING_WITNESSES")
    );
    assert!(status.get_error_details().retry_info().is_some());
    assert!(get(&server, "/readyz").await.0.contains("503"));
    client.entry(Name::Index(0)).await.unwrap();
    assert_eq!(log.anchor(), founding, "nothing was signed");

    log.witnesses[2].set(Mode::Honest);
    ready(&server).await;
    let receipt = client.submit(submission).await.unwrap();
    assert_eq!(receipt.index, 2, "the entry above the anchor was signed");
    log.assert_no_forks();
}

#[tokio::test]
async fn a_witness_that_misbehaves_holds_up_nobody_and_catches_up() {
    let bad = [
        Mode::Down,
        Mode::Slow,
        Mode::Garbage,
        Mode::Huge,
        Mode::Forged,
        Mode::OtherKey,
        Mode::OtherText,
    ];
    let mut log = Watched::new(9, 2);
    let (server, mut client) = log.start_running().await;
    for (witness, mode) in log.witnesses[2..].iter().zip(bad) {
        witness.set(mode);
    }
    // What was asked before the modes changed may still come.
    for _ in 0..2 {
        log.submit_witnessed(&mut client).await;
    }
    for _ in 0..5 {
        let receipt = log.submit_witnessed(&mut client).await;
        let note = TlogProof::parse(&receipt.tlog_proof)
            .unwrap()
            .checkpoint_note;
        assert_eq!(cosigners(&log.policy, &note), ["w0", "w1"]);
        assert_eq!(Note::parse(&note).unwrap().signatures().len(), 3);
    }
    for (witness, mode) in log.witnesses[2..].iter().zip(bad) {
        let asked = || async { (witness.state().requests > 2).then_some(()) };
        eventually(&format!("{mode:?} is asked again"), asked).await;
        assert!(witness.size() <= 3, "{mode:?}");
    }
    let endless = log.witnesses[5].state().endless;
    assert!(
        (1..8_000_000).contains(&endless),
        "{endless} bytes of an endless answer were taken"
    );
    log.set_all(Mode::Honest);
    log.submit_witnessed(&mut client).await;
    eventually("all have cosigned the newest checkpoint", || async {
        let note = get(&server, "/checkpoint").await.1;
        (cosigners(&log.policy, &note).len() == 9).then_some(())
    })
    .await;
    log.assert_no_forks();
}

#[tokio::test]
async fn killed_at_any_moment_it_never_shows_two_roots() {
    let mut log = Watched::new(3, 2);
    for round in 0..10_u64 {
        let (server, mut client) = log.start_running().await;
        // A witness that keeps the checkpoint, but whose answer is lost, is ahead of what the server knows.
        log.witnesses[0].set(if round % 2 == 0 {
            Mode::LosesAnswer
        } else {
            Mode::Honest
        });
        let (loaded, under_load) = std::sync::mpsc::channel();
        let killer = std::thread::spawn(move || {
            under_load.recv().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(5 * round));
            server.kill();
        });
        let mut sent = 0;
        while client
            .submit(log.fixture.log.enrolment_next())
            .await
            .is_ok()
        {
            sent += 1;
            // The killer listens for the first one only.
            let _ = loaded.send(());
        }
        killer.join().unwrap();
        assert!(sent > 0, "killed without load");
        // What was not acknowledged may be there or not: read what comes next.
        log.set_all(Mode::Honest);
        let (server, mut client) = log.start_running().await;
        log.fixture.log.continue_after(client.size().await - 1);
        log.submit_witnessed(&mut client).await;
        server.kill();
        log.assert_no_forks();
    }
    let (server, mut client) = log.start_running().await;
    let size = client.size().await;
    eventually("every witness has caught up", || async {
        let sizes = log.witnesses.iter().map(Witness::size);
        sizes.min().filter(|least| *least == size)
    })
    .await;
    server.kill();
    let (code, text) = run(log.fixture.path(), "check");
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test]
async fn a_restored_backup_signs_nothing() {
    let mut log = Watched::new(3, 2);
    let (server, mut client) = log.start_running().await;
    for _ in 0..3 {
        log.submit_witnessed(&mut client).await;
    }
    server.kill();
    let backup = log.fixture.path().join("backup");
    let live = |name| log.fixture.path().join(name);
    for name in ["data", "anchor"] {
        copy_dir(&live(name), &backup.join(name));
    }

    let (server, mut client) = log.start_running().await;
    for _ in 0..3 {
        let submission = log.fixture.log.enrolment_next();
        client
            .submit_and_wait(submission, WaitFor::Witnessed)
            .await
            .unwrap();
    }
    eventually("all witnesses know the newer head", || async {
        log.witnesses
            .iter()
            .all(|witness| witness.size() == 7)
            .then_some(())
    })
    .await;
    server.kill();
    for name in ["data", "anchor"] {
        let live = log.fixture.path().join(name);
        fs::rename(&live, live.with_extension("newest")).unwrap();
        copy_dir(&backup.join(name), &live);
    }
    let anchored = log.anchor();

    // One witness that knows more is enough, although the others confirm, and sooner.
    for witness in &log.witnesses[..2] {
        witness.state().newest = None;
    }
    log.witnesses[2].set(Mode::Late);
    let server = log.start();
    let mut client = Client::connect(&server).await;
    eventually("it refuses", || async {
        let (head, body) = get(&server, "/readyz").await;
        assert!(head.contains("503"), "{head}");
        String::from_utf8(body)
            .unwrap()
            .contains("another history")
            .then_some(())
    })
    .await;
    says(&server, "witness w2: it has cosigned size 7").await;
    says(&server, "Restoring a backup").await;
    log.set_all(Mode::Honest);
    let status = client
        .submit(log.fixture.log.enrolment(4))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), refused(Code::Unavailable, "OTHER_HISTORY"));
    assert_eq!(client.entry(Name::Index(3)).await.unwrap().index, 3);
    assert_eq!(client.size().await, 4);
    assert_eq!(log.anchor(), anchored, "nothing was signed");
    server.kill();
    assert_eq!(log.anchor(), anchored, "nothing was signed");

    // The safe way out: the newest copy of both.
    for name in ["data", "anchor"] {
        let live = log.fixture.path().join(name);
        fs::remove_dir_all(&live).unwrap();
        fs::rename(live.with_extension("newest"), &live).unwrap();
    }
    let (_server, mut client) = log.start_running().await;
    assert_eq!(client.size().await, 7);
    log.submit_witnessed(&mut client).await;
    log.assert_no_forks();
}

/// However it says so: as the witness protocol of today, or as its first version with or without words.
#[tokio::test]
async fn a_witness_that_knows_another_root_keeps_a_log_from_starting() {
    let mut log = Watched::new(3, 2);
    let (server, mut client) = log.start_running().await;
    log.submit_witnessed(&mut client).await;
    eventually("all witnesses know the head", || async {
        log.witnesses
            .iter()
            .all(|witness| witness.size() == 2)
            .then_some(())
    })
    .await;
    server.kill();
    let anchored = log.anchor();
    let other = trucelog_proto::tree::empty_root();
    log.witnesses[2].state().newest.as_mut().unwrap().root = other;
    for answer in [(422, ""), (409, ""), (409, "other root\n"), (409, "2\n")] {
        log.witnesses[2].state().other_root = answer;
        let server = log.start();
        eventually("it refuses", || async {
            let (head, body) = get(&server, "/readyz").await;
            assert!(head.contains("503"), "{answer:?}: {head}");
            let body = String::from_utf8(body).unwrap();
            body.contains("another history").then_some(())
        })
        .await;
        says(
            &server,
            "witness w2: it has cosigned another root at size 2",
        )
        .await;
        server.kill();
        assert_eq!(log.anchor(), anchored, "{answer:?}: nothing was signed");
    }
}

/// A log with one cosigner, which dials in.
struct DialledIn {
    fixture: Fixture,
    cosigner: Cosigner,
    policy: String,
}

impl DialledIn {
    fn new() -> Self {
        Self::with("candidate_s = 1\nwait_s = 2\n")
    }

    fn with(settings: &str) -> Self {
        let fixture = Fixture::new();
        let cosigner = Cosigner::new(0);
        let key = fixture.log.identity.verifier_key();
        let lines = [
            format!("member {}", cosigner.key()),
            format!("other {}", Cosigner::new(1).key()),
        ];
        let policy = policy(&fixture.log, &key, &lines, "quorum member\n");
        configure(fixture.path(), &policy, settings);
        Self {
            fixture,
            cosigner,
            policy,
        }
    }

    /// Starts, and confirms the anchored head.
    async fn start_running(&self) -> (Server, Client) {
        let server = Server::start(self.fixture.path());
        let mut client = Client::connect(&server).await;
        self.answer(&mut client).await;
        ready(&server).await;
        (server, client)
    }

    /// Cosigns the candidate.
    async fn answer(&self, client: &mut Client) {
        let candidate = client
            .checkpoint_of(CheckpointKind::Candidate)
            .await
            .unwrap();
        let added = client
            .add_cosignature(self.cosigner.cosign(&candidate))
            .await
            .unwrap();
        assert_eq!(
            (added.stored, added.witnessed),
            (vec!["member".to_owned()], true)
        );
    }

    /// Cosigns every candidate until a size is at quorum.
    async fn answer_until(&self, client: &mut Client, size: u64) -> Vec<u8> {
        let request = pb::WatchCheckpointsRequest {
            kind: CheckpointKind::Candidate.into(),
        };
        let mut candidates = client
            .log
            .watch_checkpoints(request)
            .await
            .unwrap()
            .into_inner();
        loop {
            let note = candidates.next().await.unwrap().unwrap().checkpoint;
            // The next candidate may have come in between.
            let added = client.add_cosignature(self.cosigner.cosign(&note)).await;
            if added.is_ok() && self.fixture.open(&note).size.get() >= size {
                return client
                    .checkpoint_of(CheckpointKind::Witnessed)
                    .await
                    .unwrap();
            }
        }
    }
}

#[tokio::test]
async fn one_candidate_at_a_time_and_late_lines_are_taken() {
    let mut log = DialledIn::with("candidate_s = 86400\n");
    let (server, mut client) = log.start_running().await;
    client
        .submit(log.fixture.log.enrolment_next())
        .await
        .unwrap();
    let mut candidate = Vec::new();
    for _ in 0..3 {
        candidate = eventually("the record is covered by the candidate", || {
            let mut client = client.log.clone();
            let log = &log.fixture;
            async move {
                let kind = CheckpointKind::Candidate.into();
                let request = pb::GetCheckpointRequest { kind };
                let note = client.get_checkpoint(request).await.unwrap();
                let note = note.into_inner().checkpoint;
                (log.open(&note).size.get() >= 2).then_some(note)
            }
        })
        .await;
        assert_eq!(
            log.fixture.open(&candidate).size.get(),
            2,
            "nobody has cosigned it yet"
        );
        client
            .submit(log.fixture.log.enrolment_next())
            .await
            .unwrap();
    }
    log.answer(&mut client).await;
    // The next one is the newest, not the next size.
    let next = eventually("the next candidate", || {
        let mut client = client.log.clone();
        let log = &log.fixture;
        async move {
            let kind = CheckpointKind::Candidate.into();
            let request = pb::GetCheckpointRequest { kind };
            let note = client.get_checkpoint(request).await.unwrap();
            let size = log.open(&note.into_inner().checkpoint).size.get();
            (size > 2).then_some(size)
        }
    })
    .await;
    assert_eq!(next, 5);
    // A line over the head at quorum is taken although the candidate has moved on.
    let late = Cosigner::new(1).cosign(&candidate);
    let added = client.add_cosignature(late).await.unwrap();
    assert_eq!(
        (added.stored, added.witnessed),
        (vec!["other".to_owned()], true)
    );
    let published = get(&server, "/checkpoint").await.1;
    assert_eq!(cosigners(&log.policy, &published), ["member", "other"]);
}

#[tokio::test]
async fn only_fresh_true_lines_by_known_keys_over_the_candidate_count() {
    let log = DialledIn::new();
    let server = Server::start(log.fixture.path());
    let mut client = Client::connect(&server).await;
    let candidate = client
        .checkpoint_of(CheckpointKind::Candidate)
        .await
        .unwrap();
    let none = client
        .checkpoint_of(CheckpointKind::Witnessed)
        .await
        .unwrap_err();
    assert_eq!(reason(&none), refused(Code::Unavailable, "NOT_WITNESSED"));
    assert!(get(&server, "/checkpoint").await.0.contains("503"));

    let text = Note::parse(&candidate).unwrap().text().to_owned();
    let mut other = trucelog_proto::checkpoint::Checkpoint::parse(&text).unwrap();
    other.size = trucelog_proto::hash::TreeSize::new(9);
    let other = other.format();
    let with_lines = |text: &str, lines| Note::new(text, lines).unwrap().format();
    let mut forged = log.cosigner.lines(&text, 0);
    forged[0].bytes[30] ^= 1;
    let replayed = log.cosigner.lines(&other, 0);
    let stranger = Cosigner::new(7);
    for (name, bytes, code, expected) in [
        (
            "no note",
            b"x".to_vec(),
            Code::InvalidArgument,
            "FIELD_FORMAT",
        ),
        (
            "stranger",
            stranger.cosign(&candidate),
            Code::PermissionDenied,
            "UNKNOWN_COSIGNER",
        ),
        (
            "forged",
            with_lines(&text, forged),
            Code::InvalidArgument,
            "FALSE_COSIGNATURE",
        ),
        (
            "of another text",
            with_lines(&text, replayed.clone()),
            Code::InvalidArgument,
            "FALSE_COSIGNATURE",
        ),
        (
            "another text",
            with_lines(&other, replayed),
            Code::FailedPrecondition,
            "NOT_THE_CANDIDATE",
        ),
    ] {
        let status = client.add_cosignature(bytes).await.unwrap_err();
        assert_eq!(
            reason(&status),
            refused(code, expected),
            "{name}: {status:?}"
        );
        if expected == "NOT_THE_CANDIDATE" {
            let details = status.get_error_details();
            assert_eq!(
                details.error_info().unwrap().metadata["candidate_size"],
                "1"
            );
        }
        let none = client
            .checkpoint_of(CheckpointKind::Witnessed)
            .await
            .unwrap_err();
        assert_eq!(none.code(), Code::Unavailable, "{name} was published");
    }

    // A line from before the start is true, so it is published; but anybody may hand it in again.
    let old = with_lines(&text, log.cosigner.lines(&text, 3600));
    let added = client.add_cosignature(old).await.unwrap();
    assert!(added.witnessed);
    assert_eq!(
        cosigners(&log.policy, &get(&server, "/checkpoint").await.1),
        ["member"]
    );
    let status = client
        .submit(log.fixture.log.enrolment(1))
        .await
        .unwrap_err();
    assert_eq!(
        reason(&status),
        refused(Code::Unavailable, "AWAITING_WITNESSES")
    );
    log.answer(&mut client).await;
    ready(&server).await;
    client.submit(log.fixture.log.enrolment(1)).await.unwrap();
}

#[tokio::test]
async fn a_record_that_waits_for_a_quorum_is_logged_all_the_same() {
    let mut log = DialledIn::new();
    let (_server, mut client) = log.start_running().await;
    let submission = log.fixture.log.enrolment_next();
    let late = client
        .submit_and_wait(submission.clone(), WaitFor::Witnessed)
        .await
        .unwrap_err();
    assert_eq!(reason(&late), refused(Code::Unavailable, "NOT_WITNESSED"));
    let details = late.get_error_details();
    assert!(details.retry_info().is_some());
    assert_eq!(details.error_info().unwrap().metadata["index"], "1");
    let digest = record_digest(&record_of(&submission)).as_bytes().to_vec();
    assert_eq!(
        client
            .entry(Name::RecordDigest(digest))
            .await
            .unwrap()
            .index,
        1
    );

    log.answer_until(&mut client, 2).await;
    let receipt = client
        .submit_and_wait(submission, WaitFor::Witnessed)
        .await
        .unwrap();
    let proof = TlogProof::parse(&receipt.tlog_proof).unwrap();
    assert_eq!(cosigners(&log.policy, &proof.checkpoint_note), ["member"]);

    // Three records of a stream wait together, not one after another; then all are covered.
    let requests: Vec<_> = (0..3)
        .map(|_| pb::SubmitStreamRequest {
            submission: Some(log.fixture.log.enrolment_next()),
            wait_for: WaitFor::Witnessed.into(),
        })
        .collect();
    let mut submissions = client.submissions.clone();
    let answers = tokio::spawn(async move {
        let stream = submissions
            .submit_stream(tokio_stream::iter(requests))
            .await
            .unwrap();
        stream
            .into_inner()
            .map(|answer| answer.unwrap().result.unwrap())
            .collect::<Vec<_>>()
            .await
    });
    log.answer_until(&mut client, 5).await;
    for answer in answers.await.unwrap() {
        assert!(matches!(answer, Outcome::Receipt(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_larger_signed_head_ends_signing_for_good() {
    let log = DialledIn::new();
    log.start_running().await.0.kill();
    let backup = log.fixture.path().join("backup");
    let path = |name| log.fixture.path().join(name);
    let swap = |from: &Path| {
        for name in ["data", "anchor"] {
            fs::remove_dir_all(path(name)).unwrap();
            copy_dir(&from.join(name), &path(name));
        }
    };
    for name in ["data", "anchor"] {
        copy_dir(&path(name), &backup.join(name));
    }
    let (server, mut later) = log.start_running().await;
    later.submit(log.fixture.log.enrolment(1)).await.unwrap();
    let head = later.checkpoint().await;
    server.kill();
    let newest = log.fixture.path().join("newest");
    for name in ["data", "anchor"] {
        copy_dir(&path(name), &newest.join(name));
    }
    swap(&backup);
    // The store is older, and nobody has noticed yet: another record takes the place of the first.
    let (server, mut forked) = log.start_running().await;
    let status = forked.add_cosignature(head.clone()).await.unwrap_err();
    assert_eq!(reason(&status), refused(Code::Unavailable, "OTHER_HISTORY"));
    let status = forked
        .submit(log.fixture.log.enrolment(1))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), refused(Code::Unavailable, "OTHER_HISTORY"));
    assert_eq!(
        fs::read(path("anchor/anchor")).unwrap(),
        fs::read(backup.join("anchor/anchor")).unwrap()
    );
    server.kill();

    // It remembers, whoever confirms what.
    let server = Server::start(log.fixture.path());
    let mut client = Client::connect(&server).await;
    log.answer(&mut client).await;
    let status = client
        .submit(log.fixture.log.enrolment(1))
        .await
        .unwrap_err();
    assert_eq!(reason(&status), refused(Code::Unavailable, "OTHER_HISTORY"));
    assert!(get(&server, "/readyz").await.0.contains("503"));
    server.kill();

    swap(&newest);
    let (_server, mut client) = log.start_running().await;
    let known = client.add_cosignature(head).await.unwrap_err();
    assert_ne!(
        reason(&known).1,
        "OTHER_HISTORY",
        "this store continues that head"
    );
    client.submit(log.fixture.log.enrolment(2)).await.unwrap();
}

#[tokio::test]
async fn ml_dsa_lines_stand_after_the_others() {
    let mut fixture = Fixture::of(TestLog::with_ml_dsa(9));
    let cosigner = Cosigner::with_ml_dsa(0);
    let witness = Witness::start(cosigner, &fixture.log, None);
    let identity = &fixture.log.identity;
    let (key, key_pq) = (identity.verifier_key(), identity.verifier_key_pq().unwrap());
    let url = format!("http://localhost:{}/prefix", witness.addr.port());
    let of = |log_key: &VerifierKey, key: VerifierKey| {
        policy(
            &fixture.log,
            log_key,
            &[format!("w0 {key} {url}")],
            "quorum w0\n",
        )
    };
    let policies = [
        of(&key, witness.cosigner.key()),
        of(&key_pq, witness.cosigner.key_pq()),
    ];
    fs::write(fixture.path().join("policy-pq"), &policies[1]).unwrap();
    configure(fixture.path(), &policies[0], "policy_pq = \"policy-pq\"\n");
    let server = Server::start(fixture.path());
    let mut client = Client::connect(&server).await;
    ready(&server).await;
    let submission = fixture.log.enrolment_next();
    let receipt = client
        .submit_and_wait(submission, WaitFor::Witnessed)
        .await
        .unwrap();
    let note = TlogProof::parse(&receipt.tlog_proof)
        .unwrap()
        .checkpoint_note;
    for policy in &policies {
        assert_eq!(cosigners(policy, &note), ["w0"]);
    }
    let note = Note::parse(&note).unwrap();
    let found: Vec<u32> = note.signatures().iter().map(|line| line.key_id).collect();
    let (own, theirs) = (
        [key, key_pq],
        [witness.cosigner.key(), witness.cosigner.key_pq()],
    );
    let expected: Vec<u32> = own.iter().chain(&theirs).map(VerifierKey::key_id).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_witness_is_asked_over_tls_and_its_certificate_is_checked() {
    for trusted in [true, false] {
        let fixture = Fixture::new();
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let witness = Witness::start(Cosigner::new(0), &fixture.log, Some(tls));
        let ca = if trusted {
            made.cert.pem()
        } else {
            other.cert.pem()
        };
        fs::write(fixture.path().join("ca.pem"), ca).unwrap();
        let key = fixture.log.identity.verifier_key();
        let lines = [asked(0, &witness, "https")];
        let policy = policy(&fixture.log, &key, &lines, "quorum w0\n");
        configure(fixture.path(), &policy, "ca = \"ca.pem\"\n");
        let server = Server::start(fixture.path());
        if trusted {
            ready(&server).await;
            continue;
        }
        eventually("it refuses the certificate", || async {
            server.log().contains("certificate").then_some(())
        })
        .await;
        assert!(get(&server, "/readyz").await.0.contains("503"));
        assert_eq!(witness.size(), 0);
        assert_eq!(
            server.terminate(),
            Some(0),
            "also while it waits for witnesses"
        );
    }
}

#[test]
fn wrong_policies_and_keys_are_refused_with_what_to_do() {
    let fixture = Fixture::of(TestLog::with_ml_dsa(9));
    let other = TestLog::new(10);
    let cosigner = Cosigner::with_ml_dsa(0);
    let identity = &fixture.log.identity;
    let (key, key_pq) = (identity.verifier_key(), identity.verifier_key_pq().unwrap());
    let line = |url: &str| [format!("w0 {}{url}", cosigner.key())];
    let good = policy(&fixture.log, &key, &line(""), "quorum w0\n");
    let lines_pq = [format!("w0 {}", cosigner.key_pq())];
    let good_pq = policy(&fixture.log, &key_pq, &lines_pq, "quorum w0\n");
    let config = fs::read_to_string(support::config_file(fixture.path())).unwrap();
    let without_pq = config.replace("log_key_pq", "# log_key_pq");
    let mut many: Vec<String> = (0..64)
        .map(|n| format!("v{n} {}", Cosigner::new(n).key()))
        .collect();
    let many_policy = policy(&fixture.log, &key, &many, "quorum none\n");
    many = (0..64)
        .map(|n| format!("v{n} {}", Cosigner::with_ml_dsa(n).key_pq()))
        .collect();
    let many_pq = policy(&fixture.log, &key_pq, &many, "quorum none\n");
    for (config, policy, policy_pq, expected) in [
        (
            &config,
            &support::witness::policy(&other, &key, &[], "quorum none\n"),
            &good_pq,
            "its charter digest is",
        ),
        (
            &config,
            &support::witness::policy(
                &fixture.log,
                &other.identity.verifier_key(),
                &[],
                "quorum none\n",
            ),
            &good_pq,
            "its log key is",
        ),
        (&config, &good_pq, &good_pq, "its log key is"),
        (&config, &good, &good, "its log key is"),
        (&config, &"x\n".to_owned(), &good_pq, "witnesses.policy"),
        (
            &config,
            &support::witness::policy(&fixture.log, &key, &line(" w.example"), "quorum w0\n"),
            &good_pq,
            "w.example is not an http or https URL",
        ),
        (
            &config,
            &many_policy,
            &many_pq,
            "name 128 cosigners, a checkpoint holds 94",
        ),
        (&without_pq, &good, &good_pq, "set log_key_pq"),
    ] {
        fs::write(support::config_file(fixture.path()), config).unwrap();
        fs::write(fixture.path().join("policy-pq"), policy_pq).unwrap();
        configure(fixture.path(), policy, "policy_pq = \"policy-pq\"\n");
        let (code, text) = run(fixture.path(), "serve");
        assert_eq!(code, Some(2), "{text}");
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
