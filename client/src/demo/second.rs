//! The second process: `trucelog` itself, which knows the policy and nothing of what was sent.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use trucelog_proto::checkpoint::Checkpoint;
use trucelog_proto::hash::TreeSize;

use super::DemoError;
use super::process::{self, command, failed};
use crate::Error;
use crate::exit::Exit;
use crate::trust::Trust;

/// File of the receipt that is checked offline.
pub(super) const RECEIPT: &str = "receipt.tlog-proof";

const VERIFY_LOG: &str = "trucelog verify log";

/// A checkpoint that the log's key has signed.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The signed note.
    pub(super) note: Vec<u8>,
    /// Number of entries that it covers.
    pub(super) size: TreeSize,
}

impl Head {
    /// Opens a signed note.
    ///
    /// # Errors
    /// [`DemoError::Client`] when the pinned key has not signed it.
    pub(super) fn open(note: Vec<u8>, trust: &Trust) -> Result<Self, DemoError> {
        let opened = Checkpoint::open(&note, trust.policy.log_key(), trust.policy.origin());
        let opened = opened.map_err(|_| Error::Answer("its checkpoint does not hold"))?;
        Ok(Self {
            size: opened.checkpoint().size,
            note,
        })
    }
}

/// The second process and what it pins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Second<'a> {
    /// `trucelog`.
    pub(super) trucelog: &'a Path,
    /// Where policies and receipt lie.
    pub(super) directory: &'a Path,
    /// What it pins.
    pub(super) trust: &'a Trust,
}

/// How a process ended: its exit code and its answer.
pub(super) struct Ended {
    pub(super) code: Option<i32>,
    pub(super) answer: Value,
}

impl Second<'_> {
    /// Verifies the log at `url` with the state in `state`, and gives how many entries that process has verified.
    ///
    /// # Errors
    /// [`DemoError::Process`] when the process does not verify the log.
    pub(super) fn verify_log(self, url: &str, state: &Path) -> Result<u64, DemoError> {
        let ended = self.check_log(url, state)?;
        ended.answer["entries_verified"]
            .as_u64()
            .filter(|_| ended.code == Some(Exit::Done.code().into()))
            .ok_or_else(|| {
                failed(
                    VERIFY_LOG,
                    &format!("it does not verify the log: {}", ended.answer),
                )
            })
    }

    /// Lets the process judge the log at `url`, whatever it says.
    ///
    /// # Errors
    /// [`DemoError::Process`] when the process cannot be run.
    pub(super) fn check_log(self, url: &str, state: &Path) -> Result<Ended, DemoError> {
        let mut command = command(self.trucelog, &["verify".as_ref(), "log".as_ref()]);
        command.args(["--remote", url]).arg("--state").arg(state);
        command
            .arg("--policy-pq")
            .arg(self.directory.join("policy-pq"));
        self.run(VERIFY_LOG, command)
    }

    /// Tells whether the process verifies the receipt without a server.
    ///
    /// # Errors
    /// [`DemoError::Process`] when the process cannot be run.
    pub(super) fn verify_receipt(self) -> Result<bool, DemoError> {
        let mut command = command(self.trucelog, &["verify".as_ref(), "receipt".as_ref()]);
        command
            .arg(self.directory.join(RECEIPT))
            .arg("--state")
            .arg(self.directory.join("offline"));
        let ended = self.run("trucelog verify receipt", command)?;
        Ok(ended.answer["verdict"] == "verified")
    }

    /// Lets the process judge a file of evidence without a server.
    ///
    /// # Errors
    /// [`DemoError::Process`] when the process cannot be run.
    pub(super) fn judge_evidence(self, evidence: &Path) -> Result<Ended, DemoError> {
        let mut command = command(self.trucelog, &["verify".as_ref(), "evidence".as_ref()]);
        command
            .arg(evidence)
            .arg("--state")
            .arg(self.directory.join("offline"));
        self.run("trucelog verify evidence", command)
    }

    /// Lets the process tell the life of a case from what it has verified in `state`.
    ///
    /// # Errors
    /// [`DemoError::Process`] when it does not.
    pub(super) fn tell_case(self, state: &Path, case: &str) -> Result<String, DemoError> {
        const WHAT: &str = "trucelog get case";
        let mut command = command(self.trucelog, &["get".as_ref(), "case".as_ref()]);
        command.arg(case).arg("--state").arg(state);
        let output = process::output(WHAT, command.stderr(Stdio::inherit()))?;
        if !output.status.success() {
            return Err(failed(WHAT, "it does not tell the case"));
        }
        String::from_utf8(output.stdout).map_err(|error| failed(WHAT, &error))
    }

    fn run(self, what: &str, mut command: std::process::Command) -> Result<Ended, DemoError> {
        command
            .arg("--policy")
            .arg(self.directory.join("policy"))
            .args(["--charter", &self.trust.id.charter.to_string()])
            .args(["-o", "json"])
            .stderr(Stdio::inherit());
        let output = process::output(what, &mut command)?;
        Ok(Ended {
            code: output.status.code(),
            answer: serde_json::from_slice(&output.stdout).map_err(|error| failed(what, &error))?,
        })
    }
}
