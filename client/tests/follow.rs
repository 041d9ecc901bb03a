//! `trucelog verify log --follow`, the real program, against honest and lying operators.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use support::Log;
use support::follower::{Follower, command, wait_accepted};
use support::operator::Operator;
use trucelog_client::evidence::Evidence;
use trucelog_client::reader::LocalLog;
use trucelog_proto::hash::{LeafIndex, TreeSize};
use trucelog_proto::rules::{self, Head, Key};

fn grow(log: &mut Log, reports: u64) {
    for _ in 0..reports {
        log.append(&log.next_report("More explosions."));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_head_is_a_line_and_no_entry_is_asked_for_twice() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(300);
    let operator = Operator::serve(log.clone()).await;
    let mut follower = Follower::start(directory.path(), &operator, &log);
    assert_eq!(follower.head(), (302, 302, 0));
    grow(&mut log, 5);
    operator.show(log.clone());
    assert_eq!(follower.head(), (307, 5, 302));
    wait_accepted(directory.path(), &log.note());
    follower.kill();

    grow(&mut log, 2);
    operator.show(log.clone());
    let mut follower = Follower::start(directory.path(), &operator, &log);
    assert_eq!(follower.head(), (309, 2, 307));
    wait_accepted(directory.path(), &log.note());
    follower.kill();
    let mut follower = Follower::start(directory.path(), &operator, &log);
    assert_eq!(follower.head(), (309, 0, 309));
    assert_eq!(operator.streamed(), 309);
}

/// Under load, at any moment: what was accepted is there, was told before, and never shrinks.
#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_any_moment_leaves_a_true_state() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(400);
    let operator = Operator::serve(log.clone()).await;
    let (mut told, mut accepted, mut with_load) = (Vec::new(), 0, 0);
    for round in 0..40_u64 {
        let follower = Follower::start(directory.path(), &operator, &log);
        // Between 0 and 240 ms, spread over the rounds.
        let moment = Duration::from_millis(round * 97 % 240);
        let begun = std::time::Instant::now();
        while begun.elapsed() < moment {
            grow(&mut log, 7);
            operator.show(log.clone());
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        told.extend(follower.kill());
        let before = accepted;
        accepted = check_state(directory.path(), &log, &told);
        assert!(accepted >= before, "round {round}: {accepted} < {before}");
        with_load += u64::from(accepted > before);
    }
    assert!(
        with_load >= 5,
        "only {with_load} rounds had accepted something: no load, no test"
    );

    let mut follower = Follower::start(directory.path(), &operator, &log);
    while follower.head().0 < log.entries.len() as u64 {}
    wait_accepted(directory.path(), &log.note());
    follower.kill();
    check_state(directory.path(), &log, &[log.entries.len() as u64]);
}

/// What is accepted is the served log, as far as it goes, and was told. Gives its size.
fn check_state(directory: &Path, log: &Log, told: &[u64]) -> u64 {
    let state = directory.join("state");
    if !state.join("checkpoint").exists() {
        return 0;
    }
    let local = LocalLog::open(&state, &log.trust()).unwrap();
    let size = local.size().get();
    assert!(
        told.contains(&size),
        "size {size} was accepted before it was told"
    );
    let mut read = Vec::new();
    let each = |entry: trucelog_client::reader::LocalEntry| {
        read.push(entry.bytes);
        Ok(())
    };
    local.for_each(TreeSize::new(size), each).unwrap();
    assert_eq!(read, log.entries[..usize::try_from(size).unwrap()]);
    let head: Head = rules::load(&local.state().unwrap(), &Key::Head)
        .unwrap()
        .unwrap();
    assert!(head.size >= size);
    size
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_ends_it_with_both_notes_and_the_state_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(10);
    let operator = Operator::serve(log.clone()).await;
    let mut follower = Follower::start(directory.path(), &operator, &log);
    assert_eq!(follower.head().0, 12);
    wait_accepted(directory.path(), &log.note());
    let honest = log.note();
    let saved = |name: &str| fs::read(directory.path().join("state").join(name)).ok();
    let state = ["journal", "snapshot", "checkpoint"].map(saved);

    grow(&mut log, 1);
    log.forge_narrative(7);
    operator.show(log.clone());
    let line = follower.line();
    assert_eq!(
        (&line["exit_code"], &line["kind"]),
        (&json!(1), &json!("inconsistent"))
    );
    let evidence = Path::new(line["evidence"].as_str().unwrap());
    let evidence = Evidence::read(evidence).unwrap();
    assert_eq!(evidence.note("accepted"), Some(honest.as_slice()));
    assert_eq!(evidence.note("served"), Some(log.note().as_slice()));
    let bytes = log.entries[12].as_slice();
    assert_eq!(evidence.entry(LeafIndex::new(12)), Some(bytes));
    let (code, rest) = follower.end();
    assert_eq!((code, rest.as_str()), (Some(1), ""));
    assert_eq!(["journal", "snapshot", "checkpoint"].map(saved), state);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_goes_away_or_shows_less_is_asked_again() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = Log::with_reports(10);
    let operator = Operator::serve(log.clone()).await;
    let mut follower = Follower::start(directory.path(), &operator, &log);
    assert_eq!(follower.head(), (12, 12, 0));
    wait_accepted(directory.path(), &log.note());

    let mut older = log.clone();
    older.truncate(11);
    operator.show(older);
    operator.cut();
    let garbage = b"no note at all".to_vec();
    operator.show_note(log.clone(), garbage);
    operator.cut();
    grow(&mut log, 1);
    operator.show(log.clone());
    assert_eq!(follower.head(), (13, 1, 12));
}

/// A head that nobody could be told of is not accepted.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_delivered_is_not_written() {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::with_reports(3);
    let operator = Operator::serve(log.clone()).await;
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut child = command(directory.path(), &operator, &log)
        .stdout(full)
        .spawn()
        .unwrap();
    let status = tokio::task::block_in_place(|| child.wait()).unwrap();
    assert_eq!(status.code(), Some(5));
    assert!(!directory.path().join("state/checkpoint").exists());
}
