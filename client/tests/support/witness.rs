//! `trucelog witness run`, the real program.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use trucelog_proto::policy::Policy;

use super::Log;
use super::lines::Lines;
use super::operator::Operator;
use super::world::TRUCELOG;

/// A witness's directory.
pub struct Witness {
    pub directory: tempfile::TempDir,
    /// The lines for policies with Ed25519 keys: of the verifier, of the witness.
    pub lines: Vec<String>,
}

impl Witness {
    pub fn init(arguments: &[&str]) -> Self {
        Self::named("ukr.example", arguments)
    }

    fn named(name: &str, arguments: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let output = trucelog(directory.path())
            .args(["witness", "init", "w", "--name", name, "-o", "json"])
            .args(arguments)
            .output()
            .unwrap();
        let printed = parse(&output);
        let lines = printed["policy"].as_array().unwrap().iter();
        Self {
            lines: lines
                .map(|line| line.as_str().unwrap().to_owned())
                .collect(),
            directory,
        }
    }

    /// A verifier of the log that an operator serves.
    pub fn of(operator: &Operator, log: &Log, more: &[&str]) -> Self {
        Self::named_of("ukr.example", operator, log, more)
    }

    /// As [`Self::of`], under another name.
    pub fn named_of(name: &str, operator: &Operator, log: &Log, more: &[&str]) -> Self {
        let files = tempfile::tempdir().unwrap();
        let policy = files.path().join("policy");
        fs::write(&policy, log.trust().policy.format()).unwrap();
        let charter = log.id.charter.to_string();
        let arguments = [
            "--remote",
            &operator.url,
            "--policy",
            policy.to_str().unwrap(),
            "--charter",
            &charter,
        ];
        let witness = Self::named(name, &[&arguments, more].concat());
        operator.watch_file(witness.path("cosigned/verifier"));
        witness
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("w").join(name)
    }

    pub fn start(&self) -> Running {
        let mut child = trucelog(self.directory.path())
            .args(["witness", "run", "w", "-o", "json"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = Lines::of(child.stdout.take().unwrap());
        Running { child, lines }
    }

    pub fn status(&self) -> Output {
        trucelog(self.directory.path())
            .args(["witness", "status", "w", "-o", "json", "--patience", "1"])
            .output()
            .unwrap()
    }

    /// A policy that needs the cosigner of a line.
    pub fn policy(&self, log: &Log, which: usize) -> Policy {
        let line = &self.lines[which];
        let name = line.split(' ').nth(1).unwrap();
        let policy = log.trust().policy.format();
        let policy = policy.replace("quorum none", &format!("{line}\nquorum {name}"));
        Policy::parse(policy.as_bytes()).unwrap()
    }
}

pub struct Running {
    pub child: Child,
    lines: Lines,
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    pub fn event(&mut self) -> Value {
        self.lines.json()
    }

    pub fn code(mut self) -> Option<i32> {
        tokio::task::block_in_place(|| self.child.wait())
            .unwrap()
            .code()
    }

    /// The address in the first event.
    pub fn address(&mut self) -> String {
        let event = self.event();
        assert_eq!(event["event"], "listening");
        event["address"].as_str().unwrap().to_owned()
    }
}

pub fn trucelog(directory: &Path) -> Command {
    let mut command = Command::new(TRUCELOG);
    command.current_dir(directory);
    command
}

#[track_caller]
pub fn parse(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}
