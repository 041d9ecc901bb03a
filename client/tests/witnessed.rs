//! A log and its witnesses, all real programs: three members cosign with both kinds of keys, and a verifier needs two of
//! them under each policy.
//!
//! Needs `trucelogd` beside this test's `trucelog`: `cargo test --workspace` builds both.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};

const TRUCELOG: &str = env!("CARGO_BIN_EXE_trucelog");
const ORIGIN: &str = "example.org/log";
const MEMBERS: [&str; 3] = ["DEU", "FRA", "UKR"];

/// A program that ends with the test.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.out.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "it has ended");
        line
    }
}

fn trucelog(directory: &Path, words: &str) -> Command {
    let mut command = Command::new(TRUCELOG);
    command
        .args(words.split_whitespace())
        .current_dir(directory)
        .env("TRUCELOG_STATE", directory.join("state"));
    command
}

fn run(directory: &Path, words: &str) -> Output {
    trucelog(directory, words).output().unwrap()
}

#[track_caller]
fn ok(directory: &Path, words: &str) -> String {
    let output = run(directory, words);
    assert!(output.status.success(), "{words}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn key(directory: &Path, name: &str) -> String {
    ok(directory, &format!("key new {name}.pem"));
    let hex = ok(directory, &format!("key convert {name}.pem --to hex"));
    hex.trim_end().to_owned()
}

/// A log with an Ed25519 and an ML-DSA-44 key. Gives the digest of its charter.
fn found(directory: &Path) -> String {
    let template: Value = serde_json::from_str(&ok(directory, "charter template")).unwrap();
    let mut charter = template;
    key(directory, "log");
    ok(directory, "key new log-pq.pem --type ml-dsa-44");
    key(directory, "operator");
    let vkey = |file: &str| {
        let vkey = format!("key convert {file} --to vkey --name {ORIGIN}");
        ok(directory, &vkey).trim_end().to_owned()
    };
    charter["charter"]["log_key"] = json!(vkey("log.pem"));
    charter["charter"]["log_key_pq"] = json!(vkey("log-pq.pem"));
    for (position, member) in MEMBERS.iter().enumerate() {
        let entry = &mut charter["charter"]["members"][position];
        assert_eq!(entry["code"], *member);
        entry["authority_key"] = json!(key(directory, &format!("{member}-authority")));
        entry["recovery_key"] = json!(key(directory, &format!("{member}-recovery")));
    }
    fs::write(directory.join("charter.json"), charter.to_string()).unwrap();
    let printed = ok(
        directory,
        "charter new charter.json --key operator.pem --out charter.signed --policy-out log.policy \
         --policy-pq-out log.policy-pq",
    );
    let digest = printed.trim_end().strip_prefix("charter ").unwrap();
    digest.to_owned()
}

/// A policy of two of the members' verifiers.
fn write_policy(directory: &Path, base: &str, lines: &[String], name: &str) {
    let names: Vec<&str> = lines
        .iter()
        .map(|line| line.split(' ').nth(1).unwrap())
        .collect();
    let group = format!("group two 2 {}\nquorum two", names.join(" "));
    let policy = fs::read_to_string(directory.join(base)).unwrap();
    let policy = policy.replace("quorum none", &format!("{}\n{group}", lines.join("\n")));
    fs::write(directory.join(name), policy).unwrap();
}

fn trucelogd(directory: &Path, arguments: &[&str]) -> Command {
    let path = Path::new(TRUCELOG).with_file_name("trucelogd");
    assert!(
        path.exists(),
        "{} is missing: run cargo test --workspace",
        path.display()
    );
    let mut command = Command::new(path);
    command.args(arguments).args(["-c", "trucelogd.toml"]);
    command.current_dir(directory);
    command
}

#[test]
fn two_of_three_members_make_a_head_that_both_policies_accept() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path();
    let charter = found(at);
    // A free port, so that the witnesses know it before the log serves.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("http://127.0.0.1:{port}");
    let (mut lines, mut lines_pq) = (Vec::new(), Vec::new());
    for member in MEMBERS {
        let name = format!("{}.example", member.to_lowercase());
        let init = format!(
            "witness init {member} --name {name} --remote {url} --policy log.policy --policy-pq log.policy-pq \
             --charter {charter} -o json"
        );
        let printed: Value = serde_json::from_str(&ok(at, &init)).unwrap();
        let verifier = |policy: &str| printed[policy][0].as_str().unwrap().to_owned();
        lines.push(verifier("policy"));
        lines_pq.push(verifier("policy_pq"));
    }
    write_policy(at, "log.policy", &lines, "policy");
    write_policy(at, "log.policy-pq", &lines_pq, "policy-pq");
    let config = format!(
        "data_dir = \"data\"\nanchor_dir = \"anchor\"\nlog_key = \"log.pem\"\nlog_key_pq = \"log-pq.pem\"\n\
         listen = \"127.0.0.1:{port}\"\n[witnesses]\npolicy = \"policy\"\npolicy_pq = \"policy-pq\"\n"
    );
    fs::write(at.join("trucelogd.toml"), config).unwrap();
    let founded = trucelogd(at, &["init", "--charter", "charter.signed"])
        .output()
        .unwrap();
    assert!(founded.status.success(), "{founded:?}");
    let mut server = Running::start(&mut trucelogd(at, &["serve"]));
    assert!(server.line().starts_with("listening "));

    let verify = format!(
        "verify log --remote {url} --policy policy --policy-pq policy-pq --charter {charter} --patience 1 -o json"
    );
    let mut witnesses: Vec<Running> = MEMBERS[..2]
        .iter()
        .map(|member| Running::start(&mut trucelog(at, &format!("witness run {member} -o json"))))
        .collect();
    for witness in &mut witnesses {
        let event: Value = serde_json::from_str(&witness.line()).unwrap();
        assert_eq!(
            (&event["event"], &event["size"]),
            (&json!("cosigned"), &json!(1))
        );
        assert_eq!(event["stored"].as_array().unwrap().len(), 1, "{event}");
    }
    let report: Value = serde_json::from_str(&ok(at, &verify)).unwrap();
    for policy in ["witnesses", "witnesses_pq"] {
        assert_eq!(report[policy]["quorum"], "two", "{report}");
        assert_eq!(
            report[policy]["signed"].as_array().unwrap().len(),
            2,
            "{report}"
        );
        assert_eq!(report[policy]["missing"], json!(["ukr.example/verifier"]));
    }
    // A split view needs 2k - n = 1 liar, more than ⌊(n - 1) / 3⌋ = 0.
    assert_eq!(report["warnings"], json!([]));
    let checkpoint = ok(at, "verify checkpoint state/checkpoint");
    assert!(checkpoint.contains("(policy needs two)"), "{checkpoint}");
    assert!(checkpoint.contains("(policy-pq needs two)"), "{checkpoint}");
    let status = ok(at, "witness status DEU");
    assert!(status.contains("quorum: reached at size 1"), "{status}");

    // Of the lines with ML-DSA-44 keys one is missing: under that policy it is not enough.
    let note = fs::read_to_string(at.join("state/checkpoint")).unwrap();
    let longest = note
        .lines()
        .filter(|line| line.starts_with("— fra."))
        .max_by_key(|line| line.len());
    let without = note.replace(&format!("{}\n", longest.unwrap()), "");
    fs::write(at.join("without"), without).unwrap();
    let output = run(at, "verify checkpoint without");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("policy-pq"),
        "{output:?}"
    );
}
