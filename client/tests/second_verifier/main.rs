//! Two verifiers that have nothing in common but the specification: this project's, and `client/examples/verify.py`.
//! Both are asked about the same logs, honest and not, and have to give the same verdict on each.
//!
//! `scripts/second-verifier 10000` runs it over more logs than a test run does.

#![expect(
    clippy::assigning_clones,
    clippy::needless_pass_by_value,
    clippy::ptr_arg,
    clippy::similar_names,
    reason = "every edit has the same signature, and sets one field after another"
)]

mod bodies;
mod edits;
mod judge;
mod publication;
#[path = "../../../proto/tests/support/rng.rs"]
mod rng;
mod signatures;
mod story;
#[path = "../support/mod.rs"]
mod support;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use rayon::prelude::*;

/// Number of logs, unless the environment says otherwise.
const LOGS: u64 = 1_000;
const LOGS_VARIABLE: &str = "TRUCELOG_SECOND_VERIFIER_LOGS";
/// What the verdicts have to name at least, so that every layer is known to be reached.
const KINDS: [&str; 13] = [
    "true",
    "not-enough",
    "unreadable",
    "false checkpoint",
    "false bytes",
    "false index",
    "false previous",
    "false charter",
    "false signature",
    "false rule",
    "false root",
    "false tile",
    "false time",
];

/// A log with the verdict of the first verifier.
struct Judged {
    edit: &'static str,
    verdict: String,
    text: String,
}

/// Says something even when the test passes.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").expect("the standard error output is open");
}

fn say_not_run() {
    say(
        "!!!! verify.py WAS NOT RUN: Python with the package cryptography cannot be installed from this machine !!!!",
    );
}

fn write_log(logs: &Path, seed: u64) -> (String, &'static str) {
    let (edit, files) = edits::log(seed);
    let name = format!("{seed:05}-{edit}");
    for (path, content) in files {
        let path = logs.join(&name).join(path);
        fs::create_dir_all(path.parent().expect("it is below the log"))
            .expect("the directory is ours");
        fs::write(path, content).expect("the directory is ours");
    }
    (name, edit)
}

#[test]
fn two_verifiers_give_the_same_verdict() {
    let logs =
        std::env::var(LOGS_VARIABLE).map_or(LOGS, |logs| logs.parse().expect("it is a number"));
    let directory = tempfile::tempdir().expect("there is room for logs");
    let [served, states] = ["logs", "states"].map(|name| directory.path().join(name));
    fs::create_dir(&states).expect("the directory is new");
    let first: BTreeMap<String, Judged> = (0..logs)
        .into_par_iter()
        .map(|seed| {
            let (name, edit) = write_log(&served, seed);
            let (verdict, text) = judge::first(&served.join(&name), &states.join(&name));
            let judged = Judged {
                edit,
                verdict,
                text,
            };
            (name, judged)
        })
        .collect();
    let Some(second) = judge::second(&served) else {
        return say_not_run();
    };
    assert_eq!(second.len(), first.len(), "verify.py judges every log");
    let differing: Vec<String> = first
        .iter()
        .filter(|(name, judged)| second[*name] != judged.verdict)
        .map(|(name, judged)| {
            let Judged { verdict, text, .. } = judged;
            let other = &second[name];
            format!("{name}: the first says {verdict} ({text}), the second {other}")
        })
        .collect();
    say(&summary(&first));
    if !differing.is_empty() {
        let kept = directory.keep();
        panic!(
            "{} of {logs} logs in {}:\n{}",
            differing.len(),
            kept.display(),
            differing.join("\n")
        );
    }
    let kinds: BTreeSet<String> = first.values().map(|judged| kind(&judged.verdict)).collect();
    for expected in KINDS {
        assert!(kinds.contains(expected), "no log is {expected}: {kinds:?}");
    }
}

/// A verdict without its index.
fn kind(verdict: &str) -> String {
    verdict.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// How often each edit led to which kind of verdict.
fn summary(logs: &BTreeMap<String, Judged>) -> String {
    let mut counts: BTreeMap<&str, BTreeMap<String, u32>> = BTreeMap::new();
    for Judged { edit, verdict, .. } in logs.values() {
        let kinds = counts.entry(edit).or_default();
        *kinds.entry(kind(verdict)).or_default() += 1;
    }
    let lines = counts.iter().map(|(edit, kinds)| {
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        format!("{edit}: {}\n", kinds.join(", "))
    });
    lines.collect()
}

#[test]
fn the_second_verifier_agrees_with_the_vectors() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = crate_dir.join("tests/second_verifier/vectors.py");
    let vectors = crate_dir.join("../proto/vectors");
    match judge::python(&[script, vectors]) {
        Some(printed) => say(&printed),
        None => say_not_run(),
    }
}

#[test]
fn the_second_verifier_reads_a_server() {
    let world = support::world::World::new();
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = crate_dir.join("examples/verify.py");
    let policy = world.path().join("policy");
    let arguments = [
        script.as_os_str(),
        world.server.url.as_ref(),
        "--policy".as_ref(),
        policy.as_os_str(),
    ];
    let Some(printed) = judge::python(&arguments) else {
        return say_not_run();
    };
    let verdict = format!("true\n{}: 2 entries, ", support::world::ORIGIN);
    assert!(printed.starts_with(&verdict), "{printed}");
}
