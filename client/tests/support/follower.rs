//! `trucelog verify log --follow`, the real program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::Log;
use super::lines::{HUNG, Lines};
use super::operator::Operator;
use super::world::TRUCELOG;

/// A running `trucelog verify log --follow -o json`.
pub struct Follower {
    pub child: Child,
    lines: Lines,
}

impl Drop for Follower {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn command(directory: &Path, operator: &Operator, log: &Log) -> Command {
    let trust = log.trust();
    let policy = directory.join("policy-file");
    fs::write(&policy, trust.policy.format()).unwrap();
    let mut command = Command::new(TRUCELOG);
    command
        .args(["verify", "log", "--follow", "-o", "json"])
        .args(["--remote", &operator.url])
        .args(["--charter", &trust.id.charter.to_string()])
        .arg("--policy")
        .arg(policy)
        .arg("--state")
        .arg(directory.join("state"))
        .stderr(Stdio::null());
    command
}

impl Follower {
    pub fn start(directory: &Path, operator: &Operator, log: &Log) -> Self {
        let mut child = command(directory, operator, log)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Lines::of(child.stdout.take().unwrap());
        Self { child, lines }
    }

    /// The next line.
    pub fn line(&mut self) -> Value {
        self.lines.json()
    }

    /// Size, entries verified for it, and size before, of the next line.
    pub fn head(&mut self) -> (u64, u64, u64) {
        let line = self.line();
        assert_eq!(line["schema"], "trucelog.verify.log/v1", "{line}");
        let number = |value: &Value| value.as_u64().unwrap();
        (
            number(&line["checkpoint"]["size"]),
            number(&line["entries_verified"]),
            number(&line["size_before"]),
        )
    }

    /// Ends it at once, and gives the sizes in the lines that it had printed and nobody had read.
    pub fn kill(mut self) -> Vec<u64> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let rest = self.lines.rest();
        let whole = rest
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'));
        whole
            .map(|line| {
                let line: Value = serde_json::from_str(line).unwrap();
                line["checkpoint"]["size"].as_u64().unwrap()
            })
            .collect()
    }

    pub fn end(mut self) -> (Option<i32>, String) {
        let rest = self.lines.rest();
        (self.child.wait().unwrap().code(), rest)
    }
}

/// Waits until `note` is the accepted checkpoint.
pub fn wait_accepted(directory: &Path, note: &[u8]) {
    let path = directory.join("state/checkpoint");
    let begun = std::time::Instant::now();
    while fs::read(&path).ok().as_deref() != Some(note) {
        assert!(begun.elapsed() < HUNG, "never accepted");
        std::thread::sleep(Duration::from_millis(5));
    }
}
