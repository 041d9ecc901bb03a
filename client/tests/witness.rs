//! `trucelog witness`, the real program, against honest and lying operators.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use support::operator::{HandedIn, Operator};
use support::witness::{Witness, parse, trucelog};
use support::{LOG, Log, MONITOR, key};
use trucelog_client::json::hex;
use trucelog_client::station::now_ms;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::hash::{RootHash, TreeSize, sha256};
use trucelog_proto::note::{Note, VerifierKey};
use trucelog_proto::policy::Policy;
use trucelog_proto::proof::prove_consistency;
use trucelog_proto::signature::PublicKey;
use trucelog_proto::tlog_witness::AddCheckpoint;

/// Ends a test that hangs; nothing is measured by it.
const HUNG: Duration = Duration::from_secs(120);

async fn wait_handed_in(operator: &Operator, count: usize) -> HandedIn {
    let begun = Instant::now();
    while operator.handed_in().len() < count {
        assert!(begun.elapsed() < HUNG, "nothing was handed in");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    operator.handed_in()[count - 1].clone()
}

/// Whether the lines of `cosigned` bring the log's own note to the quorum of `policy`.
fn reaches(policy: &Policy, own: &[u8], cosigned: &[u8]) -> bool {
    let [own, cosigned] = [own, cosigned].map(|note| Note::parse(note).unwrap());
    assert_eq!(own.text(), cosigned.text());
    let lines = own.signatures().iter().chain(cosigned.signatures());
    let note = Note::new(own.text(), lines.cloned().collect()).unwrap();
    policy.evaluate(&note.format()).unwrap().quorum.is_ok()
}

fn grow(log: &mut Log, reports: u64) {
    for _ in 0..reports {
        log.append(&log.next_report("More explosions."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn candidates_are_verified_kept_and_cosigned_with_both_keys() {
    let mut log = Log::with_reports(5);
    let operator = Operator::serve(log.clone()).await;
    let witness = Witness::of(&operator, &log, &[]);
    for file in [
        "verifier.pem",
        "verifier-pq.pem",
        "witness.pem",
        "witness-pq.pem",
    ] {
        let mode = fs::metadata(witness.path(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let mut running = witness.start();
    for size in [7, 10] {
        let event = running.event();
        assert_eq!(
            (&event["event"], &event["size"]),
            (&json!("cosigned"), &json!(size))
        );
        let handed_in = operator.handed_in().pop().unwrap();
        assert!(reaches(
            &witness.policy(&log, 0),
            &log.note(),
            &handed_in.note
        ));
        // What was handed in was on disk before.
        let kept = Note::parse(&handed_in.file).unwrap();
        let lines = Note::parse(&handed_in.note).unwrap();
        assert_eq!(lines.signatures().len(), 2);
        assert_eq!(kept.signatures()[1..], *lines.signatures());
        grow(&mut log, 3);
        operator.show(log.clone());
    }
    let status = parse(&witness.status());
    assert!(status["logs"][0]["size"].as_u64() >= Some(10), "{status}");
    assert_eq!(status["logs"][0]["cosigner"], "ukr.example/verifier");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_killed_before_its_answer_gives_the_same_one_and_never_another_root() {
    let log = Log::with_reports(5);
    let operator = Operator::serve(log.clone()).await;
    let witness = Witness::of(&operator, &log, &[]);
    operator.be_silent(true);
    let mut running = witness.start();
    let first = wait_handed_in(&operator, 1).await;
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    operator.be_silent(false);

    let mut running = witness.start();
    assert_eq!(running.event()["event"], "cosigned");
    let again = wait_handed_in(&operator, 2).await;
    let text = |handed_in: &HandedIn| Note::parse(&handed_in.note).unwrap().text().to_owned();
    assert_eq!(text(&again), text(&first));

    let mut forked = log.clone();
    forked.forge_narrative(4);
    operator.show(forked.clone());
    let error = running.event();
    assert_eq!(
        (&error["exit_code"], &error["kind"]),
        (&json!(1), &json!("inconsistent"))
    );
    assert!(
        Path::new(
            &witness
                .directory
                .path()
                .join(error["evidence"].as_str().unwrap())
        )
        .exists()
    );
    assert_eq!(running.code(), Some(1));
    let cosigned = |log: &Log| {
        let text = log.checkpoint().format();
        let handed_in = operator.handed_in();
        handed_in
            .iter()
            .filter(|one| self::text(one) == text)
            .count()
    };
    assert_eq!((cosigned(&forked), cosigned(&log) >= 2), (0, true));

    // Nobody has looked yet: also the honest log is not cosigned.
    operator.show(log.clone());
    let before = operator.handed_in().len();
    let mut running = witness.start();
    assert!(
        running.event()["message"]
            .as_str()
            .unwrap()
            .contains("halted")
    );
    assert_eq!(running.code(), Some(1));
    assert_eq!(operator.handed_in().len(), before);
    assert_eq!(witness.status().status.code(), Some(1));
    fs::remove_file(witness.path("halted")).unwrap();
    assert_eq!(witness.start().event()["event"], "cosigned");
}

fn text(handed_in: &HandedIn) -> String {
    Note::parse(&handed_in.note).unwrap().text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_ahead_of_the_clock_is_not_cosigned() {
    let log = |ahead_ms: u64| {
        let mut log = Log::with_reports(0);
        log.begin_ms = now_ms() + ahead_ms;
        grow(&mut log, 1);
        log
    };
    let ahead = log(400_000);
    let operator = Operator::serve(ahead.clone()).await;
    let witness = Witness::of(&operator, &ahead, &[]);
    let mut running = witness.start();
    assert_eq!(running.event()["event"], "withheld");
    assert!(operator.handed_in().is_empty());
    assert!(!witness.path("cosigned/verifier").exists());
    // Nothing was accepted of it: the log may still be another one.
    operator.show(log(100_000));
    assert_eq!(running.event()["event"], "cosigned");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_shows_less_is_told_what_was_cosigned() {
    let log = Log::with_reports(10);
    let operator = Operator::serve(log.clone()).await;
    let witness = Witness::of(&operator, &log, &[]);
    let mut running = witness.start();
    assert_eq!(running.event()["event"], "cosigned");
    let mut older = log.clone();
    older.truncate(8);
    operator.show(older.clone());
    let event = running.event();
    assert_eq!(
        (&event["event"], &event["cosigned_size"]),
        (&json!("behind"), &json!(12))
    );
    let told = operator.handed_in().pop().unwrap();
    let opened = Checkpoint::open(&told.note, log.trust().policy.log_key(), &log.id.origin);
    assert_eq!(*opened.unwrap().checkpoint(), log.checkpoint());
    assert!(
        operator
            .handed_in()
            .iter()
            .all(|one| text(one) != older.checkpoint().format())
    );
    drop(running);

    // Also after its own state was lost.
    fs::remove_dir_all(witness.path("log/tile")).unwrap();
    for file in ["snapshot", "journal", "checkpoint"] {
        drop(fs::remove_file(witness.path("log").join(file)));
    }
    let mut running = witness.start();
    assert_eq!(running.event()["event"], "behind");
    operator.show(log.clone());
    let event = running.event();
    assert_eq!(
        (&event["event"], &event["size"]),
        (&json!("cosigned"), &json!(12))
    );
}

/// The answer to a request: status, head, body.
fn http(address: &str, request: &str, body: &[u8]) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let len = body.len();
    let head = format!(
        "{request} HTTP/1.1\r\nHost: w\r\nConnection: close\r\nContent-Length: {len}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_lowercase(), body.to_owned())
}

fn request(log: &Log, old: u64, note: &[u8]) -> Vec<u8> {
    let size = log.checkpoint().size;
    let proof = prove_consistency(TreeSize::new(old), size, log).unwrap();
    let request = AddCheckpoint {
        old_size: TreeSize::new(old),
        proof,
        note: Note::parse(note).unwrap(),
    };
    request.format()
}

fn post(address: &str, which: &str, body: &[u8]) -> (u16, String, String) {
    tokio::task::block_in_place(|| http(address, &format!("POST /{which}/add-checkpoint"), body))
}

/// Puts the lines of an answer below the log's own note.
fn with_lines(note: &[u8], lines: &str) -> Vec<u8> {
    [note, lines.as_bytes()].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_logs_are_cosigned_as_the_protocol_says() {
    let mut log = Log::with_reports(5);
    let vkey = log.trust().policy.log_key().to_string();
    let witness = Witness::init(&["--listen", "127.0.0.1:0", "--log", &vkey]);
    let mut running = witness.start();
    let address = running.address();
    let hash = hex(&sha256(&[log.id.origin.as_str().as_bytes()]));
    let monitor = |address: &str| {
        let get = format!("GET /witness/{hash}/checkpoint");
        tokio::task::block_in_place(|| http(address, &get, b""))
    };
    assert_eq!(monitor(&address).0, 404);

    let note = log.note();
    let (status, _, lines) = post(&address, "witness", &request(&log, 0, &note));
    assert_eq!(status, 200, "{lines}");
    assert_eq!(lines.lines().count(), 2);
    let policy = witness.policy(&log, 1);
    assert!(
        policy
            .evaluate(&with_lines(&note, &lines))
            .unwrap()
            .quorum
            .is_ok()
    );
    let (_, _, kept) = monitor(&address);
    assert!(policy.evaluate(kept.as_bytes()).unwrap().quorum.is_ok());

    // The same once more, with a line by nobody that is known; and what is refused.
    let stranger = "— example.org/stranger AAAAAAAAAAAAAAAA\n";
    let with_stranger = with_lines(&note, stranger);
    assert_eq!(
        post(&address, "witness", &request(&log, 7, &with_stranger)).0,
        200
    );
    assert!(!monitor(&address).2.contains("stranger"));
    let old = log.clone();
    grow(&mut log, 4);
    let note = log.note();
    let (status, head, body) = post(&address, "witness", &request(&log, 3, &note));
    assert_eq!((status, body.as_str()), (409, "7\n"));
    assert!(head.contains("content-type: text/x.tlog.size"), "{head}");
    let other_key = log.checkpoint().sign(&key(MONITOR).into());
    assert_eq!(
        post(&address, "witness", &request(&log, 7, &other_key)).0,
        403
    );
    let mut broken = note.clone();
    let last = broken.len() - 10;
    broken[last] = if broken[last] == b'A' { b'B' } else { b'A' };
    assert_eq!(post(&address, "witness", &request(&log, 7, &broken)).0, 403);
    let unknown = Checkpoint {
        origin: "example.org/unknown".parse().unwrap(),
        ..log.checkpoint()
    };
    let unknown = unknown.sign(&key(LOG).into());
    assert_eq!(
        post(&address, "witness", &request(&log, 7, &unknown)).0,
        404
    );
    assert_eq!(post(&address, "verifier", &request(&log, 7, &note)).0, 404);
    let mut too_old = AddCheckpoint::parse(&request(&old, 7, &old.note())).unwrap();
    too_old.old_size = TreeSize::new(8);
    assert_eq!(post(&address, "witness", &too_old.format()).0, 400);
    assert_eq!(post(&address, "witness", b"old x\n\n").0, 400);
    assert_eq!(post(&address, "witness", &vec![b'x'; 1 << 20]).0, 413);

    // A fork: larger, and at the size that was cosigned.
    let mut fork = log.clone();
    fork.forge_narrative(4);
    let (status, _, _) = post(&address, "witness", &request(&fork, 7, &fork.note()));
    assert_eq!(status, 422);
    let same_size = Checkpoint {
        root: RootHash::from_bytes([7; 32]),
        ..old.checkpoint()
    };
    let same_size = same_size.sign(&key(LOG).into());
    let (status, _, _) = post(&address, "witness", &request(&old, 7, &same_size));
    assert_eq!(status, 422);
    let conflicts = fs::read_dir(witness.path("conflicts")).unwrap();
    assert_eq!(conflicts.count(), 2);
    let (_, _, after) = monitor(&address);
    assert_eq!(
        Note::parse(after.as_bytes()).unwrap().text(),
        old.checkpoint().format()
    );

    // A restart forgets nothing.
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let mut running = witness.start();
    let address = running.address();
    assert_eq!(post(&address, "witness", &request(&log, 0, &note)).0, 409);
    assert_eq!(post(&address, "witness", &request(&log, 7, &note)).0, 200);
}

/// Many requests at once, each for another size: one size after the other, and never a smaller one.
#[tokio::test(flavor = "multi_thread")]
async fn sizes_only_grow_whoever_asks_at_once() {
    let log = Log::with_reports(20);
    let vkey = log.trust().policy.log_key().to_string();
    let witness = Witness::init(&["--listen", "127.0.0.1:0", "--log", &vkey]);
    let mut running = witness.start();
    let address = running.address();
    let asked: Vec<_> = (3..=22_usize)
        .map(|size| {
            let mut log = log.clone();
            log.truncate(size);
            let address = address.clone();
            std::thread::spawn(move || {
                let body = request(&log, 0, &log.note());
                http(&address, "POST /witness/add-checkpoint", &body).0
            })
        })
        .collect();
    let answers: Vec<u16> = asked
        .into_iter()
        .map(|asked| asked.join().unwrap())
        .collect();
    let cosigned = answers.iter().filter(|status| **status == 200).count();
    let refused = answers.iter().filter(|status| **status == 409).count();
    assert_eq!((cosigned, refused), (1, 19), "{answers:?}");
}

/// Asked as `/verifier` for a log whose entries it has not verified, it says later, and its size stays.
#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_answers_requests_only_for_what_it_has_verified() {
    let log = Log::with_reports(2_000);
    let operator = Operator::serve(log.clone()).await;
    operator.show_note(log.clone(), b"no candidate".to_vec());
    let witness = Witness::of(&operator, &log, &["--listen", "127.0.0.1:0"]);
    let mut running = witness.start();
    let address = running.address();
    let note = log.note();
    let body = request(&log, 0, &note);
    let (status, head, _) = post(&address, "verifier", &body);
    assert_eq!(status, 503);
    assert!(head.contains("retry-after: "), "{head}");
    assert!(!witness.path("cosigned/verifier").exists());
    let begun = Instant::now();
    let lines = loop {
        let (status, _, lines) = post(&address, "verifier", &body);
        match status {
            200 => break lines,
            503 => tokio::time::sleep(Duration::from_millis(20)).await,
            status => panic!("{status}: {lines}"),
        }
        assert!(begun.elapsed() < HUNG, "never verified");
    };
    let cosigned = with_lines(&note, &lines);
    assert!(
        witness
            .policy(&log, 0)
            .evaluate(&cosigned)
            .unwrap()
            .quorum
            .is_ok()
    );
    assert_eq!(operator.streamed(), 2_002);

    // A checkpoint with a good proof over entries that break a rule is no reason to cosign.
    let mut bad = log.clone();
    bad.append(&bad.report_at(5_000, "A gap."));
    operator.show_note(bad.clone(), b"no candidate".to_vec());
    assert_eq!(
        post(&address, "verifier", &request(&bad, 2_002, &bad.note())).0,
        503
    );
    let error = running.event();
    assert_eq!(
        (&error["exit_code"], &error["kind"]),
        (&json!(1), &json!("rule"))
    );
    assert_eq!(running.code(), Some(1));
    assert!(witness.path("halted").exists());
}

#[test]
fn unknown_keys_of_the_configuration_are_errors() {
    let log = Log::with_reports(0);
    let vkey = log.trust().policy.log_key().to_string();
    let witness = Witness::init(&["--listen", "127.0.0.1:0", "--log", &vkey]);
    let path = witness.path("witness.toml");
    let config = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("quorum = 1\n{config}")).unwrap();
    let output = witness.status();
    assert_eq!(output.status.code(), Some(2));
    let printed = parse(&output)["message"].to_string();
    assert!(
        printed.contains("line 1") && printed.contains("quorum"),
        "{printed}"
    );

    // Keys are never replaced.
    let again = trucelog(witness.directory.path())
        .args(["witness", "init", "w", "--name", "ukr.example"])
        .args(["--listen", "127.0.0.1:0", "--log", &vkey])
        .output()
        .unwrap();
    assert_eq!(again.status.code(), Some(5), "{again:?}");
}

/// The lines of a member's verifier that policies have already hold for the successor of its log.
#[test]
fn a_verifier_takes_its_keys_along_to_another_log_and_never_to_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let charter = "07".repeat(32);
    let init = |witness: &str, name: &str, origin: &str, more: &[&str]| {
        let vkey = VerifierKey::ed25519(origin.parse().unwrap(), PublicKey::of(&key(1)));
        let policy = format!("# trucelog-charter {charter}\nlog {vkey}\nquorum none\n");
        fs::write(directory.path().join("policy"), policy).unwrap();
        let output = trucelog(directory.path())
            .args(["witness", "init", witness, "--name", name, "-o", "json"])
            .args(["--remote", "https://log.example.org", "--policy", "policy"])
            .args(["--charter", &charter])
            .args(more)
            .output()
            .unwrap();
        (output.status.code(), parse(&output))
    };
    let of_old = ["--verifier-keys-of", "old"];
    let (code, old) = init("old", "ukr.example", "example.org/log", &[]);
    assert_eq!(code, Some(0));
    let (code, next) = init("next", "ukr.example", "example.org/next", &of_old);
    assert_eq!(code, Some(0), "{next}");
    for list in ["policy", "policy_pq"] {
        assert_eq!(next[list][0], old[list][0], "the verifier's line");
        assert_ne!(next[list][1], old[list][1], "the witness's line");
    }
    for (name, origin, words) in [
        ("ukr.example", "example.org/log", "cosign twice"),
        ("fra.example", "example.org/next", "for one name"),
    ] {
        let (code, refused) = init("third", name, origin, &of_old);
        assert_eq!(code, Some(2), "{refused}");
        let message = refused["message"].to_string();
        assert!(message.contains(words), "{message}");
        fs::remove_dir_all(directory.path().join("third")).unwrap();
    }
}
